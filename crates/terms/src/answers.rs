//! Answers to open questions and opinions of counsel, as they stand in signed entries and their documents.

use serde::{Deserialize, Serialize};

use crate::Value;

/// One answer: a fact, where it holds, its value, and the role that gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The fact, `scope.name`.
    pub fact: String,
    /// The holding's name it speaks of; none = the case, or all holdings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holding: Option<String>,
    /// Ordinal of the branch it speaks of, where only some records are meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<u32>,
    /// The value.
    pub value: Value,
    /// The role that answers (`data_lead`, `liquidation_lead`, `counsel`, `accountant`, `it_operator`).
    pub by: String,
}

/// A sheet of answers; a document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// In the order in which they were given; a later one replaces an earlier one of the same fact and place.
    pub answers: Vec<Answer>,
}
