//! What of the case file stands in the ledger: approvals, tolerances, safety window, scenario, live sources, and whether days are simulated.

use std::collections::BTreeMap;

use case::file::CaseFile;
use case::{ApprovalKind, CaseOpened, Policy};
use store::Documents;
use terms::json::{Json, Strictness, json, to_bytes};
use terms::{Fault, Id, Place};

/// The place id of the source of that ordinal.
pub(crate) fn place_of(i: usize) -> Option<Place> {
    Place::new(format!("src{}", i + 1))
}

/// What the case file says now, as the ledger would have it; keys, origin and date of law stay as they were.
///
/// # Errors
/// If the policy document cannot be written.
pub(crate) fn terms_of(
    file: &CaseFile,
    documents: &Documents,
    before: &CaseOpened,
    log: &str,
    paper_approvers: Vec<Id>,
) -> Result<CaseOpened, Fault> {
    let need = file.approval.need.value;
    let all = std::iter::once(("irreversible", &file.approval.kinds)).chain(file.approval.acts.iter().map(|(a, k)| (a.as_str(), k)));
    let approvals: BTreeMap<String, Policy> = all.map(|(act, said)| (act.to_owned(), Policy { kinds: kinds(said), need })).collect();
    let capacities: Vec<Json> = file.parties.approvers.iter().filter_map(|a| a.capacity.as_ref()).map(|c| json!(c.value)).collect();
    let mut policy = json!({
        "frozen_tolerance_ppm": file.tolerance.ppm(false), "log": log, "simulated": file.simulated, "type": "custody.policy", "v": 1
    });
    if let Some(object) = policy.as_object_mut().filter(|_| !capacities.is_empty()) {
        object.insert("approvers_as".to_owned(), Json::Array(capacities));
        object.insert("one_person".to_owned(), json!(file.company.one_person));
    }
    let policy = to_bytes(&policy, Strictness::Document).map_err(|_| Fault::new("document_form"))?;
    Ok(CaseOpened {
        approvals,
        paper_approvers,
        policy_doc: documents.put(&policy)?,
        safety_days: file.safety_days.value,
        scenario: file.scenario(),
        sources_live: file.sources.iter().enumerate().filter(|(_, s)| s.live).filter_map(|(i, _)| place_of(i)).collect(),
        tolerance_ppm: file.tolerance.ppm(true),
        zone: file.zone.value.clone(),
        ..before.clone()
    })
}

fn kinds(said: &[String]) -> Vec<ApprovalKind> {
    let of = |word: &String| match word.as_str() {
        "key" => Some(ApprovalKind::Key),
        "paper" => Some(ApprovalKind::Paper),
        _ => None,
    };
    said.iter().filter_map(of).collect()
}
