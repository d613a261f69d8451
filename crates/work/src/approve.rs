//! Approvals: what the approver sees first, the statement, and taking a signed approval into the ledger.

use case::{ApprovalFile, ApprovalKind, By, Decision, Event, Head, PlanApproved, Statement};
use ledger::{Signer, b64};
use plan::Grade;
use terms::json::json;
use terms::{Digest, Fault};
use vault::random;

use crate::planning::read_plan;
use crate::workspace::Workspace;

/// Days for which an approval holds.
const VALID_DAYS: i64 = 90;

/// The statement that an approver of that key would sign now.
///
/// # Errors
/// If there is no plan, or its linter found an error.
pub fn statement_for(workspace: &Workspace, kid: &str, reason: &str) -> Result<(Statement, [u8; 32]), Fault> {
    let (_, doc) = read_plan(workspace)?;
    if let Some(note) = doc.notes.iter().find(|n| n.grade == Grade::Error) {
        return Err(Fault::new("plan_has_errors").with("note", &note.code).with("about", &note.about));
    }
    let plan = workspace.state.plan.as_ref().ok_or_else(|| Fault::new("no_plan"))?;
    let opened = workspace.state.opened.as_ref().ok_or_else(|| Fault::new("no_workspace"))?;
    let key = workspace.state.keys.get(kid).filter(|k| k.revoked_from.is_none()).ok_or_else(|| Fault::new("key_not_registered"))?;
    let (size, root) = workspace.head();
    let salt: [u8; 32] = random()?;
    let nonce: [u8; 32] = random()?;
    let statement = Statement {
        case: workspace.state.case.clone(),
        consequence: plan.made.consequence_doc,
        decision: Decision::Approve,
        head: Head { root: Digest(root), size },
        key: kid.to_owned(),
        nonce: b64::url(&nonce),
        not_after: workspace.today()?.plus_days(VALID_DAYS),
        origin: opened.origin.clone(),
        plan: plan.made.plan_doc,
        reason: ledger::body_commitment(&salt, reason.as_bytes()).to_string(),
        role: key.record.purpose.word().to_owned(),
        scope: vec!["*".to_owned()],
        kind: "custody.approval".to_owned(),
        v: 1,
    };
    Ok((statement, salt))
}

/// Signs an approval with a key and records it.
///
/// # Errors
/// As [`statement_for`] and [`record_approval`].
pub fn approve(workspace: &mut Workspace, signer: &Signer, reason: &str) -> Result<(u64, ApprovalFile), Fault> {
    let (statement, salt) = statement_for(workspace, &signer.kid(), reason)?;
    let file = ApprovalFile::sign(&statement, signer, "cli").map_err(|_| Fault::new("document_form"))?;
    let n = record_with_reason(workspace, &file, Some((reason, salt)))?;
    Ok((n, file))
}

/// Takes a signed approval into the ledger.
///
/// # Errors
/// The rule that it breaks.
pub fn record_approval(workspace: &mut Workspace, file: &ApprovalFile) -> Result<u64, Fault> {
    record_with_reason(workspace, file, None)
}

fn record_with_reason(workspace: &mut Workspace, file: &ApprovalFile, reason: Option<(&str, [u8; 32])>) -> Result<u64, Fault> {
    let (plan_n, _) = read_plan(workspace)?;
    // Whoever signed elsewhere saw a head of this very log, or of another.
    let seen = b64::from_url(&file.statement).and_then(|b| Statement::read(&b).ok()).map(|s| s.head);
    let own = seen.is_some_and(|h| workspace.root_at(h.size).is_ok_and(|root| root == Some(h.root.0)));
    if !own {
        return Err(Fault::new("rule_broken").with("rule", "P2").with("why", "the head that the approver saw is not this log's"));
    }
    let event = Event::PlanApproved(PlanApproved {
        alg: file.alg.clone(),
        kid: Some(file.kid.clone()),
        kind: ApprovalKind::Key,
        person: None,
        plan_n,
        sig: file.sig.clone(),
        statement: file.statement.clone(),
    });
    let numbers = match reason {
        Some((reason, salt)) => workspace.record_with_body(By::Operator, event, json!({"reason": reason, "salt": b64::url(&salt)}))?,
        None => workspace.record(case::Command::Record(By::Operator, event))?,
    };
    Ok(numbers.first().copied().unwrap_or_default())
}
