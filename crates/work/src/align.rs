//! Where the sealed rows are now: unchanged, erased, changed or gone, and what is new.

use std::collections::HashMap;

use rows::{Batch, Locator, Tag, canonical_row};
use sources::Source;
use terms::{Fault, Place};

use crate::index::{SealIndex, row_digest};

/// The state of a sealed row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowState {
    /// As it was sealed.
    Unchanged,
    /// Its ordered columns are empty.
    Erased,
    /// Something else was changed.
    Changed,
    /// It is not there.
    Gone,
}

/// What was found for the rows of a seal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alignment {
    /// State by ordinal in the index.
    pub states: Vec<Option<RowState>>,
    /// Digest that the row has now, by ordinal in the index.
    pub digests: Vec<Option<[u8; 16]>>,
    /// Rows that belong to no sealed row.
    pub new_rows: u64,
}

/// How many rows ahead of a file's place a moved row is looked for.
const AHEAD: usize = 4_096;

/// Matches current rows with the rows of a seal one by one, in reading order.
pub(crate) struct Aligner<'a> {
    index: &'a SealIndex,
    key: &'a [u8; 32],
    /// Columns that an order empties, by ordinal in the index.
    emptied: &'a dyn Fn(usize) -> Option<std::sync::Arc<[u32]>>,
    /// Columns that orders beside this one empty: a row that they changed is still the row that it was.
    beside: &'a dyn Fn(usize) -> Vec<std::sync::Arc<[u32]>>,
    by_locator: HashMap<&'a [u8], usize>,
    by_digest: HashMap<[u8; 16], Vec<usize>>,
    by_place: bool,
    next: usize,
    pub alignment: Alignment,
    bytes: Vec<u8>,
}

impl<'a> Aligner<'a> {
    pub(crate) fn new(
        index: &'a SealIndex,
        key: &'a [u8; 32],
        emptied: &'a dyn Fn(usize) -> Option<std::sync::Arc<[u32]>>,
        beside: &'a dyn Fn(usize) -> Vec<std::sync::Arc<[u32]>>,
    ) -> Aligner<'a> {
        let keyed = index.rows.first().and_then(|r| Locator::from_bytes(&r.locator));
        let by_place = !matches!(keyed, Some(Locator::RowId(_) | Locator::Key(_)));
        let mut by_locator = HashMap::new();
        let mut by_digest: HashMap<[u8; 16], Vec<usize>> = HashMap::new();
        for (i, row) in index.rows.iter().enumerate() {
            if by_place {
                by_digest.entry(row.digest).or_default().push(i);
            } else {
                by_locator.insert(row.locator.as_slice(), i);
            }
        }
        for list in by_digest.values_mut() {
            list.reverse();
        }
        let alignment = Alignment { states: vec![None; index.rows.len()], digests: vec![None; index.rows.len()], new_rows: 0 };
        Aligner { index, key, emptied, beside, by_locator, by_digest, by_place, next: 0, alignment, bytes: Vec::new() }
    }

    /// Takes the next current row; gives the sealed row it is, and its state.
    pub(crate) fn take(&mut self, batch: &Batch, row: usize) -> Option<(usize, RowState)> {
        canonical_row(batch.row(row), &mut self.bytes);
        let digest = row_digest(self.key, &self.bytes);
        let found = if self.by_place { self.by_order(batch, row, digest) } else { self.by_locator.get(batch.locator_bytes(row)).copied() };
        let Some(i) = found else {
            self.alignment.new_rows += 1;
            return None;
        };
        let state = match self.index.rows.get(i) {
            // A row whose ordered columns were empty from the beginning is as good as erased.
            _ if self.is_erased(batch, row, i) => RowState::Erased,
            Some(sealed) if sealed.digest == digest => RowState::Unchanged,
            _ => RowState::Changed,
        };
        if let Some(room) = self.alignment.states.get_mut(i) {
            *room = Some(state);
        }
        if let Some(room) = self.alignment.digests.get_mut(i) {
            *room = Some(digest);
        }
        self.next = self.next.max(i + 1);
        Some((i, state))
    }

    /// In a file: the same bytes wherever they stand now, else the erased row at its turn.
    fn by_order(&mut self, batch: &Batch, row: usize, digest: [u8; 16]) -> Option<usize> {
        if let Some(i) = self.by_digest.get_mut(&digest).and_then(Vec::pop) {
            return Some(i);
        }
        // Not as sealed: the next row in turn that nobody claimed, if it was emptied there; else the next in turn, changed.
        let free = |i: &usize| self.alignment.states.get(*i).is_some_and(Option::is_none);
        let mut turn = (self.next..self.index.rows.len().min(self.next + AHEAD)).filter(free);
        turn.find(|i| self.is_erased(batch, row, *i) || (self.beside)(*i).iter().any(|c| all_empty(batch, row, c)))
    }

    fn is_erased(&self, batch: &Batch, row: usize, i: usize) -> bool {
        (self.emptied)(i).is_some_and(|columns| all_empty(batch, row, &columns))
    }

    /// Rows that were not met are gone.
    pub(crate) fn finish(mut self) -> Alignment {
        for state in &mut self.alignment.states {
            state.get_or_insert(RowState::Gone);
        }
        self.alignment
    }
}

/// Whether every one of the columns is as erasing leaves it.
fn all_empty(batch: &Batch, row: usize, columns: &[u32]) -> bool {
    !columns.is_empty()
        && columns.iter().all(|c| {
            let cell = batch.cell(row, *c as usize);
            let placeholder = cell.tag == Tag::Text && cell.bytes.starts_with(b"erased-");
            cell.is_empty() || cell.integer().is_some_and(|n| n <= 0) || placeholder
        })
}

/// Reads a data set and aligns it with a seal.
pub(crate) fn align(
    source: &mut dyn Source,
    place: &Place,
    index: &SealIndex,
    key: &[u8; 32],
    emptied: &dyn Fn(usize) -> Option<std::sync::Arc<[u32]>>,
    beside: &dyn Fn(usize) -> Vec<std::sync::Arc<[u32]>>,
) -> Result<Alignment, Fault> {
    let mut aligner = Aligner::new(index, key, emptied, beside);
    source.read(place, &mut |batch| {
        for row in 0..batch.rows() {
            aligner.take(batch, row);
        }
        Ok(())
    })?;
    Ok(aligner.finish())
}
