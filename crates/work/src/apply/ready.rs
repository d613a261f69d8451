//! Before anything is ordered: which rows are as they were sealed, what erasing will leave of them, and whether too much moved.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rows::{Batch, CellRef};
use terms::{Fault, Place};

use super::erase::erased;
use super::job::Job;
use super::{by_place, open_at, traces};
use crate::align::{Alignment, Met, Part, RowState, align, align_marking};
use crate::index::RowDigest;
use crate::late::Late;
use crate::opened::Opened;
use crate::ways::ways;
use crate::workspace::Workspace;

/// Jobs on one row whose combinations are all told apart; with more, only each alone and all together.
const COMBINED_MAX: usize = 4;

/// Rows that go whole and whose versions the store remembers, by data set: seal and ordinal, in the order in which they were seen.
pub(super) type Marked = BTreeMap<Place, Vec<(u64, u32)>>;

/// Looks at every data set with jobs; beyond the tolerance nothing is ordered, in any source. Gives the rows that need not be read again.
pub(super) fn make_ready(
    workspace: &mut Workspace,
    opened: &mut Opened,
    jobs: &mut [Job],
    late: &BTreeMap<Place, Late>,
) -> Result<Marked, Fault> {
    let mut looked = Vec::new();
    let mut marked = Marked::new();
    for (place, own) in by_place(jobs) {
        let parts = Part::of(workspace, &place)?;
        let Looked { mut alignment, after, marked: rows } = look(workspace, opened, &place, &parts, (jobs, &own))?;
        marked.extend(rows.map(|rows| (place.clone(), rows)));
        if let Some(late) = late.get(&place) {
            late.moved.iter().for_each(|(seal_n, ordinal)| alignment.set_changed(*seal_n, *ordinal));
        }
        within_tolerance(workspace, &place, &parts, jobs, &own, &alignment)?;
        for k in own {
            let Some(job) = jobs.get_mut(k) else { continue };
            let moved = late.get(&place).into_iter().flat_map(|l| &l.moved).filter(|(n, _)| *n == job.seal.n);
            job.barred = moved.map(|(_, o)| *o).collect();
            take_stock(workspace, opened, job, &parts, &alignment)?;
        }
        looked.push((parts, after));
    }
    for (parts, after) in looked {
        keep_expected(workspace, parts, after)?;
    }
    Ok(marked)
}

/// Tells a job's rows apart: in which there is something to be erased, and in which there is nothing any more.
fn take_stock(workspace: &mut Workspace, opened: &Opened, job: &mut Job, parts: &[Part], alignment: &Alignment) -> Result<(), Fault> {
    let ever = traces::erased_ever(workspace, job.seal.n)?;
    let meant = match job.order_n {
        Some(_) if job.by_hand() => Vec::new(),
        Some(_) => job.ordered(workspace)?,
        None => job.targets.clone(),
    };
    let (present, others): (Vec<u32>, Vec<u32>) = meant.into_iter().partition(|o| is_left(job, alignment, *o));
    let is_empty = |o: &u32| {
        let emptied = matches!(alignment.state(job.seal.n, *o), RowState::Emptied(_));
        emptied && (job.by_hand() || ever.contains(o) || is_as_sealed(job, parts, alignment, *o))
    };
    (job.present, job.empty) = (present, others.into_iter().filter(is_empty).collect());
    if job.order_n.is_some() {
        return traces::recover(workspace, opened, job);
    }
    job.ready = job.present.iter().chain(&job.empty).copied().collect::<BTreeSet<u32>>().into_iter().collect();
    Ok(())
}

/// Whether something is to be erased in a row: it is as it was sealed, or emptied in other fields alone.
fn is_left(job: &Job, alignment: &Alignment, o: u32) -> bool {
    match alignment.state(job.seal.n, o) {
        RowState::Unchanged => true,
        RowState::Emptied(mask) => job.deletes() || mask & job.mask != job.mask,
        _ => false,
    }
}

/// Whether a row has the very bytes that were sealed, or that an observed order left.
fn is_as_sealed(job: &Job, parts: &[Part], alignment: &Alignment, o: u32) -> bool {
    let sealed = parts.iter().find(|p| p.seal.n == job.seal.n).and_then(|p| p.index.rows.get(o as usize)).map(|r| r.digest);
    let now = alignment.digests.get(&job.seal.n).and_then(|d| d.get(o as usize)).copied().flatten();
    sealed.is_some() && sealed == now
}

/// What erasing will leave: part, ordinal, group bits, digest.
type Expected = Vec<(usize, u32, u32, RowDigest)>;

/// What a look at a data set gives.
struct Looked {
    alignment: Alignment,
    after: Expected,
    /// Rows whose versions the store remembers; none where it remembers none.
    marked: Option<Vec<(u64, u32)>>,
}

fn look(
    workspace: &mut Workspace,
    opened: &mut Opened,
    place: &Place,
    parts: &[Part],
    (jobs, own): (&[Job], &[usize]),
) -> Result<Looked, Fault> {
    let mut expected = Expected::new();
    let gone = || Looked { alignment: Alignment::nothing_there(parts), after: Expected::new(), marked: None };
    let Some(open) = open_at(opened, place)? else { return Ok(gone()) };
    let wanted = Wanted::new(parts, jobs, own);
    let direct: Vec<&Job> = own.iter().filter_map(|k| jobs.get(*k)).collect();
    let plan_n = direct.first().map_or(0, |j| j.plan_n);
    let blanks = ways(workspace, open.source.as_mut(), (&open.dataset, open.said.as_ref()), plan_n, &erased(&direct))?;
    let computed = open.dataset.computed();
    let mut digesters: Vec<_> = parts.iter().map(|p| p.digester(&computed)).collect();
    let whole = whole_rows(parts, &direct);
    let mut rows: Vec<(u64, u32)> = Vec::new();
    let mut hear = |batch: &Batch, row: usize, met: Option<Met>| {
        let Some(Met { part, ordinal, state: RowState::Unchanged | RowState::Emptied(_) }) = met else { return false };
        let (Some(digester), Some(of), Ok(o)) = (digesters.get_mut(part), parts.get(part), u32::try_from(ordinal)) else { return false };
        for (mask, columns) in wanted.of(part, ordinal) {
            let cells: Vec<CellRef<'_>> = batch.row(row).collect();
            let after = emptied(&cells, columns, &blanks, of.number(ordinal));
            let refs: Vec<CellRef<'_>> = after.iter().map(|(tag, bytes)| CellRef { tag: *tag, bytes }).collect();
            expected.push((part, o, *mask, digester.cells(refs.iter().copied())));
        }
        let goes = whole.get(part).and_then(|rows| rows.get(ordinal)).copied().unwrap_or_default();
        rows.extend(goes.then_some((of.seal.n, o)));
        goes
    };
    let (alignment, marked) = match whole.is_empty() {
        true => (
            align(open.source.as_mut(), &open.dataset, parts, &mut |batch, row, met| {
                hear(batch, row, met);
            })?,
            false,
        ),
        false => align_marking(open.source.as_mut(), &open.dataset, parts, &mut hear)?,
    };
    Ok(Looked { alignment, after: expected, marked: marked.then_some(rows) })
}

/// By part, whether the row of an ordinal goes whole; nothing where some jobs only empty fields: then rows are read once more.
fn whole_rows(parts: &[Part], jobs: &[&Job]) -> Vec<Vec<bool>> {
    if jobs.iter().any(|j| j.by_hand() || !j.deletes()) {
        return Vec::new();
    }
    let mut out: Vec<Vec<bool>> = parts.iter().map(|p| vec![false; p.index.rows.len()]).collect();
    for job in jobs {
        let Some(own) = parts.iter().position(|p| p.seal.n == job.seal.n).and_then(|p| out.get_mut(p)) else { continue };
        job.targets.iter().for_each(|o| own.get_mut(*o as usize).into_iter().for_each(|goes| *goes = true));
    }
    out
}

/// The erased row, before it is erased.
fn emptied(cells: &[CellRef<'_>], columns: &[u32], blanks: &[sources::Blank], number: u64) -> Vec<(rows::Tag, Vec<u8>)> {
    let of = |(i, cell): (usize, &CellRef<'_>)| match blanks.get(i) {
        Some(blank) if columns.iter().any(|c| *c as usize == i) => blank.leaves(*cell, number),
        _ => (cell.tag, cell.bytes.to_vec()),
    };
    cells.iter().enumerate().map(of).collect()
}

/// What jobs empty on each row: rows share few combinations, so each is kept once.
struct Wanted {
    combinations: Vec<Vec<(u32, Vec<u32>)>>,
    /// By part: the combination of each ordinal.
    rows: Vec<Vec<u32>>,
}

impl Wanted {
    fn new(parts: &[Part], jobs: &[Job], own: &[usize]) -> Wanted {
        let jobs: Vec<&Job> = own.iter().filter_map(|k| jobs.get(*k)).filter(|j| !j.deletes()).collect();
        let mut known: Vec<Vec<usize>> = vec![Vec::new()];
        let mut rows: Vec<Vec<u32>> = parts.iter().map(|p| vec![0; p.index.rows.len()]).collect();
        for (k, job) in jobs.iter().enumerate() {
            let Some(of_part) = parts.iter().position(|p| p.seal.n == job.seal.n).and_then(|p| rows.get_mut(p)) else { continue };
            for o in &job.targets {
                let Some(room) = of_part.get_mut(*o as usize) else { continue };
                let mut set = known.get(*room as usize).cloned().unwrap_or_default();
                set.push(k);
                let at = known.iter().position(|s| *s == set).unwrap_or_else(|| {
                    known.push(set);
                    known.len() - 1
                });
                *room = u32::try_from(at).unwrap_or_default();
            }
        }
        let sets = |set: &[usize]| set.iter().filter_map(|k| jobs.get(*k)).map(|j| (j.mask, j.columns.clone())).collect::<Vec<_>>();
        Wanted { combinations: known.iter().map(|set| combined(&sets(set))).collect(), rows }
    }

    fn of(&self, part: usize, ordinal: usize) -> &[(u32, Vec<u32>)] {
        let at = self.rows.get(part).and_then(|r| r.get(ordinal)).copied().unwrap_or_default();
        self.combinations.get(at as usize).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Every combination of jobs in which a row may be met while they are carried out.
fn combined(sets: &[(u32, Arc<[u32]>)]) -> Vec<(u32, Vec<u32>)> {
    let join = |chosen: &dyn Fn(usize) -> bool| {
        let own = || sets.iter().enumerate().filter(|(i, _)| chosen(*i)).map(|(_, s)| s);
        (own().fold(0, |mask, (m, _)| mask | m), own().flat_map(|(_, c)| c.iter().copied()).collect())
    };
    if sets.len() > COMBINED_MAX {
        let each = (0..sets.len()).map(|one| join(&|i| i == one));
        return each.chain([join(&|_| true)]).collect();
    }
    (1u32..1 << sets.len()).map(|bits| join(&|i| bits >> i & 1 == 1)).collect()
}

/// Rows that came, changed or went since the seals, against what the case tolerates.
fn within_tolerance(
    workspace: &Workspace,
    place: &Place,
    parts: &[Part],
    jobs: &[Job],
    own: &[usize],
    alignment: &Alignment,
) -> Result<(), Fault> {
    let new: Vec<&Job> = own.iter().filter_map(|k| jobs.get(*k)).filter(|j| j.order_n.is_none()).collect();
    let Some(first) = new.first() else { return Ok(()) };
    let live = first.source().and_then(|i| workspace.file.sources.get(i)).is_some_and(|s| s.live);
    let tolerance = workspace.file.tolerance.ppm(live);
    let moved: BTreeSet<(u64, u32)> = new
        .iter()
        .flat_map(|j| j.targets.iter().map(|o| (j.seal.n, *o)))
        .filter(|(n, o)| matches!(alignment.state(*n, *o), RowState::Changed | RowState::Gone))
        .collect();
    let rows: u64 = parts.iter().map(|p| p.left.iter().filter(|left| left.is_none()).count() as u64).sum();
    let skipped = moved.len() as u64 + alignment.new_rows;
    if skipped * 1_000_000 > tolerance * rows.max(1) {
        return Err(Fault::new("beyond_tolerance").with("place", place).with("rows", skipped).with("of", rows));
    }
    Ok(())
}

/// Content first: what erasing will leave stands in the vault before the first order.
fn keep_expected(workspace: &mut Workspace, mut parts: Vec<Part>, after: Expected) -> Result<(), Fault> {
    for (part, ordinal, mask, digest) in after {
        let Some(row) = parts.get_mut(part).and_then(|p| p.index.rows.get_mut(ordinal as usize)) else { continue };
        // What earlier runs left stays known beside it.
        if !row.after.contains(&(mask, digest)) {
            row.after.push((mask, digest));
        }
    }
    parts.iter().try_for_each(|p| p.keep(workspace))
}
