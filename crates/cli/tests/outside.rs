//! What goes wrong outside while a server is erased in: locks, a killed server, a changed schema, a killed program. Rerun, it reaches the same
//! end, nothing twice, and settings that the purge changed are put back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::process::{Child, Stdio};
use std::time::Duration;

use common::{Case, day, head, members};
use testbed::{Mariadb, Postgres, found_in};

const PEOPLE: usize = 3_000;

fn people() -> String {
    members(PEOPLE, |n| format!("138{n:08}")) + " CREATE INDEX member_mobile ON member (mobile);"
}

fn prepared(kind: &str, url: &str, files: &std::path::Path) -> Case {
    let case = Case::new();
    let server = format!("server: {{files: \"{}\", lookers_seconds: 20, lock_seconds: 1, batch_rows: 200}}", files.display());
    let sets = "datasets:\n  - {at: shop/member, class: marketing_list, groups: {contact: [name, mobile, email]}}\n";
    let source = format!("sources:\n  - {{id: shop, kind: {kind}, path: \"{url}\", {server}}}\n");
    case.write("case.yaml", format!("{}{source}{sets}vault: {{holder: keys/epoch-key}}\n", head(&day(-90), &day(60))));
    case.ok(&["scan"]);
    case.prepared();
    case
}

fn postgres() -> (Postgres, Case) {
    let postgres = Postgres::start();
    postgres.sql("postgres", "CREATE DATABASE shop");
    postgres.sql("shop", &people());
    let case = prepared("postgresql", &postgres.url("custody", "shop"), &postgres.data());
    (postgres, case)
}

fn done(case: &Case) {
    let applied = case.json(&["apply"]);
    assert!(applied["done"].as_array().unwrap().iter().all(|d| d["level"] == "L3"), "{applied:#}");
    let report = case.verified("case.dossier.zip");
    assert_eq!(report["result"], 0, "{report:#}");
    let orders = report["claims"].as_array().unwrap().iter().filter(|c| c["id"].as_str().unwrap().starts_with("destroyed."));
    assert_eq!(orders.count(), 1, "ordered once, seen done once");
}

fn begun(case: &Case) -> Child {
    case.command(&["apply"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn ended(mut child: Child) -> bool {
    child.wait().unwrap().success()
}

/// Begins to apply, and is killed after a while.
fn killed_after(case: &Case, wait: Duration) {
    let mut child = begun(case);
    std::thread::sleep(wait);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn postgresql_locks_schema_and_rights() {
    let (postgres, case) = postgres();
    let session = postgres.session("shop", "BEGIN; LOCK TABLE member IN ACCESS EXCLUSIVE MODE;\n");
    // What cannot be read for a lock is unread, and nothing is ordered on it.
    let refused = case.fault(&["apply"]);
    assert!(["lock_timeout", "source_unread", "source_not_open", "source_moved"].contains(&refused.as_str()), "{refused}");
    session.end();
    postgres.sql("shop", "ALTER TABLE member ADD COLUMN note TEXT");
    let moved = case.fault(&["apply"]);
    assert!(["schema_moved", "schema_changed", "beyond_tolerance"].contains(&moved.as_str()), "{moved}");
    postgres.sql("shop", "ALTER TABLE member DROP COLUMN note");
    done(&case);
}

/// Columns that change while an order is open end it: what went is recorded, the rest is sealed, planned and approved anew.
#[test]
fn postgresql_columns_that_change_midway_lead_out_again() {
    let (postgres, case) = postgres();
    let session = postgres.session("shop", "BEGIN; SELECT id FROM member WHERE id = 2500 FOR UPDATE;\n");
    assert_eq!(case.fault(&["apply"]), "lock_timeout");
    session.end();
    let left: u32 = postgres.sql("shop", "SELECT count(*) FROM member").trim().parse().unwrap();
    assert!(left > 0 && (left as usize) < PEOPLE, "{left} rows left: it was in the middle");
    postgres.sql("shop", "ALTER TABLE member ADD COLUMN note TEXT");
    assert_eq!(case.fault(&["subjects"]), "orders_open");
    assert_eq!(case.fault(&["apply"]), "schema_moved");
    for step in [["subjects"], ["plan"]] {
        case.ok(&step);
    }
    case.approve();
    case.ok(&["backup"]);
    let applied = case.json(&["apply"]);
    assert!(applied["done"].as_array().unwrap().iter().all(|d| d["level"] == "L3"), "{applied:#}");
    assert_eq!(postgres.sql("shop", "SELECT count(*) FROM member"), "0\n");
    let report = case.verified("case.dossier.zip");
    assert_eq!(report["result"], 0, "{report:#}");
}

/// A table that is renamed while an order is open is another one: what went is gone, the rest is found where it is, sealed, planned and approved anew.
#[test]
fn postgresql_a_table_renamed_midway_leads_out_again() {
    let (postgres, case) = postgres();
    let session = postgres.session("shop", "BEGIN; SELECT id FROM member WHERE id = 2500 FOR UPDATE;\n");
    assert_eq!(case.fault(&["apply"]), "lock_timeout");
    session.end();
    postgres.sql("shop", "ALTER TABLE member RENAME TO people");
    let settled = case.json(&["apply"]);
    assert_eq!((&settled["done"][0]["rows_done"], &settled["done"][0]["rows_kept"]), (&0.into(), &PEOPLE.into()), "{settled:#}");
    let text = std::fs::read_to_string(case.folder.join("case.yaml")).unwrap();
    case.write("case.yaml", text.replace("shop/member", "shop/people"));
    case.answered();
    case.ok(&["plan"]);
    case.approve();
    case.ok(&["backup"]);
    let applied = case.json(&["apply"]);
    assert!(applied["done"].as_array().unwrap().iter().all(|d| d["level"] == "L3"), "{applied:#}");
    assert_eq!(applied["done"].as_array().unwrap().len(), 1, "{applied:#}");
    assert_eq!(postgres.sql("shop", "SELECT count(*) FROM people"), "0\n");
    let report = case.verified("case.dossier.zip");
    assert_eq!(report["result"], 0, "{report:#}");
}

/// Outside of the hours of its source nothing is erased, and nothing is purged once more: either makes others wait.
#[test]
fn postgresql_is_left_alone_outside_of_its_hours() {
    let (postgres, case) = postgres();
    let text = std::fs::read_to_string(case.folder.join("case.yaml")).unwrap();
    // Six hours from now in China, fourteen by universal time: now in neither.
    let hour = (std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() / 3_600 + 8 + 6) % 24;
    let closed = text.replace("batch_rows: 200", &format!("batch_rows: 200, window: \"{hour:02}:00-{hour:02}:59\""));
    case.write("case.yaml", &closed);
    assert_eq!(case.fault(&["apply"]), "outside_window");
    assert_eq!(postgres.sql("shop", "SELECT count(*) FROM member"), format!("{PEOPLE}\n"));
    case.write("case.yaml", &text);
    done(&case);
    // A row comes back, and somebody takes it out again: its bytes are cleaned in those hours, too.
    let row = "INSERT INTO member VALUES (7, 'Member 7', '13800000007', 'member.7@example.com'); DELETE FROM member";
    postgres.sql("shop", row);
    assert_eq!(case.run(&["recheck"]).status.code(), Some(1));
    case.write("case.yaml", &closed);
    assert_eq!(case.fault(&["apply"]), "outside_window");
    case.write("case.yaml", &text);
    assert_eq!(case.json(&["apply"])["cleaned"], serde_json::json!(["src1"]));
    assert_eq!(case.run(&["recheck"]).status.code(), Some(0));
}

#[test]
fn postgresql_survives_kills_of_the_program_and_of_the_server() {
    let (postgres, case) = postgres();
    // The server dies without a word, and comes back.
    let mut failed = 0;
    for wait in [100, 250, 450] {
        let child = begun(&case);
        std::thread::sleep(Duration::from_millis(wait));
        postgres.down("immediate");
        failed += u32::from(!ended(child));
        postgres.up();
    }
    assert!(failed > 0, "it never was in the middle of anything");
    for wait in [150, 400, 700, 1_000, 1_400, 1_900] {
        killed_after(&case, Duration::from_millis(wait));
    }
    done(&case);
    assert_eq!(postgres.sql("shop", "SELECT count(*) FROM member"), "0\n");
    assert_eq!(postgres.sql("shop", "SHOW wal_recycle; SHOW min_wal_size; SHOW wal_keep_size"), "on\n80MB\n0\n", "settings are put back");
    assert!(found_in(&postgres.data(), b"13800000007").is_empty());
}

#[test]
fn mariadb_survives_kills_of_the_program_and_of_the_server() {
    let mut mariadb = Mariadb::start();
    mariadb.sql(&format!("CREATE DATABASE shop; USE shop; {}", people()));
    let size = mariadb.sql("SELECT @@GLOBAL.innodb_log_file_size, @@GLOBAL.innodb_max_dirty_pages_pct");
    let case = prepared("mariadb", &mariadb.url("root", "shop"), &mariadb.data());
    let mut failed = 0;
    for wait in [100, 400, 900] {
        let child = begun(&case);
        std::thread::sleep(Duration::from_millis(wait));
        mariadb.kill();
        failed += u32::from(!ended(child));
        mariadb.up();
    }
    assert!(failed > 0, "it never was in the middle of anything");
    for wait in [150, 400, 700, 1_100, 1_600, 2_200] {
        killed_after(&case, Duration::from_millis(wait));
    }
    done(&case);
    assert_eq!(mariadb.sql("SELECT count(*) FROM shop.member"), "0\n");
    assert_eq!(mariadb.sql("SELECT @@GLOBAL.innodb_log_file_size, @@GLOBAL.innodb_max_dirty_pages_pct"), size, "settings are put back");
    assert_eq!(mariadb.sql("SHOW TABLES FROM shop"), "member\n", "nothing of ours is left");
    assert!(found_in(&mariadb.data(), b"13800000007").is_empty());
}
