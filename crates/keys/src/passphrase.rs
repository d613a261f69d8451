//! A passphrase, and the key that Argon2id makes of it.

use argon2::{Algorithm, Argon2, Params, Version};
use terms::Fault;
use zeroize::Zeroizing;

/// Memory (KiB) of Argon2id.
pub(crate) const MEMORY_KIB: u32 = 65_536;
/// Passes of Argon2id: with that memory about a quarter of a second on a small laptop.
pub(crate) const PASSES: u32 = 3;

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

    pub(crate) fn stretch(&self, salt: &[u8; 16], memory: u32, passes: u32) -> Result<Zeroizing<[u8; 32]>, Fault> {
        let mut out = Zeroizing::new([0u8; 32]);
        let params = Params::new(memory, passes, 1, Some(32)).map_err(|_| Fault::new("key_file_damaged"))?;
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(&self.0, salt, &mut *out)
            .map_err(|_| Fault::new("key_file_damaged"))?;
        Ok(out)
    }
}
