//! W6: every plan computed again from inventory facts, answers and packs, equal byte for byte.

use std::collections::{BTreeMap, BTreeSet};

use agreement::Agreement;
use case::{ActRecorded, Event, PlanMade};
use law::Packs;
use plan::{Consequence, Noticed, PlanDoc};
use terms::json::{Json, Strictness, to_bytes};
use terms::{Answer, Answers, Digest, Holdings, Inventory, Outcome, Place, Value};

use crate::archive::Dossier;
use crate::documents::document;
use crate::replay::Replay;
use crate::verdict::{Claim, Report, State};

/// Computes every plan again.
pub(crate) fn check(dossier: &mut Dossier<'_>, replay: &Replay, report: &mut Report) {
    let plans: Vec<(u64, PlanMade)> = replay
        .entries
        .iter()
        .filter_map(|(e, event)| match event {
            Event::PlanMade(p) => Some((e.n, p.clone())),
            _ => None,
        })
        .collect();
    let mut shown = 0;
    for (n, made) in &plans {
        match one(dossier, replay, *n, made) {
            None => {
                report.add(Claim {
                    entry: Some(*n),
                    ..Claim::new("plan_recomputed", State::NotShown, "缺少所需的文档", "a document that it needs is missing")
                });
                return;
            }
            Some(Err(why)) => {
                report.add(Claim::broken("plan_recomputed", "W6", Some(*n), why));
                return;
            }
            Some(Ok(())) => shown += 1,
        }
    }
    if shown > 0 {
        let (zh, en) = (format!("{shown} 份重新计算，逐字节相同"), format!("{shown} computed again, equal byte for byte"));
        report.add(Claim::new("plan_recomputed", State::Proved, zh, en));
    }
}

/// None if something is missing.
fn one(dossier: &mut Dossier<'_>, replay: &Replay, n: u64, made: &PlanMade) -> Option<Result<(), String>> {
    let bytes = dossier.document(&made.plan_doc)?;
    let doc: PlanDoc = document(dossier, &made.plan_doc)?;
    let packs = match packs(dossier, &doc.inputs.packs)? {
        Ok(packs) => packs,
        Err(why) => return Some(Err(why)),
    };
    let holdings: Holdings = document(dossier, &doc.inputs.holdings)?;
    let inventory: Inventory = document(dossier, &doc.inputs.inventory)?;
    let wrong = |what: &str| Some(Err(what.to_owned()));
    if doc.inputs.packs.iter().collect::<BTreeSet<_>>() != made.pack_docs.iter().collect() {
        return wrong("the plan rests on other packs than its entry names");
    }
    if doc.inputs.as_of != made.law_date {
        return wrong("the plan has another date of law than its entry");
    }
    let scan = replay.entries.get(usize::try_from(made.inventory_n).ok()?)?;
    if !matches!(&scan.1, Event::ScanRecorded(s) if s.inventory_doc == doc.inputs.inventory) {
        return wrong("the plan rests on another inventory");
    }
    if answers_before(dossier, replay, n)? != doc.inputs.answers {
        return wrong("the plan rests on other answers than were given");
    }
    if !holdings_fit(dossier, replay, n, made, &holdings)? {
        return wrong("the plan rests on other holdings than were sealed");
    }
    let scenario = scenario_at(replay, n).map(|s| Value::One(s.word().to_owned()));
    if doc.inputs.case.get("case.scenario") != scenario.as_ref() {
        return wrong("the plan is for another scenario");
    }
    let agreements = match agreements(dossier, replay, n, &doc)? {
        Ok(agreements) => agreements,
        Err(why) => return Some(Err(why)),
    };
    if let Some(why) = acts_before(replay, n, &doc) {
        return wrong(why);
    }
    let again = PlanDoc::compute(doc.inputs.clone(), doc.archives.clone(), &agreements, &holdings, &inventory, &packs.book, &packs.table);
    if to_bytes(&again, Strictness::Document).ok()? != bytes {
        return wrong("computed again, the plan is another");
    }
    let before = plan_before(dossier, replay, n)?;
    let consequence = Consequence::of(&again.plan, &holdings, &packs, before.as_ref().map(|d| &d.plan));
    if to_bytes(&consequence, Strictness::Document).ok()? != dossier.document(&made.consequence_doc)? {
        return wrong("the consequence shown to the approvers is not the plan's");
    }
    let irreversible = again.plan.items.iter().filter(|i| i.irreversible()).count() as u64;
    if made.items != again.plan.items.len() as u64 || made.irreversible != irreversible {
        return wrong("the entry counts other items than the plan");
    }
    Some(Ok(()))
}

/// The agreements that a plan names: each was filed before it.
fn agreements(dossier: &mut Dossier<'_>, replay: &Replay, n: u64, doc: &PlanDoc) -> Option<Result<Vec<Agreement>, String>> {
    let filed = |digest: &Digest| {
        let before = replay.entries.iter().take_while(|(e, _)| e.n < n);
        before.filter(|(_, event)| matches!(event, Event::AgreementSigned(a) if a.fields_doc == *digest)).count() > 0
    };
    if doc.inputs.agreements.iter().any(|d| !filed(d)) {
        return Some(Err("the plan rests on an agreement that nobody filed".to_owned()));
    }
    let all: Option<Vec<Agreement>> = doc.inputs.agreements.iter().map(|d| document(dossier, d)).collect();
    all.map(Ok)
}

/// What is wrong with the acts that a plan rests on: each was recorded before it.
fn acts_before(replay: &Replay, n: u64, doc: &PlanDoc) -> Option<&'static str> {
    let acts = || {
        replay.entries.iter().take_while(|(e, _)| e.n < n).filter_map(|(_, event)| match event {
            Event::ActRecorded(a) => Some(a),
            _ => None,
        })
    };
    if doc.inputs.acts.iter().any(|kind| !acts().any(|a| a.kind == *kind)) {
        return Some("the plan rests on an act that nobody recorded");
    }
    let about = |a: &ActRecorded, place: &Place| a.about.iter().any(|x| x == place.as_str() || x == place.source());
    let told = |n: &Noticed| acts().any(|a| a.kind == "notice_sent" && a.day == n.on && about(a, &n.dataset));
    (!doc.inputs.noticed.iter().all(told)).then_some("the plan rests on a notice that nobody recorded")
}

/// The plan that was in force before an entry; none if there was none, or nothing at all if its document is missing.
fn plan_before(dossier: &mut Dossier<'_>, replay: &Replay, n: u64) -> Option<Option<PlanDoc>> {
    let mut newest = None;
    for (entry, event) in replay.entries.iter().take_while(|(e, _)| e.n < n) {
        match event {
            Event::PlanMade(made) => newest = Some((entry.n, made.plan_doc)),
            Event::PlanWithdrawn(w) if newest.is_some_and(|(n, _)| n == w.plan_n) => newest = None,
            _ => {}
        }
    }
    match newest {
        None => Some(None),
        Some((_, doc)) => document(dossier, &doc).map(Some),
    }
}

/// The scenario that the case had before an entry.
fn scenario_at(replay: &Replay, n: u64) -> Option<terms::Scenario> {
    let said = |event: &Event| match event {
        Event::CaseOpened(c) => Some(c.scenario),
        Event::CaseAmended(a) => a.scenario,
        _ => None,
    };
    replay.entries.iter().take_while(|(e, _)| e.n < n).filter_map(|(_, event)| said(event)).last()
}

/// The packs of the newest plan, if they are there.
pub(crate) fn newest_packs(dossier: &mut Dossier<'_>, replay: &Replay) -> Option<Packs> {
    let doc: PlanDoc = document(dossier, &replay.state.plan.as_ref()?.made.plan_doc)?;
    packs(dossier, &doc.inputs.packs)?.ok()
}

fn packs(dossier: &mut Dossier<'_>, digests: &[Digest]) -> Option<Result<Packs, String>> {
    let mut files = BTreeMap::new();
    for digest in digests {
        let list: Json = document(dossier, digest)?;
        for file in list.get("files")?.as_array()? {
            let path = file.get("path")?.as_str()?.to_owned();
            let digest: Digest = file.get("sha256")?.as_str()?.parse().ok()?;
            files.insert(path, String::from_utf8(dossier.document(&digest)?).ok()?);
        }
    }
    Some(Packs::read(files).map_err(|all| all.first().map(ToString::to_string).unwrap_or_default()))
}

fn answers_before(dossier: &mut Dossier<'_>, replay: &Replay, n: u64) -> Option<Vec<Answer>> {
    let mut out = Vec::new();
    for (entry, event) in replay.entries.iter().take_while(|(e, _)| e.n < n) {
        let Event::AnswerGiven(given) = event else { continue };
        let sheet: Answers = document(dossier, &given.answers_doc)?;
        let fits = sheet.answers.iter().all(|a| given.question.split(['@', '#']).next() == Some(a.fact.as_str()) && a.value == given.value);
        if !fits || entry.n >= n {
            return None;
        }
        out.extend(sheet.answers);
    }
    Some(out)
}

/// The holdings are those that were sealed with the subjects, plus the holds of that moment.
fn holdings_fit(dossier: &mut Dossier<'_>, replay: &Replay, n: u64, made: &PlanMade, holdings: &Holdings) -> Option<bool> {
    let (_, Event::SubjectsRecorded(subjects)) = replay.entries.get(usize::try_from(made.subjects_n?).ok()?)? else { return Some(false) };
    let model: Json = document(dossier, &subjects.model_doc)?;
    let sealed: Digest = model.get("holdings")?.as_str()?.parse().ok()?;
    let sealed: Holdings = document(dossier, &sealed)?;
    let mut bare = holdings.clone();
    for h in &mut bare.holdings {
        h.given.remove("holding.hold");
        if !settled_fit(replay, made, n, h) {
            return Some(false);
        }
        h.branches.iter_mut().for_each(|b| b.settled.clear());
    }
    let rows = |place: &terms::Place| -> u64 {
        made.seal_ns.iter().filter_map(|n| replay.state.seals.get(n)).filter(|s| s.dataset == *place).map(|s| s.rows).sum()
    };
    let counted = sealed.holdings.iter().all(|h| h.records() == rows(&h.dataset));
    Some(bare == sealed && counted)
}

/// A plan leaves out as settled no more than the vectors before it say.
fn settled_fit(replay: &Replay, made: &PlanMade, n: u64, holding: &terms::Holding) -> bool {
    let of = |seal_n: &u64| replay.state.seals.get(seal_n).is_some_and(|s| s.dataset == holding.dataset);
    let seals: Vec<u64> = made.seal_ns.iter().copied().filter(of).collect();
    holding.groups.iter().all(|group| {
        let newest = |seal_n: &u64| {
            let before = replay.entries.iter().take_while(|(e, _)| e.n < n);
            let own = before.filter_map(|(_, event)| match event {
                Event::OutcomesRecorded(o) if o.seal_n == *seal_n && o.group == group.name => Some(&o.totals),
                _ => None,
            });
            own.last().map_or(0, |totals| totals.iter().filter(|(o, _)| o.is_final() || **o == Outcome::Gone).map(|(_, n)| *n).sum::<u64>())
        };
        let said: u64 = holding.branches.iter().map(|b| b.settled.get(&group.name).copied().unwrap_or_default()).sum();
        said <= seals.iter().map(newest).sum::<u64>()
    })
}
