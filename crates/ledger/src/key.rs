//! Ed25519 keys, their ids, strict verification (EVIDENCE §2, §3).

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::b64;
use crate::bytes::tagged_hash;

/// A key id: `k-` and 20 hex digits.
pub type Kid = String;

/// The only algorithm of suite 1.
pub const ED25519: &str = "ed25519";

/// The key id of an Ed25519 public key.
pub fn kid_of(public: &[u8; 32]) -> Kid {
    let hash = tagged_hash("kid", &[ED25519.as_bytes(), &[0], public]);
    let hex: String = hash.iter().take(10).map(|b| format!("{b:02x}")).collect();
    format!("k-{hex}")
}

/// An Ed25519 public key that is a full-order point in canonical form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    bytes: [u8; 32],
    key: VerifyingKey,
}

impl PublicKey {
    /// The key of these bytes, unless they are no point, not canonical, or of small order.
    pub fn from_bytes(bytes: [u8; 32]) -> Option<PublicKey> {
        let key = VerifyingKey::from_bytes(&bytes).ok().filter(|k| !k.is_weak() && k.to_bytes() == bytes)?;
        canonical_y(&bytes).then_some(PublicKey { bytes, key })
    }

    /// The key of that base64url text.
    pub fn from_text(text: &str) -> Option<PublicKey> {
        PublicKey::from_bytes(b64::array_from_url(text)?)
    }

    /// The 32 bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// base64url of the bytes.
    pub fn text(&self) -> String {
        b64::url(&self.bytes)
    }

    /// Its key id.
    pub fn kid(&self) -> Kid {
        kid_of(&self.bytes)
    }

    /// Whether the signature is by this key over that message, strictly: canonical S, no small order, cofactorless.
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

/// Whether the y-coordinate is below 2^255 − 19: the library takes larger ones modulo p.
fn canonical_y(bytes: &[u8; 32]) -> bool {
    let mut y = *bytes;
    if let Some(top) = y.last_mut() {
        *top &= 0x7f;
    }
    let mut p = [0xffu8; 32];
    let [first, .., last] = &mut p;
    *first = 0xed;
    *last = 0x7f;
    y.iter().rev().lt(p.iter().rev())
}

/// A private Ed25519 key; its bytes are wiped when it goes.
pub struct Signer {
    key: SigningKey,
}

impl Signer {
    /// The signer of a 32-byte seed.
    pub fn from_seed(seed: &[u8; 32]) -> Signer {
        Signer { key: SigningKey::from_bytes(seed) }
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        let key = self.key.verifying_key();
        PublicKey { bytes: key.to_bytes(), key }
    }

    /// Its key id.
    pub fn kid(&self) -> Kid {
        self.public().kid()
    }

    /// The signature over a message.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.kid())
    }
}
