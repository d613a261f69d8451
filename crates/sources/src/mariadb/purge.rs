//! The purge of MariaDB (docs/why/residue.md): nobody else looking, tables rewritten, statistics anew, logs cycled, old pages and undo written
//! over; every answer read.

use std::path::Path;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable as _;
use mysql::{Conn, Row};
use terms::{Fault, Place, PurgeStep};

use super::faults::fault;
use super::list::Table;
use super::remains::{flush, wait};
use super::{Mariadb, connect, logs, quoted};
use crate::dataset::{Purged, Setting};
use crate::overwrite::zero;
use crate::server::{Limits, ServerAt};
use crate::serverlog;

/// Rows of the filler and bytes of each: 8 MB of existing pages, more than the doublewrite buffer holds.
const FILLER_ROWS: usize = 2_000;
const FILLER_BYTES: usize = 4_000;
/// Rounds in which all of them are updated in one transaction: at least 64 MB of undo and log, and at most 512 MB.
const FILLER_ROUNDS: (u64, u64) = (8, 64);
/// Small updates: transactions take turns over 128 rollback segments, and each keeps a page of undo for its next one.
const FILLER_TURNS: usize = 3 * 128;
/// Rows of each: more undo than two pages hold.
const FILLER_TURN_ROWS: usize = 10;
/// Transactions that are open at once: together they hold the single pages of which short undo is made (32 each; 64 are an extent).
const FILLER_AT_ONCE: usize = 16;
/// Rows that each of them updates, time after time: the last page of undo is never full, and is another one each time.
const FILLER_AT_ONCE_ROWS: [usize; 4] = [125, 119, 111, 101];
/// The filler's name, beside the tables that were erased in.
const FILLER: &str = "custody_filler";

/// Cleans what erasing leaves behind.
pub(super) fn purge(mariadb: &Mariadb, places: &[Place]) -> Result<Purged, Fault> {
    let source = &mariadb.source;
    let tables: Vec<Table> = places.iter().filter_map(|p| mariadb.tables.get(p)).cloned().collect();
    let conn = connect::connect(&mariadb.at, source)?;
    let runs = |step: &str| !mariadb.leave_out.has(step);
    let mut purging = Purging { conn, at: &mariadb.at, source, limits: mariadb.at.limits, waits: runs("history"), steps: Vec::new() };
    let deep = |step: &str| mariadb.deep() && runs(step);
    purging.ask()?;
    if mariadb.deep() {
        unlogged(&mut purging.conn, source)?;
        purging.drop_filler()?;
    }
    if deep("history") {
        purging.alone()?;
        purging.step("nobody else is looking: history list 0");
    }
    if runs("rewrite") {
        purging.rewrite(&tables)?;
    }
    if deep("statistics") {
        purging.statistics(&tables)?;
    }
    if deep("binary_log") {
        purging.binary_log()?;
    }
    if deep("write_over") {
        purging.alone()?;
        purging.write_over()?;
    }
    if deep("redo") {
        purging.redo()?;
    }
    if deep("aria_log") {
        purging.aria_log()?;
    }
    if mariadb.deep() {
        flush(&mut purging.conn, source, purging.limits.max_snapshot)?;
        purging.step("dirty pages flushed");
    }
    if let Some(data) = mariadb.at.files.as_deref().filter(|_| deep(serverlog::STEP)) {
        purging.logs(data)?;
    }
    Ok(Purged { steps: purging.steps })
}

struct Purging<'a> {
    conn: Conn,
    at: &'a ServerAt,
    source: &'a Place,
    limits: Limits,
    /// Whether it waits for old row versions to be gone, wherever a step needs that.
    waits: bool,
    steps: Vec<String>,
}

/// What is written over and over is nothing to replicas, and would fill the binary log.
fn unlogged(conn: &mut Conn, source: &Place) -> Result<(), Fault> {
    conn.query_drop("SET SESSION sql_log_bin = 0").map_err(|e| fault(&e, source))
}

/// Which changes of indexes are kept in the system tablespace until somebody reads the page: `none` since 10.11.
pub(super) const BUFFERED: &str = "SELECT @@GLOBAL.innodb_change_buffering";

/// How long history may take that nobody looks at.
const HISTORY: Duration = Duration::from_secs(60);

const LOOKERS: &str =
    "SELECT trx_mysql_thread_id FROM information_schema.INNODB_TRX WHERE trx_mysql_thread_id <> CONNECTION_ID() ORDER BY trx_started";

impl Purging<'_> {
    fn run(&mut self, sql: &str) -> Result<(), Fault> {
        self.conn.query_drop(sql).map_err(|e| fault(&e, self.source))
    }

    fn number(&mut self, sql: &str) -> Result<Option<u64>, Fault> {
        self.conn.query_first(sql).map_err(|e| fault(&e, self.source))
    }

    fn step(&mut self, what: impl Into<String>) {
        self.steps.push(what.into());
    }

    /// What keeps copies that no purge of this server reaches: said in the receipt, and a standing task.
    fn ask(&mut self) -> Result<(), Fault> {
        let replicas = self.number("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'")?;
        // MySQL and later versions may not know it.
        let buffered = self.conn.query_first::<String, _>(BUFFERED).ok().flatten().unwrap_or_else(|| "unknown".to_owned());
        self.step(format!("asked: replicas {}, innodb_change_buffering {buffered}", replicas.unwrap_or_default()));
        Ok(())
    }

    /// The server's own logs hold statements with their values: files are overwritten and cut off, tables overwritten and emptied.
    fn logs(&mut self, data: &Path) -> Result<(), Fault> {
        let denied = |_| Fault::new("server_log_denied").with("source", self.source).retry();
        let files = logs::logs(&mut self.conn, self.source, data)?;
        let tables = logs::tables(data);
        tables.iter().try_for_each(|(_, file)| zero(file)).map_err(denied)?;
        for (table, _) in &tables {
            self.run(&format!("TRUNCATE TABLE mysql.{table}"))?;
        }
        let emptied = serverlog::empty(&files).map_err(|_| Fault::new("server_log_denied").with("source", self.source).retry())?;
        if emptied + tables.len() > 0 {
            self.step(format!("server's own logs overwritten and emptied: {} files and tables", emptied + tables.len()));
        }
        Ok(())
    }

    /// Waits until old row versions are gone: an old read view keeps all of them.
    fn alone(&mut self) -> Result<(), Fault> {
        let history = "Innodb_history_list_length";
        if !self.waits || wait(&mut self.conn, self.source, self.limits.lookers, history, 0)? {
            return Ok(());
        }
        let fault = Fault::new("somebody_is_looking").with("source", self.source);
        if let Some(thread) = self.number(LOOKERS)? {
            return Err(fault.with("who", "snapshot").with("which", thread).with("count", 1).retry());
        }
        // Nobody is: what was written by the purge itself takes its time.
        match wait(&mut self.conn, self.source, HISTORY, history, 0)? {
            true => Ok(()),
            false => Err(fault.with("who", "history_list").with("which", "").with("count", 1).retry()),
        }
    }

    /// Each table is written anew with all its indexes, full-text ones too.
    fn rewrite(&mut self, tables: &[Table]) -> Result<(), Fault> {
        // A rewrite takes as long as it takes; MySQL does not know this setting.
        let _ = self.conn.query_drop("SET SESSION max_statement_time = 0");
        // Where this is on, a table with a full-text index would not be rewritten.
        if self.number("SELECT @@GLOBAL.innodb_optimize_fulltext_only")? == Some(1) {
            self.run("SET GLOBAL innodb_optimize_fulltext_only = OFF")?;
        }
        for table in tables {
            match table.engine.eq_ignore_ascii_case("innodb") {
                true => self.optimise(&table.sql)?,
                // What is repaired in its old pages keeps what was behind a row that became shorter.
                false => self.run(&format!("ALTER TABLE {} FORCE, ALGORITHM = COPY", table.sql))?,
            }
        }
        self.step(format!("tables rewritten (OPTIMIZE TABLE): {}", tables.len()));
        Ok(())
    }

    /// The server answers in rows, and says `error` in one of them.
    fn optimise(&mut self, table: &str) -> Result<(), Fault> {
        let rows: Vec<Row> = self.conn.query(format!("OPTIMIZE NO_WRITE_TO_BINLOG TABLE {table}")).map_err(|e| fault(&e, self.source))?;
        let text = |r: &Row, i: usize| r.get_opt::<String, _>(i).and_then(Result::ok).unwrap_or_default().to_lowercase();
        if rows.iter().any(|r| text(r, 2) == "error" && ["is full", "no space", "errcode: 28"].iter().any(|w| text(r, 3).contains(w))) {
            return Err(Fault::new("disk_full").with("place", self.source).retry());
        }
        let kinds = rows.iter().map(|r| text(r, 2));
        if kinds.into_iter().any(|k| k == "error" || k == "warning") {
            return Err(Fault::new("purge_step_skipped").with("source", self.source).with("state", "OPTIMIZE"));
        }
        Ok(())
    }

    /// Minima, maxima and histograms of columns are values.
    fn statistics(&mut self, tables: &[Table]) -> Result<(), Fault> {
        let known =
            self.number("SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'mysql' AND TABLE_NAME = 'column_stats'")?;
        if known != Some(1) {
            return Ok(());
        }
        let mut dropped = 0;
        for table in tables {
            self.conn
                .exec_drop("DELETE FROM mysql.column_stats WHERE db_name = ? AND table_name = ?", table.names())
                .map_err(|e| fault(&e, self.source))?;
            dropped += self.conn.affected_rows();
        }
        // A run that ended between the two left them in the file.
        self.optimise("mysql.column_stats")?;
        self.step(format!("statistics of columns dropped: {dropped}"));
        Ok(())
    }

    /// The binary log holds the rows as they were.
    fn binary_log(&mut self) -> Result<(), Fault> {
        if self.number("SELECT @@GLOBAL.log_bin")? != Some(1) {
            self.step("no binary log");
            return Ok(());
        }
        self.run("FLUSH BINARY LOGS")?;
        let began = Instant::now();
        // A log that the engine may still need after a crash is kept, without a word: it is asked until only the newest is left.
        loop {
            let logs: Vec<Row> = self.conn.query("SHOW BINARY LOGS").map_err(|e| fault(&e, self.source))?;
            let newest = logs.last().and_then(|r| r.get_opt::<String, _>(0).and_then(Result::ok)).unwrap_or_default();
            if logs.len() <= 1 {
                break;
            }
            if began.elapsed() > self.limits.lookers {
                let fault = Fault::new("somebody_is_looking").with("source", self.source);
                return Err(fault.with("who", "binary_log").with("which", "").with("count", logs.len() - 1).retry());
            }
            flush(&mut self.conn, self.source, self.limits.max_snapshot)?;
            // This statement takes no bound value; the server named the file itself.
            self.run(&format!("PURGE BINARY LOGS TO '{}'", newest.replace(['\'', '\\'], "")))?;
            std::thread::sleep(Duration::from_millis(50));
        }
        self.step("binary logs removed up to the one begun now");
        Ok(())
    }

    /// Old pages in the doublewrite buffer and old undo are written over by updates of existing pages; new pages would not.
    fn write_over(&mut self) -> Result<(), Fault> {
        let filler = quoted(FILLER);
        self.run(&format!("CREATE TABLE {filler} (id INT PRIMARY KEY, filling VARBINARY({FILLER_BYTES}) NOT NULL) ENGINE = InnoDB"))?;
        let bytes = |n: usize| vec![u8::try_from(n % 251).unwrap_or_default(); FILLER_BYTES];
        for chunk in (0..FILLER_ROWS).collect::<Vec<_>>().chunks(100) {
            let sql = format!("INSERT INTO {filler} VALUES {}", vec!["(?, ?)"; chunk.len()].join(", "));
            let bound: Vec<mysql::Value> = chunk.iter().flat_map(|n| [mysql::Value::from(*n), mysql::Value::from(bytes(*n))]).collect();
            self.conn.exec_drop(sql, mysql::Params::Positional(bound)).map_err(|e| fault(&e, self.source))?;
        }
        flush(&mut self.conn, self.source, self.limits.max_snapshot)?;
        // Undo is given back when nobody needs it, not 128 times later. What was given back lies anywhere in the tablespace: as much undo as all of it holds, by one transaction, so that none is used twice.
        self.run("SET GLOBAL innodb_purge_rseg_truncate_frequency = 1")?;
        let rounds = rounds(&mut self.conn, self.source)?;
        self.run("START TRANSACTION")?;
        for round in 1..=rounds {
            let update = format!("UPDATE {filler} SET filling = ?");
            self.conn.exec_drop(update, (bytes(usize::try_from(round).unwrap_or_default() * 7),)).map_err(|e| fault(&e, self.source))?;
        }
        self.run("COMMIT")?;
        flush(&mut self.conn, self.source, self.limits.max_snapshot)?;
        let turn = format!("UPDATE {filler} SET filling = ? WHERE id < {FILLER_TURN_ROWS}");
        for n in 0..FILLER_TURNS {
            self.conn.exec_drop(&turn, (bytes(n),)).map_err(|e| fault(&e, self.source))?;
        }
        for rows in FILLER_AT_ONCE_ROWS {
            self.at_once(&filler, rows)?;
            self.alone()?;
        }
        flush(&mut self.conn, self.source, self.limits.max_snapshot)?;
        self.drop_filler()?;
        self.step(format!("old pages and undo written over: {rounds} rounds of {} MB", FILLER_ROWS * FILLER_BYTES / 1_000_000));
        Ok(())
    }

    /// Undo of several transactions that are open together, which lies where one alone would not come.
    fn at_once(&mut self, filler: &str, rows: usize) -> Result<(), Fault> {
        let map = |e: mysql::Error| fault(&e, self.source);
        let mut all = Vec::new();
        for n in 0..FILLER_AT_ONCE {
            let mut conn = connect::connect(self.at, self.source)?;
            unlogged(&mut conn, self.source)?;
            // Their rows are next to each other: none may lock what lies between.
            conn.query_drop("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").map_err(map)?;
            conn.query_drop("START TRANSACTION").map_err(map)?;
            let update = format!("UPDATE {filler} SET filling = ? WHERE id >= ? AND id < ?");
            let filling = vec![u8::try_from(rows % 251).unwrap_or_default(); FILLER_BYTES];
            conn.exec_drop(update, (filling, n * rows, (n + 1) * rows)).map_err(map)?;
            all.push(conn);
        }
        all.iter_mut().try_for_each(|conn| conn.query_drop("COMMIT").map_err(map))
    }

    fn drop_filler(&mut self) -> Result<(), Fault> {
        self.run(&format!("DROP TABLE IF EXISTS {}", quoted(FILLER)))
    }

    /// The log of Aria keeps rows until its files are full and a checkpoint lies beyond them: small files, quick checkpoints, and more than
    /// one file of rows of our own.
    fn aria_log(&mut self) -> Result<(), Fault> {
        if self.number(ARIA_TABLES)?.unwrap_or_default() == 0 {
            return Ok(());
        }
        let filler = quoted(FILLER);
        self.run("SET GLOBAL aria_log_file_size = 8388608, GLOBAL aria_checkpoint_interval = 1")?;
        self.drop_filler()?;
        self.run(&format!(
            "CREATE TABLE {filler} (id INT PRIMARY KEY, filling VARBINARY({FILLER_BYTES}) NOT NULL) ENGINE = Aria TRANSACTIONAL = 1"
        ))?;
        for from in (0..ARIA_ROWS).step_by(100) {
            let rows: Vec<String> = (from..from + 100).map(|n| format!("({n}, REPEAT('.', {FILLER_BYTES}))")).collect();
            self.run(&format!("INSERT INTO {filler} VALUES {}", rows.join(", ")))?;
        }
        self.drop_filler()?;
        self.run("FLUSH TABLES")?;
        std::thread::sleep(Duration::from_secs(3));
        self.step("log of Aria cycled");
        Ok(())
    }

    /// The redo log is made anew when its size changes.
    fn redo(&mut self) -> Result<(), Fault> {
        let Some(size) = self.number("SELECT @@GLOBAL.innodb_log_file_size")? else { return Ok(()) };
        let other = another(size);
        self.conn.query_drop(format!("SET GLOBAL innodb_log_file_size = {other}")).map_err(|e| match e {
            // It does not say why; what it needs is room for the new log beside the old one.
            mysql::Error::MySqlError(e) if e.code == 1501 => Fault::new("disk_full").with("place", self.source).retry(),
            e => fault(&e, self.source),
        })?;
        self.step("redo log made anew (another size)");
        Ok(())
    }
}

/// Another size of the redo log than this.
fn another(size: u64) -> u64 {
    if size > 16 << 20 { size - (4 << 20) } else { size + (4 << 20) }
}

/// Rounds in which the filler is updated: as much undo as the system tablespace holds.
fn rounds(conn: &mut Conn, source: &Place) -> Result<u64, Fault> {
    let sql = "SELECT FILE_SIZE FROM information_schema.INNODB_SYS_TABLESPACES WHERE SPACE = 0";
    let size: Option<u64> = conn.query_first(sql).map_err(|e| fault(&e, source))?;
    Ok(size.unwrap_or_default().div_ceil((FILLER_ROWS * FILLER_BYTES) as u64).clamp(FILLER_ROUNDS.0, FILLER_ROUNDS.1))
}

/// What is done once for the whole server, as the plan announces it: nobody waits, but binary logs are gone then, for whoever would go back by them.
pub(super) fn announced(conn: &mut Conn, source: &Place) -> Result<Vec<PurgeStep>, Fault> {
    let logged: Option<u64> = conn.query_first("SELECT @@GLOBAL.log_bin").map_err(|e| fault(&e, source))?;
    // Who may not ask for the size of the tablespace may not purge either: it is said as a missing right.
    let written = rounds(conn, source).unwrap_or(FILLER_ROUNDS.0) * (FILLER_ROWS * FILLER_BYTES) as u64;
    // The new redo log lies beside the old one for a moment.
    let redo: Option<u64> = conn.query_first("SELECT @@GLOBAL.innodb_log_file_size").ok().flatten();
    let room = written + redo.map_or(0, another);
    let logs = (logged == Some(1)).then(|| PurgeStep::beside("remove_binary_logs", 0, 1));
    Ok(logs.into_iter().chain([PurgeStep::beside("write_over_undo", room, written.div_ceil(WRITTEN_OVER))]).collect())
}

/// Bytes of undo written over in a second, as measured.
const WRITTEN_OVER: u64 = 8 << 20;

/// Tables of Aria that are somebody's.
const ARIA_TABLES: &str = "SELECT COUNT(*) FROM information_schema.TABLES WHERE ENGINE = 'Aria' \
     AND TABLE_SCHEMA NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema')";
/// Rows of the filler in it: 32 MB, four files of its log.
const ARIA_ROWS: usize = 8_000;

/// Settings that the purge changes.
const SETTINGS: [&str; 7] = [
    "aria_checkpoint_interval",
    "aria_log_file_size",
    "innodb_log_file_size",
    "innodb_max_dirty_pages_pct",
    "innodb_max_dirty_pages_pct_lwm",
    "innodb_optimize_fulltext_only",
    "innodb_purge_rseg_truncate_frequency",
];

/// Them as they are.
pub(super) fn settings(conn: &mut Conn, source: &Place) -> Result<Vec<Setting>, Fault> {
    let mut out = Vec::new();
    for name in SETTINGS {
        match conn.query_first::<String, _>(format!("SELECT CAST(@@GLOBAL.{name} AS CHAR)")) {
            Ok(value) => out.push(Setting { name: name.to_owned(), value }),
            // A setting that this server does not know (MySQL has no Aria) is not changed either.
            Err(mysql::Error::MySqlError(e)) if e.code == 1193 => {}
            Err(e) => return Err(fault(&e, source)),
        }
    }
    Ok(out)
}

/// Puts them back.
pub(super) fn put_back(conn: &mut Conn, source: &Place, settings: &[Setting]) -> Result<(), Fault> {
    for setting in settings.iter().filter(|s| SETTINGS.contains(&s.name.as_str())) {
        let Some(value) = setting.value.as_ref().filter(|v| v.bytes().all(|b| b.is_ascii_digit() || b == b'.')) else { continue };
        conn.query_drop(format!("SET GLOBAL {} = {value}", setting.name)).map_err(|e| fault(&e, source))?;
    }
    Ok(())
}
