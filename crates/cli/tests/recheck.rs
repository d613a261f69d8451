//! Weeks later: what was destroyed is looked for again, on the source and on copies; what came back supersedes its receipt.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Case, claim, copy, day, head};
use serde_json::Value;

fn prepared() -> Case {
    let case = Case::new();
    let db = rusqlite::Connection::open(case.folder.join("shop.db")).unwrap();
    db.execute_batch("CREATE TABLE member (id INTEGER PRIMARY KEY, name TEXT, mobile TEXT, email TEXT)").unwrap();
    for n in 0..30 {
        let values = (n, format!("Person {n}"), format!("1380013{n:04}"), format!("person{n}@example.com"));
        db.execute("INSERT INTO member VALUES (?1, ?2, ?3, ?4)", values).unwrap();
    }
    drop(db);
    copy(&case.folder.join("shop.db"), &case.folder.join("backup.db"));
    let sets = "datasets:\n  - {at: shop/member, class: marketing_list, groups: {contact: [name, mobile, email]}}\n";
    let sources = "sources:\n  - {id: shop, kind: sqlite, path: shop.db}\n";
    case.write("case.yaml", format!("{}{sources}{sets}vault: {{holder: keys/epoch-key}}\n", head(&day(-90), &day(60))));
    case.ok(&["scan"]);
    case.prepared();
    case
}

fn looked(case: &Case, args: &[&str]) -> (i32, Value) {
    let out = case.run(&[&["--json"], args].concat());
    (out.status.code().unwrap(), serde_json::from_slice::<Value>(&out.stdout).unwrap()["rechecked"][0].clone())
}

#[test]
fn what_came_back_is_found_and_recorded() {
    let case = prepared();
    assert_eq!(case.json(&["apply"])["done"][0]["level"], "L3");
    let (code, seen) = looked(&case, &["recheck"]);
    assert_eq!((code, &seen["in_cells"], &seen["in_files"]), (0, &0.into(), &0.into()), "{seen:#}");
    let (code, seen) = looked(&case, &["remains", "--copy", "shop=backup.db"]);
    assert_eq!(code, 1, "a backup that somebody kept has all of it: {seen:#}");
    assert!(seen["in_files"].as_u64().unwrap() >= 60, "{seen:#}");
    let entries = case.json(&["status"])["entries"].clone();
    // Somebody imports three rows from that backup.
    let db = rusqlite::Connection::open(case.folder.join("shop.db")).unwrap();
    db.execute("ATTACH ?1 AS old", [case.folder.join("backup.db").to_str().unwrap()]).unwrap();
    db.execute_batch("INSERT INTO member SELECT * FROM old.member WHERE id < 3").unwrap();
    drop(db);
    let (code, seen) = looked(&case, &["recheck"]);
    assert_eq!(code, 1);
    assert!(seen["in_cells"].as_u64().unwrap() >= 6 && seen["in_files"].as_u64().unwrap() >= 6, "{seen:#}");
    let status = case.json(&["status"]);
    assert!(status["entries"].as_u64() > entries.as_u64(), "the finding stands in the ledger");
    assert_eq!(status["next"], "custody recheck");
    let superseded = claim(&case.verified("back.zip"), "destroyed.i-1").clone();
    assert_eq!(superseded["state"], "not_shown", "nobody reads a superseded receipt as one that holds: {superseded:#}");
    // Who cannot look does not say that they are gone.
    std::fs::rename(case.folder.join("shop.db"), case.folder.join("away.db")).unwrap();
    let blind = case.run(&["recheck"]);
    assert_ne!(blind.status.code(), Some(0));
    std::fs::rename(case.folder.join("away.db"), case.folder.join("shop.db")).unwrap();
    assert_eq!(claim(&case.verified("blind.zip"), "destroyed.i-1")["state"], "not_shown");
    // They are taken out again, and looked for once more.
    let db = rusqlite::Connection::open(case.folder.join("shop.db")).unwrap();
    db.execute_batch("PRAGMA secure_delete = OFF; DELETE FROM member WHERE id < 3").unwrap();
    drop(db);
    let (code, seen) = looked(&case, &["recheck"]);
    assert_eq!((code, &seen["in_cells"]), (1, &0.into()), "what was deleted still lies in the file: {seen:#}");
    assert_eq!(case.json(&["apply"])["cleaned"], serde_json::json!(["src1"]));
    assert_eq!(looked(&case, &["recheck"]).0, 0);
    assert_eq!(case.json(&["apply"])["cleaned"], serde_json::json!([]), "nothing is left to clean");
    assert_eq!(claim(&case.verified("again.zip"), "destroyed.i-1")["state"], "attested");
}
