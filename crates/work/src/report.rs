//! What an `apply` did, what waits, and what came in between.

use terms::{Day, Id, Level, Place};

/// What was done and what waits.
#[derive(Clone, Debug, Default)]
pub struct ApplyReport {
    /// Items observed in this run: (item, rows done, rows kept, level).
    pub done: Vec<(Id, u64, u64, Level)>,
    /// What waits.
    pub waiting: Vec<Waiting>,
    /// What would be ordered now (dry run).
    pub due: Vec<(Id, u64)>,
    /// Values that still stand lawfully in rows that stay.
    pub lawful: u64,
    /// Data sets that nobody sealed or decided on.
    pub undecided: Vec<Place>,
    /// Rows that came or changed after they were sealed: a delta seal and a delta plan settle them.
    pub late: u64,
}

/// Something that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The item.
    pub item: Id,
    /// Until when, if a day is known.
    pub until: Option<Day>,
    /// Why: `not_before`, `by_hand`, `gate`, `safety_window`, `undecided`.
    pub why: &'static str,
}
