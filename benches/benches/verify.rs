//! Verification of a dossier of 100,000 entries.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::time::Instant;

use benches::{Chain, ORIGIN, figure};
use case::dossier::{Manifest, ManifestMember, in_manifest, rank};
use case::{DossierMade, Event};
use custody_verify::{Trust, verify};
use ledger::{Vkey, leaf_of, sha256, zip};
use serde_json::json;
use terms::Digest;
use terms::json::{Strictness, to_bytes};

const ENTRIES: usize = 100_000;

fn main() {
    println!("verify: a dossier of {ENTRIES} entries, everything replayed");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.zip");
    let bytes = write(&path);
    let began = Instant::now();
    let report = verify(&path, &Trust::default()).unwrap();
    let took = began.elapsed().as_secs_f64();
    assert!(!report.is_broken(), "{:?}", report.claims);
    figure("verification of 100,000 entries", took, "s", "");
    figure("entries a second", ENTRIES as f64 / took, "1/s", "");
    figure("dossier", bytes as f64 / 1e6, "MB", "");
}

/// Writes the dossier; gives its bytes.
fn write(path: &std::path::Path) -> usize {
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
    lines.extend((2..ENTRIES).map(|_| chain.act()));
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
