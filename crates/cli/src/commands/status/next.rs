//! The next step of a case.

use terms::{Day, Fault, Id};

/// What is asked of a case to name its next step.
pub(super) struct Asked {
    /// Questions that are open; none before anything was sealed.
    pub questions: Option<usize>,
    /// People whose approvals hold.
    pub approvals: usize,
    /// Archives, and the day each ends.
    pub archives: Vec<(Id, Option<Day>)>,
}

/// The command, and the day from which it can do something.
pub(super) fn next(workspace: &work::Workspace, asked: &Asked) -> Result<(String, Option<Day>), Fault> {
    let state = &workspace.state;
    let plan = state.plan.as_ref().filter(|p| !p.withdrawn).map(|_| work::read_plan(workspace)).transpose()?;
    let ordered = |item: &plan::Item| state.open_orders().any(|(_, o)| o.kind.item() == &item.item);
    let irreversible = || plan.iter().flat_map(|(_, doc)| &doc.plan.items).filter(|i| i.irreversible());
    let all_seen = plan.is_some() && irreversible().all(|i| work::observed(workspace, i));
    let all_ordered = irreversible().all(|i| work::observed(workspace, i) || ordered(i));
    // Nothing can be ordered any more: only people and the safety window are waited for.
    let over = state.open_orders().next().is_none() && work::undecided(workspace) == 0 && all_seen;
    let to_answer = over && work::tasks(workspace)?.iter().any(|t| t.answered.is_none());
    let somebody = work::waited_for(workspace)?.filter(|_| all_ordered);
    let ended = !state.backups.is_empty() && state.backups.values().all(|b| b.end.is_some());
    let step = match () {
        () if state.closed => "–",
        () if state.subjects_n.is_none() || work::unsealed_export(workspace) => "custody subjects",
        () if asked.questions.unwrap_or(0) > 0 => "custody questions",
        () if plan.as_ref().is_none_or(|(_, doc)| doc.notes.iter().any(|n| n.grade == plan::Grade::Error)) => "custody plan",
        () if asked.approvals < 2 => "custody approve",
        () if state.backups.is_empty() => "custody backup",
        () if ended => "custody dossier --close",
        () if !state.unsealed.is_empty() => "custody subjects",
        // Where it lies, and how it came there, is said there.
        () if !state.came_back.is_empty() => "custody recheck",
        () if to_answer => "custody status --tasks",
        () => "custody apply",
    };
    let step = match somebody.filter(|_| step == "custody apply") {
        Some(source) => format!("custody pack erase {source}"),
        None => step.to_owned(),
    };
    Ok((step, asked.archives.iter().filter_map(|(_, until)| *until).min().filter(|_| over && !to_answer)))
}
