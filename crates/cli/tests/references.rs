//! Lists declare no keys: a column that is called like another list's key and holds its values is supposed to refer to it. Until somebody confirms
//! or denies that, the rows that it leads to are emptied and stay; what is confirmed also says whose rows they are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Case, day, head};
use serde_json::Value;

const READERS: usize = 40;

/// Readers of a newsletter, and the notes of its editors on them; `more` stands in the case file beside the notes.
fn case_with(more: &str) -> Case {
    let case = Case::new();
    std::fs::create_dir(case.folder.join("lists")).unwrap();
    let reader = |n: usize| format!("{n},Reader {n},reader.{n}@example.com\n");
    let note = |n: usize| format!("{n},{},called on a {}\n", n % READERS, ["Monday", "Friday"][n % 2]);
    let readers: String = (0..READERS).map(reader).collect();
    let notes: String = (0..90).map(note).collect();
    case.write("lists/readers.csv", format!("id,name,email\n{readers}"));
    case.write("lists/notes.csv", format!("no,reader_id,remark\n{notes}"));
    case.write(
        "case.yaml",
        format!(
            "{}sources: [{{id: news, kind: delimited, path: lists}}]\ndatasets:\n  \
             - {{at: news/readers.csv, class: marketing_list, groups: {{contact: [id, name, email]}}}}\n  \
             - {{at: news/notes.csv, class: order, groups: {{transaction: [remark]}}{more}}}\nvault: {{holder: keys/epoch-key}}\n",
            head(&day(-90), &day(60))
        ),
    );
    case
}

fn supposed(scan: &Value) -> Vec<Value> {
    let all = scan["inventory"]["datasets"].as_array().unwrap().iter();
    all.flat_map(|d| d["supposed"].as_array().cloned().unwrap_or_default()).collect()
}

/// How the readers' rows go by the plan.
fn method(case: &Case) -> (Value, bool) {
    case.prepared();
    let plan = case.documents("custody.plan").pop().unwrap();
    let item = plan["plan"]["items"].as_array().unwrap().iter().find(|i| i["dataset"] == "src1/f2").unwrap().clone();
    let noted = plan["notes"].as_array().unwrap().iter().any(|n| n["code"] == "supposed_reference");
    (item["method"].clone(), noted)
}

#[test]
fn what_is_only_supposed_keeps_the_rows_it_leads_to() {
    let case = case_with("");
    let scan = case.json(&["scan"]);
    assert_eq!(supposed(&scan).len(), 1, "{scan:#}");
    assert_eq!((&supposed(&scan)[0]["values"], &supposed(&scan)[0]["met"]), (&READERS.into(), &READERS.into()));
    let said = case.ok(&["--lang", "en", "scan"]);
    // Names of files and of columns may be persons': places and ordinals stand for them.
    assert!(said.contains("src1/f1.#1") && said.contains("references: [{column: "), "{said}");
    assert_eq!(method(&case), ("erase_fields".into(), true));
}

#[test]
fn what_is_denied_is_no_reference() {
    let case = case_with(", no_references: [reader_id]");
    assert_eq!(supposed(&case.json(&["scan"])), Vec::<Value>::new());
    assert_eq!(method(&case), ("delete_rows".into(), false));
}

/// Where a column's name is not shown, what is shown instead names it in the case file too.
#[test]
fn a_column_is_named_by_its_number_as_well() {
    let case = case_with(", no_references: [\"#1\"]");
    assert_eq!(supposed(&case.json(&["scan"])), Vec::<Value>::new());
    let case = case_with(", not_personal: {\"#7\": nothing}");
    assert_eq!(case.fault(&["scan"]), "case_names_nothing");
}

/// A pattern of what is nobody's may name nothing; a name may not.
#[test]
fn a_pattern_of_nobodys_may_name_nothing() {
    let case = case_with("");
    let text = std::fs::read_to_string(case.folder.join("case.yaml")).unwrap();
    for (at, fits) in [("news/old_*", true), ("news/old.csv", false)] {
        case.write("case.yaml", text.replace("datasets:\n", &format!("datasets:\n  - {{at: \"{at}\", class: none, why: goods}}\n")));
        assert_eq!(case.run(&["scan"]).status.success(), fits, "{at}");
    }
}

#[test]
fn what_is_confirmed_also_says_whose_rows_they_are() {
    let case = case_with(", references: [{column: reader_id, of: news/readers.csv, key: id}]");
    let scan = case.json(&["scan"]);
    assert_eq!(supposed(&scan), Vec::<Value>::new());
    let notes = scan["inventory"]["datasets"].as_array().unwrap().iter().find(|d| d["dataset"] == "src1/f1").unwrap();
    assert_eq!(notes["points_to"], serde_json::json!([[1, "src1/f2", 0]]));
    assert_eq!(method(&case), ("erase_fields".into(), false));
    let subjects = case.json(&["subjects"]);
    assert_eq!(
        (&subjects["subjects"], &subjects["unassigned_rows"]),
        (&READERS.into(), &0.into()),
        "notes are their readers': {subjects:#}"
    );
}

/// Whose rows they are is a reference too: what it leads to stays.
#[test]
fn what_an_owner_leads_to_stays() {
    let case = case_with(", owner: {column: reader_id, of: news/readers.csv, key: id}");
    assert_eq!(supposed(&case.json(&["scan"])), Vec::<Value>::new());
    assert_eq!(method(&case), ("erase_fields".into(), false));
    let subjects = case.json(&["subjects"]);
    assert_eq!((&subjects["subjects"], &subjects["unassigned_rows"]), (&READERS.into(), &0.into()), "{subjects:#}");
}

/// What the screen proposes can be written into the case file as it stands.
#[test]
fn what_is_proposed_can_be_pasted() {
    let said = case_with("").ok(&["--lang", "en", "scan"]);
    let (from, len) = (said.find("references: [{").unwrap(), said[said.find("references: [{").unwrap()..].find("}]").unwrap() + 2);
    let case = case_with(&format!(", {}", &said[from..from + len]));
    assert_eq!(supposed(&case.json(&["scan"])), Vec::<Value>::new());
}

#[test]
fn a_reference_to_nothing_is_refused() {
    for of in ["of: news/writers.csv, key: id", "of: news/readers.csv, key: number"] {
        for said in [format!("references: [{{column: reader_id, {of}}}]"), format!("owner: {{column: reader_id, {of}}}")] {
            assert_eq!(case_with(&format!(", {said}")).fault(&["scan"]), "case_names_nothing", "{said}");
        }
    }
    assert_eq!(case_with(", key: number").fault(&["scan"]), "case_names_nothing");
    // Nor where something else could not be read.
    let case = case_with(", owner: {column: reader_id, of: news/readers.csv, key: number}");
    case.write("lists/odd.bin", [0u8, 1, 2, 3]);
    assert_eq!(case.fault(&["scan"]), "case_names_nothing");
}
