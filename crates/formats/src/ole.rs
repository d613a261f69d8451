//! Workbooks of the older kind as text: their cells, and every run of characters that lies beside them.

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
    let mut text = read.unwrap_or(Err(Reason::Damaged))?;
    runs(bytes, &mut text);
    Ok(text)
}

/// Whether something lies in a workbook that is not read: a program, an embedded document, a picture.
pub(crate) fn embeds(bytes: &[u8]) -> bool {
    let wide = |name: &str| name.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let streams = ["_VBA_PROJECT", "Ole10Native", "Package\0", "MBD0"].map(wide);
    let has = |part: &[u8]| bytes.windows(part.len()).any(|w| w == part);
    let files: [&[u8]; 4] = [b"PK\x03\x04", b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8"];
    streams.iter().any(|name| has(name)) || files.into_iter().chain(BLIPS.iter().map(<[u8; 4]>::as_slice)).any(has)
}

/// How pictures begin that are kept as drawings (MS-ODRAW 2.2.23): EMF, WMF, PICT and DIB, each with one or two ids.
const BLIPS: [[u8; 4]; 8] = [
    [0x40, 0x3d, 0x1a, 0xf0],
    [0x50, 0x3d, 0x1a, 0xf0],
    [0x60, 0x21, 0x1b, 0xf0],
    [0x70, 0x21, 0x1b, 0xf0],
    [0x20, 0x54, 0x1c, 0xf0],
    [0x30, 0x54, 0x1c, 0xf0],
    [0x80, 0x7a, 0x1f, 0xf0],
    [0x90, 0x7a, 0x1f, 0xf0],
];

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

/// Shortest run of characters that is kept.
const RUN_MIN: usize = 3;

/// What stands beside the cells (comments, boxes, properties): every run of characters, of one byte or of two, as it lies.
fn runs(bytes: &[u8], out: &mut String) {
    let narrow = bytes.iter().map(|b| if (b' '..=b'~').contains(b) { char::from(*b) } else { '\0' });
    let wide = |from: usize| {
        let units = bytes.get(from..).unwrap_or_default().as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair));
        units.map(|unit| char::from_u32(u32::from(unit)).filter(|c| is_usual(*c)).unwrap_or('\0'))
    };
    run_by_run(narrow, out);
    run_by_run(wide(0), out);
    run_by_run(wide(1), out);
}

fn is_usual(c: char) -> bool {
    (' '..='~').contains(&c)
        || ('\u{3000}'..='\u{303f}').contains(&c)
        || ('\u{4e00}'..='\u{9fff}').contains(&c)
        || ('\u{ff00}'..='\u{ff5e}').contains(&c)
}

fn run_by_run(characters: impl Iterator<Item = char>, out: &mut String) {
    let mut run = String::new();
    for c in characters.chain(['\0']) {
        if c != '\0' {
            run.push(c);
            continue;
        }
        if run.chars().count() >= RUN_MIN {
            out.extend(["\n", run.as_str()]);
        }
        run.clear();
    }
}
