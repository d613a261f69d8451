//! Columns that a store computes itself: what was ordered away stands in one for as long as it is what it was before.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use rows::{Batch, CellRef, Encoding, text_of};
use terms::Fault;

use super::job::Job;
use crate::align::Part;
use crate::index::archived;
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

/// What is seen of ordered columns that the store computes, once rows were erased.
#[derive(Default)]
pub(super) struct Standing {
    /// By seal and ordinal of a row those that are what they were: column and digest.
    rows: BTreeMap<(u64, u32), Vec<(u32, u64)>>,
    /// What they became in rows in which they were something else before: what is computed of nothing.
    emptied: HashSet<(u32, u64)>,
}

impl Standing {
    /// Whether one of these columns is in a row what it was, and not what it became in others.
    pub(super) fn stands(&self, row_of: (u64, u32), columns: &[u32]) -> bool {
        let own = self.rows.get(&row_of).into_iter().flatten();
        own.filter(|(c, _)| columns.contains(c)).any(|standing| !self.emptied.contains(standing))
    }
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
            archived(workspace, (&part.seal.dataset, &part.index), &|slot| slots.contains(&slot), &mut |position, cells| {
                let Some(ordinal) = positions.get(&position) else { return };
                let digests = out.columns.iter().filter_map(|c| cells.get(*c as usize)).map(|cell| out.digest(*cell)).collect();
                out.rows.insert((part.seal.n, *ordinal), digests);
            })?;
        }
        Ok(out)
    }

    /// Hears an erased row: which of them are what they were; where nobody can say any more what that was, those that are there at all.
    pub(super) fn hear(&self, row_of: (u64, u32), (batch, row): (&Batch, usize), standing: &mut Standing) {
        let before = self.rows.get(&row_of);
        for (i, c) in self.columns.iter().enumerate() {
            let now = batch.cell(row, *c as usize);
            if now.is_empty() {
                continue;
            }
            let digest = self.digest(now);
            match before.and_then(|b| b.get(i)) {
                Some(before) if *before != digest => drop(standing.emptied.insert((*c, digest))),
                _ => standing.rows.entry(row_of).or_default().push((*c, digest)),
            }
        }
    }

    fn digest(&self, cell: CellRef<'_>) -> u64 {
        let mut text = Vec::new();
        text_of(cell, Encoding::Utf8, &mut text);
        self.hasher.hash_one(&text)
    }
}
