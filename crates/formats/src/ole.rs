//! Workbooks of the older kind as text.

use std::io::Cursor;

use calamine::{Reader as _, Xls};

use crate::reason::Reason;

/// Most cells that are looked at.
const CELLS_MAX: usize = 5_000_000;

/// All cells of all sheets.
///
/// # Errors
/// If it is locked, damaged, or no workbook.
pub(crate) fn text(bytes: &[u8]) -> Result<String, Reason> {
    let encrypted: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    if bytes.windows(encrypted.len()).any(|w| w == encrypted) {
        return Err(Reason::PasswordProtected);
    }
    let read = std::panic::catch_unwind(|| cells(bytes.to_vec()));
    read.unwrap_or(Err(Reason::Damaged))
}

fn cells(bytes: Vec<u8>) -> Result<String, Reason> {
    let mut book: Xls<_> = Xls::new(Cursor::new(bytes)).map_err(|_| Reason::UnknownKind)?;
    let mut out = String::new();
    let mut seen = 0usize;
    for (name, range) in book.worksheets() {
        out.push_str(&name);
        for row in range.rows() {
            out.push('\n');
            seen += row.len();
            if seen > CELLS_MAX {
                return Err(Reason::TooLarge);
            }
            out.push_str(&row.iter().map(ToString::to_string).collect::<Vec<_>>().join("\t"));
        }
        out.push('\n');
    }
    Ok(out)
}
