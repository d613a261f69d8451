//! What a row looks like in the raw files of its store: one part per column, and what lies between parts.

use rows::{CellRef, Tag};

/// The raw form of a data set's rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawForm {
    /// Values as SQLite serialises them; else their bytes as they are.
    pub serial: bool,
    /// The column that is the row id itself and stands in no record.
    pub rowid_alias: Option<usize>,
    /// Bytes between two values.
    pub joint: Vec<u8>,
    /// Whether nothing of it can be seen in raw bytes (compressed members).
    pub unseen: bool,
}

impl RawForm {
    /// The parts of a row.
    pub fn parts(&self, cells: &[CellRef<'_>]) -> Vec<Vec<u8>> {
        let part = |(i, c): (usize, &CellRef<'_>)| match (self.unseen || self.rowid_alias == Some(i), self.serial) {
            (true, _) => Vec::new(),
            (false, true) => serial(*c),
            (false, false) => c.bytes.to_vec(),
        };
        cells.iter().enumerate().map(part).collect()
    }

    /// A whole row, its parts joined.
    pub fn row(&self, cells: &[CellRef<'_>]) -> Vec<u8> {
        self.parts(cells).join(self.joint.as_slice())
    }
}

/// The bytes of a value inside a SQLite record: text and blob as they are, integers in the fewest bytes, whole reals as integers.
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
