//! What a search is worth: the level of each column, and why it is no higher.

use std::collections::BTreeSet;

use case::ColumnLook;
use terms::Level;

use crate::lists::{Recall, Seen, seen_enough};
use crate::look::Absence;

/// Values that L3 asks for at least, unless there are fewer (EVIDENCE §10).
const SIGHT_MIN: u64 = 1_000;

/// Percent of a sample that may be missed beyond the share of values that cannot be looked for, as chance has it.
const MISSES: u64 = 5;

/// The level of each column of which something was destroyed: L3 with sight in every structure that holds it and absence after, else L2.
pub(crate) fn columns(columns: &[u32], recall: &Recall, absence: &Absence, cap: Level) -> Vec<ColumnLook> {
    let of = |c: &u32| {
        let (asked, found) = recall.line(*c);
        let hits = absence.hits.get(c).copied().unwrap_or_default();
        let seen = hits == 0 && absence.unread == 0 && unseen(*c, recall, absence).is_empty();
        let level = if seen { Level::L3 } else { Level::L2 };
        ColumnLook { asked, col: u64::from(*c), found, hits, level: level.min(cap), live: live(*c, absence) }
    };
    columns.iter().filter(|c| live(**c, absence) > 0).map(of).collect()
}

/// Why columns stay below L3, in words: what was not seen before, or not looked into after; at the end the ordinal of the column it is so for.
pub(crate) fn short_of(columns: &[u32], recall: &Recall, absence: &Absence, cap: Level) -> BTreeSet<String> {
    let all = [(cap < Level::L3, "level_cap"), (absence.unread > 0, "bytes_unread")];
    let all = all.into_iter().filter(|(short, _)| *short).map(|(_, why)| why.to_owned());
    all.chain(
        columns
            .iter()
            .filter(|c| live(**c, absence) > 0)
            .flat_map(|c| unseen(*c, recall, absence).into_iter().map(move |why| format!("{why} #{c}"))),
    )
    .collect()
}

/// Values of a column that were destroyed.
fn live(column: u32, absence: &Absence) -> u64 {
    absence.live.get(&column).copied().unwrap_or_default()
}

/// Why a column was not seen, before or after; nothing if it was.
fn unseen(column: u32, recall: &Recall, absence: &Absence) -> BTreeSet<String> {
    let own = || recall.seen.iter().filter(|s| s.column == column && s.asked > 0);
    let live = live(column, absence);
    let sought = live.saturating_sub(absence.unsought.get(&column).copied().unwrap_or_default());
    let few = recall.line(column).0 < live.min(SIGHT_MIN) || !seen_enough(live, sought);
    let mut out: BTreeSet<String> = few.then(|| "few_looked_for".to_owned()).into_iter().collect();
    // Values of which nothing can be looked for are not found in their rows either.
    let unsought = live - sought;
    let explained = |s: &Seen| s.rows && (s.asked - s.found) * live * 100 <= (unsought * 100 + live * MISSES) * s.asked;
    let unseen = own().filter(|s| !(seen_enough(s.asked, s.found) || few && explained(s)));
    out.extend(unseen.map(|s| format!("unseen {}", s.structure)));
    // Sight that was lost meanwhile, or that was of other structures, is none.
    let (kept, still) = absence.kept.get(&column).copied().unwrap_or_default();
    if kept > 0 && !seen_enough(kept, still) || !recall.structures(column).all(|s| absence.structures.contains(s)) {
        out.insert("sight_lost".to_owned());
    }
    out
}

#[cfg(test)]
#[path = "tests/level.rs"]
mod tests;
