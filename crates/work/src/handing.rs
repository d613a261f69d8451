//! Handing over: what passes law and agreement is ordered, written into a package for its recipient alone, looked at, and signed for.

mod package;
mod receipt;

use std::collections::{BTreeMap, BTreeSet};

use agreement::Agreement;
use case::{BarFacts, Draft, Event, HandOverOrdered, OrderKind, Seal};
use plan::{HandOver, PlanDoc};
use terms::{Fault, Id};

use crate::agreements::agreements;
use crate::align::{Met, Part, RowState, align};
use crate::index::{SealIndex, SealRow};
use crate::keygen::random_id;
use crate::late::{Late, evaluate};
use crate::lists::{keep_list, list_name, load_list};
use crate::opened::Opened;
use crate::progress::Progress;
use crate::report::{ApplyReport, Waiting, unapproved};
use crate::settled::{ending, settled};
use crate::survey::open_sources;
use crate::workspace::Workspace;

pub use receipt::record_receipt;

/// One hand-over of the plan on one seal.
pub(super) struct Piece {
    pub plan: HandOver,
    pub seal: Seal,
    pub plan_n: u64,
    pub order_n: u64,
    /// Ordinals in the seal's index.
    pub rows: Vec<u32>,
}

/// The pieces of one package.
pub(super) struct Parcel {
    pub package: Id,
    pub agreement: Agreement,
    pub pieces: Vec<Piece>,
}

/// Hand-overs that are due, by agreement; what waits is said.
pub(crate) fn due(workspace: &mut Workspace, doc: &PlanDoc, report: &mut ApplyReport) -> Result<Vec<HandOver>, Fault> {
    let today = workspace.today()?;
    let at = workspace.clock.now(workspace.zone(), workspace.state.last_at);
    let mut out = Vec::new();
    for h in &doc.plan.hand_overs {
        if today > h.not_after || left(workspace, h)?.is_empty() {
            continue;
        }
        let wait = |why, until| Waiting { item: h.item.clone(), until, why };
        if h.bars.gate != facts::Truth::False {
            let told = doc.inputs.noticed.iter().any(|n| n.agreement == h.agreement && n.dataset == h.dataset);
            report.waiting.push(wait(if told { "gate" } else { "notice" }, None));
        } else if h.not_before > today {
            report.waiting.push(wait("not_before", Some(h.not_before)));
        } else if workspace.state.held(h.dataset.as_str()) {
            report.waiting.push(wait("hold", None));
        } else if !workspace.state.approved("hand_over", h.item.as_str(), Some(&h.dataset), at) {
            return Err(unapproved(workspace, &h.item));
        } else {
            out.push(h.clone());
        }
    }
    Ok(out)
}

/// Whether something of a data set is still to be handed over, or was and is not settled: until then its source copy stays.
pub(crate) fn pending(workspace: &mut Workspace, doc: &PlanDoc, dataset: &terms::Place) -> Result<Option<Waiting>, Fault> {
    let today = workspace.today()?;
    for h in doc.plan.hand_overs.iter().filter(|h| h.dataset == *dataset && today <= h.not_after) {
        if !left(workspace, h)?.is_empty() {
            return Ok(Some(Waiting { item: h.item.clone(), until: Some(h.not_before).filter(|d| *d > today), why: "hand_over" }));
        }
    }
    let seal = |n: &u64| workspace.state.seals.get(n).is_some_and(|s| s.dataset == *dataset);
    let open = workspace.state.packages.iter().find(|(_, p)| !p.settled && p.seals.iter().any(seal));
    let revoked = |p: &case::Package| workspace.state.keys.get(&p.recipient).is_none_or(|k| k.revoked_from.is_some());
    Ok(open.map(|(id, p)| Waiting { item: id.clone(), until: None, why: if revoked(p) { "recipient" } else { "receipt" } }))
}

/// By seal: rows that a hand-over covers, that are not in a final state, and that no earlier order under the same agreement named.
fn left(workspace: &mut Workspace, plan: &HandOver) -> Result<Vec<(Seal, BTreeSet<u32>)>, Fault> {
    let own = |s: &&Seal| s.dataset == plan.dataset && !ending(workspace, s.n);
    let seals: Vec<Seal> = workspace.state.newest_seals().into_iter().filter(own).cloned().collect();
    let mut out = Vec::new();
    for seal in seals {
        let index = SealIndex::load(workspace, &SealIndex::name(seal.scan_n, &seal.dataset))?;
        // What was destroyed in any of the groups is not there to be handed over.
        let mut done = BTreeSet::new();
        for group in &plan.groups {
            done.extend(settled(workspace, &seal, group)?);
        }
        let before = handed_before(workspace, plan, seal.n)?;
        // A row of nobody has no person who was told or consented.
        let open =
            |(o, r): &(u32, &SealRow)| !r.nobody && plan.branches.contains(&r.branch) && !done.contains(&r.position) && !before.contains(o);
        let rows: BTreeSet<u32> = (0u32..).zip(&index.rows).filter(open).map(|(o, _)| o).collect();
        if !rows.is_empty() {
            out.push((seal, rows));
        }
    }
    Ok(out)
}

/// Rows of a seal that orders for the same party named, of whatever plan: nobody is handed over twice.
fn handed_before(workspace: &mut Workspace, plan: &HandOver, seal_n: u64) -> Result<BTreeSet<u32>, Fault> {
    // One party, one copy: a second agreement with it over the same fields gives nothing that it has not got.
    let same = |o: &HandOverOrdered| workspace.state.agreements.get(&o.agreement_n).is_some_and(|a| a.party == plan.party);
    let names: Vec<String> = workspace
        .state
        .orders
        .values()
        .filter_map(|o| match &o.kind {
            OrderKind::HandOver(h)
                if h.seal_n == seal_n && h.groups == plan.groups && same(h) && !o.observed.as_ref().is_some_and(|d| d.withdrawn) =>
            {
                Some(list_name("handed", h.plan_n, seal_n, &h.item))
            }
            _ => None,
        })
        .collect();
    let mut out = BTreeSet::new();
    for name in names {
        out.extend(load_list(workspace, &name)?);
    }
    Ok(out)
}

/// Carries out what is due, in the open run; what a crash left open is finished first.
pub(crate) fn carry_out(
    workspace: &mut Workspace,
    due: Vec<HandOver>,
    plan_n: u64,
    report: &mut ApplyReport,
    progress: &dyn Progress,
) -> Result<(), Fault> {
    let unfinished = unfinished(workspace)?;
    if due.is_empty() && unfinished.is_empty() {
        return Ok(());
    }
    let mut opened = open_sources(workspace)?;
    let late = evaluate(workspace, &mut opened, progress)?.late;
    let mut parcels = Vec::new();
    for parcel in unfinished {
        if package::found(workspace, &parcel, report)? {
            continue;
        }
        if may_leave(workspace, &parcel, plan_n) { parcels.push(parcel) } else { package::withdraw(workspace, &parcel)? }
    }
    parcels.extend(order(workspace, &mut opened, &late, due, plan_n)?);
    for parcel in parcels {
        package::write(workspace, &mut opened, &late, parcel, report)?;
    }
    Ok(())
}

/// Whether what was ordered before a crash may still leave: the same plan, no hold, the recipient's key in force.
fn may_leave(workspace: &Workspace, parcel: &Parcel, plan_n: u64) -> bool {
    let key = workspace.state.keys.get(&parcel.agreement.kid).is_some_and(|k| k.revoked_from.is_none());
    let today = workspace.today().is_ok_and(|d| parcel.agreement.in_force_on(d));
    key && today && parcel.pieces.iter().all(|p| p.plan_n == plan_n && !workspace.state.held(p.plan.dataset.as_str()))
}

/// Packages whose orders were never seen done: their run ended before.
fn unfinished(workspace: &mut Workspace) -> Result<Vec<Parcel>, Fault> {
    let open: Vec<(u64, HandOverOrdered)> = workspace
        .state
        .open_orders()
        .filter_map(|(n, o)| match &o.kind {
            OrderKind::HandOver(h) => Some((n, h.clone())),
            _ => None,
        })
        .collect();
    let mut out: BTreeMap<Id, Parcel> = BTreeMap::new();
    for (order_n, o) in open {
        let lost = || Fault::new("order_does_not_fit").with("item", &o.item);
        let agreement = workspace.state.agreements.get(&o.agreement_n).map(|a| a.doc).ok_or_else(lost)?;
        let agreement: Agreement = workspace.get_json(&agreement)?;
        let Event::PlanMade(made) = workspace.event(o.plan_n)? else { return Err(lost()) };
        let doc: PlanDoc = workspace.get_json(&made.plan_doc)?;
        let plan = doc.plan.hand_overs.into_iter().find(|h| h.item == o.item).ok_or_else(lost)?;
        let seal = workspace.state.seals.get(&o.seal_n).cloned().ok_or_else(lost)?;
        let rows = load_list(workspace, &list_name("handed", o.plan_n, seal.n, &o.item))?;
        let parcel = out.entry(o.package.clone()).or_insert_with(|| Parcel { package: o.package.clone(), agreement, pieces: Vec::new() });
        parcel.pieces.push(Piece { plan, seal, plan_n: o.plan_n, order_n, rows });
    }
    Ok(out.into_values().collect())
}

/// Orders what is due: a package for each agreement, an entry for each data set and seal in it.
fn order(
    workspace: &mut Workspace,
    opened: &mut Opened,
    late: &BTreeMap<terms::Place, Late>,
    due: Vec<HandOver>,
    plan_n: u64,
) -> Result<Vec<Parcel>, Fault> {
    let filed = agreements(workspace)?;
    let mut out: Vec<Parcel> = Vec::new();
    let mut drafts = Vec::new();
    for plan in due {
        let found = filed.iter().find(|(_, _, a)| a.agreement == plan.agreement);
        let (agreement_n, _, agreement) = found.ok_or_else(|| Fault::new("agreement_over").with("item", &plan.item))?;
        let at = match out.iter().position(|p| p.agreement.agreement == plan.agreement) {
            Some(at) => at,
            None => {
                out.push(Parcel { package: random_id("pkg")?, agreement: agreement.clone(), pieces: Vec::new() });
                out.len() - 1
            }
        };
        let Some(parcel) = out.get_mut(at) else { continue };
        for (seal, rows) in ready(workspace, opened, late, &plan)? {
            keep_list(workspace, &list_name("handed", plan_n, seal.n, &plan.item), &rows)?;
            drafts.push(draft(workspace, &plan, &seal, rows.len() as u64, (*agreement_n, plan_n), parcel)?);
            parcel.pieces.push(Piece { plan: plan.clone(), seal, plan_n, order_n: 0, rows });
        }
    }
    // All orders or none: a crash between two would leave rows that nobody hands over and nobody keeps.
    let mut numbers = workspace.record_all(drafts)?.into_iter();
    let pieces = out.iter_mut().flat_map(|p| &mut p.pieces);
    pieces.zip(&mut numbers).for_each(|(piece, n)| piece.order_n = n);
    out.retain(|p| !p.pieces.is_empty());
    Ok(out)
}

fn draft(
    workspace: &Workspace,
    plan: &HandOver,
    seal: &Seal,
    rows: u64,
    (agreement_n, plan_n): (u64, u64),
    parcel: &Parcel,
) -> Result<Draft, Fault> {
    let facts = HandOverOrdered {
        agreement_n,
        bars: BarFacts { gate: plan.bars.gate, hold: plan.bars.hold, request: plan.bars.request, retention: plan.bars.retention },
        copy: seal.copy.clone(),
        dataset: plan.dataset.clone(),
        demand: plan.demand,
        excluded: 0,
        groups: plan.groups.clone(),
        head_ns: Vec::new(),
        item: plan.item.clone(),
        method: "package".to_owned(),
        not_after: plan.not_after,
        not_before: plan.not_before,
        package: parcel.package.clone(),
        plan_n,
        recipient: parcel.agreement.kid.clone(),
        rows,
        run_n: workspace.run_n()?,
        seal_n: seal.n,
    };
    Ok(Draft { event: Event::HandOverOrdered(facts), by: case::By::Run, rules: plan.rules.clone() })
}

/// By seal: rows that are left to hand over, are as they were sealed, and of which nothing else is known now.
fn ready(
    workspace: &mut Workspace,
    opened: &mut Opened,
    late: &BTreeMap<terms::Place, Late>,
    plan: &HandOver,
) -> Result<Vec<(Seal, Vec<u32>)>, Fault> {
    let wanted: BTreeMap<u64, BTreeSet<u32>> = left(workspace, plan)?.into_iter().map(|(seal, rows)| (seal.n, rows)).collect();
    let parts = Part::of(workspace, &plan.dataset)?;
    let mut rows: Vec<Vec<u32>> = parts.iter().map(|_| Vec::new()).collect();
    let moved: BTreeSet<(u64, u32)> = late.get(&plan.dataset).map(|l| l.moved.clone()).unwrap_or_default();
    let Some((source, dataset)) = at(opened, &plan.dataset)? else { return Ok(Vec::new()) };
    align(source.as_mut(), &dataset, &parts, &mut |_, _, met| {
        let Some(Met { part, ordinal, state: RowState::Unchanged }) = met else { return };
        let (Some(of), Some(list), Ok(o)) = (parts.get(part), rows.get_mut(part), u32::try_from(ordinal)) else { return };
        if wanted.get(&of.seal.n).is_some_and(|w| w.contains(&o)) && !moved.contains(&(of.seal.n, o)) {
            list.push(o);
        }
    })?;
    Ok(parts.into_iter().map(|p| p.seal).zip(rows).filter(|(_, rows)| !rows.is_empty()).collect())
}

/// The open source of a data set, and its listing.
fn at<'a>(opened: &'a mut Opened, place: &terms::Place) -> Result<Option<(&'a mut Box<dyn sources::Source>, sources::Dataset)>, Fault> {
    let listed = opened.listed.iter().find(|l| l.dataset.place == *place).map(|l| (l.dataset.clone(), l.source));
    let Some((dataset, source)) = listed else { return Ok(None) };
    let source = opened.sources.get_mut(source).and_then(|(_, s)| s.as_mut());
    let source = source.ok_or_else(|| Fault::new("source_not_open").with("place", place).retry())?;
    Ok(Some((source, dataset)))
}
