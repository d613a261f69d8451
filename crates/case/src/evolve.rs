//! `evolve(state, event) → state`: the fold.

use ledger::{Entry, leaf_of};
use terms::{Outcome, Zone};

use crate::admit::Context;
use crate::approval::Statement;
use crate::event::{
    ActRecorded, ArchiveEnd, CaseAmended, DatasetSealed, EffectObserved, Event, HandOverObserved, HandOverOrdered, KeyRecord, KeyRevoked,
    PlanApproved, ReceiptReceived, RunOpened, ShredObserved, SubjectsRecorded,
};
use crate::receiving::Receiving;
use crate::rules::key_of;
use crate::state::{
    AgreementState, Approval, Backup, Hold, KeyState, Observed, Order, OrderKind, Package, PlanState, Run, Seal, Source, State,
    UnreadAccepted, Vector,
};

/// The state after an admitted entry; `line` is its bytes.
#[must_use]
pub fn evolve(mut state: State, entry: &Entry, event: &Event, line: &[u8], context: Context) -> State {
    apply(&mut state, entry, event, context);
    if state.next == 0 {
        state.case = entry.case.clone();
    }
    state.dossier = matches!(event, Event::DossierMade(_));
    state.next = entry.n + 1;
    state.prev = Some(leaf_of(line));
    state.last_at = entry.at;
    state.kinds.push(event.kind());
    state
}

fn apply(state: &mut State, entry: &Entry, event: &Event, context: Context) {
    let n = entry.n;
    match event {
        Event::CaseOpened(c) => {
            c.keys.iter().for_each(|k| add_key(state, k, n));
            state.zone = Zone::named(&c.zone);
            state.opened = Some(c.clone());
        }
        Event::CaseAmended(a) => amend(state, a),
        Event::CaseClosed(_) => state.closed = true,
        Event::KeyRegistered(r) => add_key(state, &r.key, n),
        Event::KeyRotated(r) => {
            if let Some(old) = state.keys.get_mut(&r.old) {
                old.revoked_from = Some(n + 1);
            }
            add_key(state, &r.new, n);
        }
        Event::KeyRevoked(r) => revoke(state, r, n),
        Event::RunOpened(r) => open_run(state, r, n),
        Event::RunClosed(_) => {
            if let Some(key) = state.run.take().and_then(|r| state.keys.get_mut(&r.kid)) {
                key.revoked_from = Some(n + 1);
            }
        }
        Event::SourceRegistered(s) => {
            let frozen = state.sources.get(&s.source).and_then(|known| known.frozen);
            let source = Source { cap: s.cap, reach: s.reach, store: format!("{} {}", s.store, s.version), frozen };
            state.sources.insert(s.source.clone(), source);
        }
        Event::SourceFrozen(s) => {
            if let Some(source) = state.sources.get_mut(&s.source) {
                source.frozen = Some(s.from);
            }
        }
        Event::ScanRecorded(s) => state.scans.push((n, s.inventory_doc, s.unread)),
        Event::DatasetSealed(s) => seal(state, s, n),
        Event::SubjectsRecorded(s) => matched(state, s, n),
        Event::OutcomesRecorded(o) => {
            let key = (o.seal_n, o.copy.clone(), o.group.clone());
            state.done_since.remove(&key);
            state.vectors.insert(key, Vector { n, totals: o.totals.clone(), doc: o.vector_doc, uniform: o.uniform });
        }
        Event::AnswerGiven(a) => state.answers.push((n, a.answers_doc)),
        Event::OpinionFiled(o) if o.effect == "accept_unread" => {
            let newest = state.scans.last().map(|(_, doc, _)| *doc);
            state.unread_accepted =
                newest.map(|inventory_doc| UnreadAccepted { until: o.until, places: o.datasets.iter().cloned().collect(), inventory_doc });
        }
        Event::PlanMade(p) => {
            state.approvals.iter_mut().for_each(|a| a.ended = true);
            state.schema_moved.clear();
            state.plan = Some(PlanState { n, index: context.index, made: p.clone(), withdrawn: false });
        }
        Event::PlanApproved(a) => approve(state, a, n),
        Event::PlanWithdrawn(w) => {
            state.void.insert(w.plan_n);
            if let Some(p) = &mut state.plan {
                p.withdrawn = true;
            }
        }
        Event::HoldPlaced(h) => {
            state.holds_placed.push((n, h.datasets.clone()));
            state.holds.insert(n, Hold { hold: h.hold.clone(), datasets: h.datasets.clone(), until: h.until });
        }
        Event::HoldLifted(h) => {
            state.holds.remove(&h.hold_n);
        }
        Event::ActRecorded(a) => act(state, a, n),
        Event::AgreementSigned(a) => {
            let kept = AgreementState {
                agreement: a.agreement.clone(),
                doc: a.fields_doc,
                from: a.from,
                party: a.party.clone(),
                role: a.role,
                to: a.to,
            };
            state.agreements.insert(n, kept);
        }
        Event::HandOverOrdered(o) => hand_over(state, entry, o),
        Event::HandOverObserved(o) => handed_over(state, entry, o),
        Event::ReceiptReceived(r) => receive(state, r, n),
        Event::BackupObserved(b) => {
            state.backups.insert(n, Backup { archive: b.archive.clone(), seal_ns: b.seal_ns.clone(), end: None });
        }
        Event::DestroyOrdered(o) => add_order(state, entry, OrderKind::Destroy(o.clone())),
        Event::AnonymiseOrdered(o) => add_order(state, entry, OrderKind::Anonymise(o.clone())),
        Event::ShredOrdered(o) => add_order(state, entry, OrderKind::Shred(o.clone())),
        Event::DestroyObserved(o) => observe(state, entry, o, Outcome::Destroy),
        Event::AnonymiseObserved(o) => observe(state, entry, o, Outcome::Anonymise),
        Event::ShredObserved(o) => shred(state, entry, o),
        Event::EntryCorrected(e) => {
            state.void.insert(e.entry_n);
        }
        Event::LedgerClosed(_) => state.ledger_closed = true,
        Event::ExceptionRecorded(e) if e.kind == "new_datasets" => state.unsealed_sets = e.rows != Some(0),
        Event::ExceptionRecorded(e) if e.kind == "approval_refused" => {
            // Who refuses takes an approval of their own back: it is the entry that is named.
            state.approvals.iter_mut().filter(|a| Some(a.n) == e.about_n).for_each(|a| a.ended = true);
        }
        Event::ExceptionRecorded(e) if e.kind == "came_back" => {
            // Looked at once more and found empty, an order's receipt holds again.
            match (e.about_n, e.rows) {
                (Some(order), Some(0)) => drop(state.came_back.remove(&order)),
                (Some(order), _) => drop(state.came_back.insert(order, n)),
                _ => {}
            }
        }
        Event::ExceptionRecorded(e) if e.kind == "new_rows" => state.unsealed.extend(e.about_n),
        Event::OpinionFiled(_) | Event::ExceptionRecorded(_) | Event::DossierMade(_) => {}
    }
}

fn add_key(state: &mut State, record: &KeyRecord, n: u64) {
    if let Ok(public) = key_of(record) {
        state.keys.insert(record.kid.clone(), KeyState { record: record.clone(), public, since: n, revoked_from: None });
    }
}

fn add_order(state: &mut State, entry: &Entry, kind: OrderKind) {
    if let Some(day) = state.day_of(entry.at) {
        state.orders.insert(entry.n, Order { kind, day, observed: None });
    }
}

fn observe(state: &mut State, entry: &Entry, o: &EffectObserved, outcome: Outcome) {
    let day = state.day_of(entry.at);
    let Some(order) = state.orders.get_mut(&o.order_n) else { return };
    order.observed = day.map(|day| Observed { n: entry.n, day, level: o.level, rows_done: o.rows_done, withdrawn: false });
    if let Some(e) = order.kind.effect() {
        for group in &e.groups {
            let key = (e.seal_n, e.copy.clone(), group.clone());
            *state.done_since.entry(key).or_default().entry(outcome).or_default() += o.rows_done;
        }
    }
}

/// What an amendment changes; approvals of before end with it.
fn amend(state: &mut State, a: &CaseAmended) {
    if let Some(c) = &mut state.opened {
        let a = a.clone();
        c.approvals = a.approvals.unwrap_or_else(|| c.approvals.clone());
        c.law_date = a.law_date.unwrap_or(c.law_date);
        c.paper_approvers = a.paper_approvers.unwrap_or_else(|| c.paper_approvers.clone());
        c.policy_doc = a.policy_doc.unwrap_or(c.policy_doc);
        c.safety_days = a.safety_days.unwrap_or(c.safety_days);
        c.scenario = a.scenario.unwrap_or(c.scenario);
        c.sources_live = a.sources_live.unwrap_or_else(|| c.sources_live.clone());
        c.tolerance_ppm = a.tolerance_ppm.unwrap_or(c.tolerance_ppm);
        c.zone = a.zone.unwrap_or_else(|| c.zone.clone());
        state.zone = Zone::named(&c.zone);
    }
    state.approvals.iter_mut().for_each(|a| a.ended = true);
}

/// A key signs nothing any more, and approvals of its person end.
fn revoke(state: &mut State, r: &KeyRevoked, n: u64) {
    if let Some(key) = state.keys.get_mut(&r.kid) {
        key.revoked_from = Some(n + 1);
    }
    // Whose key may be in other hands has their papers compared anew, too.
    let person = state.keys.get(&r.kid).map(|k| k.record.person.clone());
    let of = |a: &&mut Approval| a.kid.as_ref() == Some(&r.kid) || (a.kid.is_none() && Some(&a.person) == person.as_ref());
    state.approvals.iter_mut().filter(of).for_each(|a| a.ended = true);
}

/// A run begins with a key of its own.
fn open_run(state: &mut State, r: &RunOpened, n: u64) {
    add_key(state, &r.key, n);
    let public = key_of(&r.key).ok();
    state.run = public.map(|public| Run { n, kid: r.key.kid.clone(), public, steps: r.steps.clone(), until: r.until, plan_n: r.plan_n });
}

/// A data set is sealed; another schema than the plan saw is remembered.
fn seal(state: &mut State, s: &DatasetSealed, n: u64) {
    if state.plan.as_ref().is_some_and(|p| !p.made.schema_docs.contains(&s.schema_doc)) {
        state.schema_moved.insert(s.dataset.clone());
    }
    let seal = Seal {
        n,
        scan_n: state.last_scan().unwrap_or_default(),
        dataset: s.dataset.clone(),
        copy: s.copy.clone(),
        groups: s.groups.clone(),
        rows: s.rows,
        root: s.root,
        schema_doc: s.schema_doc,
        of_n: s.of_n,
    };
    state.seals.insert(n, seal);
}

/// Persons were matched: the seals that it names count.
fn matched(state: &mut State, s: &SubjectsRecorded, n: u64) {
    state.subjects_n = Some(n);
    state.matched.extend(&s.seal_ns);
    // The sources were read anew: what came after these seals stands in a later one now, or went again.
    state.unsealed.retain(|seal| !s.seal_ns.contains(seal));
    state.unsealed_sets = false;
}

/// An approval counts from now on.
fn approve(state: &mut State, a: &PlanApproved, n: u64) {
    let statement = ledger::b64::from_url(&a.statement).and_then(|b| Statement::read(&b).ok());
    let person = a.kid.as_ref().and_then(|k| state.keys.get(k)).map(|k| k.record.person.clone()).or_else(|| a.person.clone());
    if let (Some(s), Some(person)) = (statement, person) {
        state.nonces.insert(s.nonce);
        state.approvals.push(Approval {
            n,
            plan_n: a.plan_n,
            kind: a.kind,
            kid: a.kid.clone(),
            person,
            scope: s.scope,
            not_after: s.not_after,
            ended: false,
        });
    }
}

/// What somebody did; some acts settle what was open.
fn act(state: &mut State, a: &ActRecorded, n: u64) {
    state.acts.entry(a.kind.clone()).or_default().push(n);
    match a.kind.as_str() {
        "pack_refused" => state.refused.extend(a.about.iter().cloned()),
        "pack_imported" => {
            state.refused.retain(|place| !a.about.contains(place));
            state.imported.extend(a.about.iter().map(|place| (place.clone(), n)));
        }
        _ => {}
    }
    if a.kind == "dispute_settled" {
        // A difference, or a recipient who cannot sign any more: what both agreed on is on file.
        let orders = &state.orders;
        let seen = |n: &u64| orders.get(n).is_some_and(|o| o.observed.is_some());
        let open = |p: &Package| !p.settled && p.orders.iter().all(seen);
        let named = state.packages.iter_mut().filter(|(id, p)| a.about.iter().any(|x| x == id.as_str()) && open(p));
        named.for_each(|(_, p)| (p.settled, p.settled_n) = (true, Some(n)));
    }
}

/// A package is ordered.
fn hand_over(state: &mut State, entry: &Entry, o: &HandOverOrdered) {
    let n = entry.n;
    add_order(state, entry, OrderKind::HandOver(o.clone()));
    let package = state.packages.entry(o.package.clone()).or_default();
    package.orders.push(n);
    package.recipient.clone_from(&o.recipient);
    package.seals.insert(o.seal_n);
}

/// A package was written, or taken back.
fn handed_over(state: &mut State, entry: &Entry, o: &HandOverObserved) {
    let n = entry.n;
    let day = state.day_of(entry.at);
    if let Some(order) = state.orders.get_mut(&o.order_n) {
        let withdrawn = o.rows_kept.contains_key("withdrawn");
        order.observed = day.map(|day| Observed { n, day, level: o.level, rows_done: o.rows_done, withdrawn });
    }
    // A package of which nothing was written is nothing that anybody could sign for.
    let orders = &state.orders;
    let nothing = |n: &u64| orders.get(n).and_then(|o| o.observed.as_ref()).is_some_and(|o| o.rows_done == 0);
    let withdrawn = state.packages.values_mut().filter(|p| p.orders.contains(&o.order_n) && p.orders.iter().all(nothing));
    withdrawn.for_each(|p| p.settled = true);
}

/// The recipient signed.
fn receive(state: &mut State, r: &ReceiptReceived, n: u64) {
    if let Some(s) = ledger::b64::from_url(&r.statement).and_then(|b| Receiving::read(&b).ok()) {
        state.nonces.insert(s.nonce);
    }
    if let Some(package) = state.packages.get_mut(&r.package) {
        package.receipt_n = Some(n);
        package.differences = r.differences;
        package.settled = r.differences == 0;
    }
}

/// Keys of an archive were seen destroyed.
fn shred(state: &mut State, entry: &Entry, o: &ShredObserved) {
    let n = entry.n;
    let day = state.day_of(entry.at);
    if let (Some(order), Some(day)) = (state.orders.get_mut(&o.order_n), day) {
        order.observed = Some(Observed { n, day, level: o.level, rows_done: 0, withdrawn: false });
        if let OrderKind::Shred(s) = &order.kind {
            let archive = s.archive.clone();
            state.backups.values_mut().filter(|b| b.archive == archive).for_each(|b| b.end = Some(ArchiveEnd::Shredded));
        }
    }
}
