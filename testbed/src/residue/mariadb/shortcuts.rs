//! Ways that are less than MariaDB's recipe, or go another way: tried on a server of their own, so that the recipe has nothing to thank them for.

use super::structures::{COLUMN_STATS, DOUBLEWRITE, FULL_TEXT, UNDO};
use super::{OPTIONS, beside_a_reader, change_filler, delete, flush, look, make_filler, optimise, plant, purged, write_over};
use crate::Mariadb;
use crate::residue::search::Which;
use crate::residue::server::{self, Below, Set, Table};
use crate::residue::values;

pub fn all(number: usize) -> Result<Below, String> {
    let server = Mariadb::with(&OPTIONS);
    let searcher = server::searcher(&super::structures::sets(), number);
    plant(&server, number);
    delete(&server);
    let mut below = Below::default();
    let mut run = |structure, how: &str, set: &str, place: &str, run: &dyn Fn()| {
        let left = || searcher.count(&look(&server, &searcher), set, Which::Gone, &|p| p.split('.').next() == Some(place));
        below.tried(structure, how, &left, || {
            run();
            flush(&server);
        })
    };
    run(UNDO, "after `OPTIMIZE` of its table alone", "undone", "ibdata1", &|| optimise(&server, "r.undone"))?;
    run(DOUBLEWRITE, "after 8 MB of new pages alone", "twice", "doublewrite", &|| make_filler(&server))?;
    run(DOUBLEWRITE, "after these updates once instead of eight times", "twice", "doublewrite", &|| {
        change_filler(&server, 1);
        server.sql("DROP TABLE r.filler");
    })?;
    run(FULL_TEXT, "after `OPTIMIZE` of the words alone (`innodb_optimize_fulltext_only`)", "fulltext", "fulltext", &|| words(&server))?;
    run(FULL_TEXT, "of the table's own rows, before and after a whole `OPTIMIZE`", "fulltext", "full_text", &|| {
        optimise(&server, "r.full_text")
    })?;
    run(COLUMN_STATS, "after its rows are deleted alone", "known", "column_stats", &|| {
        server.sql("DELETE FROM mysql.column_stats WHERE db_name = 'r'");
    })?;
    run("`aria_log.*`", "after `aria_log_purge_type = at_flush` and `FLUSH LOGS`", "aria", "aria_log", &|| {
        server.sql("SET GLOBAL aria_log_purge_type = 'at_flush'; FLUSH LOGS");
    })?;
    of_more_undo(&server, 12 * number, &mut below)?;
    of_much_undo(&server, 100 * number, &mut below)?;
    Ok(below)
}

/// Undo that is longer than what other statements write: they reuse some of its pages and leave the rest.
fn of_more_undo(server: &Mariadb, number: usize, below: &mut Below) -> Result<(), String> {
    let table = Table {
        delete: "UPDATE changed SET v = 'other' WHERE id % 3 = 0; DELETE FROM changed WHERE id % 3 = 0".to_owned(),
        ..Table::new("changed", " PRIMARY KEY, v VARCHAR(80)", |n| format!("'{}'", values::text("changed", n)))
    };
    let set = Set { name: "changed", needle: |n| values::text("changed", n).into_bytes(), all_go: false };
    let searcher = server::searcher(&[set], number);
    server.sql(&format!("USE r; {};\n{}", table.create, table.rows(number)));
    beside_a_reader(server, &[table]);
    purged(server);
    flush(server);
    let left = || searcher.count(&look(server, &searcher), "changed", Which::Gone, &|p| p == "ibdata1");
    below.tried(UNDO, "after `OPTIMIZE` of its table alone, with twelve times as many rows", &left, || {
        optimise(server, "r.changed");
        flush(server);
    })?;
    below.tried(UNDO, "after the recipe's updates then", &left, || write_over(server))
}

/// Undo that is longer than what the filler writes in all its rounds together.
fn of_much_undo(server: &Mariadb, number: usize, below: &mut Below) -> Result<(), String> {
    let table = Table {
        name: "grown",
        create: "CREATE TABLE grown (id INT PRIMARY KEY, v VARCHAR(1000))".to_owned(),
        fields: |_| String::new(),
        after: String::new(),
        delete: "UPDATE grown SET v = 'other'; DELETE FROM grown".to_owned(),
    };
    let needle = |n: usize| format!("{n:07}.{:07}.grown@example.com", n * 7_919 % 9_999_991).into_bytes();
    let searcher = server::searcher(&[Set { name: "grown", needle, all_go: true }], number);
    let value = "CONCAT(LPAD(seq, 7, '0'), '.', LPAD(seq * 7919 % 9999991, 7, '0'), '.grown@example.com', REPEAT('.', 960))";
    server.sql(&format!("USE r; {}; INSERT INTO grown SELECT seq, {value} FROM seq_0_to_{}", table.create, number - 1));
    beside_a_reader(server, &[table]);
    purged(server);
    optimise(server, "r.grown");
    flush(server);
    let left = || searcher.count(&look(server, &searcher), "grown", Which::Gone, &|p| p == "ibdata1");
    below.tried(UNDO, "after `OPTIMIZE` and the recipe's updates, with 100 MB of undo", &left, || write_over(server))?;
    below.tried(UNDO, "the same updates a second time", &left, || write_over(server))?;
    below.tried(UNDO, "then after twenty such updates in one transaction", &left, || {
        make_filler(server);
        let updates: String = (1..=20).map(|n| format!("UPDATE r.filler SET filling = REPEAT(CHAR(97 + {n}), 4000);\n")).collect();
        server.sql(&format!("START TRANSACTION;\n{updates}COMMIT;"));
        purged(server);
        flush(server);
    })
}

/// A full-text index by itself can be merged, which is less than making its table anew.
fn words(server: &Mariadb) {
    server.sql("SET GLOBAL innodb_optimize_fulltext_only = ON");
    optimise(server, "r.full_text");
    server.sql("SET GLOBAL innodb_optimize_fulltext_only = OFF");
}
