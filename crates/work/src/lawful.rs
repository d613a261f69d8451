//! Destroyed values that rows which stay hold lawfully: counted by column, never listed.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};

use rows::{CellRef, Encoding, text_of};

/// Digests of destroyed values by column, and whether a row that stays has the value too. A number and its text are the same value.
#[derive(Default)]
pub(crate) struct Lawful {
    hasher: RandomState,
    columns: BTreeMap<u32, HashMap<u64, bool>>,
    text: Vec<u8>,
}

impl Lawful {
    /// Takes a destroyed value; gives what it is known by.
    pub fn destroyed(&mut self, column: u32, cell: CellRef<'_>) -> u64 {
        let digest = self.digest(cell);
        self.columns.entry(column).or_default().insert(digest, false);
        digest
    }

    /// Hears that a destroyed value stands in what stays, whatever else stands beside it.
    pub fn stands(&mut self, column: u32, digest: u64) {
        self.columns.get_mut(&column).and_then(|values| values.get_mut(&digest)).into_iter().for_each(|met| *met = true);
    }

    /// Hears a value of a row that stays.
    pub fn stays(&mut self, cell: CellRef<'_>) {
        if self.columns.is_empty() || cell.is_empty() {
            return;
        }
        let digest = self.digest(cell);
        for values in self.columns.values_mut() {
            if let Some(met) = values.get_mut(&digest) {
                *met = true;
            }
        }
    }

    /// Whether a destroyed value stays elsewhere.
    pub fn has(&self, column: u32, digest: u64) -> bool {
        self.columns.get(&column).and_then(|values| values.get(&digest)).is_some_and(|met| *met)
    }

    /// Different values that stay, by column.
    pub fn counts(&self) -> BTreeMap<u32, u64> {
        let met = |values: &HashMap<u64, bool>| values.values().filter(|met| **met).count() as u64;
        self.columns.iter().map(|(column, values)| (*column, met(values))).collect()
    }

    fn digest(&mut self, cell: CellRef<'_>) -> u64 {
        self.text.clear();
        text_of(cell, Encoding::Utf8, &mut self.text);
        self.hasher.hash_one(&self.text)
    }
}
