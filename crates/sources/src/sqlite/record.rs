//! A row inside a SQLite record, and its entries in indexes: values one after the other, integers in the fewest bytes
//! (sqlite.org/fileformat2, §2.1, §2.6).

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
#[derive(Clone, Debug)]
pub(super) struct Writing {
    /// The column that is the row id itself and stands in no record.
    pub rowid_alias: Option<usize>,
    /// In which encoding texts lie in the file (`PRAGMA encoding`); they are read as UTF-8.
    pub texts: Encoding,
    /// Columns of each index over columns, in the order of its entries; none for a row id that no column has.
    pub indexes: Vec<Vec<Option<usize>>>,
}

impl Writing {
    fn text(&self, bytes: &[u8]) -> Vec<u8> {
        match (self.texts, std::str::from_utf8(bytes)) {
            (Encoding::Utf16Le | Encoding::Utf16Be, Ok(text)) => self.texts.encode(text),
            _ => bytes.to_vec(),
        }
    }
}

/// The row. Whole reals lie as eight bytes or as integers,
/// by the version and the statement that wrote them: then there are two ways.
pub(super) fn record(cells: &[CellRef<'_>], writing: &Writing) -> Record {
    let out = written(cells, writing, false);
    let whole = |c: &CellRef<'_>| c.real().is_some_and(is_whole);
    let out = if cells.iter().any(whole) { out.or_last(written(cells, writing, true)) } else { out };
    writing.indexes.iter().fold(out, |out, columns| out.or_entry(entry(cells, writing, columns)))
}

/// The row's entry in an index: what its header says, the values, the row's own key.
fn entry(cells: &[CellRef<'_>], writing: &Writing, columns: &[Option<usize>]) -> Record {
    let mut out = Record::unseen(cells.len());
    let known = columns.iter().map(|c| cells.get((*c)?).copied()).collect::<Option<Vec<_>>>();
    if let Some(known) = known {
        let types: Vec<u8> = known.iter().flat_map(|c| varint(serial_type(*c, &serial(*c, writing, false)))).collect();
        out.glue(&varint(types.len() as u64 + 1));
        out.glue(&types);
    }
    for column in columns.iter().flatten() {
        let Some(cell) = cells.get(*column) else { continue };
        out.value_of(*column, &serial(*cell, writing, false));
    }
    out
}

/// What a record's header says of a value.
fn serial_type(cell: CellRef<'_>, bytes: &[u8]) -> u64 {
    let len = bytes.len() as u64;
    match (cell.tag, cell.integer()) {
        (Tag::Null, _) => 0,
        (Tag::Integer, Some(0)) => 8,
        (Tag::Integer, Some(1)) => 9,
        (Tag::Integer, _) => {
            if len > 4 {
                len / 2 + 2
            } else {
                len
            }
        }
        (Tag::Real, _) => 7,
        (Tag::Text, _) => 13 + 2 * len,
        _ => 12 + 2 * len,
    }
}

/// A number in groups of seven bits, the highest first, each but the last with its high bit set.
fn varint(n: u64) -> Vec<u8> {
    let mut out = vec![(n & 0x7f) as u8];
    let mut rest = n >> 7;
    while rest > 0 {
        out.insert(0, (rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out
}

fn written(cells: &[CellRef<'_>], writing: &Writing, short_reals: bool) -> Record {
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
fn serial(cell: CellRef<'_>, writing: &Writing, short_reals: bool) -> Vec<u8> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_begins_with_its_header_and_ends_with_the_row_id() {
        let id = 300i64.to_be_bytes();
        let long = "n".repeat(60);
        let cells = [(Tag::Integer, &id[..]), (Tag::Text, long.as_bytes()), (Tag::Null, &[])].map(|(tag, bytes)| CellRef { tag, bytes });
        let indexes = vec![vec![Some(1), Some(2), Some(0)], vec![Some(1), None]];
        let writing = Writing { rowid_alias: Some(0), texts: Encoding::Utf8, indexes };
        let record = record(&cells, &writing);
        let runs: Vec<Vec<u8>> = record.ways().skip(1).flat_map(Record::runs).map(<[u8]>::to_vec).collect();
        // Five bytes of header: its length, 13 + 2 × 60 in two bytes, null, an integer of two bytes.
        let whole = [&[5, 0x81, 0x05, 0, 2], long.as_bytes(), &[1, 44]].concat();
        assert_eq!(runs, [whole, long.into_bytes()], "of a row id that no column has nothing is foretold");
    }
}
