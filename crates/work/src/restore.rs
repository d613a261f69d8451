//! Restoring an archive: into a folder of the user's, as one SQLite database with a table for each data set; or into empty tables of a store like
//! the one that it came from.

use std::collections::BTreeSet;
use std::path::Path;

use case::{By, Command, Event, ExceptionRecorded, Seal};
use rows::{BatchBuilder, CellRef, Locator, Tag};
use terms::{Fault, Outcome, Place};

use crate::index::{SealIndex, segment};
use crate::progress::Progress;
use crate::settled::vector_codes;
use crate::workspace::Workspace;

/// Restores every data set whose keys live; gives rows by data set.
///
/// # Errors
/// If the folder holds a restored database already, or an archive is damaged.
pub fn restore(workspace: &mut Workspace, to: &Path, progress: &dyn Progress) -> Result<Vec<(Place, u64, u64)>, Fault> {
    let seals: Vec<Seal> = workspace.state.newest_seals().into_iter().cloned().collect();
    if seals.iter().any(|s| crate::settled::ending(workspace, s.n)) {
        return Err(Fault::new("archive_shredded"));
    }
    for seal in &seals {
        // Nothing is named before it can be made.
        SealIndex::load(workspace, &SealIndex::name(seal.scan_n, &seal.dataset))?;
    }
    if to.join("restored.db").exists() {
        return Err(Fault::new("restore_exists"));
    }
    if !workspace.state.closed {
        // A plain copy is about to be made: it is named before it is there, and the dossier says so until it is gone.
        let rows = Some(seals.iter().map(|s| s.rows).sum());
        let event = ExceptionRecorded { about_n: None, kind: "restored_copy".to_owned(), receipt_doc: None, rows };
        workspace.record(Command::Record(By::Operator, Event::ExceptionRecorded(event)))?;
    }
    let mut database = store::RestoredDatabase::create(to)?;
    let mut out = Vec::new();
    progress.begin("restore", Some(seals.iter().map(|s| s.rows).sum()));
    for seal in &seals {
        let mut rows = 0u64;
        // Positions count from 0 in every seal: a delta has a table of its own.
        let delta = seal.of_n.map(|_| format!("_delta{}", seal.n)).unwrap_or_default();
        let table = format!("{}{delta}", segment(&seal.dataset));
        let archive = SealIndex::load(workspace, &SealIndex::name(seal.scan_n, &seal.dataset))?.archive;
        let vault = workspace.vault()?;
        let mut reader = vault.read_segment(&archive, &segment(&seal.dataset))?;
        let dead = reader.units(vault.slots(), &|_| true, &mut |unit| {
            for (position, cells) in &unit.rows {
                let values: Vec<(u8, &[u8])> = cells.iter().map(|(tag, bytes)| (tag_code(*tag), bytes.as_slice())).collect();
                database.add(&table, *position, &values)?;
                rows += 1;
            }
            progress.add(unit.rows.len() as u64);
            Ok(())
        })?;
        out.push((seal.dataset.clone(), rows, dead));
    }
    progress.end();
    database.finish()?;
    Ok(out)
}

/// Restores the data sets of one source into empty ones of the same names in another store of the same kind; gives rows by data set.
///
/// # Errors
/// If a data set is missing there or has rows already, the store refuses, or an archive is damaged.
pub fn restore_into(workspace: &mut Workspace, id: &str, path: &str, progress: &dyn Progress) -> Result<Vec<(Place, u64, u64)>, Fault> {
    let at = workspace.file.sources.iter().position(|s| s.id.value == id);
    let at = at.ok_or_else(|| Fault::new("source_unknown").with("source", id))?;
    let elsewhere = workspace.file.sources.value.get_mut(at).map(|s| std::mem::replace(&mut s.path.value, path.to_owned()));
    if elsewhere.as_deref() == Some(path) {
        return Err(Fault::new("restore_same").with("source", id));
    }
    let (source, mut open) = workspace.source(at)?;
    let mut places = workspace.places()?;
    let listing = open.list(&mut places)?;
    let own = |s: &&Seal| s.dataset.source() == source.as_str();
    let seals: Vec<Seal> = workspace.state.newest_seals().into_iter().filter(own).cloned().collect();
    if seals.iter().any(|s| crate::settled::ending(workspace, s.n)) {
        return Err(Fault::new("archive_shredded"));
    }
    for seal in &seals {
        let there = listing.datasets.iter().any(|d| d.place == seal.dataset);
        let mut rows = 0;
        if there {
            open.read(&seal.dataset, &mut |batch| {
                rows += batch.rows();
                Ok(())
            })?;
        }
        if !there || rows > 0 {
            return Err(Fault::new("restore_not_empty").with("place", &seal.dataset).with("rows", rows));
        }
    }
    if !workspace.state.closed {
        let rows = Some(seals.iter().map(|s| s.rows).sum());
        let event = ExceptionRecorded { about_n: None, kind: "restored_copy".to_owned(), receipt_doc: None, rows };
        workspace.record(Command::Record(By::Operator, Event::ExceptionRecorded(event)))?;
    }
    let mut out = Vec::new();
    progress.begin("restore", Some(seals.iter().map(|s| s.rows).sum()));
    for seal in &seals {
        let archive = SealIndex::load(workspace, &SealIndex::name(seal.scan_n, &seal.dataset))?.archive;
        let width = listing.datasets.iter().find(|d| d.place == seal.dataset).map_or(0, |d| d.columns.len());
        let vault = workspace.vault()?;
        let mut reader = vault.read_segment(&archive, &segment(&seal.dataset))?;
        let (mut builder, mut rows) = (BatchBuilder::new(width), 0u64);
        let left_behind = superseded(workspace, seal)?;
        let vault = workspace.vault()?;
        let dead = reader.units(vault.slots(), &|_| true, &mut |unit| {
            for (position, cells) in unit.rows.iter().filter(|(p, _)| !left_behind.contains(p)) {
                builder.push(&Locator::RowId(i64::from(*position)), cells.iter().map(|(tag, bytes)| CellRef { tag: *tag, bytes }));
                rows += 1;
            }
            if builder.rows() >= BATCH_ROWS {
                open.insert(&seal.dataset, &builder.finish())?;
            }
            progress.add(unit.rows.len() as u64);
            Ok(())
        })?;
        if builder.rows() > 0 {
            open.insert(&seal.dataset, &builder.finish())?;
        }
        out.push((seal.dataset.clone(), rows, dead));
    }
    progress.end();
    Ok(out)
}

/// Positions of rows that stand in a later seal.
fn superseded(workspace: &mut Workspace, seal: &Seal) -> Result<BTreeSet<u32>, Fault> {
    let mut out = BTreeSet::new();
    for group in &seal.groups {
        let codes = vector_codes(workspace, seal, group)?;
        let is_old = |code: &u8| Outcome::of_code(*code) == Some(Outcome::Superseded);
        out.extend((0u32..).zip(codes).filter(|(_, code)| is_old(code)).map(|(position, _)| position));
    }
    Ok(out)
}

/// Rows that are put back at once.
const BATCH_ROWS: usize = 1_000;

fn tag_code(tag: Tag) -> u8 {
    tag as u8
}
