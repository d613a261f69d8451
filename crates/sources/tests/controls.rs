//! The negative control: every step of every purge is left out once, and the search must then find what was erased; with all steps, nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use remains::{Kind, Needles};
use sources::{Action, At, LeaveOut, Limits, Places, ServerAt, Source};
use terms::{Place, StoreKind};
use testbed::{Mariadb, Postgres, Session};

const PERSONS: usize = 2_000;

fn email(round: usize, n: usize) -> String {
    format!("r{round:02}.{n:04}.{}@example.com", (n * 7_919 + round * 104_729) % 1_000_003)
}

fn mobile(round: usize, n: usize) -> u64 {
    13_000_000_000 + (round as u64) * 100_000_000 + (n as u64) * 7_919
}

/// A third goes.
fn goes(n: usize) -> bool {
    n.is_multiple_of(3)
}

fn server(url: String, files: &Path) -> At {
    let limits = Limits { lookers: std::time::Duration::from_secs(5), ..Limits::default() };
    At::Server(ServerAt { url, secret: None, files: Some(files.to_owned()), ca: None, limits })
}

/// Erases a third of `people`, purges without some steps; gives the structures in which something that went is still found.
fn remaining(kind: StoreKind, at: At, round: usize, numbers: bool, left_out: &str, reader: Option<Session>) -> BTreeSet<String> {
    let source = Place::new("src1".to_owned()).unwrap();
    let mut open = sources::open(kind, &source, at).unwrap();
    open.leave_out(LeaveOut::of(left_out));
    let listed = open.list(&mut Places::marked("test".to_owned())).unwrap();
    let people = listed.datasets.iter().find(|d| d.name == "people").unwrap().clone();
    let id = people.columns.iter().position(|c| c.name == "id").unwrap();
    let before = found(open.as_mut(), &people.place, &mut gone(round, numbers));
    assert!(before.contains("rows"), "{before:?}");
    let columns: Arc<[u32]> = (0..u32::try_from(people.columns.len()).unwrap()).filter(|c| *c as usize != id).collect::<Vec<_>>().into();
    let settings = open.settings().unwrap();
    let blanks = open.blanks(&people.place, &columns, &sources::Said::new()).unwrap();
    open.erase(std::slice::from_ref(&people.place), &mut |_, batch, row| {
        let n = usize::try_from(batch.cell(row, id).integer().unwrap()).unwrap();
        // Half of them whole, half of them emptied.
        Ok(match (goes(n), n % 2) {
            (true, 0) => Action::Delete,
            (true, _) => {
                let left = columns.iter().map(|c| blanks[*c as usize].leaves(batch.cell(row, *c as usize), n as u64));
                Action::Overwrite(Arc::clone(&columns), left.collect())
            }
            _ => Action::Keep,
        })
    })
    .unwrap();
    // Somebody who was reading all the while: what they kept alive stays where it is when they go, written out by then.
    let mut reader = reader;
    reader.iter_mut().for_each(|r| r.say("SET GLOBAL innodb_log_checkpoint_now = ON;\n"));
    let reads_on = reader.take_if(|_| left_out == "history");
    reader.into_iter().for_each(Session::end);
    open.purge(std::slice::from_ref(&people.place)).unwrap();
    reads_on.into_iter().for_each(Session::end);
    open.put_back(&settings).unwrap();
    found(open.as_mut(), &people.place, &mut gone(round, numbers))
}

fn gone(round: usize, numbers: bool) -> Needles {
    let mut needles = Needles::new();
    for n in (0..PERSONS).filter(|n| goes(*n)) {
        let id = u32::try_from(n).unwrap();
        needles.add(id, Kind::Alone, email(round, n).as_bytes());
        if numbers {
            needles.add(id, Kind::Alone, &mobile(round, n).to_le_bytes());
            let mut flipped = mobile(round, n).to_be_bytes();
            flipped[0] ^= 0x80;
            needles.add(id, Kind::Alone, &flipped);
        }
    }
    needles
}

fn found(open: &mut dyn Source, place: &Place, needles: &mut Needles) -> BTreeSet<String> {
    let searched = open.search(place, needles).unwrap();
    assert_eq!(searched.unread, 0);
    let names = searched.structures.iter().enumerate();
    names.filter(|(i, _)| needles.iter().any(|n| n.met_in(*i))).map(|(_, s)| s.name.replace(place.as_str(), "rows")).collect()
}

fn values(round: usize) -> String {
    let row = |n: usize| format!("({n}, 'Person {n}', {}, '{}')", mobile(round, n), email(round, n));
    (0..PERSONS).map(row).collect::<Vec<_>>().join(", ")
}

/// Which steps are left out, and where something must then remain; nothing where nothing is left out.
type Cases = [(&'static str, &'static [&'static str])];

fn check(cases: &Cases, mut run: impl FnMut(usize, &str) -> BTreeSet<String>) {
    for (round, (left_out, remains)) in cases.iter().enumerate() {
        expect(left_out, remains, &run(round, left_out));
    }
}

fn expect(left_out: &str, remains: &[&str], found: &BTreeSet<String>) {
    let expected: BTreeSet<String> = remains.iter().map(|s| (*s).to_owned()).collect();
    assert!(expected.is_subset(found) && found.is_empty() == expected.is_empty(), "without `{left_out}`: {found:?}, not {expected:?}");
}

/// Blocks of code that ask about some of those who go, one by one.
fn asked_about(round: usize) -> String {
    let block = |n| format!("DO $$ BEGIN PERFORM 1 FROM people WHERE email = '{}'; END $$;", email(round, n));
    (0..PERSONS).filter(|n| goes(*n)).take(100).map(block).collect()
}

#[test]
fn postgresql() {
    let postgres = Postgres::with("-c shared_preload_libraries=pg_stat_statements -c pg_stat_statements.track_utility=on");
    let cases: &Cases = &[
        ("", &[]),
        ("refresh", &["src1/t1"]),
        ("analyze", &["statistics"]),
        ("rewrite", &["rows", "rows#3"]),
        ("catalogue", &["statistics"]),
        // Texts of statements that are run as they are, with what stands in them.
        ("statements", &["other_files"]),
        ("log", &["write_ahead_log"]),
        (
            "refresh,analyze,rewrite,catalogue,statements,log",
            &["rows", "rows#2", "rows#3", "src1/t1", "statistics", "other_files", "write_ahead_log"],
        ),
    ];
    check(cases, |round, left_out| {
        let name = format!("round{round}");
        postgres.sql("postgres", &format!("CREATE DATABASE {name}"));
        postgres.sql(
            &name,
            &format!(
                "CREATE TABLE people (id BIGINT PRIMARY KEY, name TEXT, mobile BIGINT, email TEXT);
                 CREATE INDEX ON people (mobile); CREATE INDEX ON people (email);
                 INSERT INTO people VALUES {};
                 ALTER TABLE people ALTER mobile SET STATISTICS 50, ALTER email SET STATISTICS 50;
                 CREATE MATERIALIZED VIEW mails AS SELECT email FROM people;
                 CREATE EXTENSION pg_stat_statements;
                 {}
                 ANALYZE; CHECKPOINT;",
                values(round),
                asked_about(round)
            ),
        );
        remaining(StoreKind::Postgresql, server(postgres.url("custody", &name), &postgres.data()), round, true, left_out, None)
    });
}

#[test]
fn mariadb() {
    let mariadb = Mariadb::with(&["--log-bin=binlog", "--binlog-format=ROW", "--innodb-log-file-size=512M"]);
    let cases: &Cases = &[
        ("", &[]),
        ("redo", &["redo_log"]),
        ("rewrite", &["rows#3"]),
        ("statistics", &["statistics"]),
        ("binary_log", &["binary_log"]),
        ("write_over", &["system_tablespace"]),
        // With somebody reading on: undo is kept for them.
        ("history", &["system_tablespace"]),
        ("rewrite,statistics,binary_log,write_over,redo", &["rows", "rows#3", "statistics", "binary_log", "system_tablespace", "redo_log"]),
    ];
    check(cases, |round, left_out| {
        mariadb.sql(&format!(
            "CREATE DATABASE round{round}; USE round{round};
             CREATE TABLE people (id BIGINT PRIMARY KEY, name VARCHAR(40), mobile BIGINT, email VARCHAR(80), KEY (mobile), KEY (email){}) ENGINE = InnoDB;
             INSERT INTO people VALUES {};
             UPDATE people SET name = concat(name, ' ');
             ANALYZE TABLE people PERSISTENT FOR ALL;",
            // Making a full-text index anew writes over a good deal by itself.
            if left_out == "write_over" { "" } else { ", FULLTEXT (email)" },
            values(round)
        ));
        let reader = mariadb.session("START TRANSACTION WITH CONSISTENT SNAPSHOT; SELECT 1;\n");
        let at = server(mariadb.url("root", &format!("round{round}")), &mariadb.data());
        remaining(StoreKind::Mariadb, at, round, true, left_out, Some(reader))
    });
}

/// People, their mails as words of an index whose pages are so small that many words stand whole, and a table that was dropped long ago.
fn people_in_sqlite(round: usize) -> String {
    format!(
        "PRAGMA journal_mode = WAL;
         CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, mobile INTEGER, email TEXT);
         CREATE INDEX people_mobile ON people (mobile); CREATE INDEX people_email ON people (email);
         CREATE VIRTUAL TABLE words USING fts5 (email, content = 'people', content_rowid = 'id', tokenize = \"unicode61 tokenchars '.@'\");
         INSERT INTO people VALUES {};
         INSERT INTO words (words, rank) VALUES ('pgsz', 64);
         INSERT INTO words (words) VALUES ('rebuild');
         ANALYZE;
         CREATE TABLE older AS SELECT * FROM people;
         DROP TABLE older;",
        values(round)
    )
}

#[test]
fn sqlite() {
    let cases: &Cases = &[
        ("", &[]),
        // What others dropped before stands in free pages; what goes now is written over where it stands, unless that is left out too.
        ("rewrite", &["free_pages"]),
        ("rewrite,secure_delete", &["rows", "free_pages"]),
        // Left out alone it leaves nothing in the file, for the rewrite makes all of it anew: it is there for the blocks that the rewrite gives
        // back to the file system, and for a run that ends before the rewrite.
        ("secure_delete", &[]),
        ("analyze", &["statistics"]),
        // With somebody reading: the checkpoint is what notices.
        ("checkpoint", &["rows"]),
        ("full_text", &["full_text"]),
        ("secure_delete,full_text,analyze,rewrite", &["rows", "free_pages", "statistics", "full_text"]),
    ];
    let folder = tempfile::tempdir().unwrap();
    check(cases, |round, left_out| {
        let path = folder.path().join(format!("round{round}.db"));
        let db = rusqlite::Connection::open(&path).unwrap();
        db.execute_batch(&people_in_sqlite(round)).unwrap();
        drop(db);
        let reader = (left_out == "checkpoint").then(|| rusqlite::Connection::open(&path).unwrap());
        if let Some(reader) = &reader {
            reader.execute_batch("BEGIN; SELECT count(*) FROM people").unwrap_or_default();
            reader.query_row("SELECT count(*) FROM people", [], |r| r.get::<_, i64>(0)).unwrap();
        }
        remaining(StoreKind::Sqlite, At::Path(path), round, false, left_out, None)
    });
}

/// Values of the first person in every kind of part: shared strings, cells with texts of their own, comments, links, caches of pivot tables.
#[test]
fn xlsx() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("members.xlsx", "", &[]),
        ("members.xlsx", "cells", &["rows"]),
        ("members.xlsx", "shared_strings", &["rows"]),
        ("members.xlsx", "other_parts", &["other_parts"]),
        ("members.xlsx", "overwrite", &["old bytes"]),
        ("pivot.xlsx", "", &[]),
        ("pivot.xlsx", "computed_parts", &["other_parts"]),
    ];
    for (file, left_out, remains) in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(file);
        let book = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/files/good").join(file)).unwrap();
        std::fs::write(&path, &book).unwrap();
        // Whoever has the file open keeps its old blocks: what stands in them when another file has taken the name.
        let mut kept = std::fs::File::open(&path).unwrap();
        let mut found = remaining_in_book(folder.path(), left_out);
        let mut old = Vec::new();
        std::io::Read::read_to_end(&mut kept, &mut old).unwrap();
        assert_eq!(old.len(), book.len());
        if old.iter().any(|b| *b != 0) {
            found.insert("old bytes".to_owned());
        }
        expect(left_out, remains, &found);
    }
}

/// Takes all rows of a workbook away; gives the structures in which one of their values still stands.
fn remaining_in_book(folder: &Path, left_out: &str) -> BTreeSet<String> {
    let source = Place::new("src1".to_owned()).unwrap();
    let mut open = sources::open(StoreKind::Sheets, &source, At::Path(folder.to_owned())).unwrap();
    open.leave_out(LeaveOut::of(left_out));
    let listed = open.list(&mut Places::marked("test".to_owned())).unwrap();
    let places: Vec<Place> = listed.datasets.iter().map(|d| d.place.clone()).collect();
    let mut needles = Needles::new();
    for place in &places {
        open.read(place, &mut |batch| {
            for cell in (0..batch.rows()).flat_map(|row| batch.row(row)).filter(|c| c.tag == rows::Tag::Text) {
                needles.add(0, Kind::Alone, cell.bytes);
            }
            Ok(())
        })
        .unwrap();
    }
    assert!(!needles.is_empty());
    open.erase(&places, &mut |_, _, _| Ok(Action::Delete)).unwrap();
    let searched = open.search(&places[0], &mut needles).unwrap();
    assert_eq!(searched.unread, 0);
    let names = searched.structures.iter().enumerate().filter(|(i, _)| needles.iter().any(|n| n.met_in(*i)));
    names.map(|(_, s)| s.name.replace(places[0].as_str(), "rows")).collect()
}
