//! SQL that cleans up after a script has erased: the recipe of each store (docs/why/residue.md), each step saying that it ran.

use super::Dialect;

/// The word with which every line of a purge's output begins.
pub const PURGED: &str = "custody-purge";

/// The script, and its steps in order. It is run outside of a transaction, by somebody who may do what it does.
pub fn purge(dialect: Dialect, errand: &str, tables: &[String]) -> (String, Vec<String>) {
    let tables: Vec<String> = tables.iter().map(|t| dialect.name(t)).collect();
    let steps = match dialect {
        Dialect::Sqlite => sqlite(),
        Dialect::Postgresql => postgresql(&tables),
        Dialect::Mysql => mysql(&tables),
        Dialect::Sqlserver => sqlserver(&tables),
    };
    let mut out = format!(
        "-- {errand}: cleans up after erase.sql; readers wait while tables are rewritten, so run it in a quiet hour.\n\
         -- Run it whole and unchanged, outside of a transaction; send the whole output back.\n"
    );
    out.push_str(stop(dialect));
    for (name, sql) in &steps {
        out.push_str(&format!("-- {name}\n{sql}\nSELECT '{PURGED}', '{errand}', '{name}', 'ran';\n"));
    }
    (out, steps.into_iter().map(|(name, _)| name.to_owned()).collect())
}

/// A step that fails ends the script: no later line says that it ran.
fn stop(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => ".bail on\n",
        Dialect::Postgresql => "\\set ON_ERROR_STOP on\n",
        // Its client stops by itself.
        Dialect::Mysql => "",
        Dialect::Sqlserver => ":on error exit\n",
    }
}

type Steps = Vec<(&'static str, String)>;

fn each(tables: &[String], of: impl Fn(&String) -> String) -> String {
    tables.iter().map(of).collect::<Vec<_>>().join("\n")
}

fn sqlite() -> Steps {
    vec![
        ("secure_delete", "PRAGMA secure_delete = ON;".to_owned()),
        ("statistics", "ANALYZE;".to_owned()),
        ("rewrite", "VACUUM;".to_owned()),
        ("checkpoint", "PRAGMA wal_checkpoint(TRUNCATE);".to_owned()),
    ]
}

fn postgresql(tables: &[String]) -> Steps {
    const LOOKERS: &str = "DO $$ BEGIN IF EXISTS (SELECT FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL \
         AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)) OR EXISTS (SELECT FROM pg_prepared_xacts) \
         OR EXISTS (SELECT FROM pg_replication_slots WHERE NOT active) \
         THEN RAISE EXCEPTION 'somebody else is looking: open snapshots, prepared transactions or idle slots'; END IF; END $$;";
    // Views over views: as often as they may stand on each other.
    const REFRESH: &str = "DO $$ DECLARE v text; BEGIN FOR i IN 1..3 LOOP FOR v IN SELECT format('%I.%I', schemaname, matviewname) FROM pg_matviews \
         WHERE ispopulated LOOP EXECUTE 'REFRESH MATERIALIZED VIEW ' || v; END LOOP; END LOOP; END $$;\nANALYZE;";
    // What stood in the file of ALTER SYSTEM before is put back; what did not is taken out again.
    const CYCLE: &str = "SELECT coalesce(max(setting) FILTER (WHERE name = 'wal_recycle'), '') AS wal_recycle, \
         coalesce(max(setting) FILTER (WHERE name = 'min_wal_size'), '') AS min_wal_size, \
         count(*) FILTER (WHERE name = 'wal_recycle') > 0 AS own_recycle, count(*) FILTER (WHERE name = 'min_wal_size') > 0 AS own_size \
         FROM pg_file_settings WHERE sourcefile LIKE '%postgresql.auto.conf' \\gset\n\
         ALTER SYSTEM SET wal_recycle = off;\nALTER SYSTEM SET min_wal_size = '32MB';\nSELECT pg_reload_conf();\nSELECT pg_sleep(1);\n";
    const ROUND: &str = "SELECT pg_switch_wal();\nCHECKPOINT;\n";
    vec![
        ("lookers", LOOKERS.to_owned()),
        ("statistics", each(&[tables, &["pg_catalog.pg_largeobject".to_owned()]].concat(), own_statistics)),
        ("refresh", REFRESH.to_owned()),
        ("rewrite", each(tables, |t| format!("VACUUM (FULL) {t};"))),
        (
            "catalogue",
            each(&["pg_statistic", "pg_statistic_ext_data", "pg_largeobject"].map(str::to_owned), |t| {
                format!("VACUUM (FULL) pg_catalog.{t};")
            }),
        ),
        (
            "log",
            format!(
                "{CYCLE}{}\\if :own_recycle\nALTER SYSTEM SET wal_recycle = :'wal_recycle';\n\\else\nALTER SYSTEM RESET wal_recycle;\n\\endif\n\
                 \\if :own_size\nALTER SYSTEM SET min_wal_size = :'min_wal_size';\n\\else\nALTER SYSTEM RESET min_wal_size;\n\\endif\nSELECT pg_reload_conf();",
                ROUND.repeat(3)
            ),
        ),
    ]
}

/// Analysing an empty table changes nothing: its statistics, and those of its partitions, are dropped first.
fn own_statistics(table: &String) -> String {
    let quoted = table.replace('\'', "''");
    format!(
        "DELETE FROM pg_catalog.pg_statistic WHERE starelid = '{quoted}'::regclass \
         OR starelid IN (SELECT relid FROM pg_partition_tree('{quoted}'::regclass));\nANALYZE {table};"
    )
}

fn mysql(tables: &[String]) -> Steps {
    // A subquery of two rows is an error: so the script stops where somebody is looking. What it writes is nothing to replicas.
    const LOOKERS: &str = "SET SESSION sql_log_bin = 0;\nSELECT IF(COUNT(*) = 0, 'nobody', (SELECT 1 UNION SELECT 2)) FROM information_schema.INNODB_TRX \
         WHERE trx_mysql_thread_id <> CONNECTION_ID();";
    const FILLER: &str = "DROP TABLE IF EXISTS custody_filler;\nCREATE TABLE custody_filler (id INT PRIMARY KEY, filling VARBINARY(4000) NOT NULL) ENGINE = InnoDB;\n";
    let rows: Vec<String> = (0..2_000).map(|n| format!("({n},REPEAT('.',4000))")).collect();
    let fill = format!("{FILLER}INSERT INTO custody_filler VALUES {};\nSTART TRANSACTION;\n", rows.join(","));
    let named: Vec<String> = tables.iter().map(|t| Dialect::Mysql.text(&t.trim_matches('`').replace("``", "`"))).collect();
    let statistics = format!(
        "DELETE FROM mysql.column_stats WHERE db_name = DATABASE() AND table_name IN ({});\nOPTIMIZE NO_WRITE_TO_BINLOG TABLE mysql.column_stats;",
        named.join(", ")
    );
    let over: String = (1..=20).map(|n| format!("UPDATE custody_filler SET filling = REPEAT(CHAR({}), 4000);\n", 64 + n)).collect();
    vec![
        ("lookers", LOOKERS.to_owned()),
        ("rewrite", each(tables, |t| format!("OPTIMIZE NO_WRITE_TO_BINLOG TABLE {t};"))),
        ("statistics", statistics),
        ("binary_log", "FLUSH BINARY LOGS;\nSELECT SLEEP(3);\nFLUSH BINARY LOGS;\nPURGE BINARY LOGS BEFORE NOW();".to_owned()),
        ("write_over", format!("{fill}{over}COMMIT;\nDROP TABLE custody_filler;")),
        ("redo", "SET @size = @@GLOBAL.innodb_log_file_size;\nSET GLOBAL innodb_log_file_size = @size + 4194304;\nSET GLOBAL innodb_log_file_size = @size;".to_owned()),
    ]
}

fn sqlserver(tables: &[String]) -> Steps {
    vec![
        ("rewrite", each(tables, |t| format!("ALTER INDEX ALL ON {t} REBUILD;"))),
        ("statistics", each(tables, |t| format!("UPDATE STATISTICS {t} WITH FULLSCAN;"))),
        ("checkpoint", "CHECKPOINT;".to_owned()),
    ]
}

/// The steps that an output says have run, in its order, each once.
pub fn steps_told(output: &str, errand: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for line in output.lines() {
        let cells: Vec<&str> =
            line.split(['|', ',', ';', '\t', ' ']).map(|c| c.trim_matches(['"', '\''])).filter(|c| !c.is_empty()).collect();
        if let Some(at) = cells.iter().position(|c| *c == PURGED)
            && let [who, step, "ran"] = cells.get(at + 1..at + 4).unwrap_or_default()
            && *who == errand
            && !out.iter().any(|s| s == step)
        {
            out.push((*step).to_owned());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_says_that_it_ran() {
        for dialect in Dialect::WORDS.map(|(_, d)| d) {
            let (sql, steps) = purge(dialect, "er-1", &["订单".to_owned(), "a\"b".to_owned()]);
            assert!(steps.len() >= 3 && sql.matches("'ran'").count() == steps.len(), "{sql}");
            let output: String = steps.iter().map(|s| format!(" custody-purge | er-1 | {s} | ran\n")).collect();
            assert_eq!(steps_told(&output, "er-1"), steps);
            assert!(steps_told(&output, "er-2").is_empty());
        }
    }
}
