//! Columns that a store computes itself: what was ordered away stands in one for as long as it is what it was before.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};

use rows::{Batch, CellRef, Encoding, text_of};
use terms::Fault;

use super::job::Job;
use crate::align::{Met, Part};
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
            let vault = workspace.vault()?;
            let mut reader = vault.read_segment(&part.index.archive, &segment(&part.seal.dataset))?;
            reader.units(vault.slots(), &|_| true, &mut |unit| {
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

    /// Whether one of them is in a row what it was; where nobody can say any more what that was, whether one is there at all.
    pub(super) fn stands(&self, parts: &[Part], met: Met, batch: &Batch, row: usize) -> bool {
        let seal = parts.get(met.part).map_or(0, |p| p.seal.n);
        let before = u32::try_from(met.ordinal).ok().and_then(|o| self.rows.get(&(seal, o)));
        self.columns.iter().enumerate().any(|(i, c)| {
            let now = batch.cell(row, *c as usize);
            !now.is_empty() && before.and_then(|b| b.get(i)).is_none_or(|b| *b == self.digest(now))
        })
    }

    fn digest(&self, cell: CellRef<'_>) -> u64 {
        let mut text = Vec::new();
        text_of(cell, Encoding::Utf8, &mut text);
        self.hasher.hash_one(&text)
    }
}
