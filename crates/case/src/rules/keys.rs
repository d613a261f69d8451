//! K2: keys enter the register once, under their own id, seen by somebody else.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{Entry, PublicKey};

use crate::broken::{Broken, need};
use crate::event::{CaseAmended, CaseOpened, KeyRecord, KeyRevoked, KeyRotated, KeyUse, Policy, RunOpened};
use crate::state::State;

/// The key of a record, if record and key belong together.
pub(crate) fn key_of(record: &KeyRecord) -> Result<PublicKey, Broken> {
    need(record.alg == "ed25519", "K1", "the algorithm is not known")?;
    let key = PublicKey::from_text(&record.public).ok_or_else(|| Broken::new("K1", format!("{} is not a good key", record.kid)))?;
    need(key.kid() == record.kid, "K1", format!("{} is not the id of its key", record.kid))?;
    Ok(key)
}

pub(super) fn opening(c: &CaseOpened) -> Result<(), Broken> {
    let mut kids = BTreeSet::new();
    for record in &c.keys {
        key_of(record)?;
        need(kids.insert(&record.kid), "K2", format!("key {} is registered twice", record.kid))?;
        need(!matches!(record.purpose, KeyUse::Run), "K2", "a run key is registered by its run")?;
    }
    need(c.keys.iter().any(|k| k.purpose == KeyUse::Operator), "K2", "no operator key")?;
    terms_of(Some(&c.approvals), Some(&c.zone), Some(c.tolerance_ppm))
}

/// What a case may be opened with or amended to.
fn terms_of(approvals: Option<&BTreeMap<String, Policy>>, zone: Option<&str>, tolerance_ppm: Option<u64>) -> Result<(), Broken> {
    let asks = approvals.is_none_or(|a| a.values().all(|p| p.need >= 1 && !p.kinds.is_empty()));
    need(asks, "F1", "an approval policy asks for nothing")?;
    need(zone.is_none_or(|z| terms::Zone::named(z).is_some()), "F1", "the time zone is not known")?;
    need(tolerance_ppm.is_none_or(|t| t <= 1_000_000), "F1", "the tolerance is more than all")
}

pub(super) fn amending(a: &CaseAmended) -> Result<(), Broken> {
    terms_of(a.approvals.as_ref(), a.zone.as_deref(), a.tolerance_ppm)
}

pub(super) fn registering(state: &State, entry: &Entry, record: &KeyRecord) -> Result<(), Broken> {
    key_of(record)?;
    need(!state.keys.contains_key(&record.kid), "K2", format!("key {} is registered already", record.kid))?;
    need(record.purpose != KeyUse::Run, "K2", "a run key is registered by its run")?;
    let countersigned = entry.sigs.iter().all(|s| s.kid != record.kid);
    need(countersigned, "K2", "a key does not countersign itself")
}

pub(super) fn registering_run(state: &State, entry: &Entry, r: &RunOpened) -> Result<(), Broken> {
    key_of(&r.key)?;
    need(r.key.purpose == KeyUse::Run, "K3", "a run has a run key")?;
    need(!state.keys.contains_key(&r.key.kid), "K2", "a run key is fresh")?;
    need(state.run.is_none(), "K3", "another run is open")?;
    need(r.until > entry.at, "K3", "the run ends before it begins")?;
    need(!r.steps.is_empty(), "K3", "a run names its steps")
}

pub(super) fn rotating(state: &State, r: &KeyRotated) -> Result<(), Broken> {
    key_of(&r.new)?;
    let old = state.keys.get(&r.old).ok_or_else(|| Broken::new("K1", "the old key is not registered"))?;
    need(!state.keys.contains_key(&r.new.kid), "K2", "the new key is registered already")?;
    let same = old.record.person == r.new.person && old.record.purpose == r.new.purpose;
    need(same, "K2", "a rotation changes neither person nor use")
}

pub(super) fn revoking(state: &State, r: &KeyRevoked) -> Result<(), Broken> {
    need(state.keys.get(&r.kid).is_some_and(|k| k.revoked_from.is_none()), "K2", "that key is not in force")
}
