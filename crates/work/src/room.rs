//! Room asked for before anything is begun: memory that a step needs by the rows it keeps in mind, disk that a purge needs meanwhile.

use std::collections::BTreeMap;
use std::env::VarError;

use sysinfo::{MemoryRefreshKind, System};
use terms::{Fault, Place};

use crate::opened::Opened;

/// Bytes that matching and sealing keep of each row (docs/why/defaults.md).
pub(crate) const SUBJECTS: u64 = 720;
/// Bytes that carrying out a plan keeps of each row that it destroys: the values that are searched for.
pub(crate) const APPLY: u64 = 1_400;
/// Disk (bytes) that a server needs beside what is rewritten: its log grows while rows go.
const SERVER: u64 = 64 << 20;

/// Refuses where so many rows would need more memory than there is, or than they may have.
///
/// # Errors
/// If memory is short: with what is needed and what is there, in MB; or if the bound that is set is no number.
pub(crate) fn memory(rows: u64, each: u64) -> Result<(), Fault> {
    let need = rows.saturating_mul(each);
    match available()? {
        Some(there) if need > there => {
            Err(Fault::new("memory_short").with("rows", rows).with("need", need >> 20).with("there", there >> 20).retry())
        }
        _ => Ok(()),
    }
}

/// The environment variable with the most memory (MB) that a step may need.
const MOST: &str = "CUSTODY_MEMORY_MB";

/// Memory that can be had without swapping; less where the process may not have all of it. None where nobody says.
fn available() -> Result<Option<u64>, Fault> {
    let bytes = |mb: String| mb.trim().parse::<u64>().ok().map(|mb| mb.saturating_mul(1 << 20));
    let unreadable = || Fault::new("setting_unreadable").with("name", MOST);
    let said = match std::env::var(MOST) {
        Ok(mb) => Some(bytes(mb).ok_or_else(unreadable)?),
        Err(VarError::NotPresent) => None,
        Err(VarError::NotUnicode(_)) => return Err(unreadable()),
    };
    let there = System::new().ok().and_then(|mut system| {
        system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        let own = system.cgroup_limits().map_or(u64::MAX, |limits| limits.free_memory);
        Some(system.available_memory().min(own)).filter(|bytes| *bytes > 0)
    });
    Ok(said.into_iter().chain(there).min())
}

/// Refuses where the disk of a source has not the room that rewriting these data sets needs.
///
/// # Errors
/// If it has not: with what is needed and what is there, in MB.
pub(crate) fn disk(opened: &Opened, source: &Place, free: Option<u64>, places: &[Place]) -> Result<(), Fault> {
    let Some(there) = free else { return Ok(()) };
    let own = || opened.listed.iter().filter(|l| places.contains(&l.dataset.place)).flat_map(|l| &l.dataset.purge);
    // One table after the other; what is done once is done once.
    let rewritten = own().filter(|s| !s.whole_source()).map(|s| s.bytes).max().unwrap_or_default();
    let shared: BTreeMap<&str, u64> = own().filter(|s| s.whole_source()).map(|s| (s.step.as_str(), s.bytes)).collect();
    let server = if shared.is_empty() { 0 } else { SERVER };
    let need = rewritten + shared.values().sum::<u64>() + server;
    if need <= there {
        return Ok(());
    }
    Err(Fault::new("disk_short").with("source", source).with("need", need.div_ceil(1 << 20)).with("there", there >> 20).retry())
}
