//! Where the sealed rows of a data set are now: unchanged, emptied, changed or gone; and what belongs to no seal.

use std::collections::{BTreeMap, HashMap};

use case::Seal;
use rows::Batch;
use sources::Source;
use terms::{Fault, Outcome, Place};

use crate::index::{Digester, RowDigest, SealIndex};
use crate::numbers::Numbers;
use crate::settled::vector_codes;
use crate::workspace::Workspace;

/// The state of a sealed row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowState {
    /// As it was sealed.
    Unchanged,
    /// As erasing the fields of these groups leaves it.
    Emptied(u32),
    /// Something else was changed.
    Changed,
    /// It is not there.
    Gone,
    /// It stands in a later seal.
    Superseded,
}

/// A seal of a data set with its index.
pub(crate) struct Part {
    pub seal: Seal,
    pub index: SealIndex,
    /// By ordinal in the index: whether a row stands in a later seal, or was found gone before.
    pub left: Vec<Option<RowState>>,
    name: String,
    key: zeroize::Zeroizing<[u8; 32]>,
    numbers: Numbers,
}

impl Part {
    pub(crate) fn load(workspace: &mut Workspace, seal: &Seal) -> Result<Part, Fault> {
        let name = SealIndex::name(seal.scan_n, &seal.dataset);
        let index = SealIndex::load(workspace, &name)?;
        let key = workspace.vault()?.slots().key(index.key_slot)?.ok_or_else(|| Fault::new("slot_shredded"))?;
        let mut left = vec![None; index.rows.len()];
        for group in &seal.groups {
            let codes = vector_codes(workspace, seal, group)?;
            for (room, row) in left.iter_mut().zip(&index.rows) {
                let outcome = codes.get(row.position as usize).copied().and_then(Outcome::of_code);
                match outcome {
                    Some(Outcome::Gone) => *room = Some(RowState::Gone),
                    Some(Outcome::Superseded) => *room = room.or(Some(RowState::Superseded)),
                    _ => {}
                }
            }
        }
        let numbers = Numbers { key: key.clone(), first: 0 };
        Ok(Part { seal: seal.clone(), index, left, name, key, numbers })
    }

    /// The parts of a data set, newest first.
    pub(crate) fn of(workspace: &mut Workspace, place: &Place) -> Result<Vec<Part>, Fault> {
        let seals: Vec<Seal> = workspace.state.newest_seals().into_iter().filter(|s| s.dataset == *place).cloned().collect();
        let mut parts: Vec<Part> = Vec::new();
        for seal in &seals {
            let mut part = Part::load(workspace, seal)?;
            // One order of numbers for all parts of a data set: no two rows get the same.
            if let Some(before) = parts.last() {
                let rows = before.index.rows.iter().map(|r| u64::from(r.position) + 1).max().unwrap_or_default();
                part.numbers = Numbers { key: before.numbers.key.clone(), first: before.numbers.first + rows };
            }
            parts.push(part);
        }
        parts.reverse();
        Ok(parts)
    }

    pub(crate) fn keep(&self, workspace: &mut Workspace) -> Result<(), Fault> {
        self.index.keep(workspace, &self.name)
    }

    pub(crate) fn digester(&self, computed: &[bool]) -> Digester {
        Digester::new(self.key.clone(), computed.to_vec())
    }

    /// A number for a row that stands in for what may be neither null nor equal: random to whoever has no key of the vault.
    pub(crate) fn number(&self, ordinal: usize) -> u64 {
        let position = self.index.rows.get(ordinal).map_or(0, |r| u64::from(r.position));
        self.numbers.of(self.numbers.first + position)
    }
}

/// What was found for the rows of a data set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alignment {
    /// State by seal number and ordinal in its index.
    pub states: BTreeMap<u64, Vec<RowState>>,
    /// Digests that rows have now, by seal number and ordinal in the index.
    pub digests: BTreeMap<u64, Vec<Option<RowDigest>>>,
    /// Rows that belong to no seal.
    pub new_rows: u64,
    /// Whether a row is not there of which that was not known before.
    pub gone: bool,
}

impl Alignment {
    /// The alignment of a data set that is not there any more.
    pub(crate) fn nothing_there(parts: &[Part]) -> Alignment {
        let all = |p: &Part| (p.seal.n, vec![RowState::Gone; p.index.rows.len()]);
        let none = |p: &Part| (p.seal.n, vec![None; p.index.rows.len()]);
        Alignment { states: parts.iter().map(all).collect(), digests: parts.iter().map(none).collect(), new_rows: 0, gone: true }
    }

    /// A row that is no longer what was sealed, though its bytes are: what is known of it moved.
    pub(crate) fn set_changed(&mut self, seal_n: u64, ordinal: u32) {
        if let Some(state) = self.states.get_mut(&seal_n).and_then(|s| s.get_mut(ordinal as usize)) {
            *state = RowState::Changed;
        }
    }

    pub(crate) fn state(&self, seal_n: u64, ordinal: u32) -> RowState {
        self.states.get(&seal_n).and_then(|s| s.get(ordinal as usize)).copied().unwrap_or(RowState::Gone)
    }
}

/// A row that was met: whose it is, and how it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Met {
    /// Which part.
    pub part: usize,
    /// Ordinal in its index.
    pub ordinal: usize,
    pub state: RowState,
}

/// One part while rows are matched with it.
struct Lane<'a> {
    part: &'a Part,
    digester: Digester,
    by_locator: HashMap<&'a [u8], usize>,
    by_digest: HashMap<RowDigest, Vec<usize>>,
    states: Vec<Option<RowState>>,
    digests: Vec<Option<RowDigest>>,
}

impl<'a> Lane<'a> {
    fn new(part: &'a Part, computed: &[bool], keyed: bool) -> Lane<'a> {
        let mut by_locator = HashMap::new();
        let mut by_digest: HashMap<RowDigest, Vec<usize>> = HashMap::new();
        let rows = || part.index.rows.iter().enumerate().rev().filter(|(i, _)| part.left.get(*i).is_some_and(Option::is_none));
        if keyed {
            by_locator.extend(rows().map(|(i, r)| (r.locator.as_slice(), i)));
        } else {
            // A row as it was sealed comes before one that erasing would leave with the same bytes: the last is taken first.
            let after = rows().flat_map(|(i, r)| r.after.iter().map(move |(_, d)| (*d, i)));
            let sealed = rows().map(|(i, r)| (r.digest, i));
            after.chain(sealed).for_each(|(digest, i)| by_digest.entry(digest).or_default().push(i));
        }
        let rows = part.index.rows.len();
        Lane { part, digester: part.digester(computed), by_locator, by_digest, states: vec![None; rows], digests: vec![None; rows] }
    }

    fn free(&self, ordinal: usize) -> bool {
        self.states.get(ordinal).is_some_and(Option::is_none)
    }

    fn find(&mut self, locator: &[u8], digest: &RowDigest, keyed: bool) -> Option<usize> {
        if keyed {
            return self.by_locator.get(locator).copied().filter(|i| self.free(*i));
        }
        while let Some(i) = self.by_digest.get_mut(digest).and_then(Vec::pop) {
            if self.free(i) {
                return Some(i);
            }
        }
        None
    }

    fn state(&self, ordinal: usize, digest: &RowDigest) -> RowState {
        let Some(row) = self.part.index.rows.get(ordinal) else { return RowState::Changed };
        // A row whose fields were empty from the beginning is as good as emptied.
        let emptied = row.after.iter().filter(|(_, d)| d == digest).map(|(groups, _)| *groups).max_by_key(|g| g.count_ones());
        match emptied {
            Some(groups) => RowState::Emptied(groups),
            None if row.digest == *digest => RowState::Unchanged,
            None => RowState::Changed,
        }
    }

    fn set(&mut self, ordinal: usize, state: RowState, digest: Option<RowDigest>) {
        if let (Some(s), Some(d)) = (self.states.get_mut(ordinal), self.digests.get_mut(ordinal)) {
            *s = Some(state);
            *d = digest;
        }
    }
}

/// Matches current rows with the seals of their data set one by one.
pub(crate) struct Aligner<'a> {
    lanes: Vec<Lane<'a>>,
    keyed: bool,
    new_rows: u64,
}

impl<'a> Aligner<'a> {
    /// `parts` newest first; `keyed` if a locator stays a row's for good, else rows are known by their bytes alone.
    pub(crate) fn new(parts: &'a [Part], dataset: &sources::Dataset) -> Aligner<'a> {
        let computed = dataset.computed();
        Aligner { lanes: parts.iter().map(|p| Lane::new(p, &computed, dataset.keyed)).collect(), keyed: dataset.keyed, new_rows: 0 }
    }

    /// Takes the next current row; gives the sealed row that it is, if it is one.
    pub(crate) fn take(&mut self, batch: &Batch, row: usize) -> Option<Met> {
        let locator = batch.locator_bytes(row);
        let mut met: Option<Met> = None;
        for (part, lane) in self.lanes.iter_mut().enumerate() {
            let digest = lane.digester.row(batch, row);
            let Some(ordinal) = lane.find(locator, &digest, self.keyed) else { continue };
            if met.is_some() {
                // A later seal has the row: here it is left behind.
                lane.set(ordinal, RowState::Superseded, None);
                continue;
            }
            let state = lane.state(ordinal, &digest);
            lane.set(ordinal, state, Some(digest));
            met = Some(Met { part, ordinal, state });
            if !self.keyed {
                break;
            }
        }
        self.new_rows += u64::from(met.is_none());
        met
    }

    /// Rows that were not met are gone, or stand in a later seal.
    pub(crate) fn finish(self) -> Alignment {
        let mut out = Alignment { new_rows: self.new_rows, ..Alignment::default() };
        for lane in self.lanes {
            out.gone |= lane.states.iter().zip(&lane.part.left).any(|(state, left)| state.is_none() && left.is_none());
            let rest = |i: usize| lane.part.left.get(i).copied().flatten().unwrap_or(RowState::Gone);
            let states = lane.states.iter().enumerate().map(|(i, s)| s.unwrap_or_else(|| rest(i))).collect();
            out.states.insert(lane.part.seal.n, states);
            out.digests.insert(lane.part.seal.n, lane.digests);
        }
        out
    }
}

/// Reads a data set and aligns it with its seals; `hear` gets every row.
///
/// # Errors
/// If it cannot be read, or rows are missing while something cannot be read that could be when they were sealed.
pub(crate) fn align(
    source: &mut dyn Source,
    dataset: &sources::Dataset,
    parts: &[Part],
    hear: &mut dyn FnMut(&Batch, usize, Option<Met>),
) -> Result<Alignment, Fault> {
    let mut aligner = Aligner::new(parts, dataset);
    source.read(&dataset.place, &mut |batch| {
        for row in 0..batch.rows() {
            let met = aligner.take(batch, row);
            hear(batch, row, met);
        }
        Ok(())
    })?;
    whole(dataset, aligner.finish())
}

/// The same, while the store remembers in which version rows were seen of which `hear` says that they will go whole; `false` where it
/// remembers none.
pub(crate) fn align_marking(
    source: &mut dyn Source,
    dataset: &sources::Dataset,
    parts: &[Part],
    hear: &mut dyn FnMut(&Batch, usize, Option<Met>) -> bool,
) -> Result<(Alignment, bool), Fault> {
    let mut aligner = Aligner::new(parts, dataset);
    let marked = source.mark(&dataset.place, &mut |batch, row| {
        let met = aligner.take(batch, row);
        hear(batch, row, met)
    })?;
    match marked {
        true => Ok((whole(dataset, aligner.finish())?, true)),
        false => Ok((
            align(source, dataset, parts, &mut |batch, row, met| {
                hear(batch, row, met);
            })?,
            false,
        )),
    }
}

/// Refuses rows that are missing while something cannot be read that could be when they were sealed.
fn whole(dataset: &sources::Dataset, alignment: Alignment) -> Result<Alignment, Fault> {
    match &dataset.lost {
        Some(place) if alignment.gone => Err(Fault::new("rows_unreadable").with("place", place).retry()),
        _ => Ok(alignment),
    }
}
