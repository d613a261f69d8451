//! The end of archives: once every destruction was observed and the safety window has passed, the keys die.

use case::{BarFacts, By, Command, Event, HolderGone, ShredObserved, ShredOrdered};
use facts::Truth;
use plan::{ArchiveItem, PlanDoc};
use terms::json::json;
use terms::{Day, Fault, Id, Level, Outcome};
use vault::{ShredPlan, shred};

use crate::closing::look_again;
use crate::planning::read_plan;
use crate::progress::Progress;
use crate::report::{ApplyReport, Waiting, unapproved};
use crate::settled::is_settled;
use crate::workspace::Workspace;

/// The day on which archives may be shredded; none while destructions are open or none was done. Persons have rows in several
/// archives under one key, so all archives end together.
fn due_day(workspace: &Workspace, archive: &ArchiveItem) -> Option<Day> {
    let state = &workspace.state;
    state.backups.values().find(|b| b.archive == archive.archive && b.end.is_none())?;
    let all = || state.orders.values().filter(|o| o.kind.effect().is_some());
    if all().any(|o| o.observed.is_none()) {
        return None;
    }
    let last = all().filter_map(|o| o.observed.as_ref().map(|o| o.day)).max()?;
    Some(last.plus_days(i64::try_from(archive.safety_days).unwrap_or(i64::MAX)))
}

/// Whether rows are undecided still: their values may be needed, and only the archive has those that a source lost.
fn undecided(workspace: &Workspace) -> bool {
    let state = &workspace.state;
    let open = |s: &&case::Seal| {
        let of = |g: &String| state.vectors.get(&(s.n, s.copy.clone(), g.clone()));
        let left = |g: &String| of(g).is_none_or(|v| v.totals.get(&Outcome::Undecided).copied().unwrap_or_default() > 0);
        state.unsealed.contains(&s.n) || (s.rows > 0 && s.groups.iter().any(left))
    };
    state.newest_seals().iter().any(open)
}

/// Whether everything irreversible in the plan was seen done, under this plan or an earlier one.
fn nothing_waits(workspace: &mut Workspace, doc: &PlanDoc) -> Result<bool, Fault> {
    for item in doc.plan.items.iter().filter(|i| i.irreversible()) {
        if !is_settled(workspace, item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What the archives of the plan wait for.
///
/// # Errors
/// If there is no plan.
pub fn shred_due(workspace: &Workspace) -> Result<Vec<(Id, Option<Day>)>, Fault> {
    let (_, doc) = read_plan(workspace)?;
    let live = |a: &&ArchiveItem| workspace.state.backups.values().any(|b| b.archive == a.archive && b.end.is_none());
    Ok(doc.archives.iter().filter(live).map(|a| (a.archive.clone(), due_day(workspace, a))).collect())
}

/// Shreds archives whose day has come, inside the open run.
pub(crate) fn shred_in_run(
    workspace: &mut Workspace,
    doc: &PlanDoc,
    report: &mut ApplyReport,
    progress: &dyn Progress,
) -> Result<(), Fault> {
    let today = workspace.today()?;
    let mut looked = false;
    for archive in &doc.archives {
        let Some(day) = due_day(workspace, archive) else { continue };
        if day > today {
            report.waiting.push(Waiting { item: archive.item.clone(), until: Some(day), why: "safety_window" });
        } else if undecided(workspace) {
            report.waiting.push(Waiting { item: archive.item.clone(), until: None, why: "undecided" });
        } else if !workspace.state.holds.is_empty() {
            report.waiting.push(Waiting { item: archive.item.clone(), until: None, why: "hold" });
        } else if nothing_waits(workspace, doc)? {
            let at = workspace.clock.now(workspace.zone(), workspace.state.last_at);
            if !workspace.state.approved("shred", archive.item.as_str(), None, at) {
                return Err(unapproved(workspace, &archive.item));
            }
            // The archive is the last copy: before it ends every source is looked at once more.
            let newest = workspace.state.newest_seals().iter().map(|s| s.n).max().unwrap_or_default();
            let begun = workspace.state.orders.iter().any(|(n, o)| *n > newest && matches!(o.kind, case::OrderKind::Shred(_)));
            if !looked && !begun {
                look_again(workspace, report, progress)?;
                looked = true;
            }
            if undecided(workspace) || workspace.state.unsealed_sets {
                report.waiting.push(Waiting { item: archive.item.clone(), until: None, why: "undecided" });
                continue;
            }
            end_archive(workspace, archive, day)?;
            report.ended.push(archive.archive.clone());
        } else {
            report.waiting.push(Waiting { item: archive.item.clone(), until: None, why: "destructions" });
        }
    }
    Ok(())
}

/// Archives whose day has come.
pub(crate) fn due_archives(workspace: &Workspace, doc: &PlanDoc) -> Result<Vec<Id>, Fault> {
    let today = workspace.today()?;
    let due = |a: &&ArchiveItem| due_day(workspace, a).is_some_and(|d| d <= today) && !undecided(workspace);
    Ok(doc.archives.iter().filter(due).map(|a| a.archive.clone()).collect())
}

fn end_archive(workspace: &mut Workspace, archive: &ArchiveItem, day: Day) -> Result<(), Fault> {
    let open = workspace.state.open_orders().find_map(|(n, o)| match &o.kind {
        case::OrderKind::Shred(s) if s.archive == archive.archive => Some((n, s.epoch, s.slots)),
        _ => None,
    });
    let (order_n, epoch, slots) = match open {
        Some(known) => known,
        None => order(workspace, archive, day)?,
    };
    let list: Vec<u32> = (1..=u32::try_from(slots).unwrap_or(u32::MAX)).collect();
    // Everything in the index is about persons whose keys die now: nothing of it is written anew.
    let plan = ShredPlan { slots: &list, epoch, rewrite: &|_, _| Ok(None) };
    let seen = shred(workspace.vault()?, &plan)?;
    let holder = Id::new("h-1").ok_or_else(|| Fault::new("document_form"))?;
    let receipt = json!({
        "archive": archive.archive, "epoch": seen.epoch, "holder_gone": seen.holder_gone, "order_n": order_n,
        "slots_zero": seen.zero, "type": "custody.shred_receipt", "v": 1
    });
    let event = ShredObserved {
        epoch: seen.epoch,
        holders: vec![HolderGone { gone: seen.holder_gone, holder }],
        level: Level::L4,
        order_n,
        out_of_scope: ["copies_of_workspace_and_epoch_key_by_others", "flash_cells_under_deleted_key_files"].map(str::to_owned).to_vec(),
        receipt_doc: workspace.put_json(&receipt)?,
        slots_zero: seen.zero,
    };
    workspace.record(Command::Record(By::Run, Event::ShredObserved(event)))?;
    Ok(())
}

fn order(workspace: &mut Workspace, archive: &ArchiveItem, day: Day) -> Result<(u64, u64, u64), Fault> {
    let plan_n = workspace.state.plan.as_ref().map(|p| p.n).ok_or_else(|| Fault::new("no_plan"))?;
    let slots = workspace.vault()?.slots();
    let (epoch, count) = (slots.epoch(), u64::from(slots.count().saturating_sub(1)));
    let no = Truth::False;
    let event = ShredOrdered {
        archive: archive.archive.clone(),
        bars: BarFacts { gate: no, hold: no, request: no, retention: no },
        demand: Truth::True,
        epoch,
        excluded: 0,
        head_ns: Vec::new(),
        item: archive.item.clone(),
        method: "crypto_shred".to_owned(),
        not_after: None,
        not_before: day,
        plan_n,
        run_n: workspace.run_n()?,
        slots: count,
    };
    let n = workspace.record(Command::Record(By::Run, Event::ShredOrdered(event)))?;
    Ok((n.first().copied().unwrap_or_default(), epoch, count))
}
