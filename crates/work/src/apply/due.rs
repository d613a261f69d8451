//! What is due, and whether the ground under the plan still holds.

use case::Seal;
use plan::{Item, PlanDoc};
use terms::{Day, Fault, Holdings};

use super::job::Job;
use crate::handing::pending;
use crate::late::class_of;
use crate::opened::Opened;
use crate::planning::{bare, known};
use crate::report::{ApplyReport, Waiting, unapproved};
use crate::settled::is_settled;
use crate::workspace::Workspace;

/// Refuses when the plan no longer says what it said: packs, case facts, answers, holds.
pub(super) fn unmoved(workspace: &mut Workspace, doc: &PlanDoc) -> Result<(), Fault> {
    crate::recording::unmoved(workspace)?;
    let known = known(workspace)?;
    let planned: Holdings = workspace.get_json(&doc.inputs.holdings)?;
    let now = known.inputs;
    let moved = [
        ("packs", now.packs != doc.inputs.packs),
        ("acts", now.acts != doc.inputs.acts || now.noticed != doc.inputs.noticed),
        ("case_file", now.case != doc.inputs.case),
        ("answers", now.answers != doc.inputs.answers),
        ("agreements", now.agreements != doc.inputs.agreements),
        ("holdings", bare(known.holdings) != bare(planned)),
    ];
    match moved.iter().find(|(_, moved)| *moved) {
        Some((what, _)) => Err(Fault::new("plan_moved").with("what", what)),
        None => Ok(()),
    }
}

pub(super) fn due_items(workspace: &mut Workspace, doc: &PlanDoc, today: Day, report: &mut ApplyReport) -> Result<Vec<Item>, Fault> {
    let mut due = Vec::new();
    for item in doc.plan.items.iter().filter(|i| i.irreversible()) {
        if is_settled(workspace, item)? {
            continue;
        }
        let wait = |why, until| Waiting { item: item.item.clone(), until, why };
        if item.not_before.is_some_and(|d| d > today) {
            report.waiting.push(wait("not_before", item.not_before));
        } else if item.bars.gate != facts::Truth::False {
            report.waiting.push(wait("gate", None));
        } else if let Some(waiting) = pending(workspace, doc, &item.dataset)? {
            // A copy goes before its source does, and its recipient has signed for it.
            report.waiting.push(Waiting { item: item.item.clone(), ..waiting });
        } else {
            due.push(item.clone());
        }
    }
    Ok(due)
}

pub(super) fn approved(workspace: &Workspace, due: &[Item]) -> Result<(), Fault> {
    let at = workspace.clock.now(workspace.zone(), workspace.state.last_at);
    for item in due {
        if !workspace.state.approved("destroy", item.item.as_str(), Some(&item.dataset), at) {
            return Err(unapproved(workspace, &item.item));
        }
    }
    Ok(())
}

/// Refuses what a hold keeps.
pub(super) fn free(workspace: &Workspace, due: &[Item]) -> Result<(), Fault> {
    match due.iter().find(|item| workspace.state.held(item.dataset.as_str())) {
        Some(item) => Err(Fault::new("held").with("item", &item.item)),
        None => Ok(()),
    }
}

/// Refuses what no restored and compared archive holds.
pub(super) fn backed_up(workspace: &Workspace, due: &[Item]) -> Result<(), Fault> {
    let seals = workspace.state.newest_seals();
    let mut own = seals.iter().filter(|s| due.iter().any(|item| item.dataset == s.dataset));
    match own.find(|s| workspace.state.backup_of(s.n).is_none()) {
        Some(seal) => Err(Fault::new("no_backup").with("place", &seal.dataset)),
        None => Ok(()),
    }
}

pub(super) fn schemas_unmoved(workspace: &mut Workspace, opened: &Opened, jobs: &[Job]) -> Result<(), Fault> {
    let holdings = known(workspace)?.holdings.holdings;
    for job in jobs {
        here(opened, job)?;
        let listed = opened.listed.iter().find(|l| l.dataset.place == job.seal.dataset);
        // What somebody has said since that it is, is not what was decided on.
        let said = listed.and_then(|l| l.said.as_ref()?.class.as_ref()).map(|c| c.value.as_str());
        let decided = holdings.iter().find(|h| h.dataset == job.seal.dataset).map(class_of);
        if said.is_some() && decided.is_some() && said != decided {
            return Err(Fault::new("plan_moved").with("what", "case_file"));
        }
        if schema_moved(workspace, opened, &job.seal)? {
            return Err(Fault::new("schema_moved").with("place", &job.seal.dataset));
        }
    }
    Ok(())
}

/// Refuses the same rows at another place: they are not what was sealed, planned and approved.
pub(super) fn here(opened: &Opened, job: &Job) -> Result<(), Fault> {
    match job.source() {
        Some(i) if opened.elsewhere.contains(&i) => Err(Fault::new("source_elsewhere").with("source", job.seal.dataset.source())),
        _ => Ok(()),
    }
}

/// Whether a data set has other columns than when it was sealed, and must be planned anew. A file that is gone has nothing left to move.
pub(super) fn schema_moved(workspace: &mut Workspace, opened: &Opened, seal: &Seal) -> Result<bool, Fault> {
    let listed = opened.listed.iter().find(|l| l.dataset.place == seal.dataset && l.may_have_rows());
    let now = listed.map(|l| crate::survey::schema_of(workspace, &l.dataset)).transpose()?;
    Ok(now.is_some_and(|now| now != seal.schema_doc))
}
