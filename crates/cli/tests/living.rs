//! A living source: orders arrive and customers change while the case goes on; what moved is skipped, and a delta plan settles it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use common::{Case, claim, head};
use serde_json::Value;

/// The day of the plan, and the day of the destruction thirty days later.
const PLANNED: &str = "2026-05-01";
const THIRTY_DAYS_LATER: &str = "2026-05-31";
const CUSTOMERS: i64 = 6_000;

fn open(db: &PathBuf) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(db).unwrap();
    connection.busy_timeout(Duration::from_secs(20)).unwrap();
    connection
}

fn shop() -> (Case, PathBuf) {
    let case = Case::new();
    let path = case.folder.join("shop.db");
    let db = open(&path);
    db.execute_batch(
        "PRAGMA journal_mode = WAL;
        CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, mobile TEXT, email TEXT, stars INTEGER NOT NULL);
        CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), goods TEXT, address TEXT, done_on TEXT);
        BEGIN",
    )
    .unwrap();
    for i in 1..=CUSTOMERS {
        let row = (i, format!("客户{i}"), format!("138{:08}", 13 * i + 7), format!("kh{i:04}@example.com"), i % 3);
        db.execute("INSERT INTO customers VALUES (?1, ?2, ?3, ?4, ?5)", row).unwrap();
        order(&db, i);
    }
    db.execute_batch("COMMIT").unwrap();
    case.write("case.yaml", case_file());
    (case, path)
}

fn case_file() -> String {
    head("2026-05-10", "2026-12-01")
        + "simulated: true
sources: [{id: shop, kind: sqlite, path: shop.db, live: true}]
datasets:
  - {at: shop/customers, class: customer_register, groups: {contact: [name, mobile, email], profile: [stars]}, tells: {region: \"=cn\"}}
  - {at: shop/orders, class: order, groups: {transaction: [id, customer_id, goods, done_on], postal: [address]}, tells: {region: \"=cn\", completed_on: done_on}}
safety_days: 0
"
}

fn order(db: &rusqlite::Connection, customer: i64) {
    db.execute(
        "INSERT INTO orders (customer_id, goods, address, done_on) VALUES (?1, 'tea', ?2, '2026-04-30')",
        (customer, format!("Road {customer}, House {}", customer * 7)),
    )
    .unwrap();
}

/// Adds one order a second, and changes the number of a customer every third second, until it is told to stop.
fn writer(path: PathBuf, stop: Arc<AtomicBool>) -> JoinHandle<i64> {
    std::thread::spawn(move || {
        let db = open(&path);
        let mut ticks = 0;
        while !stop.load(Ordering::Relaxed) {
            ticks += 1;
            order(&db, ticks % CUSTOMERS + 1);
            if ticks % 3 == 0 {
                db.execute("UPDATE customers SET mobile = ?1 WHERE id = ?2", (format!("139{ticks:08}"), 100 + ticks)).unwrap();
            }
            std::thread::sleep(Duration::from_secs(1));
        }
        ticks
    })
}

fn at(day: &str, args: &[&str]) -> Vec<String> {
    [&["--as-of", day], args].concat().into_iter().map(str::to_owned).collect()
}

fn json_at(case: &Case, day: &str, args: &[&str]) -> Value {
    let all = at(day, args);
    case.json(&all.iter().map(String::as_str).collect::<Vec<_>>())
}

fn planned_and_approved(case: &Case, day: &str) {
    for fact in ["holding.open_matter=no", "holding.statutory_copy=yes", "case.important_data=no", "case.platform=no"] {
        json_at(case, day, &["answer", fact]);
    }
    let plan = json_at(case, day, &["plan"]);
    assert_eq!(plan["plan"]["plan"]["totals"]["undecided"].as_u64().unwrap_or(0), 0, "{plan:#}");
    for key in ["keys/liquidator.key", "keys/data-lead.key"] {
        json_at(case, day, &["approve", "--key", key, "--yes"]);
    }
    json_at(case, day, &["backup"]);
}

#[test]
fn orders_arrive_for_thirty_days_and_totals_still_add_up() {
    let (case, path) = shop();
    json_at(&case, PLANNED, &["scan"]);
    let sealed = json_at(&case, PLANNED, &["subjects"]);
    assert_eq!(sealed["subjects"], CUSTOMERS);
    case.drill_under(&["--as-of", PLANNED]);
    let stop = Arc::new(AtomicBool::new(false));
    let busy = writer(path.clone(), stop.clone());
    planned_and_approved(&case, PLANNED);
    std::thread::sleep(Duration::from_secs(8));

    // Thirty days later: no refusal, what moved is left alone and said.
    let first = json_at(&case, THIRTY_DAYS_LATER, &["apply"]);
    assert!(first["late"].as_u64().unwrap() >= 8, "{first:#}");
    let kept: u64 = first["done"].as_array().unwrap().iter().map(|d| d["rows_kept"].as_u64().unwrap()).sum();
    assert!(kept >= 2, "changed customers were skipped: {first:#}");
    let db = open(&path);
    let with_number = |sql: &str| db.query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap();
    let left = with_number("SELECT count(*) FROM customers WHERE mobile IS NOT NULL");
    assert!((2..20).contains(&left), "{left} customers still have a number");

    // A delta seal and a delta plan settle it, while the writer still writes; then it stops, and the rest is settled.
    let mut rounds = 0;
    loop {
        rounds += 1;
        assert!(rounds < 5, "the case never comes to rest");
        if rounds == 2 {
            stop.store(true, Ordering::Relaxed);
            std::thread::sleep(Duration::from_secs(2));
        }
        let delta = json_at(&case, THIRTY_DAYS_LATER, &["subjects"]);
        assert_eq!(delta["delta"], true);
        planned_and_approved(&case, THIRTY_DAYS_LATER);
        if json_at(&case, THIRTY_DAYS_LATER, &["apply"])["late"] == 0 && rounds >= 2 {
            break;
        }
    }
    let orders = busy.join().unwrap() + CUSTOMERS;
    assert_eq!(with_number("SELECT count(*) FROM customers WHERE mobile IS NOT NULL OR email IS NOT NULL"), 0);
    assert_eq!(with_number("SELECT count(*) FROM orders"), 0, "a shop of its own keeps no orders");

    json_at(&case, THIRTY_DAYS_LATER, &["apply"]);
    case.answer_tasks_under(&["--as-of", THIRTY_DAYS_LATER]);
    let made = json_at(&case, THIRTY_DAYS_LATER, &["dossier", "--close", "-o", "end.zip"]);
    let report = case.json(&["verify", "end.zip", "--policy-digest", made["policy_digest"].as_str().unwrap()]);
    assert_eq!(report["result"], 0, "{report:#}");
    assert_eq!(claim(&report, "closed")["state"], "proved");
    totals_add_up(&case, orders);
}

/// Sealed = Σ outcomes + superseded + gone for every seal and group; every order that ever was is destroyed in one seal.
fn totals_add_up(case: &Case, orders: i64) {
    let lines = entries(case);
    let mut rows: BTreeMap<u64, (String, u64, bool)> = BTreeMap::new();
    let mut newest: BTreeMap<(u64, String), Value> = BTreeMap::new();
    for e in &lines {
        let f = &e["facts"];
        match e["type"].as_str().unwrap() {
            "dataset.sealed" => {
                let delta = f["kind"] == "delta";
                rows.insert(e["n"].as_u64().unwrap(), (f["dataset"].as_str().unwrap().to_owned(), f["rows"].as_u64().unwrap(), delta));
            }
            "outcomes.recorded" => {
                let key = (f["seal_n"].as_u64().unwrap(), f["group"].as_str().unwrap().to_owned());
                newest.insert(key, f["totals"].clone());
            }
            _ => {}
        }
    }
    assert!(rows.values().any(|(_, _, delta)| *delta), "nothing was sealed as a delta");
    let mut destroyed: BTreeMap<String, u64> = BTreeMap::new();
    for ((seal, group), totals) in &newest {
        let (dataset, sealed, _) = &rows[seal];
        let of = |word: &str| totals[word].as_u64().unwrap_or(0);
        let sum: u64 = totals.as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
        assert_eq!(sum, *sealed, "seal {seal} {group}: {totals}");
        assert_eq!(of("undecided"), 0, "seal {seal} {group}: {totals}");
        *destroyed.entry(format!("{dataset} {group}")).or_default() += of("destroy");
    }
    let orders = u64::try_from(orders).unwrap();
    assert_eq!((destroyed["src1/t2 postal"], destroyed["src1/t2 transaction"]), (orders, orders));
    // A customer who was given a new number after the old one was destroyed is destroyed twice, in two seals.
    let customers = u64::try_from(CUSTOMERS).unwrap();
    for group in ["src1/t1 contact", "src1/t1 profile"] {
        assert!((customers..customers + orders / 3).contains(&destroyed[group]), "{group}: {}", destroyed[group]);
    }
}

fn entries(case: &Case) -> Vec<Value> {
    let db = rusqlite::Connection::open(case.folder.join("case.custody/ledger.db")).unwrap();
    let mut statement = db.prepare("SELECT bytes FROM entry ORDER BY seq").unwrap();
    let lines = statement.query_map([], |r| r.get::<_, Vec<u8>>(0)).unwrap();
    lines.map(|l| serde_json::from_slice(&l.unwrap()).unwrap()).collect()
}
