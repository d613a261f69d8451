//! What PostgreSQL's statistics of a table, and of the parts that it has, are probed with.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::collections::BTreeSet;

use sources::Places;
use testbed::Postgres;

#[test]
fn statistics_of_a_part_are_probed_as_those_of_its_table() {
    let postgres = Postgres::start();
    postgres.sql("postgres", "CREATE DATABASE shop");
    // A part may have its columns in another order.
    postgres.sql(
        "shop",
        "CREATE TABLE member (id INT, name TEXT, mobile TEXT) PARTITION BY RANGE (id);
         CREATE TABLE early PARTITION OF member FOR VALUES FROM (0) TO (100);
         CREATE TABLE late (mobile TEXT, id INT, name TEXT); ALTER TABLE member ATTACH PARTITION late FOR VALUES FROM (100) TO (200);
         INSERT INTO member SELECT n, 'Name ' || n, (13900000000 + n)::text FROM generate_series(0, 199) n; ANALYZE late",
    );
    let mut source = common::postgres(&postgres, "shop");
    let listed = source.list(&mut Places::marked("test".to_owned())).unwrap();
    let member = listed.datasets.iter().find(|d| d.name == "member").unwrap().place.clone();
    let probes = source.probes(&member).unwrap();
    let of = |column: u32| -> BTreeSet<String> {
        let own = probes.iter().filter(|p| p.structure == "statistics" && p.column == Some(column));
        own.map(|p| String::from_utf8(p.bytes.clone()).unwrap()).collect()
    };
    let late: BTreeSet<String> = (100..200).map(|n| (13_900_000_000u64 + n).to_string()).collect();
    assert!(of(2).len() > 50 && of(2).is_subset(&late), "{:?}", of(2));
}
