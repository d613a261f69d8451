//! Subjects and seals in one run: rows are matched to persons, then sealed; once something was ordered, only what moved since is.

use std::collections::BTreeMap;

use case::{By, Command, Event, SubjectsRecorded};
use detect::Headers;
use ledger::{leaf_hash, positions, subject_key, subject_leaf};
use terms::json::json;
use terms::{DatasetSeen, Digest, Fault, Given, Holding, Holdings, Place, Value};

use crate::backup::commitments;
use crate::context::inventory;
use crate::holdings::{Branches, holding};
use crate::keygen::random_id;
use crate::late::{Evaluated, Late, Recognised, class_of, evaluate, leave_behind};
use crate::matching::Persons;
use crate::opened::{Listed, Opened};
use crate::outcomes::record_outcomes;
use crate::planning::{archives, read_plan};
use crate::progress::Progress;
use crate::room;
use crate::rowfacts::{Tells, is_holding};
use crate::seal::{Of, RowLists, Sealer};
use crate::survey::{open_sources, register};
use crate::workspace::Workspace;

/// What matching and sealing found.
#[derive(Clone, Debug)]
pub struct SubjectsReport {
    /// Persons.
    pub subjects: u64,
    /// Rows sealed, in all seals that count.
    pub rows: u64,
    /// Rows of nobody.
    pub unassigned: u64,
    /// Joins refused because two identity numbers differ.
    pub refused: u64,
    /// The archive in which the newly sealed rows lie.
    pub archive: String,
    /// Data sets sealed now: (name, rows); after something was ordered, only rows that came or changed since.
    pub sealed: Vec<(String, u64)>,
    /// Whether seals of before still stand.
    pub delta: bool,
    /// Places that could not be read.
    pub unread: u64,
}

/// Matches rows to persons and seals every holding, in one run.
///
/// # Errors
/// If a source cannot be read again as it was, or ledger, vault or documents fail.
pub fn subjects(workspace: &mut Workspace, progress: &dyn Progress) -> Result<SubjectsReport, Fault> {
    register(workspace)?;
    workspace.begin_run(&["scan", "seal", "outcomes", "subjects"], None)?;
    let ordered = workspace.state.orders.values().any(|o| o.kind.effect().is_some());
    if workspace.state.open_orders().any(|(_, o)| o.kind.effect().is_some_and(|e| e.method != "by_hand")) {
        return Err(Fault::new("orders_open"));
    }
    if let (true, Ok((_, plan))) = (ordered, read_plan(workspace)) {
        // What was seen done before a crash is done, whatever the sources look like now.
        record_outcomes(workspace, &plan)?;
    }
    room::memory(inventory(workspace)?.datasets.iter().map(|d| d.rows).sum(), room::SUBJECTS)?;
    let headers = Headers::shipped().map_err(|_| Fault::new("shipped_data_damaged"))?;
    let mut opened = open_sources(workspace)?;
    let Evaluated { scan, persons, mut late, known } = evaluate(workspace, &mut opened, progress)?;
    if !ordered {
        // Before anything was ordered all is sealed anew.
        late.clear();
    }
    let known = if ordered { Some(known) } else { None };
    let slots = slots(workspace, &persons, known.as_ref())?;
    let archive = random_id("a")?;
    let mut sealer =
        Sealer { scan_n: scan.n, archive: archive.as_str(), slots: &slots, persons: &persons, row_lists: RowLists::new(), nobody: 0 };
    let mut made = seal_all(workspace, &mut opened, &scan.inventory.datasets, &mut sealer, &late, &headers, progress)?;
    if let Some(known) = &known {
        made.take_older(workspace, &mut sealer, &late, known, progress)?;
    }
    let report = SubjectsReport {
        subjects: sealer.row_lists.len() as u64,
        rows: made.holdings.iter().map(Holding::records).sum(),
        unassigned: sealer.nobody,
        refused: persons.refused,
        archive: archive.as_str().to_owned(),
        sealed: std::mem::take(&mut made.sealed),
        delta: !late.is_empty(),
        unread: scan.inventory.unread.len() as u64,
    };
    let lists = std::mem::take(&mut sealer.row_lists);
    let paths: Vec<String> = workspace.file.sources.iter().map(|s| s.path.value.clone()).collect();
    let mut places = workspace.places()?;
    places.seal_at(&paths);
    workspace.keep_places(&places)?;
    record(workspace, made, lists, &report, !late.is_empty())?;
    workspace.end_run(["scan", "seal", "outcomes", "subjects"].map(str::to_owned).to_vec(), Vec::new())?;
    Ok(report)
}

/// The slot of each person: the one known from before, or a new one.
fn slots(workspace: &mut Workspace, persons: &Persons, known: Option<&Recognised>) -> Result<Vec<u32>, Fault> {
    let known: Vec<Option<u32>> = known.map_or_else(|| vec![None; persons.count as usize], |k| k.slots().collect());
    let new = u32::try_from(known.iter().filter(|s| s.is_none()).count()).unwrap_or(persons.count);
    let mut next = workspace.vault()?.slots().append(new)?;
    let mut fresh = || {
        next += 1;
        next - 1
    };
    Ok(known.into_iter().map(|s| s.unwrap_or_else(&mut fresh)).collect())
}

/// What a run has sealed.
#[derive(Default)]
struct Made {
    holdings: Vec<Holding>,
    /// Seals that count from now on.
    seal_ns: Vec<u64>,
    sealed: Vec<(String, u64)>,
}

fn seal_all(
    workspace: &mut Workspace,
    opened: &mut Opened,
    seen: &[DatasetSeen],
    sealer: &mut Sealer<'_>,
    late: &BTreeMap<Place, Late>,
    headers: &Headers,
    progress: &dyn Progress,
) -> Result<Made, Fault> {
    let mut made = Made::default();
    let wanted = || seen.iter().filter(|s| is_holding(s) || late.contains_key(&s.dataset));
    progress.begin("seal", Some(wanted().map(|s| s.rows).sum()));
    for seen_set in wanted() {
        let Some(listed) = opened.listed.iter().find(|l| l.dataset.place == seen_set.dataset) else { continue };
        let before = late.get(&seen_set.dataset);
        let fresh = holding(&workspace.file, listed, seen_set, seen);
        let Some(mut holding) = (match before {
            Some(l) => Some(going_on(&l.holding, fresh, listed)?),
            None => fresh,
        }) else {
            continue;
        };
        let Some((_, Some(source))) = opened.sources.get_mut(listed.source) else { continue };
        let tells = Tells::of(listed, headers, class_of(&holding));
        let mut branches = Branches::after(std::mem::take(&mut holding.branches));
        let of = match before.and_then(|l| Some((l, l.of_n()?, l.parts.first()?))) {
            None => Of::Everything,
            Some((l, of_n, part)) => Of::Late { of_n, rows: l.late_rows(), groups: &part.seal.groups },
        };
        let rows = if let Of::Late { rows, .. } = &of { rows.iter().filter(|late| **late).count() as u64 } else { seen_set.rows };
        if rows > 0 || matches!(of, Of::Everything) {
            let n = sealer.seal(workspace, source.as_mut(), listed, seen_set, (&tells, &of, &mut branches), progress)?;
            made.seal_ns.push(n);
            made.sealed.push((holding.name.clone(), rows));
        }
        holding.branches = branches.list;
        made.holdings.push(holding);
    }
    progress.end();
    // A data set that is not there any more keeps its seals: what became of its rows is said beside them.
    let there = |p: &Place| seen.iter().any(|s| s.dataset == *p);
    made.holdings.extend(late.values().filter(|l| !there(&l.holding.dataset)).map(|l| l.holding.clone()));
    Ok(made)
}

/// The holding of a data set whose seals go on: groups and branches stay, facts are those of the case file now.
fn going_on(recorded: &Holding, fresh: Option<Holding>, listed: &Listed) -> Result<Holding, Fault> {
    let mut out = recorded.clone();
    let Some(said) = &listed.said else { return Ok(out) };
    let columns = |g: &str| recorded.groups.iter().find(|x| x.name == g).map(|x| x.columns.clone()).unwrap_or_default();
    let ordinal = |name: &String| listed.dataset.columns.iter().position(|c| c.name == *name).and_then(|i| u32::try_from(i).ok());
    let same = said.groups.value.iter().all(|(g, names)| names.iter().filter_map(ordinal).all(|c| columns(g).contains(&c)));
    if !same {
        return Err(Fault::new("groups_fixed").with("line", said.groups.line));
    }
    let given = fresh.map(|f| f.given).unwrap_or_default();
    out.given.extend(given.into_iter().filter(|(name, _)| name != "holding.class" || said.class.is_some()));
    Ok(out)
}

impl Made {
    /// Adds what earlier seals hold: their rows stay sealed, and positions that were left behind are said.
    fn take_older(
        &mut self,
        workspace: &mut Workspace,
        sealer: &mut Sealer<'_>,
        late: &BTreeMap<Place, Late>,
        known: &Recognised,
        progress: &dyn Progress,
    ) -> Result<(), Fault> {
        for late in late.values() {
            leave_behind(workspace, late)?;
            for part in &late.parts {
                self.seal_ns.push(part.seal.n);
                let by_position = commitments(workspace, &part.seal, progress)?;
                for row in &part.index.rows {
                    match by_position.get(row.position as usize) {
                        Some(c) if !row.nobody => {
                            let list = sealer.row_lists.entry(known.counted(row.slot)).or_default();
                            list.push((part.seal.n, u64::from(row.position), *c));
                        }
                        _ => sealer.nobody += u64::from(row.nobody),
                    }
                }
            }
        }
        self.seal_ns.sort_unstable();
        Ok(())
    }
}

/// Records the persons, with the holdings as a document.
fn record(workspace: &mut Workspace, made: Made, lists: RowLists, report: &SubjectsReport, delta: bool) -> Result<(), Fault> {
    let given = Given::from([("case.persons".to_owned(), Value::Count(report.subjects))]);
    let holdings_doc = workspace.put_json(&Holdings { given, holdings: made.holdings })?;
    let older = if delta { archives(workspace)? } else { Vec::new() };
    let mut all: Vec<String> = older.iter().map(|a| a.as_str().to_owned()).collect();
    if !report.sealed.is_empty() {
        all.insert(0, report.archive.clone());
    }
    let model = json!({
        "archives": all, "holdings": holdings_doc, "identifiers": ["resident_id", "mobile", "email", "bank_card", "key"],
        "type": "custody.model", "v": 1
    });
    let event = SubjectsRecorded {
        merged_from_n: workspace.state.subjects_n.filter(|_| delta),
        model_doc: workspace.put_json(&model)?,
        root: subjects_root(workspace, lists)?,
        run_n: workspace.run_n()?,
        seal_ns: made.seal_ns,
        subjects: report.subjects,
        unassigned_rows: report.unassigned,
    };
    workspace.record(Command::Record(By::Run, Event::SubjectsRecorded(event)))?;
    Ok(())
}

/// The root over all persons' row lists, in shuffled order under a key of its own (EVIDENCE §6).
fn subjects_root(workspace: &mut Workspace, lists: RowLists) -> Result<Digest, Fault> {
    let slots = workspace.vault()?.slots();
    let slot = slots.append(1)?;
    let key = slots.key(slot)?.ok_or_else(|| Fault::new("slots_damaged"))?;
    let order = positions(&key, u32::try_from(lists.len()).map_err(|_| Fault::new("document_form"))?);
    let mut leaves = vec![[0u8; 32]; order.len()];
    for (mut list, t) in lists.into_values().zip(&order) {
        list.sort_unstable_by_key(|(n, p, _)| (*n, *p));
        let bytes: Vec<u8> = list.iter().flat_map(|(n, p, c)| n.to_be_bytes().into_iter().chain(p.to_be_bytes()).chain(*c)).collect();
        if let Some(leaf) = leaves.get_mut(*t as usize) {
            *leaf = leaf_hash(&subject_leaf(&subject_key(&key, u64::from(*t)), &bytes));
        }
    }
    Ok(Digest(ledger::root(leaves)))
}
