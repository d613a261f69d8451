//! Somebody else is looking while a source is purged: the receipt says failed, names who it is, and never says done.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Case, claim, day, head, members};
use testbed::{Mariadb, Postgres, found_in};

const PEOPLE: usize = 40;

fn people() -> String {
    members(PEOPLE, |n| format!("1380013{n:04}")) + " CREATE INDEX member_mobile ON member (mobile);"
}

/// A case over one source in which every member goes, up to the backup.
fn prepared(source: &str) -> Case {
    let case = Case::new();
    let sets = "datasets:\n  - {at: shop/member, class: marketing_list, groups: {contact: [name, mobile, email]}}\n";
    case.write("case.yaml", format!("{}sources:\n  - {source}\n{sets}vault: {{holder: keys/epoch-key}}\n", head(&day(-90), &day(60))));
    case.ok(&["scan"]);
    case.prepared();
    case
}

fn postgres_source(postgres: &Postgres) -> String {
    format!(
        "{{id: shop, kind: postgresql, path: \"{}\", server: {{files: \"{}\", lookers_seconds: 1}}}}",
        postgres.url("custody", "shop"),
        postgres.data().display()
    )
}

fn mariadb_source(mariadb: &Mariadb) -> String {
    format!(
        "{{id: shop, kind: mariadb, path: \"{}\", server: {{files: \"{}\", lookers_seconds: 1}}}}",
        mariadb.url("root", "shop"),
        mariadb.data().display()
    )
}

/// Applies and expects to be stopped; gives what stands in the way.
fn stopped(case: &Case) -> (String, String) {
    let out = case.run(&["--json", "apply"]);
    let text = String::from_utf8(out.stdout).unwrap();
    let last: serde_json::Value = text.lines().rev().find_map(|l| serde_json::from_str(l).ok()).unwrap_or_else(|| panic!("{text}"));
    let error = &last["error"];
    assert_eq!((&error["code"], &error["retry"]), (&"somebody_is_looking".into(), &true.into()), "{text}");
    let receipt = case.json(&["status"])["failed"][0]["receipt"].clone();
    assert_eq!(receipt["outcome"], "failed(retryable)", "the failure stands in the ledger: {receipt:#}");
    let with = |name: &str| receipt["with"][name].as_str().unwrap().to_owned();
    (with("who"), with("which"))
}

fn destroyed(case: &Case) {
    let done = case.json(&["apply"]);
    assert!(done["done"].as_array().unwrap().iter().all(|d| d["level"] == "L3"), "{done:#}");
    let report = case.verified("case.dossier.zip");
    assert_eq!(report["result"], 0, "{report:#}");
    assert_eq!(claim(&report, "ledger")["state"], "proved");
}

#[test]
fn postgresql_names_snapshot_prepared_transaction_and_slot() {
    let postgres = Postgres::with("-c max_prepared_transactions=4");
    postgres.sql("postgres", "CREATE DATABASE shop");
    postgres.sql("shop", &people());
    postgres.sql("shop", "CREATE TABLE elsewhere (n INT); INSERT INTO elsewhere VALUES (1)");
    let case = prepared(&postgres_source(&postgres));
    let session = postgres.session("shop", "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM elsewhere;\n");
    assert_eq!(stopped(&case).0, "snapshot");
    session.end();
    postgres.sql("shop", "BEGIN; INSERT INTO elsewhere VALUES (2); PREPARE TRANSACTION 'forgotten'");
    assert_eq!(stopped(&case).0, "prepared_transaction");
    postgres.sql("shop", "ROLLBACK PREPARED 'forgotten'; SELECT pg_create_physical_replication_slot('old', true)");
    assert_eq!(stopped(&case), ("replication_slot".to_owned(), "old".to_owned()));
    postgres.sql("shop", "SELECT pg_drop_replication_slot('old')");
    destroyed(&case);
    assert!(found_in(&postgres.data(), b"13800130007").is_empty());
    assert_eq!(postgres.sql("shop", "SHOW wal_recycle; SHOW min_wal_size"), "on\n80MB\n", "settings are put back");
}

#[test]
fn mariadb_names_an_old_read_view() {
    let mariadb = Mariadb::start();
    mariadb.sql(&format!("CREATE DATABASE shop; USE shop; {}", people()));
    let case = prepared(&mariadb_source(&mariadb));
    let size = mariadb.sql("SELECT @@GLOBAL.innodb_log_file_size");
    let session = mariadb.session("START TRANSACTION WITH CONSISTENT SNAPSHOT; SELECT 1;\n");
    assert_eq!(stopped(&case).0, "snapshot");
    session.end();
    destroyed(&case);
    assert!(found_in(&mariadb.data(), b"13800130007").is_empty());
    assert_eq!(mariadb.sql("SELECT @@GLOBAL.innodb_log_file_size"), size, "settings are put back");
}
