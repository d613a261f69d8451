//! The value of a fact as it stands in packs, case file, answers and documents.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Day;

/// A typed value: yes/no, a word or several, a day, a count or an amount in minor units.
///
/// There is no "unknown" here: an unknown fact has no value at all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// `yes_no`
    YesNo(bool),
    /// `count`, or `money` in minor units
    Count(u64),
    /// `date`
    Date(Day),
    /// `one_of`
    One(String),
    /// `some_of`
    Some(Vec<String>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::YesNo(b) => write!(f, "{b}"),
            Value::Count(n) => write!(f, "{n}"),
            Value::Date(d) => write!(f, "{d}"),
            Value::One(w) => f.write_str(w),
            Value::Some(ws) => f.write_str(&ws.join(", ")),
        }
    }
}

/// Values of facts by name (`scope.name`); what is not in it is unknown.
pub type Given = BTreeMap<String, Value>;
