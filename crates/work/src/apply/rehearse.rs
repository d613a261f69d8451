//! The rehearsal before the first order: what erasing would do to references, tried and taken back, and whether triggers would run.

use sources::Rehearsal;
use terms::{Fault, Place};

use super::crowd::{When, crowd};
use super::erase::Picker;
use super::job::Job;
use super::{by_place, open_at};
use crate::align::Part;
use crate::context::column_shown;
use crate::opened::Opened;
use crate::report::ApplyReport;
use crate::workspace::Workspace;

/// Rehearses every data set with jobs that are not ordered yet.
///
/// # Errors
/// If the store refuses what would be done, references would break, rows of other tables would change, triggers would run that cannot be switched off, or fewer than k rows would be alike.
pub(super) fn rehearse_all(workspace: &mut Workspace, opened: &mut Opened, jobs: &[Job], report: &mut ApplyReport) -> Result<(), Fault> {
    for (place, own) in by_place(jobs) {
        let own: Vec<&Job> = own.iter().filter_map(|k| jobs.get(*k)).filter(|j| j.order_n.is_none() && !j.by_hand()).collect();
        if own.is_empty() {
            continue;
        }
        keys_stay(workspace, opened, &place, &own)?;
        let parts = Part::of(workspace, &place)?;
        let alike = crowd(workspace, opened, &place, (&own, &parts), When::Before)?;
        report.alike.extend(alike.map(|c| (place.clone(), c.seen())));
        let Some(mut open) = open_at(opened, &place)? else { continue };
        let dataset = open.dataset.clone();
        let mut picker = Picker::new(workspace, &mut open, &parts, &dataset, &own, &|_, job| Ok(job.targets.clone()))?;
        if let Some(done) = open.source.rehearse(&place, &mut |_, batch, row| Ok(picker.pick(batch, row).0))? {
            sound(&place, &done)?;
            report.rehearsed.push((place, done));
        }
    }
    Ok(())
}

/// Refuses to write over a key, by which rows are found again and to which others refer: it goes with its row, or stays.
fn keys_stay(workspace: &Workspace, opened: &Opened, place: &Place, own: &[&Job]) -> Result<(), Fault> {
    let listed = opened.listed.iter().find(|l| l.dataset.place == *place);
    let columns = || own.iter().filter(|j| !j.deletes()).flat_map(|j| j.columns.iter().copied());
    let is_key = |c: &u32| listed.is_some_and(|l| l.dataset.columns.get(*c as usize).is_some_and(|c| c.key));
    match columns().find(is_key) {
        Some(c) => Err(Fault::new("key_column").with("place", place).with("column", column_shown(workspace, place, c))),
        None => Ok(()),
    }
}

fn sound(place: &Place, done: &Rehearsal) -> Result<(), Fault> {
    if done.orphans > 0 {
        return Err(Fault::new("foreign_keys_broken").with("source", place).with("rows", done.orphans));
    }
    // A table that others refer to is emptied, not deleted from: what changes elsewhere all the same is somebody else's.
    if done.cascades > 0 {
        return Err(Fault::new("references_carry").with("place", place).with("rows", done.cascades).with("of", done.tried));
    }
    // What a trigger copies elsewhere is neither sealed nor ordered.
    if done.triggers > 0 && !done.triggers_off {
        return Err(Fault::new("triggers_run").with("place", place).with("triggers", done.triggers));
    }
    Ok(())
}
