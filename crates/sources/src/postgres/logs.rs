//! The log files of a PostgreSQL server, where they lie below its data directory.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::serverlog::ending;

/// Where the server's collector writes, unless it was told otherwise.
const FOLDERS: [&str; 2] = ["log", "pg_log"];
const ENDINGS: [&str; 3] = [".log", ".csv", ".json"];

/// Every log file: of the collector, and what the server's starter wrote beside the database.
pub(super) fn logs(data: &Path) -> Vec<PathBuf> {
    let mut folders: BTreeSet<PathBuf> = FOLDERS.iter().map(|f| data.join(f)).collect();
    // `stderr log/postgresql-2026-11-27_000000.log`, one line for each kind.
    let current = std::fs::read_to_string(data.join("current_logfiles")).unwrap_or_default();
    let named = current.lines().filter_map(|l| l.split_once(' ')).map(|(_, path)| data.join(path));
    folders.extend(named.filter(|p| p.starts_with(data)).filter_map(|p| p.parent().map(Path::to_owned)));
    folders.remove(data);
    let mut out: Vec<PathBuf> = folders.iter().flat_map(|f| ending(f, &ENDINGS)).collect();
    out.extend(ending(data, &[".log", "logfile"]));
    out
}
