//! Cell texts in one contiguous buffer, and the findings in them.

use crate::kind::Kind;

/// Texts of many cells, one after the other, each followed by a newline; full-width forms folded to ASCII.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    /// Forgets all cells but keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Adds a cell's text (UTF-8; what is not is scanned as it is).
    pub fn push(&mut self, text: &[u8]) {
        if memchr::memchr3(0xef, 0xe3, 0xc2, text).is_some() {
            self.push_folded(text);
        } else {
            self.bytes.extend_from_slice(text);
        }
        self.ends.push(self.bytes.len());
        self.bytes.push(b'\n');
    }

    /// Full-width ASCII (U+FF01–FF5E) and the ideographic space become their ASCII forms.
    fn push_folded(&mut self, text: &[u8]) {
        let Ok(text) = std::str::from_utf8(text) else {
            self.bytes.extend_from_slice(text);
            return;
        };
        for c in text.chars() {
            let folded = match c {
                '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
                '\u{3000}' | '\u{a0}' => ' ',
                _ => c,
            };
            let mut room = [0u8; 4];
            self.bytes.extend_from_slice(folded.encode_utf8(&mut room).as_bytes());
        }
    }

    /// The whole buffer.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The cell in which a byte of the buffer lies.
    pub fn cell_at(&self, offset: usize) -> usize {
        self.ends.partition_point(|end| *end < offset)
    }

    /// The byte at an offset; a newline outside.
    pub(crate) fn at(&self, offset: usize) -> u8 {
        self.bytes.get(offset).copied().unwrap_or(b'\n')
    }

    /// The byte before an offset; a newline before the first.
    pub(crate) fn before(&self, offset: usize) -> u8 {
        offset.checked_sub(1).map_or(b'\n', |i| self.at(i))
    }
}

/// A finding: the cell, the kind, and its normalised value in [`Hits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Ordinal of the cell.
    pub cell: usize,
    /// What it is.
    pub kind: Kind,
    /// Whether every check passed; false where only reference data is silent (an area code not listed).
    pub sure: bool,
    value: (usize, usize),
}

/// Findings with their normalised values (personal data: keep them in memory only).
#[derive(Clone, Debug, Default)]
pub struct Hits {
    all: Vec<Hit>,
    values: Vec<u8>,
}

impl Hits {
    /// Forgets all findings but keeps the memory.
    pub fn clear(&mut self) {
        self.all.clear();
        self.values.clear();
    }

    pub(crate) fn add(&mut self, cell: usize, kind: Kind, sure: bool, value: &[u8]) {
        let from = self.values.len();
        self.values.extend_from_slice(value);
        self.all.push(Hit { cell, kind, sure, value: (from, self.values.len()) });
    }

    /// All findings in the order in which detectors met them.
    pub fn iter(&self) -> impl Iterator<Item = (&Hit, &[u8])> {
        self.all.iter().map(|h| (h, self.values.get(h.value.0..h.value.1).unwrap_or_default()))
    }
}
