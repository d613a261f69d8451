//! What came, changed or went since a data set was sealed, in its bytes or in what is known of its rows.

use std::collections::{BTreeMap, BTreeSet};

use case::{By, Command, Event};
use detect::Headers;
use inventory::Regions;
use subjects::NOBODY;
use terms::{DatasetSeen, Fault, Given, Holding, Outcome, Place, Value};

use crate::align::{Alignment, Met, Part, RowState, align};
use crate::lists::{list_name, load_list};
use crate::matching::{Matching, Persons, resolve};
use crate::opened::{Opened, unread_of};
use crate::outcomes::record_left;
use crate::planning::recorded_holdings;
use crate::progress::Progress;
use crate::report::ApplyReport;
use crate::rowfacts::Tells;
use crate::settled::settled;
use crate::survey::{DatasetDigest, ScanReport, survey};
use crate::workspace::Workspace;

/// A row that is as it was sealed.
#[derive(Clone, Copy, Debug)]
struct AsSealed {
    seal_n: u64,
    ordinal: u32,
    /// Its slot; [`NOBODY`] if it is nobody's.
    slot: u32,
    branch: u32,
}

/// A data set that was sealed before, with what moved since.
pub(crate) struct Late {
    pub parts: Vec<Part>,
    /// The holding as it was recorded.
    pub holding: Holding,
    /// Rows whose bytes are as they were, but not what is known of them: (seal, ordinal).
    pub moved: BTreeSet<(u64, u32)>,
    alignment: Alignment,
    /// By reading order: the sealed row that it is, if it still is one.
    rows: Vec<Option<AsSealed>>,
}

impl Late {
    /// The number of the full seal.
    pub(crate) fn of_n(&self) -> Option<u64> {
        self.parts.iter().find(|p| p.seal.of_n.is_none()).map(|p| p.seal.n)
    }

    /// By reading order: whether a row belongs to no seal, or not any more.
    pub(crate) fn late_rows(&self) -> Vec<bool> {
        self.rows.iter().map(Option::is_none).collect()
    }

    pub(crate) fn alignment(&self) -> &Alignment {
        &self.alignment
    }
}

/// Persons and data sets as they are now, beside what was sealed.
pub(crate) struct Evaluated {
    pub scan: ScanReport,
    pub persons: Persons,
    pub late: BTreeMap<Place, Late>,
    pub known: Recognised,
}

/// Scans, matches rows to persons, and aligns every data set whose seal stands.
///
/// # Errors
/// If a source with a sealed data set cannot be read, or moves while it is read.
pub(crate) fn evaluate(workspace: &mut Workspace, opened: &mut Opened, progress: &dyn Progress) -> Result<Evaluated, Fault> {
    for source in opened.sources.iter_mut().filter_map(|(_, s)| s.as_mut()) {
        source.hold_still()?;
    }
    let headers = Headers::shipped().map_err(|_| Fault::new("shipped_data_damaged"))?;
    let regions = Regions::shipped().map_err(|_| Fault::new("shipped_data_damaged"))?;
    let mut matching = Matching::new(workspace, opened, &headers, &regions)?;
    let scan = survey(workspace, opened, &mut matching, progress)?;
    let mut persons = resolve(matching);
    let mut late = standing(workspace, opened, &scan.inventory.datasets)?;
    let known = recognise(&late, &mut persons);
    for of in late.values_mut() {
        facts_moved(opened, of, &persons, &headers)?;
    }
    Ok(Evaluated { scan, persons, late, known })
}

/// Every data set whose seals stand, aligned. Before anything was ordered none does: all is sealed anew.
fn standing(workspace: &mut Workspace, opened: &mut Opened, seen: &[DatasetSeen]) -> Result<BTreeMap<Place, Late>, Fault> {
    let mut out = BTreeMap::new();
    let Ok(recorded) = recorded_holdings(workspace) else { return Ok(out) };
    for holding in recorded.holdings {
        let place = holding.dataset.clone();
        let seals: Vec<case::Seal> = workspace.state.newest_seals().into_iter().filter(|s| s.dataset == place).cloned().collect();
        let ended = |n: u64| workspace.state.backups.values().any(|b| b.end.is_some() && b.seal_ns.contains(&n));
        let elsewhere = opened.elsewhere.iter().any(|i| crate::policy::place_of(*i).is_some_and(|p| p.as_str() == place.source()));
        if seals.is_empty() || elsewhere || seals.iter().any(|s| ended(s.n)) {
            continue;
        }
        if let Some(unread) = unread_of(&opened.unread, &place) {
            // Nothing is known of its rows: nothing can be said of them, and nothing is ordered.
            return Err(Fault::named(&unread.reason).with("place", &unread.place).with("source", place.source()).retry());
        }
        let listed = opened.listed.iter().find(|l| l.dataset.place == place).map(|l| (l.dataset.clone(), l.source));
        let parts = Part::of(workspace, &place)?;
        let Some((dataset, source)) = listed else {
            let alignment = Alignment::nothing_there(&parts);
            out.insert(place, Late { parts, holding, moved: BTreeSet::new(), alignment, rows: Vec::new() });
            continue;
        };
        let schema = crate::survey::schema_of(workspace, &dataset)?;
        let digest_key = workspace.vault()?.digest_key("inventory");
        let Some((_, Some(source))) = opened.sources.get_mut(source).filter(|_| seals.iter().all(|s| s.schema_doc == schema)) else {
            continue;
        };
        let mut rows = Vec::new();
        let mut digest = DatasetDigest::new(&digest_key);
        let alignment = align(source.as_mut(), &dataset, &parts, &mut |batch, row, met| {
            digest.row(batch, row);
            rows.push(met.and_then(|m| as_sealed(&parts, m)));
        })?;
        if seen.iter().find(|d| d.dataset == place).is_none_or(|d| d.digest != digest.finish()) {
            return Err(Fault::new("source_moved").with("place", &place).retry());
        }
        out.insert(place, Late { parts, holding, moved: BTreeSet::new(), alignment, rows });
    }
    Ok(out)
}

fn as_sealed(parts: &[Part], met: Met) -> Option<AsSealed> {
    if !matches!(met.state, RowState::Unchanged | RowState::Emptied(_)) {
        return None;
    }
    let part = parts.get(met.part)?;
    let row = part.index.rows.get(met.ordinal)?;
    let slot = if row.nobody { NOBODY } else { row.slot };
    Some(AsSealed { seal_n: part.seal.n, ordinal: u32::try_from(met.ordinal).ok()?, slot, branch: row.branch })
}

/// The slots that persons have from earlier seals; what their rows told then and do not tell any more is given back to them.
fn recognise(late: &BTreeMap<Place, Late>, persons: &mut Persons) -> Recognised {
    let mut out = Recognised { slot_of: vec![None; persons.count as usize], same: BTreeMap::new() };
    let mut told: BTreeMap<(u32, String), Option<Value>> = BTreeMap::new();
    for (place, late) in late {
        let Some(owners) = persons.of_row.get(place) else { continue };
        for (person, row) in owners.iter().zip(&late.rows).filter_map(|(p, k)| Some((*p, (*k)?))) {
            if person == NOBODY || row.slot == NOBODY {
                continue;
            }
            out.unite(person, row.slot);
            let given = late.holding.branches.get(row.branch as usize).map(|b| &b.given);
            for (name, value) in given.into_iter().flatten().filter(|(n, _)| n.starts_with("person.")) {
                let known = told.entry((person, name.clone())).or_insert_with(|| Some(value.clone()));
                // Rows that told different things leave the fact unknown.
                if known.as_ref() != Some(value) {
                    *known = None;
                }
            }
        }
    }
    for ((person, name), value) in told {
        let disputed = persons.conflicting.contains(&(person, name.clone()));
        if let (false, Some(value), Some(now)) = (disputed, value, persons.facts.get_mut(person as usize)) {
            now.entry(name).or_insert(value);
        }
    }
    out
}

/// Who was known before.
pub(crate) struct Recognised {
    slot_of: Vec<Option<u32>>,
    /// Slots that turned out to be one person's: the later one → the earlier.
    same: BTreeMap<u32, u32>,
}

impl Recognised {
    /// The slot of each person, if one is known.
    pub(crate) fn slots(&self) -> impl Iterator<Item = Option<u32>> + '_ {
        self.slot_of.iter().map(|s| s.map(|s| self.counted(s)))
    }

    /// The slot under which a person is counted.
    pub(crate) fn counted(&self, mut slot: u32) -> u32 {
        while let Some(earlier) = self.same.get(&slot) {
            slot = *earlier;
        }
        slot
    }

    fn unite(&mut self, person: u32, slot: u32) {
        let first = self.slot_of.get(person as usize).copied().flatten().unwrap_or(slot);
        let (a, b) = (self.counted(first), self.counted(slot));
        if a != b {
            self.same.insert(a.max(b), a.min(b));
        }
        if let Some(room) = self.slot_of.get_mut(person as usize) {
            *room = Some(a.min(b));
        }
    }
}

/// Rows whose facts are no longer those under which they were sealed: a voucher came, consent was withdrawn, a child came of age.
fn facts_moved(opened: &mut Opened, late: &mut Late, persons: &Persons, headers: &Headers) -> Result<(), Fault> {
    let place = late.holding.dataset.clone();
    let Some(listed) = opened.listed.iter().find(|l| l.dataset.place == place) else { return Ok(()) };
    let Some(owners) = persons.of_row.get(&place).filter(|o| o.len() == late.rows.len()) else { return Ok(()) };
    let tells = Tells::of(listed, headers, class_of(&late.holding));
    let Some((_, Some(source))) = opened.sources.get_mut(listed.source) else { return Ok(()) };
    let (rows, branches, moved) = (&mut late.rows, &late.holding.branches, &mut late.moved);
    let mut i = 0;
    source.read(&place, &mut |batch| {
        for row in 0..batch.rows() {
            let (person, as_sealed) = (owners.get(i).copied().unwrap_or(NOBODY), rows.get(i).copied().flatten());
            let told = as_sealed.and_then(|r| branches.get(r.branch as usize));
            if let (Some(sealed), Some(told)) = (as_sealed, told) {
                let now = persons.given(&tells, listed, batch, row, person);
                if with_told(now, &told.given, person, persons) != told.given {
                    moved.insert((sealed.seal_n, sealed.ordinal));
                    if let Some(room) = rows.get_mut(i) {
                        *room = None;
                    }
                }
            }
            i += 1;
        }
        Ok(())
    })?;
    for (seal_n, ordinal) in late.moved.clone() {
        late.alignment.set_changed(seal_n, ordinal);
    }
    Ok(())
}

/// Facts of a row now, with those that it told when it was sealed and cannot tell any more: its fields were emptied since.
fn with_told(mut now: Given, told: &Given, person: u32, persons: &Persons) -> Given {
    for (name, value) in told {
        let disputed = persons.conflicting.contains(&(person, name.clone()));
        match (now.get(name), value) {
            (None, _) if !disputed => {
                now.insert(name.clone(), value.clone());
            }
            // A voucher that was destroyed since does not shorten what its buyer's entry is kept for.
            (Some(Value::Date(day)), Value::Date(before)) if name == "record.voucher_date" && day < before => {
                now.insert(name.clone(), value.clone());
            }
            _ => {}
        }
    }
    now
}

/// The record class of a holding.
pub(crate) fn class_of(holding: &Holding) -> &str {
    match holding.given.get("holding.class") {
        Some(Value::One(class)) => class,
        _ => "",
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
    let files: Vec<String> = orders.map(|e| list_name("targets", e.plan_n, e.seal_n, &e.item)).collect();
    let mut out = BTreeSet::new();
    for file in files {
        out.extend(load_list(workspace, &file)?);
    }
    Ok(out)
}

/// Rows that came, changed or went after the seals, and that no job accounts for: they keep the case open until a delta seal has them.
pub(crate) fn late_rows(
    workspace: &mut Workspace,
    parts: &[Part],
    seen: &Alignment,
    meant: &BTreeMap<u64, BTreeSet<u32>>,
    report: &mut ApplyReport,
) -> Result<(), Fault> {
    let newest: Vec<u64> = workspace.state.newest_seals().iter().map(|s| s.n).collect();
    let Some(full) = parts.iter().find(|p| p.seal.of_n.is_none() && newest.contains(&p.seal.n)).map(|p| p.seal.n) else { return Ok(()) };
    let mut late = seen.new_rows;
    for part in parts {
        let none = BTreeSet::new();
        let meant = meant.get(&part.seal.n).unwrap_or(&none);
        let states = seen.states.get(&part.seal.n).map(Vec::as_slice).unwrap_or_default();
        late += states.iter().filter(|s| **s == RowState::Changed).count() as u64;
        let gone: Vec<u32> = (0u32..).zip(states).filter(|(o, s)| **s == RowState::Gone && !meant.contains(o)).map(|(o, _)| o).collect();
        late += unaccounted(workspace, part, &gone)?;
    }
    report.late += late;
    if late == 0 || workspace.state.unsealed.contains(&full) {
        return Ok(());
    }
    let event = case::ExceptionRecorded { about_n: Some(full), kind: "new_rows".to_owned(), receipt_doc: None, rows: Some(late) };
    workspace.record(Command::Record(By::Run, Event::ExceptionRecorded(event)))?;
    Ok(())
}

/// How many of some rows have a group of which nobody said what became of it.
fn unaccounted(workspace: &Workspace, part: &Part, ordinals: &[u32]) -> Result<u64, Fault> {
    let mut open: BTreeSet<u32> = BTreeSet::new();
    for group in &part.seal.groups {
        let done = settled(workspace, &part.seal, group)?;
        let position = |o: &u32| part.index.rows.get(*o as usize).map(|r| r.position);
        open.extend(ordinals.iter().copied().filter(|o| position(o).is_some_and(|p| !done.contains(&p))));
    }
    Ok(open.len() as u64)
}
