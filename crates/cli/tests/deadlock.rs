//! A deadlock in which the server gives up Custody's transaction: said, to be tried again, nothing half done; rerun, it reaches the same
//! end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::process::{Child, Stdio};
use std::time::Duration;

use common::{Case, day, head, members};
use serde_json::Value;
use testbed::{Mariadb, Postgres, found_in};

const PEOPLE: usize = 3_000;

fn people() -> String {
    members(PEOPLE, |n| format!("138{n:08}"))
}

/// A case over one source in which every member goes, up to the backup. Locks are waited for longer than a deadlock takes to be found.
fn prepared(kind: &str, url: &str, files: &std::path::Path, pace: &str) -> Case {
    let case = Case::new();
    let server = format!("server: {{files: \"{}\", lookers_seconds: 20, lock_seconds: 30, {pace}}}", files.display());
    let sets = "datasets:\n  - {at: shop/member, class: marketing_list, groups: {contact: [name, mobile, email]}}\n";
    let source = format!("sources:\n  - {{id: shop, kind: {kind}, path: \"{url}\", {server}}}\n");
    case.write("case.yaml", format!("{}{source}{sets}vault: {{holder: keys/epoch-key}}\n", head(&day(-90), &day(60))));
    case.ok(&["scan"]);
    case.prepared();
    case
}

fn begun(case: &Case) -> Child {
    case.command(&["--json", "apply"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Looks again every 150 ms.
fn until(what: &str, seen: impl FnMut() -> bool) {
    common::until(what, Duration::from_millis(150), seen);
}

/// It was the victim: says so, may be called again, repeats no word of the server's, and nothing is called done.
fn victim(case: &Case, child: Child) {
    let out = child.wait_with_output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let said: Value = serde_json::from_str(&text).ok().or_else(|| text.lines().rev().find_map(|l| serde_json::from_str(l).ok())).unwrap();
    assert_eq!((&said["error"]["code"], &said["error"]["retry"]), (&"deadlock".into(), &true.into()), "{text}");
    let all = text + &String::from_utf8_lossy(&out.stderr);
    assert!(!all.contains("13800") && !all.contains("DELETE") && !all.contains("@example.com"), "{all}");
    assert!(case.receipts().is_empty(), "nothing was seen done");
}

/// The failure stands in the ledger where an order was given, and nowhere else.
fn failures(case: &Case) -> Vec<Value> {
    let failed = case.json(&["status"])["failed"].clone();
    failed.as_array().unwrap().iter().map(|f| f["receipt"]["code"].clone()).collect()
}

fn done(case: &Case, files: &std::path::Path) {
    let applied = case.json(&["apply"]);
    let own = &applied["done"][0];
    assert_eq!((&own["rows_done"], &own["level"]), (&PEOPLE.into(), &"L3".into()), "{applied:#}");
    assert_eq!(failures(case), Vec::<Value>::new());
    let report = case.verified("case.dossier.zip");
    assert_eq!(report["result"], 0, "{report:#}");
    let orders = report["claims"].as_array().unwrap().iter().filter(|c| c["id"].as_str().unwrap().starts_with("destroyed."));
    assert_eq!(orders.count(), 1, "ordered once, seen done once");
    assert!(found_in(files, b"13800000007").is_empty());
}

/// Asks for one row, and keeps it.
fn lock(n: usize) -> String {
    format!("SELECT 1 FROM member WHERE id = {n} FOR UPDATE;\n")
}

const CUSTODY_WAITS: &str = "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE NOT l.granted AND a.application_name = 'custody'";
const OTHER_WAITS: &str = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'psql'";

/// Who waits last finds the deadlock, and is its victim. So a second session holds Custody up until the first one waits: Custody has
/// `taken`, is held up at `held`, and then asks for `later`, which is the first session's, who waits for `taken`.
fn postgresql_gives_it_up(postgres: &Postgres, case: &Case, [taken, held, later]: [usize; 3]) {
    let mut other = postgres.session("shop", &format!("SET deadlock_timeout = '5min'; BEGIN; {}", lock(later)));
    let between = postgres.session("shop", &format!("BEGIN; {}", lock(held)));
    let child = begun(case);
    until("Custody waits", || postgres.sql("shop", CUSTODY_WAITS) == "1\n");
    other.say(&lock(taken));
    until("the other waits for Custody", || postgres.sql("shop", OTHER_WAITS) == "1\n");
    between.end();
    victim(case, child);
    other.end();
}

#[test]
fn postgresql_gives_up_the_rehearsal_then_a_batch() {
    let postgres = Postgres::with("-c deadlock_timeout=50ms");
    postgres.sql("postgres", "CREATE DATABASE shop");
    postgres.sql("shop", &people());
    let case = prepared("postgresql", &postgres.url("custody", "shop"), &postgres.data(), "batch_rows: 200");
    // The rehearsal tries the first thousand rows: nothing is ordered yet.
    postgresql_gives_it_up(&postgres, &case, [10, 50, 150]);
    assert_eq!((failures(&case), postgres.sql("shop", "SELECT count(*) FROM member").as_str()), (Vec::new(), "3000\n"));
    // A later batch: those before it are done, and it is undone whole.
    postgresql_gives_it_up(&postgres, &case, [2_010, 2_050, 2_150]);
    assert_eq!((failures(&case), postgres.sql("shop", "SELECT count(*) FROM member").as_str()), (vec!["deadlock".into()], "1000\n"));
    done(&case, &postgres.data());
    assert_eq!(postgres.sql("shop", "SELECT count(*) FROM member"), "0\n");
}

const SOMEBODY_WAITS: &str = "SELECT COUNT(*) > 0 FROM information_schema.INNODB_LOCK_WAITS";
const DEADLOCKS: &str = "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'Innodb_deadlocks'";

/// The transaction that wrote less is the victim: the other has written more than any batch of Custody's.
fn writer(mariadb: &Mariadb) -> testbed::Session {
    mariadb.session("USE shop; SET innodb_lock_wait_timeout = 60; START TRANSACTION; UPDATE elsewhere SET m = m + 1;\n")
}

#[test]
fn mariadb_gives_up_the_rehearsal_then_a_batch() {
    let mariadb = Mariadb::start();
    let count = || mariadb.sql("SELECT COUNT(*) FROM shop.member").trim().parse::<usize>().unwrap();
    mariadb.sql(&format!(
        "CREATE DATABASE shop; USE shop; {}
         CREATE TABLE elsewhere (n INT PRIMARY KEY, m INT); INSERT INTO elsewhere SELECT id, 0 FROM member;",
        people()
    ));
    let case = prepared("mariadb", &mariadb.url("root", "shop"), &mariadb.data(), "batch_rows: 20, pause_ms: 20");
    // The rehearsal: nothing is ordered yet.
    let mut other = writer(&mariadb);
    other.say(&lock(500));
    let child = begun(&case);
    until("Custody waits", || mariadb.sql(SOMEBODY_WAITS) == "1\n");
    other.say(&lock(10));
    victim(&case, child);
    other.end();
    assert_eq!((failures(&case), count(), mariadb.sql(DEADLOCKS).as_str()), (Vec::new(), PEOPLE, "1\n"));
    // A later batch: those before it are done, and it is undone whole.
    let mut other = writer(&mariadb);
    let child = begun(&case);
    until("the first batch is done", || count() < PEOPLE);
    other.say(&lock(2_955));
    until("Custody waits", || mariadb.sql(SOMEBODY_WAITS) == "1\n");
    other.say(&lock(2_941));
    victim(&case, child);
    other.end();
    assert_eq!((failures(&case), count(), mariadb.sql(DEADLOCKS).as_str()), (vec!["deadlock".into()], 60, "2\n"));
    done(&case, &mariadb.data());
    assert_eq!(count(), 0);
}
