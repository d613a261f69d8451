//! Workbooks of the corpus without some of their rows: nothing of these rows in any part, everything else as it was.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Cursor, Read as _};
use std::path::PathBuf;

use calamine::Reader as _;
use formats::Reason;
use formats::xlsx::{Gone, Plan, editable, erase};
use serde_json::Value;

fn corpus(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../cases/files").join(path)
}

fn expected(path: &str) -> Value {
    let all: Value = serde_json::from_slice(&std::fs::read(corpus("expected.json")).unwrap()).unwrap();
    all["files"].as_array().unwrap().iter().find(|f| f["path"] == path).unwrap().clone()
}

fn parts(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut out = BTreeMap::new();
    for i in 0..zip.len() {
        let mut file = zip.by_index(i).unwrap();
        let mut part = Vec::new();
        file.read_to_end(&mut part).unwrap();
        out.insert(file.name().unwrap().into_owned(), part);
    }
    out
}

fn erased(path: &str, plan: &Plan) -> (Vec<u8>, formats::xlsx::Report) {
    let mut out = Cursor::new(Vec::new());
    let report = erase(File::open(corpus(path)).unwrap(), &mut out, plan).unwrap();
    (out.into_inner(), report)
}

/// Rows as people number them.
fn rows(sheet: &str, numbers: &[u32]) -> (String, BTreeMap<u32, Gone>) {
    (sheet.to_owned(), numbers.iter().map(|n| (n - 1, Gone::Row)).collect())
}

fn holds(parts: &BTreeMap<String, Vec<u8>>, value: &str) -> Vec<String> {
    let has = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(value);
    parts.iter().filter(|(_, b)| has(b)).map(|(n, _)| n.clone()).collect()
}

#[test]
fn all_rows_of_two_persons_are_gone_from_every_part() {
    let path = "good/members.xlsx";
    let plan: Plan = [rows("会员", &[2, 3]), rows("订单", &[2, 5, 6]), rows("旧名单", &[2])].into();
    let (bytes, report) = erased(path, &plan);
    let (before, after) = (parts(&std::fs::read(corpus(path)).unwrap()), parts(&bytes));
    for value in
        ["13800138002", "member01@example.com", "member02@example.cn", "999999199111230079", "999999197506300140", "钱墨舟", "虚拟路1号"]
    {
        assert_eq!(holds(&after, value), Vec::<String>::new(), "{value}");
        assert_ne!(holds(&before, value), Vec::<String>::new(), "{value}");
    }
    // One remark of somebody who stays names them: that is theirs.
    assert_eq!(holds(&after, "赵青禾"), ["xl/sharedStrings.xml"]);
    for name in ["docProps/thumbnail.jpeg", "xl/calcChain.xml"] {
        assert!(report.dropped.contains(name) && !after.contains_key(name));
        assert_eq!(holds(&after, name.rsplit('/').next().unwrap()), Vec::<String>::new(), "nobody names it any more");
    }
    for (name, part) in before.iter().filter(|(n, _)| !report.changed.contains(*n) && !report.dropped.contains(*n)) {
        assert_eq!(after.get(name), Some(part), "{name}");
    }
}

#[test]
fn rows_that_stay_have_the_same_values_formulas_and_places() {
    let path = "good/members.xlsx";
    let plan: Plan = [rows("会员", &[2]), rows("订单", &[2])].into();
    let (bytes, _) = erased(path, &plan);
    let mut old: calamine::Xlsx<_> = calamine::open_workbook(corpus(path)).unwrap();
    let mut new: calamine::Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).unwrap();
    assert_eq!(old.defined_names(), new.defined_names());
    assert_eq!(old.sheets_metadata(), new.sheets_metadata());
    for sheet in expected(path)["sheets"].as_array().unwrap() {
        let name = sheet["name"].as_str().unwrap();
        let (before, after) = (old.worksheet_range(name).unwrap(), new.worksheet_range(name).unwrap());
        let (formulas, kept) = (old.worksheet_formula(name).unwrap(), new.worksheet_formula(name).unwrap());
        for number in sheet["table"].as_object().unwrap().keys() {
            let row = number.parse::<u32>().unwrap() - 1;
            for column in 0..10 {
                let (was, is) = (before.get_value((row, column)), after.get_value((row, column)));
                if plan.get(name).is_some_and(|p| p.contains_key(&row)) {
                    assert!(is.is_none_or(|v| *v == calamine::Data::Empty), "{name} {number}");
                    continue;
                }
                assert_eq!(formulas.get_value((row, column)), kept.get_value((row, column)), "{name} {number}");
                // What a formula showed of the row that went is not shown any more.
                if was.is_some_and(|v| v.to_string().contains("赵青禾李听澜")) {
                    continue;
                }
                let filled = |v: Option<&calamine::Data>| v.filter(|v| **v != calamine::Data::Empty).cloned();
                assert_eq!(filled(was), filled(is), "{name} {number} {column}");
            }
        }
    }
}

#[test]
fn cells_alone_keep_their_row() {
    let path = "good/members.xlsx";
    let plan: Plan = [("会员".to_owned(), [(5, Gone::Cells(BTreeSet::from([2, 3])))].into())].into();
    let (bytes, report) = erased(path, &plan);
    assert_eq!(report.cells, 2);
    let after = parts(&bytes);
    assert_eq!(holds(&after, "member05@example.com"), Vec::<String>::new());
    let mut new: calamine::Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).unwrap();
    let sheet = new.worksheet_range("会员").unwrap();
    assert_eq!(sheet.get_value((5, 1)).unwrap().to_string(), "周砚秋");
    assert_eq!(sheet.get_value((5, 2)).map(ToString::to_string).unwrap_or_default(), "");
    // The order of the same person has the mobile still: it is not theirs to lose here.
    assert_eq!(holds(&after, "13800138005"), ["xl/worksheets/sheet2.xml"]);
}

#[test]
fn what_is_not_edited_by_rows_is_said() {
    let cases = [
        ("good/macros.xlsm", Err(Reason::HasMacros)),
        ("good/signed.xlsx", Err(Reason::Signed)),
        ("good/pivot.xlsx", Ok(())),
        ("good/external.xlsx", Ok(())),
        ("bad/xlsx_truncated.xlsx", Err(Reason::Damaged)),
        ("bad/xlsx_encrypted.xlsx", Err(Reason::Damaged)),
    ];
    for (path, result) in cases {
        assert_eq!(editable(File::open(corpus(path)).unwrap()), result, "{path}");
    }
    for path in ["bad/xlsx_entity_bomb.xlsx", "bad/xlsx_external_entity.xlsx", "bad/xlsx_xml_deep.xlsx", "bad/xlsx_sheet_missing.xlsx"] {
        let result = erase(File::open(corpus(path)).unwrap(), Cursor::new(Vec::new()), &Plan::new());
        assert!(
            matches!(result, Err(Reason::EntityBomb | Reason::ExternalEntity | Reason::TooDeep | Reason::Damaged)),
            "{path}: {result:?}"
        );
    }
}

#[test]
fn caches_of_pivots_and_of_other_books_lose_what_went() {
    for path in ["good/pivot.xlsx", "good/external.xlsx"] {
        let told = expected(path);
        let numbers = |s: &Value| s["table"].as_object().unwrap().keys().map(|n| n.parse().unwrap()).collect::<Vec<u32>>();
        let values: BTreeSet<&str> = told["planted"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|p| p["at"]["cell"].is_string() || p["at"]["cells"].as_array().is_some_and(|c| !c.is_empty()))
            .map(|p| p["value"].as_str().unwrap())
            .collect();
        let plan: Plan = told["sheets"].as_array().unwrap().iter().map(|s| rows(s["name"].as_str().unwrap(), &numbers(s))).collect();
        let (bytes, report) = erased(path, &plan);
        let after = parts(&bytes);
        for value in values {
            assert_eq!(holds(&after, value), Vec::<String>::new(), "{path} {value} {report:?}");
        }
        calamine::open_workbook_from_rs::<calamine::Xlsx<_>, _>(Cursor::new(bytes)).unwrap();
    }
}
