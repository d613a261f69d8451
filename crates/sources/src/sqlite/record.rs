//! A row inside a SQLite record: values one after the other, integers in the fewest bytes (sqlite.org/fileformat2, §2.1).

use rows::{CellRef, Tag};

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

/// The row; `rowid_alias` is the column that is the row id itself and stands in no record. Whole reals lie as eight bytes or as integers,
/// by the version and the statement that wrote them: then there are two ways.
pub(super) fn record(cells: &[CellRef<'_>], rowid_alias: Option<usize>) -> Record {
    let out = written(cells, rowid_alias, false);
    let whole = |c: &CellRef<'_>| c.real().is_some_and(is_whole);
    if cells.iter().any(whole) { out.or(written(cells, rowid_alias, true)) } else { out }
}

fn written(cells: &[CellRef<'_>], rowid_alias: Option<usize>, short_reals: bool) -> Record {
    let mut out = Record::unseen(cells.len());
    for (i, cell) in cells.iter().enumerate() {
        let bytes = serial(*cell, short_reals);
        out.value_of(i, if rowid_alias == Some(i) { &[] } else { &bytes });
        match cell.integer() {
            // A packed number is shorter than anything that is searched for: it stands for itself only beside its neighbours.
            Some(n) if n.unsigned_abs() >= NUMBER_MIN => out.parts_of(i, vec![bytes]),
            _ => {
                if let Some(parts) = json_parts(cell.bytes) {
                    out.parts_of(i, parts);
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
fn serial(cell: CellRef<'_>, short_reals: bool) -> Vec<u8> {
    match cell.tag {
        Tag::Null => Vec::new(),
        Tag::Integer => cell.integer().map(packed).unwrap_or_default(),
        Tag::Real => match cell.real() {
            Some(r) if short_reals && is_whole(r) => packed(r as i64),
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
