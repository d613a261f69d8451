//! Making keys, and the public files that the case names.

use std::path::Path;

use case::{AgeKey, KeyRecord, KeyUse, PublicFile, Seen};
use exchange::Identity;
use keys::{KeyFile, Passphrase};
use ledger::Signer;
use terms::{Fault, Id};
use vault::{random, random_key, save_key_file};

/// Reads the public file at a path.
///
/// # Errors
/// If it is missing, or key and id do not belong together.
pub fn load_public(path: &Path) -> Result<PublicFile, Fault> {
    let bytes = std::fs::read(path).map_err(|_| Fault::new("public_key_missing"))?;
    PublicFile::read(&bytes).map_err(|_| Fault::new("public_key_damaged"))
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
    let record = KeyRecord::of(&signer.public(), random_id("p")?, purpose, Seen::InPerson);
    let mut file = PublicFile::of(record.clone());
    if purpose == KeyUse::Recipient {
        file.age = Some(AgeKey::sign(&Identity::of_seed(&seed).recipient().text(), &signer));
    }
    let bytes = file.bytes().map_err(|_| Fault::new("document_form"))?;
    save_key_file(&KeyFile::seal("ed25519", &signer.kid(), &seed, passphrase, &random()?)?, private)?;
    std::fs::write(public, bytes).map_err(|_| Fault::new("key_file_unwritable"))?;
    Ok(record)
}
