//! E3 (I4): a copy is handed over under an agreement in force, to its party, and counts as received once the party signed for it.

use facts::Truth;
use ledger::{Entry, b64};

use super::effects::{approvals, open_order};
use crate::broken::{Broken, need};
use crate::event::{AgreementRole, AgreementSigned, EffectObserved, HandOverOrdered, KeyUse, ReceiptReceived};
use crate::receiving::{Receiving, receiving_message};
use crate::state::{OrderKind, State};

pub(super) fn signing(state: &State, a: &AgreementSigned) -> Result<(), Broken> {
    need(a.from <= a.to, "E3", "the agreement ends before it begins")?;
    need(!a.evidence.is_empty(), "E3", "the signed paper is not on file")?;
    let known = state.keys.values().any(|k| k.record.person == a.party && k.revoked_from.is_none());
    need(known, "E3", "the party has no key in the register")
}

pub(super) fn ordering(state: &State, entry: &Entry, o: &HandOverOrdered) -> Result<(), Broken> {
    approvals(state, entry, "hand_over", o.item.as_str(), Some(&o.dataset))?;
    let day = state.day_of(entry.at).ok_or_else(|| Broken::new("P5", "the day is not known"))?;
    need(o.not_before <= day && day <= o.not_after, "P5", "outside its dates")?;
    need(o.demand == Truth::True && o.bars.all_false(), "P6", "the demand is not true or a bar is not false")?;
    need(!state.held(o.dataset.as_str()), "P7", "an open hold covers the data set")?;
    let agreement = state.agreements.get(&o.agreement_n).ok_or_else(|| Broken::new("F3", "that agreement is not on file"))?;
    need(agreement.from <= day && day <= agreement.to, "E3", "the agreement is not in force that day")?;
    let replaced = state.agreements.range(o.agreement_n + 1..).any(|(_, a)| a.agreement == agreement.agreement);
    need(!replaced, "E3", "the agreement was replaced by a later one")?;
    need(agreement.role == AgreementRole::Recipient, "E3", "the agreement makes nobody a recipient")?;
    let key = state.keys.get(&o.recipient).filter(|k| k.revoked_from.is_none() && k.record.purpose == KeyUse::Recipient);
    let party = key.is_some_and(|k| k.record.person == agreement.party);
    need(party, "E3", "the recipient's key is not that of the agreement's party")?;
    let seal = state.seals.get(&o.seal_n).ok_or_else(|| Broken::new("F3", "that seal does not exist"))?;
    need(seal.dataset == o.dataset && seal.copy == o.copy, "E3", "the seal is of another data set or copy")?;
    need(o.groups.iter().all(|g| seal.groups.contains(g)) && !o.groups.is_empty(), "S2", "a group is not in the seal")?;
    need(o.rows <= seal.rows && o.excluded <= o.rows, "E1", "more rows than the seal has")?;
    let same = |k: &OrderKind| matches!(k, OrderKind::HandOver(x) if x.item == o.item && x.seal_n == o.seal_n && x.plan_n == o.plan_n);
    need(!state.orders.values().any(|x| same(&x.kind)), "E1", "that item was handed over before")?;
    let party = |n: &u64| state.agreements.get(n).map(|a| &a.party);
    let before = state.orders.values().filter(|x| !x.observed.as_ref().is_some_and(|d| d.withdrawn));
    let before = before.filter_map(|x| if let OrderKind::HandOver(h) = &x.kind { Some(h) } else { None });
    let own = before.filter(|h| h.seal_n == o.seal_n && h.groups == o.groups && party(&h.agreement_n) == Some(&agreement.party));
    need(own.map(|h| h.rows).sum::<u64>() + o.rows <= seal.rows, "E1", "more rows than the seal has were handed to one party")?;
    let package = state.packages.get(&o.package);
    need(
        package.is_none_or(|p| p.recipient == o.recipient && p.receipt_n.is_none() && !p.settled),
        "E3",
        "the package is another recipient's, was received, or is settled",
    )?;
    let open = state.open_orders().any(|(_, x)| *x.kind.item() == o.item && x.kind.effect().is_some_and(|e| e.copy == o.copy));
    need(!open, "E1", "an order for that item and copy is open")
}

pub(super) fn observing(state: &State, o: &EffectObserved) -> Result<(), Broken> {
    let order = open_order(state, o.order_n)?;
    let OrderKind::HandOver(h) = &order.kind else { return Err(Broken::new("E1", "that order hands nothing over")) };
    let kept: u64 = o.rows_kept.values().sum();
    need(o.rows_done + kept + h.excluded == h.rows, "E1", format!("done {} and kept {kept} are not the {} ordered", o.rows_done, h.rows))?;
    need(!o.out_of_scope.is_empty(), "E2", "what is out of scope is not said")?;
    need(o.level == terms::Level::L0 && o.columns.is_empty(), "E2", "a hand-over has no level of erasure")
}

pub(super) fn receiving(state: &State, r: &ReceiptReceived) -> Result<(), Broken> {
    let broken = |why: &str| Broken::new("E3", why);
    let package = state.packages.get(&r.package).ok_or_else(|| broken("no such package was handed over"))?;
    need(package.orders.first() == Some(&r.order_n), "E3", "that is not the package's order")?;
    need(package.receipt_n.is_none(), "E3", "the package was received before")?;
    let open = package.orders.iter().any(|n| state.orders.get(n).is_none_or(|o| o.observed.is_none()));
    need(!open, "E3", "the package was not seen whole yet")?;
    need(package.recipient == r.recipient && r.alg == ledger::ED25519, "E3", "signed by another than the recipient")?;
    let key = state.keys.get(&r.recipient).filter(|k| k.revoked_from.is_none()).ok_or_else(|| broken("the key is not in the register"))?;
    let bytes = b64::from_url(&r.statement).ok_or_else(|| broken("the statement is not base64url"))?;
    let s = Receiving::read(&bytes).map_err(|_| broken("the statement is not canonical"))?;
    let sig = b64::array_from_url::<64>(&r.sig).ok_or_else(|| broken("the signature is not base64url"))?;
    need(key.public.verifies(&receiving_message(&bytes), &sig), "E3", "the signature is not over the statement")?;
    let opened = state.opened.as_ref().ok_or_else(|| broken("no case"))?;
    need(s.origin == opened.origin && s.case == state.case, "E3", "the receipt is of another case")?;
    need(s.key == r.recipient && s.package == r.package, "E3", "the receipt names another key or package")?;
    let counts = s.rows == r.rows && s.root == r.root && s.count() == r.differences;
    need(counts, "E3", "the receipt has other figures than its statement")?;
    need(!state.nonces.contains(&s.nonce), "E3", "the nonce was used before")?;
    let rows: u64 = package.orders.iter().filter_map(|n| state.orders.get(n)?.observed.as_ref()).map(|o| o.rows_done).sum();
    need(r.differences > 0 || r.rows == rows, "E3", format!("{} rows received, {rows} handed over, and no difference is named", r.rows))
}
