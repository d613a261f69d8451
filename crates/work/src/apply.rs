//! Carrying out what is due today: order, erase, purge, look again, observe; what waits is said, and the next run goes on.

mod again;
mod computed;
mod crowd;
mod due;
mod erase;
mod failed;
mod job;
mod observe;
mod order;
mod purge;
mod ready;
mod rehearse;
mod replaced;
mod traces;
mod window;
mod worth;

pub(crate) use failed::FAILED;

use std::collections::BTreeMap;

use terms::{Fault, Place};

use crate::closing::note_unsealed;
use crate::handing;
use crate::late::{evaluate, late_rows};
use crate::opened::Opened;
use crate::outcomes::record_outcomes;
use crate::planning::read_plan;
use crate::progress::Progress;
use crate::report::ApplyReport;
use crate::room;
use crate::survey::{Deaf, open_sources, survey};
use crate::workspace::Workspace;

/// Carries out what is due.
///
/// # Errors
/// If approvals or the backup are missing, law, schema or data moved beyond the tolerance, or a step fails; running again goes on. A dry run
/// tells of missing approvals, holds, drill and backup in its report.
pub fn apply(workspace: &mut Workspace, dry_run: bool, progress: &dyn Progress) -> Result<ApplyReport, Fault> {
    if !dry_run {
        crate::planning::sync_holds(workspace)?;
    }
    let (plan_n, doc) = read_plan(workspace)?;
    due::unmoved(workspace, &doc)?;
    let mut report = ApplyReport::default();
    let today = workspace.today()?;
    let handing = handing::due(workspace, &doc, &mut report)?;
    let due = due::due_items(workspace, &doc, today, &mut report)?;
    let obstacles = obstacles(workspace, &due, &handing);
    if dry_run {
        // What stands in the way is better known before anybody signs.
        report.blocked = obstacles.into_iter().chain(due::backed_up(workspace, &due).err()).collect();
        report.ended = crate::shredding::due_archives(workspace, &doc)?;
        report.due = handing.iter().map(|h| (h.item.clone(), h.records)).collect();
        return tried(workspace, due, plan_n, report);
    }
    obstacles.into_iter().next().map_or(Ok(()), Err)?;
    workspace.begin_run(&["scan", "hand_over", "destroy", "anonymise", "outcomes", "shred"], Some(plan_n))?;
    replaced::settle_replaced(workspace, &mut report, progress)?;
    if !workspace.state.came_back.is_empty() {
        let mut opened = open_sources(workspace)?;
        purge::put_back_all(workspace, &mut opened)?;
        report.cleaned = again::clean_again(workspace, &mut opened)?;
    }
    // What was seen done before a crash, or under a plan that was replaced, is done: nothing is ordered twice.
    record_outcomes(workspace, &doc)?;
    handing::carry_out(workspace, handing, plan_n, &mut report, progress)?;
    due::backed_up(workspace, &due)?;
    let mut jobs = job::jobs(workspace, due, plan_n)?;
    room::memory(jobs.iter().map(|j| j.targets.len() as u64).sum(), room::APPLY)?;
    if !jobs.is_empty() {
        carry_out(workspace, &mut jobs, &mut report, progress)?;
    }
    record_outcomes(workspace, &doc)?;
    crate::shredding::shred_in_run(workspace, &doc, &mut report, progress)?;
    let done = report.done.iter().map(|d| d.item.as_str().to_owned()).collect();
    let waits = report.waiting.iter().filter_map(|w| Some(case::Wait { item: w.item.clone(), until: w.until? })).collect();
    workspace.end_run(done, waits)?;
    Ok(report)
}

/// What keeps what is due from being begun: approvals, holds, and a passphrase that nobody could do without.
fn obstacles(workspace: &Workspace, due: &[plan::Item], handing: &[plan::HandOver]) -> Vec<Fault> {
    let mut out: Vec<Fault> = [due::approved(workspace, due), due::free(workspace, due)].into_iter().filter_map(Result::err).collect();
    // Effects that are under way are finished; none begins while a lost passphrase would lose the archive.
    if !due.is_empty() || !handing.is_empty() {
        out.extend(crate::shares::drilled_first(workspace).err());
    }
    out
}

/// What is due, tried and taken back; not where a hold forbids to touch anything.
fn tried(workspace: &mut Workspace, mut due: Vec<plan::Item>, plan_n: u64, mut report: ApplyReport) -> Result<ApplyReport, Fault> {
    due.retain(|item| !workspace.state.held(item.dataset.as_str()));
    let jobs = job::jobs(workspace, due, plan_n)?;
    if !jobs.is_empty() {
        let mut opened = open_sources(workspace)?;
        due::schemas_unmoved(workspace, &opened, &jobs)?;
        with_rights(&mut opened, &jobs)?;
        with_room(&mut opened, &jobs)?;
        rehearse::rehearse_all(workspace, &mut opened, &jobs, &mut report)?;
    }
    let open = jobs.iter().filter(|j| j.order_n.is_none()).map(|j| (j.item.item.clone(), j.targets.len() as u64));
    report.due.extend(open);
    Ok(report)
}

/// All jobs that are due: looked at together, ordered and erased source by source, then looked for.
fn carry_out(workspace: &mut Workspace, jobs: &mut [job::Job], report: &mut ApplyReport, progress: &dyn Progress) -> Result<(), Fault> {
    let mut opened = open_sources(workspace)?;
    due::schemas_unmoved(workspace, &opened, jobs)?;
    purge::put_back_all(workspace, &mut opened)?;
    // Membership is told by facts: they are looked at again before anything is ordered or erased, in every data set.
    let late = evaluate(workspace, &mut opened, progress)?.late;
    let marked = ready::make_ready(workspace, &mut opened, jobs, &late)?;
    for (_, of) in late.iter().filter(|(place, _)| !jobs.iter().any(|j| j.seal.dataset == **place)) {
        late_rows(workspace, &of.parts, of.alignment(), &BTreeMap::new(), report)?;
    }
    drop(late);
    with_rights(&mut opened, jobs)?;
    with_room(&mut opened, jobs)?;
    rehearse::rehearse_all(workspace, &mut opened, jobs, report)?;
    for i in 0..opened.sources.len() {
        let here: Vec<usize> = jobs.iter().enumerate().filter(|(_, j)| j.source() == Some(i)).map(|(k, _)| k).collect();
        order::order_all(workspace, &mut opened, i, jobs, &here)?;
        let steps = erase::erase_all(workspace, &mut opened, i, (jobs, &here, &marked), progress);
        if let Err(fault) = &steps {
            let orders: Vec<u64> = here.iter().filter_map(|k| jobs.get(*k)?.order_n).collect();
            failed::record_failed(workspace, &orders, fault)?;
        }
        let steps = steps?;
        jobs.iter_mut().filter(|j| j.source() == Some(i) && !j.by_hand()).for_each(|j| j.purged.clone_from(&steps));
    }
    let mut again = open_sources(workspace)?;
    let scan = survey(workspace, &mut again, &mut Deaf, progress)?;
    report.undecided = note_unsealed(workspace, &scan.inventory)?;
    let scan_n = scan.n;
    observe::observe_all(workspace, &mut again, jobs, scan_n, report, progress)
}

/// Refuses before the first deletion if a disk has no room for what has to be rewritten.
fn with_room(opened: &mut Opened, jobs: &[job::Job]) -> Result<(), Fault> {
    let mut free = Vec::new();
    for (i, (place, source)) in opened.sources.iter_mut().enumerate() {
        let own = jobs.iter().filter(|j| j.source() == Some(i) && !j.by_hand());
        let places: Vec<Place> = own.map(|j| j.seal.dataset.clone()).collect();
        if let (false, Some(source)) = (places.is_empty(), source) {
            free.push((place.clone(), source.free_space(), places));
        }
    }
    free.iter().try_for_each(|(place, free, places)| room::disk(opened, place, *free, places))
}

/// Refuses before the first deletion if a right is missing that a later step needs, and names the statements that give it.
fn with_rights(opened: &mut Opened, jobs: &[job::Job]) -> Result<(), Fault> {
    for (i, (place, source)) in opened.sources.iter_mut().enumerate() {
        let own = jobs.iter().filter(|j| j.source() == Some(i) && !j.by_hand());
        let places: Vec<Place> = own.map(|j| j.seal.dataset.clone()).collect();
        if let (false, Some(source)) = (places.is_empty(), source) {
            let missing = source.missing_rights(&places)?;
            if !missing.is_empty() {
                return Err(Fault::new("rights_missing").with("source", place).with("grants", missing.join("\n      ")));
            }
        }
    }
    Ok(())
}

/// The source of that ordinal with the listing of a data set in it.
struct Open<'a> {
    source: &'a mut Box<dyn sources::Source>,
    dataset: sources::Dataset,
    /// What the case file says of it.
    said: Option<case::file::DatasetFile>,
}

/// A data set as it is open now; none if it is not there any more.
///
/// # Errors
/// If its source could not be opened, or it could not be read itself: then nothing is known of its rows.
fn open_at<'a>(opened: &'a mut Opened, place: &Place) -> Result<Option<Open<'a>>, Fault> {
    let here = source_place(place);
    let unread = crate::opened::unread_of(&opened.unread, place).is_some();
    let listed = opened.listed.iter().find(|l| l.dataset.place == *place && l.may_have_rows());
    let listed = listed.map(|l| (l.dataset.clone(), l.said.clone()));
    let source = opened.sources.iter_mut().find(|(p, _)| *p == here).and_then(|(_, s)| s.as_mut());
    match (source, listed) {
        (None, _) => Err(Fault::new("source_not_open").with("place", place).retry()),
        (Some(source), Some((dataset, said))) => Ok(Some(Open { source, dataset, said })),
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
