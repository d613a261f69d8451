//! The experiment on MariaDB: all structures in one database, looked at while they live, after DELETE and the engine's purge, and after the recipe.

mod shortcuts;
mod structures;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::search::{Scan, Searcher, Which, files_below};
use super::server::{self, Looks, Set, Steps, Table, named, overwrite};
use super::{Looker, Measured, Row, Store, lookers, values};
use crate::Mariadb;

/// The doublewrite buffer: pages of the system tablespace.
const DOUBLEWRITE: std::ops::Range<usize> = 64..192;
const PAGE_BYTES: usize = 16_384;

const OPTIONS: [&str; 3] = ["--log-bin=binlog", "--binlog-format=ROW", "--general-log-file=general.log"];

pub fn measure(number: usize) -> Result<Measured, String> {
    let below = shortcuts::all(number)?;
    let mut server = Mariadb::with(&OPTIONS);
    let searcher = server::searcher(&structures::sets(), number);
    plant(&server, number);
    let live = look(&server, &searcher);
    delete(&server);
    let naive = look(&server, &searcher);
    let mut steps = Steps::default();
    recipe(&server, &mut steps);
    let mut looks = Looks { live, naive, recipe: look(&server, &searcher) };
    let row = |s: server::Structure| s.row(&searcher, &looks, &steps);
    let mut rows: Vec<Row> = structures::structures().into_iter().map(row).collect::<Result<_, _>>()?;
    let (left, places) = searcher.left_anywhere(&looks.recipe);
    let seconds = steps.sum();
    steps.time("aria log", || without_aria_log(&mut server));
    looks.recipe = look(&server, &searcher);
    rows.push(structures::stopped().row(&searcher, &looks, &steps)?);
    let (after, after_places) = searcher.left_anywhere(&looks.recipe);
    let notes = vec![
        format!(
            "{number} values a structure, of which every third went; what a dropped column held went whole. Times include starting a client."
        ),
        format!("In all files of the server together {} after the recipe, which took {seconds:.1} s{};", left.in_full(), named(&places)),
        format!("{} without `aria_log.*`{}.", after.in_full(), named(&after_places)),
    ];
    let version = server.sql("SELECT SUBSTRING_INDEX(VERSION(), '-', 1)");
    Ok(Measured {
        store: Store::Mariadb,
        version: format!("MariaDB {}", version.trim()),
        naive: "DELETE and the engine's purge".to_owned(),
        rows: below.among(rows),
        lookers: lookers::checked(vec![old_read_view(&server, number)])?,
        notes,
    })
}

fn plant(server: &Mariadb, number: usize) {
    server.sql("CREATE DATABASE r");
    for table in structures::tables() {
        server.sql(&format!("USE r; {};\n{}{};", table.create, table.rows(number), table.after));
    }
    let texts: String = (0..number).map(|n| format!("SELECT '{}';\n", values::text("general", n))).collect();
    server.sql(&format!("SET GLOBAL general_log = ON;\n{texts}SET GLOBAL general_log = OFF;"));
    flush(server);
    // A page's first flush goes past the doublewrite buffer; its next one does not.
    server.sql("UPDATE r.twice SET n = 1");
    flush(server);
}

/// Deletes and lets the engine purge. Two tables are flushed while somebody keeps an old read view: else what purging frees at once, undo and
/// pages with rows that are only marked, is never written to a file.
fn delete(server: &Mariadb) {
    let (watched, others): (Vec<Table>, Vec<Table>) = structures::tables().into_iter().partition(|t| ["undone", "twice"].contains(&t.name));
    run(server, &others);
    purged(server);
    beside_a_reader(server, &watched);
    purged(server);
    flush(server);
}

fn beside_a_reader(server: &Mariadb, tables: &[Table]) {
    let reader = server.session("START TRANSACTION WITH CONSISTENT SNAPSHOT; SELECT 1;\n");
    run(server, tables);
    flush(server);
    reader.end();
}

fn run(server: &Mariadb, tables: &[Table]) {
    for table in tables {
        server.sql(&format!("USE r; {};", table.delete));
    }
}

/// Waits until nobody could ask for old versions of rows any more.
fn purged(server: &Mariadb) {
    until(server, "Innodb_history_list_length");
}

/// All pages are written to their files.
fn flush(server: &Mariadb) {
    server.sql(
        "SET GLOBAL innodb_log_checkpoint_now = ON; SET GLOBAL innodb_max_dirty_pages_pct_lwm = 0, GLOBAL innodb_max_dirty_pages_pct = 0",
    );
    until(server, "Innodb_buffer_pool_pages_dirty");
    server.sql("SET GLOBAL innodb_max_dirty_pages_pct = DEFAULT, GLOBAL innodb_max_dirty_pages_pct_lwm = DEFAULT; FLUSH TABLES");
}

fn until(server: &Mariadb, status: &str) {
    let began = Instant::now();
    let asked = format!("SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = '{status}'");
    loop {
        let now = server.sql(&asked);
        if now.trim() == "0" {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{status} stays {now}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn look(server: &Mariadb, searcher: &Searcher) -> Scan {
    let files: Vec<PathBuf> = files_below(&server.data());
    searcher.search(&files, &place)
}

/// A file by its name; the system tablespace by its parts, full-text tables together.
fn place(file: &Path, offset: usize) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match name.as_str() {
        "ibdata1" if DOUBLEWRITE.contains(&(offset / PAGE_BYTES)) => "doublewrite".to_owned(),
        _ if name.starts_with("FTS_") => "fulltext".to_owned(),
        _ => name,
    }
}

/// The recipe of `docs/why/residue.md`, after a delete that knew nothing of it.
fn recipe(server: &Mariadb, steps: &mut Steps) {
    steps.time("history", || purged(server));
    for table in structures::tables() {
        steps.time(&format!("optimise {}", table.name), || optimise(server, &format!("r.{}", table.name)));
    }
    steps.time("statistics", || {
        server.sql("DELETE FROM mysql.column_stats WHERE db_name = 'r'");
        optimise(server, "mysql.column_stats");
    });
    steps.time("general log", || overwrite(&server.data().join("general.log")));
    steps.time("binary log", || cycle_binary_log(server));
    steps.time("history", || purged(server));
    steps.time("write over", || write_over(server));
    steps.time("redo", || another_redo_log(server));
}

/// The server answers in rows, and says `error` in one of them.
fn optimise(server: &Mariadb, table: &str) {
    let answer = server.sql(&format!("OPTIMIZE NO_WRITE_TO_BINLOG TABLE {table}"));
    let kinds = answer.lines().filter_map(|l| l.split('\t').nth(2));
    assert!(kinds.map(str::to_lowercase).all(|k| k != "error" && k != "warning"), "{answer}");
}

/// A log that the engine may still need is kept without a word: asked until only the newest is left.
fn cycle_binary_log(server: &Mariadb) {
    server.sql("FLUSH BINARY LOGS");
    let began = Instant::now();
    loop {
        let logs = server.sql("SHOW BINARY LOGS");
        if logs.lines().count() <= 1 {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "binary logs stay: {logs}");
        let newest = logs.lines().last().and_then(|l| l.split('\t').next()).unwrap_or_default().to_owned();
        flush(server);
        server.sql(&format!("PURGE BINARY LOGS TO '{newest}'"));
    }
}

fn write_over(server: &Mariadb) {
    make_filler(server);
    change_filler(server, 8);
    server.sql("DROP TABLE r.filler");
}

fn make_filler(server: &Mariadb) {
    server.sql(
        "USE r; CREATE TABLE r.filler (id INT PRIMARY KEY, filling VARBINARY(4000) NOT NULL); \
         INSERT INTO r.filler SELECT seq, REPEAT('a', 4000) FROM seq_1_to_2000",
    );
    flush(server);
}

/// Updates of pages that exist go over the doublewrite buffer and over old undo; new pages would not.
fn change_filler(server: &Mariadb, rounds: usize) {
    for round in 1..=rounds {
        server.sql(&format!("UPDATE r.filler SET filling = REPEAT(CHAR(97 + {round}), 4000)"));
        flush(server);
    }
}

/// The redo log is made anew when its size changes.
fn another_redo_log(server: &Mariadb) {
    let size: u64 = server.sql("SELECT @@GLOBAL.innodb_log_file_size").trim().parse().unwrap();
    server.sql(&format!("SET GLOBAL innodb_log_file_size = {}", size - (4 << 20)));
    flush(server);
}

fn without_aria_log(server: &mut Mariadb) {
    server.down();
    for file in files_below(&server.data()) {
        if file.file_name().is_some_and(|n| n.to_string_lossy().starts_with("aria_log.")) {
            std::fs::remove_file(file).unwrap();
        }
    }
    server.up();
}

/// One reader with a read view from before the delete: what the recipe leaves with them, and without.
fn old_read_view(server: &Mariadb, number: usize) -> Looker {
    let table = Table::new("watched", " PRIMARY KEY, v VARCHAR(80), KEY (v)", |n| format!("'{}'", values::text("watched", n)));
    let set = Set { name: "watched", needle: |n| values::text("watched", n).into_bytes(), all_go: false };
    let searcher = server::searcher(&[set], number);
    server.sql(&format!("USE r; {};\n{}", table.create, table.rows(number)));
    purged(server);
    flush(server);
    let reader = server.session("START TRANSACTION WITH CONSISTENT SNAPSHOT; SELECT 1;\n");
    server.sql(&format!("USE r; {};", table.delete));
    let left = || {
        optimise(server, "r.watched");
        cycle_binary_log(server);
        write_over(server);
        another_redo_log(server);
        searcher.count(&look(server, &searcher), "watched", Which::Gone, &|_| true)
    };
    let with_them = left();
    reader.end();
    purged(server);
    Looker { who: "an old read view".to_owned(), with_them, after_them: left() }
}
