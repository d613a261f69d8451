//! A row inside a SQLite record: values one after the other, integers in the fewest bytes (sqlite.org/fileformat2, §2.1).

use rows::{CellRef, Encoding, Tag};

use crate::dataset::Dataset;
use crate::raw::{NUMBER_MIN, Record, json_parts};

/// The column that is the row id itself: it stands in no record.
pub(super) fn rowid_alias(dataset: &Dataset) -> Option<usize> {
    let mut keys = dataset.columns.iter().enumerate().filter(|(_, c)| c.key);
    match (keys.next(), keys.next()) {
        (Some((i, c)), None) if c.declared.eq_ignore_ascii_case("integer") => Some(i),
        _ => None,
    }
}

/// What is known of how a table's rows are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writing {
    /// The column that is the row id itself and stands in no record.
    pub rowid_alias: Option<usize>,
    /// In which encoding texts lie in the file (`PRAGMA encoding`); they are read as UTF-8.
    pub texts: Encoding,
}

impl Writing {
    fn text(self, bytes: &[u8]) -> Vec<u8> {
        match (self.texts, std::str::from_utf8(bytes)) {
            (Encoding::Utf16Le | Encoding::Utf16Be, Ok(text)) => self.texts.encode(text),
            _ => bytes.to_vec(),
        }
    }
}

/// The row. Whole reals lie as eight bytes or as integers,
/// by the version and the statement that wrote them: then there are two ways.
pub(super) fn record(cells: &[CellRef<'_>], writing: Writing) -> Record {
    let out = written(cells, writing, false);
    let whole = |c: &CellRef<'_>| c.real().is_some_and(is_whole);
    if cells.iter().any(whole) { out.or(written(cells, writing, true)) } else { out }
}

fn written(cells: &[CellRef<'_>], writing: Writing, short_reals: bool) -> Record {
    let mut out = Record::unseen(cells.len());
    for (i, cell) in cells.iter().enumerate() {
        let bytes = serial(*cell, writing, short_reals);
        out.value_of(i, if writing.rowid_alias == Some(i) { &[] } else { &bytes });
        match cell.integer() {
            // A packed number is shorter than anything that is searched for: it stands for itself only beside its neighbours.
            Some(n) if n.unsigned_abs() >= NUMBER_MIN => out.parts_of(i, vec![bytes]),
            _ => {
                if let Some(parts) = json_parts(cell.bytes) {
                    out.parts_of(i, parts.iter().map(|p| writing.text(p)).collect());
                }
            }
        }
    }
    out
}

fn is_whole(r: f64) -> bool {
    r.fract() == 0.0 && r.abs() < 140_737_488_355_328.0
}

/// The bytes of a value: text and blob as they are, integers in the fewest bytes.
fn serial(cell: CellRef<'_>, writing: Writing, short_reals: bool) -> Vec<u8> {
    match cell.tag {
        Tag::Null => Vec::new(),
        Tag::Integer => cell.integer().map(packed).unwrap_or_default(),
        Tag::Real => match cell.real() {
            Some(r) if short_reals && is_whole(r) => packed(r as i64),
            _ => cell.bytes.to_vec(),
        },
        Tag::Text => writing.text(cell.bytes),
        Tag::Blob | Tag::Other => cell.bytes.to_vec(),
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
