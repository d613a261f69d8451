//! Every line of the corpora: exactly one finding with its normalised value, or none.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use detect::{Hits, Texts, detectors};

fn check(kind: &str) {
    let path = format!("{}/tests/corpus/{kind}.tsv", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let mut wrong = Vec::new();
    for line in text.lines() {
        let (cell, expected) = line.split_once('\t').unwrap();
        let mut texts = Texts::default();
        texts.push(cell.as_bytes());
        let mut hits = Hits::default();
        detectors().iter().for_each(|d| d.find(&texts, &mut hits));
        let found: Vec<String> =
            hits.iter().filter(|(h, _)| h.kind.word() == kind).map(|(_, v)| String::from_utf8(v.to_vec()).unwrap()).collect();
        let ok = match expected.split_once(':').unwrap() {
            ("hit", value) => found == [value],
            _ => found.is_empty(),
        };
        if !ok {
            wrong.push(format!("{line} → {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{kind}: {}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn resident_numbers() {
    check("resident_id");
}

#[test]
fn mobiles() {
    check("mobile");
}

#[test]
fn emails() {
    check("email");
}

#[test]
fn bank_cards() {
    check("bank_card");
}

#[test]
fn unified_social_credit_codes() {
    check("uscc");
}
