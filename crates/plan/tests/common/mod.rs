//! Reads packs and golden cases from the repository.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs, dead_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use facts::Table;
use law::LawBook;
use serde::Deserialize;
use terms::{Answer, Branch, Day, Given, GroupIn, Holding, Holdings, Place, Reach, StoreKind, Value};

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

pub fn table() -> Table {
    Table::read(&std::fs::read_to_string(root().join("packs/facts.yaml")).unwrap()).unwrap()
}

pub fn law_files() -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let base = root().join("packs/law");
    for folder in std::fs::read_dir(&base).unwrap().map(|e| e.unwrap().path()) {
        for file in std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()) {
            let name = file.strip_prefix(&base).unwrap().to_str().unwrap().replace('\\', "/");
            out.insert(name, std::fs::read_to_string(&file).unwrap());
        }
    }
    out
}

pub fn book(table: &Table) -> LawBook {
    let files = law_files();
    LawBook::read(files.iter().map(|(a, b)| (a.as_str(), b.as_str())), table).unwrap_or_else(|e| panic!("{e:#?}"))
}

#[derive(Deserialize)]
struct GoldenFile {
    as_of: Day,
    given: Given,
    holdings: BTreeMap<String, GoldenHolding>,
}

#[derive(Deserialize)]
struct GoldenHolding {
    given: Given,
    groups: BTreeMap<String, GoldenGroup>,
    branches: Vec<GoldenBranch>,
}

#[derive(Deserialize)]
struct GoldenGroup {
    sensitive: bool,
}

#[derive(Deserialize)]
struct GoldenBranch {
    given: Given,
    records: u64,
}

pub struct Golden {
    pub as_of: Day,
    pub case: Given,
    pub holdings: Holdings,
}

pub fn golden(name: &str) -> Golden {
    let text = std::fs::read_to_string(root().join(format!("cases/golden/{name}.yaml"))).unwrap();
    let file: GoldenFile = serde_saphyr::from_str(&text).unwrap();
    let holdings = file
        .holdings
        .into_iter()
        .enumerate()
        .map(|(i, (name, h))| Holding {
            name,
            dataset: Place::new(format!("src1/t{}", i + 1)).unwrap(),
            kind: StoreKind::Sqlite,
            reach: Reach::Direct,
            given: h.given,
            groups: h
                .groups
                .into_iter()
                .map(|(name, g)| GroupIn { name, columns: vec![], sensitive: Some(g.sensitive), key_columns: vec![], anonymise: false })
                .collect(),
            copies: vec![],
            branches: h.branches.into_iter().map(|b| Branch { given: b.given, records: b.records, settled: Default::default() }).collect(),
            by_hand: false,
            purge: Vec::new(),
            referenced: false,
            purpose: None,
            leave: Vec::new(),
            k: None,
        })
        .collect();
    Golden { as_of: file.as_of, case: file.given, holdings: Holdings { given: Given::new(), holdings } }
}

pub fn expected(name: &str) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(root().join(format!("cases/golden/{name}.expected.json"))).unwrap()).unwrap()
}

pub fn value(v: &serde_json::Value) -> Value {
    serde_json::from_value(v.clone()).unwrap()
}

/// The answers of a golden run, in the order in which they were given.
pub fn golden_answers(expected: &serde_json::Value) -> Vec<Answer> {
    expected["questions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|q| Answer {
            fact: q["fact"].as_str().unwrap().to_owned(),
            holding: q.get("holding").and_then(|h| h.as_str()).filter(|h| *h != "all").map(str::to_owned),
            branch: q.get("branch").and_then(serde_json::Value::as_u64).map(|b| b as u32),
            value: value(&q["value"]),
            by: "test".into(),
        })
        .collect()
}

pub fn strings(v: &serde_json::Value) -> BTreeSet<String> {
    v.as_array().map(|a| a.iter().map(|s| s.as_str().unwrap().to_owned()).collect()).unwrap_or_default()
}
