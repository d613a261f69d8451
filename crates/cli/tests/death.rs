//! Random death: the shipped binary is killed at random instants over a whole case, from outside; run again it reaches the same end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::time::{Duration, Instant};

use common::{Case, claim, day, head};
use serde_json::{Value, json};

/// Kills over the whole case.
const KILLS: u32 = 200;

fn shop() -> Case {
    let case = Case::new();
    let db = rusqlite::Connection::open(case.folder.join("shop.db")).unwrap();
    db.execute_batch("CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, mobile TEXT, email TEXT);
        CREATE TABLE newsletter (id INTEGER PRIMARY KEY, email TEXT NOT NULL, opted TEXT);
        CREATE TABLE fapiao (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), title TEXT, amount REAL, issued_on TEXT); BEGIN").unwrap();
    for i in 0..300 {
        db.execute(
            "INSERT INTO customers VALUES (?1, ?2, ?3, ?4)",
            (i + 1, format!("客户{i}"), format!("138{:08}", 13 * i + 7), format!("kh{i:03}@example.com")),
        )
        .unwrap();
        db.execute("INSERT INTO newsletter (email, opted) VALUES (?1, 'yes')", [format!("kh{i:03}@example.com")]).unwrap();
        db.execute(
            "INSERT INTO fapiao (customer_id, title, amount, issued_on) VALUES (?1, ?2, 10.5, '2025-05-06')",
            (i + 1, format!("客户{i}")),
        )
        .unwrap();
    }
    db.execute_batch("COMMIT").unwrap();
    let mut csv = String::from("会员编号,姓名,手机号,积分\r\n");
    for i in 0..200 {
        csv += &format!("H{i:05},会员{i},139{:08},{}\r\n", 17 * i + 3, i % 90);
    }
    case.write("lists/loyalty.csv", csv);
    case.write("case.yaml", head(&day(-10), &day(100)) + "sources: [{id: shop, kind: sqlite, path: shop.db, live: true}, {id: lists, kind: delimited, path: lists}]
datasets:
  - {at: shop/customers, class: customer_register, groups: {buyer: [name], contact: [mobile, email]}, tells: {region: \"=cn\"}}
  - {at: shop/newsletter, class: marketing_list, groups: {marketing: [email, opted]}, tells: {region: \"=cn\", marketing: opted}}
  - {at: shop/fapiao, class: voucher, groups: {buyer: [title], voucher: [id, customer_id, amount, issued_on]}, tells: {voucher_date: issued_on}}
  - {at: \"lists/*\", name: Loyalty, class: member_profile, groups: {contact: [姓名, 手机号], profile: [会员编号, 积分]}, tells: {region: \"=cn\"}}
safety_days: 0
tolerance: {live_percent: 50}
");
    case
}

/// The steps of the case; each is run until it has succeeded once.
const STEPS: &[&[&str]] = &[
    &["scan"],
    &["subjects"],
    &["answer", "holding.open_matter=no"],
    &["answer", "holding.statutory_copy=yes"],
    &["answer", "case.important_data=no"],
    &["plan"],
    &["approve", "--key", "keys/liquidator.key", "--yes"],
    &["approve", "--key", "keys/data-lead.key", "--yes"],
    &["backup"],
    // Rows come late, before the first destruction: the first archive lives on, and they are sealed as a delta, planned, approved and
    // destroyed by themselves, in an archive of their own.
    &[DRILL],
    &[LATE],
    &["apply"],
    &["subjects"],
    &["plan"],
    &["approve", "--key", "keys/liquidator.key", "--yes"],
    &["approve", "--key", "keys/data-lead.key", "--yes"],
    &["backup"],
    &["apply"],
    &["apply"],
];

/// Not a command: two printed shares are tried; a death may have come before the sheets were written, so they are split anew.
const DRILL: &str = "drill";

/// Not a command: rows that come after the plan was approved.
const LATE: &str = "late rows";

/// Does what is no command; false if the step is one.
fn by_hand(case: &Case, step: &[&str]) -> bool {
    match step {
        [LATE] => come_late(case),
        [DRILL] => {
            case.ok(&["keeper", "split"]);
            case.drill();
        }
        _ => return false,
    }
    true
}

fn come_late(case: &Case) {
    let db = rusqlite::Connection::open(case.folder.join("shop.db")).unwrap();
    db.execute_batch(
        "INSERT INTO newsletter (email, opted) VALUES ('late@example.com', 'yes');
        INSERT INTO customers (name, mobile) VALUES ('迟到', '13700000001');
        UPDATE customers SET email = 'again@example.com' WHERE id = 7",
    )
    .unwrap();
}

/// What is left in the sources: counts of values that must be gone and that must stay.
fn left(case: &Case) -> Value {
    let db = rusqlite::Connection::open(case.folder.join("shop.db")).unwrap();
    let one = |sql: &str| db.query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap();
    json!({
        "contacts": one("SELECT count(*) FROM customers WHERE mobile IS NOT NULL OR email IS NOT NULL"),
        "csv": std::fs::read_to_string(case.folder.join("lists/loyalty.csv")).unwrap().lines().count(),
        "customers": one("SELECT count(name) FROM customers"),
        "fapiao": one("SELECT count(title) FROM fapiao"),
        "newsletter": one("SELECT count(*) FROM newsletter"),
        "sidecars": std::fs::read_dir(case.folder.join("lists")).unwrap().count(),
    })
}

/// Archives backed up, archives whose keys died, and whether some seal is a delta.
fn seals(case: &Case) -> (usize, usize, bool) {
    let db = rusqlite::Connection::open(case.folder.join("case.custody/ledger.db")).unwrap();
    let mut statement = db.prepare("SELECT bytes FROM entry").unwrap();
    let lines = statement.query_map([], |r| r.get::<_, Vec<u8>>(0)).unwrap();
    let entries: Vec<Value> = lines.map(|l| serde_json::from_slice(&l.unwrap()).unwrap()).collect();
    let of = |kind: &str| entries.iter().filter(|e| e["type"] == kind).count();
    let delta = entries.iter().any(|e| e["type"] == "dataset.sealed" && e["facts"]["kind"] == "delta");
    (of("backup.observed"), of("shred.observed"), delta)
}

#[test]
fn two_hundred_deaths_change_nothing() {
    let calm = shop();
    let mut lengths = Vec::new();
    for step in STEPS {
        let began = Instant::now();
        if !by_hand(&calm, step) {
            calm.ok(step);
        }
        lengths.push(began.elapsed());
    }
    let expected = left(&calm);
    assert_eq!(expected, json!({"contacts": 0, "csv": 1, "customers": 300, "fapiao": 300, "newsletter": 0, "sidecars": 1}));
    let mut dice = 20_261_124u64;
    let mut kills = 0;
    let mut rounds = 0;
    while kills < KILLS {
        rounds += 1;
        let case = shop();
        for (step, length) in STEPS.iter().zip(&lengths) {
            let mut tries = 0;
            if by_hand(&case, step) {
                continue;
            }
            loop {
                tries += 1;
                assert!(tries < 60, "{step:?} never ends");
                dice ^= dice << 13;
                dice ^= dice >> 7;
                dice ^= dice << 17;
                // Most deaths fall inside the time that a step takes; every fourth try lives to its end.
                let fuse = Duration::from_micros(2_000 + dice % u64::try_from(length.as_micros()).unwrap());
                let spared = tries % 4 == 0;
                let mut child = case
                    .command(&[&["--json"], *step].concat())
                    .stdout(std::process::Stdio::piped())
                    .stderr(std::process::Stdio::null())
                    .spawn()
                    .unwrap();
                let began = Instant::now();
                let ended = loop {
                    match child.try_wait().unwrap() {
                        Some(status) => break Some(status),
                        None if began.elapsed() > fuse && kills < KILLS && !spared => {
                            child.kill().unwrap();
                            child.wait().unwrap();
                            kills += 1;
                            break None;
                        }
                        None => std::thread::sleep(Duration::from_millis(1)),
                    }
                };
                match ended {
                    None => {}
                    Some(status) if matches!(status.code(), Some(0 | 2)) => break,
                    Some(status) => {
                        let again = case.run(step);
                        panic!("{step:?} after {kills} deaths: {status}: {}", String::from_utf8_lossy(&again.stderr));
                    }
                }
            }
        }
        assert_eq!(left(&case), expected, "round {rounds}");
        assert_eq!(seals(&case), (2, 2, true), "round {rounds}: what came late is in a delta seal and an archive of its own");
        case.answer_tasks();
        let made = case.json(&["dossier", "--close", "-o", "end.zip"]);
        let report = case.json(&["verify", "end.zip", "--policy-digest", made["policy_digest"].as_str().unwrap()]);
        assert_eq!(report["result"], 0, "round {rounds}: {report:#}");
        assert_eq!(claim(&report, "closed")["state"], "proved");
        let destroyed = report["claims"].as_array().unwrap().iter().filter(|c| c["id"].as_str().unwrap().starts_with("destroyed.")).count();
        assert!(destroyed >= 3, "nothing is destroyed without evidence: {report:#}");
    }
    assert_eq!(kills, KILLS);
}
