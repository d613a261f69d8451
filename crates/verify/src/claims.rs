//! All claims of a dossier, in the order in which a reader asks for them.

use std::collections::{BTreeMap, BTreeSet};

use case::{Event, OrderKind, Seen};
use terms::json::Json;
use terms::{Level, Outcome};

use crate::archive::Dossier;
use crate::replay::{Replay, replay};
use crate::verdict::{Claim, Report, State, Trust};
use crate::{documents, recompute};

/// Checks everything.
pub(crate) fn check(dossier: &mut Dossier, trust: &Trust, report: &mut Report) {
    let complete = dossier.check_manifest();
    let stop = complete.state == State::Broken;
    report.add(complete);
    if stop {
        return;
    }
    let Some(replay) = replay(dossier, report) else { return };
    policy(&replay, trust, report);
    documents::check(dossier, &replay, report);
    recompute::check(dossier, &replay, report);
    approvals(&replay, report);
    backup(&replay, report);
    totals(&replay, report);
    destroyed(&replay, report);
    archives(&replay, report);
    closed(&replay, report);
    time(dossier, &replay, report);
}

fn policy(replay: &Replay, trust: &Trust, report: &mut Report) {
    let Some(opened) = &replay.state.opened else { return };
    let digest = opened.policy_doc.to_string();
    report.add(match &trust.policy_digest {
        Some(d) if *d == digest => Claim::new("policy", State::Proved, "the policy is the one that the reader was told"),
        Some(_) => Claim::broken("policy", "policy", Some(0), "the policy is not the one that the reader was told"),
        None => Claim::new(
            "policy",
            State::NotShown,
            format!("trust rests on the dossier itself; compare the policy digest {digest} with what the parties say"),
        ),
    });
}

fn approvals(replay: &Replay, report: &mut Report) {
    let ordered: Vec<(u64, &case::EffectOrdered)> =
        replay.state.orders.iter().filter_map(|(n, o)| o.kind.effect().map(|e| (*n, e))).collect();
    for a in &replay.state.approvals {
        let Some((entry, Event::PlanApproved(p))) = usize::try_from(a.n).ok().and_then(|n| replay.entries.get(n)) else { continue };
        let statement = ledger::b64::from_url(&p.statement).and_then(|b| case::Statement::read(&b).ok());
        let seen = statement.as_ref().is_some_and(|s| replay.root_at(s.head.size) == Some(s.head.root.0));
        if !seen {
            report.add(Claim::broken("approvals", "P2", Some(entry.n), "the head that the approver saw is not the log's"));
            return;
        }
    }
    if ordered.is_empty() && replay.state.approvals.is_empty() {
        return;
    }
    let persons: BTreeSet<&str> = replay.state.approvals.iter().map(|a| a.person.as_str()).collect();
    report.add(Claim::new(
        "approvals",
        State::Proved,
        format!("{} orders, each under approvals by registered keys of {} persons", ordered.len(), persons.len()),
    ));
    let approvers = replay.state.approvals.iter().filter_map(|a| a.kid.as_ref()).filter_map(|k| replay.state.keys.get(k));
    let seen: BTreeMap<&str, Seen> = approvers.map(|k| (k.record.kid.as_str(), k.record.seen)).collect();
    let by = if seen.values().any(|s| *s == Seen::None) {
        "nobody: a key was registered without being seen"
    } else {
        "the operator, who registered the keys"
    };
    report.add(Claim::new("two_people", State::Attested, "that different keys are different people").by(by));
}

fn backup(replay: &Replay, report: &mut Report) {
    if replay.state.backups.is_empty() {
        return;
    }
    let rows: u64 = replay.state.backups.values().flat_map(|b| &b.seal_ns).filter_map(|n| replay.state.seals.get(n)).map(|s| s.rows).sum();
    report.add(Claim::new("backup", State::Attested, format!("{rows} sealed rows restored and equal")).by("the run that restored them"));
}

fn totals(replay: &Replay, report: &mut Report) {
    let mut shown: BTreeMap<String, BTreeMap<Outcome, u64>> = BTreeMap::new();
    for seal in replay.state.seals.values() {
        for group in &seal.groups {
            if let Some(v) = replay.state.vectors.get(&(seal.n, seal.copy.clone(), group.clone())) {
                let sums = shown.entry(format!("totals.{}", seal.dataset)).or_default();
                v.totals.iter().for_each(|(o, n)| *sums.entry(*o).or_default() += n);
            }
        }
    }
    for (id, sums) in shown {
        let words: Vec<String> = sums.iter().map(|(o, n)| format!("{} {n}", o.word())).collect();
        report.add(Claim::new(id, State::Proved, format!("sealed = sum of outcomes: {}", words.join(", "))));
    }
}

fn destroyed(replay: &Replay, report: &mut Report) {
    for (n, order) in &replay.state.orders {
        let OrderKind::Destroy(e) = &order.kind else { continue };
        let id = format!("destroyed.{}", e.item);
        report.add(match &order.observed {
            None => Claim { entry: Some(*n), ..Claim::new(id, State::NotShown, "ordered, not yet seen done") },
            Some(o) => {
                let what = format!("{} of {} rows in {} ({})", o.rows_done, e.rows, e.dataset, e.groups.join(", "));
                Claim { level: Some(o.level.word().to_owned()), ..Claim::new(id, State::Attested, what).by("the run that looked again") }
            }
        });
    }
}

fn archives(replay: &Replay, report: &mut Report) {
    for b in replay.state.backups.values() {
        let what = match b.end {
            Some(_) => format!("archive {}: its keys were destroyed", b.archive),
            None => format!("archive {} lives; nothing that it holds is destroyed above {}", b.archive, Level::L3.word()),
        };
        report.add(Claim::new("archives", State::Attested, what).by("the run that shredded, and the holder"));
    }
}

fn closed(replay: &Replay, report: &mut Report) {
    let state = if replay.state.closed { State::Proved } else { State::NotShown };
    let what = if replay.state.closed { "nothing is open any more" } else { "the case is still open" };
    report.add(Claim::new("closed", state, what));
}

fn time(dossier: &mut Dossier, replay: &Replay, report: &mut Report) {
    let simulated = replay
        .state
        .opened
        .as_ref()
        .and_then(|o| documents::document::<Json>(dossier, &o.policy_doc))
        .is_some_and(|p| p.get("simulated") == Some(&Json::Bool(true)));
    report.add(if simulated {
        Claim::new("time", State::NotShown, "a practice case: its days are simulated")
    } else {
        Claim::new("time", State::Attested, "every time is a claim of who signed it").by("the operator's clock")
    });
}
