//! Servers that log every statement with its values: their own logs are searched and emptied like the rest, and go on afterwards.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::path::Path;

use common::{Case, day, head};
use testbed::{Mariadb, Postgres, met_in};

const PERSONS: usize = 60;

fn email(n: usize) -> String {
    format!("logged.{n:02}.{}@example.com", n * 7_919)
}

/// A newsletter; the addresses are its keys, so that they are bound in every statement.
fn table() -> String {
    let row = |n: usize| format!("('{}', 'Reader {n}', '{}')", email(n), 13_600_000_000 + n * 7_919);
    let rows: Vec<String> = (0..PERSONS).map(row).collect();
    format!(
        "CREATE TABLE reader (email VARCHAR(80) PRIMARY KEY, name VARCHAR(40), mobile VARCHAR(20)); INSERT INTO reader VALUES {};",
        rows.join(", ")
    )
}

/// Erases all readers: first without emptying the logs, which must be seen, then with it.
fn erased(kind: &str, url: &str, files: &Path) {
    let case = Case::new();
    case.write(
        "case.yaml",
        format!(
            "{}sources:\n  - {{id: shop, kind: {kind}, path: \"{url}\", server: {{files: \"{}\"}}}}\n\
             datasets:\n  - {{at: shop/reader, class: marketing_list, groups: {{contact: [email, name, mobile]}}}}\nvault: {{holder: keys/epoch-key}}\n",
            head(&day(-90), &day(60)),
            files.display()
        ),
    );
    case.prepared();
    let consequence = case.documents("custody.consequence").pop().unwrap();
    assert!(consequence["outages"].to_string().contains("empty_server_logs"), "it is approved with the plan: {consequence:#}");
    let left = case.apply_without("empty_server_logs");
    assert_eq!(left["error"]["code"], "values_remain", "{left:#}");
    assert_eq!(left["error"]["args"]["structures"], "server_log", "{left:#}");
    let done = case.json(&["apply"]);
    assert_eq!(done["done"][0]["rows_done"], PERSONS, "{done:#}");
    let receipts = case.receipts();
    assert!(receipts.iter().all(|r| r["level"] == "L3" && r["sanitisation"] == "sanitise_clear"), "{receipts:#?}");
    assert!(receipts[0]["purge"].to_string().contains("asked: "), "{receipts:#?}");
    assert_ne!(case.verified("case.dossier.zip")["result"], 1, "nothing is contradicted");
}

fn nothing_is_left(files: &Path) {
    let values: Vec<String> = (0..PERSONS).map(email).chain((0..PERSONS).map(|n| (13_600_000_000 + n * 7_919).to_string())).collect();
    assert_eq!(met_in(files, &values), Vec::<String>::new());
}

#[test]
fn every_statement_in_the_log_of_postgresql() {
    let postgres = Postgres::with(
        "-c logging_collector=on -c log_directory=log -c log_filename=server.log -c log_statement=all \
         -c log_min_duration_statement=0 -c log_parameter_max_length=-1 -c log_destination=stderr,csvlog",
    );
    postgres.sql("postgres", "CREATE DATABASE shop");
    postgres.sql("shop", &table());
    // A constraint that is refused quotes the row.
    postgres.sql("shop", &format!("INSERT INTO reader VALUES ('{}', 'again', '1') ON CONFLICT DO NOTHING", email(1)));
    erased("postgresql", &postgres.url("custody", "shop"), &postgres.data());
    postgres.sql("shop", "SELECT 'logged afterwards'");
    postgres.down("fast");
    let log = std::fs::read_to_string(postgres.data().join("log/server.log")).unwrap();
    assert!(log.contains("logged afterwards"), "the server goes on writing its log");
    nothing_is_left(&postgres.data());
}

#[test]
fn every_statement_in_the_logs_of_mariadb() {
    let mut mariadb = Mariadb::with(&[
        "--general-log=1",
        "--general-log-file=general.log",
        "--slow-query-log=1",
        "--slow-query-log-file=slow.log",
        "--long-query-time=0",
        "--log-output=FILE,TABLE",
        "--log-bin=binlog",
    ]);
    mariadb.sql(&format!("CREATE DATABASE shop; USE shop; {}", table()));
    erased("mariadb", &mariadb.url("root", "shop"), &mariadb.data());
    mariadb.sql("SELECT 'logged afterwards'");
    mariadb.down();
    let log = std::fs::read_to_string(mariadb.data().join("general.log")).unwrap();
    assert!(log.contains("logged afterwards"), "the server goes on writing its log");
    assert!(std::fs::read_to_string(mariadb.data().join("mysql/general_log.CSV")).unwrap().contains("logged afterwards"));
    nothing_is_left(&mariadb.data());
}
