//! The decision table: cells with the same fate merged into rows, items, gates and totals; the plan document.

use std::collections::{BTreeMap, BTreeSet};

use law::Rule;
use serde::{Deserialize, Serialize};
use terms::{Day, Given, Holding, Outcome, Value};

use crate::bite::{CellFacts, Scene};
use crate::cell::{Admission, Cell};
use crate::decide::{Address, decide};
use crate::gates::{GateRow, gates};
use crate::handing::{HandOver, hand_overs};
use crate::inputs::{Inputs, branch_facts, case_facts};
use crate::item::{Item, items};

/// The plan: what becomes of everything, and why; a document without personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Date of law applied.
    pub law_date: Day,
    /// Rows by holding, group, copy and fate.
    pub rows: Vec<Row>,
    /// What apply carries out.
    pub items: Vec<Item>,
    /// Gates that stand or may stand.
    pub gates: Vec<GateRow>,
    /// Copies that are handed over under an agreement; each source copy still has its own outcome.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hand_overs: Vec<HandOver>,
    /// Record-cells by outcome.
    pub totals: BTreeMap<Outcome, u64>,
}

/// A row of the decision table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The row's id for `explain`: holding, group, and a number where they differ.
    pub id: String,
    /// Holding.
    pub holding: String,
    /// Field group.
    pub group: String,
    /// Copy.
    pub copy: String,
    /// What tells its records from those of its neighbours: fact → values; empty for all.
    #[serde(rename = "for", with = "terms::listed")]
    pub condition: BTreeMap<String, Vec<Side>>,
    /// Ordinals of the branches merged here.
    pub branches: Vec<u32>,
    /// Records.
    pub records: u64,
    /// Outcome.
    pub outcome: Outcome,
    /// Whether a copy may be handed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hand_over: Option<Admission>,
    /// Dates with the records they hold for.
    pub dates: Vec<Dates>,
    /// Whether a keeper must hold it.
    pub keeper: bool,
    /// Rules that win.
    pub winners: BTreeSet<String>,
    /// Rules that lose.
    pub losers: BTreeSet<String>,
    /// Facts that would settle it.
    pub unknown: BTreeSet<String>,
    /// What it waits for.
    pub waits: BTreeSet<String>,
}

/// A value of a fact in a row's condition; unknown has its own word.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Side {
    /// A known value.
    Known(Value),
    /// Days between two, both counted.
    Days {
        /// The first.
        from: Day,
        /// The last.
        to: Day,
    },
    /// Nobody said.
    Unknown {
        /// Always true.
        unknown: bool,
    },
}

/// Dates that hold for some records of a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dates {
    /// First day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Day>,
    /// Last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Day>,
    /// End of the retention.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
    /// Whether the last day has passed.
    pub overdue: bool,
    /// Records.
    pub records: u64,
}

/// Computes the plan and its cells.
pub fn compute(inputs: &Inputs<'_>) -> (Plan, Vec<Cell>) {
    let rules = inputs.book.in_force(inputs.as_of);
    let case = case_facts(inputs);
    let mut cells = Vec::new();
    for h in 0..inputs.holdings.holdings.len() {
        cells.extend(holding_cells(inputs, &rules, &case, h));
    }
    let gates = gates(inputs, &rules, &cells);
    let mut totals: BTreeMap<Outcome, u64> = BTreeMap::new();
    for c in &cells {
        *totals.entry(c.outcome).or_default() += c.records;
    }
    let plan = Plan {
        law_date: inputs.as_of,
        rows: rows(inputs, &cells),
        items: items(inputs, &cells, &gates),
        hand_overs: hand_overs(inputs, &cells, &gates),
        gates,
        totals,
    };
    (plan, cells)
}

/// The cells of one holding.
pub(crate) fn holding_cells(inputs: &Inputs<'_>, rules: &[&Rule], case: &Given, h: usize) -> Vec<Cell> {
    let Some(holding) = inputs.holdings.holdings.get(h) else { return Vec::new() };
    let mut out = Vec::new();
    for b in 0..holding.branches.len() {
        out.extend(branch_cells(inputs, rules, case, h, holding, b));
    }
    out.sort_by_key(|c| (c.group, c.copy.clone(), c.branch));
    out
}

/// The cells of one branch of a holding: every group and copy.
pub(crate) fn branch_cells(inputs: &Inputs<'_>, rules: &[&Rule], case: &Given, h: usize, holding: &Holding, b: usize) -> Vec<Cell> {
    let base = branch_facts(inputs, holding, b);
    let live = terms::Copy { name: "live".to_owned(), given: Given::new() };
    let mut out = Vec::new();
    for (g, group) in holding.groups.iter().enumerate() {
        let (records, all) = holding.branches.get(b).map_or((0, 0), |x| (x.open(&group.name), x.records));
        if records == 0 && all > 0 {
            // Everything in it is settled: there is nothing left to decide.
            continue;
        }
        for copy in std::iter::once(&live).chain(&holding.copies) {
            let mut own = base.clone();
            own.insert("group.name".to_owned(), Value::One(group.name.clone()));
            own.extend(group.sensitive.map(|s| ("group.sensitive".to_owned(), Value::YesNo(s))));
            own.extend(copy.given.clone());
            let mut scene = Scene::new(rules, CellFacts { case, own: &own }, inputs.as_of);
            scene.told_on = inputs.told(None, &holding.dataset).unwrap_or(inputs.as_of);
            let at = Address { holding: h, group: g, copy: copy.name.clone(), branch: b, records, anonymise: group.anonymise };
            out.push(decide(&scene, at));
        }
    }
    out
}

fn rows(inputs: &Inputs<'_>, cells: &[Cell]) -> Vec<Row> {
    let mut merged: Vec<Vec<&Cell>> = Vec::new();
    for c in cells {
        match merged.iter_mut().find(|m| m.first().is_some_and(|f| same_fate(f, c))) {
            Some(m) => m.push(c),
            None => merged.push(vec![c]),
        }
    }
    let mut out: Vec<Row> = merged.iter().filter_map(|m| row(inputs, m, &merged)).collect();
    number(&mut out);
    out
}

fn same_fate(a: &Cell, b: &Cell) -> bool {
    (a.holding, a.group, &a.copy, a.outcome, a.hand_over) == (b.holding, b.group, &b.copy, b.outcome, b.hand_over)
        && (&a.winners, &a.losers, &a.unknown, &a.waits) == (&b.winners, &b.losers, &b.unknown, &b.waits)
}

fn row(inputs: &Inputs<'_>, cells: &[&Cell], all: &[Vec<&Cell>]) -> Option<Row> {
    let first = cells.first()?;
    let holding = inputs.holdings.holdings.get(first.holding)?;
    let group = holding.groups.get(first.group)?;
    let mut dates: BTreeMap<(Option<Day>, Option<Day>, Option<Day>), u64> = BTreeMap::new();
    for c in cells {
        *dates.entry((c.not_before, c.not_after, c.until)).or_default() += c.records;
    }
    let neighbours: Vec<&Cell> = all
        .iter()
        .filter(|m| m.first().is_some_and(|f| (f.holding, f.group, &f.copy) == (first.holding, first.group, &first.copy)))
        .flatten()
        .copied()
        .collect();
    Some(Row {
        id: format!("{}.{}", holding.name, group.name),
        holding: holding.name.clone(),
        group: group.name.clone(),
        copy: first.copy.clone(),
        condition: condition(inputs, holding, cells, &neighbours),
        branches: cells.iter().filter_map(|c| u32::try_from(c.branch).ok()).collect(),
        records: cells.iter().map(|c| c.records).sum(),
        outcome: first.outcome,
        hand_over: first.hand_over,
        dates: dates
            .into_iter()
            .filter(|((a, b, c), _)| a.is_some() || b.is_some() || c.is_some())
            .map(|((not_before, not_after, until), records)| Dates {
                not_before,
                not_after,
                until,
                overdue: not_after.is_some_and(|d| d < inputs.as_of),
                records,
            })
            .collect(),
        keeper: first.keeper,
        winners: first.winners.clone(),
        losers: first.losers.clone(),
        unknown: first.unknown.clone(),
        waits: first.waits.clone(),
    })
}

/// Facts of persons and records whose values here are not those of all neighbours; days as the span in which they lie.
fn condition(inputs: &Inputs<'_>, holding: &Holding, cells: &[&Cell], neighbours: &[&Cell]) -> BTreeMap<String, Vec<Side>> {
    let of = |cells: &[&Cell]| -> BTreeMap<String, BTreeSet<Side>> {
        let facts: Vec<Given> = cells.iter().map(|c| branch_facts(inputs, holding, c.branch)).collect();
        let names: BTreeSet<String> =
            facts.iter().flat_map(|f| f.keys().filter(|n| n.starts_with("person.") || n.starts_with("record."))).cloned().collect();
        let side = |f: &Given, n: &str| f.get(n).cloned().map_or(Side::Unknown { unknown: true }, Side::Known);
        names
            .into_iter()
            .map(|n| {
                let sides = spans(facts.iter().map(|f| side(f, &n)).collect());
                (n, sides)
            })
            .collect()
    };
    let everywhere = of(neighbours);
    of(cells).into_iter().filter(|(n, sides)| everywhere.get(n) != Some(sides)).map(|(n, s)| (n, s.into_iter().collect())).collect()
}

/// Many days as one span.
fn spans(sides: BTreeSet<Side>) -> BTreeSet<Side> {
    let day = |s: &Side| if let Side::Known(Value::Date(d)) = s { Some(*d) } else { None };
    let days: Vec<Day> = sides.iter().filter_map(day).collect();
    let span = days.iter().min().zip(days.iter().max()).map(|(from, to)| Side::Days { from: *from, to: *to });
    sides.into_iter().filter(|s| day(s).is_none()).chain(span).collect()
}

/// Rows that share holding and group are told apart by a number.
fn number(rows: &mut [Row]) {
    let mut counts: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for r in rows.iter() {
        counts.entry(r.id.clone()).or_default().0 += 1;
    }
    for r in rows {
        if let Some((total, seen)) = counts.get_mut(&r.id).filter(|(total, _)| *total > 1) {
            *seen += 1;
            let _ = total;
            r.id = format!("{}.{seen}", r.id);
        }
    }
}
