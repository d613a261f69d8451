//! Strong Kleene logic: false < unknown < true; `and` is the least, `or` the greatest, `not` leaves unknown.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// A truth value of three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// It is not so.
    False,
    /// Nobody said.
    Unknown,
    /// It is so.
    True,
}

impl Truth {
    /// The least of two.
    #[must_use]
    pub fn and(self, other: Truth) -> Truth {
        self.min(other)
    }

    /// The greatest of two.
    #[must_use]
    pub fn or(self, other: Truth) -> Truth {
        self.max(other)
    }

    /// The opposite; unknown stays.
    #[must_use]
    pub fn negate(self) -> Truth {
        match self {
            Truth::False => Truth::True,
            Truth::Unknown => Truth::Unknown,
            Truth::True => Truth::False,
        }
    }

    /// The greatest of many; false of none.
    pub fn any(all: impl IntoIterator<Item = Truth>) -> Truth {
        all.into_iter().fold(Truth::False, Truth::or)
    }

    /// The word as it stands in entries and documents.
    pub fn word(self) -> &'static str {
        match self {
            Truth::False => "false",
            Truth::Unknown => "unknown",
            Truth::True => "true",
        }
    }

    /// Whether it is true.
    pub fn is_true(self) -> bool {
        self == Truth::True
    }
}

impl From<bool> for Truth {
    fn from(b: bool) -> Truth {
        if b { Truth::True } else { Truth::False }
    }
}

/// A truth value with the unknown facts that keep it unknown; `why` is empty unless it is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The value.
    pub truth: Truth,
    /// The facts that would settle it.
    pub why: BTreeSet<String>,
}

impl Verdict {
    /// A settled verdict.
    pub fn of(known: bool) -> Verdict {
        Verdict { truth: known.into(), why: BTreeSet::new() }
    }

    /// Unknown because of these facts.
    pub fn unknown(why: impl IntoIterator<Item = String>) -> Verdict {
        Verdict { truth: Truth::Unknown, why: why.into_iter().collect() }
    }

    /// The least of all; true of none.
    pub fn all(of: impl IntoIterator<Item = Verdict>) -> Verdict {
        Verdict::fold(of, Truth::True, Truth::and)
    }

    /// The greatest of all; false of none.
    pub fn any(of: impl IntoIterator<Item = Verdict>) -> Verdict {
        Verdict::fold(of, Truth::False, Truth::or)
    }

    fn fold(of: impl IntoIterator<Item = Verdict>, start: Truth, join: fn(Truth, Truth) -> Truth) -> Verdict {
        let mut out = Verdict { truth: start, why: BTreeSet::new() };
        for v in of {
            out.truth = join(out.truth, v.truth);
            out.why.extend(v.why);
        }
        if out.truth != Truth::Unknown {
            out.why.clear();
        }
        out
    }

    /// The opposite, unknown for the same reasons.
    #[must_use]
    pub fn negate(mut self) -> Verdict {
        self.truth = self.truth.negate();
        self
    }

    /// Whether it is true.
    pub fn holds(&self) -> bool {
        self.truth == Truth::True
    }
}
