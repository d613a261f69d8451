//! The golden cases of PACKS §9, against the tables that a second interpreter computed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::collections::BTreeSet;

use common::{book, expected, golden, golden_answers, strings, table};
use plan::{Admission, Cell, Inputs, compute, questions};
use terms::Answer;

fn check_cells(name: &str, which: &str, cells: &[Cell], golden: &common::Golden, expected: &serde_json::Value) {
    let all = expected[which].as_array().unwrap();
    assert_eq!(all.len(), cells.len(), "{name} {which}");
    for e in all {
        let holding = e["holding"].as_str().unwrap();
        let group = e["group"].as_str().unwrap();
        let branch = e["branch"].as_u64().unwrap() as usize;
        let place = format!("{name} {which} {holding}.{group} branch {branch}");
        let c = cells
            .iter()
            .find(|c| {
                let h = &golden.holdings.holdings[c.holding];
                h.name == holding && h.groups[c.group].name == group && c.branch == branch
            })
            .unwrap_or_else(|| panic!("{place} is missing"));
        assert_eq!(c.records, e["records"].as_u64().unwrap(), "{place}");
        assert_eq!(c.outcome.word(), e["outcome"].as_str().unwrap(), "{place}: {c:?}");
        let day = |f: &str| e.get(f).and_then(|d| d.as_str()).map(str::to_owned);
        let ours = |d: Option<terms::Day>| d.map(|d| d.to_string());
        assert_eq!(ours(c.not_before), day("not_before"), "{place} not_before");
        assert_eq!(ours(c.not_after), day("not_after"), "{place} not_after");
        assert_eq!(ours(c.until), day("until"), "{place} until");
        assert_eq!(c.winners, strings(&e["winners"]), "{place} winners");
        assert_eq!(c.losers, strings(&e["losers"]), "{place} losers");
        assert_eq!(c.unknown, strings(&e["unknown"]), "{place} unknown");
        let act = e.get("acts").and_then(|a| a["hand_over"].as_str());
        let ours = c.hand_over.map(|a| match a {
            Admission::Admitted => "admitted",
            Admission::Barred => "barred",
            Admission::Undecided => "undecided",
        });
        assert_eq!(ours, act, "{place} hand_over");
        assert_eq!(c.overdue(golden.as_of), e.get("overdue").is_some_and(|o| o == true), "{place} overdue");
    }
}

fn run(name: &str) {
    let table = table();
    let book = book(&table);
    let golden = golden(name);
    let expected = expected(name);
    let acts = BTreeSet::new();
    let sheet = golden_answers(&expected);
    let inputs = |answers: &'static [Answer]| Inputs {
        book: &book,
        table: &table,
        case: &golden.case,
        holdings: &golden.holdings,
        answers,
        acts: &acts,
        agreements: &[],
        noticed: &[],
        as_of: golden.as_of,
    };
    let decided = |cells: &[Cell]| cells.iter().filter(|c| c.decided()).map(|c| c.records).sum::<u64>();
    let (_, before) = compute(&inputs(&[]));
    assert_eq!(decided(&before), expected["decided_before"].as_u64().unwrap(), "{name} before");
    check_cells(name, "cells_before", &before, &golden, &expected);
    let mut given: Vec<Answer> = Vec::new();
    for (asked, answer) in expected["questions"].as_array().unwrap().iter().zip(&sheet) {
        let next = questions(&Inputs { answers: &given, ..inputs(&[]) });
        let first = next.first().unwrap_or_else(|| panic!("{name}: nothing is asked, {} was to be", answer.fact));
        assert_eq!(
            (first.fact.as_str(), first.holding.as_ref(), first.branch),
            (answer.fact.as_str(), answer.holding.as_ref(), answer.branch),
            "{name} after {} answers",
            given.len()
        );
        given.push(answer.clone());
        let (_, cells) = compute(&Inputs { answers: &given, ..inputs(&[]) });
        assert_eq!(decided(&cells), asked["decided_after"].as_u64().unwrap(), "{name} after {}", answer.fact);
    }
    assert!(questions(&Inputs { answers: &given, ..inputs(&[]) }).is_empty(), "{name}: still asking");
    let (plan, cells) = compute(&Inputs { answers: &given, ..inputs(&[]) });
    check_cells(name, "cells", &cells, &golden, &expected);
    for (outcome, records) in expected["totals"].as_object().unwrap() {
        let ours = plan.totals.iter().find(|(o, _)| o.word() == outcome).map_or(0, |(_, n)| *n);
        assert_eq!(Some(ours), records.as_u64(), "{name} {outcome}");
    }
    let gates: BTreeSet<&str> = plan.gates.iter().map(|g| g.rule.as_str()).collect();
    let listed: BTreeSet<&str> =
        expected["gates"].as_array().unwrap().iter().filter(|g| g["bites"] != false).map(|g| g["rule"].as_str().unwrap()).collect();
    assert_eq!(gates, listed, "{name} gates");
}

#[test]
fn chinook_is_decided_as_the_golden_table_says() {
    run("chinook");
}

#[test]
fn the_jewellers_shop_is_decided_as_the_golden_table_says() {
    run("shop");
}

#[test]
fn taking_any_fact_away_moves_nothing_to_destroy_and_names_an_unknown() {
    let table = table();
    let book = book(&table);
    let acts = BTreeSet::new();
    for name in ["chinook", "shop"] {
        let whole = golden(name);
        let answers = golden_answers(&expected(name));
        let decide = |case: &terms::Given, holdings: &terms::Holdings, answers: &[Answer]| {
            compute(&Inputs {
                book: &book,
                table: &table,
                case,
                holdings,
                answers,
                acts: &acts,
                agreements: &[],
                noticed: &[],
                as_of: whole.as_of,
            })
            .1
        };
        let before = decide(&whole.case, &whole.holdings, &answers);
        let check = |what: String, after: Vec<Cell>| {
            for (old, new) in before.iter().zip(&after) {
                assert!(
                    old.outcome == new.outcome || new.outcome == terms::Outcome::Undecided,
                    "{name} without {what}: {old:?} became {new:?}"
                );
                if old.decided() && !new.decided() {
                    assert!(!new.unknown.is_empty(), "{name} without {what}: undecided without a reason");
                }
            }
        };
        for fact in whole.case.keys() {
            let mut case = whole.case.clone();
            case.remove(fact);
            check(fact.clone(), decide(&case, &whole.holdings, &answers));
        }
        for i in 0..answers.len() {
            let mut fewer = answers.clone();
            let gone = fewer.remove(i);
            check(gone.fact, decide(&whole.case, &whole.holdings, &fewer));
        }
        for h in 0..whole.holdings.holdings.len() {
            for fact in whole.holdings.holdings[h].given.keys() {
                let mut holdings = whole.holdings.clone();
                holdings.holdings[h].given.remove(fact);
                check(fact.clone(), decide(&whole.case, &holdings, &answers));
            }
            for b in 0..whole.holdings.holdings[h].branches.len() {
                for fact in whole.holdings.holdings[h].branches[b].given.keys() {
                    let mut holdings = whole.holdings.clone();
                    holdings.holdings[h].branches[b].given.remove(fact);
                    check(fact.clone(), decide(&whole.case, &holdings, &answers));
                }
            }
        }
    }
}
