//! `*.pub`: a public key and what it is for, as its owner hands it out.

use ledger::{PublicKey, Signer, b64, pae};
use serde::{Deserialize, Serialize};
use terms::Id;
use terms::json::{Strictness, read, to_bytes};

use crate::event::{KeyRecord, KeyUse, Seen};

/// A public file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicFile {
    /// To whom files for its holder are encrypted, signed by the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<AgeKey>,
    /// The key record.
    pub key: KeyRecord,
    /// `custody.public`
    #[serde(rename = "type")]
    pub kind: String,
    /// 1
    pub v: u64,
}

/// An age recipient, and the key's signature over it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgeKey {
    /// `age1…`
    pub recipient: String,
    /// base64url of the signature.
    pub sig: String,
}

const KIND: &str = "custody.public";
/// The DSSE payload type of an age recipient under a signing key.
const AGE_TYPE: &str = "application/vnd.custody.age.v1+text";

impl AgeKey {
    /// A recipient under a signing key.
    pub fn sign(recipient: &str, signer: &Signer) -> AgeKey {
        let sig = b64::url(&signer.sign(&pae(AGE_TYPE, recipient.as_bytes())));
        AgeKey { recipient: recipient.to_owned(), sig }
    }

    fn signed_by(&self, key: &PublicKey) -> bool {
        b64::array_from_url::<64>(&self.sig).is_some_and(|sig| key.verifies(&pae(AGE_TYPE, self.recipient.as_bytes()), &sig))
    }
}

impl KeyRecord {
    /// The record of an Ed25519 key.
    pub fn of(key: &PublicKey, person: Id, purpose: KeyUse, seen: Seen) -> KeyRecord {
        KeyRecord { alg: ledger::ED25519.to_owned(), kid: key.kid(), person, public: key.text(), seen, purpose }
    }
}

impl PublicFile {
    /// The public file of a key record.
    pub fn of(key: KeyRecord) -> PublicFile {
        PublicFile { age: None, key, kind: KIND.to_owned(), v: 1 }
    }

    /// Its canonical bytes.
    ///
    /// # Errors
    /// If a member cannot be written.
    pub fn bytes(&self) -> Result<Vec<u8>, String> {
        to_bytes(self, Strictness::Document).map_err(|e| e.0)
    }

    /// The file of canonical bytes.
    ///
    /// # Errors
    /// If they are no public file, or key and id do not belong together.
    pub fn read(bytes: &[u8]) -> Result<PublicFile, String> {
        let file: PublicFile = read(bytes, Strictness::Document).map_err(|e| e.0)?;
        let whole = |k: &PublicKey| k.kid() == file.key.kid && file.age.as_ref().is_none_or(|a| a.signed_by(k));
        let fits = PublicKey::from_text(&file.key.public).is_some_and(|k| whole(&k));
        if fits && file.kind == KIND && file.v == 1 { Ok(file) } else { Err("not a public file".to_owned()) }
    }
}
