//! Traps of real sources: each of these once led to a wrong row erased, a value certified away that was still there, or a case that closed too early.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::path::PathBuf;

use common::{Case, claim, day, head, sheet_row, workbook};
use serde_json::Value;

/// A case over one database, made by `sql`, with what `datasets` says of it.
fn over(sql: &str, datasets: &str) -> (Case, PathBuf) {
    let case = Case::new();
    let path = case.folder.join("shop.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    case.write(
        "case.yaml",
        format!(
            "{}sources: [{{id: shop, kind: sqlite, path: shop.db}}]\ndatasets:\n{datasets}safety_days: 0\n",
            head(&day(-10), &day(100))
        ),
    );
    (case, path)
}

fn closed(case: &Case) -> Value {
    case.ok(&["apply"]);
    let made = case.json(&["dossier", "--close", "-o", "end.zip"]);
    let report = case.json(&["verify", "end.zip", "--policy-digest", made["policy_digest"].as_str().unwrap()]);
    assert_eq!(report["result"], 0, "{report:#}");
    assert_eq!(claim(&report, "closed")["state"], "proved");
    report
}

fn rows(path: &PathBuf, sql: &str) -> i64 {
    rusqlite::Connection::open(path).unwrap().query_row(sql, [], |r| r.get(0)).unwrap()
}

const PEOPLE: &str = "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, mobile TEXT);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
    INSERT INTO people SELECT i, '人' || i, '138' || printf('%08d', i * 7919) FROM n;";
const SAID: &str = "  - {at: shop/people, class: member_profile, groups: {contact: [name, mobile]}, tells: {region: \"=cn\"}}\n";

#[test]
fn a_table_that_appears_after_the_seal_keeps_the_case_open() {
    let (case, path) = over(PEOPLE, SAID);
    case.prepared();
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE fresh (name TEXT, mobile TEXT); INSERT INTO fresh VALUES ('新', '13800000001')")
        .unwrap();
    let applied = case.json(&["apply"]);
    assert_eq!(applied["undecided"], serde_json::json!(["src1/t2"]), "{applied:#}");
    assert_eq!(case.fault(&["dossier", "--close", "-o", "end.zip"]), "datasets_undecided");
    // Named, sealed, planned and destroyed, it is no longer in the way.
    let yaml = std::fs::read_to_string(case.folder.join("case.yaml")).unwrap();
    case.write(
        "case.yaml",
        yaml.replace(
            "safety_days",
            "  - {at: shop/fresh, class: member_profile, groups: {contact: [name, mobile]}, tells: {region: \"=cn\"}}\nsafety_days",
        ),
    );
    case.prepared();
    closed(&case);
    assert_eq!(rows(&path, "SELECT count(*) FROM fresh"), 0);
}

#[test]
fn a_decoy_at_another_path_is_not_erased() {
    let (case, path) = over(PEOPLE, SAID);
    case.prepared();
    std::fs::copy(&path, case.folder.join("decoy.db")).unwrap();
    let yaml = std::fs::read_to_string(case.folder.join("case.yaml")).unwrap();
    case.write("case.yaml", yaml.replace("path: shop.db", "path: decoy.db"));
    assert_eq!(case.fault(&["apply"]), "source_elsewhere");
    case.write("case.yaml", yaml.replace("sources: [", "sources: [{id: other, kind: sqlite, path: decoy.db}, "));
    assert_eq!(case.fault(&["apply"]), "sources_reordered");
    case.write("case.yaml", yaml);
    closed(&case);
    assert_eq!((rows(&path, "SELECT count(*) FROM people"), rows(&case.folder.join("decoy.db"), "SELECT count(*) FROM people")), (0, 60));
}

#[test]
fn a_computed_column_that_still_shows_the_value_is_not_destroyed() {
    let sql = "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, mobile TEXT, shown TEXT GENERATED ALWAYS AS (mobile || '#') STORED, email TEXT);
        INSERT INTO people (id, name, mobile, email) VALUES (1, '人', '13800000001', 'a1@example.com'), (2, '人', '13800000002', 'a2@example.com');
        CREATE TABLE fapiao (id INTEGER PRIMARY KEY, person_id INTEGER REFERENCES people(id), issued_on TEXT);
        INSERT INTO fapiao VALUES (1, 1, '2025-05-06'), (2, 2, '2025-05-06');";
    let said = "  - {at: shop/people, class: customer_register, groups: {buyer: [name, mobile], contact: [shown, email]}, tells: {region: \"=cn\"}}
  - {at: shop/fapiao, class: voucher, groups: {voucher: [id, person_id, issued_on]}, tells: {voucher_date: issued_on}}\n";
    let (case, path) = over(sql, said);
    case.prepared();
    let applied = case.json(&["apply"]);
    assert_eq!(applied["done"][0]["rows_done"], 0, "{applied:#}");
    assert_eq!(rows(&path, "SELECT count(*) FROM people WHERE shown LIKE '138%'"), 2);
    assert_eq!(case.fault(&["dossier", "--close", "-o", "end.zip"]), "rule_broken");
}

/// What is computed from what was left is no value, whatever it says; and a value that the case file names need not be found.
#[test]
fn a_computed_column_that_shows_what_was_left_is_done() {
    let sql = "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, mobile TEXT NOT NULL UNIQUE, tail TEXT GENERATED ALWAYS AS (substr(mobile, 1, 11)) STORED,
          sex TEXT NOT NULL CHECK (sex IN ('男', '女', '未知')), fax TEXT, shown TEXT GENERATED ALWAYS AS (coalesce(fax, 'none')),
          ends TEXT GENERATED ALWAYS AS (substr(mobile, -4)));
        INSERT INTO people (id, name, mobile, sex, fax) VALUES (1, '人', '13800000001', '男', '02088880001'), (2, '人', '13800000002', '女', '02088880002'),
          (3, '人', '13800000003', '女', NULL);
        CREATE TABLE fapiao (id INTEGER PRIMARY KEY, person_id INTEGER REFERENCES people(id), issued_on TEXT);
        INSERT INTO fapiao VALUES (1, 1, '2025-05-06'), (2, 2, '2025-05-06'), (3, 3, '2025-05-06');";
    let said = "  - {at: shop/people, class: customer_register, groups: {buyer: [name], contact: [mobile, tail, sex, fax, shown, ends]}, leave: {sex: \"=未知\"}, tells: {region: \"=cn\"}}
  - {at: shop/fapiao, class: voucher, groups: {voucher: [id, person_id, issued_on]}, tells: {voucher_date: issued_on}}\n";
    let (case, path) = over(sql, said);
    case.prepared();
    let applied = case.json(&["apply"]);
    assert_eq!(applied["done"][0]["rows_done"], 3, "{applied:#}");
    assert_eq!(rows(&path, "SELECT count(*) FROM people WHERE tail LIKE 'erased-%' AND sex = '未知' AND shown = 'none'"), 3);
}

/// A program inside: such a workbook is done by hand.
fn with_macros(book: &std::path::Path) {
    let file = std::fs::OpenOptions::new().read(true).write(true).open(book).unwrap();
    let mut zip = zip::ZipWriter::new_append(file).unwrap();
    zip.start_file("xl/vbaProject.bin", zip::write::SimpleFileOptions::default()).unwrap();
    zip.finish().unwrap();
}

#[test]
fn a_workbook_under_another_name_is_still_there() {
    let (case, _) = over(PEOPLE, SAID);
    std::fs::create_dir(case.folder.join("books")).unwrap();
    let book = case.folder.join("books/members.xlsx");
    let list: String = (2..32).map(|i| sheet_row(i, &[&format!("成员{i}"), &format!("1390000{i:04}")])).collect();
    workbook(&book, "S", "visible", &(sheet_row(1, &["姓名", "手机号"]) + &list));
    with_macros(&book);
    let yaml = std::fs::read_to_string(case.folder.join("case.yaml")).unwrap();
    let yaml = yaml.replace("path: shop.db}]", "path: shop.db}, {id: books, kind: sheets, path: books}]");
    case.write(
        "case.yaml",
        yaml.replace(
            "safety_days",
            "  - {at: \"books/*\", class: member_profile, groups: {contact: [姓名, 手机号]}, tells: {region: \"=cn\"}}\nsafety_days",
        ),
    );
    case.prepared();
    let waits = |case: &Case| case.json(&["apply"])["waiting"].as_array().unwrap().iter().filter(|w| w["why"] == "by_hand").count();
    assert_eq!(waits(&case), 1);
    std::fs::rename(&book, case.folder.join("books/renamed.xlsx")).unwrap();
    assert_eq!(waits(&case), 1, "renamed is not destroyed");
    std::fs::remove_file(case.folder.join("books/renamed.xlsx")).unwrap();
    // All values of a row joined in one cell of another sheet.
    let joined: String = (2..32).map(|i| sheet_row(i, &[&format!("成员{i} 1390000{i:04}")])).collect();
    workbook(&book, "T", "visible", &(sheet_row(1, &["备注"]) + &joined));
    assert_eq!(waits(&case), 1, "joined is not destroyed");
    std::fs::remove_file(&book).unwrap();
    assert_eq!(waits(&case), 0);
    closed(&case);
}

#[cfg(unix)]
#[test]
fn files_with_several_names_are_left_alone_and_rights_stay() {
    use std::os::unix::fs::PermissionsExt;
    let (case, _) = over(PEOPLE, SAID);
    let list: String = (0..50).map(|i| format!("人{i},139{i:08}\r\n")).collect();
    case.write("lists/a.csv", format!("姓名,手机号\r\n{list}"));
    case.write("lists/b.csv", format!("姓名,手机号,会员编号\r\n{}", list.replace("\r\n", ",H1\r\n")));
    std::fs::hard_link(case.folder.join("lists/a.csv"), case.folder.join("elsewhere.csv")).unwrap();
    std::fs::set_permissions(case.folder.join("lists/b.csv"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let yaml = std::fs::read_to_string(case.folder.join("case.yaml")).unwrap();
    let yaml = yaml.replace("path: shop.db}]", "path: shop.db}, {id: lists, kind: delimited, path: lists}]");
    case.write(
        "case.yaml",
        yaml.replace(
            "safety_days",
            "  - {at: \"lists/*\", class: member_profile, groups: {contact: [姓名, 手机号]}, tells: {region: \"=cn\"}}\nsafety_days",
        ),
    );
    let scan = case.json(&["scan"]);
    assert_eq!(scan["inventory"]["unread"][0]["reason"], "several_names", "{scan:#}");
    std::fs::remove_file(case.folder.join("elsewhere.csv")).unwrap();
    case.prepared();
    case.ok(&["apply"]);
    let b = std::fs::metadata(case.folder.join("lists/b.csv")).unwrap();
    assert_eq!(b.permissions().mode() & 0o777, 0o600);
    assert!(!std::fs::read_to_string(case.folder.join("lists/b.csv")).unwrap().contains("1390000"));
}

#[test]
fn rows_without_a_key_survive_the_renumbering_of_the_rewrite() {
    // No primary key and no index: the file's rewrite deals row ids anew.
    let sql = "CREATE TABLE people (name TEXT, mobile TEXT, marketing TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
        INSERT INTO people SELECT '人' || i, '138' || printf('%08d', i * 7919), CASE WHEN i % 3 = 0 THEN 'withdrawn' ELSE 'given' END FROM n;
        CREATE TABLE loose (code TEXT PRIMARY KEY, mobile TEXT, note TEXT) WITHOUT ROWID;
        INSERT INTO loose VALUES (CAST(x'd5c5c8fd' AS TEXT), '13900000001', 'x'), (CAST(x'c0eecbc4' AS TEXT), '13900000002', 'y');";
    let said = "  - {at: shop/people, class: marketing_list, groups: {marketing: [name, mobile, marketing]}, tells: {region: \"=cn\", marketing: marketing}}
  - {at: shop/loose, class: member_profile, groups: {contact: [mobile], profile: [note, code]}, tells: {region: \"=cn\"}}\n";
    let (case, path) = over(sql, said);
    case.prepared();
    let applied = case.json(&["apply"]);
    let kept: u64 = applied["done"].as_array().unwrap().iter().map(|d| d["rows_kept"].as_u64().unwrap()).sum();
    assert_eq!((kept, applied["late"].as_u64().unwrap()), (0, 0), "{applied:#}");
    closed(&case);
    assert_eq!(rows(&path, "SELECT (SELECT count(*) FROM people) + (SELECT count(*) FROM loose)"), 0);
}

#[test]
fn a_voucher_that_comes_in_between_keeps_its_buyer() {
    let sql = "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, mobile TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
        INSERT INTO people SELECT i, '人' || i, '138' || printf('%08d', i * 7919) FROM n;
        CREATE TABLE fapiao (id INTEGER PRIMARY KEY, person_id INTEGER REFERENCES people(id), issued_on TEXT);
        INSERT INTO fapiao VALUES (1, 1, '2025-05-06');";
    let said = "  - {at: shop/people, class: customer_register, groups: {buyer: [name], contact: [mobile]}, tells: {region: \"=cn\"}}
  - {at: shop/fapiao, class: voucher, groups: {voucher: [id, person_id, issued_on]}, tells: {voucher_date: issued_on}}\n";
    let (case, path) = over(sql, said);
    let yaml = std::fs::read_to_string(case.folder.join("case.yaml")).unwrap();
    case.write("case.yaml", yaml.replace("path: shop.db}", "path: shop.db, live: true}") + "tolerance: {live_percent: 50}\n");
    case.prepared();
    rusqlite::Connection::open(&path).unwrap().execute_batch("INSERT INTO fapiao VALUES (2, 7, '2026-01-02')").unwrap();
    case.ok(&["apply"]);
    assert_eq!(rows(&path, "SELECT count(*) FROM people WHERE name IS NOT NULL"), 2, "1 and 7 have vouchers");
    case.prepared();
    closed(&case);
    assert_eq!(rows(&path, "SELECT count(*) FROM people WHERE name IS NOT NULL AND id IN (1, 7)"), 2);
    assert_eq!(rows(&path, "SELECT count(*) FROM people WHERE mobile IS NOT NULL"), 0);
}

#[test]
fn a_delta_is_restored_beside_its_seal() {
    let (case, path) = over(PEOPLE, SAID);
    let yaml = std::fs::read_to_string(case.folder.join("case.yaml")).unwrap();
    case.write("case.yaml", yaml.replace("path: shop.db}", "path: shop.db, live: true}") + "tolerance: {live_percent: 50}\n");
    case.prepared();
    rusqlite::Connection::open(&path).unwrap().execute_batch("INSERT INTO people VALUES (900, '迟', '13700000001')").unwrap();
    case.ok(&["apply"]);
    case.prepared();
    let restored = case.json(&["restore", "--to", "back"]);
    let counts: Vec<u64> = restored["restored"].as_array().unwrap().iter().map(|r| r["rows"].as_u64().unwrap()).collect();
    assert_eq!(counts, [60, 1]);
    let back = case.folder.join("back/restored.db");
    assert_eq!(rows(&back, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"), 2);
    // The copy is named until somebody says that it is gone.
    case.ok(&["apply"]);
    let made = case.json(&["dossier", "--close", "-o", "end.zip"]);
    let policy = made["policy_digest"].as_str().unwrap().to_owned();
    assert_eq!(case.json(&["verify", "end.zip", "--policy-digest", &policy])["result"], 2);
    case.ok(&["record", "restored_copy_destroyed"]);
    case.ok(&["dossier", "-o", "after.zip"]);
    assert_eq!(case.json(&["verify", "after.zip", "--policy-digest", &policy])["result"], 0);
}

#[test]
fn what_comes_back_or_comes_late_keeps_the_case_open() {
    for late in ["copied back", "inserted"] {
        let (case, path) = over(PEOPLE, SAID);
        let yaml = std::fs::read_to_string(case.folder.join("case.yaml")).unwrap();
        case.write("case.yaml", yaml.replace("safety_days: 0", "safety_days: 30"));
        case.prepared();
        std::fs::copy(&path, case.folder.join("keep.db")).unwrap();
        case.ok(&["apply"]);
        if late == "copied back" {
            std::fs::copy(case.folder.join("keep.db"), &path).unwrap();
        } else {
            rusqlite::Connection::open(&path).unwrap().execute_batch("INSERT INTO people VALUES (900, '迟', '13700000001')").unwrap();
        }
        assert_eq!(case.fault(&["dossier", "--close", "-o", "end.zip"]), "rows_undecided", "{late}");
    }
}

#[test]
fn an_archive_outlives_the_loss_of_what_it_alone_still_has() {
    let sql = "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, mobile TEXT);
        INSERT INTO people VALUES (1, '人一', '13800000001'), (2, '人二', '13800000002');
        CREATE TABLE fapiao (id INTEGER PRIMARY KEY, person_id INTEGER REFERENCES people(id), issued_on TEXT);
        INSERT INTO fapiao VALUES (1, 1, '2025-05-06'), (2, 2, '2025-05-06');";
    let said = "  - {at: shop/people, class: customer_register, groups: {buyer: [name], contact: [mobile]}, tells: {region: \"=cn\"}}
  - {at: shop/fapiao, class: voucher, groups: {voucher: [id, person_id, issued_on]}, tells: {voucher_date: issued_on}}\n";
    let (case, path) = over(sql, said);
    let yaml = std::fs::read_to_string(case.folder.join("case.yaml")).unwrap();
    case.write("case.yaml", yaml.replace("safety_days: 0", "safety_days: 1\nsimulated: true"));
    case.prepared();
    case.ok(&["apply"]);
    // Within the window somebody deletes what the law keeps: the archive is the last copy.
    rusqlite::Connection::open(&path).unwrap().execute_batch("DELETE FROM fapiao; UPDATE people SET name = NULL").unwrap();
    let later = case.json(&["--as-of", &day(10), "apply"]);
    assert_eq!((&later["archives_ended"], later["late"].as_u64().unwrap() >= 4), (&serde_json::json!([]), true), "{later:#}");
    assert_eq!(later["waiting"][0]["why"], "undecided");
}

#[test]
fn a_ledger_that_was_cut_back_is_refused() {
    let (case, _) = over(PEOPLE, SAID);
    case.prepared();
    let db = rusqlite::Connection::open(case.folder.join("case.custody/ledger.db")).unwrap();
    let lines: Vec<Vec<u8>> =
        db.prepare("SELECT bytes FROM entry ORDER BY seq").unwrap().query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    let keep = lines.len() - 2;
    let root = ledger::root(lines[..keep].iter().map(|l| ledger::leaf_of(l).0));
    db.execute("DELETE FROM entry WHERE seq >= ?1", [i64::try_from(keep).unwrap()]).unwrap();
    db.execute("UPDATE head SET size = ?1, root = ?2", (i64::try_from(keep).unwrap(), root.to_vec())).unwrap();
    drop(db);
    assert_eq!(case.fault(&["status"]), "ledger_damaged");
}

#[test]
fn files_of_the_vault_do_not_answer_to_another_name() {
    let (case, path) = over(PEOPLE, SAID);
    case.prepared();
    let blobs: Vec<PathBuf> = std::fs::read_dir(case.folder.join("case.custody/vault/blobs")).unwrap().map(|e| e.unwrap().path()).collect();
    // Every file gets the bytes of the next one.
    let bytes: Vec<Vec<u8>> = blobs.iter().map(|b| std::fs::read(b).unwrap()).collect();
    blobs.iter().zip(bytes.iter().cycle().skip(1)).for_each(|(path, other)| std::fs::write(path, other).unwrap());
    let out = case.run(&["--json", "apply"]);
    assert!(out.status.code() >= Some(64), "{}", String::from_utf8_lossy(&out.stdout));
    assert_eq!(rows(&path, "SELECT count(*) FROM people"), 60);
}
