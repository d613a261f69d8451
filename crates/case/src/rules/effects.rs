//! P3–P7, B1–B3, E1–E2: what must stand before an effect, and what may be said after it.

use std::collections::BTreeSet;

use facts::Truth;
use ledger::Entry;
use terms::{Level, Place, Reach};

use crate::broken::{Broken, need};
use crate::event::{ActRecorded, BackupObserved, ColumnLook, EffectObserved, EffectOrdered, ShredObserved, ShredOrdered};
use crate::file::ALIKE_MIN;
use crate::state::{Order, State};

/// Recall that L3 asks for: 99.9 % (EVIDENCE §10).
const RECALL_PER_MILLE: u64 = 999;
/// Most values that a control recall must ask for.
const ASKED_MAX: u64 = 1_000;

pub(super) fn act(state: &State, entry: &Entry, a: &ActRecorded) -> Result<(), Broken> {
    let named = a.about.iter().all(|x| Place::new(x.clone()).is_some() || terms::Id::new(x.clone()).is_some());
    need(named, "F1", "`about` names something that is neither a place nor an id")?;
    if a.kind == "dispute_settled" {
        let seen = |n: &u64| state.orders.get(n).is_some_and(|o| o.observed.is_some());
        let open = |(id, p): (&terms::Id, &crate::state::Package)| {
            a.about.iter().any(|x| x == id.as_str()) && !p.settled && p.orders.iter().all(seen)
        };
        need(state.packages.iter().any(open), "E3", "no package that was handed over and is not settled is named")?;
        need(!a.evidence.is_empty(), "E3", "nothing shows that the package is settled")?;
    }
    if a.kind == "backup_waiver" {
        let persons: BTreeSet<_> = entry.sigs.iter().filter_map(|s| state.keys.get(&s.kid)).map(|k| &k.record.person).collect();
        need(persons.len() >= 2, "B2", "a waiver is signed by two different people")?;
    }
    Ok(())
}

pub(super) fn backup(state: &State, b: &BackupObserved) -> Result<(), Broken> {
    let seals: Vec<_> = b.seal_ns.iter().filter_map(|n| state.seals.get(n)).collect();
    let rows: u64 = seals.iter().map(|s| s.rows).sum();
    let equal = b.rows_written == rows && b.rows_restored == rows && b.rows_equal == rows;
    need(
        equal && !seals.is_empty(),
        "B1",
        format!("written {}, restored {}, equal {} of {rows} rows", b.rows_written, b.rows_restored, b.rows_equal),
    )?;
    let root = ledger::root(seals.iter().map(|s| ledger::leaf_hash(&s.root.0)));
    need(root == b.restored_root.0, "B1", "the restored root is not that of the seals")?;
    need(!state.backups.values().any(|o| o.archive == b.archive), "B1", "the archive was observed already")
}

pub(super) fn ordering(state: &State, entry: &Entry, o: &EffectOrdered, act: &str) -> Result<(), Broken> {
    approvals(state, entry, act, o.item.as_str(), Some(&o.dataset))?;
    let alike = o.method == "anonymise";
    need(!alike || act == "anonymise", "P3", "the method is not that of the act")?;
    need(o.k.is_some() == alike && o.k.is_none_or(|k| k >= ALIKE_MIN), "P3", "`k` is two or more where Custody anonymises")?;
    let day = state.day_of(entry.at).ok_or_else(|| Broken::new("P5", "the day is not known"))?;
    need(o.not_before <= day, "P5", format!("not before {}", o.not_before))?;
    need(o.not_after.is_none_or(|d| day <= d), "P5", "after its last day")?;
    need(o.demand == Truth::True && o.bars.all_false(), "P6", "the demand is not true or a bar is not false")?;
    need(!state.held(o.dataset.as_str()), "P7", "an open hold covers the data set")?;
    let of = |n: &u64| state.seals.get(n).is_some_and(|s| s.dataset == o.dataset);
    let unsettled = state.packages.values().any(|p| !p.settled && p.seals.iter().any(of));
    need(!unsettled, "E3", "a package with rows of that data set is not settled")?;
    let seal = state.seals.get(&o.seal_n).ok_or_else(|| Broken::new("F3", "that seal does not exist"))?;
    need(seal.dataset == o.dataset && seal.copy == o.copy, "B2", "the seal is of another data set or copy")?;
    need(o.groups.iter().all(|g| seal.groups.contains(g)) && !o.groups.is_empty(), "S2", "a group is not in the seal")?;
    need(o.rows <= seal.rows && o.excluded <= o.rows, "E1", "more rows than the seal has")?;
    if o.copy == "live" && (act == "destroy" || alike) {
        backed_up(state, o)?;
    }
    let open = state
        .open_orders()
        .any(|(_, other)| other.kind.effect().is_some_and(|e| e.item == o.item && e.copy == o.copy && e.seal_n == o.seal_n));
    need(!open, "E1", "an order for that item and copy is open")
}

fn backed_up(state: &State, o: &EffectOrdered) -> Result<(), Broken> {
    match (o.backup_n, o.waiver_n) {
        (Some(n), None) => {
            let backup = state.backups.get(&n).ok_or_else(|| Broken::new("B2", "that backup does not exist"))?;
            need(backup.end.is_none(), "B2", "that backup was shredded")?;
            need(backup.seal_ns.contains(&o.seal_n) && n > o.seal_n, "B2", "the backup is not of that seal")
        }
        (None, Some(n)) => {
            let waived = state.acts.get("backup_waiver").is_some_and(|ns| ns.contains(&n));
            need(waived && n > o.seal_n, "B2", "that act waives no backup")
        }
        _ => Err(Broken::new("B2", "a source copy is destroyed only with a backup or a waiver")),
    }
}

pub(super) fn approvals(state: &State, entry: &Entry, act: &str, item: &str, dataset: Option<&Place>) -> Result<(), Broken> {
    let moved = dataset.is_some_and(|d| state.schema_moved.contains(d));
    if state.approved(act, item, dataset, entry.at) {
        return need(!moved, "P4", "the schema moved after the plan");
    }
    let ended = state.was_approved(act, item, entry.at);
    need(!ended, "P4", "a new plan, an amendment, a revoked key or a hold ended approvals that it rests on")?;
    Err(Broken::new("P3", "too few approvals by registered keys of different people"))
}

/// Rows are called anonymised only where enough of them were seen to be alike.
fn crowd(o: &EffectObserved, effect: &EffectOrdered) -> Result<(), Broken> {
    let Some(wanted) = effect.k.filter(|_| o.rows_done > 0) else { return Ok(()) };
    let Some(seen) = &o.crowd else { return Err(Broken::new("E2", "how many rows are alike was not measured")) };
    need(seen.k >= wanted, "E2", format!("{} rows are alike, {wanted} were wanted", seen.k))?;
    let adds_up = seen.rows >= o.rows_done && seen.columns > 0 && seen.classes.checked_mul(seen.k).is_some_and(|n| n <= seen.rows);
    need(adds_up, "E2", "the classes of rows that are alike do not add up")
}

pub(super) fn observing(state: &State, o: &EffectObserved) -> Result<(), Broken> {
    let order = open_order(state, o.order_n)?;
    let effect = order.kind.effect().ok_or_else(|| Broken::new("E1", "that order is not about rows"))?;
    crowd(o, effect)?;
    let kept: u64 = o.rows_kept.values().sum();
    need(
        o.rows_done + kept + effect.excluded == effect.rows,
        "E1",
        format!("done {} and kept {kept} are not the {} ordered", o.rows_done, effect.rows),
    )?;
    need(!o.out_of_scope.is_empty(), "E2", "what is out of scope is not said")?;
    let source = Place::new(effect.dataset.source()).and_then(|p| state.sources.get(&p));
    let cap = source.map_or(Level::L0, |s| s.cap);
    need(o.level <= cap, "E2", "the level is above the cap of the source")?;
    if source.is_some_and(|s| s.reach == Reach::Pack) && o.rows_done > 0 {
        let later = state.imported.get(effect.dataset.source()).is_some_and(|n| *n > o.order_n);
        need(later, "E2", "no export of the source was taken after the order")?;
    }
    let least = o.columns.iter().map(|c| c.level).min();
    need(least.is_none_or(|l| o.level <= l), "E2", "the level is above its least column")?;
    need(o.level <= Level::L2 || least.is_some(), "E2", "L3 without columns looked at")?;
    if o.level >= Level::L2 {
        need(o.scan_n.is_some_and(|n| n > o.order_n), "E2", "L2 needs a scan after the order")?;
    }
    need(o.level <= Level::L3, "E2", "L4 comes only when the archives are shredded")?;
    for column in o.columns.iter().filter(|c| c.level >= Level::L3) {
        sight(column, o.bytes_unread)?;
    }
    Ok(())
}

/// What a column needs for L3: sight before, absence after, nothing unread.
fn sight(c: &ColumnLook, bytes_unread: u64) -> Result<(), Broken> {
    need(c.asked >= c.live.min(ASKED_MAX) && c.asked > 0, "E2", format!("column {}: too few live values were asked for", c.col))?;
    need(c.found * 1_000 >= c.asked * RECALL_PER_MILLE, "E2", format!("column {}: the search did not see its live values", c.col))?;
    need(c.hits == 0 && bytes_unread == 0, "E2", format!("column {}: values remain or bytes were not read", c.col))
}

pub(super) fn ordering_shred(state: &State, entry: &Entry, o: &ShredOrdered) -> Result<(), Broken> {
    approvals(state, entry, "shred", o.item.as_str(), None)?;
    let day = state.day_of(entry.at).ok_or_else(|| Broken::new("P5", "the day is not known"))?;
    need(o.not_before <= day && o.not_after.is_none_or(|d| day <= d), "P5", "outside its dates")?;
    need(o.demand == Truth::True && o.bars.all_false(), "P6", "the demand is not true or a bar is not false")?;
    let (_, backup) =
        state.backups.iter().find(|(_, b)| b.archive == o.archive).ok_or_else(|| Broken::new("B3", "that archive was never observed"))?;
    let held = backup.seal_ns.iter().filter_map(|n| state.seals.get(n)).any(|s| state.held(s.dataset.as_str()));
    need(!held, "P7", "an open hold covers a data set in the archive")?;
    need(backup.end.is_none(), "B3", "that archive is shredded already")?;
    let orders = || state.orders.values().filter(|x| x.kind.effect().is_some_and(|e| backup.seal_ns.contains(&e.seal_n)));
    need(orders().all(|x| x.observed.is_some()), "B3", "a destruction backed by that archive is still open")?;
    // An archive of an earlier seal that backs no destruction ends with the last destruction of the case.
    let last = orders().filter_map(|x| x.observed.as_ref()).map(|x| x.day).max();
    let last = last
        .or_else(|| state.orders.values().filter(|x| x.kind.effect().is_some()).filter_map(|x| x.observed.as_ref()).map(|x| x.day).max());
    let safety = state.opened.as_ref().map_or(30, |c| c.safety_days);
    let earliest = last.map(|d| d.plus_days(i64::try_from(safety).unwrap_or(i64::MAX)));
    need(earliest.is_some_and(|e| day >= e), "B3", "the safety window has not ended")?;
    let open = state.open_orders().any(|(_, x)| matches!(&x.kind, crate::state::OrderKind::Shred(s) if s.archive == o.archive));
    need(!open, "E1", "an order for that archive is open")
}

pub(super) fn observing_shred(state: &State, o: &ShredObserved) -> Result<(), Broken> {
    let order = open_order(state, o.order_n)?;
    let crate::state::OrderKind::Shred(s) = &order.kind else { return Err(Broken::new("E1", "that order shreds nothing")) };
    need(o.slots_zero == s.slots, "E1", format!("{} slots are zero, {} were ordered", o.slots_zero, s.slots))?;
    need(o.epoch > s.epoch, "E1", "the epoch did not move on")?;
    need(!o.holders.is_empty() && o.holders.iter().all(|h| h.gone), "E1", "a holder did not destroy the old epoch key")?;
    need(!o.out_of_scope.is_empty(), "E2", "what is out of scope is not said")
}

pub(super) fn open_order(state: &State, n: u64) -> Result<&Order, Broken> {
    let order = state.orders.get(&n).ok_or_else(|| Broken::new("E1", "observed before ordered"))?;
    need(order.observed.is_none(), "E1", "observed twice")?;
    Ok(order)
}
