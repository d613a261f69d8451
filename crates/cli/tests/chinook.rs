//! Chinook, a database that nobody here wrote, from unknown data to a verified dossier. Runs where the database is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;
#[path = "common/chinook.rs"]
mod golden;

use common::{Case, claim, copy, day, root, shared};
use serde_json::Value;

fn chinook(text: &str) -> Option<Case> {
    let database = shared("data/chinook/Chinook_Sqlite.sqlite")?;
    let case = Case::new();
    copy(&database, &case.folder.join("chinook.sqlite"));
    case.write("case.yaml", text);
    Some(case)
}

fn case_file() -> String {
    std::fs::read_to_string(root().join("cases/chinook/case.yaml")).unwrap()
}

#[test]
fn table_questions_and_dates_are_the_golden_ones() {
    let Some(case) = chinook(&case_file()) else { return };
    golden::is_golden(&case);
}

#[test]
fn goes_through_dissolution_to_a_dossier() {
    let moved = case_file().replace("2026-02-02", &day(-90)).replace("2026-03-31", &day(-15)).replace("2026-09-29", &day(150));
    let Some(case) = chinook(&moved) else { return };
    let database = case.folder.join("chinook.sqlite");
    let before = contents(&database);
    case.ok(&["scan"]);
    case.ok(&["subjects"]);
    case.ok(&["answer", "holding.statutory_copy=yes"]);
    case.ok(&["answer", "holding.open_matter=no"]);
    case.ok(&["answer", "holding.statutory_copy=yes", "case.offers_to_eu=yes", "case.important_data=no"]);
    case.ok(&["answer", "case.opinion_eu=keep_restricted"]);
    case.ok(&["answer", &format!("holding.ends_on@Employee={}", day(-1))]);
    case.ok(&["answer", "holding.open_matter=no"]);
    case.ok(&["answer", "holding.statutory_copy=yes"]);
    assert_eq!(case.json(&["questions"])["questions"], Value::Array(Vec::new()));
    case.ok(&["plan"]);
    assert_eq!(case.fault(&["apply"]), "not_approved");
    case.approve();
    assert_eq!(case.fault(&["apply"]), "drill_missing");
    case.drill();
    assert_eq!(case.fault(&["apply"]), "no_backup");
    case.ok(&["backup"]);
    let applied = case.json(&["apply"]);
    let done = applied["done"].as_array().unwrap();
    assert!(!done.is_empty() && done.iter().all(|d| d["level"] == "L3"), "{applied:#}");
    assert!(applied["lawfully_present"].as_u64().unwrap() >= 59, "the 59 addresses stay in Invoice: {applied:#}");
    let after = contents(&database);
    assert_eq!(before.len(), after.len());
    for (old, new) in before.iter().zip(&after) {
        assert_eq!((&old.0, &old.1), (&new.0, &new.1), "names stay");
        assert_eq!(new.2, [None, None, None, None, None, None, None, None, Some(String::new())], "postal and contact fields are gone");
    }
    assert_eq!(sound(&database), (0, "ok".to_owned(), 412, 59));
    let report = case.verified("case.dossier.zip");
    assert_eq!(report["result"], 0, "{report:#}");
    assert_eq!(claim(&report, "plan_recomputed")["state"], "proved");
    for c in report["claims"].as_array().unwrap().iter().filter(|c| c["id"].as_str().unwrap().starts_with("destroyed.")) {
        assert_eq!(c["level"], "L3", "{c}");
    }
    let bytes = std::fs::read(&database).unwrap();
    for needle in ["luisg@embraer.com.br", "+55 (12) 3923-5555", "leonekohler@surfeu.de", "andrew@chinookcorp.com"] {
        assert!(!bytes.windows(needle.len()).any(|w| w == needle.as_bytes()), "{needle} is still in the file");
    }
}

type Row = (String, String, Vec<Option<String>>);

fn contents(path: &std::path::Path) -> Vec<Row> {
    let db = rusqlite::Connection::open(path).unwrap();
    let sql = "SELECT FirstName, LastName, Address, City, State, Country, PostalCode, Company, Phone, Fax, Email FROM Customer ORDER BY CustomerId";
    let mut statement = db.prepare(sql).unwrap();
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, (2..11).map(|i| r.get(i)).collect::<Result<_, _>>()?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

fn sound(path: &std::path::Path) -> (i64, String, i64, i64) {
    let db = rusqlite::Connection::open(path).unwrap();
    let one = |sql: &str| db.query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap();
    let keys = one("SELECT count(*) FROM pragma_foreign_key_check");
    let integrity = db.query_row("PRAGMA integrity_check", [], |r| r.get(0)).unwrap();
    let billed = "SELECT count(DISTINCT CustomerId) FROM Invoice WHERE BillingAddress IS NOT NULL";
    (keys, integrity, one("SELECT count(*) FROM Invoice WHERE BillingAddress IS NOT NULL"), one(billed))
}
