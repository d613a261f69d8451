//! Test vectors 18 and 20 of EVIDENCE §12, made by a second implementation (`vectors/`): a chain per rule that passes, its twin that
//! breaks only that rule, and whole chains that give the same state without their bodies.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeMap;

use case::{ArchiveEnd, Broken, Context, Event, KeyUse, State, admit, evolve};
use ledger::{Entry, b64, body_commitment};
use serde_json::{Value, json};

fn cases(file: &str) -> Vec<Value> {
    let path = format!("{}/../../vectors/{file}.json", env!("CARGO_MANIFEST_DIR"));
    let value: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    value["cases"].as_array().unwrap().clone()
}

fn lines(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|l| l.as_str().unwrap()).collect()
}

/// Replays a chain; gives the state before the first line that is refused, its number and the rule.
fn replay(lines: &[&str]) -> (State, Option<(usize, Broken)>) {
    let mut state = State::default();
    for (i, line) in lines.iter().enumerate() {
        let refused = |rule, why: String| Some((i, Broken { rule, why }));
        let entry = match Entry::parse(line.as_bytes()) {
            Ok(entry) => entry,
            Err(e) => return (state, refused("F1", e.to_string())),
        };
        let context = Context { index: i as u64 };
        match admit(&state, &entry, context) {
            Ok(event) => state = evolve(state, &entry, &event, line.as_bytes(), context),
            Err(broken) => return (state, Some((i, broken))),
        }
    }
    (state, None)
}

/// Seen by the verifier, which has the whole tree and the whole dossier: `admit` has the chain before the entry alone.
const SEEN_BY_THE_VERIFIER: [&str; 2] = ["P2: a root that the ledger never had", "C3: a line after dossier.made"];

#[test]
fn each_rule_passes_its_chain_and_refuses_the_twin() {
    let mut wrong = Vec::new();
    let mut by_rule: BTreeMap<String, u32> = BTreeMap::new();
    for c in cases("18-admit-rules") {
        let name = c["name"].as_str().unwrap();
        if let (_, Some((i, broken))) = replay(&lines(&c["good"])) {
            wrong.push(format!("{name}: the good chain is refused at {i}: {} {}", broken.rule, broken.why));
        }
        let at = usize::try_from(c["bad_at"].as_u64().unwrap()).unwrap();
        match replay(&lines(&c["bad"])) {
            (_, None) if SEEN_BY_THE_VERIFIER.contains(&name) => {}
            (_, None) => wrong.push(format!("{name}: the twin is admitted")),
            (_, Some((i, broken))) if i != at => wrong.push(format!("{name}: refused at {i}, not {at}: {} {}", broken.rule, broken.why)),
            (_, Some((_, broken))) => {
                let open = c.get("rule_open").is_some_and(|v| v == true);
                if !open && broken.rule != c["rule"] {
                    wrong.push(format!("{name}: refused by {} ({}), not {}", broken.rule, broken.why, c["rule"]));
                }
                *by_rule.entry(broken.rule.to_owned()).or_default() += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
    assert!(by_rule.len() >= 20, "{by_rule:?}");
}

#[test]
fn chains_give_the_same_state_without_their_bodies() {
    for c in cases("20-without-bodies") {
        let name = c["name"].as_str().unwrap();
        let lines = lines(&c["lines"]);
        let (state, refused) = replay(&lines);
        assert!(refused.is_none(), "{name}: {refused:?}");
        assert_eq!(summary(&state), c["state"], "{name}");
        // The bodies are those that the lines commit to; nothing above has read them.
        let bodies = c["bodies"].as_array().unwrap();
        assert!(!bodies.is_empty(), "{name}");
        for body in bodies {
            let entry = Entry::parse(lines[usize::try_from(body["n"].as_u64().unwrap()).unwrap()].as_bytes()).unwrap();
            let salt = b64::array_from_url::<32>(body["salt"].as_str().unwrap()).unwrap();
            assert_eq!(entry.bc, Some(body_commitment(&salt, body["body"].as_str().unwrap().as_bytes())), "{name}");
        }
    }
}

fn summary(s: &State) -> Value {
    let keys: Vec<&String> =
        s.keys.iter().filter(|(_, k)| k.record.purpose != KeyUse::Run && k.revoked_from.is_none()).map(|(kid, _)| kid).collect();
    let seals: BTreeMap<String, u64> = s.seals.iter().map(|(n, seal)| (n.to_string(), seal.rows)).collect();
    let end = |e: Option<ArchiveEnd>| if e == Some(ArchiveEnd::Shredded) { "shredded" } else { "live" };
    let backups: BTreeMap<String, &str> = s.backups.iter().map(|(n, b)| (n.to_string(), end(b.end))).collect();
    let totals: BTreeMap<String, BTreeMap<&str, u64>> = s
        .vectors
        .iter()
        .map(|((n, _, group), v)| (format!("{n}.{group}"), v.totals.iter().filter(|(_, n)| **n > 0).map(|(o, n)| (o.word(), *n)).collect()))
        .collect();
    json!({
        "next": s.next, "closed": s.closed, "open_orders": s.open_orders().count(), "open_holds": s.holds.len(), "keys_in_force": keys,
        "seals": seals, "newest_plan": s.plan.as_ref().map_or(json!(-1), |p| json!(p.n)), "backups": backups, "totals": totals
    })
}

#[test]
fn every_type_of_entry_is_in_some_chain() {
    let mut seen = std::collections::BTreeSet::new();
    let all = cases("18-admit-rules").into_iter().flat_map(|c| [c["good"].clone(), c["bad"].clone()]);
    for chain in all.chain(cases("20-without-bodies").into_iter().map(|c| c["lines"].clone())) {
        seen.extend(lines(&chain).iter().filter_map(|l| Entry::parse(l.as_bytes()).ok()).map(|e| e.kind));
    }
    let missing: Vec<&&str> = Event::KINDS.iter().filter(|k| !seen.contains(**k)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
