//! Packs as documents: every file, and for each pack the list of its files.

use law::Packs;
use ledger::sha256;
use store::Documents;
use terms::json::{Strictness, json, to_bytes};
use terms::{Digest, Fault};

/// Writes every file and every pack's list of files as documents; gives the packs' digests.
///
/// # Errors
/// If a document cannot be written.
pub(crate) fn put(packs: &Packs, documents: &Documents) -> Result<Vec<Digest>, Fault> {
    let mut out = Vec::new();
    for files in packs.folders().values() {
        let mut list = Vec::new();
        for (path, text) in files {
            documents.put(text.as_bytes())?;
            list.push(json!({"path": path, "sha256": Digest(sha256(&[text.as_bytes()]))}));
        }
        let bytes = to_bytes(&json!({"files": list, "type": "custody.pack", "v": 1}), Strictness::Document);
        out.push(documents.put(&bytes.map_err(|_| Fault::new("document_form"))?)?);
    }
    out.sort();
    Ok(out)
}
