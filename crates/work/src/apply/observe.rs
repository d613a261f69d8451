//! Looking again: what became of every ordered row, and what is recorded of it.

use std::collections::{BTreeMap, BTreeSet};

use case::{By, Command, EffectObserved, Event, ExceptionRecorded};
use terms::json::json;
use terms::{Fault, Place};

use super::computed::{Before, Standing};
use super::crowd::{Crowd, When, crowd};
use super::failed::record_failed;
use super::job::Job;
use super::worth::Worth;
use super::{by_place, open_at, source_place, traces};
use crate::align::{Alignment, Part, RowState, align};
use crate::byhand::remains_in_cells;
use crate::late::late_rows;
use crate::lists::keep_list;
use crate::opened::Opened;
use crate::progress::Progress;
use crate::report::{ApplyReport, Done, Waiting};
use crate::staying::Staying;
use crate::workspace::Workspace;

/// Looks again at every data set with jobs, and records what was seen of each.
pub(super) fn observe_all(
    workspace: &mut Workspace,
    opened: &mut Opened,
    jobs: &[Job],
    scan_n: u64,
    report: &mut ApplyReport,
    progress: &dyn Progress,
) -> Result<(), Fault> {
    progress.begin("look", Some(jobs.len() as u64));
    for (place, own) in by_place(jobs) {
        let (newest, older): (Vec<&Job>, Vec<&Job>) =
            own.iter().filter_map(|k| jobs.get(*k)).partition(|j| workspace.state.newest_seals().iter().any(|s| s.n == j.seal.n));
        if !newest.is_empty() {
            let parts = Part::of(workspace, &place)?;
            observe_with(workspace, opened, &newest, parts, scan_n, report)?;
        }
        // A seal that was made anew since is looked at by itself: the newer one has the same rows.
        for job in older {
            let parts = vec![Part::load(workspace, &job.seal)?];
            observe_with(workspace, opened, &[job], parts, scan_n, report)?;
        }
        progress.add(own.len() as u64);
    }
    progress.end();
    Ok(())
}

/// What was seen of a data set when it was looked at again.
struct Again<'a> {
    alignment: Alignment,
    standing: Standing,
    staying: Vec<Staying>,
    crowd: Option<&'a Crowd>,
    /// Whether the data set is not there any more: Custody takes away documents alone, never a table or a list. Where its rows are now is not known.
    away: bool,
}

/// Looks at one data set once and records what was seen of each job on it.
fn observe_with(
    workspace: &mut Workspace,
    opened: &mut Opened,
    jobs: &[&Job],
    parts: Vec<Part>,
    scan_n: u64,
    report: &mut ApplyReport,
) -> Result<(), Fault> {
    let Some(place) = jobs.first().map(|j| &j.seal.dataset) else { return Ok(()) };
    let mut standing = Standing::default();
    let alignment = match aligned(workspace, opened, &parts, jobs, &mut standing) {
        // Somebody has still to do it, or it cannot be seen yet: the orders stay open.
        Err(e) if e.may_retry() && jobs.iter().all(|j| j.by_hand()) => {
            report.waiting.extend(jobs.iter().map(|j| by_hand(j)));
            return Ok(());
        }
        other => other?,
    };
    let staying = Staying::of(workspace, opened, place.source(), false)?;
    let direct: Vec<&Job> = jobs.iter().copied().filter(|j| !j.by_hand()).collect();
    let crowd = crowd(workspace, opened, place, (&direct, &parts), When::After)?;
    report.alike.extend(crowd.as_ref().map(|c| (place.clone(), c.seen())));
    let away = !is_documents(place) && !opened.has(place);
    let seen = Again { alignment, standing, staying, crowd: crowd.as_ref(), away };
    let mut observed = Vec::new();
    for job in jobs {
        observed.extend(observe(workspace, opened, job, &seen, scan_n, report)?);
    }
    let mut meant: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
    jobs.iter().for_each(|j| meant.entry(j.seal.n).or_default().extend(j.targets.iter().copied()));
    late_rows(workspace, &parts, &seen.alignment, &meant, report)?;
    renew(workspace, parts, &seen.alignment, &observed)
}

/// Whether a place is that of all documents of a folder.
fn is_documents(place: &Place) -> bool {
    place.as_str().rsplit('/').next().is_some_and(|own| own.starts_with('d'))
}

/// Aligns a data set; `standing` gets what is seen of columns that the store computes.
fn aligned(
    workspace: &mut Workspace,
    opened: &mut Opened,
    parts: &[Part],
    jobs: &[&Job],
    standing: &mut Standing,
) -> Result<Alignment, Fault> {
    let place = jobs.first().map(|j| &j.seal.dataset).ok_or_else(|| Fault::new("dataset_missing"))?;
    let Some(open) = open_at(opened, place)? else { return Ok(Alignment::nothing_there(parts)) };
    let before = Before::of(workspace, parts, jobs, &open.dataset.computed())?;
    align(open.source.as_mut(), &open.dataset, parts, &mut |batch, row, met| {
        let emptied = met.filter(|m| matches!(m.state, RowState::Emptied(_)));
        if let Some(of) = emptied.and_then(|m| Some((parts.get(m.part)?.seal.n, u32::try_from(m.ordinal).ok()?))) {
            before.hear(of, (batch, row), standing);
        }
    })
}

fn by_hand(job: &Job) -> Waiting {
    Waiting { item: job.item.item.clone(), until: job.item.not_after, why: "by_hand" }
}

/// A second export that still has what was to be erased is a finding: the order stays open, and the ledger says so. Whether it is one.
fn note_remaining(workspace: &mut Workspace, job: &Job, order_n: u64, rows: u64) -> Result<bool, Fault> {
    let source = source_place(&job.seal.dataset);
    if crate::errands::imported_after(workspace, &source, order_n)? {
        let event =
            ExceptionRecorded { about_n: Some(order_n), kind: "erased_rows_remain".to_owned(), receipt_doc: None, rows: Some(rows) };
        workspace.record(Command::Record(By::Run, Event::ExceptionRecorded(event)))?;
        return Ok(true);
    }
    Ok(false)
}

/// Rows that were emptied have new bytes: the index follows, so that a later order on other columns finds them unchanged.
fn renew(workspace: &mut Workspace, mut parts: Vec<Part>, seen: &Alignment, observed: &[(u64, Vec<u32>)]) -> Result<(), Fault> {
    for part in &mut parts {
        let digests = seen.digests.get(&part.seal.n);
        let done: BTreeSet<u32> = observed.iter().filter(|(n, _)| *n == part.seal.n).flat_map(|(_, d)| d.iter().copied()).collect();
        for o in &done {
            let now = digests.and_then(|d| d.get(*o as usize)).copied().flatten();
            if let Some(row) = part.index.rows.get_mut(*o as usize) {
                // A row that went has no bytes: should it come back, it is not the row that was sealed.
                row.digest = now.unwrap_or_default();
                row.after.clear();
            }
        }
        if !done.is_empty() {
            part.keep(workspace)?;
        }
    }
    Ok(())
}

/// Rows of a job that are done, those that were ordered and that Custody erased; and the others by reason.
fn sorted(job: &Job, (ordered, erased): (&BTreeSet<u32>, &BTreeSet<u32>), again: &Again<'_>) -> (Vec<u32>, BTreeMap<String, u64>) {
    let (seen, standing) = (&again.alignment, &again.standing);
    let (mut done, mut kept): (Vec<u32>, BTreeMap<String, u64>) = (Vec::new(), BTreeMap::new());
    let stands = |o: u32| standing.stands((job.seal.n, o), &job.columns);
    for o in &job.targets {
        let state = seen.state(job.seal.n, *o);
        // A field that somebody else emptied was changed.
        let is_ours = job.by_hand() || erased.contains(o);
        let is_done = match state {
            RowState::Emptied(mask) => !job.deletes() && mask & job.mask == job.mask && !stands(*o),
            RowState::Gone => (job.deletes() && !again.away) || job.by_hand(),
            _ => false,
        };
        if ordered.contains(o) && is_ours && is_done {
            done.push(*o);
            continue;
        }
        let why = match state {
            RowState::Gone if again.away => "gone",
            _ if job.stale && ordered.contains(o) => "withdrawn",
            RowState::Gone => "gone",
            RowState::Emptied(_) if stands(*o) => "computed",
            _ => "changed",
        };
        *kept.entry(why.to_owned()).or_default() += 1;
    }
    (done, kept)
}

/// Looks again at one job and records what was seen; gives the rows that are done, none while somebody has still to do it.
fn observe(
    workspace: &mut Workspace,
    opened: &mut Opened,
    job: &Job,
    seen: &Again<'_>,
    scan_n: u64,
    report: &mut ApplyReport,
) -> Result<Option<(u64, Vec<u32>)>, Fault> {
    let Some(order_n) = job.order_n else { return Ok(None) };
    let Some((done, kept)) = settled(workspace, opened, job, (order_n, seen), report)? else { return Ok(None) };
    let crowd = seen.crowd.filter(|_| job.anonymises());
    let worth = Worth::of(workspace, opened, job, &done, &seen.staying)?;
    if let Some(fault) = worth.remains(&job.seal.dataset) {
        record_failed(workspace, &[order_n], &fault)?;
        return Err(fault);
    }
    let scope = out_of_scope(workspace, job, worth.bytes > 0);
    let mut receipt = worth.receipt(workspace, job);
    if let Some(own) = receipt.as_object_mut() {
        own.extend([("kept".to_owned(), json!(kept)), ("order_n".to_owned(), json!(order_n)), ("out_of_scope".to_owned(), json!(scope))]);
        own.insert("rows_done".to_owned(), json!(done.len()));
        own.extend(crowd.map(|c| ("crowd".to_owned(), c.json())));
    }
    keep_list(workspace, &format!("done-{order_n}"), &done)?;
    let safety = i64::try_from(workspace.state.opened.as_ref().map_or(30, |o| o.safety_days)).unwrap_or(30);
    let facts = EffectObserved {
        backup_until: Some(workspace.today()?.plus_days(safety)),
        bytes_searched: worth.bytes,
        bytes_unread: worth.unread,
        columns: worth.columns,
        crowd: crowd.map(Crowd::seen),
        level: worth.level,
        order_n,
        out_of_scope: scope,
        receipt_doc: workspace.put_json(&receipt)?,
        rows_done: done.len() as u64,
        rows_kept: kept.clone(),
        scan_n: Some(scan_n),
    };
    let event = if job.anonymises() { Event::AnonymiseObserved(facts) } else { Event::DestroyObserved(facts) };
    workspace.record(Command::RecordUnder(By::Run, event, job.item.rules.clone()))?;
    report.lawful += worth.lawful.values().sum::<u64>();
    let (rows, left) = (done.len() as u64, kept.values().sum());
    report.done.push(Done {
        item: job.item.item.clone(),
        dataset: job.seal.dataset.clone(),
        rows,
        kept: left,
        level: worth.level,
        short_of: worth.short_of,
    });
    Ok(Some((job.seal.n, done)))
}

/// Rows that are done and the others by reason; none while somebody has still to do it.
fn settled(
    workspace: &mut Workspace,
    opened: &mut Opened,
    job: &Job,
    (order_n, seen): (u64, &Again<'_>),
    report: &mut ApplyReport,
) -> Result<Option<(Vec<u32>, BTreeMap<String, u64>)>, Fault> {
    let ordered: BTreeSet<u32> = job.ordered(workspace)?.into_iter().collect();
    let erased = traces::erased(workspace, job)?;
    let (mut done, mut kept) = sorted(job, (&ordered, &erased), seen);
    if job.by_hand() {
        let still = done.len() < job.targets.iter().filter(|o| ordered.contains(o)).count();
        let remain = remains_in_cells(workspace, opened, &job.seal, &done, &job.columns)? > 0;
        if !job.stale && (still || remain) {
            let left = job.targets.len().saturating_sub(done.len()) as u64;
            if note_remaining(workspace, job, order_n, left)? {
                report.remaining.push((job.item.item.clone(), left));
            }
            report.waiting.push(by_hand(job));
            return Ok(None);
        }
        if remain {
            // The plan is gone, and values of these rows stand elsewhere in the source: none of them counts as done.
            *kept.entry("withdrawn".to_owned()).or_default() += std::mem::take(&mut done).len() as u64;
        }
    }
    if job.anonymises() && !job.by_hand() && !seen.crowd.is_some_and(Crowd::suffices) {
        // What is coarser, and can still be told apart, is not anonymous: it stays undecided.
        *kept.entry("below_k".to_owned()).or_default() += std::mem::take(&mut done).len() as u64;
    }
    Ok(Some((done, kept)))
}

/// Where nobody looked, as words that standing tasks answer.
fn out_of_scope(workspace: &Workspace, job: &Job, searched: bool) -> Vec<String> {
    let Some(file) = job.source().and_then(|i| workspace.file.sources.get(i)) else { return Vec::new() };
    job.item.out_of_scope(&workspace.packs.acts, file.kind(), file.reach(), searched).into_iter().collect()
}
