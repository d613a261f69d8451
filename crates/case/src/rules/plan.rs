//! P1 and P2: a plan stands on the newest of everything; an approval is over exactly that plan.

use std::collections::BTreeSet;

use ledger::{Entry, approval_message, b64};

use crate::admit::Context;
use crate::approval::{Decision, Statement};
use crate::broken::{Broken, need};
use crate::event::{ApprovalKind, KeyUse, PlanApproved, PlanMade};
use crate::state::State;

pub(super) fn making(state: &State, p: &PlanMade) -> Result<(), Broken> {
    need(state.last_scan() == Some(p.inventory_n), "P1", "the inventory is not the newest")?;
    need(p.subjects_n == state.subjects_n, "P1", "the subjects are not the newest")?;
    let newest: BTreeSet<u64> = state.newest_seals().iter().map(|s| s.n).collect();
    let named: BTreeSet<u64> = p.seal_ns.iter().copied().collect();
    need(named.len() == p.seal_ns.len() && named == newest, "P1", "the seals are not all newest seals")?;
    need(!p.pack_docs.is_empty(), "P1", "no packs")
}

pub(super) fn approving(state: &State, entry: &Entry, a: &PlanApproved, context: Context) -> Result<(), Broken> {
    let broken = |why: &str| Broken::new("P2", why);
    let plan = state.plan.as_ref().filter(|p| p.n == a.plan_n && !p.withdrawn).ok_or_else(|| broken("an older or withdrawn plan"))?;
    let opened = state.opened.as_ref().ok_or_else(|| broken("no case"))?;
    let bytes = b64::from_url(&a.statement).ok_or_else(|| broken("the statement is not base64url"))?;
    let s = Statement::read(&bytes).map_err(|_| broken("the statement is not canonical"))?;
    match a.kind {
        ApprovalKind::Key => by_key(state, a, &s, &bytes)?,
        ApprovalKind::Paper => on_paper(state, entry, a, &s)?,
        _ => return Err(broken("this version admits approvals by key and on paper")),
    }
    need(s.plan == plan.made.plan_doc, "P2", "the statement is over another plan")?;
    need(s.consequence == plan.made.consequence_doc, "P2", "the statement is over another consequence")?;
    need(s.origin == opened.origin && s.case == state.case, "P2", "the statement is of another case")?;
    need(s.decision == Decision::Approve, "P2", "the decision is not to approve")?;
    need(s.head.size > plan.index && s.head.size <= context.index, "P2", "the head seen does not contain the plan")?;
    need(!state.nonces.contains(&s.nonce), "P2", "the nonce was used before")?;
    need(state.day_of(entry.at).is_some_and(|d| d <= s.not_after), "P2", "the approval has expired")?;
    let any = opened.approvals.values().any(|p| p.kinds.contains(&a.kind));
    need(any, "P2", "the kind of approval is not allowed")
}

/// The key's own signature over exactly this statement.
fn by_key(state: &State, a: &PlanApproved, s: &Statement, bytes: &[u8]) -> Result<(), Broken> {
    let broken = |why: &str| Broken::new("P2", why);
    need(a.person.is_none() && a.evidence.is_none() && a.alg == ledger::ED25519, "P2", "an approval by key names its key")?;
    let kid = a.kid.as_ref().ok_or_else(|| broken("an approval by key names its key"))?;
    let key = state.keys.get(kid).filter(|k| k.revoked_from.is_none()).ok_or_else(|| broken("the key is not in the register"))?;
    need(matches!(key.record.purpose, KeyUse::Approver | KeyUse::Operator), "P2", "the key is not an approver's")?;
    let sig = b64::array_from_url::<64>(&a.sig).ok_or_else(|| broken("the signature is not base64url"))?;
    need(key.public.verifies(&approval_message(bytes), &sig), "P2", "the signature is not over the statement")?;
    need(s.key == *kid && s.role == key.record.purpose.word(), "P2", "the statement names another key")
}

/// Signed by hand and stamped: two keys of other people say that they compared it, and a scan of it is there.
fn on_paper(state: &State, entry: &Entry, a: &PlanApproved, s: &Statement) -> Result<(), Broken> {
    let person = a.person.as_ref().filter(|_| a.kid.is_none() && a.alg == "paper" && a.sig.is_empty());
    let person = person.ok_or_else(|| Broken::new("P2", "an approval on paper names its person, and no key or signature"))?;
    need(a.evidence.as_ref().is_some_and(|e| !e.is_empty()), "P2", "an approval on paper comes with a scan")?;
    need(s.key == person.as_str() && s.role == KeyUse::Approver.word(), "P2", "the statement names another person")?;
    let readers: BTreeSet<_> = entry.sigs.iter().filter_map(|g| state.keys.get(&g.kid)).map(|k| &k.record.person).collect();
    let holder = |k: &crate::state::KeyState| {
        k.record.person == *person && k.revoked_from.is_none() && matches!(k.record.purpose, KeyUse::Approver | KeyUse::Operator)
    };
    let named = state.opened.as_ref().is_some_and(|o| o.paper_approvers.contains(person)) || state.keys.values().any(holder);
    need(named, "P2", "the person is no approver of the case")?;
    need(readers.len() == 2, "P2", "the two who compared it are one person")?;
    need(!readers.contains(person), "P2", "nobody compares their own paper")
}
