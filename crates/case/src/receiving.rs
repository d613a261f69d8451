//! The statement by which a recipient signs for a package, and the file that carries it (EVIDENCE §9, `custody.receiving`).

use ledger::{PublicKey, Signer, b64, check_number, pae};
use serde::{Deserialize, Serialize};
use terms::json::{Strictness, read, to_bytes};
use terms::{Digest, Id};

/// The DSSE payload type of a receipt.
const TYPE: &str = "application/vnd.custody.receiving.v1+json";

/// M: what a recipient signs over the canonical bytes of a statement.
pub fn receiving_message(statement: &[u8]) -> Vec<u8> {
    pae(TYPE, statement)
}

/// A difference that the recipient found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// The data set, by its place.
    pub dataset: String,
    /// `missing`, `extra`, `changed`, `duplicated`, `truncated`, `encoding`, `other`.
    pub kind: String,
    /// Rows.
    pub rows: u64,
}

/// Kinds of differences.
pub const DIFFERENCES: [&str; 7] = ["missing", "extra", "changed", "duplicated", "truncated", "encoding", "other"];

/// What a recipient states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receiving {
    /// The case.
    pub case: String,
    /// What it found otherwise than the manifest says.
    pub differences: Vec<Difference>,
    /// The key that signs.
    pub key: String,
    /// base64url of 32 random bytes.
    pub nonce: String,
    /// The ledger's name.
    pub origin: String,
    /// The package.
    pub package: Id,
    /// Root over the package's files.
    pub root: Digest,
    /// Rows counted.
    pub rows: u64,
    /// Whether a person looked at a sample.
    pub looked: bool,
    /// `custody.receiving`
    #[serde(rename = "type")]
    pub kind: String,
    /// 1
    pub v: u64,
}

const KIND: &str = "custody.receiving";

impl Receiving {
    /// A statement without differences; add them before signing.
    pub fn new(case: &str, origin: &str, package: Id, root: Digest, rows: u64, key: &str, nonce: &[u8; 32]) -> Receiving {
        Receiving {
            case: case.to_owned(),
            differences: Vec::new(),
            key: key.to_owned(),
            nonce: b64::url(nonce),
            origin: origin.to_owned(),
            package,
            root,
            rows,
            looked: false,
            kind: KIND.to_owned(),
            v: 1,
        }
    }

    /// The statement of canonical bytes.
    ///
    /// # Errors
    /// If they are not canonical or not such a statement.
    pub fn read(bytes: &[u8]) -> Result<Receiving, String> {
        let s: Receiving = read(bytes, Strictness::Document).map_err(|e| e.0)?;
        let known = s.differences.iter().all(|d| DIFFERENCES.contains(&d.kind.as_str()));
        let nonce = b64::array_from_url::<32>(&s.nonce).is_some();
        if s.kind == KIND && s.v == 1 && known && nonce { Ok(s) } else { Err("not a statement of receipt".to_owned()) }
    }

    /// How many differences.
    pub fn count(&self) -> u64 {
        self.differences.len() as u64
    }
}

/// `*.receipt.json`: about two kilobytes, by any channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // as the file of an approval
pub struct ReceiptFile {
    pub alg: String,
    pub kid: String,
    pub made_with: String,
    pub sig: String,
    pub statement: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub v: u64,
}

const SIGNED: &str = "custody.receiving.signed";

impl ReceiptFile {
    /// Signs a statement.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn sign(statement: &Receiving, signer: &Signer, made_with: &str) -> Result<ReceiptFile, String> {
        let bytes = to_bytes(statement, Strictness::Document).map_err(|e| e.0)?;
        Ok(ReceiptFile {
            alg: ledger::ED25519.to_owned(),
            kid: signer.kid(),
            made_with: made_with.to_owned(),
            sig: b64::url(&signer.sign(&receiving_message(&bytes))),
            statement: b64::url(&bytes),
            kind: SIGNED.to_owned(),
            v: 1,
        })
    }

    /// The file of canonical bytes.
    ///
    /// # Errors
    /// If they are not canonical or not such a file.
    pub fn read(bytes: &[u8]) -> Result<ReceiptFile, String> {
        let file: ReceiptFile = read(bytes, Strictness::Document).map_err(|e| e.0)?;
        let ok = file.kind == SIGNED && file.v == 1 && file.alg == ledger::ED25519 && ["cli", "html"].contains(&file.made_with.as_str());
        if ok { Ok(file) } else { Err("not a signed receipt".to_owned()) }
    }

    /// Its canonical bytes.
    ///
    /// # Errors
    /// If a member cannot be written.
    pub fn bytes(&self) -> Result<Vec<u8>, String> {
        to_bytes(self, Strictness::Document).map_err(|e| e.0)
    }

    /// The statement, whoever signed it.
    pub fn statement(&self) -> Option<Receiving> {
        b64::from_url(&self.statement).and_then(|b| Receiving::read(&b).ok())
    }

    /// Whether the signature is by that key.
    pub fn signed_by(&self, key: &PublicKey) -> bool {
        let (Some(bytes), Some(sig)) = (b64::from_url(&self.statement), b64::array_from_url::<64>(&self.sig)) else { return false };
        self.kid == key.kid() && key.verifies(&receiving_message(&bytes), &sig)
    }

    /// The check number, ten digits 4-4-2.
    pub fn check_number(&self) -> Option<String> {
        b64::from_url(&self.statement).map(|b| check_number(&receiving_message(&b)))
    }
}
