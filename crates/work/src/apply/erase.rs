//! Erasing what was ordered in one source, all jobs of a data set at once, then the purge.

use std::collections::BTreeMap;
use std::sync::Arc;

use sources::Action;
use terms::{Fault, Place};

use super::job::Job;
use super::purge::purge;
use super::window::Window;
use super::{by_place, open_at};
use crate::align::{Aligner, Part, RowState};
use crate::progress::Progress;
use crate::survey::Opened;
use crate::workspace::Workspace;

/// Erases what was ordered in one source, then purges it once; gives the purge's steps with the store's own answers.
pub(super) fn erase_all(
    workspace: &mut Workspace,
    opened: &mut Opened,
    i: usize,
    jobs: &[Job],
    here: &[usize],
    progress: &dyn Progress,
) -> Result<Vec<String>, Fault> {
    let direct = |j: &Job| j.source() == Some(i) && !j.by_hand();
    if !here.iter().filter_map(|k| jobs.get(*k)).any(direct) {
        return Ok(Vec::new());
    }
    let window = opened.sources.get(i).map(|(place, _)| Window::of(workspace, i, place));
    let Some(window) = window else { return Ok(Vec::new()) };
    let mut places: Vec<Place> = Vec::new();
    progress.begin("erase", None);
    for (place, own) in by_place(jobs) {
        let own: Vec<&Job> = own.iter().filter_map(|k| jobs.get(*k)).filter(|j| direct(j)).collect();
        if !own.is_empty() && erase(workspace, opened, &place, &own, (&window, progress))? {
            places.push(place);
        }
    }
    progress.end();
    window.open()?;
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
    columns: Vec<u32>,
}

/// Whether the data set is there at all.
fn erase(workspace: &mut Workspace, opened: &mut Opened, place: &Place, own: &[&Job], (window, progress): Pace<'_>) -> Result<bool, Fault> {
    let parts = Part::of(workspace, place)?;
    let mut wanted: BTreeMap<(usize, u32), Wanted> = BTreeMap::new();
    for job in own {
        let Some(part) = parts.iter().position(|p| p.seal.n == job.seal.n) else { continue };
        for o in job.ordered(workspace)?.into_iter().filter(|o| !job.barred.contains(o)) {
            let w = wanted.entry((part, o)).or_default();
            w.delete |= job.deletes();
            w.mask |= job.mask;
            w.columns.extend(job.columns.iter().copied());
        }
    }
    let Some(open) = open_at(opened, place)? else { return Ok(false) };
    let mut aligner = Aligner::new(&parts, &open.dataset);
    let mut seen = 0u64;
    open.source.erase(std::slice::from_ref(place), &mut |_, batch, row| {
        progress.add(1);
        seen += 1;
        if seen % LOOK_ROWS == 1 {
            window.open()?;
        }
        // Aligned once more, inside the transaction: a row that changed since is not what was ordered.
        let Some(met) = aligner.take(batch, row) else { return Ok(Action::Keep) };
        let number = parts.get(met.part).map_or(0, |p| p.number(met.ordinal));
        let asked = u32::try_from(met.ordinal).ok().and_then(|o| wanted.get(&(met.part, o)));
        let done = |w: &Wanted, mask: u32| !w.delete && mask & w.mask == w.mask;
        Ok(match (asked, met.state) {
            (Some(w), RowState::Emptied(mask)) if done(w, mask) => Action::Keep,
            (Some(w), RowState::Unchanged | RowState::Emptied(_)) if w.delete => Action::Delete,
            (Some(w), RowState::Unchanged | RowState::Emptied(_)) => Action::Empty(Arc::from(w.columns.as_slice()), number),
            _ => Action::Keep,
        })
    })?;
    Ok(true)
}
