//! K3: what a run signs lies inside its scope and time.

use ledger::Entry;

use crate::broken::{Broken, need};
use crate::event::Event;
use crate::state::State;

/// The run that an event names, and the step that it belongs to.
fn scope(event: &Event) -> Option<(Option<u64>, &'static str, Option<u64>)> {
    Some(match event {
        Event::ScanRecorded(s) => (Some(s.run_n), "scan", None),
        Event::DatasetSealed(s) => (Some(s.run_n), "seal", None),
        Event::SubjectsRecorded(s) => (Some(s.run_n), "subjects", None),
        Event::OutcomesRecorded(_) => (None, "outcomes", None),
        Event::BackupObserved(b) => (Some(b.run_n), "backup", None),
        Event::DestroyOrdered(o) => (Some(o.run_n), "destroy", Some(o.plan_n)),
        Event::AnonymiseOrdered(o) => (Some(o.run_n), "anonymise", Some(o.plan_n)),
        Event::HandOverOrdered(o) => (Some(o.run_n), "hand_over", Some(o.plan_n)),
        Event::HandOverObserved(_) => (None, "hand_over", None),
        Event::ShredOrdered(o) => (Some(o.run_n), "shred", Some(o.plan_n)),
        Event::DestroyObserved(_) => (None, "destroy", None),
        Event::AnonymiseObserved(_) => (None, "anonymise", None),
        Event::ShredObserved(_) => (None, "shred", None),
        _ => return None,
    })
}

/// K3 for entries of runs.
pub(crate) fn run(state: &State, entry: &Entry, event: &Event) -> Result<(), Broken> {
    let Some((named, step, plan_n)) = scope(event) else {
        if let (Event::RunClosed(r), Some(open)) = (event, &state.run) {
            return need(r.run_n == open.n, "K3", "that run is not open");
        }
        let closes = matches!(event, Event::RunClosed(_));
        return need(!closes, "K3", "no run is open");
    };
    let open = state.run.as_ref().ok_or_else(|| Broken::new("K3", "no run is open"))?;
    need(named.is_none_or(|n| n == open.n), "K3", "the run named is not the open one")?;
    need(entry.actor == open.kid, "K3", "not signed by the open run's key")?;
    need(entry.at <= open.until, "K3", "the run's time is over")?;
    need(open.steps.iter().any(|s| s == step), "K3", format!("`{step}` is not a step of the run"))?;
    need(plan_n.is_none() || plan_n == open.plan_n, "K3", "the plan is not the run's")
}
