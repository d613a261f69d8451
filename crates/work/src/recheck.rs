//! Looking later, on the same source or on a copy of it: whether what was destroyed came back.

use std::collections::{BTreeMap, BTreeSet};

use case::{By, Command, EffectOrdered, Event, ExceptionRecorded, Seal};
use plan::PlanDoc;
use terms::json::json;
use terms::{Fault, Id, Place};

use crate::byhand::remains_in_cells;
use crate::lists::load_list;
use crate::look::{absence, sight};
use crate::opened::Opened;
use crate::progress::Progress;
use crate::staying::Staying;
use crate::survey::{Deaf, open_sources, survey};
use crate::workspace::Workspace;

/// What a recorded return is called.
const CAME_BACK: &str = "came_back";

/// One destruction, looked at once more.
#[derive(Clone, Debug)]
pub struct Rechecked {
    /// The item of the plan.
    pub item: Id,
    /// Its order.
    pub order_n: u64,
    /// Where it lay.
    pub place: Place,
    /// Rows that were seen destroyed.
    pub rows: u64,
    /// Their values that stand in cells of the source, outside of rows that stay.
    pub in_cells: u64,
    /// Their values that stand in raw files.
    pub in_files: u64,
    /// Whether its source could be looked at: else nothing is known, whatever was known before.
    pub looked: bool,
    /// Structures in which.
    pub structures: BTreeSet<String>,
    /// Values that rows still lawfully hold.
    pub lawful: u64,
    /// Bytes that were searched, and that could not be.
    pub bytes: (u64, u64),
    /// Whether the archive was shredded, so that nobody knows any more what to look for.
    pub unknown: bool,
}

impl Rechecked {
    /// Whether anything is there again.
    pub fn came_back(&self) -> bool {
        self.in_cells + self.in_files > 0
    }
}

/// What is looked at, and whether it is recorded.
#[derive(Clone, Debug, Default)]
pub struct Recheck {
    /// Sources that are looked at elsewhere: id, and the path of the copy.
    pub copies: BTreeMap<String, String>,
    /// Whether a fresh scan, cells and the ledger belong to it; else raw files alone are searched.
    pub whole: bool,
}

/// Looks for everything that was destroyed.
///
/// # Errors
/// If the vault is locked, or a source cannot be searched.
pub fn recheck(workspace: &mut Workspace, how: &Recheck, progress: &dyn Progress) -> Result<Vec<Rechecked>, Fault> {
    for (id, path) in &how.copies {
        let source = workspace.file.sources.value.iter_mut().find(|s| s.id.value == *id);
        let source = source.ok_or_else(|| Fault::new("source_unknown").with("source", id))?;
        source.path.value.clone_from(path);
        // The files of the original say nothing of a copy on another server.
        if let Some(server) = &mut source.server {
            server.value.files = None;
        }
    }
    let record = how.whole && how.copies.is_empty();
    if record {
        workspace.begin_run(&["scan"], None)?;
    }
    let mut opened = open_sources(workspace)?;
    let mut copied = workspace.file.sources.iter().zip(&opened.sources).filter(|(s, _)| how.copies.contains_key(&s.id.value));
    if let Some((_, (place, _))) = copied.find(|(_, (_, open))| open.is_none()) {
        return Err(Fault::new("source_not_open").with("place", place).retry());
    }
    if record {
        survey(workspace, &mut opened, &mut Deaf, progress)?;
    }
    let done = done(workspace);
    progress.begin("look", Some(done.len() as u64));
    let mut out = Vec::new();
    for (order_n, order) in done {
        out.push(again(workspace, &mut opened, order_n, &order, how.whole)?);
        progress.add(1);
    }
    progress.end();
    if record {
        let known = workspace.state.came_back.clone();
        // Who could not look does not say that it is gone again.
        let told = |r: &&Rechecked| !r.unknown && (r.came_back() || r.looked);
        for seen in out.iter().filter(told).filter(|r| r.came_back() != known.contains_key(&r.order_n)) {
            supersede(workspace, seen)?;
        }
        workspace.end_run(vec!["recheck".to_owned()], Vec::new())?;
    }
    Ok(out)
}

/// Every destruction that was seen done.
pub(crate) fn done(workspace: &Workspace) -> Vec<(u64, EffectOrdered)> {
    let seen = workspace.state.orders.iter().filter(|(_, o)| o.observed.as_ref().is_some_and(|seen| seen.rows_done > 0));
    let of = |(n, o): (&u64, &case::Order)| match &o.kind {
        case::OrderKind::Destroy(e) | case::OrderKind::Anonymise(e) => Some((*n, e.clone())),
        _ => None,
    };
    seen.filter_map(of).collect()
}

/// One destruction.
fn again(workspace: &mut Workspace, opened: &mut Opened, order_n: u64, order: &EffectOrdered, cells: bool) -> Result<Rechecked, Fault> {
    let lost = || Fault::new("order_does_not_fit").with("item", &order.item);
    let seal = workspace.state.seals.get(&order.seal_n).cloned().ok_or_else(lost)?;
    let rows = load_list(workspace, &format!("done-{order_n}"))?;
    let mut out = Rechecked {
        item: order.item.clone(),
        order_n,
        place: order.dataset.clone(),
        rows: rows.len() as u64,
        in_cells: 0,
        in_files: 0,
        looked: false,
        structures: BTreeSet::new(),
        lawful: 0,
        bytes: (0, 0),
        unknown: workspace.state.backup_of(seal.n).is_none(),
    };
    if out.unknown {
        return Ok(out);
    }
    let columns = columns_of(workspace, order)?;
    if cells {
        out.in_cells = remains_in_cells(workspace, opened, &seal, &rows, &columns)?;
    }
    in_files(workspace, opened, &seal, &rows, &columns, &mut out)?;
    Ok(out)
}

/// The columns that an order was about, from the plan that gave it.
pub(crate) fn columns_of(workspace: &Workspace, order: &EffectOrdered) -> Result<Vec<u32>, Fault> {
    let lost = || Fault::new("order_does_not_fit").with("item", &order.item);
    let Event::PlanMade(made) = workspace.event(order.plan_n)? else { return Err(lost()) };
    let plan: PlanDoc = workspace.get_json(&made.plan_doc)?;
    plan.plan.items.into_iter().find(|i| i.item == order.item).map(|i| i.columns).ok_or_else(lost)
}

fn in_files(
    workspace: &mut Workspace,
    opened: &mut Opened,
    seal: &Seal,
    rows: &[u32],
    columns: &[u32],
    out: &mut Rechecked,
) -> Result<(), Fault> {
    let here = seal.dataset.source().to_owned();
    let staying = Staying::of(workspace, opened, &here, true)?;
    let Some((_, Some(open))) = opened.sources.iter_mut().find(|(p, _)| p.as_str() == here) else {
        out.bytes.1 = 1;
        return Ok(());
    };
    let sight = sight(workspace, open.as_ref(), seal, rows, columns, false)?;
    let seen = absence(open.as_mut(), &seal.dataset, &staying, sight)?;
    out.in_files = seen.hits.values().sum();
    out.structures = seen.hit_in;
    out.lawful = seen.lawful.values().sum();
    out.bytes = (seen.bytes, seen.unread);
    out.looked = true;
    Ok(())
}

/// A receipt is never edited: a finding about its order stands beside it, and counts until a later look finds nothing.
fn supersede(workspace: &mut Workspace, seen: &Rechecked) -> Result<(), Fault> {
    let outcome = if seen.came_back() { "superseded" } else { "holds_again" };
    let ways: &[&str] = if seen.came_back() { &["restored_backup", "replica", "import", "sync_folder"] } else { &[] };
    let receipt = json!({
        "bytes_searched": seen.bytes.0, "in_cells": seen.in_cells, "in_files": seen.in_files, "item": seen.item, "order_n": seen.order_n,
        "outcome": outcome, "structures": seen.structures, "type": "custody.destruction_receipt", "v": 1, "ways_back": ways
    });
    let receipt_doc = Some(workspace.put_json(&receipt)?);
    let values = Some(seen.in_cells + seen.in_files);
    let event = ExceptionRecorded { about_n: Some(seen.order_n), kind: CAME_BACK.to_owned(), receipt_doc, rows: values };
    workspace.record(Command::Record(By::Run, Event::ExceptionRecorded(event))).map(|_| ())
}
