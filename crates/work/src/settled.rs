//! What is settled already: positions, items, and archives that are on their way out.

use std::collections::BTreeSet;

use case::Seal;
use plan::Item;
use terms::{Fault, Holding, Outcome};

use crate::index::SealIndex;
use crate::workspace::Workspace;

/// The codes of the newest vector; all undecided if there is none.
pub(crate) fn vector_codes(workspace: &Workspace, seal: &Seal, group: &str) -> Result<Vec<u8>, Fault> {
    let len = usize::try_from(seal.rows).map_err(|_| Fault::new("document_form"))?;
    let vector = workspace.state.vectors.get(&(seal.n, seal.copy.clone(), group.to_owned()));
    Ok(match vector.map(|v| (v.uniform, v.doc)) {
        Some((Some(code), _)) => vec![u8::try_from(code).unwrap_or_default(); len],
        Some((None, Some(doc))) => {
            workspace.documents.get(&doc)?.filter(|b| b.len() == len).ok_or_else(|| Fault::new("document_missing").with("document", doc))?
        }
        None | Some((None, None)) => vec![Outcome::Undecided.code(); len],
    })
}

/// Whether nothing is left to do for a position with that code.
pub(crate) fn is_done(code: u8) -> bool {
    Outcome::of_code(code).is_some_and(|o| o.is_final() || o == Outcome::Gone)
}

/// Positions of a group for which nothing is left to do: in a final state, or not found when looked for.
pub(crate) fn settled(workspace: &Workspace, seal: &Seal, group: &str) -> Result<BTreeSet<u32>, Fault> {
    let codes = vector_codes(workspace, seal, group)?;
    Ok((0u32..).zip(codes).filter(|(_, c)| is_done(*c)).map(|(p, _)| p).collect())
}

/// Whether archives were ordered to be shredded since the seal: all end together, and their indexes may be gone already.
pub(crate) fn ending(workspace: &Workspace, seal_n: u64) -> bool {
    workspace.state.orders.iter().any(|(n, o)| *n > seal_n && matches!(o.kind, case::OrderKind::Shred(_)))
}

/// Whether an item was observed on every seal that it was ordered on, under the plan in force.
pub fn observed(workspace: &Workspace, item: &Item) -> bool {
    let plan_n = workspace.state.plan.as_ref().map(|p| p.n);
    let mut own = workspace
        .state
        .orders
        .values()
        .filter(|o| o.kind.item() == &item.item && o.kind.effect().is_some_and(|e| Some(e.plan_n) == plan_n))
        .peekable();
    own.peek().is_some() && own.all(|o| o.observed.is_some())
}

/// Ordinals of a seal's rows that an item covers and that are not settled yet.
pub(crate) fn targets(workspace: &mut Workspace, item: &Item, seal: &Seal) -> Result<Vec<u32>, Fault> {
    let index = SealIndex::load(workspace, &SealIndex::name(seal.scan_n, &seal.dataset))?;
    let mut open = vec![false; index.rows.len()];
    for group in &item.groups {
        let settled = settled(workspace, seal, group)?;
        for (room, row) in open.iter_mut().zip(&index.rows) {
            *room |= item.branches.contains(&row.branch) && !settled.contains(&row.position);
        }
    }
    Ok((0u32..).zip(open).filter(|(_, open)| *open).map(|(i, _)| i).collect())
}

/// Whether nothing is left to do for an item: observed under this plan, or all its rows in a final state.
pub(crate) fn is_settled(workspace: &mut Workspace, item: &Item) -> Result<bool, Fault> {
    if observed(workspace, item) {
        return Ok(true);
    }
    let seals: Vec<Seal> = workspace.state.newest_seals().into_iter().filter(|s| s.dataset == item.dataset).cloned().collect();
    for seal in seals {
        if !ending(workspace, seal.n) && !targets(workspace, item, &seal)?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Counts, by branch and group, the rows of seals for which nothing is left to do.
pub(crate) fn count_settled(workspace: &Workspace, holding: &mut Holding, seals: &[(&Seal, &SealIndex)]) -> Result<(), Fault> {
    holding.branches.iter_mut().for_each(|b| b.settled.clear());
    for (seal, index) in seals {
        for group in &seal.groups {
            let done = settled(workspace, seal, group)?;
            for row in index.rows.iter().filter(|r| done.contains(&r.position)) {
                if let Some(branch) = holding.branches.get_mut(row.branch as usize) {
                    *branch.settled.entry(group.clone()).or_default() += 1;
                }
            }
        }
    }
    Ok(())
}
