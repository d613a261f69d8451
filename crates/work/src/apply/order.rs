//! The order: what the search sees of the living values first, then one entry for each job.

use case::{BarFacts, By, Command, EffectOrdered, Event};
use terms::Fault;

use super::job::Job;
use crate::lists::{Recall, keep_list, keep_recall};
use crate::look::{recall, sight};
use crate::opened::Opened;
use crate::workspace::Workspace;

/// Orders every job of a source; a job that was ordered before keeps its order.
pub(super) fn order_all(workspace: &mut Workspace, opened: &mut Opened, i: usize, jobs: &mut [Job], here: &[usize]) -> Result<(), Fault> {
    for k in here {
        let Some(job) = jobs.get_mut(*k).filter(|j| j.order_n.is_none()) else { continue };
        let seen = match opened.sources.get_mut(i) {
            Some((_, Some(source))) if !job.by_hand() => {
                let sight = sight(workspace, source.as_ref(), &job.seal, &job.ready, &job.columns, true)?;
                recall(source.as_mut(), &job.seal.dataset, sight)?
            }
            _ => Recall::default(),
        };
        // Content first: which rows are meant, and what the search saw of them.
        keep_list(workspace, &job.file("targets"), &job.targets)?;
        keep_list(workspace, &job.file("order"), &job.ready)?;
        keep_recall(workspace, &job.file("recall"), &seen)?;
        let facts = facts(workspace, job)?;
        let event = if job.anonymises() { Event::AnonymiseOrdered(facts) } else { Event::DestroyOrdered(facts) };
        let numbers = workspace.record(Command::RecordUnder(By::Run, event, job.item.rules.clone()))?;
        job.order_n = numbers.first().copied();
    }
    Ok(())
}

fn facts(workspace: &Workspace, job: &Job) -> Result<EffectOrdered, Fault> {
    let (item, bars) = (&job.item, &job.item.bars);
    Ok(EffectOrdered {
        backup_n: workspace.state.backup_of(job.seal.n),
        bars: BarFacts { gate: bars.gate, hold: bars.hold, request: bars.request, retention: bars.retention },
        copy: job.seal.copy.clone(),
        dataset: job.seal.dataset.clone(),
        demand: item.demand,
        excluded: 0,
        groups: item.groups.clone(),
        head_ns: Vec::new(),
        item: item.item.clone(),
        k: item.k,
        method: item.method.word().to_owned(),
        not_after: item.not_after,
        not_before: item.not_before.unwrap_or(workspace.today()?),
        plan_n: job.plan_n,
        rows: job.targets.len() as u64,
        run_n: workspace.run_n()?,
        seal_n: job.seal.n,
        waiver_n: None,
    })
}
