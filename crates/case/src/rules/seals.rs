//! S1–S3: seals follow scans, totals equal rows, and what is counted as gone was seen to go.

use terms::Outcome;

use crate::broken::{Broken, need};
use crate::event::{DatasetSealed, OutcomesRecorded, SealKind, SourceRegistered, SubjectsRecorded};
use crate::state::State;

pub(super) fn registering(state: &State, s: &SourceRegistered) -> Result<(), Broken> {
    // What a source is may be seen anew: another version, more rights, files that can be looked into.
    need(state.sources.get(&s.source).is_none_or(|known| !known.is_as(s)), "S1", "the source is registered as that already")?;
    need(state.may_register(s), "S1", "orders on the source are open, which were given for what it was")?;
    need(s.cap <= s.reach.cap(), "E2", "the cap is above what its reach allows")
}

pub(super) fn sealing(state: &State, s: &DatasetSealed) -> Result<(), Broken> {
    let scan = state.last_scan().ok_or_else(|| Broken::new("S1", "no scan before the seal"))?;
    match (s.kind, s.of_n) {
        (SealKind::Full, None) => {
            let twice = state.seals.values().any(|o| o.scan_n == scan && o.of_n.is_none() && o.dataset == s.dataset && o.copy == s.copy);
            need(!twice, "S1", "one full seal per data set, copy and scan")
        }
        (SealKind::Delta, Some(n)) => {
            let of = state.seals.get(&n).ok_or_else(|| Broken::new("S1", "a delta names the seal that it adds to"))?;
            let same = of.dataset == s.dataset && of.copy == s.copy && of.of_n.is_none();
            need(same, "S1", "a delta adds to a full seal of the same data set and copy")
        }
        (SealKind::Full, Some(_)) => Err(Broken::new("S1", "a full seal adds to none")),
        (SealKind::Delta, None) => Err(Broken::new("S1", "a delta names the seal that it adds to")),
    }
}

pub(super) fn subjects(state: &State, s: &SubjectsRecorded) -> Result<(), Broken> {
    let rows: u64 = s.seal_ns.iter().filter_map(|n| state.seals.get(n)).map(|s| s.rows).sum();
    need(s.unassigned_rows <= rows, "S1", "more rows of nobody than rows")?;
    need(s.merged_from_n.is_none() || s.merged_from_n == state.subjects_n, "S1", "a merge follows the newest subjects")
}

pub(super) fn outcomes(state: &State, o: &OutcomesRecorded) -> Result<(), Broken> {
    let seal = state.seals.get(&o.seal_n).ok_or_else(|| Broken::new("F3", "that seal does not exist"))?;
    let sum: u64 = o.totals.values().sum();
    need(sum == seal.rows, "S2", format!("totals are {sum}, the seal has {} rows", seal.rows))?;
    need(seal.groups.contains(&o.group), "S2", "the group is not in the seal")?;
    match (o.uniform, o.vector_doc) {
        (Some(code), None) => {
            let outcome = u8::try_from(code).ok().and_then(Outcome::of_code).ok_or_else(|| Broken::new("S2", "no such code"))?;
            need(o.totals.get(&outcome).copied().unwrap_or_default() == seal.rows, "S2", "a uniform vector has one code")?;
            let root = ledger::uniform_root(outcome.code(), seal.rows);
            need(root == o.root.0, "S2", "the root is not that of the uniform vector")?;
        }
        (None, Some(_)) => {}
        _ => return Err(Broken::new("S2", "either a uniform code or a vector")),
    }
    let later = state.seals.values().filter(|s| s.n > seal.n && s.dataset == seal.dataset && s.copy == seal.copy);
    let superseded = o.totals.get(&Outcome::Superseded).copied().unwrap_or_default();
    need(superseded <= later.map(|s| s.rows).sum(), "S2", "more positions are superseded than later seals have rows")?;
    let key = (o.seal_n, o.copy.clone(), o.group.clone());
    let before = state.vectors.get(&key);
    for outcome in Outcome::ALL.iter().copied() {
        let was = before.and_then(|v| v.totals.get(&outcome)).copied().unwrap_or_default();
        let is = o.totals.get(&outcome).copied().unwrap_or_default();
        if outcome.is_final() {
            need(is >= was, "S2", format!("positions moved out of `{}`", outcome.word()))?;
        }
        if matches!(outcome, Outcome::Destroy | Outcome::Return | Outcome::Anonymise) {
            let done = state.done_since.get(&key).and_then(|d| d.get(&outcome)).copied().unwrap_or_default();
            let new = is.saturating_sub(was);
            need(new == done, "S3", format!("{new} positions newly in `{}`, {done} were seen done", outcome.word()))?;
        }
        if outcome == Outcome::Transfer {
            need(is == 0, "S3", "positions in `transfer` need a receipt")?;
        }
    }
    Ok(())
}
