//! `*.pub`: a public key and what it is for, as its owner hands it out.

use ledger::PublicKey;
use serde::{Deserialize, Serialize};
use terms::Id;
use terms::json::{Strictness, read, to_bytes};

use crate::event::{KeyRecord, KeyUse, Seen};

/// A public file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicFile {
    /// The key record.
    pub key: KeyRecord,
    /// `custody.public`
    #[serde(rename = "type")]
    pub kind: String,
    /// 1
    pub v: u64,
}

const KIND: &str = "custody.public";

impl KeyRecord {
    /// The record of an Ed25519 key.
    pub fn of(key: &PublicKey, person: Id, purpose: KeyUse, seen: Seen) -> KeyRecord {
        KeyRecord { alg: ledger::ED25519.to_owned(), kid: key.kid(), person, public: key.text(), seen, purpose }
    }
}

impl PublicFile {
    /// The public file of a key record.
    pub fn of(key: KeyRecord) -> PublicFile {
        PublicFile { key, kind: KIND.to_owned(), v: 1 }
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
        let fits = PublicKey::from_text(&file.key.public).is_some_and(|k| k.kid() == file.key.kid);
        if fits && file.kind == KIND && file.v == 1 { Ok(file) } else { Err("not a public file".to_owned()) }
    }
}
