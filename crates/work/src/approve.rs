//! Approvals: what the approver sees first, the statement, and taking a signed approval into the ledger.

use case::{
    ApprovalFile, ApprovalKind, Approver, BRIEFING_TYPE, Briefing, By, Decision, Event, ExceptionRecorded, Head, KeyUse, PlanApproved,
    Reason,
};
use ledger::Signer;
use plan::Grade;
use terms::json::json;
use terms::{Digest, Fault};
use vault::random;

use crate::planning::read_plan;
use crate::workspace::Workspace;

/// Days for which an approval holds.
const VALID_DAYS: i64 = 90;

/// What an approver is given to read and to sign.
///
/// # Errors
/// If there is no plan, or its linter found an error.
pub fn briefing(workspace: &Workspace) -> Result<Briefing, Fault> {
    let (_, doc) = read_plan(workspace)?;
    if let Some(note) = doc.notes.iter().find(|n| n.grade == Grade::Error) {
        return Err(Fault::new("plan_has_errors").with("note", &note.code).with("about", &note.about));
    }
    let plan = workspace.state.plan.as_ref().ok_or_else(|| Fault::new("no_plan"))?;
    let opened = workspace.state.opened.as_ref().ok_or_else(|| Fault::new("no_workspace"))?;
    let consequence = plan.made.consequence_doc;
    let missing = || Fault::new("document_missing").with("document", consequence);
    let bytes = workspace.documents.get(&consequence)?.ok_or_else(missing)?;
    let (size, root) = workspace.head();
    Ok(Briefing {
        approvers: approvers(workspace),
        as_of: workspace.today()?,
        case: workspace.state.case.clone(),
        company: workspace.file.company.name.value.clone(),
        consequence: String::from_utf8(bytes).map_err(|_| Fault::new("document_damaged").with("document", consequence))?,
        head: Head { root: Digest(root), size },
        not_after: workspace.today()?.plus_days(VALID_DAYS),
        origin: opened.origin.clone(),
        plan: plan.made.plan_doc,
        kind: BRIEFING_TYPE.to_owned(),
        v: 1,
    })
}

/// Keys in force that may approve, with the names of the case file.
fn approvers(workspace: &Workspace) -> Vec<Approver> {
    let may = |k: &&case::KeyState| k.revoked_from.is_none() && matches!(k.record.purpose, KeyUse::Approver | KeyUse::Operator);
    let of = |k: &case::KeyState| Approver {
        kid: k.record.kid.clone(),
        name: workspace.name_of(&k.record.kid).unwrap_or_else(|| k.record.person.to_string()),
        role: k.record.purpose.word().to_owned(),
    };
    workspace.state.keys.values().filter(may).map(of).collect()
}

/// Signs a decision on the plan in force with a key.
///
/// # Errors
/// As [`briefing`]; or if the key is not registered.
pub fn sign(workspace: &Workspace, signer: &Signer, decision: Decision, why: &str) -> Result<ApprovalFile, Fault> {
    let briefing = briefing(workspace)?;
    let kid = signer.kid();
    let role = briefing.approvers.iter().find(|a| a.kid == kid).map(|a| a.role.clone()).ok_or_else(|| Fault::new("key_not_registered"))?;
    let reason = Reason::new(why, &random()?);
    let committed = reason.commitment().ok_or_else(|| Fault::new("document_form"))?;
    let statement = briefing.statement(&kid, &role, decision, committed, &random()?);
    ApprovalFile::sign(&statement, reason, signer, "cli").map_err(|_| Fault::new("document_form"))
}

/// Signs a decision with a key and records it.
///
/// # Errors
/// As [`sign`] and [`record_approval`].
pub fn approve(workspace: &mut Workspace, signer: &Signer, decision: Decision, why: &str) -> Result<(u64, ApprovalFile), Fault> {
    let file = sign(workspace, signer, decision, why)?;
    let n = record_approval(workspace, &file)?;
    Ok((n, file))
}

/// Takes a signed approval into the ledger, its reason into the vault; a refusal is recorded as such.
///
/// # Errors
/// The rule that it breaks.
pub fn record_approval(workspace: &mut Workspace, file: &ApprovalFile) -> Result<u64, Fault> {
    let (plan_n, _) = read_plan(workspace)?;
    let statement = file.statement();
    // Whoever signed elsewhere saw a head of this very log, or of another.
    let seen = statement.as_ref().map(|s| &s.head);
    let own = match seen {
        Some(h) => workspace.root_at(h.size)? == Some(h.root.0),
        None => false,
    };
    if !own {
        return Err(Fault::new("rule_broken").with("rule", "P2").with("why", "the head that the approver saw is not this log's"));
    }
    let known = workspace.state.keys.get(&file.kid).filter(|k| k.revoked_from.is_none());
    let known = known.ok_or_else(|| Fault::new("key_not_registered"))?;
    let event = match statement.filter(|s| s.decision == Decision::Refuse) {
        Some(refused) => {
            let plan = workspace.state.plan.as_ref().map(|p| p.made.plan_doc);
            if file.statement_by(&known.public).is_none() || Some(refused.plan) != plan {
                return Err(Fault::new("rule_broken")
                    .with("rule", "P2")
                    .with("why", "the refusal is over another plan, or not signed by that key"));
            }
            let used = format!("refused-{}", refused.nonce);
            let person = known.record.person.clone();
            let own = workspace.state.approvals.iter().rfind(|a| a.person == person && !a.ended).map(|a| a.n);
            let about_n = own.or(Some(plan_n));
            // An old refusal ends no newer approval: each is taken once.
            if workspace.vault()?.get(&used)?.is_some() {
                return Err(Fault::new("rule_broken").with("rule", "P2").with("why", "the refusal was recorded before"));
            }
            workspace.vault()?.put(&used, b"1")?;
            Event::ExceptionRecorded(ExceptionRecorded { about_n, kind: "approval_refused".to_owned(), receipt_doc: None, rows: None })
        }
        None => Event::PlanApproved(PlanApproved {
            alg: file.alg.clone(),
            evidence: None,
            kid: Some(file.kid.clone()),
            kind: ApprovalKind::Key,
            person: None,
            plan_n,
            sig: file.sig.clone(),
            statement: file.statement.clone(),
        }),
    };
    let body = json!({"kid": file.kid, "made_with": file.made_with, "reason": file.reason, "sig": file.sig, "statement": file.statement});
    let numbers = workspace.record_with_body(By::Operator, event, body)?;
    Ok(numbers.first().copied().unwrap_or_default())
}
