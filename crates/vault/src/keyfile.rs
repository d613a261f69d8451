//! Key files: a 32-byte secret under a passphrase (Argon2id, AES-256-GCM-SIV), readable by any page or tool that knows this form.

use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use ledger::{Signer, b64};
use serde::{Deserialize, Serialize};
use terms::Fault;
use terms::json::{Strictness, read, to_bytes};
use zeroize::Zeroizing;

use crate::random::random;
use crate::sealed::{open, seal, write_whole};

/// Memory (KiB) and passes of Argon2id: about a quarter of a second on a small laptop.
const MEMORY_KIB: u32 = 65_536;
const PASSES: u32 = 3;

/// A passphrase, wiped when it goes.
pub struct Passphrase(Zeroizing<Vec<u8>>);

impl Passphrase {
    /// Takes the bytes over; a line end at their end does not belong to them.
    pub fn new(mut bytes: Vec<u8>) -> Passphrase {
        while matches!(bytes.last(), Some(b'\n' | b'\r')) {
            bytes.pop();
        }
        Passphrase(Zeroizing::new(bytes))
    }

    /// Whether it is the same.
    pub fn same(&self, other: &Passphrase) -> bool {
        self.0 == other.0
    }

    /// Whether it is too short to protect anything.
    pub fn is_weak(&self) -> bool {
        self.0.len() < 8
    }

    fn stretch(&self, salt: &[u8; 16], memory: u32, passes: u32) -> Result<Zeroizing<[u8; 32]>, Fault> {
        let mut out = Zeroizing::new([0u8; 32]);
        let params = Params::new(memory, passes, 1, Some(32)).map_err(|_| Fault::new("key_file_damaged"))?;
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(&self.0, salt, &mut *out)
            .map_err(|_| Fault::new("key_file_damaged"))?;
        Ok(out)
    }
}

/// What a key file holds, the secret sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // the members of the file
pub struct KeyFile {
    /// `ed25519` or `vault`.
    pub alg: String,
    pub kdf: String,
    pub kid: String,
    pub memory_kib: u32,
    pub passes: u32,
    pub salt: String,
    pub sealed: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub v: u64,
}

const KIND: &str = "custody.key";
/// Most that a key file may ask of the machine.
const MEMORY_MAX: u32 = 1 << 20;

impl KeyFile {
    /// Seals a secret under a passphrase.
    ///
    /// # Errors
    /// If the system gives no randomness.
    pub fn seal(alg: &str, kid: &str, secret: &[u8; 32], passphrase: &Passphrase) -> Result<KeyFile, Fault> {
        let salt: [u8; 16] = random()?;
        let key = passphrase.stretch(&salt, MEMORY_KIB, PASSES)?;
        let sealed = seal(&key, &[0; 12], kid.as_bytes(), secret)?;
        Ok(KeyFile {
            alg: alg.to_owned(),
            kdf: "argon2id".to_owned(),
            kid: kid.to_owned(),
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            salt: b64::url(&salt),
            sealed: b64::url(&sealed),
            kind: KIND.to_owned(),
            v: 1,
        })
    }

    /// Opens the secret.
    ///
    /// # Errors
    /// If the passphrase is wrong or the file was changed.
    pub fn open(&self, passphrase: &Passphrase) -> Result<Zeroizing<[u8; 32]>, Fault> {
        let damaged = || Fault::new("key_file_damaged");
        let salt = b64::array_from_url::<16>(&self.salt).ok_or_else(damaged)?;
        let sealed = b64::from_url(&self.sealed).ok_or_else(damaged)?;
        if self.memory_kib > MEMORY_MAX || self.passes > 64 || self.kdf != "argon2id" {
            return Err(damaged());
        }
        let key = passphrase.stretch(&salt, self.memory_kib, self.passes)?;
        let plain =
            open(&key, &[0; 12], self.kid.as_bytes(), &sealed).map(Zeroizing::new).ok_or_else(|| Fault::new("wrong_passphrase").retry())?;
        let secret: [u8; 32] = plain.as_slice().try_into().map_err(|_| damaged())?;
        Ok(Zeroizing::new(secret))
    }

    /// The signing key inside.
    ///
    /// # Errors
    /// As [`KeyFile::open`], and if the key inside is another than the file says.
    pub fn signer(&self, passphrase: &Passphrase) -> Result<Signer, Fault> {
        let signer = Signer::from_seed(&*self.open(passphrase)?);
        if self.alg == "ed25519" && signer.kid() == self.kid { Ok(signer) } else { Err(Fault::new("key_file_damaged")) }
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// If it is missing or not a key file.
    pub fn load(path: &Path) -> Result<KeyFile, Fault> {
        let bytes = std::fs::read(path).map_err(|_| Fault::new("key_file_missing"))?;
        let file: KeyFile = read(&bytes, Strictness::Document).map_err(|_| Fault::new("key_file_damaged"))?;
        if file.kind == KIND && file.v == 1 { Ok(file) } else { Err(Fault::new("key_file_damaged")) }
    }

    /// Writes it whole.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), Fault> {
        let bytes = to_bytes(self, Strictness::Document).map_err(|_| Fault::new("key_file_damaged"))?;
        write_whole(path, &bytes)
    }
}
