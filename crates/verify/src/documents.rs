//! Rules on documents: W1 to W5, as far as the documents are there (EVIDENCE §5).

use std::collections::{BTreeMap, BTreeSet};

use agreement::Agreement;
use case::{CrowdSeen, DatasetSealed, EffectObserved, Event, OutcomesRecorded};
use ledger::{Entry, page_root};
use plan::PlanDoc;
use terms::json::{Json, Strictness, from_bytes, read};
use terms::{Digest, Holdings, Inventory, Outcome, Unread};

use crate::archive::Dossier;
use crate::replay::{Replay, documents_of};
use crate::verdict::{Claim, Report, State};

/// Checks every document that an entry names.
pub(crate) fn check(dossier: &mut Dossier<'_>, replay: &Replay, report: &mut Report) {
    let mut missing: BTreeSet<Digest> = BTreeSet::new();
    let before = report.claims.len();
    let mut vectors: BTreeMap<(u64, String, String), Vec<u8>> = BTreeMap::new();
    for (entry, event) in &replay.entries {
        for (name, digest) in documents_of(entry).into_iter().filter(|(n, _)| n != "manifest_doc") {
            match dossier.document(&digest) {
                None => {
                    missing.insert(digest);
                }
                Some(bytes) if name != "vector_doc" && from_bytes(&bytes, Strictness::Document).is_err() => {
                    report.add(Claim::broken("documents", "W1", Some(entry.n), format!("`{name}` is not canonical")));
                }
                Some(bytes) if !formed(&name, &bytes) => {
                    report.add(Claim::broken("documents", "W1", Some(entry.n), format!("`{name}` is not of its form")));
                }
                Some(_) => {}
            }
        }
        if let Some(broken) = one(dossier, replay, entry, event, &mut vectors) {
            report.add(broken);
        }
    }
    if report.claims.len() == before {
        let claim = if missing.is_empty() {
            Claim::new("documents", State::Proved, "文档齐全，且与条目所述一致", "every document is there and is what the entries say")
        } else {
            {
                let n = missing.len();
                Claim::new("documents", State::NotShown, format!("缺少 {n} 份文档"), format!("{n} documents are missing"))
            }
        };
        report.add(claim);
    }
}

/// Whether a document is of the form that its name says: nothing is skipped because it could not be read.
fn formed(name: &str, bytes: &[u8]) -> bool {
    match name {
        "inventory_doc" => read::<Inventory>(bytes, Strictness::Document).is_ok(),
        "fields_doc" => read::<Agreement>(bytes, Strictness::Document).is_ok(),
        "plan_doc" => read::<PlanDoc>(bytes, Strictness::Document).is_ok(),
        "receipt_doc" | "policy_doc" => read::<Json>(bytes, Strictness::Document).is_ok_and(|d| d.is_object()),
        _ => true,
    }
}

fn one(
    dossier: &mut Dossier<'_>,
    replay: &Replay,
    entry: &Entry,
    event: &Event,
    vectors: &mut BTreeMap<(u64, String, String), Vec<u8>>,
) -> Option<Claim> {
    match event {
        Event::ScanRecorded(s) => {
            let inventory: Inventory = document(dossier, &s.inventory_doc)?;
            let fits = inventory.datasets.len() as u64 == s.datasets && inventory.unread.len() as u64 == s.unread;
            (!fits).then(|| Claim::broken("documents", "W3", Some(entry.n), "the inventory has other counts"))
        }
        Event::DatasetSealed(s) => sealed(dossier, replay, entry, s),
        Event::CaseClosed(_) => closed(dossier, replay, entry),
        Event::OutcomesRecorded(o) => vector(dossier, replay, entry, o, vectors),
        Event::DestroyOrdered(o) | Event::AnonymiseOrdered(o) => {
            let plan = replay.entries.get(usize::try_from(o.plan_n).ok()?).map(|(_, e)| e)?;
            let Event::PlanMade(made) = plan else { return None };
            let plan: PlanDoc = document(dossier, &made.plan_doc)?;
            let item = plan.plan.items.iter().find(|i| i.item == o.item);
            let fits = item.is_some_and(|i| {
                i.dataset == o.dataset
                    && i.copy == o.copy
                    && i.groups == o.groups
                    && i.method.word() == o.method
                    && i.k == o.k
                    && i.not_before == Some(o.not_before)
                    && i.not_after == o.not_after
                    && i.demand == o.demand
                    && (i.bars.gate, i.bars.hold, i.bars.request, i.bars.retention)
                        == (o.bars.gate, o.bars.hold, o.bars.request, o.bars.retention)
                    && o.rows <= i.records
            });
            (!fits).then(|| Claim::broken("documents", "W2", Some(entry.n), "the order does not stand so in the plan"))
        }
        Event::HandOverOrdered(o) => {
            let Event::PlanMade(made) = replay.entries.get(usize::try_from(o.plan_n).ok()?).map(|(_, e)| e)? else { return None };
            let plan: PlanDoc = document(dossier, &made.plan_doc)?;
            let terms: Agreement = document(dossier, &replay.state.agreements.get(&o.agreement_n)?.doc)?;
            let planned = plan.plan.hand_overs.iter().find(|h| h.item == o.item);
            let fits = planned.is_some_and(|h| {
                h.dataset == o.dataset
                    && h.groups == o.groups
                    && h.agreement == terms.agreement
                    && (h.not_before, h.not_after, h.demand) == (o.not_before, o.not_after, o.demand)
                    && (h.bars.gate, h.bars.hold, h.bars.request, h.bars.retention)
                        == (o.bars.gate, o.bars.hold, o.bars.request, o.bars.retention)
                    && o.rows <= h.records
            });
            let named = |g: &String| terms.fields.iter().any(|f| f.dataset == o.dataset && f.groups.contains(g));
            let covered = o.groups.iter().all(named) && terms.kid == o.recipient;
            if !covered {
                return Some(Claim::broken("documents", "E3", Some(entry.n), "a field or the recipient is not the agreement's"));
            }
            (!fits).then(|| Claim::broken("documents", "W2", Some(entry.n), "the order does not stand so in the plan"))
        }
        Event::HandOverObserved(o) => handed(dossier, replay, entry, o),
        Event::ReceiptReceived(r) => {
            let observed = replay.entries.iter().find_map(|(_, e)| match e {
                Event::HandOverObserved(o) if o.order_n == r.order_n => Some(o),
                _ => None,
            })?;
            let doc: Json = document(dossier, &observed.receipt_doc)?;
            let same = doc.get("root").and_then(Json::as_str) == Some(r.root.to_string().as_str());
            let fits = r.differences > 0 || (same && doc.get("rows").and_then(Json::as_u64) == Some(r.rows));
            (!fits).then(|| Claim::broken("documents", "W5", Some(entry.n), "the receipt is over other files than were handed over"))
        }
        Event::DestroyObserved(o) | Event::AnonymiseObserved(o) => {
            let receipt: Json = document(dossier, &o.receipt_doc)?;
            let number = |name: &str| receipt.get(name).and_then(Json::as_u64);
            let columns = serde_json::to_value(&o.columns).ok();
            let fits = number("rows_done") == Some(o.rows_done)
                && number("bytes_searched") == Some(o.bytes_searched)
                && number("bytes_unread") == Some(o.bytes_unread)
                && number("order_n") == Some(o.order_n)
                && receipt.get("level").and_then(Json::as_str) == Some(o.level.word())
                && receipt.get("columns") == columns.as_ref()
                && receipt.get("crowd").is_some() == o.crowd.is_some()
                && o.crowd.as_ref().is_none_or(|c| receipt.get("crowd").is_some_and(|r| figures(r, c)))
                && receipt.get("kept") == serde_json::to_value(&o.rows_kept).ok().as_ref();
            (!fits).then(|| Claim::broken("documents", "W5", Some(entry.n), "the receipt has other figures"))
        }
        Event::ShredObserved(o) => {
            let receipt: Json = document(dossier, &o.receipt_doc)?;
            let number = |name: &str| receipt.get(name).and_then(Json::as_u64);
            let fits = number("slots_zero") == Some(o.slots_zero) && number("epoch") == Some(o.epoch);
            (!fits).then(|| Claim::broken("documents", "W5", Some(entry.n), "the receipt has other figures"))
        }
        _ => None,
    }
}

/// Whether a receipt has the figures of an entry about rows that are alike.
fn figures(receipt: &Json, seen: &CrowdSeen) -> bool {
    let number = |name: &str| receipt.get(name).and_then(Json::as_u64);
    [("classes", seen.classes), ("columns", seen.columns), ("k", seen.k), ("rows", seen.rows)]
        .iter()
        .all(|(name, n)| number(name) == Some(*n))
}

/// W5 for a hand-over: what its document says of the order is what the entry says, and no column is outside the plan.
fn handed(dossier: &mut Dossier<'_>, replay: &Replay, entry: &Entry, o: &EffectObserved) -> Option<Claim> {
    let doc: Json = document(dossier, &o.receipt_doc)?;
    let Event::HandOverOrdered(order) = replay.entries.get(usize::try_from(o.order_n).ok()?).map(|(_, e)| e)? else { return None };
    let Event::PlanMade(made) = replay.entries.get(usize::try_from(order.plan_n).ok()?).map(|(_, e)| e)? else { return None };
    let plan: PlanDoc = document(dossier, &made.plan_doc)?;
    let planned = plan.plan.hand_overs.iter().find(|h| h.item == order.item)?;
    let package = doc.get("package").and_then(Json::as_str) == Some(order.package.as_str());
    if doc.get("withdrawn") == Some(&Json::Bool(true)) {
        let nothing = o.rows_done == 0 && o.rows_kept.keys().eq(["withdrawn"]);
        return (!(nothing && package)).then(|| Claim::broken("documents", "W5", Some(entry.n), "a withdrawn package has rows"));
    }
    let own = doc
        .get("datasets")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .find(|d| d.get("order_n").and_then(Json::as_u64) == Some(o.order_n));
    let fits = own.is_some_and(|d| {
        let columns = d.get("columns").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_u64);
        let inside = columns.into_iter().all(|c| planned.columns.iter().any(|p| u64::from(*p) == c));
        inside && d.get("rows").and_then(Json::as_u64) == Some(o.rows_done)
    });
    (!(fits && package)).then(|| Claim::broken("documents", "W5", Some(entry.n), "the package has other figures than its entry"))
}

/// W4, and position by position S2.
fn vector(
    dossier: &mut Dossier<'_>,
    replay: &Replay,
    entry: &Entry,
    o: &OutcomesRecorded,
    vectors: &mut BTreeMap<(u64, String, String), Vec<u8>>,
) -> Option<Claim> {
    let rows = usize::try_from(replay.state.seals.get(&o.seal_n)?.rows).ok()?;
    let codes = match (o.uniform, &o.vector_doc) {
        (Some(code), _) => vec![u8::try_from(code).ok()?; rows],
        (None, Some(doc)) => dossier.document(doc)?,
        (None, None) => return None,
    };
    let broken = |rule, what: &str| Some(Claim::broken("documents", rule, Some(entry.n), what));
    if codes.len() != rows || page_root(&codes) != o.root.0 {
        return broken("W4", "the vector does not give its root");
    }
    let mut totals: BTreeMap<Outcome, u64> = BTreeMap::new();
    for code in &codes {
        let Some(outcome) = Outcome::of_code(*code) else { return broken("S2", "a code that does not exist") };
        *totals.entry(outcome).or_default() += 1;
    }
    let said: BTreeMap<Outcome, u64> = o.totals.iter().filter(|(_, n)| **n > 0).map(|(k, v)| (*k, *v)).collect();
    if totals != said {
        return broken("W4", "the vector does not give its totals");
    }
    let key = (o.seal_n, o.copy.clone(), o.group.clone());
    let moved = vectors
        .get(&key)
        .is_some_and(|old| old.iter().zip(&codes).any(|(a, b)| a != b && Outcome::of_code(*a).is_some_and(Outcome::is_final)));
    vectors.insert(key, codes);
    if moved { broken("S2", "a position moved out of a final state") } else { None }
}

/// The inventory lists what was sealed, as it was sealed.
fn sealed(dossier: &mut Dossier<'_>, replay: &Replay, entry: &Entry, s: &DatasetSealed) -> Option<Claim> {
    let scan = replay.state.seals.get(&entry.n)?.scan_n;
    let doc = replay.state.scans.iter().find(|(n, ..)| *n == scan)?.1;
    let inventory: Inventory = document(dossier, &doc)?;
    let listed = inventory.datasets.iter().find(|d| d.dataset == s.dataset);
    let fits = listed.is_some_and(|d| {
        let groups: BTreeSet<&String> = d.columns.iter().filter_map(|c| c.group.as_ref()).collect();
        // A delta goes on with the groups of its seal: what was emptied since shows no findings any more.
        let of = s.of_n.and_then(|n| replay.state.seals.get(&n));
        let rows = if of.is_some() { s.rows <= d.rows } else { s.rows == d.rows };
        let same = of.map_or_else(|| s.groups.iter().collect::<BTreeSet<_>>() == groups, |of| of.groups == s.groups);
        d.schema == s.schema_doc && rows && same
    });
    (!fits).then(|| Claim::broken("documents", "W3", Some(entry.n), "the inventory does not list the sealed data set as sealed"))
}

/// What was there at the end was sealed or decided on, and what could not be read stands in counsel's opinion.
fn closed(dossier: &mut Dossier<'_>, replay: &Replay, entry: &Entry) -> Option<Claim> {
    let last = replay.state.scans.iter().rfind(|(n, ..)| *n < entry.n)?;
    let inventory: Inventory = document(dossier, &last.1)?;
    let sealed = |p: &terms::Place| replay.state.seals.values().any(|s| s.dataset == *p && replay.state.matched.contains(&s.n));
    let open = inventory.datasets.iter().any(|d| d.rows > 0 && d.class.as_deref() != Some("none") && !sealed(&d.dataset));
    if open {
        return Some(Claim::broken("documents", "C1", Some(entry.n), "the last inventory has data sets that nobody sealed"));
    }
    if contradicts(dossier, replay, entry.n, &inventory) {
        return Some(Claim::broken("documents", "W3", Some(entry.n), "a data set of which rows were erased is what it was before"));
    }
    if let Some(what) = unplanned(dossier, replay) {
        return Some(Claim::broken("documents", "W2", Some(entry.n), what));
    }
    let opinion = replay.state.unread_accepted.as_ref();
    let seen: Option<Inventory> = opinion.and_then(|o| document(dossier, &o.inventory_doc));
    let named =
        |u: &Unread| opinion.is_some_and(|o| o.places.contains(u.place.as_str())) && seen.as_ref().is_some_and(|i| i.unread.contains(u));
    let unnamed = inventory.unread.iter().any(|u| !named(u));
    unnamed.then(|| Claim::broken("documents", "C1", Some(entry.n), "places were not read that no opinion names"))
}

/// Whether a data set of which rows were erased before `n` has the very digest in an inventory that it had when it was sealed.
fn contradicts(dossier: &mut Dossier<'_>, replay: &Replay, n: u64, now: &Inventory) -> bool {
    let erased = |seal: u64| {
        let of = |o: &case::Order| o.kind.effect().is_some_and(|e| e.seal_n == seal && e.copy == "live");
        let seen = |o: &case::Order| o.observed.as_ref().is_some_and(|o| o.n < n && o.rows_done > 0);
        replay.state.orders.values().any(|o| of(o) && seen(o))
    };
    let seals: Vec<case::Seal> = replay.state.newest_seals().into_iter().filter(|s| s.of_n.is_none() && erased(s.n)).cloned().collect();
    seals.iter().any(|seal| {
        let doc = replay.state.scans.iter().find(|(n, ..)| *n == seal.scan_n).map(|(_, doc, _)| *doc);
        let then: Option<Inventory> = doc.and_then(|d| document(dossier, &d));
        let of = |i: &Inventory| i.datasets.iter().find(|d| d.dataset == seal.dataset).map(|d| (d.digest, d.rows));
        of(now).is_some() && then.as_ref().and_then(of) == of(now)
    })
}

/// What ended otherwise than any row of the newest plan says: erased, gone and superseded aside, nothing ends by itself.
fn unplanned(dossier: &mut Dossier<'_>, replay: &Replay) -> Option<String> {
    let plan: PlanDoc = document(dossier, &replay.state.plan.as_ref()?.made.plan_doc)?;
    let holdings: Holdings = document(dossier, &plan.inputs.holdings)?;
    for seal in replay.state.newest_seals() {
        let name = holdings.holdings.iter().find(|h| h.dataset == seal.dataset).map(|h| h.name.as_str());
        for group in &seal.groups {
            let rows = plan.plan.rows.iter().filter(|r| Some(r.holding.as_str()) == name && r.group == *group && r.copy == seal.copy);
            let planned: BTreeSet<Outcome> = rows.map(|r| r.outcome).collect();
            let ended = replay.state.vectors.get(&(seal.n, seal.copy.clone(), group.clone()));
            let alone = |o: &Outcome| {
                matches!(o, Outcome::Destroy | Outcome::Anonymise | Outcome::Superseded | Outcome::Gone) || planned.contains(o)
            };
            let found = ended.into_iter().flat_map(|v| &v.totals).find(|(o, n)| **n > 0 && !alone(o));
            if let Some((outcome, n)) = found {
                return Some(format!("{n} rows of {} ({group}) end as {}, which the plan does not say", seal.dataset, outcome.word()));
            }
        }
    }
    None
}

/// A typed document, if it is there and of its form.
pub(crate) fn document<T: serde::de::DeserializeOwned>(dossier: &mut Dossier<'_>, digest: &Digest) -> Option<T> {
    read(&dossier.document(digest)?, Strictness::Document).ok()
}
