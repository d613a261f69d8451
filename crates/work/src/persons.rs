//! Who did something, by name: the name stays in the vault, the ledger says an id.

use std::collections::BTreeMap;

use terms::{Fault, Id};

use crate::keygen::{load_public, random_id};
use crate::workspace::Workspace;

/// The id of a person of that name: the holder of a key of the case file, one that was named before, or a new one.
///
/// # Errors
/// If the name is empty, or the vault cannot be read or written.
pub(crate) fn person(workspace: &mut Workspace, name: &str) -> Result<Id, Fault> {
    let name = name.trim();
    if name.is_empty() {
        return Err(Fault::new("no_name"));
    }
    let p = &workspace.file.parties;
    let mut parties = std::iter::once(&p.operator).chain(p.approvers.iter()).chain(&p.counsel).chain(&p.keeper).chain(&p.recipients);
    let file = parties.find(|x| x.name.value == name).and_then(|x| x.key.as_ref()).map(|k| workspace.paths.base.join(&k.value));
    // The register says whose key it is; a key that is named but not registered says nothing.
    let registered = file.and_then(|path| load_public(&path).ok()).and_then(|p| workspace.state.keys.get(&p.key.kid));
    if let Some(key) = registered {
        return Ok(key.record.person.clone());
    }
    let mut known = names(workspace)?;
    if let Some(id) = known.get(name) {
        return Ok(id.clone());
    }
    let id = random_id("p")?;
    known.insert(name.to_owned(), id.clone());
    let bytes = serde_json::to_vec(&known).map_err(|_| Fault::new("document_form"))?;
    workspace.vault()?.put("persons", &bytes)?;
    Ok(id)
}

/// The ids of approvers of the case file who have no key: what they approve on paper counts once an approver let them into the case.
///
/// # Errors
/// As [`person`].
pub(crate) fn paper_approvers(workspace: &mut Workspace) -> Result<Vec<Id>, Fault> {
    let keyless = workspace.file.parties.approvers.iter().filter(|a| a.key.is_none());
    let names: Vec<String> = keyless.map(|a| a.name.value.clone()).collect();
    let mut out = names.iter().map(|name| person(workspace, name)).collect::<Result<Vec<Id>, Fault>>()?;
    out.sort();
    out.dedup();
    Ok(out)
}

/// Whether a person of that id may approve on paper: named in the case, or holder of a key that approves.
pub(crate) fn approves_on_paper(workspace: &Workspace, id: &Id) -> bool {
    let may = |k: &case::KeyState| {
        k.record.person == *id && k.revoked_from.is_none() && matches!(k.record.purpose, case::KeyUse::Approver | case::KeyUse::Operator)
    };
    let named = workspace.state.opened.as_ref().is_some_and(|o| o.paper_approvers.contains(id));
    named || workspace.state.keys.values().any(may)
}

fn names(workspace: &mut Workspace) -> Result<BTreeMap<String, Id>, Fault> {
    match workspace.vault()?.get("persons")? {
        None => Ok(BTreeMap::new()),
        Some(bytes) => serde_json::from_slice(&bytes).map_err(|_| Fault::new("vault_damaged")),
    }
}
