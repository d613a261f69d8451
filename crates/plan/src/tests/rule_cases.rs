//! The cases that lie beside the rules are run: where a rule bites, is silent, asks, and which dates come out; and mutants, one per way to misread a rule.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use facts::{Expr, Truth};
use law::{Duty, Packs, Rule};
use terms::{Day, Given, Value};

use crate::bite::{CellFacts, Scene};

/// The date of law of all cases.
const AS_OF: &str = "2026-04-15";

fn packs() -> Packs {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let mut files = BTreeMap::new();
    let mut open = vec![root.clone()];
    while let Some(folder) = open.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
                files.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    Packs::read(files).unwrap_or_else(|e| panic!("{e:#?}"))
}

/// What a case says must come out.
#[derive(Debug)]
enum Expected {
    Bites,
    Silent,
    Asks(Vec<String>),
}

/// A case with its facts, once for each value that it runs over.
fn all_cases(rule: &Rule) -> Vec<(Given, Expected, BTreeMap<String, Day>)> {
    let mut out = Vec::new();
    let lists = [(&rule.cases.bites, 0), (&rule.cases.silent, 1), (&rule.cases.asks, 2)];
    for (list, kind) in lists {
        for case in list {
            let varied = case.each.iter().flat_map(|(name, values)| values.iter().map(move |v| (name.clone(), v.clone())));
            let once = std::iter::once(case.given.clone());
            let givens = once.chain(varied.map(|(name, value)| {
                let mut given = case.given.clone();
                given.insert(name, value);
                given
            }));
            for given in givens {
                let expected = match kind {
                    0 => Expected::Bites,
                    1 => Expected::Silent,
                    _ => Expected::Asks(case.facts.clone()),
                };
                out.push((given, expected, case.then.clone()));
            }
        }
    }
    out
}

/// What is wrong with a case; nothing if it comes out as said.
fn wrong(rules: &[&Rule], rule: &Rule, given: &Given, expected: &Expected, then: &BTreeMap<String, Day>) -> Option<String> {
    let nothing = Given::new();
    let scene = Scene::new(rules, CellFacts { case: &nothing, own: given }, AS_OF.parse().unwrap());
    let verdict = scene.bite(rule);
    let fits = match expected {
        Expected::Bites => verdict.truth == Truth::True,
        Expected::Silent => verdict.truth == Truth::False,
        Expected::Asks(facts) => verdict.truth == Truth::Unknown && verdict.why == facts.iter().cloned().collect(),
    };
    if !fits {
        return Some(format!("{}: {given:?}: {expected:?}, got {verdict:?}", rule.id));
    }
    let clock = |c: Option<&facts::Clock>| c.and_then(|c| c.day(&scene.facts, scene.as_of));
    for (name, day) in then {
        let came = match (name.as_str(), rule.duty) {
            // Storage lasts as long as the longest retention that counts.
            ("until", Duty::StorageOnly) => {
                scene.of(Duty::Retain).filter(|r| scene.retains(r).holds()).filter_map(|r| scene.retain_end(r)).max()
            }
            ("until", Duty::Retain) => scene.retain_end(rule),
            ("until", _) if rule.period.is_some() => scene.retain_end(rule),
            ("until", _) => clock(rule.due.as_ref().and_then(|(_, until)| until.as_ref())),
            ("from", _) => clock(rule.due.as_ref().map(|(from, _)| from)),
            (other, _) => panic!("{}: `then` knows no {other}", rule.id),
        };
        if came != Some(*day) {
            return Some(format!("{}: {given:?}: {name} {day}, got {came:?}", rule.id));
        }
    }
    None
}

#[test]
fn every_case_beside_a_rule_comes_out_as_it_says() {
    let packs = packs();
    let rules: Vec<&Rule> = packs.book.rules().collect();
    assert!(rules.len() >= 27);
    let (mut run, mut faults) = (0, Vec::new());
    for rule in &rules {
        for (given, expected, then) in all_cases(rule) {
            run += 1;
            faults.extend(wrong(&rules, rule, &given, &expected, &then));
        }
    }
    assert!(faults.is_empty(), "{} of {run}:\n{}", faults.len(), faults.join("\n"));
    assert!(run > 100, "only {run} cases");
}

/// An expression with one thing read otherwise: an operand dropped, a comparison negated, a value of a list left out.
fn mutants(expr: &Expr) -> Vec<Expr> {
    let within = |all: &Vec<Expr>, make: &dyn Fn(Vec<Expr>) -> Expr| -> Vec<Expr> {
        let mut out = Vec::new();
        for i in 0..all.len() {
            if all.len() > 1 {
                let rest = all.iter().enumerate().filter(|(k, _)| *k != i).map(|(_, e)| e.clone()).collect();
                out.push(make(rest));
            }
            for m in mutants(&all[i]) {
                let mut other = all.clone();
                other[i] = m;
                out.push(make(other));
            }
        }
        out
    };
    match expr {
        Expr::And(all) => within(all, &Expr::And),
        Expr::Or(all) => within(all, &Expr::Or),
        Expr::Not(e) => std::iter::once((**e).clone()).chain(mutants(e).into_iter().map(|m| Expr::Not(Box::new(m)))).collect(),
        Expr::In(name, list) => {
            let shorter = (0..list.len()).map(|i| list.iter().enumerate().filter(|(k, _)| *k != i).map(|(_, v)| v.clone()).collect());
            shorter.map(|rest: Vec<Value>| Expr::In(name.clone(), rest)).chain([Expr::Not(Box::new(expr.clone()))]).collect()
        }
        Expr::Any(name, list) => {
            let shorter = (0..list.len()).map(|i| list.iter().enumerate().filter(|(k, _)| *k != i).map(|(_, v)| v.clone()).collect());
            shorter.map(|rest: Vec<String>| Expr::Any(name.clone(), rest)).chain([Expr::Not(Box::new(expr.clone()))]).collect()
        }
        Expr::Is(..) | Expr::Holds(_) | Expr::Engine(..) => vec![Expr::Not(Box::new(expr.clone()))],
    }
}

#[test]
fn a_rule_misread_in_one_place_fails_one_of_its_cases() {
    let packs = packs();
    let rules: Vec<&Rule> = packs.book.rules().collect();
    let (mut all, mut alive) = (0, Vec::new());
    for rule in &rules {
        let cases = all_cases(rule);
        for when in mutants(&rule.when) {
            all += 1;
            let mutant = Rule { when: when.clone(), ..(*rule).clone() };
            let book: Vec<&Rule> = rules.iter().map(|r| if r.id == rule.id { &mutant } else { *r }).collect();
            let killed = cases.iter().any(|(given, expected, then)| wrong(&book, &mutant, given, expected, then).is_some());
            if !killed {
                alive.push(format!("{}: {when:?}", rule.id));
            }
        }
    }
    assert!(all > 100, "only {all} mutants");
    assert!(alive.is_empty(), "{} of {all} mutants live:\n{}", alive.len(), alive.join("\n"));
}
