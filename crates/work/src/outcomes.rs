//! Outcome vectors: one byte per row and field group that says what became of it (EVIDENCE §7).

use std::collections::BTreeMap;

use case::{By, Command, Event, OrderKind, OutcomesRecorded, Seal};
use plan::{Item, PlanDoc};
use terms::{Digest, Fault, Outcome};

use crate::index::{SealIndex, SealRow};
use crate::lists::load_list;
use crate::settled::{ending, is_done, vector_codes};
use crate::workspace::Workspace;

/// One vector per seal and group: what was seen done, what is stored, what goes on; the rest stays undecided.
pub(crate) fn record_outcomes(workspace: &mut Workspace, doc: &PlanDoc) -> Result<(), Fault> {
    let seals: Vec<Seal> = workspace.state.newest_seals().into_iter().cloned().collect();
    for seal in seals {
        // Once the archive is shredded its index is gone, and nothing can become of the rows any more.
        if workspace.state.backup_of(seal.n).is_none() || ending(workspace, seal.n) {
            continue;
        }
        let index = SealIndex::load(workspace, &SealIndex::name(seal.scan_n, &seal.dataset))?;
        for group in seal.groups.clone() {
            let items: Vec<&Item> = doc.plan.items.iter().filter(|i| i.dataset == seal.dataset && i.groups.contains(&group)).collect();
            let done = done_of(workspace, &seal, &group)?;
            let becomes = |o: u32, row: &SealRow| {
                let stays = |i: &&&Item| matches!(i.outcome, Outcome::Retain | Outcome::Continue) && i.branches.contains(&row.branch);
                // What no item of the newest plan decides is undecided, whatever an older plan said.
                let done = done.get(&o).copied();
                Some(done.unwrap_or_else(|| items.iter().find(stays).map_or(Outcome::Undecided, |i| i.outcome)))
            };
            renew_vector(workspace, &seal, &group, &index, &becomes)?;
        }
    }
    Ok(())
}

/// Positions of rows that stand in a later seal, and of rows that were not found.
pub(crate) fn record_left(
    workspace: &mut Workspace,
    seal: &Seal,
    index: &SealIndex,
    left: &dyn Fn(u32) -> Option<Outcome>,
) -> Result<(), Fault> {
    for group in &seal.groups {
        renew_vector(workspace, seal, group, index, &|o, _| left(o))?;
    }
    Ok(())
}

/// Records the next vector of a group, if anything moved; a final state is never left.
fn renew_vector(
    workspace: &mut Workspace,
    seal: &Seal,
    group: &str,
    index: &SealIndex,
    becomes: &dyn Fn(u32, &SealRow) -> Option<Outcome>,
) -> Result<(), Fault> {
    let before = vector_codes(workspace, seal, group)?;
    let mut codes = before.clone();
    for (o, row) in (0u32..).zip(&index.rows) {
        let Some(room) = codes.get_mut(row.position as usize) else { continue };
        if let (false, Some(outcome)) = (is_done(*room), becomes(o, row)) {
            *room = outcome.code();
        }
    }
    let known = workspace.state.vectors.contains_key(&(seal.n, seal.copy.clone(), group.to_owned()));
    if (codes == before && known) || codes.is_empty() {
        return Ok(());
    }
    record_vector(workspace, seal, group, &codes)
}

/// Ordinals of a seal's rows that observed orders on a group have destroyed or anonymised, whichever plan ordered them.
fn done_of(workspace: &mut Workspace, seal: &Seal, group: &str) -> Result<BTreeMap<u32, Outcome>, Fault> {
    let outcome = |kind: &OrderKind| if matches!(kind, OrderKind::Anonymise(_)) { Outcome::Anonymise } else { Outcome::Destroy };
    let orders: Vec<(u64, Outcome)> = workspace
        .state
        .orders
        .iter()
        .filter(|(_, o)| o.observed.is_some())
        .filter(|(_, o)| o.kind.effect().is_some_and(|e| e.seal_n == seal.n && e.groups.iter().any(|g| g == group)))
        .map(|(n, o)| (*n, outcome(&o.kind)))
        .collect();
    let mut out = BTreeMap::new();
    for (n, outcome) in orders {
        out.extend(load_list(workspace, &format!("done-{n}"))?.into_iter().map(|o| (o, outcome)));
    }
    Ok(out)
}

fn record_vector(workspace: &mut Workspace, seal: &Seal, group: &str, codes: &[u8]) -> Result<(), Fault> {
    let mut totals: BTreeMap<Outcome, u64> = BTreeMap::new();
    for code in codes {
        *totals.entry(Outcome::of_code(*code).unwrap_or(Outcome::Undecided)).or_default() += 1;
    }
    let uniform = codes.first().filter(|c| codes.iter().all(|d| d == *c)).map(|c| u64::from(*c));
    let vector_doc = if uniform.is_some() { None } else { Some(workspace.documents.put(codes)?) };
    let event = OutcomesRecorded {
        copy: seal.copy.clone(),
        group: group.to_owned(),
        root: Digest(ledger::page_root(codes)),
        seal_n: seal.n,
        totals,
        uniform,
        vector_doc,
    };
    workspace.record(Command::Record(By::Run, Event::OutcomesRecorded(event)))?;
    Ok(())
}
