//! The scan: every data set read to its end, findings per column, the coverage list; one pass that others may listen to.

use std::collections::BTreeMap;

use case::file::DatasetFile;
use case::{By, Command, Event, ScanRecorded, SourceFrozen, SourceRegistered};
use detect::{Headers, Kind};
use inventory::{Declared, Gatherer, about_people, categories, findings, propose_class, propose_groups, shown_name, tier_of};
use ledger::keyed;
use rows::{Batch, canonical_row};
use sources::{Dataset, FileFound, Source};
use terms::{ColumnSeen, DatasetSeen, Digest, Fault, FileCount, FilesSeen, Inventory, Place, Reach, SourceSeen, Unread};

use crate::policy::place_of;
use crate::progress::Progress;
use crate::supposed::{Supposing, confirm, referred};
use crate::workspace::Workspace;

/// A data set as listed, with what the case file says of it.
pub(crate) struct Listed {
    pub source: usize,
    pub dataset: Dataset,
    pub said: Option<DatasetFile>,
}

/// Open sources with their listings.
pub(crate) struct Opened {
    pub sources: Vec<(Place, Option<Box<dyn Source>>)>,
    pub listed: Vec<Listed>,
    pub unread: Vec<Unread>,
    pub seen: Vec<SourceSeen>,
    /// Every file of the sources that are folders.
    pub files: Vec<FileFound>,
    /// Ordinals of sources that lie elsewhere than where their data sets were sealed.
    pub elsewhere: Vec<usize>,
}

impl Listed {
    /// Whether it can have rows: a list without header has no columns either once its rows went.
    pub(crate) fn may_have_rows(&self) -> bool {
        self.dataset.is_table || !self.dataset.columns.is_empty()
    }
}

/// Why a data set was not read: it itself, the file that it lies in, or its source.
pub(crate) fn unread_of<'a>(unread: &'a [Unread], place: &Place) -> Option<&'a Unread> {
    unread.iter().find(|u| u.place == *place || place.is_within(&u.place))
}

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
    let mut out = Vec::new();
    for i in 0..workspace.file.sources.len() {
        let direct = workspace.file.sources.get(i).is_some_and(|s| s.reach() == Reach::Direct);
        if !direct {
            continue;
        }
        let (place, mut source) = workspace.source(i)?;
        let listing = source.list(&mut places)?;
        let sets: Vec<Place> = listing.datasets.iter().filter(|d| !d.derived).map(|d| d.place.clone()).collect();
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
                    let said = workspace.file.dataset(&file.id.value, &dataset.name).cloned();
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

/// Refuses a file that the case file names, and that would become of it what becomes of documents: it is no list of a kind that is known, or
/// damaged.
fn read_as_named(workspace: &mut Workspace, opened: &Opened) -> Result<(), Fault> {
    let places = workspace.places()?;
    for said in &workspace.file.datasets {
        let Some((source, name)) = said.at.value.split_once('/') else { continue };
        let Some(i) = workspace.file.sources.iter().position(|s| s.id.value == source) else { continue };
        let Some(own) = crate::policy::place_of(i) else { continue };
        let here = |f: &&FileFound| f.place.source() == own.as_str() && f.read_in.is_some();
        let found = opened.files.iter().filter(here).find(|f| places.name(&f.place).is_some_and(|known| known == name));
        if let Some(file) = found.filter(|_| !opened.listed.iter().any(|l| l.said.as_ref().is_some_and(|s| s.at == said.at))) {
            return Err(Fault::new("named_file_is_document").with("line", said.at.line).with("place", &file.place));
        }
    }
    Ok(())
}

/// Refuses names in the case file that nothing has: what is misspelt there would silently be left out.
fn names_fit(workspace: &mut Workspace, opened: &Opened) -> Result<(), Fault> {
    read_as_named(workspace, opened)?;
    if !opened.unread.is_empty() || !workspace.state.orders.is_empty() {
        // What was not read may have them; and what was destroyed by the case itself is not there any more.
        return Ok(());
    }
    for said in &workspace.file.datasets {
        let own: Vec<&Dataset> =
            opened.listed.iter().filter(|l| l.said.as_ref().is_some_and(|s| s.at == said.at)).map(|l| &l.dataset).collect();
        let nothing = |line: u64, field: &str, name: &str| {
            let known = if own.is_empty() { tables(opened) + " (`custody places`)" } else { columns(&own) };
            Err(Fault::new("case_names_nothing").with("line", line).with("field", field).with("name", name).with("known", known))
        };
        if own.is_empty() {
            return nothing(said.at.line, "datasets.at", &said.at.value);
        }
        let lacks = |column: &&String| !own.iter().any(|d| d.columns.iter().any(|c| c.name == **column));
        let tells = || said.tells.value.values().filter(|c| !c.starts_with('='));
        let fields: [(u64, &str, Option<&String>); 5] = [
            (said.groups.line, "datasets.groups", said.groups.value.values().flatten().find(lacks)),
            (said.tells.line, "datasets.tells", tells().find(lacks)),
            (said.at.line, "datasets.not_personal", said.not_personal.keys().find(lacks)),
            (said.at.line, "datasets.owner", said.owner.as_ref().map(|o| &o.column).filter(lacks)),
            (said.at.line, "datasets.no_references", said.no_references.iter().find(lacks)),
        ];
        if let Some((line, field, Some(name))) = fields.into_iter().find(|(_, _, name)| name.is_some()) {
            return nothing(line, field, name);
        }
        let leads = |r: &&case::file::Owner| !own.iter().all(|d| referred(&workspace.file, &opened.listed, d, r).is_some());
        if let Some(reference) = said.references.iter().find(leads) {
            return nothing(said.at.line, "datasets.references", &reference.column);
        }
    }
    Ok(())
}

/// Most names that a fault lists.
const NAMES_MAX: usize = 40;

/// Columns as far as their names may be shown, else by their number.
fn columns(sets: &[&Dataset]) -> String {
    let headers = Headers::shipped().ok();
    let shown = |d: &&Dataset, i: usize, name: &str| {
        headers.as_ref().and_then(|h| shown_name(name, d.is_table, h)).unwrap_or_else(|| format!("#{i}"))
    };
    let all = sets.iter().flat_map(|d| d.columns.iter().enumerate().map(move |(i, c)| shown(d, i, &c.name)));
    all.take(NAMES_MAX).collect::<Vec<_>>().join(", ")
}

/// Places of data sets: `custody places` tells their names.
fn tables(opened: &Opened) -> String {
    opened.listed.iter().map(|l| l.dataset.place.to_string()).take(NAMES_MAX).collect::<Vec<_>>().join(", ")
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
            Err(fault) => unread.push(Unread { place: listed.dataset.place.clone(), reason: fault.code().to_owned(), bytes: 0 }),
        }
        progress.add(1);
    }
    progress.end();
    inventory.datasets.iter_mut().for_each(|d| d.supposed = supposing.found(&d.dataset));
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

/// Rows after which the chain of a data set's digest goes on.
const CHAINED: u32 = 1_024;

/// The keyed digest of a data set: a changed, missing or moved row changes it.
pub(crate) struct DatasetDigest<'k> {
    key: &'k [u8; 32],
    chain: [u8; 32],
    rows: u32,
    all: Vec<u8>,
    bytes: Vec<u8>,
}

impl<'k> DatasetDigest<'k> {
    pub(crate) fn new(key: &'k [u8; 32]) -> DatasetDigest<'k> {
        DatasetDigest { key, chain: [0; 32], rows: 0, all: Vec::new(), bytes: Vec::new() }
    }

    pub(crate) fn row(&mut self, batch: &Batch, row: usize) {
        canonical_row(batch.row(row), &mut self.bytes);
        self.all.extend_from_slice(&(self.bytes.len() as u64).to_be_bytes());
        self.all.extend_from_slice(&self.bytes);
        self.rows += 1;
        if self.rows == CHAINED {
            self.link();
        }
    }

    fn link(&mut self) {
        self.chain = keyed(self.key, "dataset-digest", &[&self.chain, &self.all]);
        self.all.clear();
        self.rows = 0;
    }

    pub(crate) fn finish(mut self) -> Digest {
        self.link();
        Digest(self.chain)
    }
}

/// The schema as a document: names only where they may be shown.
fn schema_document(workspace: &Workspace, dataset: &Dataset, headers: &Headers) -> Result<Digest, Fault> {
    let columns: Vec<_> = dataset
        .columns
        .iter()
        .map(|c| {
            let mut column = BTreeMap::from([
                ("declared", terms::json::Json::from(type_word(&c.declared))),
                ("key", terms::json::Json::from(c.key)),
                ("not_null", terms::json::Json::from(c.not_null)),
                ("unique", terms::json::Json::from(c.unique)),
            ]);
            if let Some(name) = shown_name(&c.name, dataset.is_table, headers) {
                column.insert("name", terms::json::Json::from(name));
            }
            column
        })
        .collect();
    let mut schema = terms::json::json!({"columns": columns, "encoding": dataset.encoding.word(), "type": "custody.schema", "v": 1});
    if let (Some(fields), reading @ 1..) = (schema.as_object_mut(), dataset.reading) {
        fields.insert("reading".to_owned(), reading.into());
    }
    workspace.put_json(&schema)
}

fn describe(
    listed: &Listed,
    gatherer: &Gatherer,
    summary: sources::ReadSummary,
    digest: Digest,
    schema: Digest,
    headers: &Headers,
) -> DatasetSeen {
    let dataset = &listed.dataset;
    let declared: Vec<Declared<'_>> =
        dataset.columns.iter().zip(&gatherer.columns).map(|(c, found)| Declared { name: &c.name, key: c.key, found }).collect();
    let said = listed.said.as_ref();
    let told = if dataset.derived { Some("none".to_owned()) } else { None };
    let class = told.or_else(|| {
        said.and_then(|s| s.class.as_ref())
            .map(|c| c.value.clone())
            .or_else(|| propose_class(&dataset.name, &declared, headers).map(str::to_owned))
    });
    let people = about_people(&declared) || class.as_deref().is_some_and(crate::rowfacts::stands_for_person);
    let proposed = class.as_deref().map(|c| propose_groups(c, &declared, headers)).unwrap_or_default();
    let group_of = |i: usize, name: &str| -> Option<String> {
        let named = said.and_then(|s| s.groups.iter().find(|(_, columns)| columns.iter().any(|c| c == name)));
        let excluded = said.is_some_and(|s| s.not_personal.contains_key(name));
        match named {
            Some((group, _)) => Some(group.clone()),
            None if excluded || class.as_deref() == Some("none") => None,
            None => proposed.get(i).copied().flatten().map(str::to_owned),
        }
    };
    let columns = (0u32..)
        .zip(dataset.columns.iter().zip(&declared))
        .map(|(ordinal, (column, declared))| {
            let excluded =
                said.is_some_and(|s| s.not_personal.contains_key(&column.name)) || (class.as_deref() == Some("none") && !dataset.derived);
            let findings = if excluded { Vec::new() } else { findings(declared, headers, people) };
            let categories = categories(declared, &findings);
            ColumnSeen {
                ordinal,
                name: shown_name(&column.name, dataset.is_table, headers),
                filled: declared.found.filled,
                tier: tier_of(categories.iter().map(String::as_str)),
                categories,
                findings,
                group: group_of(ordinal as usize, &column.name),
                key: column.key,
                not_null: column.not_null,
                unique: column.unique,
                stored: declared.found.stored.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect(),
            }
        })
        .collect();
    DatasetSeen {
        dataset: dataset.place.clone(),
        name: if dataset.is_table { shown_name(&dataset.name, true, headers) } else { None },
        rows: summary.rows,
        bytes: gatherer.columns.iter().map(|c| c.bytes).sum(),
        digest,
        schema,
        columns,
        ragged: summary.ragged,
        hidden: dataset.hidden,
        derived: dataset.derived,
        referred: dataset.referred,
        purge: dataset.purge.clone(),
        by_hand: dataset.by_hand.map(str::to_owned),
        class,
        points_to: dataset.points_to.clone(),
        supposed: Vec::new(),
    }
}

/// The class that a data set's own names speak for, before any value was read.
pub(crate) fn class_by_name(dataset: &Dataset) -> Option<&'static str> {
    let headers = Headers::shipped().ok()?;
    let nothing = inventory::ColumnFound::default();
    let declared: Vec<Declared<'_>> = dataset.columns.iter().map(|c| Declared { name: &c.name, key: c.key, found: &nothing }).collect();
    propose_class(&dataset.name, &declared, &headers)
}

/// The schema document of a data set as it is now.
pub(crate) fn schema_of(workspace: &Workspace, dataset: &Dataset) -> Result<Digest, Fault> {
    let headers = Headers::shipped().map_err(|_| Fault::new("shipped_data_damaged"))?;
    schema_document(workspace, dataset, &headers)
}

/// A declared type as one of the usual words: SQLite lets people write anything there, even a name.
fn type_word(declared: &str) -> &'static str {
    const KNOWN: [&str; 16] = [
        "INTEGER", "INT", "BIGINT", "SMALLINT", "TEXT", "VARCHAR", "NVARCHAR", "CHAR", "REAL", "DOUBLE", "FLOAT", "NUMERIC", "DECIMAL",
        "DATE", "DATETIME", "BLOB",
    ];
    let word = declared.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default().to_ascii_uppercase();
    KNOWN.into_iter().find(|k| *k == word).unwrap_or(if declared.is_empty() { "" } else { "OTHER" })
}
