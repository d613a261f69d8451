//! Making keys, and the public files that the case names.

use std::path::Path;

use case::{KeyRecord, KeyUse, Seen};
use ledger::{PublicKey, Signer};
use serde::{Deserialize, Serialize};
use terms::json::{Strictness, read, to_bytes};
use terms::{Fault, Id};
use vault::{KeyFile, Passphrase, random, random_key};

/// `*.pub`: a public key and what it is for.
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

impl PublicFile {
    /// Reads a public file.
    ///
    /// # Errors
    /// If it is missing, or key and id do not belong together.
    pub fn load(path: &Path) -> Result<PublicFile, Fault> {
        let bytes = std::fs::read(path).map_err(|_| Fault::new("public_key_missing"))?;
        let file: PublicFile = read(&bytes, Strictness::Document).map_err(|_| Fault::new("public_key_damaged"))?;
        let fits = PublicKey::from_text(&file.key.public).is_some_and(|k| k.kid() == file.key.kid);
        if fits && file.kind == KIND && file.v == 1 { Ok(file) } else { Err(Fault::new("public_key_damaged")) }
    }
}

/// A random id with that beginning.
pub(crate) fn random_id(head: &str) -> Result<Id, Fault> {
    let bytes: [u8; 10] = random()?;
    let tail: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    Id::new(format!("{head}-{tail}")).ok_or_else(|| Fault::new("document_form"))
}

/// Makes a key: the private key file under the passphrase, the public file beside it.
///
/// # Errors
/// If a file is there already or cannot be written.
pub fn keygen(private: &Path, public: &Path, purpose: KeyUse, passphrase: &Passphrase) -> Result<KeyRecord, Fault> {
    if private.exists() || public.exists() {
        return Err(Fault::new("key_file_exists"));
    }
    if passphrase.is_weak() {
        return Err(Fault::new("weak_passphrase"));
    }
    let seed = random_key()?;
    let signer = Signer::from_seed(&seed);
    let record = KeyRecord {
        alg: "ed25519".to_owned(),
        kid: signer.kid(),
        person: random_id("p")?,
        public: signer.public().text(),
        seen: Seen::InPerson,
        purpose,
    };
    let file = PublicFile { key: record.clone(), kind: KIND.to_owned(), v: 1 };
    let bytes = to_bytes(&file, Strictness::Document).map_err(|_| Fault::new("document_form"))?;
    KeyFile::seal("ed25519", &signer.kid(), &seed, passphrase)?.save(private)?;
    std::fs::write(public, bytes).map_err(|_| Fault::new("key_file_unwritable"))?;
    Ok(record)
}
