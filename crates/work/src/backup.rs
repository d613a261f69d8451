//! The backup counts only when it was restored and compared: every row read back from the archive must open its commitment.

use std::collections::BTreeMap;

use case::{BackupObserved, By, Command, Event, Seal};
use ledger::{commitment, leaf_hash, row_key};
use rows::{CellRef, canonical_row};
use terms::{Digest, Fault, Id};

use crate::index::SealIndex;
use crate::planning::known;
use crate::progress::Progress;
use crate::workspace::Workspace;

/// What restoring and comparing gave.
#[derive(Clone, Debug)]
pub struct BackupReport {
    /// The archive.
    pub archive: Id,
    /// Rows restored and equal.
    pub rows: u64,
    /// Bytes of the archive.
    pub bytes: u64,
    /// Its entry; none if it was observed before.
    pub n: Option<u64>,
}

/// Restores the archive of the newest seals in memory, compares every row with its commitment, and records it.
///
/// # Errors
/// If a row is missing or differs; then nothing is recorded.
pub fn backup(workspace: &mut Workspace, progress: &dyn Progress) -> Result<BackupReport, Fault> {
    let archive = known(workspace)?.archive;
    let seals: Vec<Seal> = workspace.state.newest_seals().into_iter().cloned().collect();
    let bytes = seals.iter().map(|s| std::fs::metadata(segment_path(workspace, &archive, s)).map_or(0, |m| m.len())).sum();
    let rows: u64 = seals.iter().map(|s| s.rows).sum();
    // An archive that was observed before is restored and compared again, and nothing new is recorded.
    let before = workspace.state.backups.iter().find(|(_, b)| b.archive == archive).map(|(n, _)| *n);
    if before.is_none() {
        workspace.begin_run(&["backup"], None)?;
    }
    progress.begin("restore", Some(rows));
    let mut roots = Vec::new();
    let mut restored = 0u64;
    for seal in &seals {
        let (root, count) = restored_root(workspace, &archive, seal, progress)?;
        if root != seal.root || count != seal.rows {
            return Err(Fault::new("backup_differs").with("place", &seal.dataset));
        }
        restored += count;
        roots.push(leaf_hash(&root.0));
    }
    progress.end();
    if before.is_some() {
        return Ok(BackupReport { archive, rows: restored, bytes, n: before });
    }
    let event = BackupObserved {
        archive: archive.clone(),
        mirrors: 0,
        restored_root: Digest(ledger::root(roots)),
        rows_equal: restored,
        rows_restored: restored,
        rows_written: rows,
        run_n: workspace.run_n()?,
        seal_ns: seals.iter().map(|s| s.n).collect(),
    };
    let n = workspace.record(Command::Record(By::Run, Event::BackupObserved(event)))?.first().copied();
    workspace.end_run(vec!["backup".to_owned()], Vec::new())?;
    Ok(BackupReport { archive, rows: restored, bytes, n })
}

pub(crate) fn segment_name(seal: &Seal) -> String {
    let tail = if seal.of_n.is_some() { format!("-d{}", seal.n) } else { String::new() };
    format!("{}{tail}", seal.dataset.as_str().replace('/', "_"))
}

fn segment_path(workspace: &mut Workspace, archive: &Id, seal: &Seal) -> std::path::PathBuf {
    workspace.vault().map(|v| v.segment(archive.as_str(), &segment_name(seal))).unwrap_or_default()
}

/// The root over the commitments of what stands in the archive, recomputed from restored bytes.
fn restored_root(workspace: &mut Workspace, archive: &Id, seal: &Seal, progress: &dyn Progress) -> Result<(Digest, u64), Fault> {
    let index = SealIndex::load(workspace, &SealIndex::name(seal.scan_n, &seal.dataset, seal.of_n.is_some()))?;
    let nobody: BTreeMap<u32, bool> = index.rows.iter().map(|r| (r.position, r.nobody)).collect();
    let vault = workspace.vault()?;
    let seal_key = vault.slots().key(index.key_slot)?.ok_or_else(|| Fault::new("slot_shredded"))?;
    let mut reader = vault.read_segment(archive.as_str(), &segment_name(seal))?;
    let size = usize::try_from(seal.rows).map_err(|_| Fault::new("archive_damaged"))?;
    let mut commitments: Vec<Option<[u8; 32]>> = vec![None; size];
    let mut bytes = Vec::new();
    let mut count = 0u64;
    let nobody_key = zeroize::Zeroizing::new([0u8; 32]);
    reader.units(vault.slots(), &|_| true, &mut |unit| {
        progress.add(unit.rows.len() as u64);
        for (position, cells) in &unit.rows {
            canonical_row(cells.iter().map(|(tag, b)| CellRef { tag: *tag, bytes: b }), &mut bytes);
            let key = if nobody.get(position).copied().unwrap_or(false) { &nobody_key } else { &unit.key };
            let room = commitments.get_mut(*position as usize).ok_or_else(|| Fault::new("archive_damaged"))?;
            *room = Some(commitment(&row_key(&seal_key, u64::from(*position), key), &bytes));
            count += 1;
        }
        Ok(())
    })?;
    let leaves: Option<Vec<[u8; 32]>> = commitments.into_iter().map(|c| c.map(|c| leaf_hash(&c))).collect();
    Ok((Digest(leaves.map_or([0; 32], ledger::root)), count))
}
