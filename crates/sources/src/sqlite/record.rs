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

/// The row; `rowid_alias` is the column that is the row id itself and stands in no record.
pub(super) fn record(cells: &[CellRef<'_>], rowid_alias: Option<usize>) -> Record {
    let mut out = Record::unseen(cells.len());
    for (i, cell) in cells.iter().enumerate() {
        match rowid_alias == Some(i) {
            true => out.value_of(i, &[]),
            false => out.value_of(i, &serial(*cell)),
        }
        match cell.integer() {
            // A packed number is shorter than anything that is searched for: it stands for itself only beside its neighbours.
            Some(n) if n.unsigned_abs() >= NUMBER_MIN => out.parts_of(i, vec![serial(*cell)]),
            _ => {
                if let Some(parts) = json_parts(cell.bytes) {
                    out.parts_of(i, parts);
                }
            }
        }
    }
    out
}

/// The bytes of a value: text and blob as they are, integers in the fewest bytes, whole reals as integers.
fn serial(cell: CellRef<'_>) -> Vec<u8> {
    match cell.tag {
        Tag::Null => Vec::new(),
        Tag::Integer => cell.integer().map(packed).unwrap_or_default(),
        Tag::Real => match cell.real() {
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
