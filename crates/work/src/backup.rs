//! The backup counts only when it was restored and compared: every row read back from the archive must open its commitment.

use std::collections::BTreeMap;

use case::{BackupObserved, By, Command, Event, Seal};
use ledger::{commitment, leaf_hash, row_key};
use rows::{CellRef, canonical_row};
use terms::{Digest, Fault, Id};

use crate::index::{SealIndex, segment};
use crate::progress::Progress;
use crate::workspace::Workspace;

/// What restoring and comparing gave.
#[derive(Clone, Debug)]
pub struct BackupReport {
    /// The archives.
    pub archives: Vec<Id>,
    /// Rows restored and equal.
    pub rows: u64,
    /// Bytes of the archives.
    pub bytes: u64,
    /// New entries; none if all were observed before.
    pub entries: Vec<u64>,
}

/// Restores the archives of the newest seals in memory, compares every row with its commitment, and records it.
///
/// # Errors
/// If a row is missing or differs; then nothing is recorded.
pub fn backup(workspace: &mut Workspace, progress: &dyn Progress) -> Result<BackupReport, Fault> {
    let archives = by_archive(workspace)?;
    let mut report = BackupReport { archives: archives.keys().cloned().collect(), rows: 0, bytes: 0, entries: Vec::new() };
    progress.begin("restore", Some(archives.values().flatten().map(|s| s.rows).sum()));
    let mut compared = Vec::new();
    for (archive, seals) in archives {
        let mut roots = Vec::new();
        for seal in &seals {
            let bytes = std::fs::metadata(workspace.vault()?.segment(archive.as_str(), &segment(&seal.dataset)));
            report.bytes += bytes.map_or(0, |m| m.len());
            let restored = commitments(workspace, seal, progress)?;
            let root = Digest(ledger::root(restored.iter().map(|c| leaf_hash(c))));
            if root != seal.root || restored.len() as u64 != seal.rows {
                return Err(Fault::new("backup_differs").with("place", &seal.dataset));
            }
            report.rows += seal.rows;
            roots.push(leaf_hash(&root.0));
        }
        // An archive that was observed before is restored and compared again, and nothing new is recorded.
        if !workspace.state.backups.values().any(|b| b.archive == archive) {
            compared.push((archive, seals, Digest(ledger::root(roots))));
        }
    }
    progress.end();
    if !compared.is_empty() {
        workspace.begin_run(&["backup"], None)?;
        for (archive, seals, root) in compared {
            report.entries.extend(record(workspace, archive, &seals, root)?);
        }
        workspace.end_run(vec!["backup".to_owned()], Vec::new())?;
    }
    Ok(report)
}

/// The newest seals by the archive in which their rows lie.
fn by_archive(workspace: &mut Workspace) -> Result<BTreeMap<Id, Vec<Seal>>, Fault> {
    let ended = |s: &&Seal| workspace.state.backups.values().any(|b| b.end.is_some() && b.seal_ns.contains(&s.n));
    let seals: Vec<Seal> = workspace.state.newest_seals().into_iter().filter(|s| !ended(s)).cloned().collect();
    if seals.is_empty() {
        return Err(Fault::new("no_subjects"));
    }
    let mut out: BTreeMap<Id, Vec<Seal>> = BTreeMap::new();
    for seal in seals {
        let index = SealIndex::load(workspace, &SealIndex::name(seal.scan_n, &seal.dataset))?;
        let archive = Id::new(&index.archive).ok_or_else(|| Fault::new("vault_damaged"))?;
        out.entry(archive).or_default().push(seal);
    }
    Ok(out)
}

fn record(workspace: &mut Workspace, archive: Id, seals: &[Seal], root: Digest) -> Result<Vec<u64>, Fault> {
    let rows = seals.iter().map(|s| s.rows).sum();
    let event = BackupObserved {
        archive,
        mirrors: 0,
        restored_root: root,
        rows_equal: rows,
        rows_restored: rows,
        rows_written: rows,
        run_n: workspace.run_n()?,
        seal_ns: seals.iter().map(|s| s.n).collect(),
    };
    workspace.record(Command::Record(By::Run, Event::BackupObserved(event)))
}

/// The commitments of what stands in the archive of a seal, by position, recomputed from restored bytes.
pub(crate) fn commitments(workspace: &mut Workspace, seal: &Seal, progress: &dyn Progress) -> Result<Vec<[u8; 32]>, Fault> {
    let index = SealIndex::load(workspace, &SealIndex::name(seal.scan_n, &seal.dataset))?;
    let nobody: BTreeMap<u32, bool> = index.rows.iter().map(|r| (r.position, r.nobody)).collect();
    let vault = workspace.vault()?;
    let seal_key = vault.slots().key(index.key_slot)?.ok_or_else(|| Fault::new("slot_shredded"))?;
    let mut reader = vault.read_segment(&index.archive, &segment(&seal.dataset))?;
    let size = usize::try_from(seal.rows).map_err(|_| Fault::new("archive_damaged"))?;
    let mut out: Vec<Option<[u8; 32]>> = vec![None; size];
    let mut bytes = Vec::new();
    let nobody_key = zeroize::Zeroizing::new([0u8; 32]);
    reader.units(vault.slots(), &|_| true, &mut |unit| {
        progress.add(unit.rows.len() as u64);
        for (position, cells) in &unit.rows {
            canonical_row(cells.iter().map(|(tag, b)| CellRef { tag: *tag, bytes: b }), &mut bytes);
            let key = if nobody.get(position).copied().unwrap_or(false) { &nobody_key } else { &unit.key };
            let room = out.get_mut(*position as usize).ok_or_else(|| Fault::new("archive_damaged"))?;
            *room = Some(commitment(&row_key(&seal_key, u64::from(*position), key), &bytes));
        }
        Ok(())
    })?;
    out.into_iter().collect::<Option<_>>().ok_or_else(|| Fault::new("backup_differs").with("place", &seal.dataset))
}
