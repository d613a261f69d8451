//! The last looks: before keys are destroyed, and before a case is closed.

use std::collections::BTreeMap;

use case::{By, Command, Event, ExceptionRecorded};
use terms::{Fault, Inventory, Place};

use crate::late::{evaluate, late_rows};
use crate::opened::unread_of;
use crate::progress::Progress;
use crate::report::ApplyReport;
use crate::survey::{Deaf, open_sources, survey};
use crate::workspace::Workspace;

/// Looks once more at everything, and closes the case if nothing is open.
///
/// # Errors
/// What is still open (C1): data sets that appeared since, rows that came, changed, went or came back.
pub fn close(workspace: &mut Workspace, progress: &dyn Progress) -> Result<(), Fault> {
    let open_tasks = crate::tasks::all_answered(workspace)?;
    crate::recording::unmoved(workspace)?;
    crate::errands::settle_all(workspace)?;
    if workspace.state.open_orders().next().is_some() {
        // What somebody is doing by order is half done now: to look would take it for news.
        return Err(Fault::new("orders_open"));
    }
    workspace.begin_run(&["scan"], None)?;
    let mut report = ApplyReport::default();
    match shredded_at(workspace) {
        None => look_again(workspace, &mut report, progress)?,
        Some(n) => compare_since(workspace, n, &mut report, progress)?,
    }
    workspace.end_run(vec!["scan".to_owned()], Vec::new())?;
    if let Some(first) = report.undecided.first() {
        return Err(Fault::new("datasets_undecided").with("count", report.undecided.len()).with("place", first));
    }
    if report.late > 0 {
        return Err(Fault::new("rows_undecided").with("rows", report.late));
    }
    if let Some(first) = workspace.state.refused.first() {
        return Err(Fault::new("export_refused_last").with("place", first));
    }
    let unaccepted = crate::recording::unaccepted(workspace)?;
    if let Some(first) = unaccepted.first() {
        return Err(Fault::new("places_unread").with("count", unaccepted.len()).with("place", first));
    }
    workspace.record(Command::Close { open_tasks }).map(|_| ())
}

/// Looks at every data set and every sealed row; what nobody accounts for is noted, and keeps the case open.
pub(crate) fn look_again(workspace: &mut Workspace, report: &mut ApplyReport, progress: &dyn Progress) -> Result<(), Fault> {
    let mut opened = open_sources(workspace)?;
    let seen = evaluate(workspace, &mut opened, progress)?;
    report.undecided = note_unsealed(workspace, &seen.scan.inventory)?;
    for late in seen.late.values() {
        late_rows(workspace, &late.parts, late.alignment(), &BTreeMap::new(), report)?;
    }
    Ok(())
}

/// The newest order to destroy keys.
fn shredded_at(workspace: &Workspace) -> Option<u64> {
    let ended = |n: u64| workspace.state.newest_seals().iter().all(|s| s.n < n);
    workspace.state.orders.iter().rfind(|(n, o)| matches!(o.kind, case::OrderKind::Shred(_)) && ended(**n)).map(|(n, _)| *n)
}

/// Once the keys are gone rows cannot be told apart any more: each data set must have the very digest that it had at the last look.
fn compare_since(workspace: &mut Workspace, shred_n: u64, report: &mut ApplyReport, progress: &dyn Progress) -> Result<(), Fault> {
    let then = workspace.state.scans.iter().rfind(|(n, ..)| *n < shred_n).map(|(_, doc, _)| *doc);
    let then: Inventory = workspace.get_json(&then.ok_or_else(|| Fault::new("no_workspace"))?)?;
    let mut opened = open_sources(workspace)?;
    let now = survey(workspace, &mut opened, &mut Deaf, progress)?.inventory;
    if let Some(seal) = workspace.state.newest_seals().iter().find(|s| unread_of(&now.unread, &s.dataset).is_some()) {
        return Err(Fault::new("source_not_open").with("place", &seal.dataset).retry());
    }
    report.undecided = note_unsealed(workspace, &now)?;
    let full = workspace.state.newest_seals().into_iter().filter(|s| s.of_n.is_none());
    let seals: Vec<(u64, Place)> = full.map(|s| (s.n, s.dataset.clone())).collect();
    for (seal_n, place) in seals {
        let of = |i: &Inventory| i.datasets.iter().find(|d| d.dataset == place).map(|d| (d.digest, d.rows));
        let (before, after) = (of(&then), of(&now));
        if before == after {
            continue;
        }
        let rows = after.map_or(0, |(_, n)| n).max(1);
        report.late += rows;
        if workspace.state.unsealed.contains(&seal_n) {
            continue;
        }
        let event = ExceptionRecorded { about_n: Some(seal_n), kind: "new_rows".to_owned(), receipt_doc: None, rows: Some(rows) };
        workspace.record(Command::Record(By::Run, Event::ExceptionRecorded(event)))?;
    }
    Ok(())
}

/// Data sets with rows that are neither sealed nor said to be about nobody; they are noted, and keep the case open.
pub(crate) fn note_unsealed(workspace: &mut Workspace, inventory: &Inventory) -> Result<Vec<Place>, Fault> {
    let sealed = |p: &Place| workspace.state.newest_seals().iter().any(|s| s.dataset == *p);
    let open: Vec<_> =
        inventory.datasets.iter().filter(|d| d.rows > 0 && d.class.as_deref() != Some("none") && !sealed(&d.dataset)).collect();
    // Noted once, and once more when none is left.
    if open.is_empty() == workspace.state.unsealed_sets {
        let rows = Some(open.iter().map(|d| d.rows).sum());
        let event = ExceptionRecorded { about_n: None, kind: "new_datasets".to_owned(), receipt_doc: None, rows };
        workspace.record(Command::Record(By::Run, Event::ExceptionRecorded(event)))?;
    }
    Ok(open.into_iter().map(|d| d.dataset.clone()).collect())
}
