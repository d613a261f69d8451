//! Erasing what was ordered in one source, all jobs of a data set at once, then the purge.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use rows::Batch;
use sources::{Action, Blank, Dataset, Left};
use terms::{Fault, Place};

use super::job::Job;
use super::purge::purge;
use super::ready::Marked;
use super::traces::Told;
use super::window::Window;
use super::{Open, by_place, open_at, traces};
use crate::align::{Aligner, Met, Part, RowState};
use crate::opened::Opened;
use crate::progress::Progress;
use crate::ways::ways;
use crate::workspace::Workspace;

/// Erases what was ordered in one source, then purges it once; gives the purge's steps with the store's own answers.
pub(super) fn erase_all(
    workspace: &mut Workspace,
    opened: &mut Opened,
    i: usize,
    (jobs, here, marked): (&[Job], &[usize], &Marked),
    progress: &dyn Progress,
) -> Result<Vec<String>, Fault> {
    let direct = |j: &Job| j.source() == Some(i) && !j.by_hand();
    if !here.iter().filter_map(|k| jobs.get(*k)).any(direct) {
        return Ok(Vec::new());
    }
    let window = opened.sources.get(i).map(|(place, _)| Window::of(workspace, place));
    let Some(window) = window else { return Ok(Vec::new()) };
    let mut places: Vec<Place> = Vec::new();
    progress.begin("erase", None);
    for (place, own) in by_place(jobs) {
        let own: Vec<&Job> = own.iter().filter_map(|k| jobs.get(*k)).filter(|j| direct(j)).collect();
        let pace = (&window, progress);
        let known = marked.get(&place).map(Vec::as_slice).unwrap_or_default();
        if own.is_empty() {
            continue;
        }
        traces::begin(workspace, &own)?;
        let mut told = Told::default();
        let erased = match erase_marked(workspace, opened, &place, (&own, known), pace, &mut told) {
            Ok(false) => erase(workspace, opened, &place, &own, pace, &mut told),
            other => other,
        };
        match erased {
            Ok(true) => traces::end(workspace, &own, &told)?,
            Ok(false) => continue,
            Err(fault) => return traces::broken_off(workspace, &own, &told).and(Err(fault)),
        }
        places.push(place);
    }
    progress.end();
    progress.begin("purge", None);
    let steps = match opened.sources.get_mut(i) {
        Some((place, Some(source))) => purge(workspace, &place.clone(), source.as_mut(), &places),
        _ => Ok(Vec::new()),
    };
    progress.end();
    steps
}

/// When, and who is told how far it is.
type Pace<'a> = (&'a Window, &'a dyn Progress);

/// Rows after which the clock is looked at.
const LOOK_ROWS: u64 = 1_000;

/// What the orders on one row ask for together.
#[derive(Clone, Default)]
struct Wanted {
    delete: bool,
    mask: u32,
    columns: Arc<[u32]>,
}

/// Says of every row of a data set what becomes of it.
pub(super) struct Picker<'a> {
    parts: &'a [Part],
    aligner: Aligner<'a>,
    blanks: Vec<Blank>,
    wanted: BTreeMap<(usize, u32), Wanted>,
}

impl<'a> Picker<'a> {
    /// For the rows that `rows` gives for each job.
    pub(super) fn new(
        workspace: &mut Workspace,
        open: &mut Open<'_>,
        parts: &'a [Part],
        dataset: &'a Dataset,
        own: &[&Job],
        rows: &dyn Fn(&mut Workspace, &Job) -> Result<Vec<u32>, Fault>,
    ) -> Result<Picker<'a>, Fault> {
        let mut wanted: BTreeMap<(usize, u32), Wanted> = BTreeMap::new();
        let mut sets: BTreeSet<Arc<[u32]>> = BTreeSet::new();
        for job in own {
            let Some(part) = parts.iter().position(|p| p.seal.n == job.seal.n) else { continue };
            for o in rows(workspace, job)?.into_iter().filter(|o| !job.barred.contains(o)) {
                let w = wanted.entry((part, o)).or_default();
                w.delete |= job.deletes();
                w.mask |= job.mask;
                // Rows share few sets of columns: each is kept once.
                let columns: BTreeSet<u32> = w.columns.iter().chain(job.columns.iter()).copied().collect();
                let columns: Arc<[u32]> = columns.into_iter().collect();
                w.columns = sets.get(&columns).cloned().unwrap_or(columns);
                sets.insert(Arc::clone(&w.columns));
            }
        }
        let columns = erased(own);
        let plan_n = own.first().map_or(0, |j| j.plan_n);
        let blanks = ways(workspace, open.source.as_mut(), (dataset, open.said.as_ref()), plan_n, &columns)?;
        Ok(Picker { parts, aligner: Aligner::new(parts, dataset), blanks, wanted })
    }

    /// What becomes of a row, and which sealed one it is if anything does. Aligned once more: a row that changed since is not what was ordered.
    pub(super) fn pick(&mut self, batch: &Batch, row: usize) -> (Action, Option<(u64, u32)>) {
        let Some(met) = self.aligner.take(batch, row) else { return (Action::Keep, None) };
        let action = self.action(batch, row, met);
        let of = self.parts.get(met.part).map(|p| p.seal.n).zip(u32::try_from(met.ordinal).ok());
        let told = of.filter(|_| action != Action::Keep);
        (action, told)
    }

    fn action(&self, batch: &Batch, row: usize, met: Met) -> Action {
        let done = |w: &Wanted, mask: u32| !w.delete && mask & w.mask == w.mask;
        match (self.wanted(met), met.state) {
            (Some(w), RowState::Emptied(mask)) if done(w, mask) => Action::Keep,
            (Some(w), RowState::Unchanged | RowState::Emptied(_)) if w.delete => Action::Delete,
            (Some(_), RowState::Unchanged | RowState::Emptied(_)) => {
                self.left(batch, row, met).map_or(Action::Keep, |(columns, left)| Action::Overwrite(columns, left))
            }
            _ => Action::Keep,
        }
    }

    /// The columns of a row that are written over, and what is left in them; none where the row is not meant.
    pub(super) fn left(&self, batch: &Batch, row: usize, met: Met) -> Option<(Arc<[u32]>, Vec<Left>)> {
        let wanted = self.wanted(met)?;
        let number = self.parts.get(met.part).map_or(0, |p| p.number(met.ordinal));
        let blank = |c: &u32| self.blanks.get(*c as usize).unwrap_or(&Blank::Null).leaves(batch.cell(row, *c as usize), number);
        Some((Arc::clone(&wanted.columns), wanted.columns.iter().map(blank).collect()))
    }

    /// Whether what is left in a column of a row is random; `earlier` if it was erased in rows that are not meant now.
    pub(super) fn random(&self, column: usize, met: Met, earlier: bool) -> bool {
        let meant = self.wanted(met).map_or(earlier, |w| w.columns.iter().any(|c| *c as usize == column));
        meant && self.blanks.get(column).is_some_and(Blank::random)
    }

    fn wanted(&self, met: Met) -> Option<&Wanted> {
        u32::try_from(met.ordinal).ok().and_then(|o| self.wanted.get(&(met.part, o)))
    }
}

/// All columns that jobs on a data set empty.
pub(super) fn erased(own: &[&Job]) -> Vec<u32> {
    let all: BTreeSet<u32> = own.iter().filter(|j| !j.deletes()).flat_map(|j| j.columns.iter().copied()).collect();
    all.into_iter().collect()
}

/// Erases rows as they were seen before they were ordered, if the store remembers them: what was written since stays. Whether it does; `told` gets
/// what it was told.
fn erase_marked(
    workspace: &mut Workspace,
    opened: &mut Opened,
    place: &Place,
    (own, marked): (&[&Job], &[(u64, u32)]),
    (window, progress): Pace<'_>,
    told: &mut Told,
) -> Result<bool, Fault> {
    let mut meant: HashSet<(u64, u32)> = HashSet::new();
    for job in own.iter().filter(|_| !marked.is_empty()) {
        meant.extend(job.ordered(workspace)?.into_iter().filter(|o| !job.barred.contains(o)).map(|o| (job.seal.n, o)));
    }
    let Some(open) = open_at(opened, place)?.filter(|_| !meant.is_empty()) else { return Ok(false) };
    let mut seen = 0u64;
    open.source.erase_marked(place, &mut |number| {
        progress.add(1);
        seen += 1;
        if seen % LOOK_ROWS == 1 {
            window.open()?;
        }
        let row = marked.get(number).filter(|row| meant.contains(row));
        row.copied().into_iter().for_each(|row| told.add(row));
        Ok(row.is_some())
    })
}

/// Erases what is ordered and still there. Whether the data set is there at all; `told` gets what the store was told.
fn erase(
    workspace: &mut Workspace,
    opened: &mut Opened,
    place: &Place,
    own: &[&Job],
    (window, progress): Pace<'_>,
    told: &mut Told,
) -> Result<bool, Fault> {
    let parts = Part::of(workspace, place)?;
    let Some(mut open) = open_at(opened, place)? else { return Ok(false) };
    let dataset = open.dataset.clone();
    let mut picker = Picker::new(workspace, &mut open, &parts, &dataset, own, &|workspace, job| job.ordered(workspace))?;
    let mut seen = 0u64;
    open.source.erase(std::slice::from_ref(place), &mut |_, batch, row| {
        progress.add(1);
        seen += 1;
        if seen % LOOK_ROWS == 1 {
            window.open()?;
        }
        let (action, of) = picker.pick(batch, row);
        of.into_iter().for_each(|row| told.add(row));
        Ok(action)
    })?;
    Ok(true)
}
