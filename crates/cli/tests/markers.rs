//! Planted markers (I2): no value, key, file, sheet or person's table name of the sources appears in anything that Custody writes or says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::path::{Path, PathBuf};

use common::{Case, day, head, sheet_row, workbook};

/// Texts that stand nowhere but in the sources: keys, values, names of files, sheets, tables and columns.
const MARKERS: &[&str] = &[
    "qzkey0017",
    "钊瀛骉",
    "13812345679",
    "qzmail17@example.com",
    "犇骉路88号",
    "qznote-about-illness",
    "6222021234567894",
    "张三丰往来",
    "wang_xiaoming",
    "李逍遥合同",
    "赵灵儿名单",
    "林月如通讯录",
    "阿奴客户",
    "qzfile17",
    "qzsheet17",
    "qzcolumn17",
    "13987654321",
    "qzutf16@example.com",
    "欧阳鎏鑫",
    "qzlate17@example.com",
];

fn sources(case: &Case) {
    std::fs::create_dir_all(case.folder.join("data/lists")).unwrap();
    std::fs::create_dir_all(case.folder.join("data/books")).unwrap();
    let db = rusqlite::Connection::open(case.folder.join("data/shop.db")).unwrap();
    db.execute_batch(
        "CREATE TABLE customers (member TEXT PRIMARY KEY, name TEXT, mobile TEXT, email TEXT, address TEXT, note TEXT, card TEXT) WITHOUT ROWID;
        INSERT INTO customers VALUES ('qzkey0017', '钊瀛骉', '13812345679', 'qzmail17@example.com', '犇骉路88号', 'qznote-about-illness', '6222021234567894');
        INSERT INTO customers VALUES ('other', '某某', '13800000001', 'other@example.com', '路1号', '', '');
        CREATE TABLE \"张三丰往来\" (id INTEGER PRIMARY KEY, mobile TEXT);
        INSERT INTO \"张三丰往来\" VALUES (1, '13812345679');
        CREATE TABLE wang_xiaoming (id INTEGER PRIMARY KEY, mobile TEXT, remark TEXT);
        INSERT INTO wang_xiaoming VALUES (1, '13812345679', 'qznote-about-illness');",
    )
    .unwrap();
    let gb = |text: &str| encoding_rs::GB18030.encode(text).0.into_owned();
    case.write(
        "data/lists/李逍遥合同-qzfile17.csv",
        gb("会员,手机号,邮箱\r\n欧阳鎏鑫,13987654321,qzmail17@example.com\r\n某某,13800000002,x@example.com\r\n"),
    );
    let utf16: Vec<u8> = "\u{feff}姓名\t邮箱\r\n钊瀛骉\tqzutf16@example.com\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    case.write("data/lists/赵灵儿名单.tsv", utf16);
    case.write("data/lists/qzfile17.bin", "qzkey0017");
    let rows = [sheet_row(1, &["姓名", "手机号", "qzcolumn17"]), sheet_row(2, &["钊瀛骉", "13812345679", "qznote-about-illness"])].concat();
    workbook(&case.folder.join("data/books/林月如通讯录.xlsx"), "阿奴客户-qzsheet17", "hidden", &rows);
}

fn case_file() -> String {
    head(&day(-10), &day(100))
        + "sources:
  - {id: shop, kind: sqlite, path: data/shop.db}
  - {id: lists, kind: delimited, path: data/lists}
  - {id: books, kind: sheets, path: data/books}
datasets:
  - {at: shop/customers, class: customer_register, groups: {contact: [name, mobile, email], postal: [address], profile: [member, note, card]}, tells: {region: \"=cn\"}}
  - {at: \"shop/*\", class: customer_register, groups: {contact: [mobile]}, tells: {region: \"=cn\"}}
  - {at: \"lists/*\", class: member_profile, tells: {region: \"=cn\"}}
  - {at: \"books/*\", class: member_profile, tells: {region: \"=cn\"}}
safety_days: 0
"
}

/// Runs a command twice, for people and for programs, and keeps what it said, whatever the exit code.
fn say(case: &Case, said: &mut Vec<(String, Vec<u8>)>, args: &[&str]) {
    for more in [&["--json"][..], &["--lang", "zh"], &["--lang", "en"]] {
        let all = [more, args].concat();
        let out = case.run(&all);
        said.push((format!("{all:?}"), [out.stdout, out.stderr].concat()));
    }
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, out) } else { out.push(path) }
    }
}

/// A marker as it may stand somewhere: in each encoding, and written out in hex.
fn forms(marker: &str) -> Vec<Vec<u8>> {
    let hex: String = marker.bytes().map(|b| format!("{b:02x}")).collect();
    vec![
        marker.as_bytes().to_vec(),
        marker.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        marker.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        encoding_rs::GB18030.encode(marker).0.into_owned(),
        hex.into_bytes(),
    ]
}

fn holds(bytes: &[u8], marker: &str) -> bool {
    forms(marker).iter().any(|form| bytes.windows(form.len()).any(|w| w == form))
}

#[test]
fn nothing_of_the_sources_is_written_or_said() {
    let case = Case::new();
    sources(&case);
    case.write("case.yaml", case_file());
    let mut planted = Vec::new();
    files(&case.folder.join("data"), &mut planted);
    let in_sources: Vec<u8> =
        planted.iter().flat_map(|p| [p.to_string_lossy().into_owned().into_bytes(), std::fs::read(p).unwrap()].concat()).collect();
    let missing: Vec<_> = MARKERS.iter().filter(|m| **m != "qzlate17@example.com" && !holds(&in_sources, m)).collect();
    // The workbook is stored, not compressed: all markers can be seen where they were planted.
    assert!(missing.is_empty(), "not planted: {missing:?}");

    let mut said = Vec::new();
    for step in [&["scan"][..], &["subjects"], &["questions"], &["status"]] {
        say(&case, &mut said, step);
    }
    for fact in ["holding.open_matter=no", "holding.statutory_copy=yes", "case.important_data=no", "person.under14=no"] {
        say(&case, &mut said, &["answer", fact]);
    }
    say(&case, &mut said, &["plan"]);
    say(&case, &mut said, &["explain", "customers"]);
    for key in ["keys/liquidator.key", "keys/data-lead.key"] {
        case.ok(&["approve", "--key", key, "--yes"]);
    }
    case.drill();
    say(&case, &mut said, &["backup"]);
    case.ok(&["restore", "--to", "restored"]);
    say(&case, &mut said, &["apply", "--dry-run"]);
    // What goes wrong must not say it either: a locked database, a new row in the way, a file that is gone.
    let db = rusqlite::Connection::open(case.folder.join("data/shop.db")).unwrap();
    db.execute_batch("BEGIN EXCLUSIVE").unwrap();
    say(&case, &mut said, &["apply"]);
    db.execute_batch("COMMIT; INSERT INTO customers (member, email) VALUES ('late', 'qzlate17@example.com')").unwrap();
    say(&case, &mut said, &["apply"]);
    db.execute_batch("DELETE FROM customers WHERE member = 'late'").unwrap();
    drop(db);
    say(&case, &mut said, &["apply"]);
    say(&case, &mut said, &["answer", "qzkey0017"]);
    say(&case, &mut said, &["status"]);
    say(&case, &mut said, &["dossier", "-o", "end.zip"]);
    say(&case, &mut said, &["verify", "end.zip"]);
    assert!(said.iter().any(|(_, text)| String::from_utf8_lossy(text).contains("\"rows_done\": 2")), "nothing was destroyed");

    let mut leaks = Vec::new();
    for (what, text) in &said {
        leaks.extend(MARKERS.iter().filter(|m| holds(text, m)).map(|m| format!("{what} says {m}")));
    }
    let mut written = Vec::new();
    files(&case.folder, &mut written);
    written.retain(|p| !p.starts_with(case.folder.join("data")) && !p.starts_with(case.folder.join("restored")));
    assert!(written.iter().any(|p| p.ends_with("end.zip")) && written.len() > 40, "{} files", written.len());
    for path in written {
        let bytes = [path.to_string_lossy().into_owned().into_bytes(), std::fs::read(&path).unwrap()].concat();
        leaks.extend(MARKERS.iter().filter(|m| holds(&bytes, m)).map(|m| format!("{} holds {m}", path.display())));
    }
    leaks.retain(|l| !l.contains("\"answer\", \"qzkey0017\""));
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}
