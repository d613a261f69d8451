//! A server that Custody may only read: its administrator runs the scripts, erasing and purge, and afterwards no file of the stopped server
//! holds a value; what the output says is somebody's word, and the level stays L2.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::path::PathBuf;

use common::{Case, day, head};
use serde_json::Value;
use testbed::{Mariadb, Postgres, met_in};

const PERSONS: usize = 300;

fn email(n: usize) -> String {
    format!("member.{n}.{}@example.com", n * 7_919 % 10_007)
}

fn tables() -> String {
    let row = |n: usize| format!("({n}, 'Member {n}', '{}', '{}')", 13_900_000_000 + n * 7_919, email(n));
    let rows: Vec<String> = (0..PERSONS).map(row).collect();
    format!(
        "CREATE TABLE member (id INT PRIMARY KEY, name VARCHAR(40), mobile VARCHAR(20), email VARCHAR(80)); CREATE INDEX m ON member (email);
         INSERT INTO member VALUES {};",
        rows.join(", ")
    )
}

/// Carries the case through; `run` is the administrator, `stop` stops the server and gives its files.
fn by_script(kind: &str, dialect: &str, url: &str, run: &dyn Fn(&str) -> String, stop: &mut dyn FnMut() -> PathBuf) {
    let case = Case::new();
    let source = format!("{{id: shop, kind: {kind}, path: \"{url}\", reach: script}}");
    let sets = "datasets:\n  - {at: shop/member, class: marketing_list, groups: {contact: [name, mobile, email]}}\n";
    case.write("case.yaml", format!("{}sources:\n  - {source}\n{sets}vault: {{holder: keys/epoch-key}}\n", head(&day(-90), &day(60))));
    case.prepared();
    case.ok(&["apply"]);
    let errand = case.json(&["pack", "erase", "shop", "--dialect", dialect, "--batch", "200", "--to", "errand"]);
    assert_eq!(errand["rows"], PERSONS, "{errand:#}");
    let script = |name: &str| std::fs::read_to_string(case.folder.join("errand").join(name)).unwrap();
    let dry = run(&script("dry-run.sql"));
    assert_eq!(run("SELECT count(*) FROM member").trim(), PERSONS.to_string(), "the dry run changes nothing: {dry}");
    let erased = run(&script("erase.sql"));
    case.write("output.txt", format!("{dry}{erased}"));
    let told = case.json(&["pack", "result", "shop", "output.txt"]);
    assert!(told["purge"].as_array().unwrap().iter().all(|s| s["ran"] == false), "nothing is taken for done that was not said: {told:#}");
    let purged = run(&script("purge.sql"));
    case.write("output.txt", format!("{dry}{erased}{purged}"));
    let told = case.json(&["pack", "result", "shop", "output.txt"]);
    assert!(told["batches"].as_array().unwrap().iter().all(|b| b["asked"] == b["told"]), "{told:#}");
    assert!(told["purge"].as_array().unwrap().iter().all(|s| s["ran"] == true), "{told:#}");
    let done = case.json(&["apply"]);
    let levels: Vec<&Value> = done["done"].as_array().unwrap().iter().map(|d| &d["level"]).collect();
    assert_eq!(levels, ["L2"], "{done:#}");
    assert_ne!(case.verified("case.dossier.zip")["result"], 1);
    let files = stop();
    let values: Vec<String> = (0..PERSONS).step_by(5).flat_map(|n| [email(n), (13_900_000_000 + n * 7_919).to_string()]).collect();
    let left = met_in(&files, &values);
    // Settings that the script changed are as they were: in no file of their own, where there was none.
    let own = std::fs::read_to_string(files.join("postgresql.auto.conf")).unwrap_or_default();
    assert!(!own.contains("wal_recycle") && !own.contains("min_wal_size"), "{own}");
    let at = left.first().map(|v| testbed::found_in(&files, v.as_bytes()));
    assert!(left.is_empty(), "a plain look over the stopped server's files: {} values, one in {at:?}", left.len());
}

#[test]
fn on_postgresql() {
    let postgres = Postgres::start();
    postgres.sql("postgres", "CREATE DATABASE shop; CREATE ROLE looker LOGIN");
    postgres.sql("shop", &format!("{} ANALYZE; CHECKPOINT; GRANT SELECT ON member TO looker", tables()));
    by_script("postgresql", "postgresql", &postgres.url("looker", "shop"), &|sql| postgres.sql("shop", sql), &mut || {
        postgres.down("fast");
        postgres.data()
    });
}

#[test]
fn on_mariadb() {
    let mariadb = std::cell::RefCell::new(Mariadb::with(&["--log-bin=binlog"]));
    mariadb.borrow().sql(&format!(
        "CREATE DATABASE shop; USE shop; {} ANALYZE TABLE member PERSISTENT FOR ALL; CREATE USER looker@'%'; GRANT SELECT ON shop.member TO looker@'%';",
        tables()
    ));
    let url = mariadb.borrow().url("looker", "shop");
    let run = |sql: &str| mariadb.borrow().sql(&format!("USE shop; {sql}"));
    by_script("mariadb", "mysql", &url, &run, &mut || {
        mariadb.borrow_mut().down();
        mariadb.borrow().data()
    });
}
