//! What values look like in the raw bytes of a SQLite file, and the search for them.

use std::fs::File;
use std::path::PathBuf;

use rows::{CellRef, Tag};

use crate::dataset::{Dataset, Searched};
use crate::needles::Needles;

/// The bytes of a value inside a record: text and blob as they are, integers in the fewest bytes, reals whole when they are whole.
pub(super) fn serial(cell: CellRef<'_>) -> Vec<u8> {
    match cell.tag {
        Tag::Null => Vec::new(),
        Tag::Integer => cell.integer().map(packed).unwrap_or_default(),
        Tag::Real => match cell.real() {
            // A whole number in a REAL column is stored as an integer.
            Some(r) if r.fract() == 0.0 && r.abs() < 140_737_488_355_328.0 => packed(r as i64),
            _ => cell.bytes.to_vec(),
        },
        Tag::Text | Tag::Blob | Tag::Other => cell.bytes.to_vec(),
    }
}

fn packed(n: i64) -> Vec<u8> {
    let len = match n {
        0 | 1 => 0,
        -128..=127 => 1,
        -32_768..=32_767 => 2,
        -8_388_608..=8_388_607 => 3,
        -2_147_483_648..=2_147_483_647 => 4,
        -140_737_488_355_328..=140_737_488_355_327 => 6,
        _ => 8,
    };
    n.to_be_bytes().get(8 - len..).unwrap_or_default().to_vec()
}

/// The column that is the row id itself: it stands in no record.
pub(super) fn rowid_alias(dataset: &Dataset) -> Option<usize> {
    let mut keys = dataset.columns.iter().enumerate().filter(|(_, c)| c.key);
    match (keys.next(), keys.next()) {
        (Some((i, c)), None) if c.declared.eq_ignore_ascii_case("integer") => Some(i),
        _ => None,
    }
}

/// Searches the files; what cannot be read is counted.
pub(super) fn search(files: &[PathBuf], needles: &mut Needles) -> Searched {
    let mut out = Searched::default();
    for file in files {
        let size = std::fs::metadata(file).map_or(0, |m| m.len());
        match File::open(file).and_then(|f| needles.look_in(f)) {
            Ok(read) => out.bytes += read,
            Err(_) => out.unread += size,
        }
    }
    out
}
