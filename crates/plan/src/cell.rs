//! A cell: one holding, field group, copy and branch, with what was decided for it and why.

use std::collections::BTreeSet;

use facts::{Period, Truth};
use serde::{Deserialize, Serialize};
use terms::{Day, Outcome};

/// Whether handing over a copy is admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Admission {
    /// Permitted, and every bar is false.
    Admitted,
    /// A bar is true.
    Barred,
    /// Something is unknown.
    Undecided,
}

impl Admission {
    pub(crate) fn of(truth: Truth) -> Admission {
        match truth {
            Truth::True => Admission::Admitted,
            Truth::False => Admission::Barred,
            Truth::Unknown => Admission::Undecided,
        }
    }
}

/// What was decided for one cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Ordinal of the holding.
    pub holding: usize,
    /// Ordinal of the group in the holding.
    pub group: usize,
    /// The copy's name; `live` is the one in the source.
    pub copy: String,
    /// Ordinal of the branch in the holding.
    pub branch: usize,
    /// Rows.
    pub records: u64,
    /// The outcome.
    pub outcome: Outcome,
    /// Whether a copy may be handed over, where a rule permits it at all.
    pub hand_over: Option<Admission>,
    /// Rules that permit handing over and have effect: the legal basis of each record in it.
    pub basis: BTreeSet<String>,
    /// How long before a hand-over its persons must be told, where a rule on which it rests demands that.
    pub notice: Option<Period>,
    /// First day on which the outcome may be carried out.
    pub not_before: Option<Day>,
    /// Last day on which it should be.
    pub not_after: Option<Day>,
    /// End of a retention.
    pub until: Option<Day>,
    /// Whether a keeper must hold it.
    pub keeper: bool,
    /// Rules that ground the outcome, and every consent, prohibition and notice that has effect.
    pub winners: BTreeSet<String>,
    /// Demands suspended, shorter periods, rules beaten.
    pub losers: BTreeSet<String>,
    /// Facts that would settle what is undecided.
    pub unknown: BTreeSet<String>,
    /// What it waits for.
    pub waits: BTreeSet<String>,
}

impl Cell {
    /// Whether its outcome and its act are decided.
    pub fn decided(&self) -> bool {
        self.outcome != Outcome::Undecided && self.hand_over != Some(Admission::Undecided)
    }

    /// Whether its last day has passed.
    pub fn overdue(&self, as_of: Day) -> bool {
        self.not_after.is_some_and(|d| d < as_of)
    }
}
