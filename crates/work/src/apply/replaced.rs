//! Orders of a plan that was replaced: looked at, and settled.

use case::{EffectOrdered, Event};
use plan::PlanDoc;
use terms::{Fault, Place};

use super::job::Job;
use super::observe::observe_all;
use super::purge::{purge, put_back_all};
use super::source_place;
use crate::lists::load_list;
use crate::progress::Progress;
use crate::report::ApplyReport;
use crate::survey::{Deaf, open_sources, survey};
use crate::workspace::Workspace;

/// Looks at orders of a plan that was replaced, and settles them: what was done stays done, the rest is withdrawn.
pub(super) fn settle_replaced(workspace: &mut Workspace, report: &mut ApplyReport, progress: &dyn Progress) -> Result<(), Fault> {
    let current = workspace.state.plan.as_ref().map(|p| p.n);
    let orders = workspace.state.open_orders().filter_map(|(n, o)| Some((n, o.kind.effect()?.clone())));
    let open: Vec<(u64, EffectOrdered)> = orders.filter(|(_, e)| Some(e.plan_n) != current).collect();
    if open.is_empty() {
        return Ok(());
    }
    let mut opened = open_sources(workspace)?;
    put_back_all(workspace, &mut opened)?;
    let mut jobs: Vec<Job> = open.iter().map(|(n, e)| replaced(workspace, *n, e)).collect::<Result<_, _>>()?;
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

/// The job of an order whose plan was replaced.
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
