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
    pub reason: String,
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
    pub sig: String,
    pub statement: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub v: u64,
}

/// The `type` of a signed approval.
pub const SIGNED_TYPE: &str = "custody.approval.signed";

impl ApprovalFile {
    /// Signs a statement.
    ///
    /// # Errors
    /// If the statement cannot be written.
    pub fn sign(statement: &Statement, signer: &Signer, made_with: &str) -> Result<ApprovalFile, String> {
        let bytes = statement.bytes()?;
        Ok(ApprovalFile {
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
        let ok = file.kind == SIGNED_TYPE && file.v == 1 && file.alg == "ed25519" && known;
        if ok { Ok(file) } else { Err("not a signed approval".to_owned()) }
    }

    /// The statement, if the signature over it is by that key.
    pub fn statement_by(&self, key: &PublicKey) -> Option<Statement> {
        let bytes = b64::from_url(&self.statement)?;
        let sig = b64::array_from_url::<64>(&self.sig)?;
        let signed = self.kid == key.kid() && key.verifies(&approval_message(&bytes), &sig);
        if signed { Statement::read(&bytes).ok() } else { None }
    }

    /// The check number, ten digits 4-4-2.
    pub fn check_number(&self) -> Option<String> {
        b64::from_url(&self.statement).map(|b| check_number(&approval_message(&b)))
    }
}
