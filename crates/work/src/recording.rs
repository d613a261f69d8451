//! What people say that no scan can see: acts, opinions, revoked keys, and a case file that was changed.

use case::{ActRecorded, By, CaseAmended, Command, Event, KeyRevoked, OpinionFiled};
use ledger::Signer;
use terms::{Day, Fault};

use crate::policy::terms_of;
use crate::workspace::Workspace;

/// Acts that facts of the case or claims of the dossier rest on, beside those that a gate of the packs asks for.
const ACTS: [&str; 3] = ["incident_opened", "keeper_named", "restored_copy_destroyed"];

/// The kinds of acts that this case can use.
pub fn act_kinds(workspace: &Workspace) -> Vec<String> {
    let gates = workspace.packs.book.rules().filter_map(|r| r.gate.as_ref());
    let asked = gates.filter_map(|g| g.shown_by.strip_prefix("act.recorded(")?.strip_suffix(')').map(str::to_owned));
    let mut all: Vec<String> = asked.chain(ACTS.map(str::to_owned)).collect();
    all.sort();
    all.dedup();
    all
}

/// Records that something was done, on the operator's word.
///
/// # Errors
/// If nothing in the packs asks for such an act, or its day lies ahead.
pub fn record_act(workspace: &mut Workspace, kind: &str, day: Day, about: Vec<String>) -> Result<u64, Fault> {
    let kinds = act_kinds(workspace);
    if !kinds.iter().any(|k| k == kind) {
        return Err(Fault::new("no_such_act").with("kinds", kinds.join(", ")));
    }
    if day > workspace.today()? {
        return Err(Fault::new("day_ahead").with("day", day));
    }
    let known = |a: &String| {
        let item = workspace.state.orders.values().any(|o| o.kind.item().as_str() == a);
        let place = workspace.state.seals.values().any(|s| s.dataset.as_str() == a);
        let planned = crate::planning::read_plan(workspace).is_ok_and(|(_, d)| d.plan.items.iter().any(|i| i.item.as_str() == a));
        item || place || planned
    };
    if !about.iter().all(known) {
        return Err(Fault::new("about_unknown"));
    }
    let by = workspace.operator_person()?;
    let event = Event::ActRecorded(ActRecorded { about, by, day, evidence: Vec::new(), kind: kind.to_owned() });
    first(workspace.record(Command::Record(By::Operator, event))?)
}

/// Counsel accepts until a day that some places could not be read (C1).
///
/// # Errors
/// If counsel's key was not opened, or the day has passed.
pub fn accept_unread(workspace: &mut Workspace, until: Day) -> Result<u64, Fault> {
    if until < workspace.today()? {
        return Err(Fault::new("day_passed").with("day", until));
    }
    let event = OpinionFiled {
        datasets: vec!["*".to_owned()],
        effect: "accept_unread".to_owned(),
        evidence: Vec::new(),
        rule: "C1".to_owned(),
        until,
    };
    first(workspace.record(Command::Record(By::Counsel, Event::OpinionFiled(event)))?)
}

/// Revokes a key from now on; approvals by it end.
///
/// # Errors
/// If it is not in force, or is the key that signs.
pub fn revoke(workspace: &mut Workspace, kid: &str, reason: &str) -> Result<u64, Fault> {
    if workspace.operator_kid()? == kid {
        return Err(Fault::new("own_key"));
    }
    let from_n = workspace.state.next.saturating_sub(1);
    let event = KeyRevoked { from_n, kid: kid.to_owned(), reason: reason.to_owned() };
    first(workspace.record(Command::Record(By::Operator, Event::KeyRevoked(event)))?)
}

fn first(numbers: Vec<u64>) -> Result<u64, Fault> {
    numbers.first().copied().ok_or_else(|| Fault::new("document_form"))
}

/// What of the case file is not what the ledger says; none if nothing.
pub(crate) fn moved(workspace: &Workspace) -> Result<Option<CaseAmended>, Fault> {
    let opened = workspace.state.opened.clone().ok_or_else(|| Fault::new("no_workspace"))?;
    let policy: terms::json::Json = workspace.get_json(&opened.policy_doc)?;
    let log = policy.get("log").and_then(terms::json::Json::as_str).ok_or_else(|| Fault::new("document_form"))?;
    let now = terms_of(&workspace.file, &workspace.documents, &opened, log)?;
    let amended = CaseAmended {
        approvals: (now.approvals != opened.approvals).then_some(now.approvals),
        law_date: None,
        policy_doc: (now.policy_doc != opened.policy_doc).then_some(now.policy_doc),
        reason: "case_file_changed".to_owned(),
        safety_days: (now.safety_days != opened.safety_days).then_some(now.safety_days),
        scenario: (now.scenario != opened.scenario).then_some(now.scenario),
        sources_live: (now.sources_live != opened.sources_live).then_some(now.sources_live),
        tolerance_ppm: (now.tolerance_ppm != opened.tolerance_ppm).then_some(now.tolerance_ppm),
        zone: (now.zone != opened.zone).then_some(now.zone),
    };
    let nothing = CaseAmended {
        approvals: None,
        law_date: None,
        policy_doc: None,
        safety_days: None,
        scenario: None,
        sources_live: None,
        tolerance_ppm: None,
        zone: None,
        reason: amended.reason.clone(),
    };
    Ok((amended != nothing).then_some(amended))
}

/// Refuses to go on with a case file that says other things than the ledger: it is amended first, by two people.
pub(crate) fn unmoved(workspace: &Workspace) -> Result<(), Fault> {
    if moved(workspace)?.is_some() { Err(Fault::new("case_moved")) } else { Ok(()) }
}

/// Records what changed in the case file, signed by the operator and an approver; approvals given before end.
///
/// # Errors
/// If nothing changed, or the key is no approver's.
pub fn amend(workspace: &mut Workspace, approver: &Signer) -> Result<u64, Fault> {
    let amended = moved(workspace)?.ok_or_else(|| Fault::new("nothing_moved"))?;
    first(workspace.record_with(Command::Record(By::Operator, Event::CaseAmended(amended)), approver)?)
}
