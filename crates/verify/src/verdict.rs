//! Claims, their states, and the result with its exit code.

use serde::Serialize;

/// What is known of a claim (EVIDENCE §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Arithmetic, signatures, order, rules over what was recorded.
    Proved,
    /// Somebody said so and signed it.
    Attested,
    /// Withheld, missing, or of a kind this verifier does not know.
    NotShown,
    /// It is wrong.
    Broken,
}

/// A claim of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// First bad byte in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// By whom it is attested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Entry that is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
    /// The claim.
    pub id: String,
    /// Level of a destruction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// Rule that is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Its state.
    pub state: State,
    /// In words.
    pub what: String,
}

impl Claim {
    /// A claim of that state.
    pub fn new(id: impl Into<String>, state: State, what: impl Into<String>) -> Claim {
        Claim { bytes: None, by: None, entry: None, id: id.into(), level: None, rule: None, state, what: what.into() }
    }

    /// A broken claim: the rule, and the entry if there is one.
    pub fn broken(id: impl Into<String>, rule: &str, entry: Option<u64>, what: impl Into<String>) -> Claim {
        Claim { rule: Some(rule.to_owned()), entry, ..Claim::new(id, State::Broken, what) }
    }

    /// The same, attested by somebody.
    #[must_use]
    pub fn by(mut self, who: impl Into<String>) -> Claim {
        self.by = Some(who.into());
        self
    }
}

/// What the reader trusts besides the dossier.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Digest of the policy, told by the parties.
    pub policy_digest: Option<String>,
}

/// All claims.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// In the order in which they were checked.
    pub claims: Vec<Claim>,
}

impl Report {
    /// Adds a claim.
    pub fn add(&mut self, claim: Claim) {
        self.claims.push(claim);
    }

    /// Whether any claim is broken.
    pub fn is_broken(&self) -> bool {
        self.claims.iter().any(|c| c.state == State::Broken)
    }

    /// 0 all proved or attested · 1 broken · 2 incomplete. `closed` and `time` inform; they do not make a dossier incomplete.
    pub fn exit_code(&self) -> u8 {
        let informs = |c: &Claim| matches!(c.id.as_str(), "closed" | "time" | "witnesses" | "sample" | "certificate");
        if self.is_broken() {
            1
        } else if self.claims.iter().any(|c| c.state == State::NotShown && !informs(c)) {
            2
        } else {
            0
        }
    }

    /// The report for programs.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({"claims": self.claims, "result": self.exit_code(), "v": 1})
    }
}
