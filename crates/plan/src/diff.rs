//! What moved between two plans: rows that came, went, or changed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::table::{Plan, Row};

/// A difference between two plans.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Holding and group.
    pub place: String,
    /// What it was: outcome, records, first date; none if it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What it is; none if it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// The changes from one plan to the next, by place.
pub fn diff(old: &Plan, new: &Plan) -> Vec<Change> {
    let (before, after) = (by_place(old), by_place(new));
    let places: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    places
        .into_iter()
        .filter(|p| before.get(*p) != after.get(*p))
        .map(|p| Change { place: p.clone(), before: before.get(p).cloned(), after: after.get(p).cloned() })
        .collect()
}

fn by_place(plan: &Plan) -> BTreeMap<String, String> {
    let mut out: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in &plan.rows {
        out.entry(format!("{}.{}", row.holding, row.group)).or_default().push(fate(row));
    }
    out.into_iter().map(|(p, fates)| (p, fates.join("; "))).collect()
}

fn fate(row: &Row) -> String {
    let dates: Vec<String> = row
        .dates
        .iter()
        .map(|d| match (d.until, d.not_before, d.not_after) {
            (Some(until), ..) => format!("{}@until {until}", d.records),
            (_, Some(from), Some(to)) => format!("{}@{from}..{to}", d.records),
            (_, Some(from), None) => format!("{}@{from}..", d.records),
            _ => d.records.to_string(),
        })
        .collect();
    let rules: Vec<&str> = row.winners.iter().map(String::as_str).collect();
    format!("{} {} [{}] ({})", row.outcome.word(), row.records, dates.join(" "), rules.join(" "))
}
