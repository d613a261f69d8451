//! The dossier: which members it has, in which order, and the manifest that names them (EVIDENCE §11).

use serde::{Deserialize, Serialize};
use terms::Digest;
use terms::json::{Strictness, to_bytes};

/// `manifest.json`: all members below it but `ledger/` and `history/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The case.
    pub case: String,
    /// Members, by their order in the archive.
    pub members: Vec<ManifestMember>,
    /// `custody.manifest`
    #[serde(rename = "type")]
    pub kind: String,
    /// 1
    pub v: u64,
}

/// A member as the manifest names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestMember {
    /// Length.
    pub bytes: u64,
    /// Name in the archive.
    pub path: String,
    /// SHA-256.
    pub sha256: Digest,
}

/// A line of `ledger/bodies.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyLine {
    /// The body's canonical JSON as text.
    pub body: String,
    /// Number of its entry.
    pub n: u64,
    /// base64url of its salt.
    pub salt: String,
}

impl Manifest {
    /// The manifest of a case.
    pub fn new(case: &str, members: Vec<ManifestMember>) -> Manifest {
        Manifest { case: case.to_owned(), members, kind: "custody.manifest".to_owned(), v: 1 }
    }

    /// Its canonical bytes.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn bytes(&self) -> Result<Vec<u8>, String> {
        to_bytes(self, Strictness::Document).map_err(|e| e.0)
    }
}

/// Rank of a member in the archive: the manifest, the ledger, history, then what the manifest names.
pub fn rank(path: &str) -> (u8, &str) {
    const LEDGER: [&str; 7] = [
        "ledger/checkpoint.txt",
        "ledger/leaves.bin",
        "ledger/index.bin",
        "ledger/entries.jsonl",
        "ledger/bodies.jsonl",
        "ledger/cited.jsonl",
        "README.txt",
    ];
    const TAIL: [&str; 4] = ["keys.txt", "policy.txt", "summary.html", "verify.html"];
    if path == "manifest.json" {
        return (0, "");
    }
    if let Some(i) = LEDGER.iter().position(|p| *p == path) {
        let rank = if path == "README.txt" { 9 } else { 1 + u8::try_from(i).unwrap_or(6) };
        return (rank, "");
    }
    if let Some(i) = TAIL.iter().position(|p| *p == path) {
        return (20 + u8::try_from(i).unwrap_or(3), "");
    }
    match path.split('/').next() {
        Some("history") => (8, path),
        Some("certificates") => (10, path),
        Some("documents") => (11, path),
        _ => (255, path),
    }
}

/// Whether a path is one that a dossier may hold.
pub fn known(path: &str) -> bool {
    rank(path).0 != 255
}

/// Whether the manifest names a path.
pub fn in_manifest(path: &str) -> bool {
    path != "manifest.json" && !path.starts_with("ledger/") && !path.starts_with("history/")
}
