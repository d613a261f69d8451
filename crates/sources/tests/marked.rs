//! Rows that were marked go without being read again, and no others: not what was written since, nor what lies in their places by then.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use sources::{At, Dataset, Limits, Places, ServerAt, Source};
use terms::{Place, StoreKind};
use testbed::Postgres;

const ROWS: usize = 3_000;

/// A table of its own, opened and listed; every third row is marked.
fn marked(postgres: &Postgres, table: &str, key: &str) -> (Box<dyn Source>, Dataset) {
    postgres.sql(
        "shop",
        &format!(
            "CREATE TABLE {table} (id INT {key}, name TEXT); INSERT INTO {table} SELECT n, 'row ' || n FROM generate_series(1, {ROWS}) n;"
        ),
    );
    let limits = Limits { batch_rows: 100, ..Limits::default() };
    let at = At::Server(ServerAt { url: postgres.url("custody", "shop"), secret: None, files: None, ca: None, limits });
    let mut source = sources::open(StoreKind::Postgresql, &Place::new("src1".to_owned()).unwrap(), at).unwrap();
    let listed = source.list(&mut Places::marked("test".to_owned())).unwrap();
    let dataset = listed.datasets.into_iter().find(|d| d.name.ends_with(table)).unwrap();
    source.hold_still().unwrap();
    assert!(source.mark(&dataset.place, &mut |batch, row| batch.cell(row, 0).integer().is_some_and(|n| n % 3 == 0)).unwrap());
    (source, dataset)
}

fn ids(postgres: &Postgres, table: &str, which: &str) -> usize {
    postgres.sql("shop", &format!("SELECT count(*) FROM {table} WHERE {which}")).trim().parse().unwrap()
}

#[test]
fn marked_rows_go_and_what_was_written_since_stays() {
    let postgres = Postgres::start();
    postgres.sql("postgres", "CREATE DATABASE shop");
    for (table, key) in [("keyed", "PRIMARY KEY"), ("bare", "")] {
        let (mut source, dataset) = marked(&postgres, table, key);
        postgres.sql("shop", &format!("UPDATE {table} SET name = 'changed' WHERE id = 30; DELETE FROM {table} WHERE id IN (33, 34)"));
        // The second of those marked is left alone.
        assert!(source.erase_marked(&dataset.place, &mut |number| Ok(number != 1)).unwrap());
        assert_eq!(ids(&postgres, table, "id % 3 = 0"), 2, "{table}");
        assert_eq!(ids(&postgres, table, "id = 6 OR (id = 30 AND name = 'changed')"), 2, "{table}");
        assert_eq!(ids(&postgres, table, "id % 3 <> 0"), ROWS / 3 * 2 - 1, "{table}");
        assert!(!source.erase_marked(&dataset.place, &mut |_| Ok(true)).unwrap(), "marks hold once");
    }
}

#[test]
fn other_rows_in_the_places_of_marked_ones_stay() {
    let postgres = Postgres::start();
    postgres.sql("postgres", "CREATE DATABASE shop");
    let (mut source, dataset) = marked(&postgres, "reused", "");
    // Nothing holds the places any more: new rows come into them.
    source.rehearse(&dataset.place, &mut |_, _, _| Ok(sources::Action::Keep)).unwrap();
    postgres.sql("shop", "DELETE FROM reused");
    postgres.sql("shop", "VACUUM reused");
    postgres.sql("shop", &format!("INSERT INTO reused SELECT n, 'new ' || n FROM generate_series(1, {ROWS}) n"));
    assert!(source.erase_marked(&dataset.place, &mut |_| Ok(true)).unwrap());
    assert_eq!(ids(&postgres, "reused", "true"), ROWS, "none of them was seen");
    let (mut source, dataset) = marked(&postgres, "rewritten", "");
    source.rehearse(&dataset.place, &mut |_, _, _| Ok(sources::Action::Keep)).unwrap();
    // Written anew in another order by the same writer: places mean other rows now.
    postgres.sql("shop", "CREATE INDEX by_name ON rewritten (name); CLUSTER rewritten USING by_name");
    assert!(!source.erase_marked(&dataset.place, &mut |_| Ok(true)).unwrap(), "they are looked for anew");
    assert_eq!(ids(&postgres, "rewritten", "true"), ROWS);
}
