//! What people say that no scan can see: acts, opinions, revoked keys, and a case file that was changed.

use std::collections::BTreeSet;
use std::path::PathBuf;

use case::{ActRecorded, By, CaseAmended, Command, Event, KeyRecord, KeyRegistered, KeyRevoked, OpinionFiled, PublicFile, Seen};
use law::About;
use ledger::Signer;
use terms::json::json;
use terms::{Day, Fault, Inventory, Place, Reach, Unread};

use crate::attachments;
use crate::persons::{paper_approvers, person};
use crate::policy::{place_of, terms_of};
use crate::workspace::Workspace;

/// What somebody says was done.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// Kind of act, one of the packs'.
    pub kind: String,
    /// Who did it, by name; none for the operator.
    pub by: Option<String>,
    /// The day; none for today.
    pub on: Option<Day>,
    /// Sources, data sets, items and tasks that it is about.
    pub about: Vec<String>,
    /// Files that show it.
    pub evidence: Vec<PathBuf>,
    /// In words, kept sealed.
    pub note: Option<String>,
}

/// Records that something was done: the word of who did it, with the files that show it sealed beside.
///
/// # Errors
/// If there is no such kind, it lacks what its kind demands, or its day lies ahead.
pub fn record_act(workspace: &mut Workspace, said: Said) -> Result<u64, Fault> {
    if OWN.contains(&said.kind.as_str()) {
        return Err(Fault::new("act_of_program").with("kind", &said.kind));
    }
    let Some(kind) = workspace.packs.acts.get(&said.kind).cloned() else {
        let near = nearest(workspace, &said.kind);
        return Err(Fault::new("no_such_act").with("kind", &said.kind).with("kinds", near));
    };
    let said = placed(workspace, said);
    let today = workspace.today()?;
    let day = said.on.unwrap_or(today);
    if day > today {
        return Err(Fault::new("day_ahead").with("day", day));
    }
    let least = usize::try_from(kind.demands.evidence).unwrap_or(usize::MAX);
    if said.evidence.len() < least {
        return Err(Fault::new("evidence_demanded").with("kind", &said.kind).with("least", least));
    }
    about_fits(workspace, &said, kind.demands.about)?;
    // That a task is none of this source is somebody's reason, and stands there as one.
    if said.kind == "task_not_applicable" && said.note.as_ref().is_none_or(|n| n.trim().is_empty()) {
        return Err(Fault::new("note_demanded").with("kind", &said.kind));
    }
    let by = match &said.by {
        Some(name) => person(workspace, name)?,
        None => workspace.operator_person()?,
    };
    let sealed = attachments::seal(workspace, &said.evidence)?;
    let body = json!({
        "by": said.by.clone().unwrap_or_else(|| workspace.file.parties.operator.name.value.clone()),
        "evidence": sealed.body,
        "note": said.note.clone().unwrap_or_default(),
    });
    let event = ActRecorded { about: said.about, by, day, evidence: sealed.names, kind: said.kind };
    first(workspace.record_with_body(By::Operator, Event::ActRecorded(event), body)?)
}

/// Acts that the program records itself, once it has seen them: nobody's word stands for them.
const OWN: [&str; 6] = ["pack_imported", "pack_refused", "recovery_drill", "remains_filter_made", "root_key_split", "script_run"];

/// A source may be named as in the case file; the ledger knows it by its place.
fn placed(workspace: &Workspace, mut said: Said) -> Said {
    for about in &mut said.about {
        let at = workspace.file.sources.iter().position(|s| s.id.value == *about);
        if let Some(place) = at.and_then(place_of) {
            *about = place.to_string();
        }
    }
    said
}

/// What an act names exists, and it names what its kind demands.
fn about_fits(workspace: &Workspace, said: &Said, demanded: About) -> Result<(), Fault> {
    let sources = workspace.file.sources.len();
    let source = |a: &String| (0..sources).filter_map(place_of).any(|p| p.as_str() == a);
    // Paper and devices have no rows, and so no items: there the source itself is named.
    let of_hands = |(i, s): (usize, &case::file::SourceFile)| place_of(i).filter(|_| s.reach() == Reach::ByHand);
    let by_hand: Vec<Place> = workspace.file.sources.iter().enumerate().filter_map(of_hands).collect();
    let beyond = |a: &String| by_hand.iter().any(|p| p.as_str() == a);
    let place = |a: &String| workspace.state.seals.values().any(|s| s.dataset.as_str() == a);
    let plan = crate::planning::read_plan(workspace).ok();
    let item = |a: &String| {
        workspace.state.orders.values().any(|o| o.kind.item().as_str() == a)
            || plan.as_ref().is_some_and(|(_, d)| {
                d.plan.items.iter().map(|i| &i.item).chain(d.plan.hand_overs.iter().map(|h| &h.item)).any(|i| i.as_str() == a)
            })
    };
    let package = |a: &String| workspace.state.packages.keys().any(|p| p.as_str() == a);
    let task = |a: &String| a.strip_prefix("t-").is_some_and(|k| workspace.packs.acts.get(k).is_some_and(|x| x.standing.is_some()));
    let agreement = |a: &String| workspace.state.agreements.values().any(|x| x.agreement.as_str() == a);
    if let Some(unknown) = said.about.iter().find(|a| !(source(a) || place(a) || item(a) || task(a) || package(a) || agreement(a))) {
        return Err(Fault::new("about_unknown").with("about", unknown));
    }
    let named = match demanded {
        About::Source => said.about.iter().any(source),
        About::Dataset => said.about.iter().any(|a| place(a) || source(a)),
        About::Item => said.about.iter().any(|a| item(a) || beyond(a)),
        About::None => true,
    };
    if said.kind == "task_not_applicable" && !(said.about.iter().any(source) && said.about.iter().any(task)) {
        return Err(Fault::new("about_task"));
    }
    let open = |a: &String| workspace.state.packages.iter().any(|(id, p)| !p.settled && id.as_str() == a);
    if said.kind == "dispute_settled" && !said.about.iter().any(open) {
        return Err(Fault::new("nothing_to_settle"));
    }
    if named { Ok(()) } else { Err(Fault::new("about_demanded").with("kind", &said.kind)) }
}

/// Kinds of acts whose names share a word with what was written, else all.
fn nearest(workspace: &Workspace, word: &str) -> String {
    let parts: Vec<&str> = word.split('_').filter(|p| p.len() > 2).collect();
    let near = |id: &&str| parts.iter().any(|p| id.contains(p));
    let all: Vec<&str> = workspace.packs.acts.all().map(|(id, _)| id).collect();
    let some: Vec<&str> = all.iter().copied().filter(near).collect();
    if some.is_empty() { all } else { some }.join(", ")
}

/// Registers a key after the case was opened, countersigned by somebody who is registered already.
///
/// # Errors
/// If the file is no public file, the key is registered, or the countersigner may not.
pub fn register_key(
    workspace: &mut Workspace,
    public: PublicFile,
    name: &str,
    present: bool,
    countersigner: &Signer,
) -> Result<u64, Fault> {
    // One human is one person, with a key, with two, or on paper: the countersigner vouches for the name.
    let person = person(workspace, name)?;
    let seen = if present { Seen::InPerson } else { Seen::Countersigned };
    let event = Event::KeyRegistered(KeyRegistered { key: KeyRecord { person, seen, ..public.key } });
    first(workspace.record_with(Command::Record(By::Operator, event), countersigner)?)
}

/// What the last scan could not read, in order.
fn unread(workspace: &Workspace) -> Result<Vec<Unread>, Fault> {
    let (_, doc, _) = workspace.state.scans.last().ok_or_else(|| Fault::new("nothing_scanned"))?;
    let inventory: Inventory = workspace.get_json(doc)?;
    Ok(inventory.unread)
}

/// Places that the last scan could not read and that no opinion in force names as they are.
///
/// # Errors
/// If there was no scan, or its inventory cannot be read.
pub(crate) fn unaccepted(workspace: &Workspace) -> Result<BTreeSet<Place>, Fault> {
    let today = workspace.today()?;
    let mut open = unread(workspace)?;
    if let Some(opinion) = workspace.state.unread_accepted.as_ref().filter(|o| today <= o.until) {
        let seen: Inventory = workspace.get_json(&opinion.inventory_doc)?;
        open.retain(|u| !(opinion.places.contains(u.place.as_str()) && seen.unread.contains(u)));
    }
    Ok(open.into_iter().map(|u| u.place).collect())
}

/// Counsel accepts until a day that these places could not be read (C1): those of the last scan, and no others that may come.
///
/// # Errors
/// If counsel's key was not opened, the day has passed, or every place was read.
pub fn accept_unread(workspace: &mut Workspace, until: Day) -> Result<u64, Fault> {
    if until < workspace.today()? {
        return Err(Fault::new("day_passed").with("day", until));
    }
    let places = unread(workspace)?;
    if places.is_empty() {
        return Err(Fault::new("nothing_unread"));
    }
    let event = OpinionFiled {
        datasets: places.iter().map(|u| u.place.to_string()).collect(),
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
pub(crate) fn moved(workspace: &mut Workspace) -> Result<Option<CaseAmended>, Fault> {
    let opened = workspace.state.opened.clone().ok_or_else(|| Fault::new("no_workspace"))?;
    let policy: terms::json::Json = workspace.get_json(&opened.policy_doc)?;
    let log = policy.get("log").and_then(terms::json::Json::as_str).ok_or_else(|| Fault::new("document_form"))?;
    let paper = paper_approvers(workspace)?;
    let now = terms_of(&workspace.file, &workspace.documents, &opened, log, paper)?;
    let amended = CaseAmended {
        approvals: (now.approvals != opened.approvals).then_some(now.approvals),
        law_date: None,
        paper_approvers: (now.paper_approvers != opened.paper_approvers).then_some(now.paper_approvers),
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
        paper_approvers: None,
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
pub(crate) fn unmoved(workspace: &mut Workspace) -> Result<(), Fault> {
    for (i, file) in workspace.file.sources.iter().enumerate() {
        let known = place_of(i).and_then(|place| workspace.state.sources.get(&place));
        if known.is_some_and(|s| s.reach != file.reach()) {
            return Err(Fault::new("reach_moved").with("source", &file.id.value));
        }
    }
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
