//! Carrying out what is due today: order, erase, purge, look again, observe; what waits is said, and the next run goes on.

mod due;
mod erase;
mod job;
mod observe;
mod order;
mod ready;

use std::collections::BTreeMap;

use terms::{Day, Fault, Id, Level, Place};

use crate::outcomes::record_outcomes;
use crate::planning::read_plan;
use crate::progress::Progress;
use crate::survey::{Deaf, Opened, open_sources, survey};
use crate::workspace::Workspace;

pub(crate) use due::is_settled;

/// What was done and what waits.
#[derive(Clone, Debug, Default)]
pub struct ApplyReport {
    /// Items observed in this run: (item, rows done, rows kept, level).
    pub done: Vec<(Id, u64, u64, Level)>,
    /// What waits.
    pub waiting: Vec<Waiting>,
    /// What would be ordered now (dry run).
    pub due: Vec<(Id, u64)>,
    /// Values that still stand lawfully in rows that stay.
    pub lawful: u64,
    /// Rows that came or changed after they were sealed: a delta seal and a delta plan settle them.
    pub late: u64,
}

/// Something that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The item.
    pub item: Id,
    /// Until when, if a day is known.
    pub until: Option<Day>,
    /// Why: `not_before`, `by_hand`, `gate`, `safety_window`, `undecided`.
    pub why: &'static str,
}

/// Carries out what is due.
///
/// # Errors
/// If approvals, law, schema or data moved beyond the tolerance, or a step fails; running again goes on.
pub fn apply(workspace: &mut Workspace, dry_run: bool, progress: &dyn Progress) -> Result<ApplyReport, Fault> {
    if !dry_run {
        crate::planning::sync_holds(workspace)?;
    }
    let (plan_n, doc) = read_plan(workspace)?;
    due::unmoved(workspace, &doc)?;
    let mut report = ApplyReport::default();
    let today = workspace.today()?;
    let due = due::due_items(workspace, &doc, today, &mut report)?;
    due::approved(workspace, &due)?;
    if dry_run {
        let jobs = job::jobs(workspace, due, plan_n)?;
        report.due = jobs.iter().filter(|j| j.order_n.is_none()).map(|j| (j.item.item.clone(), j.targets.len() as u64)).collect();
        return Ok(report);
    }
    workspace.begin_run(&["scan", "destroy", "outcomes", "shred"], Some(plan_n))?;
    observe::settle_replaced(workspace, &doc, &mut report, progress)?;
    let mut jobs = job::jobs(workspace, due, plan_n)?;
    if !jobs.is_empty() {
        carry_out(workspace, &mut jobs, &mut report, progress)?;
    }
    record_outcomes(workspace, &doc)?;
    crate::shredding::shred_in_run(workspace, &doc, &mut report)?;
    let done = report.done.iter().map(|(item, ..)| item.as_str().to_owned()).collect();
    let waits = report.waiting.iter().filter_map(|w| Some(case::Wait { item: w.item.clone(), until: w.until? })).collect();
    workspace.end_run(done, waits)?;
    Ok(report)
}

/// All jobs that are due: looked at together, ordered and erased source by source, then looked for.
fn carry_out(workspace: &mut Workspace, jobs: &mut [job::Job], report: &mut ApplyReport, progress: &dyn Progress) -> Result<(), Fault> {
    let mut opened = open_sources(workspace)?;
    due::schemas_unmoved(workspace, &opened, jobs)?;
    ready::make_ready(workspace, &mut opened, jobs)?;
    for i in 0..opened.sources.len() {
        let here: Vec<usize> = jobs.iter().enumerate().filter(|(_, j)| j.source() == Some(i)).map(|(k, _)| k).collect();
        order::order_all(workspace, &mut opened, i, jobs, &here)?;
        let steps = erase::erase_all(workspace, &mut opened, i, jobs, &here, progress)?;
        jobs.iter_mut().filter(|j| j.source() == Some(i) && !j.by_hand()).for_each(|j| j.purged.clone_from(&steps));
    }
    let mut again = open_sources(workspace)?;
    let scan_n = survey(workspace, &mut again, &mut Deaf, progress)?.n;
    observe::observe_all(workspace, &mut again, jobs, scan_n, report, progress)
}

/// The source of that ordinal with the listing of a data set in it.
struct Open<'a> {
    source: &'a mut Box<dyn sources::Source>,
    dataset: sources::Dataset,
}

/// A data set as it is open now; none if it is not there any more.
///
/// # Errors
/// If its source could not be opened, or a part of it could not be read: then nothing is known of its rows.
fn open_at<'a>(opened: &'a mut Opened, place: &Place) -> Result<Option<Open<'a>>, Fault> {
    let here = source_place(place);
    let unread = opened.unread.iter().any(|u| source_place(&u.place) == here);
    let listed = opened.listed.iter().find(|l| l.dataset.place == *place).map(|l| l.dataset.clone());
    let source = opened.sources.iter_mut().find(|(p, _)| *p == here).and_then(|(_, s)| s.as_mut());
    match (source, listed) {
        (None, _) => Err(Fault::new("source_not_open").with("place", place).retry()),
        (Some(source), Some(dataset)) => Ok(Some(Open { source, dataset })),
        (Some(_), None) if unread => Err(Fault::new("source_unread").with("source", here).retry()),
        (Some(_), None) => Ok(None),
    }
}

fn source_place(dataset: &Place) -> Place {
    Place::new(dataset.source().to_owned()).unwrap_or_else(|| dataset.clone())
}

/// Jobs by data set, in the order of places.
fn by_place(jobs: &[job::Job]) -> BTreeMap<Place, Vec<usize>> {
    let mut out: BTreeMap<Place, Vec<usize>> = BTreeMap::new();
    for (k, job) in jobs.iter().enumerate() {
        out.entry(job.seal.dataset.clone()).or_default().push(k);
    }
    out
}
