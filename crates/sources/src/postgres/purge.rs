//! The purge of PostgreSQL (docs/why/residue.md): nobody else looking, copies refreshed, statistics anew, tables rewritten, the log cycled;
//! every answer read, warnings too.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use terms::{Fault, Place};

use super::connect::Warnings;
use super::faults::fault;
use super::list::{Kind, Table};
use super::session::Session;
use super::{Postgres, quoted};
use crate::dataset::{Purged, Setting};
use crate::serverlog;

/// Rounds of the log after which no recycled segment is left.
const LOG_ROUNDS: usize = 3;
/// How long they take at most, as measured.
pub(super) const LOG_SECONDS: u64 = 3;

/// Cleans what erasing leaves behind.
pub(super) fn purge(postgres: &Postgres, places: &[Place]) -> Result<Purged, Fault> {
    let source = &postgres.source;
    let tables: Vec<Table> = places.iter().filter_map(|p| postgres.tables.get(p)).filter(|t| t.kind != Kind::View).cloned().collect();
    let (client, warnings) = postgres.writer()?;
    let rewrite = format!("SET statement_timeout = {}", postgres.at.limits.max_snapshot.as_millis());
    client.batch_execute(&rewrite).map_err(|e| fault(&e, source))?;
    let row = client.query_one(BEGAN, &[]).map_err(|e| fault(&e, source))?;
    let began = (row.try_get(0).unwrap_or_default(), row.try_get(1).unwrap_or_default());
    let mut purging = Purging { client, warnings, source, steps: Vec::new(), began };
    purging.ask()?;
    purging.alone(postgres.at.limits.lookers)?;
    let runs = |step: &str| !postgres.leave_out.has(step);
    if runs("refresh") {
        purging.refresh(&tables)?;
    }
    let rows: Vec<&Table> = tables.iter().filter(|t| t.kind != Kind::LargeObjects).collect();
    if runs("analyze") {
        purging.analyze(&rows)?;
        if postgres.deep() {
            purging.analyze_large_objects()?;
        }
    }
    if runs("rewrite") {
        purging.rewrite(&rows)?;
    }
    if postgres.deep() {
        if runs("catalogue") {
            purging.rewrite_catalogue()?;
        }
        if runs("statements") {
            purging.statements()?;
        }
        if runs("log") {
            purging.alone(postgres.at.limits.lookers)?;
            purging.cycle_log()?;
        }
        if runs(serverlog::STEP) {
            purging.logs(&postgres.logs())?;
        }
    }
    Ok(Purged { steps: purging.steps })
}

struct Purging<'a> {
    client: Session,
    warnings: Warnings,
    source: &'a Place,
    steps: Vec<String>,
    /// Where the server was when the purge began: the next transaction, and the end of its log.
    began: (String, String),
}

/// Least wait for a standby to say that it has come as far as the purge.
const STANDBY: Duration = Duration::from_secs(25);

/// The table `pg_largeobject` in every database.
const LARGE_OBJECTS: u32 = 2_613;

const BEGAN: &str = "SELECT pg_snapshot_xmax(pg_current_snapshot())::xid::text, pg_current_wal_lsn()::text";

/// Who keeps old row versions or old log alive: kind, and a name that is a number or was given by an administrator.
const LOOKERS: &str = "SELECT 'snapshot', pid::text FROM pg_stat_activity \
       WHERE pid <> pg_backend_pid() AND datname IS NOT NULL AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL) \
     UNION ALL SELECT 'prepared_transaction', transaction::text FROM pg_prepared_xacts \
     UNION ALL SELECT 'replication_slot', slot_name::text FROM pg_replication_slots WHERE NOT active \
     UNION ALL SELECT 'standby', pid::text FROM pg_stat_replication \
       WHERE age(backend_xmin) > age($1::text::xid) OR replay_lsn < $2::text::pg_lsn \
     ORDER BY 1, 2";

/// Who else may hold a copy, or be at work.
const ASKED: &str = "SELECT current_setting('archive_mode'), (SELECT count(*) FROM pg_replication_slots), (SELECT count(*) FROM pg_stat_replication), \
     (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker')";

/// Materialised views over the tables, those over others of them last.
pub(super) const VIEWS: &str = "WITH RECURSIVE over(oid, depth) AS ( \
       SELECT t, 0 FROM unnest($1::oid[]) AS t \
       UNION SELECT r.ev_class, o.depth + 1 FROM over o JOIN pg_depend d ON d.refobjid = o.oid AND d.classid = 'pg_rewrite'::regclass \
         JOIN pg_rewrite r ON r.oid = d.objid WHERE r.ev_class <> o.oid AND o.depth < 32) \
     SELECT n.nspname::text, c.relname::text, c.oid FROM (SELECT oid, max(depth) AS depth FROM over WHERE depth > 0 GROUP BY oid) o \
     JOIN pg_class c ON c.oid = o.oid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'm' ORDER BY o.depth, 1, 2";

/// Statistics of a table, of the tables in which its rows lie, and of their indexes.
const DROP_STATISTICS: [&str; 2] = [
    "WITH RECURSIVE own(oid) AS (SELECT $1::oid UNION SELECT i.inhrelid FROM own o JOIN pg_inherits i ON i.inhparent = o.oid) \
     DELETE FROM pg_catalog.pg_statistic WHERE starelid IN (SELECT oid FROM own UNION SELECT i.indexrelid FROM own o JOIN pg_index i ON i.indrelid = o.oid)",
    "WITH RECURSIVE own(oid) AS (SELECT $1::oid UNION SELECT i.inhrelid FROM own o JOIN pg_inherits i ON i.inhparent = o.oid) \
     DELETE FROM pg_catalog.pg_statistic_ext_data WHERE stxoid IN (SELECT e.oid FROM pg_statistic_ext e JOIN own o ON o.oid = e.stxrelid)",
];

impl Purging<'_> {
    fn run(&mut self, sql: &str) -> Result<(), Fault> {
        self.client.batch_execute(sql).map_err(|e| fault(&e, self.source))?;
        // A step that was skipped for want of a right is "success" with a warning.
        match self.warnings.take().first() {
            Some(state) => Err(Fault::new("purge_step_skipped").with("source", self.source).with("state", state)),
            None => Ok(()),
        }
    }

    fn step(&mut self, what: impl Into<String>) {
        self.steps.push(what.into());
    }

    /// Waits until nobody else is looking, and names who still is.
    fn alone(&mut self, patience: Duration) -> Result<(), Fault> {
        let began = Instant::now();
        loop {
            let (oldest, written) = &self.began;
            let rows = self.client.query(LOOKERS, &[oldest, written]).map_err(|e| fault(&e, self.source))?;
            let Some(first) = rows.first() else {
                self.step("nobody else is looking: no snapshot, prepared transaction, idle slot, standby that looks or is behind");
                return Ok(());
            };
            // A standby says where it is every ten seconds, unless it was told otherwise.
            let standby = first.try_get::<_, String>(0).is_ok_and(|who| who == "standby");
            if began.elapsed() >= if standby { patience.max(STANDBY) } else { patience } {
                let of = |i: usize| first.try_get::<_, String>(i).unwrap_or_default();
                let fault = Fault::new("somebody_is_looking").with("source", self.source);
                return Err(fault.with("who", of(0)).with("which", of(1)).with("count", rows.len()).retry());
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// What keeps copies that no purge of this server reaches: said in the receipt, and a standing task.
    fn ask(&mut self) -> Result<(), Fault> {
        let row = self.client.query_one(ASKED, &[]).map_err(|e| fault(&e, self.source))?;
        let number = |i: usize| row.try_get::<_, i64>(i).unwrap_or_default();
        let archive: String = row.try_get(0).unwrap_or_default();
        let (slots, standbys, vacuums) = (number(1), number(2), number(3));
        self.step(format!("asked: archive_mode {archive}, slots {slots}, standbys {standbys}, autovacuum workers {vacuums}"));
        Ok(())
    }

    /// The server's own logs hold statements with their values.
    fn logs(&mut self, logs: &[PathBuf]) -> Result<(), Fault> {
        let emptied = serverlog::empty(logs).map_err(|_| Fault::new("server_log_denied").with("source", self.source).retry())?;
        if emptied > 0 {
            self.step(format!("server's own logs overwritten and emptied: {emptied} files"));
        }
        Ok(())
    }

    /// Materialised views are copies: computed anew they have only what their tables have.
    fn refresh(&mut self, tables: &[Table]) -> Result<(), Fault> {
        let oids: Vec<u32> = tables.iter().map(|t| t.oid).collect();
        let rows = self.client.query(VIEWS, &[&oids]).map_err(|e| fault(&e, self.source))?;
        let mut views = BTreeSet::new();
        for row in &rows {
            let (schema, name): (String, String) = (row.try_get(0).unwrap_or_default(), row.try_get(1).unwrap_or_default());
            let view = format!("{}.{}", quoted(&schema), quoted(&name));
            self.run(&format!("REFRESH MATERIALIZED VIEW {view}"))?;
            self.drop_statistics(row.try_get(2).unwrap_or_default())?;
            self.run(&format!("ANALYZE {view}"))?;
            views.insert(view);
        }
        self.step(format!("materialised views computed anew: {}", views.len()));
        Ok(())
    }

    /// Statistics are copies: made anew from the rows that are left, before their own tables are written anew.
    fn analyze(&mut self, tables: &[&Table]) -> Result<(), Fault> {
        for table in tables {
            self.statistics(table)?;
        }
        self.step(format!("statistics made anew: {} tables", tables.len()));
        Ok(())
    }

    /// Whoever analyses the whole database also makes statistics of large objects: their beginnings. Where none is left analysing changes
    /// nothing, and only a superuser may drop them: they are made with one that holds nothing of anybody and is dropped at once.
    fn analyze_large_objects(&mut self) -> Result<(), Fault> {
        self.drop_statistics(LARGE_OBJECTS)?;
        // Pages of which nothing is left would be all that is sampled.
        self.run("VACUUM pg_catalog.pg_largeobject")?;
        self.run(
            "DO $$ DECLARE o oid; BEGIN o := lo_from_bytea(0, '\\x00'); ANALYZE pg_catalog.pg_largeobject; PERFORM lo_unlink(o); END $$",
        )?;
        self.step("statistics of large objects made anew");
        Ok(())
    }

    fn rewrite(&mut self, tables: &[&Table]) -> Result<(), Fault> {
        for table in tables {
            self.run(&format!("VACUUM (FULL) {}", table.sql))?;
        }
        self.step(format!("tables rewritten (VACUUM FULL): {}", tables.len()));
        Ok(())
    }

    /// The tables in which statistics and large objects lie.
    fn rewrite_catalogue(&mut self) -> Result<(), Fault> {
        for catalogue in ["pg_statistic", "pg_statistic_ext_data", "pg_largeobject"] {
            self.run(&format!("VACUUM (FULL) pg_catalog.{catalogue}"))?;
        }
        self.step("statistics and large objects rewritten (VACUUM FULL)");
        Ok(())
    }

    /// Analysing an empty table or partition changes nothing: the old statistics are dropped first. Who is no superuser drops them by giving
    /// each column its own type again; where a view, a policy or a key forbids that they stay, and the search says so.
    fn statistics(&mut self, table: &Table) -> Result<(), Fault> {
        let dropped = self.drop_statistics(table.oid)?;
        self.run(&format!("ANALYZE {}", table.sql))?;
        if dropped {
            return Ok(());
        }
        let filled = self.client.query_opt(&format!("SELECT 1 FROM {} LIMIT 1", table.sql), &[]).map_err(|e| fault(&e, self.source))?;
        for field in table.fields.iter().filter(|f| filled.is_none() && !f.generated) {
            let own = format!("ALTER TABLE {} ALTER {} TYPE {}{}", table.sql, field.sql, field.type_sql, field.collation);
            match self.client.batch_execute(&own) {
                Err(e) if !e.as_db_error().is_some_and(|e| matches!(e.code().code(), "0A000" | "42P16" | "42501")) => {
                    return Err(fault(&e, self.source));
                }
                _ => {}
            }
        }
        self.none_stay(table)
    }

    /// Statistics of an emptied table that a view, a policy or a key holds: only a superuser can drop them.
    fn none_stay(&mut self, table: &Table) -> Result<(), Fault> {
        let sql = "SELECT count(*) FROM pg_stats s JOIN pg_class c ON c.relname = s.tablename JOIN pg_namespace n ON n.oid = c.relnamespace \
             AND n.nspname = s.schemaname WHERE c.oid = $1 AND NOT EXISTS (SELECT FROM pg_class x WHERE x.oid = c.oid AND x.reltuples > 0)";
        let empty =
            self.client.query_opt(&format!("SELECT 1 FROM {} LIMIT 1", table.sql), &[]).map_err(|e| fault(&e, self.source))?.is_none();
        let row = self.client.query_one(sql, &[&table.oid]).map_err(|e| fault(&e, self.source))?;
        if empty && row.try_get::<_, i64>(0).unwrap_or_default() > 0 {
            return Err(Fault::new("statistics_stay").with("source", self.source).with("table", table.oid).retry());
        }
        Ok(())
    }

    /// Whether they were dropped: a superuser may.
    fn drop_statistics(&mut self, table: u32) -> Result<bool, Fault> {
        let sql = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user";
        let map = |e: tokio_postgres::Error| fault(&e, self.source);
        let superuser = self.client.query_opt(sql, &[]).map_err(map)?.is_some_and(|r| r.try_get(0).unwrap_or(false));
        for sql in DROP_STATISTICS.iter().filter(|_| superuser) {
            self.client.execute(*sql, &[&table]).map_err(map)?;
        }
        Ok(superuser)
    }

    /// Texts of statements that the server counts.
    fn statements(&mut self) -> Result<(), Fault> {
        let sql = "SELECT n.nspname::text FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'";
        let Some(row) = self.client.query_opt(sql, &[]).map_err(|e| fault(&e, self.source))? else { return Ok(()) };
        let schema: String = row.try_get(0).unwrap_or_default();
        self.run(&format!("SELECT {}.pg_stat_statements_reset()", quoted(&schema)))?;
        self.step("texts of counted statements dropped");
        Ok(())
    }

    /// The log holds row images: segments are removed instead of renamed, until those with images are gone.
    fn cycle_log(&mut self) -> Result<(), Fault> {
        for (name, value) in LOG_SETTINGS {
            self.run(&format!("ALTER SYSTEM SET {name} = '{value}'"))?;
        }
        self.run("SELECT pg_reload_conf()")?;
        // The checkpointer reads its settings when it next looks.
        std::thread::sleep(Duration::from_millis(300));
        for _ in 0..LOG_ROUNDS {
            self.run("SELECT pg_switch_wal()")?;
            self.run("CHECKPOINT")?;
        }
        self.step(format!("write-ahead log cycled {LOG_ROUNDS} times without recycling"));
        Ok(())
    }
}

/// What an administrator set by `ALTER SYSTEM`, of what the purge changes.
pub(super) fn settings(client: &mut Session, source: &Place) -> Result<Vec<Setting>, Fault> {
    let sql =
        "SELECT setting FROM pg_file_settings WHERE name = $1 AND sourcefile LIKE '%postgresql.auto.conf' ORDER BY seqno DESC LIMIT 1";
    let mut out = Vec::new();
    for (name, _) in LOG_SETTINGS {
        let row = client.query_opt(sql, &[&name]).map_err(|e| fault(&e, source))?;
        out.push(Setting { name: name.to_owned(), value: row.and_then(|r| r.try_get(0).ok()) });
    }
    Ok(out)
}

/// Puts them back.
pub(super) fn put_back(client: &mut Session, source: &Place, settings: &[Setting]) -> Result<(), Fault> {
    let known = settings.iter().filter(|s| LOG_SETTINGS.iter().any(|(name, _)| s.name == *name));
    let mut sql: Vec<String> = known
        .map(|s| match &s.value {
            Some(value) => format!("ALTER SYSTEM SET {} = '{}'", s.name, value.replace('\'', "''")),
            None => format!("ALTER SYSTEM RESET {}", s.name),
        })
        .collect();
    sql.push("SELECT pg_reload_conf()".to_owned());
    sql.iter().try_for_each(|s| client.batch_execute(s).map_err(|e| fault(&e, source)))
}

/// Settings under which segments of the log are removed.
const LOG_SETTINGS: [(&str, &str); 3] = [("wal_recycle", "off"), ("min_wal_size", "32MB"), ("wal_keep_size", "0")];
