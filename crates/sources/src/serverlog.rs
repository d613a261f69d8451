//! A server's own logs below its data directory: they hold statements with their values, and are emptied where they lie (docs/why/residue.md).

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};

use terms::PurgeStep;

use crate::overwrite::zero;

/// The word of the step, in plans and for leaving it out.
pub(crate) const STEP: &str = "empty_server_logs";

/// The step as the plan announces it; none where there is no log to be emptied.
pub(crate) fn announced(logs: &[PathBuf]) -> Option<PurgeStep> {
    let bytes: u64 = logs.iter().filter_map(|l| std::fs::metadata(l).ok()).map(|m| m.len()).sum();
    (!logs.is_empty()).then(|| PurgeStep::beside(STEP, 0, bytes.div_ceil(OVERWRITTEN)))
}

/// Bytes overwritten in a second.
const OVERWRITTEN: u64 = 200 << 20;

/// Whether a log can be emptied from here; nothing is changed.
pub(crate) fn may_empty(log: &Path) -> bool {
    OpenOptions::new().append(true).open(log).is_ok()
}

/// What somebody who may has to run first, where logs cannot be emptied from here.
pub(crate) fn missing(logs: &[PathBuf]) -> Vec<String> {
    logs.iter().filter(|l| !may_empty(l)).map(|l| format!("chmod g+rw '{}';", l.display().to_string().replace('\'', "'\\''"))).collect()
}

/// Overwrites the logs and cuts them off; their server writes on at their new end. Gives how many.
///
/// # Errors
/// If one cannot be written.
pub(crate) fn empty(logs: &[PathBuf]) -> io::Result<usize> {
    for log in logs.iter().filter(|l| l.exists()) {
        zero(log)?;
        let file = OpenOptions::new().write(true).open(log)?;
        file.set_len(0)?;
        file.sync_all()?;
    }
    Ok(logs.len())
}

/// Files of a folder whose names are those of logs, by ending.
pub(crate) fn ending(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path());
    let named = |p: &PathBuf| {
        let name = p.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        endings.iter().any(|e| name.ends_with(e)) && p.is_file()
    };
    let mut out: Vec<PathBuf> = entries.filter(named).collect();
    out.sort();
    out
}
