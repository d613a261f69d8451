//! Roots of outcome vectors: one code byte per position, in pages of 256 (EVIDENCE §7).

use crate::tree::{Frontier, leaf_hash};

/// Bytes of a page; the last may be shorter.
pub const PAGE: usize = 256;

/// MTH over the pages of a vector.
pub fn page_root(codes: &[u8]) -> [u8; 32] {
    let mut frontier = Frontier::default();
    for page in codes.chunks(PAGE) {
        frontier.push(leaf_hash(page));
    }
    frontier.root()
}

/// The root of a vector of `len` equal codes, without making it.
pub fn uniform_root(code: u8, len: u64) -> [u8; 32] {
    let full = leaf_hash(&[code; PAGE]);
    let mut frontier = Frontier::default();
    for _ in 0..len / PAGE as u64 {
        frontier.push(full);
    }
    let rest = usize::try_from(len % PAGE as u64).unwrap_or_default();
    if rest > 0 {
        frontier.push(leaf_hash(&vec![code; rest]));
    }
    frontier.root()
}
