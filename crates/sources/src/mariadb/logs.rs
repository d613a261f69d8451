//! The general and slow logs of a MariaDB server, as files below its data directory and as tables.

use std::path::{Path, PathBuf};

use mysql::Conn;
use mysql::prelude::Queryable as _;
use terms::{Fault, Place};

use super::faults::fault;
use crate::serverlog::ending;

/// Tables that a server logs to, if it is told so (`log_output = TABLE`).
pub(super) const TABLES: [&str; 2] = ["general_log", "slow_log"];

/// Every log file, also those that were put aside under the same name with something after it.
pub(super) fn logs(conn: &mut Conn, source: &Place, data: &Path) -> Result<Vec<PathBuf>, Fault> {
    let names: Option<(Option<String>, Option<String>)> =
        conn.query_first("SELECT @@GLOBAL.general_log_file, @@GLOBAL.slow_query_log_file").map_err(|e| fault(&e, source))?;
    let (general, slow) = names.unwrap_or_default();
    let mut out = Vec::new();
    for path in [general, slow].into_iter().flatten().filter(|n| !n.is_empty()).map(|n| data.join(n)).filter(|p| p.starts_with(data)) {
        let (folder, name) = (path.parent().unwrap_or(data), path.file_name().and_then(|n| n.to_str()).unwrap_or_default());
        let begins = |p: &PathBuf| p.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with(name));
        out.extend(ending(folder, &[""]).into_iter().filter(begins));
    }
    out.sort();
    out.dedup();
    Ok(out)
}

/// Tables of logs that hold something, by file.
pub(super) fn tables(data: &Path) -> Vec<(&'static str, PathBuf)> {
    let of = |t: &&'static str| (*t, data.join("mysql").join(format!("{t}.CSV")));
    let filled = |(_, file): &(&str, PathBuf)| std::fs::metadata(file).is_ok_and(|m| m.len() > 0);
    TABLES.iter().map(of).filter(filled).collect()
}
