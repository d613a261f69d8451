//! `admit(state, event) → ok | broken(rule)`: every event passes here when written, when loaded and in the verifier.

use ledger::{Entry, PublicKey};
use terms::Digest;

use crate::broken::{Broken, need};
use crate::event::{ApprovalKind, Event, KeyRecord, KeyUse};
use crate::rules;
use crate::state::State;

/// Where an entry stands in the tree of the whole ledger.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// Its tree index.
    pub index: u64,
}

/// Checks one entry against the state before it; gives the typed event back.
///
/// # Errors
/// The first rule that it breaks.
pub fn admit(state: &State, entry: &Entry, context: Context) -> Result<Event, Broken> {
    let event = form(entry)?;
    chain(state, entry, &event)?;
    signatures(state, entry, &event)?;
    rules::after_close(state, &event)?;
    rules::references(state, entry, &event)?;
    rules::run(state, entry, &event)?;
    rules::facts(state, entry, &event, context)?;
    Ok(event)
}

/// F1: the type is known and the facts are exactly its facts.
fn form(entry: &Entry) -> Result<Event, Broken> {
    match Event::read(&entry.kind, &entry.facts) {
        Ok(Some(event)) => Ok(event),
        Ok(None) => Err(Broken::new("F1", format!("type `{}` is not known", entry.kind))),
        Err(why) => Err(Broken::new("F1", format!("facts of `{}`: {why}", entry.kind))),
    }
}

/// F2: the number follows, `prev` is the last leaf, the first entry opens the case, time does not run backwards.
fn chain(state: &State, entry: &Entry, event: &Event) -> Result<(), Broken> {
    const BACK_MS: u64 = 120_000;
    need(entry.n == state.next, "F2", format!("n is {}, {} was next", entry.n, state.next))?;
    need(entry.prev == state.prev.unwrap_or(Digest::ZERO), "F2", "prev is not the leaf of the entry before")?;
    let opens = matches!(event, Event::CaseOpened(_));
    need(opens == (entry.n == 0), "F2", "the first entry, and only it, opens the case")?;
    need(entry.n == 0 || entry.case == state.case, "F2", "the entry belongs to another chain")?;
    let clock = matches!(event, Event::ExceptionRecorded(e) if e.kind == "clock");
    need(entry.at + BACK_MS >= state.last_at || clock, "F2", "time runs back by more than 120 s")
}

/// The uses whose keys must sign a type, the actor first (EVIDENCE §4, column "signed by").
fn signers(state: &State, event: &Event) -> Vec<&'static [KeyUse]> {
    use KeyUse::{Approver, Counsel, Countersigner, Keeper, Operator, Run};
    const OPERATOR: &[KeyUse] = &[Operator];
    match event {
        Event::CaseAmended(_) => vec![OPERATOR, &[Approver]],
        Event::KeyRegistered(_) => vec![OPERATOR, &[Countersigner, Approver]],
        Event::KeyRotated(_) => vec![&[], &[]],
        Event::RunClosed(r) => {
            let own = state.run.as_ref().is_some_and(|run| run.n == r.run_n);
            vec![if own { &[Run, Operator] } else { OPERATOR }]
        }
        Event::ScanRecorded(_)
        | Event::DatasetSealed(_)
        | Event::SubjectsRecorded(_)
        | Event::OutcomesRecorded(_)
        | Event::BackupObserved(_)
        | Event::DestroyOrdered(_)
        | Event::DestroyObserved(_)
        | Event::AnonymiseOrdered(_)
        | Event::AnonymiseObserved(_)
        | Event::HandOverOrdered(_)
        | Event::HandOverObserved(_)
        | Event::ShredOrdered(_)
        | Event::ShredObserved(_) => vec![&[Run]],
        Event::PlanMade(_) | Event::ExceptionRecorded(_) | Event::EntryCorrected(_) => vec![&[Run, Operator]],
        Event::AnswerGiven(a) if rules::counsels(&a.question) => vec![&[Counsel]],
        Event::AnswerGiven(_) => vec![&[Operator, Approver, Counsel]],
        Event::OpinionFiled(_) => vec![&[Counsel]],
        Event::HoldPlaced(_) | Event::HoldLifted(_) => vec![&[Counsel, Operator]],
        Event::PlanApproved(a) if a.kind == ApprovalKind::Paper => vec![OPERATOR, &[Approver, Countersigner, Counsel, Keeper]],
        Event::ActRecorded(a) if a.kind == "backup_waiver" => vec![&[Approver], &[Approver]],
        Event::ActRecorded(_) if state.closed => vec![&[Operator, Keeper]],
        Event::RunOpened(_) if state.closed => vec![&[Operator, Keeper]],
        _ => vec![OPERATOR],
    }
}

/// K1: each signature verifies by a registered key that is not revoked and whose use fits; nobody else signs.
fn signatures(state: &State, entry: &Entry, event: &Event) -> Result<(), Broken> {
    let message = entry.message().map_err(|e| Broken::new("F1", e.to_string()))?;
    let mut signed: Vec<KeyRecord> = Vec::new();
    for sig in &entry.sigs {
        let (record, key) = known_key(state, event, &sig.kid, entry.n)?;
        need(sig.alg == record.alg, "K1", "the algorithm is not the register's")?;
        need(entry.signed_by(sig, &key, &message), "K1", format!("signature of {} does not verify", sig.kid))?;
        signed.push(record);
    }
    if let Event::KeyRotated(r) = event {
        let both = signed.len() == 2 && signed.iter().any(|k| k.kid == r.old) && signed.iter().any(|k| k.kid == r.new.kid);
        need(both && entry.actor == r.old, "K2", "a rotation is signed by the old key and the new")?;
        return actor(entry, &signed);
    }
    let demanded = signers(state, event);
    need(signed.len() == demanded.len(), "K1", format!("{} signatures, {} belong here", signed.len(), demanded.len()))?;
    let first = signed.iter().position(|k| k.kid == entry.actor).ok_or_else(|| Broken::new("K1", "the actor did not sign"))?;
    let fits = |uses: &[KeyUse], k: &KeyRecord| uses.contains(&k.purpose);
    let head = demanded.first().copied().unwrap_or_default();
    need(signed.get(first).is_some_and(|k| fits(head, k)), "K1", format!("`{}` is not signed by who may", entry.kind))?;
    let mut rest = signed.iter().enumerate().filter(|(i, _)| *i != first).map(|(_, k)| k);
    let others_fit = demanded.iter().skip(1).all(|uses| rest.next().is_some_and(|k| fits(uses, k)));
    need(others_fit, "K1", format!("`{}` is not countersigned by who must", entry.kind))?;
    actor(entry, &signed)
}

fn actor(entry: &Entry, signed: &[KeyRecord]) -> Result<(), Broken> {
    let role = signed.iter().find(|k| k.kid == entry.actor).map(|k| k.purpose.word());
    need(role == Some(entry.role.as_str()), "K1", "`role` is not the use of the actor's key")
}

/// The key of that id: from the register, or, for the first entry and a rotation, from the entry itself.
fn known_key(state: &State, event: &Event, kid: &str, n: u64) -> Result<(KeyRecord, PublicKey), Broken> {
    if let Some(k) = state.keys.get(kid) {
        if k.record.purpose == KeyUse::Run {
            let open = state.run.as_ref().is_some_and(|r| r.kid == kid);
            need(open, "K3", "the run of that key is not open")?;
        }
        need(k.revoked_from.is_none_or(|from| n < from), "K1", format!("key {kid} is revoked"))?;
        return Ok((k.record.clone(), k.public.clone()));
    }
    let own: Vec<&KeyRecord> = match event {
        Event::CaseOpened(c) => c.keys.iter().collect(),
        Event::KeyRotated(r) => vec![&r.new],
        _ => Vec::new(),
    };
    let record = own.into_iter().find(|k| k.kid == kid).ok_or_else(|| Broken::new("K1", format!("key {kid} is not registered")))?;
    let public = rules::key_of(record)?;
    Ok((record.clone(), public))
}
