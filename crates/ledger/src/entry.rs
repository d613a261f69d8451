//! A ledger line: members, canonical bytes, signatures, leaf (EVIDENCE §3).

use serde::{Deserialize, Serialize};
use terms::Digest;
use terms::json::{self, Json, Map, NotCanonical, Strictness};

use crate::bytes::{pae, sha256};
use crate::key::{ED25519, Kid, PublicKey, Signer};
use crate::{b64, leaf_hash};

/// The DSSE payload type of an entry.
pub const ENTRY_TYPE: &str = "application/vnd.custody.entry.v1+json";

/// Most bytes of a line.
pub const LINE_MAX: usize = 64 * 1024;

/// Most signatures of a line.
const SIGS_MAX: usize = 8;

/// One entry of a chain, exactly the members of its line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Key id of the signer named first for the type.
    pub actor: Kid,
    /// Milliseconds since 1970 UTC: a claim.
    pub at: u64,
    /// Commitment of the body, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bc: Option<Digest>,
    /// The chain.
    pub case: String,
    /// Everything that `admit` or `evolve` reads.
    pub facts: Map<String, Json>,
    /// Number in the chain, from 0.
    pub n: u64,
    /// Leaf of entry n − 1; zeros for n = 0.
    pub prev: Digest,
    /// The actor's `use`.
    pub role: String,
    /// Rules that it rests on, sorted; may be empty.
    pub rules: Vec<String>,
    /// Signatures, sorted by key id.
    pub sigs: Vec<Sig>,
    /// The entry's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Version of the line format: 1.
    pub v: u64,
}

/// A signature of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sig {
    /// Algorithm; must equal the register's.
    pub alg: String,
    /// Key id.
    pub kid: Kid,
    /// base64url of the signature.
    pub sig: String,
}

/// Why a line is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineError {
    /// Not canonical, or not the members of a line.
    Form(String),
    /// Longer than [`LINE_MAX`].
    TooLong,
}

impl std::fmt::Display for LineError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LineError::Form(why) => write!(f, "not a canonical line: {why}"),
            LineError::TooLong => write!(f, "a line is at most {LINE_MAX} bytes"),
        }
    }
}

impl std::error::Error for LineError {}

impl From<NotCanonical> for LineError {
    fn from(e: NotCanonical) -> LineError {
        LineError::Form(e.0)
    }
}

/// The leaf of a line's bytes (without newline).
pub fn leaf_of(line: &[u8]) -> Digest {
    Digest(leaf_hash(line))
}

impl Entry {
    /// The entry of a line's bytes.
    ///
    /// # Errors
    /// If the bytes are too long, not canonical, have other members, or their signatures are not sorted and single.
    pub fn parse(line: &[u8]) -> Result<Entry, LineError> {
        if line.len() > LINE_MAX {
            return Err(LineError::TooLong);
        }
        let entry: Entry = json::read(line, Strictness::Line)?;
        if entry.v != 1 {
            return Err(LineError::Form("`v` is not 1".into()));
        }
        let sorted = entry.sigs.iter().zip(entry.sigs.iter().skip(1)).all(|(a, b)| a.kid < b.kid);
        if !sorted || entry.sigs.is_empty() || entry.sigs.len() > SIGS_MAX {
            return Err(LineError::Form("`sigs` are 1 to 8, sorted by `kid`".into()));
        }
        if entry.sigs.iter().any(|s| b64::array_from_url::<64>(&s.sig).is_none()) {
            return Err(LineError::Form("a signature is 64 bytes of base64url without padding".into()));
        }
        if !entry.rules.iter().zip(entry.rules.iter().skip(1)).all(|(a, b)| a < b) {
            return Err(LineError::Form("`rules` are sorted and single".into()));
        }
        Ok(entry)
    }

    /// The line's bytes, without newline.
    ///
    /// # Errors
    /// If a member cannot be written canonically or the line grows too long.
    pub fn line(&self) -> Result<Vec<u8>, LineError> {
        let bytes = json::to_bytes(self, Strictness::Line)?;
        if bytes.len() > LINE_MAX { Err(LineError::TooLong) } else { Ok(bytes) }
    }

    /// What every signature is made over: PAE of the canonical entry without member `sigs`.
    ///
    /// # Errors
    /// If a member cannot be written canonically.
    pub fn message(&self) -> Result<Vec<u8>, LineError> {
        let mut value = serde_json::to_value(self).map_err(|e| LineError::Form(e.to_string()))?;
        if let Some(members) = value.as_object_mut() {
            members.remove("sigs");
        }
        Ok(pae(ENTRY_TYPE, &json::to_bytes(&value, Strictness::Line)?))
    }

    /// Adds a signature, keeping them sorted.
    ///
    /// # Errors
    /// As [`Entry::message`].
    pub fn sign(&mut self, signer: &Signer) -> Result<(), LineError> {
        let sig = signer.sign(&self.message()?);
        self.sigs.push(Sig { alg: ED25519.into(), kid: signer.kid(), sig: b64::url(&sig) });
        self.sigs.sort_by(|a, b| a.kid.cmp(&b.kid));
        Ok(())
    }

    /// Whether the signature of that key id is by that key.
    pub fn signed_by(&self, sig: &Sig, key: &PublicKey, message: &[u8]) -> bool {
        sig.alg == ED25519 && sig.kid == key.kid() && b64::array_from_url::<64>(&sig.sig).is_some_and(|bytes| key.verifies(message, &bytes))
    }

    /// SHA-256 of the facts' canonical bytes: what a reader compares when two entries must carry the same facts.
    pub fn facts_digest(&self) -> Option<Digest> {
        json::to_bytes(&self.facts, Strictness::Line).ok().map(|b| Digest(sha256(&[&b])))
    }
}
