//! Sight before absence: a third of the persons of a MariaDB database goes. Without the purge the search finds them in every structure; with it,
//! a page walk by another hand finds none in the stopped server's files, and what cannot be seen is L2 by name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Case, day, head, short_name};
use serde_json::Value;
use testbed::Mariadb;

/// Persons, and how many of them go.
const PERSONS: usize = 1_200;
const GONE: usize = 400;

fn email(n: usize) -> String {
    format!("client.{n:04}.{}@example.com", (n * 2_654_435) % 1_000_003)
}

fn mobile(n: usize) -> u64 {
    13_900_000_000 + (n as u64) * 7_919
}

/// One word, as a full-text index keeps words.
fn member(n: usize) -> String {
    format!("member{:07}", (n * 2_654_435) % 9_999_991)
}

/// A value that stands in a packed column alone.
fn packed(n: usize) -> String {
    format!("packed.{:07}@example.com", (n * 2_654_435) % 9_999_991)
}

/// A value that stands on packed pages alone.
fn zipped(n: usize) -> String {
    format!("zipped.{:07}@example.com", (n * 7_654_321) % 9_999_991)
}

/// A value of a column that was dropped.
fn former(n: usize) -> String {
    format!("former.{:07}@example.com", (n * 7_654_321) % 9_999_991)
}

/// Rows of one of the tables: the first third ended twelve years ago, the others last year.
fn rows(row: impl Fn(usize) -> String) -> String {
    let (old, new) = (day(-12 * 366), day(-400));
    let all = (0..PERSONS).map(|n| format!("({n}, {}, '{}')", row(n), if n < GONE { &old } else { &new }));
    all.collect::<Vec<_>>().join(",\n")
}

fn database() -> String {
    let client = rows(|n| {
        let (name, mobile, email, member, packed) = (short_name(n), mobile(n), email(n), member(n), packed(n));
        format!(
            "'{name}', {mobile}, '{email}', '{member}', '{{\"mail\": \"{email}\", \"n\": {n}}}', repeat('{packed} ', 20), '{n} Long Street, client no. {n}'"
        )
    });
    format!(
        "CREATE DATABASE bank; USE bank;
         CREATE TABLE client (id BIGINT PRIMARY KEY, name VARCHAR(60) NOT NULL, mobile BIGINT, email VARCHAR(80), member VARCHAR(40), doc JSON,
           packed TEXT COMPRESSED, street VARCHAR(80), relation_end DATE NOT NULL, KEY (email), KEY (mobile), KEY (street(8)), KEY (name)) ENGINE = InnoDB;
         CREATE TABLE client_mail (id BIGINT PRIMARY KEY, email VARCHAR(80), former VARCHAR(80), relation_end DATE NOT NULL) ENGINE = InnoDB;
         CREATE TABLE client_zip (id BIGINT PRIMARY KEY, email VARCHAR(80), relation_end DATE NOT NULL) ENGINE = InnoDB
           ROW_FORMAT = COMPRESSED KEY_BLOCK_SIZE = 8;
         SET SESSION binlog_annotate_row_events = OFF;
         INSERT INTO client VALUES {client};
         INSERT INTO client_mail VALUES {};
         INSERT INTO client_zip VALUES {};
         UPDATE client SET street = concat(street, ' ');
         ALTER TABLE client ADD FULLTEXT KEY words (member);
         ALTER TABLE client_mail DROP COLUMN former, ALGORITHM = INSTANT;
         ANALYZE TABLE client, client_mail, client_zip PERSISTENT FOR ALL;",
        rows(|n| format!("'{}', '{}'", email(n), former(n))),
        rows(|n| format!("'{}'", zipped(n)))
    )
}

/// A case over some tables of the database.
fn case_with(mariadb: &Mariadb, sets: &str) -> Case {
    let case = Case::new();
    let (url, files) = (mariadb.url("root", "bank"), mariadb.data());
    let server = format!("{{files: \"{}\", lookers_seconds: 5}}", files.display());
    let head = head(&day(-30), &day(120)).replace("sectors: [retail]", "sectors: [retail, precious_metals]");
    let source = format!("sources: [{{id: bank, kind: mariadb, path: \"{url}\", server: {server}}}]\n");
    case.write("case.yaml", format!("{head}{source}datasets:\n{sets}vault: {{holder: keys/epoch-key}}\n"));
    case.ok(&["scan"]);
    case.prepared();
    case
}

/// What the case file says of the three tables.
const SETS: &str = "  - at: bank/client
    class: kyc
    groups: {identity: [name, mobile, email, member, doc, packed, street]}
    tells: {relation_end: relation_end}
  - {at: bank/client_mail, class: kyc, groups: {identity: [email]}, tells: {relation_end: relation_end}}
  - {at: bank/client_zip, class: kyc, groups: {identity: [email]}, tells: {relation_end: relation_end}}
";

/// What the page walk finds of the persons who go, below the data directory of the server, which is stopped.
fn decoded(case: &Case, mariadb: &Mariadb) -> Value {
    let values = (0..GONE).flat_map(|n| [email(n), mobile(n).to_string(), member(n), packed(n), zipped(n), former(n)]);
    case.decoded("innodb_pages.py", &mariadb.data(), values)["found"].clone()
}

/// The receipt of the data set at a place.
fn of<'a>(receipts: &'a [Value], place: &str) -> &'a Value {
    receipts.iter().find(|r| r["recall"].as_array().unwrap().iter().any(|s| s["structure"] == place)).unwrap()
}

/// The level of each column of a receipt.
fn levels(receipt: &Value) -> Vec<(u64, &str)> {
    receipt["columns"].as_array().unwrap().iter().map(|c| (c["col"].as_u64().unwrap(), c["level"].as_str().unwrap())).collect()
}

/// Structures of a receipt in which too little of a column was seen while it lived.
fn unseen(receipt: &Value) -> Vec<(&str, u64)> {
    let recall = receipt["recall"].as_array().unwrap().iter().filter(|s| s["found"].as_u64() < s["asked"].as_u64());
    recall.map(|s| (s["structure"].as_str().unwrap(), s["col"].as_u64().unwrap())).collect()
}

#[test]
fn a_third_of_the_persons_is_gone_from_every_structure_or_l2_by_name() {
    let mut mariadb = Mariadb::with(&["--log-bin=binlog", "--binlog-format=ROW"]);
    mariadb.sql(&database());
    let case = case_with(&mariadb, SETS);
    mariadb.down();
    let before = decoded(&case, &mariadb);
    let seen = |structure: &str| before[structure].as_u64().unwrap();
    // Mails, phones, members and what a dropped column held; packed columns and pages only where they are inflated.
    assert_eq!((seen("plain:ibd"), seen("column_inflated"), seen("inflated")), (1_600, 400, 400), "the page walk sees: {before:#}");
    assert_eq!((seen("plain:fts_ibd"), seen("plain:mysql_MAD")), (400, 4), "words, and the least and most of some columns: {before:#}");
    mariadb.up();
    // Nothing of the purge: the search finds what it could see before, in each structure.
    let left = case.apply_without("history,rewrite,statistics,binary_log,write_over,redo");
    assert_eq!(left["error"]["code"], "values_remain", "{left:#}");
    let structures = left["error"]["args"]["structures"].as_str().unwrap();
    let claimed =
        ["src1/t1", "src1/t1#1", "src1/t1#2", "src1/t1#4", "src1/t1#fulltext", "statistics", "binary_log", "system_tablespace", "redo_log"];
    for structure in claimed.iter().chain(&["src1/t2"]) {
        assert!(structures.split(", ").any(|s| s == *structure), "{structure} is not in {structures}");
    }
    case.json(&["apply"]);
    let receipts = case.receipts();
    let [client, mail, zip] = ["src1/t1", "src1/t2", "src1/t3"].map(|place| of(&receipts, place));
    // What lies packed, and what an index of prefixes holds, cannot be seen: L2, by name.
    let expected = [(1, "L3"), (2, "L3"), (3, "L3"), (4, "L3"), (5, "L3"), (6, "L2"), (7, "L2"), (8, "L3")];
    assert_eq!((levels(client), unseen(client)), (expected.to_vec(), vec![("src1/t1", 6), ("src1/t1#3", 7)]), "{client:#}");
    assert_eq!((levels(mail), unseen(mail)), (vec![(1, "L3"), (2, "L3")], vec![]), "{mail:#}");
    assert_eq!((levels(zip), unseen(zip)), (vec![(1, "L2"), (2, "L2")], vec![("src1/t3", 1), ("src1/t3", 2)]), "{zip:#}");
    assert_ne!(case.verified("case.dossier.zip")["result"], 1, "nothing is contradicted");
    mariadb.down();
    let found = decoded(&case, &mariadb);
    for (structure, n) in found.as_object().unwrap() {
        assert_eq!(n, 0, "{structure}: {found:#}");
    }
}

#[test]
fn a_number_in_the_binary_log_is_seen_though_it_lies_there_the_other_way_round() {
    let mariadb = Mariadb::with(&["--log-bin=binlog", "--binlog-format=ROW"]);
    let rows = rows(|n| mobile(n).to_string());
    mariadb.sql(&format!(
        "CREATE DATABASE bank; USE bank; SET SESSION binlog_annotate_row_events = OFF;
         CREATE TABLE client (id BIGINT PRIMARY KEY, mobile BIGINT, relation_end DATE NOT NULL); INSERT INTO client VALUES {rows};"
    ));
    let client = "  - {at: bank/client, class: kyc, groups: {identity: [mobile]}, tells: {relation_end: relation_end}}\n";
    let case = case_with(&mariadb, client);
    let left = case.apply_without("binary_log");
    assert_eq!((&left["error"]["code"], &left["error"]["args"]["structures"]), (&"values_remain".into(), &"binary_log".into()), "{left:#}");
    let done = case.json(&["apply"]);
    assert_eq!(done["done"][0]["level"], "L3", "{done:#}");
}
