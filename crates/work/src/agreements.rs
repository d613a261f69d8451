//! Agreements on file: read, checked against the inventory, sealed with the signed paper, and found again for plans.

use std::path::{Path, PathBuf};

use agreement::{Agreement, AgreementFault, Field, FieldFile, Role};
use case::{AgreementRole, AgreementSigned, By, Event, KeyUse};
use terms::json::json;
use terms::{Day, Digest, Fault, Holding, Id, Inventory};

use crate::attachments;
use crate::keygen::load_public;
use crate::planning::recorded_holdings;
use crate::tasks::recorded;
use crate::workspace::Workspace;

/// The kind of act that says that persons were told of a hand-over.
const TOLD: &str = "notice_sent";

/// Files a signed agreement with its terms.
///
/// # Errors
/// Every fault of the file; or that its party, a holding or a column is not known, or the signed paper is missing.
pub fn record_agreement(workspace: &mut Workspace, file: &Path, evidence: &[PathBuf]) -> Result<u64, Result<Vec<AgreementFault>, Fault>> {
    let text = std::fs::read_to_string(file).map_err(|_| Err(Fault::new("agreement_missing").with("file", file.display())))?;
    let said = agreement::read(&text, &workspace.packs.table).map_err(Ok)?;
    if evidence.is_empty() {
        return Err(Err(Fault::new("evidence_demanded").with("kind", "agreement").with("least", 1)));
    }
    filed(workspace, file, said, evidence).map_err(Err)
}

fn filed(workspace: &mut Workspace, file: &Path, said: agreement::AgreementFile, evidence: &[PathBuf]) -> Result<u64, Fault> {
    let (kid, party, recipient) = party(workspace, &said.party, said.role)?;
    let id = Id::new(format!("g-{}", said.id)).ok_or_else(|| Fault::new("document_form"))?;
    let holdings = recorded_holdings(workspace)?;
    let inventory = inventory(workspace)?;
    let fields = said.fields.iter().map(|f| field(f, &holdings.holdings, &inventory)).collect::<Result<Vec<Field>, Fault>>()?;
    let doc = Agreement {
        agreement: id.clone(),
        dispute_days: said.dispute_days,
        end: said.end(),
        fields,
        from: said.from,
        kid,
        onward: said.onward,
        party: party.clone(),
        persons: said.persons.clone(),
        purposes: said.purposes.clone(),
        recipient,
        role: said.role,
        to: said.to,
        kind: "custody.agreement".to_owned(),
        v: 1,
    };
    let files: Vec<PathBuf> = std::iter::once(file.to_owned()).chain(evidence.iter().cloned()).collect();
    let sealed = attachments::seal(workspace, &files)?;
    let role = match said.role {
        Role::Recipient => AgreementRole::Recipient,
        Role::Processor => AgreementRole::Processor,
        Role::Keeper => AgreementRole::Keeper,
    };
    let event = AgreementSigned {
        agreement: id,
        evidence: sealed.names,
        fields_doc: workspace.put_json(&doc)?,
        from: said.from,
        party,
        role,
        to: said.to,
    };
    let body = json!({"evidence": sealed.body, "party": said.party});
    let numbers = workspace.record_with_body(By::Operator, Event::AgreementSigned(event), body)?;
    Ok(numbers.first().copied().unwrap_or_default())
}

/// Key, person and age recipient of a party of the case file.
fn party(workspace: &Workspace, name: &str, role: Role) -> Result<(String, Id, String), Fault> {
    let unknown = || Fault::new("party_unknown").with("party", name);
    let p = &workspace.file.parties;
    let found = p.recipients.iter().chain(&p.keeper).find(|x| x.name.value == name).ok_or_else(unknown)?;
    let path = found.key.as_ref().ok_or_else(unknown)?;
    let public = load_public(&workspace.paths.base.join(&path.value))?;
    let registered = workspace.state.keys.get(&public.key.kid).is_some_and(|k| k.revoked_from.is_none());
    if !registered {
        return Err(Fault::new("key_not_registered"));
    }
    let wanted = role != Role::Recipient || public.key.purpose == KeyUse::Recipient;
    let age = public.age.map(|a| a.recipient);
    match (wanted, age) {
        (true, Some(recipient)) => Ok((public.key.kid, public.key.person, recipient)),
        (true, None) if role == Role::Keeper => Ok((public.key.kid, public.key.person, String::new())),
        _ => Err(Fault::new("key_not_recipient").with("party", name)),
    }
}

fn inventory(workspace: &Workspace) -> Result<Inventory, Fault> {
    let (_, doc, _) = workspace.state.scans.last().ok_or_else(|| Fault::new("no_subjects"))?;
    workspace.get_json(doc)
}

fn field(said: &FieldFile, holdings: &[Holding], inventory: &Inventory) -> Result<Field, Fault> {
    let holding = holdings.iter().find(|h| h.name == said.holding);
    let holding = holding.ok_or_else(|| Fault::new("no_such_holding").with("holding", &said.holding))?;
    if let Some(lacking) = said.groups.iter().find(|g| !holding.groups.iter().any(|own| own.name == **g)) {
        return Err(Fault::new("group_not_there").with("holding", &said.holding).with("group", lacking));
    }
    let seen = inventory.datasets.iter().find(|d| d.dataset == holding.dataset);
    let column = |name: &String| {
        let own = seen.and_then(|d| d.columns.iter().find(|c| c.name.as_ref() == Some(name)));
        own.filter(|c| c.group.is_none()).map(|c| c.ordinal).ok_or_else(|| Fault::new("column_not_free").with("holding", &said.holding))
    };
    Ok(Field {
        also: said.also.iter().map(column).collect::<Result<_, _>>()?,
        dataset: holding.dataset.clone(),
        groups: said.groups.clone(),
        holding: said.holding.clone(),
    })
}

/// Agreements that make somebody a recipient and are not over, the newest of each id; with their entries and documents.
///
/// # Errors
/// If a document is missing.
pub(crate) fn agreements(workspace: &Workspace) -> Result<Vec<(u64, Digest, Agreement)>, Fault> {
    let today = workspace.today()?;
    let mut out: Vec<(u64, Digest, Agreement)> = Vec::new();
    for (n, a) in workspace.state.agreements.iter().filter(|(_, a)| a.role == AgreementRole::Recipient && a.to >= today) {
        out.retain(|(_, _, old)| old.agreement != a.agreement);
        out.push((*n, a.doc, workspace.get_json(&a.doc)?));
    }
    Ok(out)
}

/// The first day on which persons were told of a hand-over.
///
/// # Errors
/// If the ledger cannot be read.
pub(crate) fn noticed_on(workspace: &Workspace) -> Result<Option<Day>, Fault> {
    if !workspace.state.acts.contains_key(TOLD) {
        return Ok(None);
    }
    Ok(recorded(workspace)?.into_iter().filter(|(_, a)| a.kind == TOLD).map(|(_, a)| a.day).min())
}
