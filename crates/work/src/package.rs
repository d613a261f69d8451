//! The dossier: everything a stranger needs to check the case offline, in one canonical zip.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use case::dossier::{Manifest, ManifestMember, in_manifest, rank};
use case::{By, Command, Event};
use ledger::{Entry, Vkey, leaf_of, sha256, zip};
use terms::json::Json;
use terms::{Digest, Fault};

use crate::summary::summary;
use crate::workspace::Workspace;

/// A dossier that was made.
#[derive(Clone, Debug)]
pub struct DossierMade {
    /// Its entry.
    pub n: u64,
    /// Bytes.
    pub bytes: u64,
    /// Members.
    pub members: u64,
}

const README: &str = "善后 (Custody) 案卷 / dossier\n\n\
本文件夹记录一家公司客户信息的处置过程。用 custody-verify 或 `custody verify` 离线核验；summary.html 供人阅读。\n\
This archive records what became of a company's customer information. Check it offline with custody-verify or `custody verify`; summary.html is for reading.\n\
The archive is canonical: unpacking and packing it again with another tool makes another file, which will not verify.\n";

/// Makes the dossier at a path.
///
/// # Errors
/// If a document that an entry names is missing, or the file cannot be written.
pub fn dossier(workspace: &mut Workspace, path: &Path) -> Result<DossierMade, Fault> {
    if path.exists() {
        return Err(Fault::new("dossier_exists"));
    }
    let opened = workspace.state.opened.clone().ok_or_else(|| Fault::new("no_workspace"))?;
    let policy: Json = workspace.get_json(&opened.policy_doc)?;
    let vkey = policy
        .get("log")
        .and_then(Json::as_str)
        .and_then(Vkey::parse)
        .ok_or_else(|| Fault::new("document_damaged").with("document", opened.policy_doc))?;
    let mut members: Vec<(String, Vec<u8>)> = Vec::new();
    members.push(("README.txt".to_owned(), README.as_bytes().to_vec()));
    members.push(("keys.txt".to_owned(), format!("{}\n", vkey.text()).into_bytes()));
    members.push(("summary.html".to_owned(), summary(workspace)?.into_bytes()));
    for digest in named_documents(workspace)? {
        let bytes = workspace.documents.get(&digest)?.ok_or_else(|| Fault::new("document_missing").with("document", digest))?;
        members.push((format!("documents/{digest}"), bytes));
    }
    members.sort_by(|a, b| rank(&a.0).cmp(&rank(&b.0)));
    let named: Vec<ManifestMember> = members
        .iter()
        .filter(|(p, _)| in_manifest(p))
        .map(|(path, bytes)| ManifestMember { bytes: bytes.len() as u64, path: path.clone(), sha256: Digest(sha256(&[bytes])) })
        .collect();
    let manifest = Manifest::new(&workspace.state.case, named).bytes().map_err(|_| Fault::new("document_form"))?;
    let event = case::DossierMade { audience: "public".to_owned(), bodies: 0, manifest_doc: Digest(sha256(&[&manifest])) };
    let n = workspace.record(Command::Record(By::Operator, Event::DossierMade(event)))?.first().copied().unwrap_or_default();
    members.push(("manifest.json".to_owned(), manifest));
    members.extend(ledger_members(workspace)?);
    members.sort_by(|a, b| rank(&a.0).cmp(&rank(&b.0)));
    let bytes = write(path, &members)?;
    Ok(DossierMade { n, bytes, members: members.len() as u64 })
}

fn ledger_members(workspace: &Workspace) -> Result<Vec<(String, Vec<u8>)>, Fault> {
    let lines = workspace.lines()?;
    let leaves: Vec<u8> = lines.iter().flat_map(|l| leaf_of(l).0).collect();
    let index: Vec<u8> = (0..lines.len() as u64).flat_map(u64::to_be_bytes).collect();
    let entries: Vec<u8> = lines.iter().flat_map(|l| l.iter().copied().chain([b'\n'])).collect();
    Ok(vec![
        ("ledger/checkpoint.txt".to_owned(), workspace.head_note()?.into_bytes()),
        ("ledger/leaves.bin".to_owned(), leaves),
        ("ledger/index.bin".to_owned(), index),
        ("ledger/entries.jsonl".to_owned(), entries),
        ("ledger/bodies.jsonl".to_owned(), Vec::new()),
        ("ledger/cited.jsonl".to_owned(), Vec::new()),
    ])
}

fn write(path: &Path, members: &[(String, Vec<u8>)]) -> Result<u64, Fault> {
    let failed = || Fault::new("dossier_unwritable");
    let part = path.with_extension("part");
    let file = File::create(&part).map_err(|_| failed())?;
    let mut out = zip::Writer::new(BufWriter::new(file));
    for (name, content) in members {
        out.add(name, content).map_err(|_| failed())?;
    }
    let file = out.finish().map_err(|_| failed())?.into_inner().map_err(|_| failed())?;
    file.sync_all().map_err(|_| failed())?;
    let len = file.metadata().map_err(|_| failed())?.len();
    std::fs::rename(&part, path).map_err(|_| failed())?;
    Ok(len)
}

/// Every document that an entry names, and those that such documents name.
fn named_documents(workspace: &Workspace) -> Result<BTreeSet<Digest>, Fault> {
    let mut out = BTreeSet::new();
    let mut open: Vec<Digest> = Vec::new();
    for line in workspace.lines()? {
        let entry = Entry::parse(&line).map_err(|_| Fault::new("ledger_damaged").with("entry", 0))?;
        for (name, value) in &entry.facts {
            if name != "manifest_doc" && (name.ends_with("_doc") || name.ends_with("_docs")) {
                digests(value, &mut open);
            }
        }
    }
    while let Some(digest) = open.pop() {
        if !out.insert(digest) {
            continue;
        }
        let Some(bytes) = workspace.documents.get(&digest)? else { continue };
        if let Ok(value) = terms::json::from_bytes(&bytes, terms::json::Strictness::Document) {
            let have = |d: &Digest| workspace.documents.get(d).is_ok_and(|b| b.is_some());
            let mut inner = Vec::new();
            digests(&value, &mut inner);
            let mut needed = Vec::new();
            documents_in(&value, &mut needed);
            open.extend(inner.into_iter().filter(have).chain(needed));
        }
    }
    Ok(out)
}

/// Digests under names that mean documents: what they name must be there.
fn documents_in(value: &Json, out: &mut Vec<Digest>) {
    const DOCUMENTS: [&str; 6] = ["agreements", "holdings", "inventory", "packs", "schema", "sha256"];
    match value {
        Json::Array(a) => a.iter().for_each(|v| documents_in(v, out)),
        Json::Object(o) => o.iter().for_each(|(name, v)| match v {
            Json::String(_) | Json::Array(_) if DOCUMENTS.contains(&name.as_str()) => strings(v, out),
            _ => documents_in(v, out),
        }),
        _ => {}
    }
}

/// Digests that stand directly in a value.
fn strings(value: &Json, out: &mut Vec<Digest>) {
    match value {
        Json::String(s) => out.extend(s.parse::<Digest>()),
        Json::Array(a) if a.iter().all(Json::is_string) => a.iter().for_each(|v| strings(v, out)),
        other => documents_in(other, out),
    }
}

/// Every digest in a value.
fn digests(value: &Json, out: &mut Vec<Digest>) {
    match value {
        Json::String(s) => out.extend(s.parse::<Digest>()),
        Json::Array(a) => a.iter().for_each(|v| digests(v, out)),
        Json::Object(o) => o.values().for_each(|v| digests(v, out)),
        _ => {}
    }
}
