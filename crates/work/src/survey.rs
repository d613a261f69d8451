//! The scan: every data set read to its end, findings per column, the coverage list; one pass that others may listen to.

use std::collections::BTreeSet;

use case::{By, Command, Event, ScanRecorded, SourceFrozen, SourceRegistered};
use detect::{Headers, Kind};
use inventory::Gatherer;
use rows::Batch;
use sources::{Dataset, FileFound, Source};
use terms::{DatasetSeen, Fault, FileCount, FilesSeen, Inventory, Place, Reach, SourceSeen, Unread};

mod describe;
mod digest;
mod names;
mod schema;

pub(crate) use describe::class_by_name;
use describe::describe;
pub(crate) use digest::DatasetDigest;
use names::names_fit;
use schema::schema_document;
pub(crate) use schema::schema_of;

use crate::opened::{Listed, Opened};
use crate::policy::place_of;
use crate::progress::Progress;
use crate::references::confirm;
use crate::supposed::Supposing;
use crate::workspace::Workspace;

/// Hears every batch of a scan with its sure findings (row, column, kind, value).
pub(crate) trait Listener {
    fn begin(&mut self, listed: &Listed) -> Result<(), Fault>;
    fn batch(&mut self, listed: &Listed, batch: &Batch, found: &[(usize, usize, Kind, Vec<u8>)]) -> Result<(), Fault>;
}

/// Listens to nothing.
pub(crate) struct Deaf;

impl Listener for Deaf {
    fn begin(&mut self, _: &Listed) -> Result<(), Fault> {
        Ok(())
    }
    fn batch(&mut self, _: &Listed, _: &Batch, _: &[(usize, usize, Kind, Vec<u8>)]) -> Result<(), Fault> {
        Ok(())
    }
}

/// What a scan found.
#[derive(Clone, Debug)]
pub struct ScanReport {
    /// The inventory.
    pub inventory: Inventory,
    /// The number of `scan.recorded`.
    pub n: u64,
}

/// Scans all sources and records the inventory in a run of its own.
///
/// # Errors
/// If the ledger or the vault fails; what cannot be read in a source is listed instead.
pub fn scan(workspace: &mut Workspace, progress: &dyn Progress) -> Result<ScanReport, Fault> {
    register(workspace)?;
    workspace.begin_run(&["scan"], None)?;
    let mut opened = open_sources(workspace)?;
    let report = survey(workspace, &mut opened, &mut Deaf, progress)?;
    workspace.end_run(vec!["scan".to_owned()], Vec::new())?;
    Ok(report)
}

/// Rights that erasing in each source would need and the user of its database lacks, as the statements that give them.
///
/// # Errors
/// If a source cannot be opened.
pub fn missing_rights(workspace: &mut Workspace) -> Result<Vec<(Place, Vec<String>)>, Fault> {
    let mut places = workspace.places()?;
    // Once there is a plan, only where something goes by it.
    let planned = crate::planning::read_plan(workspace)
        .ok()
        .map(|(_, doc)| doc.plan.items.iter().filter(|i| i.irreversible()).map(|i| i.dataset.clone()).collect::<BTreeSet<Place>>());
    let mut out = Vec::new();
    for i in 0..workspace.file.sources.len() {
        let Some(id) = workspace.file.sources.get(i).filter(|s| s.reach() == Reach::Direct).map(|s| s.id.value.clone()) else { continue };
        let (place, mut source) = workspace.source(i)?;
        let listing = source.list(&mut places)?;
        // Of what the case file says is nobody's nothing is ever erased.
        let nobodys = |d: &Dataset| workspace.file.dataset(&id, &d.name).and_then(|s| s.class.as_ref()).is_some_and(|c| c.value == "none");
        let goes = |d: &Dataset| !d.derived && !nobodys(d) && planned.as_ref().is_none_or(|p| p.contains(&d.place));
        let sets: Vec<Place> = listing.datasets.iter().filter(|d| goes(d)).map(|d| d.place.clone()).collect();
        let mut missing = source.unreadable()?;
        missing.extend(source.missing_rights(&sets)?);
        out.push((place, missing));
    }
    Ok(out)
}

/// Makes the register of sources and holds equal to the case file.
pub(crate) fn register(workspace: &mut Workspace) -> Result<(), Fault> {
    let mut registered = Vec::new();
    let mut frozen = Vec::new();
    for (i, s) in workspace.file.sources.iter().enumerate() {
        let Some(source) = place_of(i) else { continue };
        let reach = s.reach();
        let (store, version, cap) = match workspace.source(i) {
            Ok((_, open)) => {
                let store = open.store();
                (store.name.to_owned(), store.version, store.cap.min(reach.cap()))
            }
            // What cannot be looked at yet is registered once it can: an export that has not come, a server that refuses the login.
            Err(_) if reach != Reach::ByHand => continue,
            Err(_) => (s.kind().word().to_owned(), "unknown".to_owned(), reach.cap().min(terms::Level::L1)),
        };
        registered.push(SourceRegistered { cap, reach, source: source.clone(), store, version });
        frozen.extend(s.freeze.as_ref().and_then(|f| f.value.parse().ok()).map(|from| SourceFrozen { from, source }));
    }
    workspace.record(Command::Sources(registered, frozen))?;
    Ok(())
}

/// Opens every source that can be opened and lists what is in it.
pub(crate) fn open_sources(workspace: &mut Workspace) -> Result<Opened, Fault> {
    let mut places = workspace.places()?;
    let ids: Vec<String> = workspace.file.sources.iter().map(|s| format!("{} {}", s.id.value, s.kind().word())).collect();
    if !places.keep_order(&ids) {
        return Err(Fault::new("sources_reordered"));
    }
    let paths = workspace.file.sources.iter().map(|s| s.path.value.clone()).enumerate();
    let elsewhere = paths.filter(|(i, path)| !places.sealed_at(*i).is_empty() && places.sealed_at(*i) != path).map(|(i, _)| i).collect();
    let mut out = Opened { sources: Vec::new(), listed: Vec::new(), unread: Vec::new(), seen: Vec::new(), files: Vec::new(), elsewhere };
    for i in 0..workspace.file.sources.len() {
        let Some(place) = place_of(i) else { continue };
        let Some(file) = workspace.file.sources.get(i).cloned() else { continue };
        let mut missed = |reason: &str| out.unread.push(Unread { place: place.clone(), reason: reason.to_owned(), bytes: 0 });
        let reach = file.reach();
        if reach == Reach::ByHand {
            missed("reach_by_hand");
            out.sources.push((place, None));
            continue;
        }
        if let Some(reason) = crate::errands::unmoved(workspace, i, &place)? {
            missed(reason);
            out.sources.push((place, None));
            continue;
        }
        let opened = workspace.source(i).and_then(|(_, mut s)| s.list(&mut places).map(|l| (s, l)));
        match opened {
            Err(fault) => {
                missed(fault.code());
                out.sources.push((place, None));
            }
            Ok((source, listing)) => {
                let store = source.store();
                out.seen.push(SourceSeen {
                    source: place.clone(),
                    kind: file.kind(),
                    reach,
                    store: format!("{} {}", store.name, store.version),
                    cap: store.cap.min(reach.cap()),
                    live: file.live,
                    files: None,
                });
                out.files.extend(listing.files);
                out.unread.extend(listing.missed.into_iter().map(|m| Unread { place: m.place, reason: m.reason, bytes: m.bytes }));
                for dataset in listing.datasets {
                    let columns: Vec<&str> = dataset.columns.iter().map(|c| c.name.as_str()).collect();
                    let said = workspace.file.dataset(&file.id.value, &dataset.name).cloned().map(|s| s.naming(&columns));
                    out.listed.push(Listed { source: i, dataset, said });
                }
                out.sources.push((place, Some(source)));
            }
        }
    }
    workspace.keep_places(&places)?;
    names_fit(workspace, &out)?;
    confirm(&workspace.file, &mut out.listed);
    Ok(out)
}

/// Reads every data set, records the inventory in the open run.
pub(crate) fn survey(
    workspace: &mut Workspace,
    opened: &mut Opened,
    listener: &mut dyn Listener,
    progress: &dyn Progress,
) -> Result<ScanReport, Fault> {
    let headers = Headers::shipped().map_err(|_| Fault::new("shipped_data_damaged"))?;
    let digest_key = workspace.vault()?.digest_key("inventory");
    let mut inventory = Inventory { sources: opened.seen.clone(), ..Inventory::default() };
    let mut supposing = Supposing::of(&opened.listed);
    progress.begin("scan", Some(opened.listed.len() as u64));
    let mut unread = opened.unread.clone();
    for listed in &opened.listed {
        let Some((_, Some(source))) = opened.sources.get_mut(listed.source) else { continue };
        match read_dataset(workspace, source.as_mut(), listed, (&headers, &digest_key), (listener, &mut supposing)) {
            Ok(seen) => inventory.datasets.push(seen),
            Err(fault) if fault.code() == "listener_stopped" => return Err(fault),
            Err(fault) => {
                let place = listed.dataset.place.clone();
                let bytes = opened.files.iter().find(|f| f.place == place).map_or(0, |f| f.bytes);
                unread.push(Unread { place, reason: fault.code().to_owned(), bytes });
            }
        }
        progress.add(1);
    }
    progress.end();
    for d in &mut inventory.datasets {
        (d.supposed, d.led_by) = (supposing.found(&d.dataset), supposing.leads(&d.dataset));
    }
    inventory.unread = unread;
    for source in inventory.sources.iter_mut().filter(|s| s.kind.is_folder()) {
        source.files = Some(files_seen(&source.source, &opened.files, &inventory.unread));
    }
    inventory.datasets.sort_by(|a, b| a.dataset.cmp(&b.dataset));
    let event = ScanRecorded {
        datasets: inventory.datasets.len() as u64,
        inventory_doc: workspace.put_json(&inventory)?,
        places: (inventory.datasets.len() + inventory.unread.len()) as u64,
        run_n: workspace.run_n()?,
        unread: inventory.unread.len() as u64,
    };
    let n = workspace.record(Command::Record(By::Run, Event::ScanRecorded(event)))?;
    Ok(ScanReport { inventory, n: n.first().copied().unwrap_or_default() })
}

/// What became of the files of a source.
fn files_seen(source: &Place, files: &[FileFound], unread: &[Unread]) -> FilesSeen {
    let mut out = FilesSeen::default();
    for file in files.iter().filter(|f| f.place.source() == source.as_str()) {
        let whole = |u: &Unread| u.place == file.place || file.read_in.as_ref() == Some(&u.place);
        let count = match () {
            () if unread.iter().any(whole) => &mut out.unread,
            () if unread.iter().any(|u| u.place.is_within(&file.place)) => &mut out.partly,
            () => &mut out.read,
        };
        *count = FileCount { files: count.files + 1, bytes: count.bytes + file.bytes };
    }
    out
}

fn read_dataset(
    workspace: &Workspace,
    source: &mut dyn Source,
    listed: &Listed,
    (headers, digest_key): (&Headers, &[u8; 32]),
    (listener, supposing): (&mut dyn Listener, &mut Supposing),
) -> Result<DatasetSeen, Fault> {
    let dataset = &listed.dataset;
    let mut gatherer = Gatherer::new(dataset.columns.len(), dataset.encoding);
    let mut digest = DatasetDigest::new(digest_key);
    listener.begin(listed)?;
    let summary = source.read(&dataset.place, &mut |batch| {
        let mut found = Vec::new();
        gatherer.add(batch, &mut |row, column, kind, value| found.push((row, column, kind, value.to_vec())));
        (0..batch.rows()).for_each(|row| digest.row(batch, row));
        supposing.batch(dataset, batch);
        listener.batch(listed, batch, &found)
    })?;
    let schema = schema_document(workspace, dataset, headers)?;
    Ok(describe(listed, &gatherer, summary, digest.finish(), schema, headers))
}
