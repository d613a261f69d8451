//! The search for remains in the files below a MariaDB data directory.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use mysql::Conn;
use mysql::prelude::Queryable as _;
use terms::{Fault, Level, Place};

use super::Mariadb;
use super::faults::fault;
use crate::Source as _;
use crate::dataset::Searched;
use crate::files;
use crate::needles::Needles;

/// Whether the files of a server can be read here at all.
pub(super) fn readable(folder: &Path) -> bool {
    File::open(folder.join("ibdata1")).is_ok()
}

/// Flushes, then searches every file.
pub(super) fn search(mariadb: &mut Mariadb, needles: &mut Needles) -> Result<Searched, Fault> {
    let Some(folder) = mariadb.at.files.clone().filter(|f| readable(f)) else {
        // Nothing was looked at; one unread byte keeps every column below L3.
        return Ok(Searched { bytes: 0, unread: 1 });
    };
    if mariadb.store().cap > Level::L2 {
        flush(&mut mariadb.conn, &mariadb.source, mariadb.at.limits.max_snapshot)?;
    }
    let files = files::below(&folder).map_err(|_| Fault::new("file_denied").with("place", &mariadb.source))?;
    Ok(files::search(&files, needles))
}

/// Writes every dirty page, by lowering the share that may stay in memory for a while.
pub(super) fn flush(conn: &mut Conn, source: &Place, patience: Duration) -> Result<(), Fault> {
    let map = |e: mysql::Error| fault(&e, source);
    let before: Option<(f64, f64)> =
        conn.query_first("SELECT @@GLOBAL.innodb_max_dirty_pages_pct, @@GLOBAL.innodb_max_dirty_pages_pct_lwm").map_err(map)?;
    let (most, low) = before.unwrap_or((90.0, 0.0));
    conn.query_drop("SET GLOBAL innodb_max_dirty_pages_pct_lwm = 0, GLOBAL innodb_max_dirty_pages_pct = 0").map_err(map)?;
    let clean = wait(conn, source, patience, "Innodb_buffer_pool_pages_dirty", 0);
    // Put back whatever happened.
    conn.exec_drop("SET GLOBAL innodb_max_dirty_pages_pct = ?", (most,)).map_err(map)?;
    conn.exec_drop("SET GLOBAL innodb_max_dirty_pages_pct_lwm = ?", (low,)).map_err(map)?;
    conn.query_drop("FLUSH TABLES").map_err(map)?;
    clean?.then_some(()).ok_or_else(|| Fault::new("flush_unfinished").with("source", source).retry())
}

/// Waits until a status is no more than a number; whether it got there.
pub(super) fn wait(conn: &mut Conn, source: &Place, patience: Duration, status: &str, most: u64) -> Result<bool, Fault> {
    let began = Instant::now();
    loop {
        let row: Option<(String, u64)> =
            conn.exec_first("SHOW GLOBAL STATUS WHERE Variable_name = ?", (status,)).map_err(|e| fault(&e, source))?;
        if row.is_none_or(|(_, n)| n <= most) {
            return Ok(true);
        }
        if began.elapsed() >= patience {
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
