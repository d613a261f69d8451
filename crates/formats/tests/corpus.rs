//! Every file of the corpus is read as it must be: all values where it can be read, the right reason where it cannot, nothing in silence.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use formats::{Leaf, Limits, leaves};
use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../cases/files")
}

fn expected() -> Vec<Value> {
    let all: Value = serde_json::from_slice(&std::fs::read(folder().join("expected.json")).unwrap()).unwrap();
    all["files"].as_array().unwrap().clone()
}

fn read(path: &Path) -> Vec<Leaf> {
    let mut out = Vec::new();
    let name = path.file_name().unwrap().to_str().unwrap();
    leaves(name, File::open(path).unwrap(), Limits::default(), &mut |leaf| {
        out.push(leaf);
        Ok(())
    })
    .unwrap();
    out
}

/// Values that lie in a node or below it, where it is read whole.
fn planted(node: &Value, out: &mut BTreeSet<String>) {
    if node["read"] == "all" {
        // What only a program that lays pages out can see is not asked for.
        let own = node["planted"].as_array().into_iter().flatten();
        let seen = own.filter(|p| p["at"]["place"] != "old_revision");
        out.extend(seen.map(|p| p["value"].as_str().unwrap().to_owned()));
    }
    node["members"].as_array().into_iter().flatten().for_each(|m| planted(m, out));
}

fn reasons(node: &Value) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let words = |v: &Value| match v {
        Value::String(s) => vec![s.clone()],
        Value::Array(all) => all.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    };
    for field in ["reason", "reasons", "reason_or"] {
        out.extend(words(&node[field]));
    }
    out
}

/// Parts of documents that say of themselves nothing: a program, a small picture of the first page.
const BESIDE: [(&str, &str); 2] = [("good/macros.xlsm", "unknown_kind"), ("good/members.xlsx", "no_text")];

/// What is not as it must be, of the files that lie there.
fn faults(place: &dyn Fn(&str) -> PathBuf) -> (usize, Vec<String>) {
    let (mut looked, mut faults) = (0, Vec::new());
    for node in expected() {
        let path = node["path"].as_str().unwrap();
        let file = place(path);
        // Links are never followed, pipes never opened: whoever walks a folder sees to that.
        if !std::fs::symlink_metadata(&file).is_ok_and(|m| m.is_file()) {
            continue;
        }
        looked += 1;
        let read = read(&file);
        let texts: Vec<&String> = read.iter().filter_map(|l| l.text.as_ref().ok()).collect();
        let names: Vec<String> = read.iter().map(|l| l.path.join("/")).collect();
        let said: BTreeSet<&str> = read.iter().filter_map(|l| l.text.as_ref().err()).map(|r| r.code()).collect();
        let mut allowed = reasons(&node);
        // Of a stream that does not say how long it is, the limit of bytes is met before its ratio is known.
        if allowed.contains("ratio_too_high") {
            allowed.insert("too_large".to_owned());
        }
        match node["read"].as_str().unwrap() {
            "all" => {
                let mut values = BTreeSet::new();
                planted(&node, &mut values);
                let missing: Vec<&String> =
                    values.iter().filter(|v| !texts.iter().any(|t| t.contains(*v)) && !names.iter().any(|n| n.contains(*v))).collect();
                let said: Vec<&&str> = said.iter().filter(|s| !BESIDE.contains(&(path, **s))).collect();
                if !missing.is_empty() || !said.is_empty() {
                    faults.push(format!("{path}: not found {missing:?}, said {said:?}"));
                }
            }
            other => {
                let fits = said.iter().all(|s| allowed.contains(*s)) && (!said.is_empty() || allowed.contains("read"));
                // Of a mail that goes too deep its upper letters are read all the same.
                let nothing = allowed.contains("read") || path.ends_with("too_deep.eml") || texts.iter().all(|t| t.is_empty());
                if !fits || (other == "none" && !nothing) {
                    faults.push(format!("{path}: said {said:?}, not {allowed:?}; {} texts", texts.len()));
                }
            }
        }
    }
    (looked, faults)
}

#[test]
fn what_can_be_read_is_read_and_what_cannot_is_said() {
    let (looked, faults) = faults(&|path| folder().join(path));
    assert!(looked > 100 && faults.is_empty(), "{} faults of {looked}:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn hostile_files_are_bounded() {
    let made = tempfile::tempdir().unwrap();
    let script = folder().join("make_files.py");
    let out = Command::new("python3").arg(script).arg("--hostile").arg(made.path()).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let (looked, faults) = faults(&|path| made.path().join(path.strip_prefix("hostile/").unwrap_or("nowhere")));
    assert!(looked > 5 && faults.is_empty(), "{} faults of {looked}:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn records_of_json_lie_where_they_lie() {
    use formats::records::{Layout, records};
    let mut looked = 0;
    for node in expected().iter().filter(|n| n["edit"] == "rows" && n["path"].as_str().unwrap().contains(".json")) {
        let path = node["path"].as_str().unwrap();
        let layout = if path.ends_with(".json") { Layout::Array } else { Layout::Lines };
        let text = std::fs::read_to_string(folder().join(path)).unwrap();
        let all = records(&text, layout).unwrap();
        assert_eq!(all.len() as u64, node["units"]["count"].as_u64().unwrap(), "{path}");
        for (record, span) in all.iter().zip(node["spans"].as_array().into_iter().flatten()) {
            let (from, to) = (span[0].as_u64().unwrap() as usize, span[1].as_u64().unwrap() as usize);
            // A line's span has its end too.
            assert!(record.span.start == from && text[record.span.end..to].trim().is_empty(), "{path} {record:?} {span}");
        }
        looked += 1;
    }
    assert!(looked >= 2);
}
