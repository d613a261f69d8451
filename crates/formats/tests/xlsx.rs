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

/// A register whose cells are words of the schema, of formulas and of another sheet, and that other sheet, which stays.
fn two_sheets(words: &[&str]) -> Vec<u8> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let texts: String = words.iter().chain(&["name", "amount", "bolt"]).map(|w| format!("<si><t>{w}</t></si>")).collect();
    let cell = |i: usize| format!("<row r=\"{0}\"><c r=\"A{0}\" t=\"s\"><v>{1}</v></c></row>", i + 2, i);
    let n = words.len();
    let margins = "<pageMargins left=\"0.7\" right=\"0.7\" top=\"0.75\" bottom=\"0.75\" header=\"0.3\" footer=\"0.3\"/><pageSetup orientation=\"portrait\"/>";
    let kind = format!("{relations}/worksheet");
    let parts = [
        ("[Content_Types].xml", "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" ContentType=\"application/xml\"/><Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/></Types>".to_owned()),
        ("_rels/.rels", format!("<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"{relations}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>")),
        ("xl/workbook.xml", format!("<workbook xmlns=\"{main}\" xmlns:r=\"{relations}\"><sheets><sheet name=\"Register\" sheetId=\"1\" r:id=\"rId1\"/><sheet name=\"Goods\" sheetId=\"2\" r:id=\"rId2\"/></sheets><definedNames><definedName name=\"total\">Goods!$B$2</definedName><definedName name=\"LIMIT\">200019</definedName></definedNames></workbook>")),
        ("xl/_rels/workbook.xml.rels", format!("<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"{kind}\" Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"rId2\" Type=\"{kind}\" Target=\"worksheets/sheet2.xml\"/><Relationship Id=\"rId3\" Type=\"{relations}/sharedStrings\" Target=\"sharedStrings.xml\"/></Relationships>")),
        ("xl/sharedStrings.xml", format!("<sst xmlns=\"{main}\">{texts}</sst>")),
        ("xl/worksheets/sheet1.xml", format!("<worksheet xmlns=\"{main}\"><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>{n}</v></c></row>{}</sheetData>{margins}</worksheet>", (0..n).map(cell).collect::<String>())),
        ("xl/worksheets/sheet2.xml", format!("<worksheet xmlns=\"{main}\"><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>{n}</v></c><c r=\"B1\" t=\"s\"><v>{}</v></c></row><row r=\"2\"><c r=\"A2\" t=\"s\"><v>{}</v></c><c r=\"B2\"><f>SUM(1,2)</f><v>3</v></c></row></sheetData><dataValidations count=\"1\"><dataValidation type=\"list\" sqref=\"A2\"><formula1>\"gold,silver\"</formula1></dataValidation></dataValidations>{margins}</worksheet>", n + 1, n + 2)),
    ];
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut zip, text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn words_of_the_schema_and_of_other_sheets_stay_where_they_are_no_values() {
    let words = [
        "left",
        "right",
        "main",
        "sheet2",
        "worksheets",
        "Goods",
        "Register",
        "xmlns",
        "row",
        "rId2",
        "gold",
        "total",
        "SUM",
        "portrait",
        "name",
        "http",
        "Target",
        "pageMargins",
        "list",
        "3",
        // A postcode, and a bound of another sheet.
        "200019",
    ];
    let book = two_sheets(&words);
    let read = |bytes: &[u8], sheet: &str| -> Vec<Vec<String>> {
        let mut book: calamine::Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes.to_vec())).unwrap();
        let range = book.worksheet_range(sheet).unwrap();
        range.rows().map(|r| r.iter().map(ToString::to_string).collect()).collect()
    };
    let rows: Vec<u32> = (2..2 + u32::try_from(words.len()).unwrap()).collect();
    let mut out = Cursor::new(Vec::new());
    erase(Cursor::new(book.clone()), &mut out, &[self::rows("Register", &rows)].into()).unwrap();
    let bytes = out.into_inner();
    assert_eq!(read(&bytes, "Goods"), read(&book, "Goods"));
    assert_eq!(read(&bytes, "Register"), [["name"]]);
    let (before, after) = (parts(&book), parts(&bytes));
    // But for the settings of calculation, everything outside of the register and the texts is as it was.
    for (name, bytes) in before.iter().filter(|(n, _)| !n.ends_with("sheet1.xml") && !n.ends_with("sharedStrings.xml")) {
        let now = String::from_utf8(after[name].clone()).unwrap().replace("<calcPr fullCalcOnLoad=\"1\"/>", "");
        assert_eq!(now, String::from_utf8_lossy(bytes), "{name}");
    }
    let margins = |parts: &BTreeMap<String, Vec<u8>>| {
        String::from_utf8(parts["xl/worksheets/sheet1.xml"].clone()).unwrap().split_once("</sheetData>").unwrap().1.to_owned()
    };
    assert_eq!(margins(&after), margins(&before));
}

#[test]
fn a_formula_without_a_value_that_went_is_a_formula_still() {
    let book = two_sheets(&["13900000003"]);
    let with = |formula: &str| {
        let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in parts(&book) {
            out.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            let text = String::from_utf8(bytes).unwrap().replace("\"gold,silver\"", formula);
            std::io::Write::write_all(&mut out, text.as_bytes()).unwrap();
        }
        out.finish().unwrap().into_inner()
    };
    for (before, after) in [
        ("IF(B2=13900000003,1,2)", "<formula1>IF(B2=0,1,2)</formula1>"),
        ("IF(B2=\"13900000003\",1,2)", "<formula1>IF(B2=\"\",1,2)</formula1>"),
    ] {
        let mut out = Cursor::new(Vec::new());
        erase(Cursor::new(with(before)), &mut out, &[self::rows("Register", &[2])].into()).unwrap();
        let sheet = String::from_utf8(parts(&out.into_inner())["xl/worksheets/sheet2.xml"].clone()).unwrap();
        assert!(sheet.contains(after), "{sheet}");
    }
}
