//! Standbys and replicas: one that is given as the source is read, and refused for erasing; one that follows the source and is behind
//! stands in the way by name where the server says so, and where it does not, the receipt and a task say that it is out of sight.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Case, day, head, members};
use serde_json::Value;
use testbed::{Mariadb, Postgres, found_in};

const PEOPLE: usize = 40;

fn people() -> String {
    members(PEOPLE, |n| format!("1380013{n:04}")) + " CREATE INDEX member_mobile ON member (mobile);"
}

/// A case over one source in which every member goes.
fn case_over(kind: &str, url: &str, files: &Path) -> Case {
    let case = Case::new();
    let source = format!("{{id: shop, kind: {kind}, path: \"{url}\", server: {{files: \"{}\", lookers_seconds: 2}}}}", files.display());
    let sets = "datasets:\n  - {at: shop/member, class: marketing_list, groups: {contact: [name, mobile, email]}}\n";
    case.write("case.yaml", format!("{}sources:\n  - {source}\n{sets}vault: {{holder: keys/epoch-key}}\n", head(&day(-90), &day(60))));
    case
}

/// It is scanned, sealed, planned and backed up, and nothing is erased: no order is given.
fn read_and_refused(case: &Case) {
    let inventory = case.json(&["scan"])["inventory"].clone();
    assert_eq!(inventory["unread"], Value::Array(Vec::new()), "{inventory:#}");
    case.prepared();
    for args in [&["apply"][..], &["apply", "--dry-run"], &["scan", "--rights"]] {
        assert_eq!(case.fault(args), "server_is_standby", "{args:?}");
    }
    assert_eq!(case.json(&["status"])["failed"], Value::Array(Vec::new()), "no order was given that could have failed");
}

/// Applies and expects to be stopped; gives who stands in the way.
fn stopped(case: &Case) -> String {
    let said = case.json_any(&["apply"]);
    assert_eq!((&said["error"]["code"], &said["error"]["retry"]), (&"somebody_is_looking".into(), &true.into()), "{said:#}");
    let receipt = case.json(&["status"])["failed"][0]["receipt"].clone();
    assert_eq!(receipt["outcome"], "failed(retryable)", "{receipt:#}");
    assert!(case.receipts().is_empty(), "nothing was seen done");
    receipt["with"]["who"].as_str().unwrap().to_owned()
}

/// Destroyed, and the receipt says that nobody looked at those who follow; gives what it was answered at the purge.
fn destroyed(case: &Case) -> String {
    let applied = case.json(&["apply"]);
    assert_eq!((&applied["done"][0]["rows_done"], &applied["done"][0]["level"]), (&PEOPLE.into(), &"L3".into()), "{applied:#}");
    let receipts = case.receipts();
    assert_eq!(receipts.len(), 1, "ordered once, seen done once");
    assert!(receipts[0]["out_of_scope"].as_array().unwrap().contains(&"replicas_and_subscribers".into()), "{:#}", receipts[0]);
    let tasks = case.json(&["status", "--tasks"]);
    assert!(tasks["tasks"].as_array().unwrap().iter().any(|t| t["task"] == "replicas_followed"), "{tasks:#}");
    assert_eq!(case.verified("case.dossier.zip")["result"], 0);
    receipts[0]["purge"][0].as_str().unwrap().to_owned()
}

/// Looks again every 50 ms.
fn until(what: &str, seen: impl FnMut() -> bool) {
    common::until(what, Duration::from_millis(50), seen);
}

fn primary() -> Postgres {
    let postgres = Postgres::start();
    postgres.sql("postgres", "CREATE DATABASE shop");
    postgres.sql("shop", &people());
    postgres
}

/// A hot standby: a server whose files are a copy of the primary's, and which goes on from there.
fn standby(primary: &Postgres, options: &str) -> Postgres {
    let out = Postgres::with(&format!("-c wal_receiver_status_interval=1s {options}"));
    out.down("fast");
    let (data, from) = (out.data(), primary.url("custody", "postgres"));
    std::fs::remove_dir_all(&data).unwrap();
    let mut copy = Command::new("pg_basebackup");
    copy.args(["-R", "-X", "stream", "-c", "fast", "-d", &from, "-D"]).arg(&data).stdin(Stdio::null());
    assert!(copy.status().unwrap().success());
    // They are the server's own user's, as the folder is.
    let owner = format!("--reference={}", data.parent().unwrap().display());
    assert!(Command::new("chown").args(["-R", &owner]).arg(&data).status().unwrap().success());
    out.up();
    out
}

const ROWS: &str = "SELECT count(*) FROM member";

#[test]
fn a_standby_of_postgresql_is_read_and_refused() {
    let primary = primary();
    let standby = standby(&primary, "");
    let case = case_over("postgresql", &standby.url("custody", "shop"), &standby.data());
    read_and_refused(&case);
    assert_eq!((primary.sql("shop", ROWS).as_str(), standby.sql("shop", ROWS).as_str()), ("40\n", "40\n"));
}

#[test]
fn a_standby_of_postgresql_that_is_behind_is_named() {
    let primary = primary();
    let standby = standby(&primary, "");
    let case = case_over("postgresql", &primary.url("custody", "shop"), &primary.data());
    case.prepared();
    standby.sql("shop", "SELECT pg_wal_replay_pause()");
    assert_eq!(stopped(&case), "standby");
    assert_eq!((primary.sql("shop", ROWS).as_str(), standby.sql("shop", ROWS).as_str()), ("0\n", "40\n"), "it still has them all");
    standby.sql("shop", "SELECT pg_wal_replay_resume()");
    let asked = destroyed(&case);
    assert!(asked.contains("standbys 1"), "{asked}");
    until("it has followed", || standby.sql("shop", ROWS) == "0\n");
    assert!(found_in(&primary.data(), b"13800130007").is_empty());
    assert_eq!(primary.sql("shop", "SHOW wal_recycle; SHOW min_wal_size"), "on\n80MB\n", "settings are put back");
}

#[test]
fn a_standby_of_postgresql_that_tells_of_its_snapshot_is_named() {
    let primary = primary();
    let standby = standby(&primary, "-c hot_standby_feedback=on");
    let case = case_over("postgresql", &primary.url("custody", "shop"), &primary.data());
    case.prepared();
    let session = standby.session("shop", "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM member;\n");
    let told = "SELECT count(backend_xmin) FROM pg_stat_replication";
    until("the standby told the primary", || primary.sql("shop", told) == "1\n");
    assert_eq!(stopped(&case), "standby");
    session.end();
    destroyed(&case);
    assert!(found_in(&primary.data(), b"13800130007").is_empty());
}

/// A primary that writes a binary log, and a replica that has everything.
fn followed(options: &[&str]) -> (Mariadb, Mariadb) {
    let primary = Mariadb::with(&["--log-bin=binlog", "--server-id=1", "--binlog-format=ROW"]);
    primary.sql("CREATE USER follower@'%' IDENTIFIED BY 'follower'; GRANT REPLICATION SLAVE ON *.* TO follower@'%'");
    primary.sql(&format!("CREATE DATABASE shop; USE shop; {}", people()));
    let replica = Mariadb::with(&[&["--server-id=2", "--relay-log=relay"][..], options].concat());
    replica.sql(&format!(
        "CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {}, MASTER_USER = 'follower', MASTER_PASSWORD = 'follower',
           MASTER_LOG_FILE = 'binlog.000001', MASTER_LOG_POS = 4; START SLAVE",
        primary.port
    ));
    until("the replica has followed", || replica.sql(MARIADB_THERE) == "1\n" && replica.sql(MARIADB_ROWS) == "40\n");
    (primary, replica)
}

const MARIADB_THERE: &str = "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'shop' AND TABLE_NAME = 'member'";
const MARIADB_ROWS: &str = "SELECT COUNT(*) FROM shop.member";
const SENDING: &str =
    "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%' AND STATE LIKE 'Writing to net%'";

fn replica_is_read_and_refused(options: &[&str]) {
    let (primary, replica) = followed(options);
    let case = case_over("mariadb", &replica.url("root", "shop"), &replica.data());
    read_and_refused(&case);
    assert_eq!((primary.sql(MARIADB_ROWS).as_str(), replica.sql(MARIADB_ROWS).as_str()), ("40\n", "40\n"));
}

#[test]
fn a_replica_of_mariadb_is_read_and_refused() {
    replica_is_read_and_refused(&["--read-only=1"]);
}

/// What is erased on it is erased nowhere else, and it stops following.
#[test]
fn a_replica_of_mariadb_that_may_be_written_to_is_refused_too() {
    replica_is_read_and_refused(&[]);
}

#[test]
fn a_replica_of_mariadb_that_has_not_read_the_log_is_named() {
    // What it has not carried out it does not read either: then the primary's log stands still.
    let (primary, replica) = followed(&["--read-only=1", "--relay-log-space-limit=4096"]);
    replica.sql("STOP SLAVE SQL_THREAD");
    let filling: String = (0..24).map(|n| format!("INSERT INTO shop.elsewhere VALUES ({n}, REPEAT('x', 1048576));")).collect();
    primary.sql(&format!("CREATE TABLE shop.elsewhere (id INT PRIMARY KEY, filling LONGBLOB); {filling}"));
    let case = case_over("mariadb", &primary.url("root", "shop"), &primary.data());
    case.prepared();
    until("the primary waits to be heard", || primary.sql(SENDING) == "1\n");
    let size = primary.sql("SELECT @@GLOBAL.innodb_log_file_size");
    assert_eq!(stopped(&case), "binary_log");
    assert_eq!((primary.sql(MARIADB_ROWS).as_str(), replica.sql(MARIADB_ROWS).as_str()), ("0\n", "40\n"), "it still has them all");
    replica.sql("START SLAVE SQL_THREAD");
    until("the replica has followed", || replica.sql(MARIADB_ROWS) == "0\n");
    let asked = destroyed(&case);
    assert!(asked.contains("replicas 1"), "{asked}");
    assert!(found_in(&primary.data(), b"13800130007").is_empty());
    assert_eq!(primary.sql("SELECT @@GLOBAL.innodb_log_file_size"), size, "settings are put back");
}

/// Who has read the log and not carried it out is not seen from the primary: it is out of scope by name, and a task asks about it.
#[test]
fn a_replica_of_mariadb_that_has_read_the_log_is_out_of_scope_by_name() {
    let (primary, replica) = followed(&["--read-only=1"]);
    let case = case_over("mariadb", &primary.url("root", "shop"), &primary.data());
    case.prepared();
    replica.sql("STOP SLAVE SQL_THREAD");
    let asked = destroyed(&case);
    assert!(asked.contains("replicas 1"), "{asked}");
    assert_eq!((primary.sql(MARIADB_ROWS).as_str(), replica.sql(MARIADB_ROWS).as_str()), ("0\n", "40\n"), "it still has them all");
    // Nothing that it needs was taken away: it follows to the same end.
    replica.sql("START SLAVE SQL_THREAD");
    until("the replica has followed", || replica.sql(MARIADB_ROWS) == "0\n");
    until("nothing of ours is left there", || replica.sql("SHOW TABLES FROM shop") == "member\n");
}
