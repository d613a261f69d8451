//! What of the case file stands in the ledger: approvals, tolerances, safety window, scenario, live sources, and whether days are simulated.

use std::collections::BTreeMap;

use case::file::CaseFile;
use case::{ApprovalKind, CaseOpened, Policy};
use store::Documents;
use terms::json::{Strictness, json, to_bytes};
use terms::{Fault, Place};

/// The place id of the source of that ordinal.
pub(crate) fn place_of(i: usize) -> Option<Place> {
    Place::new(format!("src{}", i + 1))
}

/// What the case file says now, as the ledger would have it; keys, origin and date of law stay as they were.
///
/// # Errors
/// If the policy document cannot be written.
pub(crate) fn terms_of(file: &CaseFile, documents: &Documents, before: &CaseOpened, log: &str) -> Result<CaseOpened, Fault> {
    let kinds: Vec<ApprovalKind> = file.approval.kinds.iter().filter(|k| *k == "key").map(|_| ApprovalKind::Key).collect();
    let policy = json!({
        "frozen_tolerance_ppm": file.tolerance.ppm(false), "log": log, "simulated": file.simulated, "type": "custody.policy", "v": 1
    });
    let policy = to_bytes(&policy, Strictness::Document).map_err(|_| Fault::new("document_form"))?;
    Ok(CaseOpened {
        approvals: BTreeMap::from([("irreversible".to_owned(), Policy { kinds, need: file.approval.need.value })]),
        policy_doc: documents.put(&policy)?,
        safety_days: file.safety_days.value,
        scenario: file.scenario(),
        sources_live: file.sources.iter().enumerate().filter(|(_, s)| s.live).filter_map(|(i, _)| place_of(i)).collect(),
        tolerance_ppm: file.tolerance.ppm(true),
        zone: file.zone.value.clone(),
        ..before.clone()
    })
}
