//! Domain strings, keyed digests and pre-authentication encoding (EVIDENCE §2).

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use terms::Digest;

/// D(x): ASCII `custody/` x `/v1` and a zero byte.
pub fn domain(name: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(12 + name.len());
    out.extend_from_slice(b"custody/");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"/v1\0");
    out
}

/// K(k, x, m) = HMAC-SHA256(k, D(x) ‖ m); `message` comes in parts.
pub fn keyed(key: &[u8; 32], name: &str, message: &[&[u8]]) -> [u8; 32] {
    // HMAC pads a short key with zeros to its block: doing it here leaves no error to handle.
    let mut block = [0u8; 64];
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    mac.update(b"custody/");
    mac.update(name.as_bytes());
    mac.update(b"/v1\0");
    for part in message {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// SHA-256 of the parts in order.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// SHA-256 of what is too long to be held at once.
#[derive(Default)]
pub struct LongSha256(Sha256);

impl LongSha256 {
    /// Adds the next bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest.
    pub fn end(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// SHA-256(D(x) ‖ m).
pub fn tagged_hash(name: &str, message: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(domain(name));
    for part in message {
        hash.update(part);
    }
    hash.finalize().into()
}

/// PAE(t, m) of DSSE: `DSSEv1 len(t) t len(m) m`, lengths in ASCII decimal.
pub fn pae(kind: &str, message: &[u8]) -> Vec<u8> {
    let mut out = format!("DSSEv1 {} {kind} {} ", kind.len(), message.len()).into_bytes();
    out.extend_from_slice(message);
    out
}

/// `bc`: the commitment of a body under its salt.
pub fn body_commitment(salt: &[u8; 32], body: &[u8]) -> Digest {
    Digest(keyed(salt, "body", &[body]))
}
