//! Approval on paper: a sheet with the statement's check number goes out, a scan with signature and stamp comes back (EVIDENCE §9, kind `paper`).

use std::path::PathBuf;

use case::{ApprovalKind, By, Decision, Event, KeyUse, PlanApproved, Reason, Statement};
use ledger::{Signer, approval_message, b64, check_number, sha256};
use terms::json::json;
use terms::{Digest, Fault};
use vault::random;

use crate::approve::briefing;
use crate::attachments;
use crate::persons::{approves_on_paper, person};
use crate::planning::read_plan;
use crate::workspace::Workspace;

/// A sheet to be signed by hand.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// Ten digits by which it is recorded.
    pub check_number: String,
    /// SHA-256 of what would be signed.
    pub fingerprint: Digest,
    /// Who signs, by name.
    pub name: String,
    /// What would be signed.
    pub statement: Statement,
}

/// A sheet for each approver of the case file who has no key, and for who may not be able to use it; none if no act allows paper.
///
/// # Errors
/// As [`briefing`].
pub fn sheets(workspace: &mut Workspace) -> Result<Vec<Sheet>, Fault> {
    let opened = workspace.state.opened.as_ref().ok_or_else(|| Fault::new("no_workspace"))?;
    if !opened.approvals.values().any(|p| p.kinds.contains(&ApprovalKind::Paper)) {
        return Ok(Vec::new());
    }
    let briefing = briefing(workspace)?;
    let names: Vec<String> = workspace.file.parties.approvers.iter().map(|a| a.name.value.clone()).collect();
    let mut out = Vec::new();
    for name in names {
        let person = person(workspace, &name)?;
        if !approves_on_paper(workspace, &person) {
            continue;
        }
        // The reason is written by hand on the sheet; the statement commits to none.
        let reason = Reason::new("", &random()?).commitment().ok_or_else(|| Fault::new("document_form"))?;
        let statement = briefing.statement(person.as_str(), KeyUse::Approver.word(), Decision::Approve, reason, &random()?);
        let bytes = statement.bytes().map_err(|_| Fault::new("document_form"))?;
        let message = approval_message(&bytes);
        let check_number = check_number(&message);
        workspace.vault()?.put(&blob(&check_number), &bytes)?;
        out.push(Sheet { check_number, fingerprint: Digest(sha256(&[&message])), name, statement });
    }
    Ok(out)
}

fn blob(check_number: &str) -> String {
    format!("sheet-{check_number}")
}

/// Takes a signed sheet back: the operator and a reader, another person with a key, say that they compared it with its scan.
///
/// # Errors
/// If no sheet has that number, it is of an earlier plan or was used, or the rule that it breaks.
pub fn record_paper(workspace: &mut Workspace, number: &str, scans: &[PathBuf], reader: &Signer) -> Result<u64, Fault> {
    let (plan_n, _) = read_plan(workspace)?;
    let unknown = || Fault::new("no_such_sheet").with("number", number);
    let bytes = workspace.vault()?.get(&blob(number.trim()))?.ok_or_else(unknown)?.to_vec();
    let statement = Statement::read(&bytes).map_err(|_| unknown())?;
    if scans.is_empty() {
        return Err(Fault::new("evidence_demanded").with("kind", "approval").with("least", 1));
    }
    let sealed = attachments::seal(workspace, scans)?;
    let event = Event::PlanApproved(PlanApproved {
        alg: "paper".to_owned(),
        evidence: Some(sealed.names),
        kid: None,
        kind: ApprovalKind::Paper,
        person: terms::Id::new(statement.key),
        plan_n,
        sig: String::new(),
        statement: b64::url(&bytes),
    });
    let body = json!({"check_number": number.trim(), "evidence": sealed.body});
    let numbers = workspace.record_bodied(By::Operator, event, body, Some(reader))?;
    Ok(numbers.first().copied().unwrap_or_default())
}
