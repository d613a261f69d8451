//! The raw files of a MariaDB server, told apart by structure, and probes that show which of them can be seen (docs/why/residue.md).

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::remains::Needles;
use mysql::Conn;
use mysql::prelude::Queryable as _;
use terms::{Fault, Place};

use super::faults::fault;
use super::list::Table;
use super::purge::BUFFERED;
use super::{Mariadb, quoted};
use crate::dataset::{Holds, Probe, Searched};
use crate::files::{self, Form, Raw, Structures};

/// Values that are written into logs to be found there.
const PROBES: usize = 1_000;
/// The table that they are written to, and that is dropped at once.
const PROBE_TABLE: &str = "custody_probe";

/// Whether the files of a server can be read here at all.
pub(super) fn readable(folder: &Path) -> bool {
    File::open(folder.join("ibdata1")).is_ok()
}

/// Flushes, then searches every file.
pub(super) fn search(mariadb: &mut Mariadb, place: &Place, needles: &mut Needles) -> Result<Searched, Fault> {
    let Some(folder) = mariadb.at.files.clone().filter(|f| readable(f)) else {
        // Nothing was looked at; one unread byte keeps every column below L3.
        return Ok(Searched { unread: 1, ..Searched::default() });
    };
    if mariadb.deep() {
        flush(&mut mariadb.conn, &mariadb.source, mariadb.at.limits.max_snapshot)?;
    }
    let mut structures = Structures::default();
    let own = match mariadb.tables.get(place).cloned() {
        Some(table) => Own::new(mariadb, place, &table, &mut structures)?,
        None => Own::default(),
    };
    let shared: BTreeMap<&str, usize> = [
        ("statistics", Holds::Some),
        ("redo_log", Holds::Some),
        ("system_tablespace", Holds::Some),
        ("undo_tablespaces", Holds::Nothing),
        ("binary_log", Holds::Some),
        ("aria_log", Holds::Nothing),
        ("server_log", Holds::Nothing),
        ("other_tables", Holds::Nothing),
        ("other_files", Holds::Nothing),
    ]
    .into_iter()
    .map(|(name, holds)| (name, structures.of(name, holds)))
    .collect();
    let mut own = own;
    for (other, table) in mariadb.tables.iter().filter(|(p, _)| *p != place) {
        let Some(structure) = structures.beside(other) else { break };
        let (database, name) = table.names();
        own.beside.insert(format!("{}/{}", file_name(&database), file_name(&name)), structure);
    }
    let binary = log_base(&mut mariadb.conn, &mariadb.source)?;
    let all = files::below(&folder).map_err(|_| Fault::new("file_denied").with("place", &mariadb.source))?;
    let own_logs = mariadb.logs()?;
    let outside = binary.as_ref().is_some_and(|b| !b.starts_with(&folder));
    let raw: Vec<Raw> = all.into_iter().map(|path| raw_file(path, &folder, &own, &shared, (binary.as_deref(), &own_logs))).collect();
    let mut out = files::search(&raw, structures, needles);
    // A binary log that lies elsewhere was not looked into.
    out.unread += u64::from(outside);
    Ok(out)
}

/// The tables in which the server's own help lies.
const HELP: [&str; 4] = ["help_category", "help_keyword", "help_relation", "help_topic"];

/// Looks through the server's own help; where it cannot be read nothing is marked.
pub(super) fn shipped(mariadb: &Mariadb, needles: &mut Needles) {
    let all = mariadb.at.files.as_deref().and_then(|folder| files::below(&folder.join("mysql")).ok()).unwrap_or_default();
    let is_help = |path: &&PathBuf| path.file_stem().and_then(|name| name.to_str()).is_some_and(|name| HELP.contains(&name));
    for file in all.iter().filter(is_help).filter_map(|path| File::open(path).ok()) {
        let _ = needles.look_in(0, file);
    }
}

/// Where binary logs lie, if there are any.
fn log_base(conn: &mut Conn, source: &Place) -> Result<Option<PathBuf>, Fault> {
    let base: Option<Option<String>> = conn.query_first("SELECT @@GLOBAL.log_bin_basename").map_err(|e| fault(&e, source))?;
    Ok(base.flatten().filter(|b| !b.is_empty()).map(PathBuf::from))
}

fn raw_file(path: PathBuf, folder: &Path, own: &Own, shared: &BTreeMap<&str, usize>, (binary, logs): (Option<&Path>, &[PathBuf])) -> Raw {
    let short = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
    let plain = |name: &str| (shared.get(name).copied().unwrap_or_default(), Form::Plain);
    let name = short.rsplit('/').next().unwrap_or_default();
    let in_log = binary.and_then(|b| b.to_str()).is_some_and(|b| path.to_str().is_some_and(|p| p.starts_with(b)));
    let (structure, form) = match own.files.get(&short) {
        Some((structure, None)) => (*structure, Form::Plain),
        Some((structure, Some(size))) => {
            let (indexes, rows) = (own.indexes.clone(), *structure);
            (rows, Form::Pages(*size, Arc::new(move |_, page| index_of(page, &indexes, rows))))
        }
        None if own.is_full_text(&short) => (own.full_text.unwrap_or_default(), Form::Plain),
        None if in_log => plain("binary_log"),
        None if logs.contains(&path) => plain("server_log"),
        None if name.starts_with("ib_logfile") => plain("redo_log"),
        None if name.starts_with("ibdata") => plain("system_tablespace"),
        None if name.starts_with("undo") => plain("undo_tablespaces"),
        None if name.starts_with("aria_log") => plain("aria_log"),
        None if short.starts_with("mysql/column_stats") => plain("statistics"),
        None if short.contains('/') => match own.beside.get(stem(&short)) {
            Some(structure) => (*structure, Form::Plain),
            None => plain("other_tables"),
        },
        None => plain("other_files"),
    };
    Raw { path, structure, form }
}

/// A table's file without its ending and the name of a partition.
fn stem(short: &str) -> &str {
    let stem = short.rsplit_once('.').map_or(short, |(stem, _)| stem);
    stem.split_once("#P#").map_or(stem, |(table, _)| table)
}

/// The structure of a page by the index that stands in its header (`fil0fil.h`, `page0types.h`); pages of other kinds belong to the rows.
fn index_of(page: &[u8], indexes: &BTreeMap<u64, usize>, rows: usize) -> usize {
    let number = |at: usize, len: usize| page.get(at..at + len).unwrap_or_default().iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
    match number(24, 2) {
        17_854 | 17_855 => indexes.get(&number(66, 8)).copied().unwrap_or(rows),
        _ => rows,
    }
}

/// The files of one data set.
#[derive(Default)]
struct Own {
    /// By name below the data directory: structure of its rows, and the size of its pages where indexes share the file.
    files: BTreeMap<String, (usize, Option<usize>)>,
    /// By index id: structure.
    indexes: BTreeMap<u64, usize>,
    /// Beginning of the names of full-text tables, and their structure.
    full_text_files: Vec<String>,
    full_text: Option<usize>,
    /// Other tables by database and name, as their files are called: structure.
    beside: BTreeMap<String, usize>,
}

impl Own {
    fn new(mariadb: &mut Mariadb, place: &Place, table: &Table, structures: &mut Structures) -> Result<Own, Fault> {
        let mut out = Own::default();
        let rows = structures.of(place.as_str(), Holds::Records);
        let (database, name) = table.names();
        let stem = format!("{}/{}", file_name(&database), file_name(&name));
        if !table.engine.eq_ignore_ascii_case("innodb") {
            // Keys are packed: a value that shares its beginning with the one before is not whole.
            let keyed: Vec<u32> = (0..).zip(&table.fields).filter(|(_, f)| f.indexed).map(|(i, _)| i).collect();
            let keys = structures.of(&format!("{place}#1"), Holds::Blind(keyed));
            out.files.extend([".MYD", ".MAD"].map(|e| (format!("{stem}{e}"), (rows, None))));
            out.files.extend([".MYI", ".MAI"].map(|e| (format!("{stem}{e}"), (keys, None))));
            return Ok(out);
        }
        let map = |e: mysql::Error| fault(&e, place);
        let size: Option<usize> = mariadb.conn.query_first("SELECT @@GLOBAL.innodb_page_size").map_err(map)?;
        let sql = "SELECT TABLE_ID, NAME, ROW_FORMAT FROM information_schema.INNODB_SYS_TABLES WHERE NAME = ? OR NAME LIKE ?";
        let like = format!("{}#P#%", stem.replace('\\', "\\\\").replace('_', "\\_").replace('%', "\\%"));
        let tables: Vec<(u64, String, String)> = mariadb.conn.exec(sql, (&stem, like)).map_err(map)?;
        // Where changes of indexes are buffered, they lie packed in the system tablespace, for how long nobody knows.
        let buffers: Option<String> = mariadb.conn.query_first(BUFFERED).map_err(map)?;
        if buffers.is_some_and(|b| b != "none") {
            let indexed = (0..).zip(&table.fields).filter(|(_, f)| f.indexed).map(|(i, _)| i).collect();
            structures.of("change_buffer", Holds::Blind(indexed));
        }
        for (id, name, format) in tables {
            let paged = (format != "Compressed").then_some(size).flatten();
            out.files.insert(format!("{name}.ibd"), (rows, paged));
            let sql =
                "SELECT i.INDEX_ID, i.NAME, i.TYPE FROM information_schema.INNODB_SYS_INDEXES i WHERE i.TABLE_ID = ? ORDER BY i.INDEX_ID";
            let indexes: Vec<(u64, String, u64)> = mariadb.conn.exec(sql, (id,)).map_err(map)?;
            for (n, (index, name, kind)) in indexes.into_iter().enumerate() {
                if kind & 1 == 1 {
                    continue;
                }
                let holds = index_holds(&mut mariadb.conn, place, table, &name)?;
                if kind & 32 == 32 {
                    out.full_text = Some(structures.of(&format!("{place}#fulltext"), holds));
                    out.full_text_files.push(format!("{}/FTS_{id:016x}", file_name(&database)));
                } else {
                    out.indexes.insert(index, structures.of(&format!("{place}#{n}"), holds));
                }
            }
        }
        Ok(out)
    }

    fn is_full_text(&self, short: &str) -> bool {
        self.full_text_files.iter().any(|f| short.starts_with(f))
    }
}

/// What a secondary index holds: its columns and the primary key; of a prefix only a beginning, which is not the value.
fn index_holds(conn: &mut Conn, place: &Place, table: &Table, name: &str) -> Result<Holds, Fault> {
    let (database, own) = table.names();
    let sql = "SELECT COLUMN_NAME, SUB_PART IS NOT NULL FROM information_schema.STATISTICS \
         WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND INDEX_NAME = ? ORDER BY SEQ_IN_INDEX";
    let rows: Vec<(String, bool)> = conn.exec(sql, (database, own, name)).map_err(|e| fault(&e, place))?;
    let at = |c: &String| table.fields.iter().position(|f| f.name == *c).and_then(|i| u32::try_from(i).ok());
    let mut columns: Vec<u32> = rows.iter().filter_map(|(c, _)| at(c)).collect();
    if rows.iter().any(|(_, part)| *part) {
        return Ok(Holds::Blind(columns));
    }
    columns.extend(table.primary.iter().filter_map(|i| u32::try_from(*i).ok()));
    columns.sort_unstable();
    columns.dedup();
    Ok(Holds::Values(columns))
}

/// A name as the server calls its file: letters, digits and `_` as they are, others as `@` and four digits.
pub(super) fn file_name(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        match c {
            '0'..='9' | 'a'..='z' | 'A'..='Z' | '_' => out.push(c),
            other => out.push_str(&format!("@{:04x}", u32::from(other))),
        }
    }
    out
}

/// Minima and maxima that the statistics hold, and values written through undo, redo and binary log to be found there.
pub(super) fn probes(mariadb: &mut Mariadb, place: &Place) -> Result<Vec<Probe>, Fault> {
    let Some(table) = mariadb.tables.get(place).cloned() else { return Ok(Vec::new()) };
    let mut out = statistics(&mut mariadb.conn, place, &table)?;
    if mariadb.deep() {
        let values = write_probes(&mut mariadb.conn, &mariadb.source)?;
        let binary = log_base(&mut mariadb.conn, &mariadb.source)?.is_some();
        let structures = ["redo_log", "binary_log"].into_iter().take(if binary { 2 } else { 1 });
        for structure in structures {
            let probe = |v: &String| Probe { structure: structure.to_owned(), column: None, bytes: v.clone().into_bytes() };
            out.extend(values.iter().map(probe));
        }
    }
    Ok(out)
}

fn statistics(conn: &mut Conn, place: &Place, table: &Table) -> Result<Vec<Probe>, Fault> {
    let known: Option<u64> = conn
        .query_first("SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'mysql' AND TABLE_NAME = 'column_stats'")
        .map_err(|e| fault(&e, place))?;
    if known != Some(1) {
        return Ok(Vec::new());
    }
    let (database, name) = table.names();
    let sql = "SELECT column_name, min_value, max_value FROM mysql.column_stats WHERE db_name = ? AND table_name = ?";
    let rows: Vec<(String, Option<Vec<u8>>, Option<Vec<u8>>)> = conn.exec(sql, (database, name)).map_err(|e| fault(&e, place))?;
    let ordinal = |name: &str| table.fields.iter().position(|f| f.name == name).and_then(|i| u32::try_from(i).ok());
    let samples = rows.into_iter().flat_map(|(column, least, most)| {
        let column = ordinal(&column);
        [least, most].into_iter().flatten().map(move |bytes| (column, bytes))
    });
    Ok(Probe::of_statistics(samples))
}

/// Values that nobody has, inserted and updated in a table that is dropped at once.
fn write_probes(conn: &mut Conn, source: &Place) -> Result<Vec<String>, Fault> {
    let map = |e: mysql::Error| fault(&e, source);
    let table = quoted(PROBE_TABLE);
    conn.query_drop(format!("DROP TABLE IF EXISTS {table}")).map_err(map)?;
    conn.query_drop(format!("CREATE TABLE {table} (id INT PRIMARY KEY, probe VARCHAR(64) NOT NULL) ENGINE = InnoDB")).map_err(map)?;
    let seeds: Vec<String> =
        conn.query(format!("SELECT UUID() FROM (SELECT 1 FROM information_schema.COLUMNS LIMIT {PROBES}) s")).map_err(map)?;
    let first = seeds.first().cloned().unwrap_or_default();
    let values: Vec<String> = (0..PROBES).map(|n| format!("custody probe {n:04} {first}")).collect();
    for (chunk, at) in values.chunks(100).zip((0..).step_by(100)) {
        let sql = format!("INSERT INTO {table} VALUES {}", vec!["(?, ?)"; chunk.len()].join(", "));
        let bound = (at..).zip(chunk).flat_map(|(i, v): (i32, &String)| [mysql::Value::from(i), mysql::Value::from(v.as_str())]).collect();
        conn.exec_drop(sql, mysql::Params::Positional(bound)).map_err(map)?;
    }
    conn.query_drop(format!("DROP TABLE {table}")).map_err(map)?;
    Ok(values)
}

/// Writes every dirty page: by a checkpoint, or where the server knows none on demand, by lowering the share that may stay in memory.
pub(super) fn flush(conn: &mut Conn, source: &Place, patience: Duration) -> Result<(), Fault> {
    let map = |e: mysql::Error| fault(&e, source);
    let asked = conn.query_drop("SET GLOBAL innodb_log_checkpoint_now = ON").is_ok();
    if asked && wait(conn, source, Duration::from_millis(200), "Innodb_buffer_pool_pages_dirty", 0)? {
        return conn.query_drop("FLUSH TABLES").map_err(map);
    }
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
        std::thread::sleep(Duration::from_millis(50));
    }
}
