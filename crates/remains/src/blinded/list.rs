//! A long list of fingerprints in ascending order, in which many are looked up at once.

use std::collections::HashSet;

/// Fingerprints for each start that is kept.
const NEAR: usize = 4;

/// The list, with where those begin that have the same first bits: fingerprints are spread evenly.
pub(super) struct List {
    all: Vec<u64>,
    starts: Vec<u32>,
    shift: u32,
    /// Room that each look uses again.
    near: Vec<(u32, u32)>,
}

impl List {
    /// Of fingerprints in ascending order, fewer than 2³².
    pub(super) fn new(all: Vec<u64>) -> List {
        let bits = (all.len() / NEAR).max(2).ilog2();
        let shift = 64 - bits;
        let mut starts = vec![0u32; (1 << bits) + 1];
        for n in &all {
            starts.get_mut((n >> shift) as usize + 1).into_iter().for_each(|count| *count += 1);
        }
        starts.iter_mut().fold(0, |sum, count| {
            *count += sum;
            *count
        });
        List { all, starts, shift, near: Vec::new() }
    }

    /// Adds those that are in the list. All starts are fetched before any of the list: memory is slow, and many looks wait for it at once.
    pub(super) fn find(&mut self, asked: &[u64], met: &mut HashSet<u64>) {
        let start = |at: usize| self.starts.get(at).copied().unwrap_or_default();
        let near = |n: &u64| (start((n >> self.shift) as usize), start((n >> self.shift) as usize + 1));
        self.near.clear();
        self.near.extend(asked.iter().map(near));
        let first = |from: u32| self.all.get(from as usize).copied().unwrap_or_default();
        std::hint::black_box(self.near.iter().fold(0, |sum, (from, _)| sum ^ first(*from)));
        let near = |(from, to): &(u32, u32)| self.all.get(*from as usize..*to as usize).unwrap_or_default();
        met.extend(asked.iter().zip(&self.near).filter(|(n, at)| near(at).contains(n)).map(|(n, _)| n));
    }
}
