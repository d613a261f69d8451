//! What an approver signs: the message over a statement, and its check number (EVIDENCE §9).

use crate::bytes::{pae, sha256};

/// The DSSE payload type of an approval.
pub const APPROVAL_TYPE: &str = "application/vnd.custody.approval.v1+json";

/// M: PAE over the canonical bytes of a statement.
pub fn approval_message(statement: &[u8]) -> Vec<u8> {
    pae(APPROVAL_TYPE, statement)
}

/// The check number of M: first 40 bits of SHA-256(M) modulo 10^10, ten digits grouped 4-4-2.
pub fn check_number(message: &[u8]) -> String {
    let hash = sha256(&[message]);
    let number = hash.iter().take(5).fold(0u64, |n, b| (n << 8) | u64::from(*b)) % 10_000_000_000;
    format!("{:04}-{:04}-{:02}", number / 1_000_000, number / 100 % 10_000, number % 100)
}
