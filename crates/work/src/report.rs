//! What an `apply` did, what waits, and what came in between.

use std::collections::{BTreeMap, BTreeSet};

use case::CrowdSeen;
use terms::{Day, Fault, Id, Level, Place};

use crate::workspace::Workspace;

/// What was done and what waits.
#[derive(Clone, Debug, Default)]
pub struct ApplyReport {
    /// Items observed in this run.
    pub done: Vec<Done>,
    /// Packages that were written for recipients.
    pub handed: Vec<Handed>,
    /// What waits.
    pub waiting: Vec<Waiting>,
    /// What would be ordered now (dry run).
    pub due: Vec<(Id, u64)>,
    /// Why it would not be ordered yet (dry run): approvals, holds, drill, backup.
    pub blocked: Vec<Fault>,
    /// What was tried with the first rows of each data set before anything was ordered, and taken back.
    pub rehearsed: Vec<(Place, sources::Rehearsal)>,
    /// How many rows are alike where something is left of them: as it will be (dry run), or as it was seen.
    pub alike: BTreeMap<Place, CrowdSeen>,
    /// Values that still stand lawfully in rows that stay.
    pub lawful: u64,
    /// Archives whose keys were destroyed, or would be (dry run).
    pub ended: Vec<Id>,
    /// Sources that were cleaned once more, for something had come back in them.
    pub cleaned: Vec<Place>,
    /// Data sets that nobody sealed or decided on.
    pub undecided: Vec<Place>,
    /// Items of which rows that were to go were met again: their findings are in the ledger.
    pub remaining: Vec<(Id, u64)>,
    /// Rows that came or changed after they were sealed: a delta seal and a delta plan settle them.
    pub late: u64,
}

/// An item that was looked at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The item.
    pub item: Id,
    /// Its data set.
    pub dataset: Place,
    /// Rows that are done.
    pub rows: u64,
    /// Rows that were left as they are.
    pub kept: u64,
    /// The level.
    pub level: Level,
    /// Why the level is no higher: `level_cap`, `not_searched`, `bytes_unread`; of a column, whose ordinal stands behind it as `#2`, `few_looked_for`,
    /// `sight_lost`, or `unseen` and a structure.
    pub short_of: BTreeSet<String>,
}

/// A package that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handed {
    /// The package.
    pub package: Id,
    /// Its file.
    pub path: std::path::PathBuf,
    /// Rows in it.
    pub rows: u64,
}

/// Something that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The item.
    pub item: Id,
    /// Until when, if a day is known.
    pub until: Option<Day>,
    /// Why: `not_before`, `by_hand`, `gate`, `notice`, `hand_over`, `receipt`, `safety_window`, `undecided`.
    pub why: &'static str,
}

/// Why an item has too few approvals: none were given, or they have expired.
pub(crate) fn unapproved(workspace: &Workspace, item: &Id) -> Fault {
    let plan_n = workspace.state.plan.as_ref().map(|p| p.n);
    let today = workspace.today().ok();
    let own = workspace.state.approvals.iter().filter(|a| Some(a.plan_n) == plan_n && !a.ended);
    match own.map(|a| a.not_after).max().filter(|last| today.is_some_and(|t| t > *last)) {
        Some(last) => Fault::new("approvals_expired").with("day", last),
        None => Fault::new("not_approved").with("item", item),
    }
}
