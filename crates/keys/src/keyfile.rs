//! Key files: a 32-byte secret under a passphrase (Argon2id, AES-256-GCM-SIV), readable by any page or tool that knows this form.

use aes_gcm_siv::aead::{Aead, Payload};
use aes_gcm_siv::{Aes256GcmSiv, KeyInit};
use ledger::{Signer, b64};
use serde::{Deserialize, Serialize};
use terms::Fault;
use terms::json::{Strictness, read, to_bytes};
use zeroize::Zeroizing;

use crate::passphrase::{MEMORY_KIB, PASSES, Passphrase};

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
    /// Seals a secret under a passphrase; `salt` is random.
    ///
    /// # Errors
    /// If the passphrase cannot be stretched.
    pub fn seal(alg: &str, kid: &str, secret: &[u8; 32], passphrase: &Passphrase, salt: &[u8; 16]) -> Result<KeyFile, Fault> {
        let key = passphrase.stretch(salt, MEMORY_KIB, PASSES)?;
        let payload = Payload { msg: secret, aad: kid.as_bytes() };
        let sealed = Aes256GcmSiv::new((&*key).into()).encrypt(&[0; 12].into(), payload).map_err(|_| Fault::new("sealing_failed"))?;
        Ok(KeyFile {
            alg: alg.to_owned(),
            kdf: "argon2id".to_owned(),
            kid: kid.to_owned(),
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            salt: b64::url(salt),
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
        let payload = Payload { msg: &sealed, aad: self.kid.as_bytes() };
        let opened = Aes256GcmSiv::new((&*key).into()).decrypt(&[0; 12].into(), payload);
        let plain = opened.map(Zeroizing::new).map_err(|_| Fault::new("wrong_passphrase").retry())?;
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

    /// The key file of canonical bytes.
    ///
    /// # Errors
    /// If they are not a key file.
    pub fn read(bytes: &[u8]) -> Result<KeyFile, Fault> {
        let file: KeyFile = read(bytes, Strictness::Document).map_err(|_| Fault::new("key_file_damaged"))?;
        if file.kind == KIND && file.v == 1 { Ok(file) } else { Err(Fault::new("key_file_damaged")) }
    }

    /// Its canonical bytes.
    ///
    /// # Errors
    /// If a member cannot be written.
    pub fn bytes(&self) -> Result<Vec<u8>, Fault> {
        to_bytes(self, Strictness::Document).map_err(|_| Fault::new("key_file_damaged"))
    }
}
