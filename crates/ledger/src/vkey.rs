//! Verifier keys of C2SP signed notes: `name+hash+base64(0x01 ‖ key)`.

use crate::b64;
use crate::bytes::sha256;
use crate::key::PublicKey;

/// Signature type byte of Ed25519 in signed notes.
const ED25519_NOTE: u8 = 1;

/// A verifier key: the name that signs and its Ed25519 key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vkey {
    /// The name on the signature line.
    pub name: String,
    /// The key.
    pub key: PublicKey,
}

impl Vkey {
    /// First four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ key).
    pub fn hash(&self) -> [u8; 4] {
        let whole = sha256(&[self.name.as_bytes(), b"\n", &[ED25519_NOTE], self.key.bytes()]);
        let [a, b, c, d, ..] = whole;
        [a, b, c, d]
    }

    /// Its text form.
    pub fn text(&self) -> String {
        let hash: String = self.hash().iter().map(|b| format!("{b:02x}")).collect();
        let mut bytes = vec![ED25519_NOTE];
        bytes.extend_from_slice(self.key.bytes());
        format!("{}+{hash}+{}", self.name, b64::std(&bytes))
    }

    /// The key of a text form, if it is canonical.
    pub fn parse(text: &str) -> Option<Vkey> {
        let (rest, key) = text.rsplit_once('+').and_then(|_| {
            let mut parts = text.splitn(3, '+');
            Some(((parts.next()?, parts.next()?), parts.next()?))
        })?;
        let (name, hash) = rest;
        let bytes = b64::from_std(key)?;
        let (kind, key) = bytes.split_first()?;
        let vkey = Vkey { name: name.to_owned(), key: PublicKey::from_bytes(key.try_into().ok()?)? };
        let expected: String = vkey.hash().iter().map(|b| format!("{b:02x}")).collect();
        (*kind == ED25519_NOTE && hash == expected && !name.is_empty()).then_some(vkey)
    }
}
