//! Carrying out what is due today: order, erase, purge, look again, observe; what waits is said, and the next run goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use case::{BarFacts, By, Command, EffectObserved, EffectOrdered, Event, OutcomesRecorded, Seal, Wait};
use plan::{Item, Method, PlanDoc};
use sources::{Action, Source};
use terms::json::json;
use terms::{Day, Digest, Fault, Id, Level, Outcome, Place};

use crate::align::{Alignment, RowState, align};
use crate::index::SealIndex;
use crate::look::{Recall, absence, columns, recall, sight};
use crate::planning::{known, read_plan};
use crate::progress::Progress;
use crate::survey::{Deaf, Opened, open_sources, survey};
use crate::workspace::Workspace;

/// What was done and what waits.
#[derive(Clone, Debug, Default)]
pub struct ApplyReport {
    /// Items observed in this run: (item, rows done, rows kept, level).
    pub done: Vec<(Id, u64, u64, Level)>,
    /// What waits.
    pub waiting: Vec<Waiting>,
    /// What would be ordered now (dry run).
    pub due: Vec<(Id, u64)>,
    /// Values that still stand lawfully in rows that stay.
    pub lawful: u64,
}

/// Something that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The item.
    pub item: Id,
    /// Until when, if a day is known.
    pub until: Option<Day>,
    /// Why: `not_before`, `by_hand`, `gate`, `safety_window`.
    pub why: &'static str,
}

/// One item on one seal, to be carried out.
struct Job {
    item: Item,
    seal: Seal,
    index_name: String,
    index: SealIndex,
    /// Ordinals in the index that the item covers and that are not settled.
    targets: Vec<u32>,
    columns: Arc<[u32]>,
    order_n: Option<u64>,
    /// Targets that were found as they were sealed, before anything was ordered.
    unchanged: Vec<u32>,
    /// The plan that ordered it.
    plan_n: u64,
    /// Whether that plan was replaced since: what was not done by then is withdrawn.
    stale: bool,
}

impl Job {
    fn file(&self, what: &str) -> String {
        format!("{what}-{}-{}-{}", self.plan_n, self.seal.n, self.item.item)
    }

    fn deletes(&self) -> bool {
        self.item.method == Method::DeleteRows
    }
}

/// What another job of the same run does to the rows of a seal.
struct Peer {
    seal_n: u64,
    targets: BTreeSet<u32>,
    columns: Arc<[u32]>,
}

impl Peer {
    fn of(job: &Job) -> Peer {
        Peer { seal_n: job.seal.n, targets: job.targets.iter().copied().collect(), columns: job.columns.clone() }
    }
}

/// Carries out what is due.
///
/// # Errors
/// If approvals, law, schema or data moved beyond the tolerance, or a step fails; running again goes on.
pub fn apply(workspace: &mut Workspace, dry_run: bool, progress: &dyn Progress) -> Result<ApplyReport, Fault> {
    if !dry_run {
        crate::planning::sync_holds(workspace)?;
    }
    let (plan_n, doc) = read_plan(workspace)?;
    unmoved(workspace, &doc)?;
    let mut report = ApplyReport::default();
    let today = workspace.today()?;
    let due = due_items(workspace, &doc, today, &mut report)?;
    approved(workspace, &due)?;
    let due_again = due.clone();
    let mut jobs = self::jobs(workspace, due, plan_n)?;
    if dry_run {
        report.due = jobs.iter().filter(|j| j.order_n.is_none()).map(|j| (j.item.item.clone(), j.targets.len() as u64)).collect();
        return Ok(report);
    }
    workspace.begin_run(&["scan", "destroy", "outcomes", "shred"], Some(plan_n))?;
    if settle_replaced(workspace, &doc, &mut report, progress)? {
        jobs = self::jobs(workspace, due_again, plan_n)?;
    }
    let mut opened = open_sources(workspace)?;
    schemas_unmoved(workspace, &opened, &jobs)?;
    within_tolerance(workspace, &mut opened, &mut jobs)?;
    for i in 0..opened.sources.len() {
        let here: Vec<usize> = jobs.iter().enumerate().filter(|(_, j)| source_of(j) == Some(i)).map(|(k, _)| k).collect();
        if !here.is_empty() {
            order_all(workspace, &mut opened, i, &mut jobs, &here, plan_n)?;
            carry_out(workspace, &mut opened, i, &jobs, &here, progress)?;
        }
    }
    if !jobs.is_empty() {
        let mut again = open_sources(workspace)?;
        let scan_n = survey(workspace, &mut again, &mut Deaf, progress)?.n;
        let peers: Vec<Peer> = jobs.iter().map(Peer::of).collect();
        for job in &mut jobs {
            observe(workspace, &mut again, job, &peers, scan_n, &mut report)?;
        }
    }
    record_outcomes(workspace, &doc)?;
    crate::shredding::shred_in_run(workspace, &doc, &mut report)?;
    let done = report.done.iter().map(|(item, ..)| item.as_str().to_owned()).collect();
    let waits = report.waiting.iter().filter_map(|w| Some(Wait { item: w.item.clone(), until: w.until? })).collect();
    workspace.end_run(done, waits)?;
    Ok(report)
}

fn source_of(job: &Job) -> Option<usize> {
    job.seal.dataset.source().strip_prefix("src")?.parse::<usize>().ok()?.checked_sub(1)
}

/// Refuses when the plan no longer says what it said: packs, case facts, answers, holds.
fn unmoved(workspace: &Workspace, doc: &PlanDoc) -> Result<(), Fault> {
    let now = known(workspace)?.inputs;
    let moved = |what: &str| Err(Fault::new("plan_moved").with("what", what));
    if now.packs != doc.inputs.packs {
        return moved("packs");
    }
    if now.case != doc.inputs.case {
        return moved("case_file");
    }
    if now.answers != doc.inputs.answers {
        return moved("answers");
    }
    if now.acts != doc.inputs.acts {
        return moved("acts");
    }
    if now.holdings != doc.inputs.holdings {
        return moved("holdings");
    }
    Ok(())
}

fn due_items(workspace: &Workspace, doc: &PlanDoc, today: Day, report: &mut ApplyReport) -> Result<Vec<Item>, Fault> {
    let mut due = Vec::new();
    for item in doc.plan.items.iter().filter(|i| i.irreversible()) {
        let observed =
            workspace.state.orders.values().any(|o| o.observed.is_some() && o.kind.item() == &item.item && same_plan(workspace, &o.kind));
        if observed {
            continue;
        }
        let wait = |why, until| Waiting { item: item.item.clone(), until, why };
        if item.not_before.is_some_and(|d| d > today) {
            report.waiting.push(wait("not_before", item.not_before));
        } else if item.bars.gate != facts::Truth::False {
            report.waiting.push(wait("gate", None));
        } else {
            due.push(item.clone());
        }
    }
    Ok(due)
}

fn same_plan(workspace: &Workspace, kind: &case::OrderKind) -> bool {
    let plan_n = workspace.state.plan.as_ref().map(|p| p.n);
    kind.effect().is_some_and(|e| Some(e.plan_n) == plan_n)
}

fn approved(workspace: &Workspace, due: &[Item]) -> Result<(), Fault> {
    let at = workspace.clock.now(workspace.zone(), workspace.state.last_at);
    for item in due {
        if !workspace.state.approved("destroy", item.item.as_str(), Some(&item.dataset), at) {
            return Err(Fault::new("not_approved").with("item", &item.item));
        }
        if workspace.state.held(item.dataset.as_str()) {
            return Err(Fault::new("held").with("item", &item.item));
        }
    }
    Ok(())
}

fn jobs(workspace: &mut Workspace, due: Vec<Item>, plan_n: u64) -> Result<Vec<Job>, Fault> {
    let seals: Vec<Seal> = workspace.state.newest_seals().into_iter().cloned().collect();
    let mut out = Vec::new();
    for item in due {
        for seal in seals.iter().filter(|s| s.dataset == item.dataset) {
            if workspace.state.backup_of(seal.n).is_none() {
                return Err(Fault::new("no_backup").with("place", &seal.dataset));
            }
            let index_name = SealIndex::name(seal.scan_n, &seal.dataset, seal.of_n.is_some());
            let index = SealIndex::load(workspace, &index_name)?;
            let settled = settled(workspace, seal, item.groups.first().map(String::as_str).unwrap_or_default())?;
            let targets: Vec<u32> = (0u32..)
                .zip(&index.rows)
                .filter(|(_, r)| item.branches.contains(&r.branch) && !settled.contains(&r.position))
                .map(|(i, _)| i)
                .collect();
            let order_n = workspace
                .state
                .open_orders()
                .find(|(_, o)| o.kind.effect().is_some_and(|e| e.item == item.item && e.seal_n == seal.n && e.plan_n == plan_n))
                .map(|(n, _)| n);
            if !targets.is_empty() || order_n.is_some() {
                let columns: Arc<[u32]> = item.columns.clone().into();
                let (item, seal, unchanged) = (item.clone(), seal.clone(), Vec::new());
                let mut job = Job { item, seal, index_name, index, targets, columns, order_n, unchanged, plan_n, stale: false };
                if order_n.is_some() {
                    job.targets = load_list(workspace, &job.file("targets"))?;
                }
                out.push(job);
            }
        }
    }
    Ok(out)
}

/// Looks at orders of a plan that was replaced, and settles them: what was done stays done, the rest is withdrawn.
fn settle_replaced(workspace: &mut Workspace, doc: &PlanDoc, report: &mut ApplyReport, progress: &dyn Progress) -> Result<bool, Fault> {
    let current = workspace.state.plan.as_ref().map(|p| p.n);
    let open: Vec<(u64, EffectOrdered)> = workspace
        .state
        .open_orders()
        .filter_map(|(n, o)| Some((n, o.kind.effect()?.clone())))
        .filter(|(_, e)| Some(e.plan_n) != current)
        .collect();
    if open.is_empty() {
        return Ok(false);
    }
    let mut opened = open_sources(workspace)?;
    let scan_n = survey(workspace, &mut opened, &mut Deaf, progress)?.n;
    for (n, e) in open {
        let lost = || Fault::new("order_does_not_fit").with("item", &e.item);
        let Event::PlanMade(made) = workspace.event(e.plan_n)? else { return Err(lost()) };
        let old: PlanDoc = workspace.get_json(&made.plan_doc)?;
        let item = old.plan.items.into_iter().find(|i| i.item == e.item).ok_or_else(lost)?;
        let seal = workspace.state.seals.get(&e.seal_n).cloned().ok_or_else(lost)?;
        let index_name = SealIndex::name(seal.scan_n, &seal.dataset, seal.of_n.is_some());
        let index = SealIndex::load(workspace, &index_name)?;
        let columns: Arc<[u32]> = item.columns.clone().into();
        let mut job = Job {
            item,
            seal,
            index_name,
            index,
            targets: Vec::new(),
            columns,
            order_n: Some(n),
            unchanged: Vec::new(),
            plan_n: e.plan_n,
            stale: true,
        };
        job.targets = load_list(workspace, &job.file("targets"))?;
        observe(workspace, &mut opened, &mut job, &[], scan_n, report)?;
    }
    record_outcomes(workspace, doc)?;
    Ok(true)
}

/// Whether nothing is left to do for an item: observed under this plan, or all its rows in a final state.
pub(crate) fn is_settled(workspace: &mut Workspace, item: &Item) -> Result<bool, Fault> {
    let observed = |o: &case::Order| o.observed.is_some() && o.kind.item() == &item.item && same_plan(workspace, &o.kind);
    if workspace.state.orders.values().any(observed) {
        return Ok(true);
    }
    let seals: Vec<Seal> = workspace.state.newest_seals().into_iter().filter(|s| s.dataset == item.dataset).cloned().collect();
    for seal in seals {
        if ending(workspace, seal.n) {
            continue;
        }
        let index = SealIndex::load(workspace, &SealIndex::name(seal.scan_n, &seal.dataset, seal.of_n.is_some()))?;
        for group in &item.groups {
            let settled = settled(workspace, &seal, group)?;
            if index.rows.iter().any(|r| item.branches.contains(&r.branch) && !settled.contains(&r.position)) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Positions of a group that are in a final state already.
fn settled(workspace: &Workspace, seal: &Seal, group: &str) -> Result<BTreeSet<u32>, Fault> {
    let codes = vector_codes(workspace, seal, group)?;
    let fin = |c: u8| Outcome::of_code(c).is_some_and(Outcome::is_final);
    Ok((0u32..).zip(codes).filter(|(_, c)| fin(*c)).map(|(p, _)| p).collect())
}

/// The codes of the newest vector; all undecided if there is none.
fn vector_codes(workspace: &Workspace, seal: &Seal, group: &str) -> Result<Vec<u8>, Fault> {
    let len = usize::try_from(seal.rows).map_err(|_| Fault::new("document_form"))?;
    let vector = workspace.state.vectors.get(&(seal.n, seal.copy.clone(), group.to_owned()));
    Ok(match vector {
        None => vec![0; len],
        Some(v) => match (v.uniform, v.doc) {
            (Some(code), _) => vec![u8::try_from(code).unwrap_or_default(); len],
            (None, Some(doc)) => workspace
                .documents
                .get(&doc)?
                .filter(|b| b.len() == len)
                .ok_or_else(|| Fault::new("document_missing").with("document", doc))?,
            (None, None) => vec![0; len],
        },
    })
}

fn schemas_unmoved(workspace: &Workspace, opened: &Opened, jobs: &[Job]) -> Result<(), Fault> {
    for job in jobs {
        let listed = opened.listed.iter().find(|l| l.dataset.place == job.seal.dataset);
        let now = listed.map(|l| crate::survey::schema_of(workspace, &l.dataset)).transpose()?;
        // A file that is gone has nothing left to move; a table that changed its shape must be planned anew.
        if now.is_some_and(|n| n != job.seal.schema_doc) {
            return Err(Fault::new("schema_moved").with("place", &job.seal.dataset));
        }
    }
    Ok(())
}

/// The source of that ordinal, if it is open and lists the place.
fn open_at<'a>(opened: &'a mut Opened, i: usize, place: &Place) -> Option<&'a mut Box<dyn Source>> {
    let listed = opened.listed.iter().any(|l| l.source == i && l.dataset.place == *place);
    opened.sources.get_mut(i).and_then(|(_, s)| s.as_mut()).filter(|_| listed)
}

/// Aligns a job's rows with what the source holds now; a data set that is gone has no rows.
fn aligned(workspace: &mut Workspace, opened: &mut Opened, job: &Job, peers: &[Peer]) -> Result<Alignment, Fault> {
    let key = workspace.vault()?.slots().key(job.index.key_slot)?.ok_or_else(|| Fault::new("slot_shredded"))?;
    let targets: BTreeSet<u32> = job.targets.iter().copied().collect();
    let emptied = |i: usize| u32::try_from(i).ok().filter(|i| targets.contains(i) && !job.deletes()).map(|_| job.columns.clone());
    let source = source_of(job).unwrap_or_default();
    if opened.sources.get(source).is_none_or(|(_, s)| s.is_none()) {
        // What cannot be opened was not seen: nothing is known of its rows.
        return Err(Fault::new("source_not_open").with("place", &job.seal.dataset).retry());
    }
    let here = source_place(&job.seal.dataset);
    let unread = opened.unread.iter().any(|u| source_place(&u.place) == here);
    match open_at(opened, source, &job.seal.dataset) {
        Some(open) => {
            let beside = |i: usize| {
                let here = |p: &&Peer| p.seal_n == job.seal.n && u32::try_from(i).is_ok_and(|i| p.targets.contains(&i));
                peers.iter().filter(here).map(|p| p.columns.clone()).collect()
            };
            align(open.as_mut(), &job.seal.dataset, &job.index, &key, &emptied, &beside)
        }
        None if unread => Err(Fault::new("source_unread").with("source", here).retry()),
        None => {
            let all = vec![Some(RowState::Gone); job.index.rows.len()];
            Ok(Alignment { digests: vec![None; all.len()], states: all, new_rows: 0 })
        }
    }
}

/// Ordinals of sealed rows that stand, byte for byte, in another data set of the same source: moved, not gone.
fn moved(workspace: &mut Workspace, opened: &mut Opened, job: &Job) -> Result<BTreeSet<u32>, Fault> {
    let key = workspace.vault()?.slots().key(job.index.key_slot)?.ok_or_else(|| Fault::new("slot_shredded"))?;
    let sealed: BTreeMap<[u8; 16], u32> = (0u32..).zip(&job.index.rows).map(|(i, r)| (r.digest, i)).collect();
    let source = source_of(job).unwrap_or_default();
    let others: Vec<Place> = opened
        .listed
        .iter()
        .filter(|l| l.source == source && l.dataset.place != job.seal.dataset)
        .map(|l| l.dataset.place.clone())
        .collect();
    let mut out = BTreeSet::new();
    let Some((_, Some(open))) = opened.sources.get_mut(source) else { return Ok(out) };
    let mut bytes = Vec::new();
    for place in others {
        open.read(&place, &mut |batch| {
            for row in 0..batch.rows() {
                rows::canonical_row(batch.row(row), &mut bytes);
                out.extend(sealed.get(&crate::index::row_digest(&key, &bytes)));
            }
            Ok(())
        })?;
    }
    Ok(out)
}

/// Looks at every job before anything is ordered: beyond the tolerance nothing is, in any source.
fn within_tolerance(workspace: &mut Workspace, opened: &mut Opened, jobs: &mut [Job]) -> Result<(), Fault> {
    for job in jobs.iter_mut().filter(|j| j.order_n.is_none()) {
        let live = source_of(job).and_then(|i| workspace.file.sources.get(i)).is_some_and(|s| s.live);
        let tolerance = workspace.file.tolerance.ppm(live);
        let alignment = aligned(workspace, opened, job, &[])?;
        let state = |o: &u32| alignment.states.get(*o as usize).copied().flatten();
        let moved = job.targets.iter().filter(|o| matches!(state(o), Some(RowState::Changed | RowState::Gone))).count() as u64;
        let skipped = moved + alignment.new_rows;
        if skipped * 1_000_000 > tolerance * job.seal.rows.max(1) {
            return Err(Fault::new("beyond_tolerance").with("place", &job.seal.dataset).with("rows", skipped).with("of", job.seal.rows));
        }
        job.unchanged = job.targets.iter().copied().filter(|o| matches!(state(o), Some(RowState::Unchanged | RowState::Erased))).collect();
    }
    Ok(())
}

/// Orders every job of a source: sight, then one entry each; a job that was ordered before keeps its order.
fn order_all(workspace: &mut Workspace, opened: &mut Opened, i: usize, jobs: &mut [Job], here: &[usize], plan_n: u64) -> Result<(), Fault> {
    for k in here {
        let Some(job) = jobs.get_mut(*k) else { continue };
        if job.order_n.is_some() {
            continue;
        }
        let unchanged = job.unchanged.clone();
        let archive = known(workspace)?.archive;
        let seen = match open_at(opened, i, &job.seal.dataset) {
            Some(open) if job.item.method != Method::ByHand => {
                let sight = sight(workspace, open.as_ref(), &archive, &job.seal, &job.index, &unchanged, &job.columns, true)?;
                recall(open.as_mut(), &job.seal.dataset, sight)?
            }
            _ => Recall { live: BTreeMap::new(), asked: BTreeMap::new(), found: BTreeMap::new() },
        };
        // Content first: which rows are meant, and what the search saw of them.
        keep_list(workspace, &job.file("targets"), &job.targets)?;
        keep_list(workspace, &job.file("order"), &unchanged)?;
        keep_recall(workspace, &job.file("recall"), &seen)?;
        let backup_n = workspace.state.backup_of(job.seal.n);
        let event = Event::DestroyOrdered(EffectOrdered {
            backup_n,
            bars: BarFacts {
                gate: job.item.bars.gate,
                hold: job.item.bars.hold,
                request: job.item.bars.request,
                retention: job.item.bars.retention,
            },
            copy: job.seal.copy.clone(),
            dataset: job.seal.dataset.clone(),
            demand: job.item.demand,
            excluded: 0,
            groups: job.item.groups.clone(),
            head_ns: Vec::new(),
            item: job.item.item.clone(),
            method: method_word(job.item.method).to_owned(),
            not_after: job.item.not_after,
            not_before: job.item.not_before.unwrap_or(workspace.today()?),
            plan_n,
            rows: job.targets.len() as u64,
            run_n: workspace.run_n()?,
            seal_n: job.seal.n,
            waiver_n: None,
        });
        let numbers = workspace.record(Command::RecordUnder(By::Run, event, job.item.rules.clone()))?;
        job.order_n = numbers.first().copied();
    }
    Ok(())
}

pub(crate) fn method_word(method: Method) -> &'static str {
    match method {
        Method::DeleteRows => "delete_rows",
        Method::EraseFields => "erase_fields",
        Method::ByHand => "by_hand",
        Method::Store => "store",
        Method::Leave => "leave",
    }
}

/// Erases what was ordered in one source, then purges it once.
fn carry_out(
    workspace: &mut Workspace,
    opened: &mut Opened,
    i: usize,
    jobs: &[Job],
    here: &[usize],
    progress: &dyn Progress,
) -> Result<(), Fault> {
    let direct: Vec<&Job> = here.iter().filter_map(|k| jobs.get(*k)).filter(|j| j.item.method != Method::ByHand).collect();
    if direct.is_empty() {
        return Ok(());
    }
    let Some((_, Some(source))) = opened.sources.get_mut(i) else { return Ok(()) };
    let places: Vec<Place> = direct.iter().map(|j| j.seal.dataset.clone()).collect::<BTreeSet<_>>().into_iter().collect();
    progress.begin("erase", None);
    for place in &places {
        let own: Vec<&&Job> = direct.iter().filter(|j| j.seal.dataset == *place).collect();
        let Some(first) = own.first() else { continue };
        // What each row's orders ask for together.
        let mut wanted: BTreeMap<u32, Action> = BTreeMap::new();
        for job in &own {
            for o in load_list(workspace, &job.file("order"))? {
                let action = match wanted.remove(&o) {
                    _ if job.deletes() => Action::Delete,
                    Some(Action::Empty(columns)) => Action::Empty(columns.iter().chain(job.columns.iter()).copied().collect()),
                    Some(other) => other,
                    None => Action::Empty(job.columns.clone()),
                };
                wanted.insert(o, action);
            }
        }
        let key = workspace.vault()?.slots().key(first.index.key_slot)?.ok_or_else(|| Fault::new("slot_shredded"))?;
        let emptied = |o: usize| match wanted.get(&u32::try_from(o).unwrap_or(u32::MAX)) {
            Some(Action::Empty(columns)) => Some(columns.clone()),
            _ => None,
        };
        let mut aligner = crate::align::Aligner::new(&first.index, &key, &emptied, &|_| Vec::new());
        source.erase(std::slice::from_ref(place), &mut |_, batch, row| {
            progress.add(1);
            Ok(match aligner.take(batch, row) {
                Some((o, RowState::Unchanged)) => wanted.get(&u32::try_from(o).unwrap_or(u32::MAX)).cloned().unwrap_or(Action::Keep),
                _ => Action::Keep,
            })
        })?;
    }
    progress.end();
    progress.begin("purge", None);
    source.purge(&places)?;
    progress.end();
    Ok(())
}

/// Looks again at one job and records what was seen.
fn observe(
    workspace: &mut Workspace,
    opened: &mut Opened,
    job: &mut Job,
    peers: &[Peer],
    scan_n: u64,
    report: &mut ApplyReport,
) -> Result<(), Fault> {
    let Some(order_n) = job.order_n else { return Ok(()) };
    let by_hand = job.item.method == Method::ByHand;
    let alignment = match aligned(workspace, opened, job, peers) {
        // Somebody has still to do it, or it cannot be seen yet: the order stays open.
        Err(e) if by_hand && e.may_retry() => {
            report.waiting.push(Waiting { item: job.item.item.clone(), until: job.item.not_after, why: "by_hand" });
            return Ok(());
        }
        other => other?,
    };
    let elsewhere = if by_hand { moved(workspace, opened, job)? } else { BTreeSet::new() };
    let ordered: BTreeSet<u32> = load_list(workspace, &job.file("order"))?.into_iter().collect();
    let ordered_rows = workspace.state.orders.get(&order_n).and_then(|o| o.kind.effect()).map_or(0, |e| e.rows);
    let state = |o: u32| alignment.states.get(o as usize).copied().flatten();
    let is_done = |o: u32| match state(o) {
        Some(RowState::Erased) => true,
        Some(RowState::Gone) => job.deletes() || by_hand,
        _ => false,
    };
    let (mut done, mut kept): (Vec<u32>, BTreeMap<String, u64>) = (Vec::new(), BTreeMap::new());
    for o in &job.targets {
        if ordered.contains(o) && is_done(*o) && !elsewhere.contains(o) {
            done.push(*o);
        } else if by_hand && !job.stale {
            report.waiting.push(Waiting { item: job.item.item.clone(), until: job.item.not_after, why: "by_hand" });
            return Ok(());
        } else {
            let why = match state(*o) {
                _ if job.stale && ordered.contains(o) => "withdrawn",
                Some(RowState::Gone) => "gone",
                _ => "changed",
            };
            *kept.entry(why.to_owned()).or_default() += 1;
        }
    }
    let settled_before = ordered_rows.saturating_sub(job.targets.len() as u64);
    if settled_before > 0 {
        return Err(Fault::new("order_does_not_fit").with("item", &job.item.item));
    }
    let cap = source_cap(workspace, &job.seal.dataset);
    let archive = known(workspace)?.archive;
    let source = source_of(job).unwrap_or_default();
    // Values stand lawfully only in data sets that were sealed and decided on; anywhere else they remain.
    let sealed: BTreeSet<Place> = workspace.state.newest_seals().iter().map(|s| s.dataset.clone()).collect();
    let places: Vec<Place> =
        opened.listed.iter().filter(|l| l.source == source && sealed.contains(&l.dataset.place)).map(|l| l.dataset.place.clone()).collect();
    let recall = load_recall(workspace, &job.file("recall"))?;
    let looked = match opened.sources.get_mut(source) {
        Some((_, Some(open))) if !by_hand => {
            let sight = sight(workspace, open.as_ref(), &archive, &job.seal, &job.index, &done, &job.columns, false)?;
            Some(absence(open.as_mut(), &places, sight)?)
        }
        _ => None,
    };
    let (cols, level, bytes, unread, lawful) = match &looked {
        Some(a) => {
            let cols = columns(&job.columns, &recall, a, cap.min(Level::L3));
            let least = cols.iter().map(|c| c.level).min().unwrap_or(Level::L2);
            (cols, least.min(cap).min(Level::L3), a.bytes, a.unread, a.lawful)
        }
        None => (Vec::new(), Level::L1.min(cap), 0, 0, 0),
    };
    let hits: u64 = cols.iter().map(|c| c.hits).sum();
    if hits > 0 {
        return Err(Fault::new("values_remain").with("place", &job.seal.dataset).with("values", hits).retry());
    }
    let scope = out_of_scope(&job.item, &looked.is_some());
    let receipt = json!({
        "bytes_searched": bytes, "bytes_unread": unread, "columns": cols, "item": job.item.item, "kept": kept, "lawfully_present": lawful,
        "level": level, "method": method_word(job.item.method), "order_n": order_n, "out_of_scope": scope, "rows_done": done.len(),
        "store": workspace.state.sources.get(&source_place(&job.seal.dataset)).map(|s| s.store.clone()).unwrap_or_default(),
        "type": "custody.destruction_receipt", "v": 1
    });
    keep_list(workspace, &format!("done-{order_n}"), &done)?;
    renew_index(workspace, job, &alignment, &done)?;
    let safety = i64::try_from(workspace.state.opened.as_ref().map_or(30, |o| o.safety_days)).unwrap_or(30);
    let event = Event::DestroyObserved(EffectObserved {
        backup_until: Some(workspace.today()?.plus_days(safety)),
        bytes_searched: bytes,
        bytes_unread: unread,
        columns: cols,
        level,
        order_n,
        out_of_scope: scope,
        receipt_doc: workspace.put_json(&receipt)?,
        rows_done: done.len() as u64,
        rows_kept: kept.clone(),
        scan_n: Some(scan_n),
    });
    workspace.record(Command::RecordUnder(By::Run, event, job.item.rules.clone()))?;
    if alignment.new_rows > 0 {
        // Rows that came after the seal were decided by nobody: they keep the case open until they are sealed.
        let event = case::ExceptionRecorded { about_n: Some(job.seal.n), kind: "new_rows".to_owned(), rows: Some(alignment.new_rows) };
        workspace.record(Command::Record(By::Run, Event::ExceptionRecorded(event)))?;
    }
    report.lawful += lawful;
    report.done.push((job.item.item.clone(), done.len() as u64, kept.values().sum(), level));
    Ok(())
}

fn source_place(dataset: &Place) -> Place {
    Place::new(dataset.source().to_owned()).unwrap_or_else(|| dataset.clone())
}

fn source_cap(workspace: &Workspace, dataset: &Place) -> Level {
    workspace.state.sources.get(&source_place(dataset)).map_or(Level::L0, |s| s.cap)
}

/// Standing limits of what was looked at (RESIDUE §6).
fn out_of_scope(item: &Item, searched: &bool) -> Vec<String> {
    let mut out = vec!["backups_made_by_others", "disk_free_blocks", "disk_spare_area", "snapshots_and_shadow_copies", "sync_folders"];
    if !searched {
        out.push("raw_files");
    }
    if item.method == Method::ByHand {
        out.push("what_the_person_who_did_it_did_not_do");
    }
    out.into_iter().map(str::to_owned).collect()
}

/// Rows that were emptied have new bytes: the index follows, so that a later order on other columns finds them unchanged.
fn renew_index(workspace: &mut Workspace, job: &Job, alignment: &Alignment, done: &[u32]) -> Result<(), Fault> {
    if job.deletes() {
        return Ok(());
    }
    let mut index = SealIndex::load(workspace, &job.index_name)?;
    for o in done {
        let now = alignment.digests.get(*o as usize).copied().flatten();
        if let (Some(row), Some(now)) = (index.rows.get_mut(*o as usize), now) {
            row.digest = now;
        }
    }
    index.keep(workspace, &job.index_name)
}

/// Whether the archive of a seal is being shredded: its index may be gone already.
fn ending(workspace: &Workspace, seal_n: u64) -> bool {
    let archive = workspace.state.backups.values().find(|b| b.seal_ns.contains(&seal_n)).map(|b| &b.archive);
    workspace.state.open_orders().any(|(_, o)| matches!(&o.kind, case::OrderKind::Shred(s) if Some(&s.archive) == archive))
}

/// One vector per seal and group: what was seen done, what is stored, what goes on; the rest stays undecided.
fn record_outcomes(workspace: &mut Workspace, doc: &PlanDoc) -> Result<(), Fault> {
    let seals: Vec<Seal> = workspace.state.newest_seals().into_iter().cloned().collect();
    for seal in seals {
        // Once the archive is shredded its index is gone, and nothing can become of the rows any more.
        if workspace.state.backup_of(seal.n).is_none() || ending(workspace, seal.n) {
            continue;
        }
        let index = SealIndex::load(workspace, &SealIndex::name(seal.scan_n, &seal.dataset, seal.of_n.is_some()))?;
        for group in seal.groups.clone() {
            let before = vector_codes(workspace, &seal, &group)?;
            let mut codes = before.clone();
            let items: Vec<&Item> = doc.plan.items.iter().filter(|i| i.dataset == seal.dataset && i.groups.contains(&group)).collect();
            let done = done_of(workspace, &seal, &group)?;
            let mut set = |row: &crate::index::SealRow, outcome: Outcome| {
                let open = |c: &&mut u8| !Outcome::of_code(**c).is_some_and(Outcome::is_final);
                if let Some(room) = codes.get_mut(row.position as usize).filter(open) {
                    *room = outcome.code();
                }
            };
            for (o, row) in (0u32..).zip(&index.rows) {
                if done.contains(&o) {
                    set(row, Outcome::Destroy);
                }
            }
            for item in items.iter().filter(|i| matches!(i.outcome, Outcome::Retain | Outcome::Continue)) {
                index.rows.iter().filter(|r| item.branches.contains(&r.branch)).for_each(|r| set(r, item.outcome));
            }
            let known = workspace.state.vectors.contains_key(&(seal.n, seal.copy.clone(), group.clone()));
            if codes != before || !known {
                record_vector(workspace, &seal, &group, &codes)?;
            }
        }
    }
    Ok(())
}

/// Ordinals of a seal's rows that observed orders on a group have destroyed, whichever plan ordered them.
fn done_of(workspace: &mut Workspace, seal: &Seal, group: &str) -> Result<BTreeSet<u32>, Fault> {
    let orders: Vec<u64> = workspace
        .state
        .orders
        .iter()
        .filter(|(_, o)| o.observed.is_some())
        .filter(|(_, o)| o.kind.effect().is_some_and(|e| e.seal_n == seal.n && e.groups.iter().any(|g| g == group)))
        .map(|(n, _)| *n)
        .collect();
    let mut out = BTreeSet::new();
    for n in orders {
        out.extend(load_list(workspace, &format!("done-{n}"))?);
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
    if codes.is_empty() {
        return Ok(());
    }
    workspace.record(Command::Record(By::Run, Event::OutcomesRecorded(event)))?;
    Ok(())
}

fn keep_list(workspace: &mut Workspace, name: &str, list: &[u32]) -> Result<(), Fault> {
    let bytes: Vec<u8> = list.iter().flat_map(|n| n.to_be_bytes()).collect();
    workspace.vault()?.index_put(name, &bytes)
}

fn load_list(workspace: &mut Workspace, name: &str) -> Result<Vec<u32>, Fault> {
    let bytes = workspace.vault()?.index_get(name)?.ok_or_else(|| Fault::new("index_missing"))?;
    Ok(bytes.chunks_exact(4).filter_map(|c| c.try_into().ok().map(u32::from_be_bytes)).collect())
}

fn keep_recall(workspace: &mut Workspace, name: &str, recall: &Recall) -> Result<(), Fault> {
    let mut bytes = Vec::new();
    for (c, live) in &recall.live {
        let of = |m: &BTreeMap<u32, u64>| m.get(c).copied().unwrap_or_default();
        bytes.extend_from_slice(&c.to_be_bytes());
        for n in [*live, of(&recall.asked), of(&recall.found)] {
            bytes.extend_from_slice(&n.to_be_bytes());
        }
    }
    workspace.vault()?.index_put(name, &bytes)
}

fn load_recall(workspace: &mut Workspace, name: &str) -> Result<Recall, Fault> {
    let bytes = workspace.vault()?.index_get(name)?.ok_or_else(|| Fault::new("index_missing"))?;
    let mut out = Recall { live: BTreeMap::new(), asked: BTreeMap::new(), found: BTreeMap::new() };
    for record in bytes.chunks_exact(28) {
        let (column, rest) = record.split_at(4);
        let column = column.try_into().map_or(0, u32::from_be_bytes);
        let mut numbers = rest.chunks_exact(8).map(|c| c.try_into().map_or(0, u64::from_be_bytes));
        out.live.insert(column, numbers.next().unwrap_or_default());
        out.asked.insert(column, numbers.next().unwrap_or_default());
        out.found.insert(column, numbers.next().unwrap_or_default());
    }
    Ok(out)
}
