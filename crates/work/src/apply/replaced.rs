//! Orders that nobody goes on with, since their plan was replaced or their columns changed: looked at, and settled.

use case::{EffectOrdered, Event};
use plan::PlanDoc;
use terms::{Fault, Place};

use super::due::{here, schema_moved};
use super::job::Job;
use super::observe::observe_all;
use super::purge::{purge, put_back_all};
use super::{source_place, traces};
use crate::lists::load_list;
use crate::progress::Progress;
use crate::report::ApplyReport;
use crate::survey::{Deaf, open_sources, survey};
use crate::workspace::Workspace;

/// Looks at orders of a plan that was replaced, and at those on data sets with other columns than when they were sealed, and settles them: what
/// was done stays done, the rest is withdrawn. Only then can it be sealed and planned anew.
pub(super) fn settle_replaced(workspace: &mut Workspace, report: &mut ApplyReport, progress: &dyn Progress) -> Result<(), Fault> {
    let current = workspace.state.plan.as_ref().map(|p| p.n);
    let open: Vec<(u64, EffectOrdered)> = workspace.state.open_orders().filter_map(|(n, o)| Some((n, o.kind.effect()?.clone()))).collect();
    if open.is_empty() {
        return Ok(());
    }
    let mut opened = open_sources(workspace)?;
    let mut jobs: Vec<Job> = Vec::new();
    for (n, e) in &open {
        let job = replaced(workspace, *n, e)?;
        if Some(e.plan_n) != current || schema_moved(workspace, &opened, &job.seal)? {
            here(&opened, &job)?;
            jobs.push(job);
        }
    }
    if jobs.is_empty() {
        return Ok(());
    }
    put_back_all(workspace, &mut opened)?;
    jobs.iter().try_for_each(|job| traces::recover(workspace, &opened, job))?;
    // What was erased may not have been purged before the run ended.
    for (place, source) in &mut opened.sources {
        let here = |j: &Job| !j.by_hand() && source_place(&j.seal.dataset) == *place;
        let places: Vec<Place> = jobs.iter().filter(|j| here(j)).map(|j| j.seal.dataset.clone()).collect();
        if let (false, Some(source)) = (places.is_empty(), source) {
            let steps = purge(workspace, place, source.as_mut(), &places)?;
            jobs.iter_mut().filter(|j| here(j)).for_each(|j| j.purged.clone_from(&steps));
        }
    }
    let scan_n = survey(workspace, &mut opened, &mut Deaf, progress)?.n;
    observe_all(workspace, &mut opened, &jobs, scan_n, report, progress)
}

/// The job of an order that is settled as it stands.
fn replaced(workspace: &mut Workspace, order_n: u64, e: &EffectOrdered) -> Result<Job, Fault> {
    let lost = || Fault::new("order_does_not_fit").with("item", &e.item);
    let Event::PlanMade(made) = workspace.event(e.plan_n)? else { return Err(lost()) };
    let old: PlanDoc = workspace.get_json(&made.plan_doc)?;
    let item = old.plan.items.into_iter().find(|i| i.item == e.item).ok_or_else(lost)?;
    let seal = workspace.state.seals.get(&e.seal_n).cloned().ok_or_else(lost)?;
    let mut job = Job::new(item, &seal, e.plan_n, Some(order_n));
    job.stale = true;
    job.targets = load_list(workspace, &job.file("targets"))?;
    Ok(job)
}
