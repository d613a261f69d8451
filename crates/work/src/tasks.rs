//! Standing tasks: what no program can look at, asked of a person for every source, open until an act answers it.

use case::{ActRecorded, Event};
use terms::{Day, Fault, Place};

use crate::policy::place_of;
use crate::workspace::Workspace;

/// A task of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The kind of act that answers it.
    pub kind: String,
    /// The source.
    pub source: Place,
    /// Who answers for it.
    pub who: String,
    /// The entry that answered it, if one did.
    pub answered: Option<u64>,
}

impl Task {
    /// The word by which `task_not_applicable` names a kind.
    pub fn word(kind: &str) -> String {
        format!("t-{kind}")
    }
}

/// Every task of every source of the case file, answered if an act says so from after the last order to erase there, or that it does not apply, in the order of sources and kinds.
///
/// # Errors
/// If the ledger cannot be read.
pub fn tasks(workspace: &Workspace) -> Result<Vec<Task>, Fault> {
    let acts = recorded(workspace)?;
    let mut out = Vec::new();
    for (i, file) in workspace.file.sources.iter().enumerate() {
        let Some(source) = place_of(i) else { continue };
        let who = file.responsible.clone().unwrap_or_else(|| workspace.file.parties.operator.name.value.clone());
        let erased = erased_by(workspace, &source);
        let reach = file.reach();
        for (kind, _) in workspace.packs.acts.all().filter(|(_, act)| act.stands_for(&file.kind.value, reach)) {
            let answered = acts
                .iter()
                .rfind(|(n, a)| answers(a, kind, &source, erased.is_some_and(|(seen, day)| *n > seen && Some(a.day) >= day)))
                .map(|(n, _)| *n);
            out.push(Task { kind: kind.to_owned(), source: source.clone(), who: who.clone(), answered });
        }
    }
    Ok(out)
}

/// Until when what was to be erased in a source was there: the entry that saw the last of it gone, and the last day of an order; none while an order is open.
fn erased_by(workspace: &Workspace, source: &Place) -> Option<(u64, Option<Day>)> {
    let here = |o: &&case::Order| o.kind.effect().is_some_and(|e| e.dataset.source() == source.as_str());
    let mut last = (0, None);
    for order in workspace.state.orders.values().filter(here) {
        let seen = order.observed.as_ref()?;
        last = (last.0.max(seen.n), last.1.max(Some(order.day)));
    }
    Some(last)
}

/// What was cleaned before something was erased may hold what was there then: only an answer from after that counts, or that there is nothing to clean.
fn answers(act: &ActRecorded, kind: &str, source: &Place, after: bool) -> bool {
    let here = act.about.iter().any(|a| a == source.as_str());
    let none = act.kind == "task_not_applicable" && act.about.iter().any(|a| *a == Task::word(kind));
    here && (act.kind == kind && after || none)
}

/// Every act in the ledger, by number.
///
/// # Errors
/// If the ledger cannot be read.
pub fn recorded(workspace: &Workspace) -> Result<Vec<(u64, ActRecorded)>, Fault> {
    let numbers: Vec<u64> = workspace.state.acts.values().flatten().copied().collect();
    let mut all = Vec::new();
    for (n, line) in (0u64..).zip(workspace.lines()?).filter(|(n, _)| numbers.contains(n)) {
        let entry = ledger::Entry::parse(&line).map_err(|_| Fault::new("ledger_damaged").with("entry", n))?;
        if let Ok(Some(Event::ActRecorded(act))) = Event::read(&entry.kind, &entry.facts) {
            all.push((n, act));
        }
    }
    Ok(all)
}

/// Refuses while a task stands open: unknown is never taken for no (I5). Gives how many do.
///
/// # Errors
/// Names the first task that is open, and how many are.
pub(crate) fn all_answered(workspace: &Workspace) -> Result<u64, Fault> {
    let open: Vec<Task> = tasks(workspace)?.into_iter().filter(|t| t.answered.is_none()).collect();
    match open.first() {
        None => Ok(open.len() as u64),
        Some(first) => Err(Fault::new("tasks_open").with("open", open.len()).with("task", &first.kind).with("place", &first.source)),
    }
}
