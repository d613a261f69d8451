//! Bad input: every fault says its code, place and remedy, nothing is lost, and the same command goes on once it is mended.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use common::{Case, day, head, sheet_row, workbook};
use serde_json::Value;

fn shop(rows: i64) -> (Case, PathBuf) {
    let case = Case::new();
    let path = case.folder.join("shop.db");
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch("CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, mobile TEXT, email TEXT); BEGIN").unwrap();
    for i in 1..=rows {
        let row = (i, format!("客户{i}"), format!("138{:08}", 13 * i + 7), format!("kh{i:05}@example.com"));
        db.execute("INSERT INTO customers VALUES (?1, ?2, ?3, ?4)", row).unwrap();
    }
    db.execute_batch("COMMIT").unwrap();
    case.write("lists/members.csv", "会员,手机号\r\n一,13800000001\r\n");
    case.write(
        "case.yaml",
        head(&day(-10), &day(100))
            + "sources: [{id: shop, kind: sqlite, path: shop.db}, {id: lists, kind: delimited, path: lists}]
datasets:
  - {at: shop/customers, class: customer_register, groups: {contact: [name, mobile, email]}, tells: {region: \"=cn\"}}
  - {at: \"lists/*\", class: member_profile, tells: {region: \"=cn\"}}
safety_days: 0
",
    );
    (case, path)
}

/// Reasons in the coverage list, with their places.
fn unread(scan: &Value) -> Vec<(String, String)> {
    let list = scan["inventory"]["unread"].as_array().unwrap();
    list.iter().map(|u| (u["place"].as_str().unwrap().to_owned(), u["reason"].as_str().unwrap().to_owned())).collect()
}

fn contacts(path: &PathBuf) -> i64 {
    let db = rusqlite::Connection::open(path).unwrap();
    db.query_row("SELECT count(*) FROM customers WHERE mobile IS NOT NULL", [], |r| r.get(0)).unwrap()
}

/// A fault's text names a remedy in both languages.
fn remedy(case: &Case, args: &[&str]) {
    for lang in ["zh", "en"] {
        let out = case.run(&[&["--lang", lang], args].concat());
        let text = String::from_utf8(out.stderr).unwrap();
        let todo = if lang == "zh" { "怎么办: " } else { "do: " };
        let has = text.lines().any(|l| l.trim_start().starts_with(todo) && l.trim().len() > todo.len() + 10);
        assert!(has, "{args:?} ({lang}) names no remedy: {text}");
    }
}

#[test]
fn a_missing_file_is_listed_and_a_missing_source_refused_later() {
    let (case, path) = shop(3);
    std::fs::rename(&path, case.folder.join("away.db")).unwrap();
    let scan = case.json(&["scan"]);
    assert_eq!(unread(&scan), [("src1".to_owned(), "source_missing".to_owned())]);
    assert_eq!(case.run(&["scan"]).status.code(), Some(2), "what was not read makes a scan incomplete");
    std::fs::rename(case.folder.join("away.db"), &path).unwrap();
    case.prepared();
    std::fs::rename(&path, case.folder.join("away.db")).unwrap();
    assert_eq!(case.fault(&["apply"]), "source_missing");
    remedy(&case, &["apply"]);
    std::fs::rename(case.folder.join("away.db"), &path).unwrap();
    case.ok(&["apply"]);
    assert_eq!(contacts(&path), 0);
}

#[test]
fn a_locked_database_is_left_alone_until_it_is_free() {
    let (case, path) = shop(3);
    case.prepared();
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert_eq!(case.fault(&["apply"]), "database_locked");
    db.execute_batch("COMMIT").unwrap();
    assert_eq!(contacts(&path), 3, "nothing was touched");
    case.ok(&["apply"]);
    assert_eq!(contacts(&path), 0);
}

#[test]
fn an_open_reader_during_the_purge_is_told_by_the_checkpoint() {
    let (case, path) = shop(3);
    rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA journal_mode = WAL").unwrap();
    case.prepared();
    let reader = rusqlite::Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let before: i64 = reader.query_row("SELECT count(mobile) FROM customers", [], |r| r.get(0)).unwrap();
    assert_eq!(before, 3);
    let code = case.fault(&["apply"]);
    assert!(["open_reader", "database_locked"].contains(&code.as_str()), "{code}");
    remedy(&case, &["apply"]);
    reader.execute_batch("COMMIT").unwrap();
    let done = case.json(&["apply"]);
    assert_eq!(done["done"][0]["level"], "L3", "{done:#}");
    assert_eq!(contacts(&path), 0);
}

#[test]
fn a_corrupt_page_is_listed_and_the_rest_is_read() {
    let (case, path) = shop(5_000);
    let mut file = std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let pages = file.metadata().unwrap().len() / 4_096;
    file.seek(SeekFrom::Start(pages / 2 * 4_096)).unwrap();
    file.write_all(&[0xa5; 4_096]).unwrap();
    drop(file);
    let scan = case.json(&["scan"]);
    assert_eq!(unread(&scan), [("src1/t1".to_owned(), "database_corrupt".to_owned())]);
    let read: Vec<&str> = scan["inventory"]["datasets"].as_array().unwrap().iter().map(|d| d["dataset"].as_str().unwrap()).collect();
    assert_eq!(read, ["src2/f1"], "the rest of the scan goes on");
}

#[test]
fn odd_files_are_read_or_listed_each_with_its_place() {
    let (case, _) = shop(3);
    case.write("lists/ragged.csv", "会员,手机号,备注\r\n一,13800000001\r\n二,13800000002,x,y,z\r\n\"三\r\n行\",13800000003,\r\n");
    case.write("lists/broken-quote.csv", "会员,手机号\r\n\"一,13800000001\r\n");
    case.write("lists/empty.csv", "");
    case.write("lists/photo.jpg", [0xff, 0xd8, 0xff]);
    std::fs::create_dir(case.folder.join("books")).unwrap();
    workbook(
        &case.folder.join("books/far.xlsx"),
        "远",
        "visible",
        &[sheet_row(1, &["姓名"]), r#"<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>"#.to_owned()].concat(),
    );
    case.write("books/password.xlsx", password_workbook());
    case.write("books/torn.xlsx", [0x50, 0x4b, 3, 4, 0, 0]);
    case.write("books/text.xlsx", "not a workbook");
    let yaml = std::fs::read_to_string(case.folder.join("case.yaml")).unwrap();
    case.write("case.yaml", yaml.replace("path: lists}]", "path: lists}, {id: books, kind: sheets, path: books}]"));
    let scan = case.json(&["scan"]);
    let mut reasons: Vec<String> = unread(&scan).into_iter().map(|(_, r)| r).collect();
    reasons.sort();
    assert_eq!(
        reasons,
        ["csv_open_quote", "not_a_workbook", "sheet_damaged", "sheet_password", "sheet_too_large", "unsupported_file"],
        "{:#}",
        scan["inventory"]["unread"]
    );
    let ragged = scan["inventory"]["datasets"].as_array().unwrap().iter().find(|d| d["ragged"].as_u64() > Some(0)).unwrap();
    assert_eq!((ragged["rows"].as_u64(), ragged["ragged"].as_u64()), (Some(3), Some(2)));
    // Each reason has words in the coverage list for people.
    let out = case.run(&["scan"]);
    let text = String::from_utf8(out.stdout).unwrap();
    for reason in reasons {
        assert!(!text.contains(&reason), "{reason} has no words: {text}");
    }
}

/// The container of an encrypted workbook: a compound file with the two streams that Office writes.
fn password_workbook() -> Vec<u8> {
    const SECTOR: usize = 512;
    let mut out = vec![0u8; SECTOR * 18];
    let mut put = |at: usize, bytes: &[u8]| out[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]);
    put(24, &[0x3e, 0, 3, 0, 0xfe, 0xff, 9, 0, 6, 0]);
    put(44, &1u32.to_le_bytes());
    put(48, &1u32.to_le_bytes());
    put(56, &4_096u32.to_le_bytes());
    put(60, &u32::MAX.wrapping_sub(1).to_le_bytes());
    put(68, &u32::MAX.wrapping_sub(1).to_le_bytes());
    for i in 0..109usize {
        put(76 + 4 * i, &if i == 0 { 0u32 } else { u32::MAX }.to_le_bytes());
    }
    // Sector 0 is the allocation table, 1 the directory, 2 to 9 and 10 to 16 the streams.
    for i in 0..128usize {
        let next = match i {
            0 => 0xffff_fffd,
            1 | 9 | 16 => 0xffff_fffe,
            2..=15 => u32::try_from(i).unwrap() + 1,
            _ => u32::MAX,
        };
        put(SECTOR + 4 * i, &next.to_le_bytes());
    }
    let mut entry = |i: usize, name: &str, kind: u8, child: u32, right: u32, start: u32, size: u64| {
        let at = 2 * SECTOR + 128 * i;
        let utf16: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        put(at, &utf16);
        put(at + 64, &u16::try_from(utf16.len()).unwrap().to_le_bytes());
        put(at + 66, &[kind, 1]);
        for (offset, n) in [(68, u32::MAX), (72, right), (76, child), (116, start)] {
            put(at + offset, &n.to_le_bytes());
        }
        put(at + 120, &size.to_le_bytes());
    };
    entry(0, "Root Entry", 5, 1, u32::MAX, 0xffff_fffe, 0);
    entry(1, "EncryptionInfo", 2, u32::MAX, 2, 2, 4_096);
    entry(2, "EncryptedPackage", 2, u32::MAX, u32::MAX, 10, 3_584);
    out
}

#[test]
fn wrong_passphrase_and_wrong_key_say_which() {
    let (case, _) = shop(3);
    let wrong = |variable: &str, args: &[&str]| {
        let mut all = vec!["--json"];
        all.extend_from_slice(args);
        let out = case.command(&all).env(variable, "not the one").output().unwrap();
        let text: Value = serde_json::from_slice(&out.stdout).unwrap();
        text["error"]["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(wrong("CUSTODY_PASSPHRASE", &["scan"]), "wrong_passphrase");
    // An operator with an approver's key: said before anything is made.
    let operator = ["pub", "key"].map(|end| (case.folder.join(format!("keys/operator.{end}")), end));
    operator.iter().for_each(|(path, end)| std::fs::rename(path, path.with_file_name(format!("kept.{end}"))).unwrap());
    case.ok(&["keygen", "keys/operator", "--use", "approver"]);
    assert_eq!(case.fault(&["scan"]), "key_use");
    operator.iter().for_each(|(path, end)| std::fs::rename(path.with_file_name(format!("kept.{end}")), path).unwrap());
    case.planned();
    let tried = case.json(&["apply", "--dry-run"]);
    let blocked: Vec<&str> = tried["blocked"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect();
    assert_eq!(blocked, ["not_approved", "no_backup"], "what is due is tried all the same");
    assert!(!tried["due"].as_array().unwrap().is_empty(), "{tried:#}");
    case.prepared();
    assert_eq!(wrong("CUSTODY_KEY_PASSPHRASE", &["approve", "--key", "keys/liquidator.key", "--yes"]), "wrong_passphrase");
    // A key that the case does not know, and one that is no approver's.
    case.ok(&["keygen", "keys/stranger", "--use", "approver"]);
    assert_eq!(case.fault(&["approve", "--key", "keys/stranger.key", "--yes"]), "key_not_registered");
    case.write("keys/torn.key", "{\"alg\":\"ed25519\"");
    assert_eq!(case.fault(&["approve", "--key", "keys/torn.key", "--yes"]), "key_file_damaged");
    remedy(&case, &["approve", "--key", "keys/torn.key", "--yes"]);
    // The holder's key file is somebody else's.
    let holder = case.folder.join("keys/epoch-key.1");
    let mut bytes = Vec::new();
    std::fs::File::open(&holder).unwrap().read_to_end(&mut bytes).unwrap();
    std::fs::remove_file(&holder).unwrap();
    assert_eq!(case.fault(&["apply"]), "epoch_key_missing");
    std::fs::write(&holder, bytes).unwrap();
    case.ok(&["apply"]);
}

#[test]
fn rows_that_would_not_fit_into_memory_are_refused_before_anything_is_sealed() {
    let (case, path) = shop(2_000);
    case.ok(&["scan"]);
    let refused = |args: &[&str]| {
        let out = case.command(&[&["--json"], args].concat()).env("CUSTODY_MEMORY_MB", "1").output().unwrap();
        let fault: Value = serde_json::from_slice(&out.stdout).unwrap();
        (fault["error"]["code"].as_str().unwrap().to_owned(), fault["error"]["args"]["there"].as_str().unwrap().to_owned())
    };
    assert_eq!(refused(&["subjects"]), ("memory_short".to_owned(), "1".to_owned()));
    let unread = case.command(&["--json", "subjects"]).env("CUSTODY_MEMORY_MB", "2G").output().unwrap();
    assert!(String::from_utf8_lossy(&unread.stdout).contains("setting_unreadable"), "a bound that is none is not passed over");
    assert_eq!(case.json(&["subjects"])["subjects"], 2_001);
    assert_eq!(contacts(&path), 2_000);
}

/// A disk that fills while rows are sealed, by a limit on the size of files: the write is refused as on a full disk.
#[test]
fn a_full_disk_while_sealing_loses_nothing() {
    let (case, path) = shop(20_000);
    case.ok(&["scan"]);
    let limited = std::process::Command::new("sh")
        .arg("-c")
        .arg("trap '' XFSZ; ulimit -f 600; exec \"$0\" --json subjects")
        .arg(env!("CARGO_BIN_EXE_custody"))
        .current_dir(&case.folder)
        .env("CUSTODY_PASSPHRASE", common::PASSPHRASE)
        .output()
        .unwrap();
    let text = String::from_utf8(limited.stdout).unwrap();
    let fault: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"));
    assert_eq!(fault["error"]["code"], "disk_full", "{text}");
    assert!(fault["error"]["todo"].as_str().unwrap().len() > 20);
    assert_eq!(contacts(&path), 20_000);
    let sealed = case.json(&["subjects"]);
    assert_eq!(sealed["subjects"], 20_001, "run again it goes on");
    let seals = case.json(&["status"]);
    assert_eq!(seals["open_orders"], serde_json::json!([]));
}

#[test]
fn a_second_case_beside_the_first_takes_nothing_from_it() {
    let case = common::Case::new();
    case.write("data/members.csv", "name,mobile\nLee,13900000001\n");
    let text = format!(
        "{}sources:\n  - {{id: list, kind: delimited, path: data}}\ndatasets:\n  - {{at: list/members.csv, class: marketing_list}}\nvault: {{holder: keys/epoch-key}}\n",
        common::head(&common::day(-90), &common::day(60))
    );
    case.write("case.yaml", &text);
    case.write("other.yaml", &text);
    case.ok(&["subjects"]);
    let files = ["keys/epoch-key.1", "shares/share-1.html"].map(|name| case.folder.join(name));
    let before = files.each_ref().map(|f| std::fs::read(f).unwrap());
    // What only looks makes no case; what begins one does not take the other's key or its shares.
    let out = case.run(&["-c", "other.yaml", "remains"]);
    assert!(String::from_utf8_lossy(&out.stderr).contains("no_workspace"), "{out:?}");
    let out = case.run(&["-c", "other.yaml", "scan"]);
    assert!(String::from_utf8_lossy(&out.stderr).contains("holder_taken"), "{out:?}");
    case.write("other.yaml", text.replace("keys/epoch-key", "keys/other-key"));
    case.ok(&["-c", "other.yaml", "scan"]);
    assert_eq!(files.each_ref().map(|f| std::fs::read(f).unwrap()), before);
    case.ok(&["subjects"]);
}
