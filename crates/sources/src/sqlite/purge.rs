//! The purge of what erasing leaves in a SQLite database (docs/why/residue.md).

use rusqlite::Connection;
use terms::{Fault, Place};

use super::{Sqlite, fault, quoted};
use crate::dataset::Purged;

/// Statistics anew, search indexes merged, the file rewritten, the journal emptied; each answer read.
pub(super) fn purge(sqlite: &Sqlite) -> Result<Purged, Fault> {
    let at = &sqlite.source;
    let map = |e: rusqlite::Error| fault(&e, at);
    let runs = |step: &str| !sqlite.leave_out.has(step);
    let mut purging = Purging { connection: sqlite.writer()?, source: at, steps: Vec::new() };
    purging.prepare(runs("secure_delete")).map_err(map)?;
    if runs("full_text") {
        purging.full_text().map_err(map)?;
    }
    if runs("analyze") {
        purging.analyze().map_err(map)?;
    }
    if runs("rewrite") {
        purging.connection.execute_batch("VACUUM").map_err(map)?;
        purging.step("file rewritten (VACUUM)");
    }
    if runs("checkpoint") {
        purging.checkpoint()?;
    }
    if runs("rewrite") {
        purging.no_free_pages()?;
    }
    let Purging { connection, steps, .. } = purging;
    connection.close().map_err(|(_, e)| map(e))?;
    Ok(Purged { steps })
}

/// Largest database (bytes) of which a second copy is made in memory; of a larger one the system's folder for passing files gets it.
const SCRATCH_MAX: i64 = 128 << 20;

struct Purging<'a> {
    connection: Connection,
    source: &'a Place,
    steps: Vec<String>,
}

impl Purging<'_> {
    fn step(&mut self, what: impl Into<String>) {
        self.steps.push(what.into());
    }

    fn prepare(&mut self, secure: bool) -> rusqlite::Result<()> {
        let to = if secure { "ON" } else { "OFF" };
        self.connection.query_row(&format!("PRAGMA secure_delete = {to}"), [], |_| Ok(()))?;
        // The rewrite's scratch copy, which has what stays, is in memory where it fits: no plain copy on another medium.
        let pages: i64 = self.connection.query_row("PRAGMA page_count", [], |r| r.get(0))?;
        let size: i64 = self.connection.query_row("PRAGMA page_size", [], |r| r.get(0))?;
        let scratch = if pages.saturating_mul(size) <= SCRATCH_MAX { "MEMORY" } else { "FILE" };
        self.connection.execute_batch(&format!("PRAGMA temp_store = {scratch}"))?;
        self.step(format!("scratch copy of what stays: {}", scratch.to_lowercase()));
        self.step(format!("secure_delete {}", to.to_lowercase()));
        Ok(())
    }

    fn full_text(&mut self) -> rusqlite::Result<()> {
        let search = full_text(&self.connection)?;
        for (table, _) in &search {
            let name = quoted(table);
            // Made anew from the rows that are there; an index without content of its own can only be merged.
            let rebuilt = self.connection.execute_batch(&format!("INSERT INTO {name}({name}) VALUES ('rebuild')"));
            if rebuilt.is_err() {
                self.connection.execute_batch(&format!("INSERT INTO {name}({name}) VALUES ('optimize')"))?;
            }
        }
        self.step(format!("full-text indexes made anew or merged: {}", search.len()));
        Ok(())
    }

    fn analyze(&mut self) -> rusqlite::Result<()> {
        let tables = texts(&self.connection, "SELECT name FROM sqlite_schema WHERE name LIKE 'sqlite\\_stat%' ESCAPE '\\'")?;
        if !tables.is_empty() {
            self.connection.execute_batch("ANALYZE")?;
            self.step("statistics made anew");
        }
        Ok(())
    }

    /// The row that a checkpoint answers says whether somebody is reading; a journal that is kept is left.
    fn checkpoint(&mut self) -> Result<(), Fault> {
        let map = |e: rusqlite::Error| fault(&e, self.source);
        let (busy, log, done): (i64, i64, i64) =
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).map_err(map)?;
        self.steps.push(format!("checkpoint answered {busy}, {log}, {done}"));
        if busy != 0 {
            return Err(Fault::new("open_reader").with("source", self.source).with("who", "reader").retry());
        }
        let journal: String = self.connection.query_row("PRAGMA journal_mode", [], |r| r.get(0)).map_err(map)?;
        if journal == "persist" || journal == "truncate" {
            self.connection.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())).map_err(map)?;
            self.steps.push("journal removed".to_owned());
        }
        Ok(())
    }

    fn no_free_pages(&mut self) -> Result<(), Fault> {
        let free: i64 = self.connection.query_row("PRAGMA freelist_count", [], |r| r.get(0)).map_err(|e| fault(&e, self.source))?;
        self.step(format!("free pages: {free}"));
        if free == 0 { Ok(()) } else { Err(Fault::new("purge_incomplete").with("source", self.source).retry()) }
    }
}

/// Names of full-text indexes, and how they were made.
pub(super) fn full_text(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = connection.prepare("SELECT name, coalesce(sql, '') FROM sqlite_schema WHERE type = 'table'")?;
    let all: Vec<(String, String)> = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
    let is_index = |sql: &str| {
        let words: Vec<String> = sql.split_whitespace().map(str::to_ascii_lowercase).collect();
        words.starts_with(&["create".to_owned(), "virtual".to_owned()])
            && words.windows(2).any(|w| matches!(w, [a, b] if a == "using" && b.starts_with("fts")))
    };
    Ok(all.into_iter().filter(|(_, sql)| is_index(sql)).collect())
}

fn texts(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    statement.query_map([], |r| r.get(0))?.collect()
}
