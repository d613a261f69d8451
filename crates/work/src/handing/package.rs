//! The package: rows read once more and written for the recipient alone, the file read back, one entry for each order.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Read};
use std::path::Path;

use agreement::{Agreement, Filter, Onward, Then, Wanted, filter};
use case::{By, Draft, EffectObserved, Event};
use exchange::{Agreed, DatasetOut, FilePart, Manifest, PackageWriter, Recipient};
use facts::Expr;
use plan::Cited;
use rows::{Batch, Encoding, Tag, text_of};
use serde::{Deserialize, Serialize};
use terms::json::{Json, json};
use terms::{Both, Digest, Fault, Holding, Level, Place};
use vault::random;
use zeroize::Zeroizing;

use super::{Parcel, Piece, at};
use crate::align::{Met, Part, RowState, align};
use crate::late::Late;
use crate::opened::Opened;
use crate::planning::recorded_holdings;
use crate::report::{ApplyReport, Handed};
use crate::workspace::Workspace;

/// What nobody can say of a copy once it has left.
const OUT_OF_SCOPE: [&str; 2] = ["copies_in_transit", "what_the_recipient_does_with_it"];

/// What became of a piece.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Done {
    /// Columns written, of those that the plan wanted.
    columns: Vec<u32>,
    rows: u64,
    /// Rows that law or agreement do not let pass any more.
    barred: u64,
}

/// What is kept of a package before it gets its name: a crash after that finds it finished, and nobody gets another under the same id.
#[derive(Debug, Serialize, Deserialize)]
struct Finished {
    bytes: u64,
    doc: Digest,
    done: Vec<Done>,
    rows: u64,
    sealed: Digest,
}

/// Writes the package of a parcel and records what was seen of it.
pub(super) fn write(
    workspace: &mut Workspace,
    opened: &mut Opened,
    late: &BTreeMap<Place, Late>,
    parcel: Parcel,
    report: &mut ApplyReport,
) -> Result<(), Fault> {
    let recipient = Recipient::parse(&parcel.agreement.recipient)
        .ok_or_else(|| Fault::new("key_not_recipient").with("party", &parcel.agreement.party))?;
    let folder = workspace.paths.base.join("packages");
    std::fs::create_dir_all(&folder).map_err(|_| Fault::new("file_unwritable").with("file", folder.display()))?;
    let path = folder.join(format!("{}.custody", parcel.package));
    let part = path.with_extension("part");
    let unwritable = |_: std::io::Error| Fault::new("file_unwritable").with("file", part.display()).retry();
    let drawn = Zeroizing::new(random::<64>()?);
    let file = BufWriter::with_capacity(1 << 20, File::create(&part).map_err(unwritable)?);
    let mut out = PackageWriter::new(file, &recipient, random()?, &drawn).map_err(unwritable)?;
    let mut done: Vec<Done> = Vec::new();
    for piece in &parcel.pieces {
        done.push(one(workspace, opened, late, &parcel.agreement, piece, &mut out)?);
    }
    let head = head(workspace, &parcel)?;
    let packs = workspace.packs.clone();
    let article = |id: &str| Cited::of(&packs.book, id).map(|c| c.article).unwrap_or_else(|| Both { zh: id.to_owned(), en: id.to_owned() });
    let (file, manifest) = out.finish(head, &article).map_err(unwritable)?;
    file.into_inner().map_err(|e| unwritable(e.into_error()))?.sync_all().map_err(unwritable)?;
    let (bytes, sealed) = looked(&part)?;
    let doc = describe(&parcel, &manifest, &done, (bytes, sealed));
    let finished = Finished { bytes, doc: workspace.put_json(&doc)?, done, rows: manifest.rows, sealed };
    let note = serde_json::to_vec(&finished).map_err(|_| Fault::new("document_form"))?;
    workspace.vault()?.put(&blob(&parcel), &note)?;
    std::fs::rename(&part, &path).map_err(unwritable)?;
    sources::sync_folder(&folder).map_err(unwritable)?;
    observe(workspace, &parcel, &finished)?;
    report.handed.push(Handed { package: parcel.package.clone(), path, rows: manifest.rows });
    Ok(())
}

fn blob(parcel: &Parcel) -> String {
    format!("package-{}", parcel.package)
}

/// Observes a package that lay finished when its run ended; whether there is one.
pub(super) fn found(workspace: &mut Workspace, parcel: &Parcel, report: &mut ApplyReport) -> Result<bool, Fault> {
    let path = workspace.paths.base.join("packages").join(format!("{}.custody", parcel.package));
    let Some(note) = workspace.vault()?.get(&blob(parcel))?.filter(|_| path.exists()) else { return Ok(false) };
    let finished: Finished = serde_json::from_slice(&note).map_err(|_| Fault::new("vault_damaged"))?;
    if looked(&path)? != (finished.bytes, finished.sealed) {
        return Ok(false);
    }
    observe(workspace, parcel, &finished)?;
    report.handed.push(Handed { package: parcel.package.clone(), path, rows: finished.rows });
    Ok(true)
}

/// What the agreement lets pass today, whatever the plan says.
fn passing(workspace: &Workspace, agreement: &Agreement, piece: &Piece, holding: &Holding) -> Result<Filter, Fault> {
    let persons = agreement.persons.as_ref().and_then(|p| Expr::parse(p, &workspace.packs.table).ok());
    let wanted = Wanted { branches: &piece.plan.branches, columns: &piece.plan.columns, groups: &piece.plan.groups };
    Ok(filter(agreement, persons.as_ref(), holding, wanted, workspace.today()?))
}

fn one(
    workspace: &mut Workspace,
    opened: &mut Opened,
    late: &BTreeMap<Place, Late>,
    agreement: &Agreement,
    piece: &Piece,
    out: &mut PackageWriter<BufWriter<File>>,
) -> Result<Done, Fault> {
    let place = &piece.plan.dataset;
    let holding = recorded_holdings(workspace)?.holdings.into_iter().find(|h| h.dataset == *place);
    let holding = holding.ok_or_else(|| Fault::new("no_such_holding").with("holding", place))?;
    let filter = passing(workspace, agreement, piece, &holding)?;
    let parts = Part::of(workspace, place)?;
    let wanted: BTreeSet<u32> = piece.rows.iter().copied().collect();
    let moved: BTreeSet<(u64, u32)> = late.get(place).map(|l| l.moved.clone()).unwrap_or_default();
    let mut done = Done { columns: filter.columns.iter().copied().collect(), ..Done::default() };
    let Some((source, dataset)) = at(opened, place)? else {
        // A data set that is gone has its place in the package all the same, without rows.
        let nothing = DatasetOut { columns: Vec::new(), dataset: place.clone(), groups: Vec::new(), name: holding.name.clone() };
        out.begin(nothing).map_err(|_| Fault::new("disk_full").with("place", "packages").retry())?;
        return Ok(done);
    };
    let columns: Vec<usize> = filter.columns.iter().filter_map(|c| usize::try_from(*c).ok()).collect();
    let position = |c: &u32| columns.iter().position(|own| u32::try_from(*own).ok() == Some(*c));
    out.begin(DatasetOut {
        columns: columns.iter().filter_map(|c| dataset.columns.get(*c)).map(|c| c.name.clone()).collect(),
        dataset: place.clone(),
        groups: filter.groups.iter().map(|(g, own)| (g.clone(), own.iter().filter_map(position).collect())).collect(),
        name: holding.name.clone(),
    })
    .map_err(|_| Fault::new("disk_full").with("place", "packages").retry())?;
    let mut failed = None;
    let encoding = dataset.encoding;
    align(source.as_mut(), &dataset, &parts, &mut |batch, row, met| {
        let Some(Met { part, ordinal, state: RowState::Unchanged }) = met else { return };
        let Some((of, o)) = parts.get(part).zip(u32::try_from(ordinal).ok()) else { return };
        let Some(sealed) = of.index.rows.get(ordinal).filter(|_| of.seal.n == piece.seal.n && wanted.contains(&o)) else { return };
        if sealed.nobody || !filter.branches.contains(&sealed.branch) || moved.contains(&(of.seal.n, o)) {
            done.barred += 1;
            return;
        }
        let cells = columns.iter().map(|c| cell(batch, row, *c, encoding)).collect();
        let rules: Vec<String> = piece.plan.basis.iter().filter(|(_, b)| b.contains(&sealed.branch)).map(|(r, _)| r.clone()).collect();
        match out.row(Some(u64::from(sealed.slot)), cells, &rules) {
            Ok(()) => done.rows += 1,
            Err(_) => failed = Some(Fault::new("disk_full").with("place", "packages").retry()),
        }
    })?;
    failed.map_or(Ok(done), Err)
}

/// A cell as text; none where there is no value.
fn cell(batch: &Batch, row: usize, column: usize, encoding: Encoding) -> Option<String> {
    let cell = batch.cell(row, column);
    match cell.tag {
        Tag::Null => None,
        Tag::Blob => Some(cell.bytes.iter().map(|b| format!("{b:02x}")).collect()),
        _ => {
            let mut out = Vec::new();
            text_of(cell, encoding, &mut out);
            Some(String::from_utf8_lossy(&out).into_owned())
        }
    }
}

/// The head of the manifest: whose package it is.
fn head(workspace: &Workspace, parcel: &Parcel) -> Result<Manifest, Fault> {
    let a = &parcel.agreement;
    let opened = workspace.state.opened.as_ref().ok_or_else(|| Fault::new("no_workspace"))?;
    let word = |w: &str| w.to_owned();
    let then = match a.end.then {
        Then::Keep => "keep",
        Then::Return => "return",
        Then::Destroy => "destroy",
    };
    let onward = match a.onward {
        Onward::None => "none",
        Onward::Named => "named",
        Onward::WithConsent => "with_consent",
    };
    let nothing = FilePart { bytes: 0, digest: Digest::ZERO, name: String::new(), rows: 0 };
    Ok(Manifest {
        agreement: Agreed {
            end: a.end.on.map_or_else(|| word(then), |on| format!("{then} {on}")),
            from: a.from,
            id: a.agreement.clone(),
            onward: word(onward),
            purposes: a.purposes.clone(),
            to: a.to,
        },
        bases: Vec::new(),
        bases_file: nothing,
        case: workspace.state.case.clone(),
        company: workspace.file.company.name.value.clone(),
        datasets: Vec::new(),
        made_on: workspace.today()?,
        origin: opened.origin.clone(),
        package: parcel.package.clone(),
        recipient: a.kid.clone(),
        root: Digest::ZERO,
        rows: 0,
        salt: String::new(),
        kind: String::new(),
        v: 1,
    })
}

/// What is said of a package outside it: places, ordinals, counts and keyed digests, never a name.
fn describe(parcel: &Parcel, manifest: &Manifest, done: &[Done], (bytes, sealed): (u64, Digest)) -> Json {
    let dataset = |(d, (piece, done)): (&exchange::DatasetPart, (&Piece, &Done))| {
        let files: Vec<Json> =
            d.files.iter().map(|f| json!({"bytes": f.bytes, "digest": f.digest, "name": f.name, "rows": f.rows})).collect();
        let groups: Vec<Json> = d.groups.iter().map(|g| json!({"digest": g.digest, "filled": g.filled, "group": g.group})).collect();
        json!({"columns": done.columns, "dataset": d.dataset, "files": files, "groups": groups, "order_n": piece.order_n, "persons": few(d.persons), "rows": d.rows})
    };
    json!({
        "agreement": parcel.agreement.agreement, "bases": manifest.bases.iter().map(|b| json!({"persons": few(b.persons), "rule": b.rule})).collect::<Vec<_>>(),
        "bytes": bytes, "datasets": manifest.datasets.iter().zip(parcel.pieces.iter().zip(done)).map(dataset).collect::<Vec<_>>(), "package": parcel.package,
        "recipient": parcel.agreement.kid, "root": manifest.root, "rows": manifest.rows, "sealed": sealed, "type": "custody.handover", "v": 1,
    })
}

/// Records each order of a parcel whose file lies there.
fn observe(workspace: &mut Workspace, parcel: &Parcel, finished: &Finished) -> Result<(), Fault> {
    let mut drafts = Vec::new();
    for (piece, done) in parcel.pieces.iter().zip(&finished.done) {
        let rows = piece.rows.len() as u64;
        let changed = rows.saturating_sub(done.rows + done.barred);
        let kept = [("barred", done.barred), ("changed", changed)].into_iter().filter(|(_, n)| *n > 0);
        drafts.push(observed(piece, done.rows, kept.map(|(k, n)| (k.to_owned(), n)).collect(), finished.bytes, finished.doc));
    }
    // All of a package or nothing of it: a receipt is over the whole.
    workspace.record_all(drafts)?;
    Ok(())
}

fn observed(piece: &Piece, rows_done: u64, rows_kept: BTreeMap<String, u64>, bytes: u64, receipt_doc: Digest) -> Draft {
    let event = EffectObserved {
        crowd: None,
        backup_until: None,
        bytes_searched: bytes,
        bytes_unread: 0,
        columns: Vec::new(),
        level: Level::L0,
        order_n: piece.order_n,
        out_of_scope: OUT_OF_SCOPE.map(str::to_owned).to_vec(),
        receipt_doc,
        rows_done,
        rows_kept,
        scan_n: None,
    };
    let mut rules = piece.plan.rules.clone();
    rules.sort();
    rules.dedup();
    Draft { event: Event::HandOverObserved(event), by: By::Run, rules }
}

/// Settles a parcel that may not leave any more: nothing of it was written, and its orders say so.
pub(super) fn withdraw(workspace: &mut Workspace, parcel: &Parcel) -> Result<(), Fault> {
    let doc = json!({"datasets": [], "package": parcel.package, "rows": 0, "type": "custody.handover", "v": 1, "withdrawn": true});
    let receipt_doc = workspace.put_json(&doc)?;
    let kept = |p: &Piece| BTreeMap::from([("withdrawn".to_owned(), p.rows.len() as u64)]);
    let drafts = parcel.pieces.iter().map(|p| observed(p, 0, kept(p), 0, receipt_doc)).collect();
    workspace.record_all(drafts)?;
    Ok(())
}

/// Persons chosen by an attribute: below ten the number is not written (EVIDENCE §3).
fn few(persons: u64) -> Json {
    if persons < 10 { json!("lt10") } else { json!(persons) }
}

/// Length and digest of the file as it is read back.
fn looked(path: &Path) -> Result<(u64, Digest), Fault> {
    let unread = |_: std::io::Error| Fault::new("package_unread").with("file", path.display()).retry();
    let mut file = File::open(path).map_err(unread)?;
    let (mut hash, mut room, mut bytes) = (ledger::LongSha256::default(), vec![0u8; 1 << 16], 0u64);
    loop {
        let n = file.read(&mut room).map_err(unread)?;
        if n == 0 {
            return Ok((bytes, Digest(hash.end())));
        }
        hash.add(room.get(..n).unwrap_or_default());
        bytes += n as u64;
    }
}
