//! Agreements on file: read, checked against the inventory, sealed with the signed paper, and found again for plans.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use agreement::{Agreement, AgreementFault, Field, FieldFile, Role};
use case::{AgreementRole, AgreementSigned, By, Event, KeyUse};
use plan::Noticed;
use terms::json::json;
use terms::{Day, Digest, Fault, Holding, Id, Inventory, Place};

use crate::attachments;
use crate::keygen::load_public;
use crate::planning::recorded_holdings;
use crate::tasks::recorded;
use crate::workspace::Workspace;

/// The kind of act that says that persons were told of a hand-over.
const TOLD: &str = "notice_sent";

/// The purpose of a processor who searches for remains: of what was destroyed, so that no data set has it.
pub(crate) const SEARCH: &str = "remains";

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
    // Purposes stand in documents that strangers read: only words that the case file has for its data sets go there, and one that is known.
    let searches = |p: &String| said.role == Role::Processor && p == SEARCH;
    let known = |p: &String| searches(p) || holdings.holdings.iter().any(|h| h.purpose.as_ref() == Some(p));
    if let Some(at) = said.purposes.iter().position(|p| !known(p)) {
        let known: BTreeSet<&str> = holdings.holdings.iter().filter_map(|h| h.purpose.as_deref()).collect();
        return Err(Fault::new("no_such_purpose")
            .with("number", at + 1)
            .with("purposes", known.into_iter().collect::<Vec<_>>().join("; ")));
    }
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
    let registered = workspace.state.keys.get(&public.key.kid).filter(|k| k.revoked_from.is_none());
    let person = registered.map(|k| k.record.person.clone()).ok_or_else(|| Fault::new("party_not_registered").with("party", name))?;
    let wanted = role != Role::Recipient || public.key.purpose == KeyUse::Recipient;
    let age = public.age.map(|a| a.recipient);
    match (wanted, age) {
        (true, Some(recipient)) => Ok((public.key.kid, person, recipient)),
        (true, None) if role == Role::Keeper => Ok((public.key.kid, person, String::new())),
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
        columns: holding.groups.iter().filter(|g| said.groups.contains(&g.name)).flat_map(|g| g.columns.iter().copied()).collect(),
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
    // First the newest of each id, then whether it is of use: what replaced or ended an agreement ends it for good.
    let newest: BTreeMap<&Id, (u64, &case::AgreementState)> =
        workspace.state.agreements.iter().map(|(n, a)| (&a.agreement, (*n, a))).collect();
    let of_use = newest.into_values().filter(|(_, a)| a.role == AgreementRole::Recipient && a.to >= today);
    let mut out = of_use.map(|(n, a)| Ok((n, a.doc, workspace.get_json(&a.doc)?))).collect::<Result<Vec<_>, Fault>>()?;
    out.sort_by_key(|(n, ..)| *n);
    Ok(out)
}

/// Of which hand-overs persons were told, and when first.
///
/// A notice names data sets or sources. One that names an agreement is about that one; one that names none counts only where all agreements over
/// the data set are with one party, so that nobody can have been told of another.
///
/// # Errors
/// If the ledger cannot be read.
pub(crate) fn noticed(workspace: &Workspace, filed: &[(u64, Digest, Agreement)]) -> Result<Vec<Noticed>, Fault> {
    if filed.is_empty() || !workspace.state.acts.contains_key(TOLD) {
        return Ok(Vec::new());
    }
    let mut out: BTreeMap<(Id, Place), Day> = BTreeMap::new();
    for (_, act) in recorded(workspace)?.into_iter().filter(|(_, a)| a.kind == TOLD) {
        let named = |a: &Agreement| act.about.iter().any(|x| x == a.agreement.as_str());
        let any = workspace.state.agreements.values().any(|a| act.about.iter().any(|x| x == a.agreement.as_str()));
        for (_, _, agreement) in filed {
            for place in agreement.fields.iter().map(|f| &f.dataset) {
                let here = act.about.iter().any(|x| x == place.as_str() || x == place.source());
                let over = |a: &&Agreement| a.fields.iter().any(|f| f.dataset == *place);
                let one = filed.iter().map(|(_, _, a)| a).filter(over).all(|a| a.party == agreement.party);
                if here && (named(agreement) || (!any && one)) {
                    let day = out.entry((agreement.agreement.clone(), place.clone())).or_insert(act.day);
                    *day = act.day.min(*day);
                }
            }
        }
    }
    Ok(out.into_iter().map(|((agreement, dataset), on)| Noticed { agreement, dataset, on }).collect())
}
