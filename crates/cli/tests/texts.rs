//! Every fault that the source can raise has its texts in both languages, and every text is of a fault that exists.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

fn sources(folder: &Path, out: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_fault_has_its_texts() {
    let text = std::fs::read_to_string(common::root().join("crates/cli/texts/faults.yaml")).unwrap();
    let texts: BTreeMap<String, BTreeMap<String, String>> = serde_saphyr::from_str(&text).unwrap();
    let mut code = String::new();
    for krate in std::fs::read_dir(common::root().join("crates")).unwrap() {
        sources(&krate.unwrap().path().join("src"), &mut code);
    }
    let raised: BTreeSet<&str> = code.split("Fault::new(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    // Reasons of files stand in one list of their own.
    let reasons = std::fs::read_to_string(common::root().join("crates/formats/src/reason.rs")).unwrap();
    let reasons: BTreeSet<&str> = reasons.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(reasons.len() > 5);
    let raised: BTreeSet<&str> = raised.union(&reasons).copied().collect();
    let lacking: Vec<&&str> = raised.iter().filter(|c| !texts.contains_key(**c)).collect();
    assert!(raised.len() > 100 && lacking.is_empty(), "without texts: {lacking:?}");
    for (code, of) in &texts {
        for name in ["zh", "en", "todo_zh", "todo_en"] {
            assert!(of.get(name).is_some_and(|t| !t.trim().is_empty()), "{code}: {name}");
        }
    }
}
