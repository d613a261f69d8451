//! Values that stand in definitions of a PostgreSQL database are met, though no raw file shows them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use remains::{Kind, Needles};
use sources::Places;
use testbed::Postgres;

const DEFINITIONS: [&str; 10] = [
    "CREATE VIEW v AS SELECT * FROM member WHERE mobile = '{}'",
    "CREATE RULE r AS ON UPDATE TO member WHERE old.mobile = '{}' DO INSTEAD NOTHING",
    "ALTER TABLE member ADD CHECK (mobile <> '{}')",
    "ALTER TABLE member ALTER mobile SET DEFAULT '{}'",
    "CREATE POLICY p ON member USING (mobile <> '{}')",
    "CREATE INDEX i ON member (id) WHERE mobile = '{}'",
    "CREATE FUNCTION f() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT name FROM member WHERE mobile = '{}'; END",
    "CREATE STATISTICS st ON (mobile = '{}'), name FROM member",
    "CREATE PUBLICATION pub FOR TABLE member WHERE (mobile <> '{}')",
    "CREATE SEQUENCE s START {}",
];

#[test]
fn constants_in_definitions_are_met() {
    let postgres = Postgres::start();
    postgres.sql("postgres", "CREATE DATABASE shop");
    postgres.sql("shop", "CREATE TABLE member (id INT PRIMARY KEY, name TEXT, mobile TEXT)");
    let value = |n: usize| format!("1390000{:04}", n * 911);
    for (n, sql) in DEFINITIONS.iter().enumerate() {
        postgres.sql("shop", &sql.replace("{}", &value(n)));
    }
    let mut source = common::postgres(&postgres, "shop");
    let listed = source.list(&mut Places::marked("test".to_owned())).unwrap();
    let member = listed.datasets.iter().find(|d| d.name == "member").unwrap().place.clone();
    let mut needles = Needles::default();
    for (id, n) in (0u32..).zip(0..=DEFINITIONS.len()) {
        assert!(needles.add(id, Kind::Alone, value(n).as_bytes()));
    }
    let searched = source.search(&member, &mut needles).unwrap();
    let definitions = searched.structures.iter().position(|s| s.name == "definitions").unwrap();
    let met: Vec<u32> = needles.iter().filter(|n| n.met_in(definitions)).map(|n| n.value).collect();
    assert_eq!(met, (0..u32::try_from(DEFINITIONS.len()).unwrap()).collect::<Vec<_>>(), "all, and none that stands nowhere");
}
