//! Ways that are less than PostgreSQL's recipe, or go another way: tried on a server of their own, so that the recipe has nothing to thank them for.

use super::{DATABASE, delete, look, plant};
use crate::Postgres;
use crate::residue::search::{Searcher, Which};
use crate::residue::server::{self, Below, Set, Table};
use crate::residue::{Count, values};

/// More log than one checkpoint cleans up after: twelve segments.
const LOG_MEGABYTES: usize = 192;
const ROUND: &str = "SELECT pg_switch_wal(); CHECKPOINT;";

pub fn all(number: usize) -> Result<Below, String> {
    let server = Postgres::with("-c autovacuum=off");
    let searcher = server::searcher(&super::structures::sets(), number);
    plant(&server, number, false);
    delete(&server);
    let mut below = Below::default();
    of_tables(&server, &searcher, &mut below)?;
    of_statistics(&server, &searcher, &mut below)?;
    of_the_log(&server, number, &mut below)?;
    Ok(below)
}

fn of_tables(server: &Postgres, searcher: &Searcher, below: &mut Below) -> Result<(), String> {
    let mut run = tried(server, searcher, below);
    run("GIN, `jsonb_ops`", "after `REINDEX INDEX CONCURRENTLY` alone", "ginj", "gin_j", "REINDEX INDEX CONCURRENTLY gin_j;")?;
    run("materialised view", "after `VACUUM FULL` of its table alone", "base", "view", "VACUUM (FULL) base;")?;
    run("large objects, short", "after a second `VACUUM` alone", "large", "pg_largeobject", "VACUUM pg_largeobject;")
}

fn of_statistics(server: &Postgres, searcher: &Searcher, below: &mut Below) -> Result<(), String> {
    let mut run = tried(server, searcher, below);
    let known = "`pg_statistic`, short texts";
    run(known, "after `VACUUM FULL pg_statistic` alone", "known", "pg_statistic", "VACUUM (FULL) pg_statistic;")?;
    run(known, "after `ANALYZE` of the table alone", "known", "pg_statistic", "ANALYZE known;")?;
    let emptied = "ANALYZE emptied; VACUUM (FULL) pg_statistic;";
    run("`pg_statistic` of a table that was emptied", "after `ANALYZE`, `VACUUM FULL pg_statistic`", "emptied", "pg_statistic", emptied)
}

/// What is written there after such statements, beside what was there before them.
fn tried<'a>(
    server: &'a Postgres,
    searcher: &'a Searcher,
    below: &'a mut Below,
) -> impl FnMut(&'static str, &str, &str, &str, &str) -> Result<(), String> + 'a {
    |structure, how, set, place, sql| {
        let left = || searcher.count(&look(server, searcher), set, Which::Gone, &|p| p == place);
        below.tried(structure, how, &left, || drop(server.sql(DATABASE, &format!("{sql} CHECKPOINT;"))))
    }
}

/// Segments that are renamed keep their bytes until they are written again.
fn of_the_log(server: &Postgres, number: usize, below: &mut Below) -> Result<(), String> {
    let structure = "write-ahead log, texts";
    log_rounds(server, number, below, structure, "after four rounds with recycling, the default; after 192 MB of log", 4)?;
    server.sql(DATABASE, "ALTER SYSTEM SET wal_recycle = 'off'");
    server.sql(DATABASE, "ALTER SYSTEM SET min_wal_size = '32MB'");
    server.sql(DATABASE, "SELECT pg_reload_conf()");
    std::thread::sleep(std::time::Duration::from_millis(300));
    log_rounds(server, number, below, structure, "after one round without recycling; after 192 MB of log", 1)
}

fn log_rounds(
    server: &Postgres,
    number: usize,
    below: &mut Below,
    structure: &'static str,
    how: &str,
    rounds: usize,
) -> Result<(), String> {
    let table = Table::new("cycled", ", v TEXT", |n| format!("'{}'", values::text("cycled", n)));
    let set = Set { name: "cycled", needle: |n| values::text("cycled", n).into_bytes(), all_go: false };
    let searcher = server::searcher(&[set], number);
    server.sql(DATABASE, &format!("DROP TABLE IF EXISTS cycled; {};\n{}{};", table.create, table.rows(number), table.delete));
    let more = "SELECT count(pg_logical_emit_message(false, 'more', repeat('.', 1000000)))";
    server.sql(DATABASE, &format!("{more} FROM generate_series(1, {LOG_MEGABYTES})"));
    let left = || -> Count { searcher.count(&look(server, &searcher), "cycled", Which::Gone, &|p| p == "pg_wal") };
    below.tried(structure, how, &left, || drop(server.sql(DATABASE, &ROUND.repeat(rounds))))
}
