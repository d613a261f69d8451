//! A dossier of many entries, each signed and admitted.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use case::dossier::{Manifest, ManifestMember, in_manifest, rank};
use case::{DossierMade, Event};
use ledger::{Vkey, leaf_of, sha256, zip};
use serde_json::json;
use terms::Digest;
use terms::json::{Strictness, to_bytes};

use crate::{Chain, ORIGIN};

/// Writes a dossier of so many entries; gives its bytes.
pub fn long_dossier(path: &std::path::Path, entries: usize) -> usize {
    let log = ledger::Signer::from_seed(&[2; 32]).public();
    let vkey = Vkey { name: ORIGIN.into(), key: log }.text();
    let policy = to_bytes(&json!({"log": vkey, "simulated": true, "type": "custody.policy", "v": 1}), Strictness::Document).unwrap();
    let digest = Digest(sha256(&[&policy]));
    let mut members = vec![
        ("README.txt".to_owned(), b"bench\n".to_vec()),
        ("keys.txt".to_owned(), format!("{vkey}\n").into_bytes()),
        ("summary.html".to_owned(), b"bench\n".to_vec()),
        (format!("documents/{digest}"), policy),
    ];
    members.sort_by(|a, b| rank(&a.0).cmp(&rank(&b.0)));
    let named = members
        .iter()
        .filter(|(p, _)| in_manifest(p))
        .map(|(p, b)| ManifestMember { bytes: b.len() as u64, path: p.clone(), sha256: Digest(sha256(&[b])) })
        .collect();
    let manifest = Manifest::new("c-bench", named).bytes().unwrap();
    let (mut chain, first) = Chain::open(digest);
    let mut lines = vec![first];
    lines.extend((2..entries).map(|_| chain.act()));
    lines.push(chain.add(Event::DossierMade(DossierMade {
        audience: "public".into(),
        bodies: 0,
        manifest_doc: Digest(sha256(&[&manifest])),
    })));
    let leaves: Vec<[u8; 32]> = lines.iter().map(|l| leaf_of(l).0).collect();
    let note = chain.head(lines.len() as u64, ledger::root(leaves.iter().copied()));
    members.push(("manifest.json".into(), manifest));
    members.push(("ledger/checkpoint.txt".into(), note.into_bytes()));
    members.push(("ledger/leaves.bin".into(), leaves.concat()));
    members.push(("ledger/index.bin".into(), (0..lines.len() as u64).flat_map(u64::to_be_bytes).collect()));
    members.push(("ledger/entries.jsonl".into(), lines.iter().flat_map(|l| l.iter().copied().chain([b'\n'])).collect()));
    members.push(("ledger/bodies.jsonl".into(), Vec::new()));
    members.push(("ledger/cited.jsonl".into(), Vec::new()));
    members.sort_by(|a, b| rank(&a.0).cmp(&rank(&b.0)));
    let mut out = zip::Writer::new(Vec::new());
    members.iter().for_each(|(n, b)| out.add(n, b).unwrap());
    let bytes = out.finish().unwrap();
    std::fs::write(path, &bytes).unwrap();
    bytes.len()
}
