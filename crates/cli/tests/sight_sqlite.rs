//! Sight before absence: a third of the persons of a SQLite database goes while somebody is reading it. Without the purge the search finds them in
//! every structure; with it, and the reader gone, a page walk by another hand finds none, and what cannot be seen is L2 by name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use common::{Case, day, head};
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
        let (mobile, email, ended) = (mobile(n), email(n), if n < GONE { &old } else { &new });
        let notes = format!("{email} ").repeat(200);
        format!("({n}, 'Client {n}', {mobile}, '{email}', '{{\"mail\": \"{email}\", \"n\": {n}}}', '{notes}', '{email}', '{ended}')")
    };
    format!(
        "PRAGMA journal_mode = WAL;
         CREATE TABLE client (id INTEGER PRIMARY KEY, name TEXT NOT NULL, mobile INTEGER, email TEXT, doc TEXT, notes TEXT, former TEXT,
           relation_end TEXT NOT NULL);
         CREATE INDEX client_email ON client (email);
         CREATE INDEX client_mobile ON client (mobile);
         CREATE TABLE client_audit (id INTEGER PRIMARY KEY, email TEXT, relation_end TEXT NOT NULL);
         CREATE TRIGGER noted AFTER UPDATE ON client BEGIN
           INSERT INTO client_audit (email, relation_end) VALUES (old.email, old.relation_end); END;
         CREATE VIRTUAL TABLE mail_words USING fts5 (email, content = 'client', content_rowid = 'id');
         INSERT INTO client VALUES {};
         UPDATE client SET name = name || ' ';
         INSERT INTO mail_words (mail_words) VALUES ('rebuild');
         ALTER TABLE client DROP COLUMN former;
         ANALYZE;",
        (0..PERSONS).map(row).collect::<Vec<_>>().join(",\n")
    )
}

fn case_over_a_database() -> Case {
    let case = Case::new();
    std::fs::create_dir(case.folder.join("data")).unwrap();
    rusqlite::Connection::open(case.folder.join("data/bank.db")).unwrap().execute_batch(&database()).unwrap();
    let sets =
        "  - {at: bank/client, class: kyc, groups: {identity: [name, mobile, email, doc, notes]}, tells: {relation_end: relation_end}}
  - {at: bank/client_audit, class: kyc, groups: {identity: [email]}, tells: {relation_end: relation_end}}\n";
    let head = head(&day(-30), &day(120)).replace("sectors: [retail]", "sectors: [retail, precious_metals]");
    let source = "sources: [{id: bank, kind: sqlite, path: data/bank.db}]\n";
    case.write("case.yaml", format!("{head}{source}datasets:\n{sets}vault: {{holder: keys/epoch-key}}\n"));
    case.ok(&["scan"]);
    case.prepared();
    case
}

/// Another process that has read, and holds on to what it saw.
struct Reader(Child);

impl Reader {
    fn over(case: &Case) -> Reader {
        let program = "import sqlite3, sys; c = sqlite3.connect('data/bank.db', isolation_level=None); c.execute('BEGIN')
c.execute('SELECT count(*) FROM client').fetchone(); print('reading', flush=True); sys.stdin.read()";
        let mut command = Command::new("python3");
        command.args(["-c", program]).current_dir(&case.folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "reading\n");
        Reader(child)
    }

    fn end(mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

/// What the page walk finds of the persons who go.
fn decoded(case: &Case) -> Value {
    let values = (0..GONE).flat_map(|n| [email(n), mobile(n).to_string(), word(n)]);
    case.decoded("sqlite_pages.py", &case.folder.join("data"), values)["found"].clone()
}

#[test]
fn a_third_of_the_persons_is_gone_from_every_structure_or_l2_by_name() {
    let case = case_over_a_database();
    let before = decoded(&case);
    assert_eq!((&before["rows"], &before["fts5_terms"]), (&(3 * GONE).into(), &GONE.into()), "the page walk sees: {before:#}");
    let reader = Reader::over(&case);
    // Nothing of the purge: the search finds what it could see before, in each structure.
    let left = case.apply_without("secure_delete,full_text,analyze,rewrite,checkpoint");
    assert_eq!(left["error"]["code"], "values_remain", "{left:#}");
    let structures = left["error"]["args"]["structures"].as_str().unwrap();
    for structure in ["src1/t1", "src1/t1#1", "statistics", "other_tables", "journal", "free_pages"] {
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
    println!("{receipts:#?}");
    let found = decoded(&case);
    for (structure, n) in found.as_object().unwrap() {
        assert_eq!(n, 0, "{structure}: {found:#}");
    }
}
