//! What comes back of an export: the folder is compared with what was asked and what its sender counted, before anything of it is read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use case::{ActRecorded, By, Event, ExceptionRecorded};
use terms::json::{Json, json};
use terms::{Both, Digest, Fault, Place, Reach};

use super::{out_of_reach, signed};
use crate::attachments;
use crate::workspace::Workspace;

/// The kind of act of an import.
const IMPORTED: &str = "pack_imported";
/// The kind of act of an export that was not taken.
const REFUSED: &str = "pack_refused";

/// What an import gave.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// Its entry; none if it was refused.
    pub n: Option<u64>,
    /// Table, rows that its sender counted, rows that are there.
    pub tables: Vec<(String, Option<u64>, u64)>,
    /// What does not fit.
    pub findings: Vec<Both>,
}

/// The data of an export, put where the case file says that the source lies; what lay there before is aside until it is decided.
struct Swap {
    came: PathBuf,
    there: PathBuf,
    aside: PathBuf,
    moved: bool,
}

impl Swap {
    fn begin(came: &Path, there: &Path) -> Result<Swap, Fault> {
        let name = there.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let mut swap =
            Swap { came: came.to_owned(), there: there.to_owned(), aside: there.with_file_name(format!("{name}.before")), moved: false };
        // A run that died in between left both: the new goes back to where it came from.
        if swap.aside.exists() && !came.exists() {
            swap.moved = true;
            swap.put_back()?;
            swap.moved = false;
        }
        if !came.is_dir() {
            return Err(Fault::new("pack_file_missing").with("file", came.display()));
        }
        let same = fs::canonicalize(came).ok().zip(fs::canonicalize(there).ok()).is_some_and(|(a, b)| a == b);
        if same {
            return Ok(swap);
        }
        if there.exists() {
            step(&swap.there, &swap.aside)?;
        } else if let Some(parent) = there.parent() {
            fs::create_dir_all(parent).map_err(|_| Fault::new("file_unwritable").with("file", parent.display()))?;
        }
        swap.moved = true;
        step(came, there).inspect_err(|_| drop(fs::rename(&swap.aside, there)))?;
        Ok(swap)
    }

    /// The new export is the source now; the one before it goes.
    fn keep(self) -> Result<(), Fault> {
        if self.moved && self.aside.exists() {
            fs::remove_dir_all(&self.aside).map_err(|_| Fault::new("file_unwritable").with("file", self.aside.display()))?;
        }
        Ok(())
    }

    /// Everything lies where it lay.
    fn back(self) -> Result<(), Fault> {
        if self.moved { self.put_back() } else { Ok(()) }
    }

    fn put_back(&self) -> Result<(), Fault> {
        if self.there.exists() {
            step(&self.there, &self.came)?;
        }
        if self.aside.exists() { step(&self.aside, &self.there) } else { Ok(()) }
    }
}

/// Moves a folder; from another disk it has to be moved by hand.
fn step(from: &Path, to: &Path) -> Result<(), Fault> {
    fs::rename(from, to).map_err(|_| Fault::new("pack_elsewhere").with("from", from.display()).with("to", to.display()))
}

/// Checks a folder that came back, and lets its data be read as the source from now on; with findings it is refused and they are recorded.
///
/// # Errors
/// If it is no answer to an errand of this case, or its data cannot be put where the case file says; then all lies where it lay.
pub fn import(workspace: &mut Workspace, id: &str, folder: &Path) -> Result<Imported, Fault> {
    let (i, place) = out_of_reach(workspace, id)?;
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
    if workspace.vault()?.get(&used(&errand))?.is_some() {
        return Err(Fault::new("errand_used").with("errand", &errand));
    }
    let counts = fs::read_to_string(folder.join("counts.csv")).map_err(|_| missing("counts.csv"))?;
    let file = workspace.file.sources.get(i).cloned().ok_or_else(|| missing("data"))?;
    let data = workspace.paths.base.join(&file.path.value);
    let swap = Swap::begin(&folder.join("data"), &data)?;
    let answered = Answer { errand, place, asked, counts };
    match compared(workspace, i, folder, &data, answered) {
        Ok(out) if out.n.is_some() => swap.keep().map(|()| out),
        other => swap.back().and(other),
    }
}

/// What came back, before it is compared.
struct Answer {
    errand: String,
    place: Place,
    asked: Json,
    counts: String,
}

/// Compares what lies in place, and records that it was taken, or what does not fit.
fn compared(workspace: &mut Workspace, i: usize, folder: &Path, data: &Path, answer: Answer) -> Result<Imported, Fault> {
    let Answer { errand, place, asked, counts } = answer;
    let (counted, seen) = rows(workspace, i)?;
    let mut out = Imported::default();
    // What was sealed of this source and is not in a later export was not looked at: that is never taken for erased.
    let sealed = workspace.state.newest_seals().into_iter().filter(|s| s.dataset.source() == place.as_str());
    for lacking in sealed.filter(|s| !seen.contains(&s.dataset)) {
        let zh = format!("缺少已封存的数据集 {}；清空的表也要交回，只剩列名一行", lacking.dataset);
        let en = format!("the sealed data set {} is missing; an emptied table comes back, too, with its line of names", lacking.dataset);
        out.findings.push(Both { zh, en });
    }
    compare(&asked, &counts, &counted, data, &mut out);
    let files = [folder.join("counts.csv"), folder.join("errand.json")];
    let sealed = attachments::seal(workspace, &files)?;
    let by = workspace.operator_person()?;
    let day = workspace.today()?;
    let act = |kind: &str| ActRecorded { about: vec![place.to_string()], by, day, evidence: sealed.names, kind: kind.to_owned() };
    if !out.findings.is_empty() {
        let finding = ExceptionRecorded {
            about_n: Some(workspace.state.next),
            kind: "pack_mismatch".to_owned(),
            rows: Some(out.findings.len() as u64),
        };
        let told = json!({"errand": errand, "evidence": sealed.body, "findings": out.findings});
        let refused = (By::Operator, Event::ActRecorded(act(REFUSED)), Some(told));
        workspace.record_together(vec![refused, (By::Operator, Event::ExceptionRecorded(finding), None)])?;
        return Ok(out);
    }
    let list = listing(data)?;
    let bytes = serde_json::to_vec(&list).map_err(|_| Fault::new("document_form"))?;
    workspace.vault()?.put(&blob(&place), &bytes)?;
    let taken = Event::ActRecorded(act(IMPORTED));
    let numbers = workspace.record_with_body(By::Operator, taken, json!({"errand": errand, "evidence": sealed.body}))?;
    workspace.vault()?.put(&used(&errand), b"1")?;
    out.n = numbers.first().copied();
    Ok(out)
}

/// Where it stands that the answer to an errand was taken: it is taken once.
fn used(errand: &str) -> String {
    format!("answered-{errand}")
}

fn blob(place: &Place) -> String {
    format!("import-{place}")
}

/// Columns and rows by table.
type Tables = BTreeMap<String, (BTreeSet<String>, u64)>;

/// Columns and rows by table, as they are read, and the places of the data sets.
fn rows(workspace: &mut Workspace, i: usize) -> Result<(Tables, BTreeSet<Place>), Fault> {
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
        out.insert(table, (d.columns.into_iter().map(|c| c.name).collect(), summary.rows));
    }
    Ok((out, seen))
}

fn compare(asked: &Json, counts: &str, there: &Tables, data: &Path, out: &mut Imported) {
    let mut find = |zh: String, en: String| out.findings.push(Both { zh, en });
    let mut stated: BTreeMap<String, (Option<u64>, String)> = BTreeMap::new();
    for line in counts.trim_start_matches('\u{feff}').lines().skip(1).filter(|l| !l.trim().is_empty()) {
        let cells: Vec<&str> = line.split(',').map(|c| c.trim().trim_matches('"')).collect();
        let cell = |i: usize| cells.get(i).copied().unwrap_or_default();
        let (table, own) = (cell(0).to_owned(), (cell(1).parse().ok(), cell(2).to_lowercase()));
        if stated.insert(table.clone(), own).is_some() {
            find(format!("{table} 报了两次"), format!("{table} is reported twice"));
        }
    }
    let wanted = asked.pointer("/what/tables").and_then(Json::as_object);
    for (table, columns) in wanted.into_iter().flatten() {
        let Some((own, _)) = there.get(table) else {
            find(format!("缺少表 {table}"), format!("the table {table} is missing"));
            continue;
        };
        for column in columns.as_array().into_iter().flatten().filter_map(Json::as_str).filter(|c| !own.contains(*c)) {
            find(format!("{table} 缺少列 {column}"), format!("{table} lacks the column {column}"));
        }
    }
    for (table, (_, rows)) in there {
        match stated.get(table).map(|(n, _)| *n) {
            None | Some(None) => find(format!("{table} 没有报数"), format!("no count was reported for {table}")),
            Some(Some(n)) if n != *rows => {
                find(format!("{table}：报 {n} 行，实有 {rows} 行"), format!("{table}: {n} rows reported, {rows} are there"))
            }
            Some(_) => {}
        }
        let digest = stated.get(table).map(|(_, d)| d.as_str()).filter(|d| !d.is_empty());
        if let Some(digest) = digest {
            let file = ["csv", "tsv"].iter().find_map(|e| fs::read(data.join(format!("{table}.{e}"))).ok());
            let own = file.map(|b| Digest(ledger::sha256(&[&b])).to_string());
            if own.as_deref() != Some(digest) {
                find(format!("{table} 的 SHA-256 不符"), format!("the SHA-256 of {table} is another"));
            }
        }
    }
    for table in stated.keys().filter(|t| !there.contains_key(*t)) {
        find(format!("报了 {table}，但没有它的文件"), format!("{table} is reported, but its file is not there"));
    }
    out.tables = there.iter().map(|(t, (_, rows))| (t.clone(), stated.get(t).and_then(|(n, _)| *n), *rows)).collect();
}

/// Every file below a folder with length and digest.
fn listing(folder: &Path) -> Result<BTreeMap<String, (u64, String)>, Fault> {
    let mut out = BTreeMap::new();
    let mut open: Vec<PathBuf> = vec![folder.to_owned()];
    let unread = |_| Fault::new("pack_file_missing").with("file", folder.display());
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(&at).map_err(unread)? {
            let path = entry.map_err(unread)?.path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let bytes = fs::read(&path).map_err(unread)?;
            let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
            out.insert(name, (bytes.len() as u64, Digest(ledger::sha256(&[&bytes])).to_string()));
        }
    }
    Ok(out)
}

/// Why a source that came as an export may not be read: it was never compared, or its files moved since.
pub(crate) fn unmoved(workspace: &mut Workspace, i: usize, place: &Place) -> Result<Option<&'static str>, Fault> {
    let Some(file) = workspace.file.sources.get(i).filter(|s| s.reach() == Reach::Pack).cloned() else { return Ok(None) };
    let Some(bytes) = workspace.vault()?.get(&blob(place))? else { return Ok(Some("pack_not_imported")) };
    let kept: BTreeMap<String, (u64, String)> = serde_json::from_slice(&bytes).map_err(|_| Fault::new("vault_damaged"))?;
    let now = listing(&workspace.paths.base.join(&file.path.value));
    Ok((now.ok() != Some(kept)).then_some("pack_moved"))
}

/// Whether an export of a source was imported after an entry.
pub(crate) fn imported_after(workspace: &Workspace, place: &Place, n: u64) -> Result<bool, Fault> {
    if workspace.state.acts.get(IMPORTED).is_none_or(|ns| ns.last().is_none_or(|last| *last < n)) {
        return Ok(false);
    }
    let acts = crate::tasks::recorded(workspace)?;
    Ok(acts.iter().any(|(at, a)| *at > n && a.kind == IMPORTED && a.about.iter().any(|x| x == place.as_str())))
}
