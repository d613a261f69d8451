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
    if let Some(record) = file.and_then(|path| load_public(&path).ok()) {
        return Ok(record.key.person);
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

fn names(workspace: &mut Workspace) -> Result<BTreeMap<String, Id>, Fault> {
    match workspace.vault()?.get("persons")? {
        None => Ok(BTreeMap::new()),
        Some(bytes) => serde_json::from_slice(&bytes).map_err(|_| Fault::new("vault_damaged")),
    }
}
