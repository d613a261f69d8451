//! A broken rule: which one, and in words what is wrong.

use std::fmt;

/// Ids of the rules of EVIDENCE §4 (`admit`) and §5 (documents).
pub type RuleId = &'static str;

/// A rule that an entry breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The rule.
    pub rule: RuleId,
    /// What is wrong, without personal data.
    pub why: String,
}

impl Broken {
    /// A broken rule.
    pub fn new(rule: RuleId, why: impl Into<String>) -> Broken {
        Broken { rule, why: why.into() }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.why)
    }
}

impl std::error::Error for Broken {}

/// `ok` or the rule broken.
pub(crate) fn need(ok: bool, rule: RuleId, why: impl Into<String>) -> Result<(), Broken> {
    if ok { Ok(()) } else { Err(Broken::new(rule, why)) }
}
