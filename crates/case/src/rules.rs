//! The rules of EVIDENCE §4 beyond form and signatures, each small enough to be read beside its row.

mod close;
mod effects;
mod handing;
mod keys;
mod plan;
mod runs;
mod seals;

use ledger::Entry;

use crate::admit::Context;
use crate::broken::{Broken, need};
use crate::event::Event;
use crate::state::State;

pub(crate) use close::after_close;
pub(crate) use keys::key_of;
pub(crate) use runs::run;

/// Whether a question is one that only counsel may answer: its fact is an opinion.
pub(crate) fn counsels(question: &str) -> bool {
    question.split('@').next().unwrap_or(question).starts_with("case.opinion_")
}

/// F3: every `_n` names an earlier entry of the type meant that was neither corrected nor withdrawn.
pub(crate) fn references(state: &State, entry: &Entry, event: &Event) -> Result<(), Broken> {
    let all: Vec<(u64, &[&str])> = match event {
        Event::RunOpened(r) => r.plan_n.iter().map(|n| (*n, &["plan.made"][..])).collect(),
        Event::RunClosed(r) => vec![(r.run_n, &["run.opened"])],
        Event::ScanRecorded(s) => vec![(s.run_n, &["run.opened"])],
        Event::DatasetSealed(s) => {
            let of = s.of_n.iter().map(|n| (*n, &["dataset.sealed"][..]));
            std::iter::once((s.run_n, &["run.opened"][..])).chain(of).collect()
        }
        Event::SubjectsRecorded(s) => {
            let seals = s.seal_ns.iter().map(|n| (*n, &["dataset.sealed"][..]));
            let merged = s.merged_from_n.iter().map(|n| (*n, &["subjects.recorded"][..]));
            std::iter::once((s.run_n, &["run.opened"][..])).chain(seals).chain(merged).collect()
        }
        Event::OutcomesRecorded(o) => vec![(o.seal_n, &["dataset.sealed"])],
        Event::PlanMade(p) => {
            let seals = p.seal_ns.iter().map(|n| (*n, &["dataset.sealed"][..]));
            let run = p.run_n.iter().map(|n| (*n, &["run.opened"][..]));
            let subjects = p.subjects_n.iter().map(|n| (*n, &["subjects.recorded"][..]));
            std::iter::once((p.inventory_n, &["scan.recorded"][..])).chain(seals).chain(run).chain(subjects).collect()
        }
        Event::PlanApproved(a) => vec![(a.plan_n, &["plan.made"])],
        Event::PlanWithdrawn(a) => vec![(a.plan_n, &["plan.made"])],
        Event::HoldLifted(h) => vec![(h.hold_n, &["hold.placed"])],
        Event::BackupObserved(b) => {
            let seals = b.seal_ns.iter().map(|n| (*n, &["dataset.sealed"][..]));
            std::iter::once((b.run_n, &["run.opened"][..])).chain(seals).collect()
        }
        Event::DestroyOrdered(o) | Event::AnonymiseOrdered(o) => {
            let backup = o.backup_n.iter().map(|n| (*n, &["backup.observed"][..]));
            let waiver = o.waiver_n.iter().map(|n| (*n, &["act.recorded"][..]));
            let base: [(u64, &[&str]); 3] = [(o.run_n, &["run.opened"]), (o.plan_n, &["plan.made"]), (o.seal_n, &["dataset.sealed"])];
            base.into_iter().chain(backup).chain(waiver).chain(heads(&o.head_ns)).collect()
        }
        Event::HandOverOrdered(o) => {
            let base: [(u64, &[&str]); 4] = [
                (o.run_n, &["run.opened"]),
                (o.plan_n, &["plan.made"]),
                (o.seal_n, &["dataset.sealed"]),
                (o.agreement_n, &["agreement.signed"]),
            ];
            base.into_iter().chain(heads(&o.head_ns)).collect()
        }
        Event::ReceiptReceived(r) => vec![(r.order_n, &["hand_over.ordered"])],
        Event::HandOverObserved(o) => observed(o, "hand_over.ordered"),
        Event::ShredOrdered(o) => {
            let base: [(u64, &[&str]); 2] = [(o.run_n, &["run.opened"]), (o.plan_n, &["plan.made"])];
            base.into_iter().chain(heads(&o.head_ns)).collect()
        }
        Event::DestroyObserved(o) => observed(o, "destroy.ordered"),
        Event::AnonymiseObserved(o) => observed(o, "anonymise.ordered"),
        Event::ShredObserved(o) => vec![(o.order_n, &["shred.ordered"])],
        Event::KeyRevoked(r) => {
            need(r.from_n <= entry.n, "F3", "`from_n` lies ahead")?;
            Vec::new()
        }
        Event::ExceptionRecorded(e) => {
            let about = e.about_n.unwrap_or(0);
            need(e.about_n.is_none() || about < entry.n, "F3", "`about_n` lies ahead")?;
            Vec::new()
        }
        Event::EntryCorrected(e) => {
            need(e.entry_n < entry.n, "F3", "`entry_n` lies ahead")?;
            Vec::new()
        }
        _ => Vec::new(),
    };
    for (n, kinds) in all {
        let kind = usize::try_from(n).ok().and_then(|n| state.kinds.get(n));
        need(kind.is_some_and(|k| kinds.contains(k)), "F3", format!("entry {n} is not a {} before this one", kinds.join(" or ")))?;
        need(!state.void.contains(&n), "F3", format!("entry {n} was corrected or withdrawn"))?;
    }
    Ok(())
}

/// Heads of the books of sealed facts.
fn heads(head_ns: &[u64]) -> impl Iterator<Item = (u64, &'static [&'static str])> {
    head_ns.iter().map(|n| (*n, &["facts.sealed"][..]))
}

fn observed(o: &crate::event::EffectObserved, order: &'static str) -> Vec<(u64, &'static [&'static str])> {
    let kinds: &'static [&'static str] = match order {
        "destroy.ordered" => &["destroy.ordered"],
        "hand_over.ordered" => &["hand_over.ordered"],
        _ => &["anonymise.ordered"],
    };
    let scan = o.scan_n.iter().map(|n| (*n, &["scan.recorded"][..]));
    std::iter::once((o.order_n, kinds)).chain(scan).collect()
}

/// What a type's facts must satisfy.
pub(crate) fn facts(state: &State, entry: &Entry, event: &Event, context: Context) -> Result<(), Broken> {
    match event {
        Event::CaseOpened(c) => keys::opening(c),
        Event::CaseAmended(a) => keys::amending(a),
        Event::KeyRegistered(r) => keys::registering(state, entry, &r.key),
        Event::KeyRotated(r) => keys::rotating(state, r),
        Event::KeyRevoked(r) => keys::revoking(state, r),
        Event::RunOpened(r) => keys::registering_run(state, entry, r),
        Event::SourceRegistered(s) => seals::registering(state, s),
        Event::SourceFrozen(s) => need(state.sources.contains_key(&s.source), "S1", "the source is not registered"),
        Event::DatasetSealed(s) => seals::sealing(state, s),
        Event::SubjectsRecorded(s) => seals::subjects(state, s),
        Event::OutcomesRecorded(o) => seals::outcomes(state, o),
        Event::PlanMade(p) => plan::making(state, p),
        Event::PlanApproved(a) => plan::approving(state, entry, a, context),
        Event::PlanWithdrawn(w) => {
            let current = state.plan.as_ref().is_some_and(|p| p.n == w.plan_n && !p.withdrawn);
            need(current, "F3", "that plan is not in force")
        }
        Event::HoldLifted(h) => need(state.holds.contains_key(&h.hold_n), "F3", "that hold is not open"),
        Event::HoldPlaced(h) => need(!h.datasets.is_empty(), "P7", "a hold covers at least one data set"),
        Event::ActRecorded(a) => effects::act(state, entry, a),
        Event::BackupObserved(b) => effects::backup(state, b),
        Event::DestroyOrdered(o) => effects::ordering(state, entry, o, "destroy"),
        Event::AnonymiseOrdered(o) => effects::ordering(state, entry, o, "anonymise"),
        Event::DestroyObserved(o) => effects::observing(state, o),
        Event::AnonymiseObserved(o) => effects::observing(state, o),
        Event::AgreementSigned(a) => handing::signing(state, a),
        Event::HandOverOrdered(o) => handing::ordering(state, entry, o),
        Event::HandOverObserved(o) => handing::observing(state, o),
        Event::ReceiptReceived(r) => handing::receiving(state, r),
        Event::ShredOrdered(o) => effects::ordering_shred(state, entry, o),
        Event::ShredObserved(o) => effects::observing_shred(state, o),
        Event::CaseClosed(c) => close::closing(state, entry, c),
        Event::DossierMade(_) | Event::LedgerClosed(_) => Ok(()),
        _ => Ok(()),
    }
}
