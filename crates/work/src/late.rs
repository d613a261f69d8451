//! What came, changed or went since a data set was sealed: it joins a delta seal, and old positions are left behind.

use std::collections::{BTreeMap, BTreeSet};

use subjects::NOBODY;
use terms::{Fault, Given, Holding, Outcome, Place};

use crate::align::{Alignment, Met, Part, RowState, align};
use crate::lists::load_list;
use crate::matching::Persons;
use crate::outcomes::{record_left, settled, vector_codes};
use crate::planning::recorded_holdings;
use crate::survey::Opened;
use crate::workspace::Workspace;

/// A data set that was sealed before, with what moved since.
pub(crate) struct Late {
    pub parts: Vec<Part>,
    /// The holding as it was recorded.
    pub holding: Holding,
    /// By reading order: whether a row belongs to no seal, or not any more.
    pub rows: Vec<bool>,
    alignment: Alignment,
    /// By reading order: slot and branch of a row that is as it was sealed.
    known: Vec<Option<(u32, u32)>>,
}

impl Late {
    /// The number of the full seal.
    pub(crate) fn of_n(&self) -> Option<u64> {
        self.parts.iter().find(|p| p.seal.of_n.is_none()).map(|p| p.seal.n)
    }
}

/// Aligns every data set whose seal still stands. Before anything was ordered nothing stands: all is sealed anew.
///
/// # Errors
/// If an order is open that only `apply` can settle.
pub(crate) fn since_seals(workspace: &mut Workspace, opened: &mut Opened) -> Result<BTreeMap<Place, Late>, Fault> {
    let mut out = BTreeMap::new();
    if !workspace.state.orders.values().any(|o| o.kind.effect().is_some()) {
        return Ok(out);
    }
    if workspace.state.open_orders().any(|(_, o)| o.kind.effect().is_some_and(|e| e.method != "by_hand")) {
        return Err(Fault::new("orders_open"));
    }
    for holding in recorded_holdings(workspace)?.holdings {
        let Some(listed) = opened.listed.iter().find(|l| l.dataset.place == holding.dataset) else { continue };
        let (dataset, source) = (listed.dataset.clone(), listed.source);
        let schema = crate::survey::schema_of(workspace, &dataset)?;
        let seals = workspace.state.newest_seals().into_iter().filter(|s| s.dataset == dataset.place);
        let stands = seals.map(|s| s.schema_doc == schema && workspace.state.backup_of(s.n).is_some()).reduce(|a, b| a && b);
        let Some((_, Some(source))) = opened.sources.get_mut(source).filter(|_| stands == Some(true)) else { continue };
        let parts = Part::of(workspace, &dataset.place)?;
        let mut known = Vec::new();
        let alignment = align(source.as_mut(), &dataset, &parts, &mut |_, _, met| {
            known.push(met.and_then(|m| match m {
                Met { part, ordinal, state: RowState::Unchanged | RowState::Emptied(_) } => {
                    let row = parts.get(part)?.index.rows.get(ordinal)?;
                    Some((if row.nobody { NOBODY } else { row.slot }, row.branch))
                }
                _ => None,
            }));
        })?;
        let rows = known.iter().map(Option::is_none).collect();
        out.insert(dataset.place.clone(), Late { parts, holding, rows, alignment, known });
    }
    Ok(out)
}

/// The slots that persons have from earlier seals; what their rows told then and do not tell any more is given back to them.
pub(crate) fn recognise(late: &BTreeMap<Place, Late>, persons: &mut Persons) -> Recognised {
    let mut out = Recognised { slot_of: vec![None; persons.count as usize], same: BTreeMap::new() };
    for (place, late) in late {
        let Some(owners) = persons.of_row.get(place) else { continue };
        for (person, (slot, branch)) in owners.iter().zip(&late.known).filter_map(|(p, k)| Some((*p, (*k)?))) {
            if person == NOBODY || slot == NOBODY {
                continue;
            }
            if let Some(room) = out.slot_of.get_mut(person as usize) {
                let first = room.get_or_insert(slot);
                if *first != slot {
                    out.same.insert((*first).max(slot), (*first).min(slot));
                    *first = (*first).min(slot);
                }
            }
            let told = late.holding.branches.get(branch as usize).map(|b| &b.given);
            if let (Some(now), Some(told)) = (persons.facts.get_mut(person as usize), told) {
                give_back(now, told);
            }
        }
    }
    out
}

fn give_back(now: &mut Given, told: &Given) {
    for (name, value) in told.iter().filter(|(n, _)| n.starts_with("person.")) {
        now.entry(name.clone()).or_insert_with(|| value.clone());
    }
}

/// Who was known before.
pub(crate) struct Recognised {
    /// The slot of each person, if one is known.
    pub slot_of: Vec<Option<u32>>,
    /// Slots that turned out to be one person's: the later one → the earlier.
    pub same: BTreeMap<u32, u32>,
}

impl Recognised {
    /// The slot under which a person is counted.
    pub(crate) fn counted(&self, mut slot: u32) -> u32 {
        while let Some(earlier) = self.same.get(&slot) {
            slot = *earlier;
        }
        slot
    }
}

/// Records that positions stand in a later seal, or were not found when looked for.
pub(crate) fn leave_behind(workspace: &mut Workspace, late: &Late) -> Result<(), Fault> {
    for part in &late.parts {
        let waiting = by_hand_targets(workspace, part.seal.n)?;
        record_left(workspace, &part.seal, &part.index, &|o| match late.alignment.state(part.seal.n, o) {
            RowState::Changed | RowState::Superseded => Some(Outcome::Superseded),
            // Somebody may have done what an open order asks: `apply` looks at it and says so.
            RowState::Gone if !waiting.contains(&o) => Some(Outcome::Gone),
            _ => None,
        })?;
    }
    Ok(())
}

fn by_hand_targets(workspace: &mut Workspace, seal_n: u64) -> Result<BTreeSet<u32>, Fault> {
    let orders = workspace.state.open_orders().filter_map(|(_, o)| o.kind.effect().filter(|e| e.seal_n == seal_n));
    let files: Vec<String> = orders.map(|e| format!("targets-{}-{}-{}", e.plan_n, e.seal_n, e.item)).collect();
    let mut out = BTreeSet::new();
    for file in files {
        out.extend(load_list(workspace, &file)?);
    }
    Ok(out)
}

/// Counts, by branch and group, the rows of seals for which nothing is left to do.
pub(crate) fn count_settled(workspace: &Workspace, holding: &mut Holding, parts: &[Part]) -> Result<(), Fault> {
    for branch in &mut holding.branches {
        branch.settled.clear();
    }
    for part in parts {
        for group in &part.seal.groups {
            let done = settled(workspace, &part.seal, group)?;
            if done.is_empty() || vector_codes(workspace, &part.seal, group)?.is_empty() {
                continue;
            }
            for row in part.index.rows.iter().filter(|r| done.contains(&r.position)) {
                if let Some(branch) = holding.branches.get_mut(row.branch as usize) {
                    *branch.settled.entry(group.clone()).or_default() += 1;
                }
            }
        }
    }
    Ok(())
}
