//! A SQLite file, beside `sqlite3 .dump`.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use sources::At;
use terms::StoreKind;

use crate::stand::{Client, Stand, key};
use crate::table::{COLUMNS, values};
use crate::{is_here, silent};

pub struct File {
    keep: tempfile::TempDir,
    has_program: bool,
}

impl File {
    pub fn make() -> File {
        File { keep: tempfile::tempdir().unwrap(), has_program: is_here("sqlite3") }
    }

    fn path(&self) -> PathBuf {
        self.keep.path().join("shop.db")
    }

    fn connect(&self) -> Connection {
        let db = Connection::open(self.path()).unwrap();
        db.busy_timeout(Duration::from_secs(60)).unwrap();
        db
    }

    /// Every value as text, where the store's own program is not here.
    fn select(&self) {
        let db = self.connect();
        let mut statement = db.prepare("SELECT * FROM customer").unwrap();
        let (columns, mut rows, mut bytes) = (statement.column_count(), statement.query([]).unwrap(), 0);
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                bytes += match row.get_ref(column).unwrap() {
                    ValueRef::Null => 0,
                    ValueRef::Integer(n) => n.to_string().len(),
                    ValueRef::Real(n) => n.to_string().len(),
                    ValueRef::Text(b) | ValueRef::Blob(b) => b.len(),
                };
            }
        }
        assert_ne!(bytes, 0);
    }
}

impl Stand for File {
    fn kind(&self) -> StoreKind {
        StoreKind::Sqlite
    }

    fn at(&self) -> At {
        At::Path(self.path())
    }

    fn fill(&mut self, rows: u64) {
        let db = self.connect();
        let values = values(|n| format!("printf('%08d', {n})"), |n| format!("datetime(1704067200 + {n}, 'unixepoch')"));
        db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL").unwrap();
        for table in ["customer", "other"] {
            db.execute_batch(&format!(
                "CREATE TABLE {table} (id INTEGER PRIMARY KEY, name TEXT NOT NULL, mobile TEXT, email TEXT, address TEXT, balance REAL, seen TEXT, note TEXT);
                 INSERT INTO {table} ({COLUMNS}) WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows}) SELECT {values} FROM numbers;
                 CREATE INDEX {table}_mobile ON {table} (mobile); CREATE INDEX {table}_email ON {table} (email);"
            ))
            .unwrap();
        }
        db.execute_batch("CREATE TABLE visit (id INTEGER PRIMARY KEY, customer INTEGER, at TEXT); ANALYZE").unwrap();
        drop(db);
        self.settle();
    }

    fn settle(&mut self) {
        self.connect().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    }

    fn dump_name(&self) -> &'static str {
        if self.has_program { "sqlite3 .dump" } else { "not sqlite3 .dump, which is not here, but SELECT as text" }
    }

    fn dump(&self) {
        match self.has_program {
            true => silent(Command::new("sqlite3").arg(self.path()).arg(".dump customer")),
            false => self.select(),
        }
    }

    fn client(&self) -> Box<dyn Client> {
        Box::new(Connected(self.connect()))
    }

    fn bytes(&self) -> u64 {
        let sum = "SELECT sum(pgsize) FROM dbstat WHERE name IN (SELECT name FROM sqlite_schema WHERE tbl_name = 'customer')";
        let all = || std::fs::metadata(self.path()).unwrap().len();
        self.connect().query_row(sum, [], |r| r.get::<_, i64>(0)).map_or_else(|_| all(), |n| n as u64)
    }
}

struct Connected(Connection);

impl Client for Connected {
    fn write(&mut self, n: u64, rows: u64) {
        self.0.execute_batch("BEGIN IMMEDIATE").unwrap();
        let run = |sql| self.0.prepare_cached(sql).unwrap().execute([key(n, rows)]).unwrap();
        run("UPDATE customer SET balance = balance + 1 WHERE id = ?1");
        run("INSERT INTO visit (customer, at) VALUES (?1, datetime())");
        self.0.execute_batch("COMMIT").unwrap();
    }

    fn look(&mut self, n: u64, rows: u64) {
        let mut statement = self.0.prepare_cached("SELECT name FROM customer WHERE id = ?1").unwrap();
        let found: Vec<String> = statement.query_map([key(n, rows)], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
        assert!(found.len() <= 1);
    }

    fn delete(&mut self, keys: &[i64]) {
        self.0.execute_batch("BEGIN IMMEDIATE").unwrap();
        for key in keys {
            self.0.prepare_cached("DELETE FROM other WHERE id = ?1").unwrap().execute([key]).unwrap();
        }
        self.0.execute_batch("COMMIT").unwrap();
    }
}
