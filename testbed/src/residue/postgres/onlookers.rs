//! Who looks on while PostgreSQL is purged: an old snapshot, a forgotten prepared transaction, a slot that nobody reads.

use super::{DATABASE, cycle, look};
use crate::Postgres;
use crate::residue::search::Which;
use crate::residue::server::{self, Set, Table};
use crate::residue::{Count, Looker, lookers, values};

/// Each on a table of its own; all of them look at another table, or at none.
pub fn all(server: &Postgres, number: usize) -> Result<Vec<Looker>, String> {
    server.sql(DATABASE, "CREATE TABLE elsewhere (id INT)");
    let mut out = Vec::new();

    let table = Table::new("seen_by_snapshot", ", v TEXT", |n| format!("'{}'", values::text("snapshot", n)));
    let set = || Set { name: "snapshot", needle: |n| values::text("snapshot", n).into_bytes(), all_go: false };
    let mut reader = None;
    out.push(run(
        server,
        number,
        "an old snapshot in another connection, on another table",
        &table,
        set(),
        &mut |there| match reader.take() {
            None if there => {
                let sql = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM elsewhere;\n";
                reader = Some(server.session(DATABASE, sql));
            }
            Some(session) => session.end(),
            None => {}
        },
    ));

    let table = Table::new("seen_by_prepared", ", v TEXT", |n| format!("'{}'", values::text("prepared", n)));
    let set = || Set { name: "prepared", needle: |n| values::text("prepared", n).into_bytes(), all_go: false };
    out.push(run(server, number, "a forgotten `PREPARE TRANSACTION`, on another table", &table, set(), &mut |there| {
        let begin = "BEGIN; INSERT INTO elsewhere VALUES (1); PREPARE TRANSACTION 'forgotten';";
        server.sql(DATABASE, if there { begin } else { "ROLLBACK PREPARED 'forgotten'" });
    }));

    let table = Table::new("seen_by_slot", ", v TEXT", |n| format!("'{}'", values::text("slot", n)));
    let set = || Set { name: "slot", needle: |n| values::text("slot", n).into_bytes(), all_go: false };
    out.push(run(server, number, "a replication slot that nobody reads: in the write-ahead log", &table, set(), &mut |there| {
        let make = "SELECT pg_create_physical_replication_slot('idle', true)";
        server.sql(DATABASE, if there { make } else { "SELECT pg_drop_replication_slot('idle')" });
    }));
    lookers::checked(out)
}

/// The looker comes before the rows do, and goes after the recipe has run once; then it runs again.
fn run(server: &Postgres, number: usize, who: &str, table: &Table, set: Set, there: &mut dyn FnMut(bool)) -> Looker {
    let name = set.name;
    let searcher = server::searcher(&[set], number);
    let slot = who.contains("slot");
    let plant = || server.sql(DATABASE, &format!("{};\n{}", table.create, table.rows(number)));
    if slot {
        there(true);
        plant();
    } else {
        plant();
        there(true);
    }
    server.sql(DATABASE, &format!("{};", table.delete));
    let left = || -> Count {
        server.sql(DATABASE, &format!("ANALYZE {0}; VACUUM (FULL) {0}; VACUUM (FULL) pg_statistic;", table.name));
        cycle(server);
        searcher.count(&look(server, &searcher), name, Which::Gone, &|_| true)
    };
    let with_them = left();
    there(false);
    Looker { who: who.to_owned(), with_them, after_them: left() }
}
