//! A folder of files of any kind: everything in it is read or named, and what goes is gone from files, archives and mails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::collections::BTreeSet;

use common::{Case, copy, day, head, root};

fn case_over(files: &[&str]) -> Case {
    let case = Case::new();
    for file in files {
        let to = case.folder.join("data").join(file);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        copy(&root().join("cases/files").join(file), &to);
    }
    case.write(
        "case.yaml",
        format!(
            "{}sources:
  - {{id: share, kind: files, path: data}}
datasets:
  - {{at: share/documents, class: marketing_list, groups: {{contact: [path, text]}}}}
  - {{at: \"share/*\", class: marketing_list}}
vault: {{holder: keys/epoch-key}}
",
            head(&day(-90), &day(60))
        ),
    );
    case
}

#[test]
fn everything_in_the_folder_is_read_or_named() {
    let all: serde_json::Value = serde_json::from_slice(&std::fs::read(root().join("cases/files/expected.json")).unwrap()).unwrap();
    let nodes: Vec<&serde_json::Value> = all["files"].as_array().unwrap().iter().filter(|f| f["made"] != "on_demand").collect();
    let paths: Vec<&str> = nodes.iter().map(|f| f["path"].as_str().unwrap()).collect();
    let case = case_over(&paths);
    let inventory = case.json(&["scan"])["inventory"].clone();
    let documents = inventory["datasets"].as_array().unwrap().iter().find(|d| d["name"] == "documents").unwrap();
    assert!(documents["rows"].as_u64().unwrap() > 50, "{documents:#}");
    let reasons: BTreeSet<&str> = inventory["unread"].as_array().unwrap().iter().map(|u| u["reason"].as_str().unwrap()).collect();
    for reason in [
        "password_protected",
        "no_text",
        "too_deep",
        "unknown_kind",
        "link",
        "path_traversal",
        "damaged",
        "duplicate_member",
        "size_forged",
    ] {
        assert!(reasons.contains(reason), "{reason} is not in {reasons:?}");
    }
    // Places stand for names: no file or member is called by its own.
    let text = inventory.to_string();
    for name in ["letter.docx", "evil.csv", "周砚秋", "members.xlsx"] {
        assert!(!text.contains(name), "{name}");
    }
}

#[test]
fn what_goes_is_gone_from_files_and_from_inside_of_archives() {
    let files = [
        "good/letter.docx",
        "good/note_gb18030.txt",
        "good/bundle.tar",
        "good/nested.zip",
        "good/box.mbox",
        "good/members.csv",
        "good/members.xlsx",
        "good/people.json",
        "good/events.jsonl",
    ];
    let case = case_over(&files);
    case.ok(&["scan"]);
    case.prepared();
    let done = case.json(&["apply"]);
    let levels: BTreeSet<&str> = done["done"].as_array().unwrap().iter().map(|d| d["level"].as_str().unwrap()).collect();
    assert!(!levels.is_empty() && levels.is_subset(&BTreeSet::from(["L2", "L3"])), "{done:#}");
    let inventory = case.json(&["scan"])["inventory"].clone();
    for set in inventory["datasets"].as_array().unwrap() {
        assert_eq!(set["rows"], 0, "{set:#}");
    }
    assert_eq!(std::fs::read_to_string(case.folder.join("data/good/people.json")).unwrap().trim_start().chars().next(), Some('['));
    let report = case.verified("case.dossier.zip");
    assert_eq!(report["result"], 0, "{report:#}");
}
