//! Sight before absence: a third of the persons of a SQLite database goes while somebody is reading it. Without the purge the search finds them in
//! every structure; with it, and the reader gone, a page walk by another hand finds none, and what cannot be seen is L2 by name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Case, Reader, day, head, short_name};
use serde_json::Value;

/// Persons, and how many of them go.
const PERSONS: usize = 1_200;
const GONE: usize = 400;

/// A word that stands in the mail address of one person alone.
fn word(n: usize) -> String {
    format!("kd{:07}", (n * 2_654_435) % 9_999_991)
}

fn email(n: usize) -> String {
    format!("{}.{n:04}@example.com", word(n))
}

fn mobile(n: usize) -> u64 {
    13_900_000_000 + (n as u64) * 7_919
}

/// The first third ended twelve years ago, the others last year.
fn database() -> String {
    let (old, new) = (day(-12 * 366), day(-400));
    let row = |n: usize| {
        let (name, mobile, email, ended) = (short_name(n), mobile(n), email(n), if n < GONE { &old } else { &new });
        let notes = format!("{email} ").repeat(200);
        format!("({n}, '{name}', {mobile}, '{email}', '{{\"mail\": \"{email}\", \"n\": {n}}}', '{notes}', '{email}', '{ended}')")
    };
    format!(
        "PRAGMA journal_mode = WAL;
         CREATE TABLE client (id INTEGER PRIMARY KEY, name TEXT NOT NULL, mobile INTEGER, email TEXT, doc TEXT, notes TEXT, former TEXT,
           relation_end TEXT NOT NULL);
         CREATE INDEX client_email ON client (email);
         CREATE INDEX client_mobile ON client (mobile);
         CREATE INDEX client_name ON client (name);
         CREATE TABLE client_audit (id INTEGER PRIMARY KEY, email TEXT, relation_end TEXT NOT NULL);
         CREATE TRIGGER noted AFTER UPDATE ON client BEGIN
           INSERT INTO client_audit (email, relation_end) VALUES (old.email, old.relation_end); END;
         CREATE VIRTUAL TABLE mail_words USING fts5 (email, content = 'client', content_rowid = 'id');
         INSERT INTO client VALUES {};
         UPDATE client SET notes = notes || ' ';
         INSERT INTO mail_words (mail_words) VALUES ('rebuild');
         ALTER TABLE client DROP COLUMN former;
         ANALYZE;",
        (0..PERSONS).map(row).collect::<Vec<_>>().join(",\n")
    )
}

/// A case over a database that is made by these statements.
fn case_over(database: &str, sets: &str) -> Case {
    let case = Case::new();
    std::fs::create_dir(case.folder.join("data")).unwrap();
    rusqlite::Connection::open(case.folder.join("data/bank.db")).unwrap().execute_batch(database).unwrap();
    let head = head(&day(-30), &day(120)).replace("sectors: [retail]", "sectors: [retail, precious_metals]");
    let source = "sources: [{id: bank, kind: sqlite, path: data/bank.db}]\n";
    case.write("case.yaml", format!("{head}{source}datasets:\n{sets}vault: {{holder: keys/epoch-key}}\n"));
    case.ok(&["scan"]);
    case.prepared();
    case
}

/// What the case file says of the two tables.
const SETS: &str =
    "  - {at: bank/client, class: kyc, groups: {identity: [name, mobile, email, doc, notes]}, tells: {relation_end: relation_end}}
  - {at: bank/client_audit, class: kyc, groups: {identity: [email]}, tells: {relation_end: relation_end}}
";

/// What the page walk finds of the persons who go.
fn decoded(case: &Case) -> Value {
    let values = (0..GONE).flat_map(|n| [email(n), mobile(n).to_string(), word(n)]);
    case.decoded("sqlite_pages.py", &case.folder.join("data"), values)["found"].clone()
}

/// The level of each column of a receipt.
fn levels(receipt: &Value) -> Vec<(u64, &str)> {
    receipt["columns"].as_array().unwrap().iter().map(|c| (c["col"].as_u64().unwrap(), c["level"].as_str().unwrap())).collect()
}

/// Structures of a receipt in which too little of a column was seen while it lived.
fn unseen(receipt: &Value) -> Vec<(&str, u64)> {
    let recall = receipt["recall"].as_array().unwrap().iter().filter(|s| s["found"].as_u64() < s["asked"].as_u64());
    recall.map(|s| (s["structure"].as_str().unwrap(), s["col"].as_u64().unwrap())).collect()
}

#[test]
fn a_third_of_the_persons_is_gone_from_every_structure_or_l2_by_name() {
    let case = case_over(&database(), SETS);
    let before = decoded(&case);
    assert_eq!((&before["rows"], &before["fts5_terms"]), (&(3 * GONE).into(), &GONE.into()), "the page walk sees: {before:#}");
    let reader = Reader::over(&case.folder.join("data/bank.db"));
    // Nothing of the purge: the search finds what it could see before, in each structure.
    let left = case.apply_without("secure_delete,full_text,analyze,rewrite,checkpoint");
    assert_eq!(left["error"]["code"], "values_remain", "{left:#}");
    let structures = left["error"]["args"]["structures"].as_str().unwrap();
    for structure in ["src1/t1", "src1/t1#1", "src1/t1#2", "src1/t1#3", "statistics", "src1/t2", "journal", "free_pages"] {
        assert!(structures.split(", ").any(|s| s == structure), "{structure} is not in {structures}");
    }
    // All of the purge, and somebody who still reads what was: named, not done.
    let stopped = case.json_any(&["apply"]);
    assert_eq!((&stopped["error"]["code"], &stopped["error"]["retry"]), (&"open_reader".into(), &true.into()), "{stopped:#}");
    let failed = case.json(&["status"])["failed"][0]["receipt"].clone();
    assert_eq!(failed["outcome"], "failed(retryable)", "{failed:#}");
    assert!(case.receipts().is_empty(), "nothing was seen done");
    reader.end();
    case.json(&["apply"]);
    let receipts = case.receipts();
    let of = |place: &str| receipts.iter().find(|r| r["recall"].as_array().unwrap().iter().any(|s| s["structure"] == place)).unwrap();
    let (client, audit) = (of("src1/t1"), of("src1/t2"));
    // Words of mails lie in pieces: L2, by name.
    let expected = [(1, "L3"), (2, "L3"), (3, "L2"), (4, "L3"), (5, "L3"), (6, "L3")];
    assert_eq!((levels(client), unseen(client)), (expected.to_vec(), vec![("full_text", 3)]), "{client:#}");
    assert_eq!((levels(audit), unseen(audit)), (vec![(1, "L3"), (2, "L3")], vec![]), "{audit:#}");
    assert_ne!(case.verified("case.dossier.zip")["result"], 1, "nothing is contradicted");
    let found = decoded(&case);
    for (structure, n) in found.as_object().unwrap() {
        assert_eq!(n, 0, "{structure}: {found:#}");
    }
}

#[test]
fn an_index_of_words_without_texts_of_its_own_is_asked_and_what_it_still_has_is_no_destruction() {
    let ended = day(-12 * 366);
    let row = |n: usize| format!("({n}, '{}', '{ended}')", email(n));
    let database = format!(
        "CREATE TABLE client (id INTEGER PRIMARY KEY, email TEXT, relation_end TEXT NOT NULL);
         INSERT INTO client VALUES {};
         CREATE VIRTUAL TABLE bare USING fts5 (email, content = '');
         INSERT INTO bare (rowid, email) SELECT id, email FROM client;",
        (0..60).map(row).collect::<Vec<_>>().join(", ")
    );
    let case =
        case_over(&database, "  - {at: bank/client, class: kyc, groups: {identity: [email]}, tells: {relation_end: relation_end}}\n");
    let left = case.json_any(&["apply"]);
    assert_eq!((&left["error"]["code"], &left["error"]["args"]["structures"]), (&"values_remain".into(), &"full_text".into()), "{left:#}");
    // Its owner makes it anew.
    let db = rusqlite::Connection::open(case.folder.join("data/bank.db")).unwrap();
    db.execute_batch("INSERT INTO bare (bare) VALUES ('delete-all')").unwrap();
    drop(db);
    case.json(&["apply"]);
    let found = case.decoded("sqlite_pages.py", &case.folder.join("data"), (0..60).flat_map(|n| [email(n), word(n)]));
    assert_eq!((&found["found"]["plain"], &found["found"]["fts5_terms"]), (&0.into(), &0.into()), "{found:#}");
}

#[test]
fn what_an_open_program_has_only_written_to_its_journal_is_seen() {
    let row = |n: usize| format!("({n}, '{}', '{}')", email(n), day(-12 * 366));
    let made = "PRAGMA journal_mode = WAL; CREATE TABLE client (id INTEGER PRIMARY KEY, email TEXT, relation_end TEXT NOT NULL);";
    let case = case_over(
        &format!("{made} INSERT INTO client VALUES {};", row(0)),
        "  - {at: bank/client, class: kyc, groups: {identity: [email]}, tells: {relation_end: relation_end}}\n",
    );
    let program = rusqlite::Connection::open(case.folder.join("data/bank.db")).unwrap();
    program.execute_batch("PRAGMA wal_autocheckpoint = 0").unwrap();
    program.execute_batch(&format!("INSERT INTO client VALUES {}", (1..60).map(row).collect::<Vec<_>>().join(", "))).unwrap();
    case.ok(&["scan"]);
    case.prepared();
    let done = case.json(&["apply"]);
    assert_eq!((&done["done"][0]["level"], &done["done"][0]["rows_done"]), (&"L3".into(), &60.into()), "{done:#}");
    drop(program);
    let found = case.decoded("sqlite_pages.py", &case.folder.join("data"), (0..60).map(email));
    assert_eq!(found["found"]["plain"], 0, "{found:#}");
}

#[test]
fn texts_that_lie_in_two_bytes_a_character_are_seen_and_gone() {
    for encoding in ["UTF-16le", "UTF-16be"] {
        let sql = database().replace("PRAGMA journal_mode = WAL;", &format!("PRAGMA encoding = '{encoding}';"));
        let sql = sql.replace("CREATE VIRTUAL TABLE mail_words USING fts5 (email, content = 'client', content_rowid = 'id');", "");
        let case = case_over(&sql.replace("INSERT INTO mail_words (mail_words) VALUES ('rebuild');", ""), SETS);
        let wide = |n: usize| -> Vec<u8> {
            let be = email(n).encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
            if encoding == "UTF-16be" { be } else { be.chunks(2).flat_map(|c| [c[1], c[0]]).collect() }
        };
        let met = || (0..GONE).filter(|n| !testbed::found_in(&case.folder.join("data"), &wide(*n)).is_empty()).count();
        assert_eq!(met(), GONE, "{encoding}: so they lie");
        case.json(&["apply"]);
        let levels: Vec<String> =
            case.receipts().iter().flat_map(|r| r["columns"].as_array().unwrap()).map(|c| c["level"].to_string()).collect();
        assert!(levels.iter().filter(|l| *l == "\"L3\"").count() >= 4, "{encoding}: {levels:?}");
        assert_eq!(met(), 0, "{encoding}");
    }
}

/// An index over an expression may make of a value that stays what another value was that went: entries say nothing there, and short values are
/// L2 by its name.
#[test]
fn what_an_expression_makes_of_a_value_that_stays_is_not_taken_for_one_that_went() {
    let (old, new) = (day(-12 * 366), day(-400));
    let row = |n: usize, name: &str, ended: &str| format!("({n}, '{name}', '{}', '{ended}')", email(n));
    let rows = [row(1, "ann lae", &old), row(2, "bob poe", &old), row(3, "Ann Lae", &new), row(4, "Bob Poe", &new)];
    let made = format!(
        "CREATE TABLE client (id INTEGER PRIMARY KEY, name TEXT, email TEXT, relation_end TEXT NOT NULL);
         CREATE INDEX by_name ON client (name); CREATE INDEX lower_name ON client (lower(name)); CREATE INDEX lower_email ON client (lower(email));
         INSERT INTO client VALUES {};",
        rows.join(", ")
    );
    let case =
        case_over(&made, "  - {at: bank/client, class: kyc, groups: {identity: [name, email]}, tells: {relation_end: relation_end}}\n");
    let done = case.json(&["apply"]);
    assert_eq!(done["done"][0]["rows_done"], 2, "{done:#}");
    let receipts = case.receipts();
    assert_eq!(
        (levels(&receipts[0]), unseen(&receipts[0])),
        (vec![(1, "L2"), (2, "L3"), (3, "L3")], vec![("src1/t1#3", 1)]),
        "{receipts:#?}"
    );
}
