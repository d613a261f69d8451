//! What an approver is given to read and to sign: the consequence word for word, and what the statement needs beside it.

use serde::{Deserialize, Serialize};
use terms::json::{Strictness, read, to_bytes};
use terms::{Day, Digest};

use crate::approval::{Decision, Head, STATEMENT_TYPE, Statement};

/// A briefing, as `approve.html` carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Briefing {
    /// Keys that may approve, with the names that the case file gives their holders.
    pub approvers: Vec<Approver>,
    /// The day on which it was made.
    pub as_of: Day,
    /// The case.
    pub case: String,
    /// The company's name.
    pub company: String,
    /// The consequence document, word for word: what is shown is what is signed.
    pub consequence: String,
    /// The head of the log.
    pub head: Head,
    /// Last day on which an approval of it counts.
    pub not_after: Day,
    /// The ledger's name.
    pub origin: String,
    /// Digest of the plan.
    pub plan: Digest,
    /// `custody.briefing`
    #[serde(rename = "type")]
    pub kind: String,
    /// 1
    pub v: u64,
}

/// Who may approve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approver {
    /// Key.
    pub kid: String,
    /// Name.
    pub name: String,
    /// `approver` or `operator`.
    pub role: String,
}

/// The `type` of a briefing.
pub const BRIEFING_TYPE: &str = "custody.briefing";

impl Briefing {
    /// Its canonical bytes.
    ///
    /// # Errors
    /// If a member cannot be written.
    pub fn bytes(&self) -> Result<Vec<u8>, String> {
        to_bytes(self, Strictness::Document).map_err(|e| e.0)
    }

    /// The briefing of canonical bytes.
    ///
    /// # Errors
    /// If they are not canonical or not a briefing.
    pub fn read(bytes: &[u8]) -> Result<Briefing, String> {
        let b: Briefing = read(bytes, Strictness::Document).map_err(|e| e.0)?;
        if b.kind == BRIEFING_TYPE && b.v == 1 { Ok(b) } else { Err("not a briefing".to_owned()) }
    }

    /// The statement that a key signs over it: its consequence is the digest of the very text that was shown.
    pub fn statement(&self, kid: &str, role: &str, decision: Decision, reason: Digest, nonce: &[u8; 32]) -> Statement {
        Statement {
            case: self.case.clone(),
            consequence: Digest(ledger::sha256(&[self.consequence.as_bytes()])),
            decision,
            head: self.head.clone(),
            key: kid.to_owned(),
            nonce: ledger::b64::url(nonce),
            not_after: self.not_after,
            origin: self.origin.clone(),
            plan: self.plan,
            reason,
            role: role.to_owned(),
            scope: vec!["*".to_owned()],
            kind: STATEMENT_TYPE.to_owned(),
            v: 1,
        }
    }
}
