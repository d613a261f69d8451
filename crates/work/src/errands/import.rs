//! What comes back of an export: the folder is compared with what was asked and what its sender counted, before anything of it is read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use case::{ActRecorded, By, Event, ExceptionRecorded};
use rows::Encoding;
use terms::json::{Json, json};
use terms::{Both, Fault, Place, Reach};

use super::swap::{Listing, Swap, Taken, announce, listing, taken};
use super::{out_of_reach, signed};
use crate::attachments;
use crate::workspace::Workspace;

/// The kind of act of an import.
pub(super) const IMPORTED: &str = "pack_imported";
/// The kind of act of an export that was not taken.
const REFUSED: &str = "pack_refused";
/// Most tables of an export.
const TABLES_MAX: usize = 20_000;

/// What an import gave.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// Its entry; none if it was refused.
    pub n: Option<u64>,
    /// Table, rows that its sender counted, rows that are there.
    pub tables: Vec<(String, Option<u64>, u64)>,
    /// What does not fit.
    pub findings: Vec<Both>,
    /// Tables whose SHA-256 their sender reported.
    pub digests: usize,
    /// The export before it, if it could not be removed: the next import tries again.
    pub left: Option<PathBuf>,
}

/// Checks a folder that came back, and lets its data be read as the source from now on; with findings it is refused and they are recorded.
///
/// # Errors
/// If it is no answer to an errand of this case, or its data cannot be put where the case file says; then all lies where it lay.
pub fn import(workspace: &mut Workspace, id: &str, folder: &Path) -> Result<Imported, Fault> {
    let (i, place) = out_of_reach(workspace, id)?;
    if workspace.file.sources.get(i).map(|s| s.reach()) != Some(Reach::Pack) {
        return Err(Fault::new("source_no_pack").with("source", id));
    }
    let missing = |name: &str| Fault::new("pack_file_missing").with("file", name);
    let doc = fs::read(folder.join("errand.json")).map_err(|_| missing("errand.json"))?;
    let said: Json = serde_json::from_slice(&doc).map_err(|_| missing("errand.json"))?;
    let errand = said.get("errand").and_then(Json::as_str).unwrap_or_default().to_owned();
    let (own, asked) = signed(workspace, &errand)?;
    let of = asked.pointer("/what/source").and_then(Json::as_str) == Some(place.as_str());
    let kind = asked.pointer("/what/kind").and_then(Json::as_str) == Some("export");
    if own != doc || !of || !kind {
        return Err(Fault::new("errand_of_another").with("source", id));
    }
    // An export that was asked for before something was ordered says nothing of whether it is done.
    let asked_at = asked.get("after").and_then(Json::as_u64).unwrap_or_default();
    let ordered = workspace.state.open_orders().filter(|(_, o)| o.kind.effect().is_some_and(|e| e.dataset.source() == place.as_str()));
    if ordered.map(|(n, _)| n).max().is_some_and(|n| n >= asked_at) {
        return Err(Fault::new("errand_before_order").with("source", id));
    }
    let before = taken(workspace, &place)?;
    if before.iter().any(|t| t.errand == errand) {
        return Err(Fault::new("errand_used").with("errand", &errand));
    }
    let own = workspace.file.sources.get(i).map(|s| workspace.paths.base.join(&s.path.value));
    let come = fs::canonicalize(folder.join("data")).ok();
    let others = workspace.file.sources.iter().filter_map(|s| fs::canonicalize(workspace.paths.base.join(&s.path.value)).ok());
    let own = own.and_then(|p| fs::canonicalize(p).ok());
    let of_another = |p: &PathBuf| Some(p) != own.as_ref() && come.as_ref().is_some_and(|c| c.starts_with(p) || p.starts_with(c));
    if others.into_iter().any(|p| of_another(&p)) {
        return Err(Fault::new("export_of_another").with("file", folder.join("data").display()));
    }
    let held =
        |w: &Workspace| w.state.newest_seals().iter().any(|s| s.dataset.source() == place.as_str() && w.state.held(s.dataset.as_str()));
    if held(workspace) {
        // The export before it is what the hold keeps.
        return Err(Fault::new("source_held").with("source", id));
    }
    let counts = fs::read(folder.join("counts.csv")).map_err(|_| missing("counts.csv"))?;
    let counts = Counts::read(&counts);
    let file = workspace.file.sources.get(i).cloned().ok_or_else(|| missing("data"))?;
    let data = workspace.paths.base.join(&file.path.value);
    let swap = Swap::begin(workspace, &place, &folder.join("data"), &data)?;
    let answer = Answer { errand, place, asked, counts, before, files: swap.files.clone() };
    match compared(workspace, i, folder, &answer) {
        Ok(mut out) if out.n.is_some() => {
            out.left = swap.keep(workspace, &answer.place);
            Ok(out)
        }
        other => swap.back().and(other),
    }
}

/// What came back, before it is compared.
struct Answer {
    errand: String,
    place: Place,
    asked: Json,
    counts: Counts,
    before: Vec<Taken>,
    files: Listing,
}

/// Compares what lies in place, and records that it was taken, or what does not fit.
fn compared(workspace: &mut Workspace, i: usize, folder: &Path, answer: &Answer) -> Result<Imported, Fault> {
    let mut out = Imported::default();
    let (counted, seen) = rows(workspace, i, &mut out.findings)?;
    // What was sealed of this source and is not in a later export was not looked at: that is never taken for erased.
    let sealed = workspace.state.newest_seals().into_iter().filter(|s| s.dataset.source() == answer.place.as_str());
    for lacking in sealed.filter(|s| !seen.contains(&s.dataset)) {
        let zh = format!("缺少已封存的数据集 {}；清空的表也要交回，只剩列名一行", lacking.dataset);
        let en = format!("the sealed data set {} is missing; an emptied table comes back, too, with its line of names", lacking.dataset);
        out.findings.push(Both { zh, en });
    }
    compare(answer, &counted, &mut out);
    let sealed = attachments::seal(workspace, &[folder.join("counts.csv"), folder.join("errand.json")])?;
    let (by, day) = (workspace.operator_person()?, workspace.today()?);
    let about = vec![answer.place.to_string()];
    let act = |kind: &str| ActRecorded { about: about.clone(), by: by.clone(), day, evidence: sealed.names.clone(), kind: kind.to_owned() };
    let mut told = json!({"digests": out.digests, "errand": answer.errand, "evidence": sealed.body, "tables": counted.len()});
    if out.findings.is_empty() {
        let now =
            Taken { n: workspace.state.next, evidence: sealed.names.clone(), errand: answer.errand.clone(), files: answer.files.clone() };
        announce(workspace, &answer.place, answer.before.clone(), now)?;
        let numbers = workspace.record_with_body(By::Operator, Event::ActRecorded(act(IMPORTED)), told)?;
        out.n = numbers.first().copied();
        return Ok(out);
    }
    let finding = ExceptionRecorded {
        about_n: Some(workspace.state.next),
        kind: "pack_mismatch".to_owned(),
        receipt_doc: None,
        rows: Some(out.findings.len() as u64),
    };
    if let Some(told) = told.as_object_mut() {
        told.insert("findings".to_owned(), json!(out.findings));
    }
    let refused = (By::Operator, Event::ActRecorded(act(REFUSED)), Some(told));
    workspace.record_together(vec![refused, (By::Operator, Event::ExceptionRecorded(finding), None)])?;
    Ok(out)
}

/// Columns and rows by table.
type Tables = BTreeMap<String, (BTreeSet<String>, u64)>;

/// Columns and rows by table, as they are read, and the places of the data sets.
fn rows(workspace: &mut Workspace, i: usize, findings: &mut Vec<Both>) -> Result<(Tables, BTreeSet<Place>), Fault> {
    let mut places = workspace.places()?;
    let (_, mut open) = workspace.source(i)?;
    let listing = open.list(&mut places)?;
    workspace.keep_places(&places)?;
    if let Some(missed) = listing.missed.first() {
        return Err(Fault::named(&missed.reason).with("place", &missed.place).with("source", missed.place.source()));
    }
    let (mut out, mut seen) = (Tables::new(), BTreeSet::new());
    for d in listing.datasets {
        seen.insert(d.place.clone());
        let summary = open.read(&d.place, &mut |_| Ok(()))?;
        let table = d.name.trim_end_matches(".csv").trim_end_matches(".tsv").to_owned();
        let own = (d.columns.into_iter().map(|c| c.name).collect(), summary.rows);
        if out.insert(table.clone(), own).is_some() {
            findings.push(Both { zh: format!("{table} 有两个文件"), en: format!("there are two files of {table}") });
        }
    }
    Ok((out, seen))
}

/// What the sender counted: a table, its rows, its digest.
struct Counts(Vec<(String, Option<u64>, String)>);

impl Counts {
    /// Reads `counts.csv` as a spreadsheet program saves it, also where it writes GBK.
    fn read(bytes: &[u8]) -> Counts {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => Encoding::Gb18030.decode(bytes).into_owned(),
        };
        let (_, lines) = exchange::read_rows(text.as_bytes(), 1, TABLES_MAX);
        let cell = |line: &[String], i: usize| line.get(i).map(|c| c.trim().to_owned()).unwrap_or_default();
        let line = |l: Vec<String>| (cell(&l, 0), cell(&l, 1).parse().ok(), cell(&l, 2).to_lowercase());
        Counts(lines.into_iter().map(line).filter(|(table, ..)| !table.is_empty()).collect())
    }
}

fn compare(answer: &Answer, there: &Tables, out: &mut Imported) {
    let (mut findings, mut digests) = (Vec::new(), 0);
    let mut find = |zh: String, en: String| findings.push(Both { zh, en });
    let mut stated: BTreeMap<&str, (Option<u64>, &str)> = BTreeMap::new();
    for (table, rows, digest) in &answer.counts.0 {
        if stated.insert(table, (*rows, digest)).is_some() {
            find(format!("{table} 报了两次"), format!("{table} is reported twice"));
        }
    }
    let wanted = answer.asked.pointer("/what/tables").and_then(Json::as_array);
    for asked in wanted.into_iter().flatten() {
        let table = asked.get("table").and_then(Json::as_str).unwrap_or_default();
        let Some((own, _)) = there.get(table) else {
            find(format!("缺少表 {table}"), format!("the table {table} is missing"));
            continue;
        };
        let columns = asked.get("columns").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
        for column in columns.filter(|c| !own.contains(*c)) {
            find(format!("{table} 缺少列 {column}"), format!("{table} lacks the column {column}"));
        }
    }
    for (table, (_, rows)) in there {
        match stated.get(table.as_str()).map(|(n, _)| *n) {
            None | Some(None) => find(format!("{table} 没有报数"), format!("no count was reported for {table}")),
            Some(Some(n)) if n != *rows => {
                find(format!("{table}：报 {n} 行，实有 {rows} 行"), format!("{table}: {n} rows reported, {rows} are there"))
            }
            Some(_) => {}
        }
        let Some((_, digest)) = stated.get(table.as_str()).filter(|(_, digest)| !digest.is_empty()) else { continue };
        digests += 1;
        let own = |name: &str| name == table || name.strip_prefix(table.as_str()).is_some_and(|e| e == ".csv" || e == ".tsv");
        if !answer.files.iter().any(|(name, (_, d))| own(name) && d == digest) {
            find(format!("{table} 的 SHA-256 不符"), format!("the SHA-256 of {table} is another"));
        }
    }
    for table in stated.keys().filter(|t| !there.contains_key(**t)) {
        find(format!("报了 {table}，但没有它的文件"), format!("{table} is reported, but its file is not there"));
    }
    out.findings.append(&mut findings);
    out.digests = digests;
    out.tables = there.iter().map(|(t, (_, rows))| (t.clone(), stated.get(t.as_str()).and_then(|(n, _)| *n), *rows)).collect();
}

/// Why a source that came as an export may not be read: it was never compared, or its files moved since.
pub(crate) fn unmoved(workspace: &mut Workspace, i: usize, place: &Place) -> Result<Option<&'static str>, Fault> {
    let Some(file) = workspace.file.sources.get(i).filter(|s| s.reach() == Reach::Pack).cloned() else { return Ok(None) };
    let Some(kept) = taken(workspace, place)?.pop() else { return Ok(Some("pack_not_imported")) };
    let now = listing(&workspace.paths.base.join(&file.path.value));
    Ok((now.ok() != Some(kept.files)).then_some("pack_moved"))
}

/// Whether an export of a source was imported after an entry.
pub(crate) fn imported_after(workspace: &Workspace, place: &Place, n: u64) -> Result<bool, Fault> {
    if workspace.state.acts.get(IMPORTED).is_none_or(|ns| ns.last().is_none_or(|last| *last < n)) {
        return Ok(false);
    }
    let acts = crate::tasks::recorded(workspace)?;
    Ok(acts.iter().any(|(at, a)| *at > n && a.kind == IMPORTED && a.about.iter().any(|x| x == place.as_str())))
}
