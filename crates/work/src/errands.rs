//! Errands: what somebody else is asked to do with a source that Custody cannot reach, as a signed folder, and what comes back.

mod erase;
mod export;
mod import;
mod swap;

use std::path::Path;

use case::ActRecorded;
use ledger::{b64, pae, sha256};
use terms::json::{Json, Strictness, json, to_bytes};
use terms::{Digest, Fault, Place, Reach};

use crate::policy::place_of;
use crate::workspace::Workspace;

pub use erase::{ScriptResult, request_erase, script_result};
pub use export::request_export;
use import::IMPORTED;
pub use import::{Imported, import};
pub(crate) use import::{imported_after, unmoved};
pub(crate) use swap::settle_all;

/// The act by which what a script printed is recorded.
const RAN: &str = "script_run";

/// The DSSE payload type of an errand.
const TYPE: &str = "application/vnd.custody.errand.v1+json";

/// Where a script or a SELECT is run: names in it are whole, and none names a schema.
const SCHEMA: &str = "先切换到这些表所在的库和模式（schema）。Set the database and schema of these tables first.";

/// An errand that was written.
#[derive(Clone, Debug)]
pub struct Errand {
    /// Its id, which stands in its output.
    pub id: String,
    /// Digest of `errand.json`.
    pub digest: Digest,
    /// Files in the folder.
    pub files: Vec<String>,
    /// Rows that are asked for.
    pub rows: u64,
}

/// Ordinal and place of a source of the case file, by its id there.
fn source(workspace: &Workspace, id: &str) -> Result<(usize, Place), Fault> {
    let at = workspace.file.sources.iter().position(|s| s.id.value == id);
    at.and_then(|i| Some((i, place_of(i)?))).ok_or_else(|| Fault::new("no_such_source").with("source", id))
}

/// A source that somebody else has at hand.
fn out_of_reach(workspace: &Workspace, id: &str) -> Result<(usize, Place), Fault> {
    let (i, place) = source(workspace, id)?;
    let direct = workspace.file.sources.get(i).is_some_and(|s| s.reach() == Reach::Direct);
    if direct { Err(Fault::new("source_in_reach").with("source", id)) } else { Ok((i, place)) }
}

/// Writes the folder: files, what they are, and the operator's signature over it.
fn write(
    workspace: &mut Workspace,
    folder: &Path,
    id: &str,
    what: Json,
    files: Vec<(String, Vec<u8>)>,
) -> Result<(Digest, Vec<String>), Fault> {
    if folder.exists() {
        return Err(Fault::new("file_exists").with("file", folder.display()));
    }
    let unwritable = |_| Fault::new("file_unwritable").with("file", folder.display());
    let list: Vec<Json> =
        files.iter().map(|(name, bytes)| json!({"bytes": bytes.len(), "name": name, "sha256": Digest(sha256(&[bytes]))})).collect();
    let opened = workspace.state.opened.as_ref().ok_or_else(|| Fault::new("no_workspace"))?;
    let doc = json!({
        "after": workspace.state.next, "case": workspace.state.case, "errand": id, "files": list, "made_on": workspace.today()?, "origin": opened.origin,
        "type": "custody.errand", "v": 1, "what": what,
    });
    let bytes = to_bytes(&doc, Strictness::Document).map_err(|_| Fault::new("document_form"))?;
    let sig =
        json!({"alg": "ed25519", "kid": workspace.operator_kid()?, "sig": b64::url(&workspace.sign_as_operator(&pae(TYPE, &bytes))?)});
    let sig = to_bytes(&sig, Strictness::Document).map_err(|_| Fault::new("document_form"))?;
    workspace.vault()?.put(&blob(id), &bytes)?;
    std::fs::create_dir_all(folder).map_err(unwritable)?;
    let mut names: Vec<String> = Vec::new();
    for (name, bytes) in files.iter().chain([&("errand.json".to_owned(), bytes.clone()), &("errand.sig.json".to_owned(), sig)]) {
        std::fs::write(folder.join(name), bytes).map_err(unwritable)?;
        names.push(name.clone());
    }
    Ok((Digest(sha256(&[&bytes])), names))
}

fn blob(id: &str) -> String {
    format!("errand-{id}")
}

/// What an errand said, as it was signed.
fn signed(workspace: &mut Workspace, id: &str) -> Result<(Vec<u8>, Json), Fault> {
    let unknown = || Fault::new("no_such_errand").with("errand", id);
    let bytes = workspace.vault()?.get(&blob(id))?.ok_or_else(unknown)?.to_vec();
    let doc = terms::json::from_bytes(&bytes, Strictness::Document).map_err(|_| unknown())?;
    Ok((bytes, doc))
}

/// The source, by its id, on which somebody else is to erase what is ordered, and of which nothing came back since.
///
/// # Errors
/// If the ledger fails.
pub fn waited_for(workspace: &Workspace) -> Result<Option<String>, Fault> {
    let acts = crate::tasks::recorded(workspace)?;
    for (n, order) in workspace.state.open_orders() {
        let Some(effect) = order.kind.effect() else { continue };
        let source = effect.dataset.source();
        let at = (0..workspace.file.sources.len()).find(|i| place_of(*i).is_some_and(|own| own.as_str() == source));
        let Some(file) = at.and_then(|i| workspace.file.sources.get(i)) else { continue };
        let is_answer = |a: &ActRecorded| [IMPORTED, RAN].contains(&a.kind.as_str()) && a.about.iter().any(|x| x == source);
        if matches!(file.reach(), Reach::Script | Reach::Pack) && !acts.iter().any(|(at, a)| *at > n && is_answer(a)) {
            return Ok(Some(file.id.value.clone()));
        }
    }
    Ok(None)
}

/// Whether an export came since the newest matching, before anything was ordered: its rows are in no seal.
pub fn unsealed_export(workspace: &Workspace) -> bool {
    let state = &workspace.state;
    let since = |n: &u64| Some(*n) > state.subjects_n;
    state.acts.get(IMPORTED).is_some_and(|acts| acts.iter().any(since)) && !state.orders.keys().any(since)
}
