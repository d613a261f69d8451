//! The disk is full while a source is erased in or written anew: short beforehand, nothing is ordered; short in the middle, the receipt
//! says so and never done; with room again a rerun reaches the same end, nothing twice, and settings that the purge changed are put back.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::{Case, Reader, day, head, sheet_row, workbook};
use serde_json::Value;
use testbed::{Mariadb, Postgres, found_in};

/// Persons, and how many of them go.
const PERSONS: usize = 3_000;
const GONE: usize = 1_000;
const MB: u64 = 1 << 20;

/// A disk of its own, a small one. Whatever lies on it is dropped before it.
struct SmallDisk {
    folder: PathBuf,
    _keep: tempfile::TempDir,
}

impl SmallDisk {
    /// None where the system does not allow mounting: said, so that nobody takes it for tried.
    fn new(bytes: u64) -> Option<SmallDisk> {
        let keep = tempfile::tempdir().unwrap();
        std::fs::set_permissions(keep.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let folder = keep.path().join("disk");
        std::fs::create_dir(&folder).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={bytes},mode=755"), "tmpfs"]).arg(&folder);
        if !mount.stderr(Stdio::null()).status().is_ok_and(|s| s.success()) {
            println!("not tried here: no file system can be mounted");
            return None;
        }
        Some(SmallDisk { folder, _keep: keep })
    }

    /// Brings a folder here and leaves a link in its place; gives where it is now.
    fn take(&self, folder: &Path) -> PathBuf {
        let here = self.folder.join(folder.file_name().unwrap());
        assert!(Command::new("cp").arg("-a").arg(folder).arg(&here).status().unwrap().success());
        std::fs::remove_dir_all(folder).unwrap();
        std::os::unix::fs::symlink(&here, folder).unwrap();
        here
    }

    fn free(&self) -> u64 {
        let out = Command::new("df").args(["--output=avail", "-B1"]).arg(&self.folder).output().unwrap();
        String::from_utf8(out.stdout).unwrap().lines().nth(1).unwrap().trim().parse().unwrap()
    }

    /// Fills it up to so many bytes; a server that writes meanwhile may have been quicker, then it is asked again.
    fn fill(&self, left: u64) {
        until("the disk is full", || {
            let mut ballast = Command::new("fallocate");
            ballast.args(["-l", &self.free().saturating_sub(left).to_string()]).arg(self.ballast());
            ballast.stderr(Stdio::null()).status().unwrap().success()
        });
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }

    fn make_room(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A server that was just ended may still hold a file for a moment.
        let umount = |how: &[&str]| Command::new("umount").args(how).arg(&self.folder).stderr(Stdio::null()).status().unwrap().success();
        let gone = (0..20).any(|_| {
            umount(&[]) || {
                std::thread::sleep(Duration::from_millis(100));
                false
            }
        });
        let _ = gone || umount(&["-l"]);
    }
}

/// Looks again every 5 ms.
fn until(what: &str, seen: impl FnMut() -> bool) {
    common::until(what, Duration::from_millis(5), seen);
}

fn mobile(n: usize) -> String {
    format!("139{n:08}")
}

/// The first third ended twelve years ago, the others last year: they stay, and are written anew.
fn person(n: usize, notes: usize) -> [String; 6] {
    let ended = if n < GONE { day(-12 * 366) } else { day(-400) };
    [format!("C{n:07}"), format!("Client {n}"), mobile(n), format!("client{n}@example.com"), format!("note {n} ").repeat(notes), ended]
}

const COLUMNS: [&str; 6] = ["id", "name", "mobile", "email", "notes", "relation_end"];

/// Short notes, and notes by which what stays has some weight.
const SHORT: usize = 40;
const LONG: usize = 150;

fn table(notes: usize) -> String {
    let rows: Vec<String> = (0..PERSONS).map(|n| format!("('{}')", person(n, notes).join("', '"))).collect();
    format!(
        "CREATE TABLE client (id VARCHAR(10) PRIMARY KEY, name VARCHAR(40) NOT NULL, mobile VARCHAR(20), email VARCHAR(60), notes TEXT,
           relation_end DATE NOT NULL);
         CREATE INDEX client_mobile ON client (mobile);
         CREATE TABLE elsewhere (n INT PRIMARY KEY);
         INSERT INTO elsewhere VALUES (1);
         INSERT INTO client VALUES {};",
        rows.join(", ")
    )
}

/// A case over one source in which a third of the persons goes, up to the backup.
fn prepared(source: &str, at: &str) -> Case {
    let case = Case::new();
    let head = head(&day(-30), &day(120)).replace("sectors: [retail]", "sectors: [retail, precious_metals]");
    let groups = "groups: {identity: [name, mobile, email, notes]}, tells: {relation_end: relation_end}";
    let sets = format!("datasets:\n  - {{at: \"shop/{at}\", class: kyc, {groups}}}\n");
    case.write("case.yaml", format!("{head}sources:\n  - {source}\n{sets}vault: {{holder: keys/epoch-key}}\n"));
    case.ok(&["scan"]);
    case.prepared();
    case
}

fn server(kind: &str, url: &str, files: &Path) -> Case {
    let limits = format!("server: {{files: \"{}\", lookers_seconds: 30, lock_seconds: 1, batch_rows: 200}}", files.display());
    prepared(&format!("{{id: shop, kind: {kind}, path: \"{url}\", {limits}}}"), "client")
}

fn begun(case: &Case) -> Child {
    case.command(&["--json", "apply"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// What it said at last.
fn said(child: Child) -> Value {
    let text = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let last = serde_json::from_str(&text).ok().or_else(|| text.lines().rev().find_map(|l| serde_json::from_str(l).ok()));
    last.unwrap_or_else(|| panic!("{text}"))
}

/// Room was asked for before anything began: no order stands.
fn refused(case: &Case) {
    let said = case.json_any(&["apply"]);
    assert_eq!((&said["error"]["code"], &said["error"]["retry"]), (&"disk_short".into(), &true.into()), "{said:#}");
    let of = |name: &str| said["error"]["args"][name].as_str().unwrap().parse::<u64>().unwrap();
    assert!(of("need") > of("there"), "{said:#}");
    assert_eq!(case.json(&["status"])["failed"], Value::Array(Vec::new()), "no order was given that could have failed");
}

/// It was stopped, says why, and may be called again; the ledger says so too, and nothing is called done.
fn stopped(case: &Case, said: &Value, codes: &[&str]) {
    let code = said["error"]["code"].as_str().unwrap_or_else(|| panic!("{said:#}"));
    assert!(codes.contains(&code) && said["error"]["retry"] == true, "{said:#}");
    let receipt = case.json(&["status"])["failed"][0]["receipt"].clone();
    assert_eq!((&receipt["code"], &receipt["outcome"]), (&code.into(), &"failed(retryable)".into()), "{receipt:#}");
    assert!(case.receipts().is_empty(), "nothing was seen done");
}

/// With room again: the same end, ordered once, seen done once, and not there a look later.
fn ended(case: &Case, files: &Path) {
    let applied = case.json(&["apply"]);
    let done = &applied["done"][0];
    assert_eq!((&done["rows_done"], &done["rows_kept"], &done["level"]), (&GONE.into(), &0.into(), &"L3".into()), "{applied:#}");
    assert_eq!(case.json(&["apply"])["done"], Value::Array(Vec::new()), "nothing twice");
    assert_eq!(case.json(&["status"])["failed"], Value::Array(Vec::new()));
    let report = case.verified("case.dossier.zip");
    assert_ne!(report["result"], 1, "nothing is contradicted: {report:#}");
    let orders = report["claims"].as_array().unwrap().iter().filter(|c| c["id"].as_str().unwrap().starts_with("destroyed."));
    assert_eq!(orders.map(|c| c["level"].clone()).collect::<Vec<_>>(), ["L3"], "{report:#}");
    let again = case.json(&["recheck"])["rechecked"][0].clone();
    assert_eq!((&again["rows"], &again["in_cells"], &again["in_files"]), (&GONE.into(), &0.into(), &0.into()), "{again:#}");
    assert!(found_in(files, mobile(7).as_bytes()).is_empty());
    assert!(!found_in(files, mobile(PERSONS - 7).as_bytes()).is_empty(), "who stays is there");
}

/// A PostgreSQL server whose files lie on the disk.
fn postgres_on(disk: &SmallDisk) -> (Postgres, PathBuf) {
    let postgres = Postgres::start();
    postgres.down("fast");
    let files = disk.take(&postgres.data());
    postgres.up();
    postgres.sql("postgres", "CREATE DATABASE shop");
    postgres.sql("shop", &table(LONG));
    (postgres, files)
}

const COUNT: &str = "SELECT count(*), count(mobile) FROM client";
const SETTINGS: &str = "SHOW wal_recycle; SHOW min_wal_size; SHOW wal_keep_size";

#[test]
fn postgresql_is_written_anew_on_a_full_disk() {
    let Some(disk) = SmallDisk::new(400 * MB) else { return };
    let (postgres, files) = postgres_on(&disk);
    let case = server("postgresql", &postgres.url("custody", "shop"), &files);
    disk.fill(60 * MB);
    refused(&case);
    assert_eq!(postgres.sql("shop", COUNT), "3000|3000\n", "nothing was erased");
    disk.make_room();
    // The purge waits for a session that looks; meanwhile the room goes, but for less than those who stay need.
    let session = postgres.session("shop", "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM elsewhere;\n");
    let child = begun(&case);
    until("all rows are erased", || postgres.sql("shop", COUNT) == "2000|2000\n");
    // The log has a segment to go on in: a server that cannot write its log stops at once.
    postgres.sql("shop", "SELECT pg_switch_wal(); CHECKPOINT");
    disk.fill(MB);
    session.end();
    stopped(&case, &said(child), &["disk_full"]);
    assert_eq!(case.fault(&["apply"]), "disk_short", "it is not begun again before there is room");
    disk.make_room();
    ended(&case, &files);
    assert_eq!(postgres.sql("shop", &format!("{SETTINGS}; {COUNT}")), "on\n80MB\n0\n2000|2000\n");
}

#[test]
fn postgresql_dies_of_a_full_disk_while_its_settings_are_changed() {
    let Some(disk) = SmallDisk::new(400 * MB) else { return };
    let (postgres, files) = postgres_on(&disk);
    let case = server("postgresql", &postgres.url("custody", "shop"), &files);
    let child = begun(&case);
    let changed = || std::fs::read_to_string(files.join("postgresql.auto.conf")).is_ok_and(|t| t.contains("min_wal_size"));
    until("the purge changed settings of the log", changed);
    disk.fill(0);
    stopped(&case, &said(child), &["connection_lost", "disk_full", "server_stopping", "server_unreachable"]);
    // It cannot start again by itself without room for a checkpoint.
    until("the server is gone", || !files.join("postmaster.pid").exists());
    assert!(changed(), "the settings stand as the purge left them");
    disk.make_room();
    postgres.up();
    ended(&case, &files);
    assert_eq!(postgres.sql("shop", &format!("{SETTINGS}; {COUNT}")), "on\n80MB\n0\n2000|2000\n", "settings are put back");
}

/// A MariaDB server whose files lie on the disk.
fn mariadb_on(disk: &SmallDisk, log: u64) -> (Mariadb, PathBuf) {
    let mut mariadb = Mariadb::with(&["--skip-log-bin", &format!("--innodb-log-file-size={log}")]);
    mariadb.down();
    let files = disk.take(&mariadb.data());
    mariadb.up();
    mariadb.sql(&format!("CREATE DATABASE shop; USE shop; {}", table(LONG)));
    (mariadb, files)
}

const MARIADB_COUNT: &str = "SELECT COUNT(*), COUNT(mobile) FROM shop.client";
const MARIADB_SETTINGS: &str =
    "SELECT @@GLOBAL.innodb_log_file_size, @@GLOBAL.innodb_max_dirty_pages_pct, @@GLOBAL.innodb_purge_rseg_truncate_frequency";

#[test]
fn mariadb_is_written_anew_on_a_full_disk() {
    let Some(disk) = SmallDisk::new(600 * MB) else { return };
    let (mariadb, files) = mariadb_on(&disk, 16 * MB);
    let settings = mariadb.sql(MARIADB_SETTINGS);
    let case = server("mariadb", &mariadb.url("root", "shop"), &files);
    disk.fill(60 * MB);
    refused(&case);
    assert_eq!(mariadb.sql(MARIADB_COUNT), "3000\t3000\n", "nothing was erased");
    disk.make_room();
    // The purge waits for a session that looks; meanwhile the room goes.
    let session = mariadb.session("START TRANSACTION WITH CONSISTENT SNAPSHOT; SELECT * FROM shop.elsewhere;\n");
    let child = begun(&case);
    until("all rows are erased", || mariadb.sql(MARIADB_COUNT) == "2000\t2000\n");
    disk.fill(MB);
    session.end();
    stopped(&case, &said(child), &["disk_full"]);
    assert_eq!(mariadb.sql(MARIADB_SETTINGS), settings, "settings are put back");
    assert_eq!(case.fault(&["apply"]), "disk_short", "it is not begun again before there is room");
    disk.make_room();
    ended(&case, &files);
    let now = mariadb.sql(&format!("{MARIADB_SETTINGS}; {MARIADB_COUNT}; SHOW TABLES FROM shop"));
    assert_eq!(now, settings + "2000\t2000\nclient\nelsewhere\n", "settings are put back, nothing of ours is left");
}

/// The redo log is made anew beside the old one, as large as it: that room is asked for, or its want is said for what it is.
#[test]
fn mariadb_has_no_room_for_another_log() {
    let Some(disk) = SmallDisk::new(1_000 * MB) else { return };
    let (mariadb, files) = mariadb_on(&disk, 256 * MB);
    let settings = mariadb.sql(MARIADB_SETTINGS);
    let case = server("mariadb", &mariadb.url("root", "shop"), &files);
    disk.fill(180 * MB);
    let said = case.json_any(&["apply"]);
    let code = said["error"]["code"].as_str().unwrap_or_else(|| panic!("{said:#}"));
    assert!(["disk_short", "disk_full"].contains(&code) && said["error"]["retry"] == true, "{said:#}");
    assert!(case.receipts().is_empty(), "nothing was seen done");
    assert_eq!(mariadb.sql(MARIADB_SETTINGS), settings, "settings are put back");
    disk.make_room();
    ended(&case, &files);
    assert_eq!(mariadb.sql(&format!("{MARIADB_SETTINGS}; SHOW TABLES FROM shop")), settings + "client\nelsewhere\n");
}

/// What the purge writes over old pages is nobody's data: in the binary log it would fill a disk that was not asked for so much room, where
/// the server waits without a word, and every replica's.
#[test]
fn mariadb_keeps_what_it_writes_over_out_of_the_binary_log() {
    let mariadb = Mariadb::with(&["--log-bin=binlog", "--binlog-format=ROW"]);
    mariadb.sql(&format!("CREATE DATABASE shop; USE shop; {}", table(SHORT)));
    let case = server("mariadb", &mariadb.url("root", "shop"), &mariadb.data());
    ended(&case, &mariadb.data());
    let logs = mariadb.sql("SHOW BINARY LOGS");
    let bytes: u64 = logs.lines().filter_map(|l| l.split('\t').nth(1)?.parse::<u64>().ok()).sum();
    assert!(bytes < 16 * MB, "{logs}");
}

/// Whether somebody is waiting to be alone: then no new reader is let in.
fn waited_for(database: &Path) -> bool {
    let own = rusqlite::Connection::open(database).unwrap();
    own.busy_timeout(Duration::ZERO).unwrap();
    own.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get::<_, i64>(0)).is_err()
}

fn rows_in(database: &Path) -> usize {
    let own = rusqlite::Connection::open(database).unwrap();
    let rows: i64 = own.query_row("SELECT count(mobile) FROM client", [], |r| r.get(0)).unwrap();
    usize::try_from(rows).unwrap()
}

#[test]
fn sqlite_is_erased_in_and_written_anew_on_a_full_disk() {
    let Some(disk) = SmallDisk::new(150 * MB) else { return };
    // Room for nothing; room for the journal of erasing, and not for the file once more.
    for (left, rows) in [(0, PERSONS), (15 * MB, PERSONS - GONE)] {
        let database = disk.folder.join("shop.db");
        let _ = std::fs::remove_file(&database);
        let made = rusqlite::Connection::open(&database).unwrap();
        // Beside a small table, 20 MB that stay.
        let pictures = "CREATE TABLE picture (id INTEGER PRIMARY KEY, data BLOB);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 320)
            INSERT INTO picture SELECT i, zeroblob(65536) FROM n;";
        made.execute_batch(&format!("BEGIN; {} {pictures} COMMIT;", table(SHORT))).unwrap();
        drop(made);
        let case = prepared(&format!("{{id: shop, kind: sqlite, path: \"{}\"}}", database.display()), "client");
        disk.fill(10 * MB);
        refused(&case);
        disk.make_room();
        // Room is asked for before the order; the transaction that erases waits for the reader.
        let reader = Reader::over(&database);
        let child = begun(&case);
        until("it waits to be alone", || waited_for(&database));
        disk.fill(left);
        reader.end();
        stopped(&case, &said(child), &["disk_full"]);
        assert_eq!(case.fault(&["apply"]), "disk_short", "it is not begun again before there is room");
        disk.make_room();
        assert_eq!(rows_in(&database), rows, "all of it or nothing");
        ended(&case, &disk.folder);
        assert_eq!(rows_in(&database), PERSONS - GONE);
    }
}

fn csv(path: &Path) {
    let rows: Vec<String> = (0..PERSONS).map(|n| person(n, SHORT).join(",")).collect();
    std::fs::write(path, format!("{}\n{}\n", COLUMNS.join(","), rows.join("\n"))).unwrap();
}

fn xlsx(path: &Path) {
    let row = |n: usize| sheet_row(u32::try_from(n + 2).unwrap(), &person(n, SHORT).each_ref().map(String::as_str));
    workbook(path, "client", "visible", &(sheet_row(1, &COLUMNS) + &(0..PERSONS).map(row).collect::<String>()));
}

/// A file is written anew beside the old one, which stays whole until the new one is.
fn file_on_a_full_disk(kind: &str, name: &str, at: &str, make: fn(&Path)) {
    let Some(disk) = SmallDisk::new(64 * MB) else { return };
    let folder = disk.folder.join("data");
    std::fs::create_dir(&folder).unwrap();
    make(&folder.join(name));
    let whole = std::fs::read(folder.join(name)).unwrap();
    let case = prepared(&format!("{{id: shop, kind: {kind}, path: \"{}\"}}", folder.display()), at);
    disk.fill(32 << 10);
    refused(&case);
    let names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, [name], "no half of a file is left");
    assert!(std::fs::read(folder.join(name)).unwrap() == whole, "the old one is whole");
    disk.make_room();
    ended_in_file(&case, &folder);
}

/// As [`ended`]; a packed workbook cannot be searched as bytes by another hand.
fn ended_in_file(case: &Case, folder: &Path) {
    let applied = case.json(&["apply"]);
    assert_eq!((&applied["done"][0]["rows_done"], &applied["done"][0]["level"]), (&GONE.into(), &"L3".into()), "{applied:#}");
    assert_eq!(case.json(&["apply"])["done"], Value::Array(Vec::new()), "nothing twice");
    assert_eq!(case.receipts().len(), 1);
    assert!(found_in(folder, mobile(7).as_bytes()).is_empty());
    assert_ne!(case.verified("case.dossier.zip")["result"], 1, "nothing is contradicted");
}

#[test]
fn a_table_of_text_is_written_anew_on_a_full_disk() {
    file_on_a_full_disk("delimited", "clients.csv", "clients.csv", csv);
}

#[test]
fn a_workbook_is_written_anew_on_a_full_disk() {
    file_on_a_full_disk("sheets", "clients.xlsx", "clients.xlsx#client", xlsx);
}
