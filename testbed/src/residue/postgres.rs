//! The experiment on PostgreSQL: all structures in one database, looked at while they live, after DELETE and VACUUM, and after the recipe.

mod onlookers;
mod shortcuts;
mod structures;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::search::{Scan, Searcher, Which, files_below};
use super::server::{self, Looks, Steps, named, overwrite};
use super::{Figures, Measured, Row, Sight, Store};
use crate::Postgres;

const DATABASE: &str = "postgres";

pub fn measure(number: usize) -> Result<Measured, String> {
    let statements = has_statements();
    let mut options = "-c autovacuum=off -c max_prepared_transactions=4".to_owned();
    if statements {
        options += " -c shared_preload_libraries=pg_stat_statements -c pg_stat_statements.track_utility=on";
    }
    let server = Postgres::with(&options);
    let searcher = server::searcher(&structures::sets(), number);
    plant(&server, number, statements);
    let mut below = shortcuts::all(number)?;
    below.put("dropped column", unlogged(&server, &searcher));
    below.put("write-ahead log, what is packed", sorting(&server, &searcher)?);
    server.down("fast");
    server.up();
    let live = look(&server, &searcher);
    delete(&server);
    let naive = look(&server, &searcher);
    let mut steps = Steps::default();
    recipe(&server, &mut steps, statements);
    let looks = Looks { live, naive, recipe: look(&server, &searcher) };
    let rows = structures::structures(statements).iter().map(|s| s.row(&searcher, &looks, &steps)).collect::<Result<_, _>>()?;
    let (left, places) = searcher.left_anywhere(&looks.recipe);
    let mut notes = vec![
        format!(
            "{number} values a structure, of which every third went; what a dropped column and an emptied table held went whole. Times include starting a client."
        ),
        format!(
            "In all files of the server together {} after the recipe, which took {:.1} s{}.",
            left.in_full(),
            steps.sum(),
            named(&places)
        ),
    ];
    if !statements {
        notes.push("`pg_stat_statements` is not installed there: not measured.".to_owned());
    }
    let version = server.sql(DATABASE, "SHOW server_version").split_whitespace().next().unwrap_or_default().to_owned();
    Ok(Measured {
        store: Store::Postgresql,
        version: format!("PostgreSQL {version}"),
        naive: "DELETE → VACUUM".to_owned(),
        rows: below.among(rows),
        lookers: onlookers::all(&server, number)?,
        notes,
    })
}

/// The extension comes with the server on Debian, but not everywhere.
fn has_statements() -> bool {
    let versions = std::fs::read_dir("/usr/share/postgresql").into_iter().flatten().flatten();
    versions.map(|v| v.path().join("extension/pg_stat_statements.control")).any(|c| c.exists())
}

fn plant(server: &Postgres, number: usize, statements: bool) {
    let value = |tag, n| super::values::text(tag, n);
    server.sql(DATABASE, "CREATE EXTENSION pg_trgm");
    if statements {
        let texts: String = (0..number).map(|n| format!("DO $$ BEGIN PERFORM '{}'; END $$;\n", value("counted", n))).collect();
        server.sql(DATABASE, &format!("CREATE EXTENSION pg_stat_statements;\n{texts}"));
    }
    let failing: String = (0..number).map(|n| format!("SELECT 1 / 0, '{}' WHERE nothing;\n", value("failing", n))).collect();
    server.sql(DATABASE, &format!("\\set ON_ERROR_STOP 0\n{failing}"));
    for table in structures::tables() {
        server.sql(DATABASE, &format!("{};\n{}{};", table.create, table.rows(number), table.after));
    }
    server.sql(DATABASE, "CHECKPOINT");
}

fn delete(server: &Postgres) {
    let deletes: String = structures::tables().iter().map(|t| format!("{};\n", t.delete)).collect();
    server.sql(DATABASE, &format!("{deletes}VACUUM; CHECKPOINT;"));
}

/// Everything that a server keeps: its data directory, and the log beside it.
fn files(server: &Postgres) -> Vec<PathBuf> {
    let mut out = files_below(&server.data());
    out.push(log(server));
    out
}

fn log(server: &Postgres) -> PathBuf {
    server.data().with_file_name("log")
}

/// Names of relations by the files in which they lie; what lies outside of a table is called after the table.
fn relations(server: &Postgres) -> BTreeMap<String, String> {
    let sql = "SELECT pg_relation_filepath(c.oid), coalesce(t.relname || '.toast', o.relname || '.toast', c.relname) FROM pg_class c \
        LEFT JOIN pg_class t ON t.reltoastrelid = c.oid \
        LEFT JOIN pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_class o ON o.reltoastrelid = i.indrelid AND o.reltoastrelid <> 0 \
        WHERE pg_relation_filepath(c.oid) IS NOT NULL";
    server.sql(DATABASE, sql).lines().filter_map(|l| l.split_once('|')).map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
}

fn look(server: &Postgres, searcher: &Searcher) -> Scan {
    let relations = relations(server);
    let data = server.data();
    searcher.search(&files(server), &|file, _| place(file, &data, &relations))
}

/// A relation by its name, other files by their folder.
fn place(file: &Path, data: &Path, relations: &BTreeMap<String, String>) -> String {
    let Ok(inside) = file.strip_prefix(data) else { return "log".to_owned() };
    let path = inside.display().to_string();
    // Segments and forks are named after the first file.
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
    let first = format!("{folder}/{}", name.split(['.', '_']).next().unwrap_or(name));
    match relations.get(&first) {
        Some(relation) => relation.clone(),
        None if folder.ends_with("pgsql_tmp") => "pgsql_tmp".to_owned(),
        None => path.split('/').next().unwrap_or_default().to_owned(),
    }
}

/// The recipe of `docs/why/residue.md`, after a delete that knew nothing of it.
fn recipe(server: &Postgres, steps: &mut Steps, statements: bool) {
    let sql = |s: &str| server.sql(DATABASE, s);
    steps.time("refresh", || sql("REFRESH MATERIALIZED VIEW view"));
    steps.time("statistics", || sql("ANALYZE"));
    // Analysing an empty table changes nothing.
    steps.time("statistics", || sql("ALTER TABLE emptied ALTER id TYPE INT, ALTER v TYPE TEXT"));
    for table in structures::tables() {
        steps.time(&format!("full {}", table.name), || sql(&format!("VACUUM (FULL) {}", table.name)));
    }
    steps.time("full large", || sql("VACUUM (FULL) pg_largeobject"));
    steps.time("statistics", || sql("VACUUM (FULL) pg_statistic; VACUUM (FULL) pg_statistic_ext_data"));
    if statements {
        steps.time("statements", || sql("SELECT pg_stat_statements_reset()"));
    }
    steps.time("server log", || overwrite(&log(server)));
    steps.time("log", || cycle(server));
}

/// Segments of the log are removed instead of renamed, until those with values are gone; the settings are put back.
fn cycle(server: &Postgres) {
    const SETTINGS: [(&str, &str); 3] = [("wal_recycle", "off"), ("min_wal_size", "32MB"), ("wal_keep_size", "0")];
    for (name, value) in SETTINGS {
        server.sql(DATABASE, &format!("ALTER SYSTEM SET {name} = '{value}'"));
    }
    server.sql(DATABASE, "SELECT pg_reload_conf()");
    // The checkpointer reads its settings when it next looks.
    std::thread::sleep(std::time::Duration::from_millis(300));
    for _ in 0..3 {
        server.sql(DATABASE, "SELECT pg_switch_wal(); CHECKPOINT;");
    }
    for (name, _) in SETTINGS {
        server.sql(DATABASE, &format!("ALTER SYSTEM RESET {name}"));
    }
    server.sql(DATABASE, "SELECT pg_reload_conf()");
}

/// An unlogged table is not written by a checkpoint: searched before the server stops once.
fn unlogged(server: &Postgres, searcher: &Searcher) -> Row {
    let live = searcher.count(&look(server, searcher), "unlogged", Which::All, &|p| p == "unlogged");
    Row {
        structure: "unlogged table, after CHECKPOINT".to_owned(),
        live: live.in_full(),
        naive: "–".to_owned(),
        recipe: "–".to_owned(),
        shows: "L2".to_owned(),
    }
}

/// A sort that does not fit into memory lies in a file as long as its cursor is open.
fn sorting(server: &Postgres, searcher: &Searcher) -> Result<Row, String> {
    let seen = || searcher.count(&look(server, searcher), "heap", Which::All, &|p| p == "pgsql_tmp");
    let sql = "SET work_mem = '64kB'; BEGIN; DECLARE c CURSOR FOR SELECT v, a, j FROM heap ORDER BY v || 'x'; FETCH 1 FROM c;\n";
    let session = server.session(DATABASE, sql);
    let live = seen();
    session.end();
    let after = seen();
    let figures = Figures { live: vec![live], naive: vec![after], recipe: vec![after], kept: Vec::new(), seconds: 0.0 };
    let row = Row::checked("sort files, while the cursor is open", Sight::Share, &figures, "", "free blocks, out of scope")?;
    Ok(Row { recipe: "the file is gone when the cursor is closed".to_owned(), naive: "–".to_owned(), ..row })
}
