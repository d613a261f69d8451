//! The statement that an approver signs, and the file that carries it (EVIDENCE §9).

use ledger::{PublicKey, Signer, approval_message, b64, check_number};
use serde::{Deserialize, Serialize};
use terms::json::{self, Strictness};
use terms::{Day, Digest};

/// `approve` or `refuse`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Yes.
    Approve,
    /// No.
    Refuse,
}

/// The head of the log that the approver saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Root.
    pub root: Digest,
    /// Leaves.
    pub size: u64,
}

/// S: what is approved, by whom, until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // the members of S in EVIDENCE §9
pub struct Statement {
    pub case: String,
    pub consequence: Digest,
    pub decision: Decision,
    pub head: Head,
    pub key: String,
    pub nonce: String,
    pub not_after: Day,
    pub origin: String,
    pub plan: Digest,
    pub reason: Digest,
    pub role: String,
    pub scope: Vec<String>,
    #[serde(rename = "type")]
    pub kind: String,
    pub v: u64,
}

/// The `type` of a statement.
pub const STATEMENT_TYPE: &str = "custody.approval";

impl Statement {
    /// Its canonical bytes.
    ///
    /// # Errors
    /// If a member cannot be written.
    pub fn bytes(&self) -> Result<Vec<u8>, String> {
        json::to_bytes(self, Strictness::Document).map_err(|e| e.0)
    }

    /// The statement of canonical bytes.
    ///
    /// # Errors
    /// If they are not canonical or not a statement.
    pub fn read(bytes: &[u8]) -> Result<Statement, String> {
        let s: Statement = json::read(bytes, Strictness::Document).map_err(|e| e.0)?;
        let nonce = b64::array_from_url::<32>(&s.nonce).is_some();
        if s.kind == STATEMENT_TYPE && s.v == 1 && nonce { Ok(s) } else { Err("not a statement of approval".to_owned()) }
    }

    /// Whether an item is in its scope.
    pub fn covers(&self, item: &str) -> bool {
        self.scope.iter().any(|s| s == "*" || s == item)
    }
}

/// `*.approval.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // the members of the file in EVIDENCE §9
pub struct ApprovalFile {
    pub alg: String,
    pub kid: String,
    pub made_with: String,
    /// The reason in words, which the statement only commits to; for the operator, who keeps it sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    pub sig: String,
    pub statement: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub v: u64,
}

/// A reason and the salt of its commitment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// base64url of 32 random bytes.
    pub salt: String,
    /// Why, in words.
    pub text: String,
}

impl Reason {
    /// A reason under a random salt.
    pub fn new(text: &str, salt: &[u8; 32]) -> Reason {
        Reason { salt: b64::url(salt), text: text.to_owned() }
    }

    /// What the statement says of it; none if the salt is none.
    pub fn commitment(&self) -> Option<Digest> {
        b64::array_from_url::<32>(&self.salt).map(|salt| ledger::body_commitment(&salt, self.text.as_bytes()))
    }
}

/// The `type` of a signed approval.
pub const SIGNED_TYPE: &str = "custody.approval.signed";

impl ApprovalFile {
    /// Signs a statement.
    ///
    /// # Errors
    /// If the statement cannot be written.
    pub fn sign(statement: &Statement, reason: Reason, signer: &Signer, made_with: &str) -> Result<ApprovalFile, String> {
        let bytes = statement.bytes()?;
        Ok(ApprovalFile {
            reason: Some(reason),
            alg: "ed25519".to_owned(),
            kid: signer.kid(),
            made_with: made_with.to_owned(),
            sig: b64::url(&signer.sign(&approval_message(&bytes))),
            statement: b64::url(&bytes),
            kind: SIGNED_TYPE.to_owned(),
            v: 1,
        })
    }

    /// The file of canonical bytes.
    ///
    /// # Errors
    /// If they are not canonical or not such a file.
    pub fn read(bytes: &[u8]) -> Result<ApprovalFile, String> {
        let file: ApprovalFile = json::read(bytes, Strictness::Document).map_err(|e| e.0)?;
        let known = ["cli", "html", "passkey", "card"].contains(&file.made_with.as_str());
        let opens = |r: &Reason| {
            b64::from_url(&file.statement).and_then(|b| Statement::read(&b).ok()).is_some_and(|s| r.commitment() == Some(s.reason))
        };
        let ok = file.kind == SIGNED_TYPE && file.v == 1 && file.alg == "ed25519" && known && file.reason.as_ref().is_none_or(opens);
        if ok { Ok(file) } else { Err("not a signed approval".to_owned()) }
    }

    /// The statement, if the signature over it is by that key.
    pub fn statement_by(&self, key: &PublicKey) -> Option<Statement> {
        let bytes = b64::from_url(&self.statement)?;
        let sig = b64::array_from_url::<64>(&self.sig)?;
        let signed = self.kid == key.kid() && key.verifies(&approval_message(&bytes), &sig);
        if signed { Statement::read(&bytes).ok() } else { None }
    }

    /// The statement, whoever signed it.
    pub fn statement(&self) -> Option<Statement> {
        b64::from_url(&self.statement).and_then(|b| Statement::read(&b).ok())
    }

    /// Its canonical bytes.
    ///
    /// # Errors
    /// If a member cannot be written.
    pub fn bytes(&self) -> Result<Vec<u8>, String> {
        json::to_bytes(self, Strictness::Document).map_err(|e| e.0)
    }

    /// The check number, ten digits 4-4-2.
    pub fn check_number(&self) -> Option<String> {
        b64::from_url(&self.statement).map(|b| check_number(&approval_message(&b)))
    }
}
