//! Hand-overs: which records of which groups pass the gate of law and the terms of an agreement, for whom, on what basis.

use std::collections::{BTreeMap, BTreeSet};

use agreement::{Agreement, Asked, Gate, may_hand_over};
use facts::{Expr, Lookup, Period, Truth};
use serde::{Deserialize, Serialize};
use terms::{Day, Given, Holding, Id, Place, Value};

use crate::cell::{Admission, Cell};
use crate::gates::GateRow;
use crate::inputs::{Inputs, branch_facts, case_facts};
use crate::item::Bars;

/// A copy to be handed over: groups of one holding whose records share their branches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandOver {
    /// The agreement.
    pub agreement: Id,
    /// The bars; all must be `false`.
    pub bars: Bars,
    /// Legal basis by branch: rules that permit it.
    #[serde(with = "terms::listed")]
    pub basis: BTreeMap<String, Vec<u32>>,
    /// Ordinals of the branches whose records pass.
    pub branches: Vec<u32>,
    /// Ordinals of the columns that pass.
    pub columns: Vec<u32>,
    /// Where it lies.
    pub dataset: Place,
    /// Whether it is permitted.
    pub demand: Truth,
    /// Field groups.
    pub groups: Vec<String>,
    /// Holding.
    pub holding: String,
    /// Its id in this plan, `i-ho1`.
    pub item: Id,
    /// Last day: that of the agreement.
    pub not_after: Day,
    /// First day: that of the agreement, and the end of the notice.
    pub not_before: Day,
    /// To whom: the id of the party.
    pub party: Id,
    /// Rows.
    pub records: u64,
    /// Rules that ground it.
    pub rules: Vec<String>,
}

struct Facts<'a> {
    case: &'a Given,
    own: Given,
}

impl Lookup for Facts<'_> {
    fn value(&self, name: &str) -> Option<&Value> {
        self.own.get(name).or_else(|| self.case.get(name))
    }
}

/// Every hand-over of every agreement.
pub(crate) fn hand_overs(inputs: &Inputs<'_>, cells: &[Cell], gates: &[GateRow]) -> Vec<HandOver> {
    let mut out: Vec<HandOver> = Vec::new();
    for agreement in inputs.agreements {
        for field in &agreement.fields {
            let found = inputs.holdings.holdings.iter().enumerate().find(|(_, h)| h.name == field.holding && h.dataset == field.dataset);
            let Some((h, holding)) = found else { continue };
            for (branches, own) in passing(inputs, agreement, cells, h, holding) {
                let Some(item) = Id::new(format!("i-ho{}", out.len() + 1)) else { continue };
                out.extend(one(inputs, agreement, holding, gates, item, branches, &own));
            }
        }
    }
    out
}

/// Cells that pass, by the set of branches that they share.
fn passing<'c>(
    inputs: &Inputs<'_>,
    agreement: &Agreement,
    cells: &'c [Cell],
    h: usize,
    holding: &Holding,
) -> BTreeMap<Vec<u32>, Vec<&'c Cell>> {
    let persons = agreement.persons.as_ref().and_then(|p| Expr::parse(p, inputs.table).ok());
    let case = case_facts(inputs);
    let mut by_group: BTreeMap<usize, Vec<&Cell>> = BTreeMap::new();
    for cell in cells.iter().filter(|c| c.holding == h && c.copy == "live" && c.hand_over == Some(Admission::Admitted)) {
        let Some(group) = holding.groups.get(cell.group) else { continue };
        let facts = Facts { case: &case, own: branch_facts(inputs, holding, cell.branch) };
        // The day is checked again when it is ordered; here it must only not be over.
        let day = inputs.as_of.max(agreement.from);
        let asked = Asked { day, group: &group.name, holding: &holding.name, purpose: holding.purpose.as_deref() };
        if cell.records > 0 && may_hand_over(agreement, persons.as_ref(), asked, &facts) == Gate::In {
            by_group.entry(cell.group).or_default().push(cell);
        }
    }
    let mut out: BTreeMap<Vec<u32>, Vec<&Cell>> = BTreeMap::new();
    for cells in by_group.into_values() {
        let branches = cells.iter().filter_map(|c| u32::try_from(c.branch).ok()).collect();
        out.entry(branches).or_default().extend(cells);
    }
    out
}

fn one(
    inputs: &Inputs<'_>,
    agreement: &Agreement,
    holding: &Holding,
    gates: &[GateRow],
    item: Id,
    branches: Vec<u32>,
    cells: &[&Cell],
) -> Option<HandOver> {
    let groups: BTreeSet<usize> = cells.iter().map(|c| c.group).collect();
    let field = agreement.field(&holding.name)?;
    let mut columns: Vec<u32> = groups.iter().filter_map(|g| holding.groups.get(*g)).flat_map(|g| g.columns.iter().copied()).collect();
    columns.extend(&field.also);
    columns.sort_unstable();
    columns.dedup();
    let mut basis: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    for cell in cells {
        for rule in &cell.basis {
            basis.entry(rule.clone()).or_default().extend(u32::try_from(cell.branch));
        }
    }
    let notice: Option<Period> = cells.iter().filter_map(|c| c.notice).max_by_key(|p| p.after(inputs.as_of));
    let told = match (notice, inputs.told(Some(&agreement.agreement), &holding.dataset)) {
        (None, _) => Some(inputs.as_of),
        (Some(lead), Some(on)) => Some(lead.after(on)),
        (Some(_), None) => None,
    };
    let standing = Truth::any(gates.iter().map(|g| g.bars("hand_over")));
    let first = groups.iter().next()?;
    Some(HandOver {
        agreement: agreement.agreement.clone(),
        bars: Bars {
            retention: Truth::False,
            hold: Truth::False,
            request: Truth::False,
            gate: if told.is_some() { standing } else { Truth::True },
        },
        rules: basis.keys().cloned().collect(),
        basis: basis.into_iter().map(|(rule, of)| (rule, of.into_iter().collect())).collect(),
        branches,
        columns,
        dataset: holding.dataset.clone(),
        demand: Truth::True,
        groups: groups.iter().filter_map(|g| holding.groups.get(*g)).map(|g| g.name.clone()).collect(),
        holding: holding.name.clone(),
        item,
        not_after: agreement.to,
        not_before: told.unwrap_or(inputs.as_of).max(agreement.from),
        party: agreement.party.clone(),
        records: cells.iter().filter(|c| c.group == *first).map(|c| c.records).sum(),
    })
}
