//! Columns that a store computes itself: what was ordered away stands in one for as long as it is what it was before.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use rows::{Batch, CellRef, Encoding, text_of};
use terms::Fault;

use super::job::Job;
use crate::align::Part;
use crate::index::segment;
use crate::workspace::Workspace;

/// What ordered columns that the store computes were before, from the archive.
#[derive(Default)]
pub(super) struct Before {
    hasher: RandomState,
    /// Ordinals of the columns.
    columns: Vec<u32>,
    /// By seal and ordinal in its index a digest of each of them.
    rows: HashMap<(u64, u32), Vec<u64>>,
}

impl Before {
    /// For the ordered rows of jobs on one data set; `computed` says of each column whether the store computes it.
    pub(super) fn of(workspace: &mut Workspace, parts: &[Part], jobs: &[&Job], computed: &[bool]) -> Result<Before, Fault> {
        let ordered = jobs.iter().filter(|j| !j.deletes()).flat_map(|j| j.columns.iter().copied());
        let mut columns: Vec<u32> = ordered.filter(|c| computed.get(*c as usize).copied().unwrap_or(false)).collect();
        columns.sort_unstable();
        columns.dedup();
        let mut out = Before { columns, ..Before::default() };
        if out.columns.is_empty() {
            return Ok(out);
        }
        for part in parts {
            let targets = jobs.iter().filter(|j| j.seal.n == part.seal.n).flat_map(|j| &j.targets);
            let positions: BTreeMap<u32, u32> = targets.filter_map(|o| Some((part.index.rows.get(*o as usize)?.position, *o))).collect();
            let slots: HashSet<u32> = positions.values().filter_map(|o| Some(part.index.rows.get(*o as usize)?.slot)).collect();
            let vault = workspace.vault()?;
            let mut reader = vault.read_segment(&part.index.archive, &segment(&part.seal.dataset))?;
            reader.units(vault.slots(), &|slot| slots.contains(&slot), &mut |unit| {
                for (position, cells) in &unit.rows {
                    let Some(ordinal) = positions.get(position) else { continue };
                    let cell = |c: &u32| cells.get(*c as usize).map(|(tag, bytes)| CellRef { tag: *tag, bytes });
                    let digests = out.columns.iter().filter_map(cell).map(|cell| out.digest(cell)).collect();
                    out.rows.insert((part.seal.n, *ordinal), digests);
                }
                Ok(())
            })?;
        }
        Ok(out)
    }

    /// Those of them that are in a row what they were; where nobody can say any more what that was, those that are there at all.
    pub(super) fn standing(&self, row_of: (u64, u32), batch: &Batch, row: usize) -> Vec<u32> {
        let before = self.rows.get(&row_of);
        let stands = |(i, c): &(usize, &u32)| {
            let now = batch.cell(row, **c as usize);
            !now.is_empty() && before.and_then(|b| b.get(*i)).is_none_or(|b| *b == self.digest(now))
        };
        self.columns.iter().enumerate().filter(stands).map(|(_, c)| *c).collect()
    }

    fn digest(&self, cell: CellRef<'_>) -> u64 {
        let mut text = Vec::new();
        text_of(cell, Encoding::Utf8, &mut text);
        self.hasher.hash_one(&text)
    }
}
