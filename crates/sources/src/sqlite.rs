//! SQLite databases.

mod constraints;
mod erase;
mod faults;
mod list;
mod purge;
mod read;
mod record;
mod remains;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ::remains::Needles;
use rows::{Batch, Encoding};
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};
use terms::{Fault, Level, Place};

use crate::blank::{Blank, Said};
use crate::control::LeaveOut;
use crate::dataset::{Dataset, Left, Listing, Probe, Purged, ReadSummary, Rehearsal, Searched, Store};
use crate::ours::{Ours, identity};
use crate::places::Places;
use crate::raw::RawForm;
use crate::server::VALUE_MAX;
use crate::walk::io_fault;
use crate::{Pick, Sink, Source, files};

pub(crate) use faults::fault;

/// How long a lock of somebody else is waited for.
const BUSY: Duration = Duration::from_secs(3);

/// The version whose remains were measured (docs/why/residue.md); another bundled version caps at L2.
const TESTED: &str = "3.54.1";

/// A SQLite database file.
pub(crate) struct Sqlite {
    source: Place,
    path: PathBuf,
    datasets: Vec<Dataset>,
    /// In which encoding texts lie in the file.
    texts: Encoding,
    /// By data set: the columns of its indexes.
    indexes: BTreeMap<Place, Vec<Vec<Option<usize>>>>,
    /// A connection inside a read transaction, while the source is held still.
    still: Option<Connection>,
    leave_out: LeaveOut,
    /// By what the workspace tells its own work.
    ours: Ours,
}

impl Sqlite {
    pub(crate) fn new(source: Place, path: &Path) -> Sqlite {
        Sqlite {
            source,
            path: path.to_owned(),
            datasets: Vec::new(),
            texts: ENCODING,
            indexes: BTreeMap::new(),
            still: None,
            leave_out: LeaveOut::default(),
            ours: Ours::default(),
        }
    }

    fn reader(&self) -> Result<Connection, Fault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        match self.connect(flags) {
            // What a killed writer left (a hot journal) must be rolled back by who may write, before anybody can read.
            Err(_) if self.raw_files().len() > 1 => {
                drop(self.writer()?);
                self.connect(flags)
            }
            other => other,
        }
    }

    fn writer(&self) -> Result<Connection, Fault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        self.connect(flags)
    }

    fn connect(&self, flags: OpenFlags) -> Result<Connection, Fault> {
        let connection = Connection::open_with_flags(&self.path, flags).map_err(|e| fault(&e, &self.source))?;
        connection.busy_timeout(BUSY).map_err(|e| fault(&e, &self.source))?;
        if flags.contains(OpenFlags::SQLITE_OPEN_READ_ONLY) {
            // A row that is longer is refused before it is in memory.
            let most = i32::try_from(VALUE_MAX).unwrap_or(i32::MAX);
            connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, most).map_err(|e| fault(&e, &self.source))?;
        }
        // The header is read only now: what is no database, damaged or locked shows here.
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get::<_, i64>(0)).map_err(|e| fault(&e, &self.source))?;
        Ok(connection)
    }

    fn dataset(&self, place: &Place) -> Result<&Dataset, Fault> {
        self.datasets.iter().find(|d| d.place == *place).ok_or_else(|| Fault::new("dataset_missing").with("place", place))
    }

    /// The database file and what may lie beside it.
    fn raw_files(&self) -> Vec<PathBuf> {
        let beside = |tail: &str| {
            let mut name = self.path.as_os_str().to_owned();
            name.push(tail);
            PathBuf::from(name)
        };
        [self.path.clone(), beside("-wal"), beside("-journal")].into_iter().filter(|p| p.exists()).collect()
    }
}

/// An identifier in quotes, its own quotes doubled.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Source for Sqlite {
    fn store(&self) -> Store {
        let version = rusqlite::version().to_owned();
        let cap = if version == TESTED { Level::L4 } else { Level::L2 };
        Store { name: "sqlite", version, cap }
    }

    fn list(&mut self, places: &mut Places) -> Result<Listing, Fault> {
        self.ours = places.ours();
        let listing = list::list(self, places)?;
        self.datasets.clone_from(&listing.datasets);
        self.texts = list::texts(self)?;
        self.indexes = list::indexes(self)?;
        Ok(listing)
    }

    fn hold_still(&mut self) -> Result<(), Fault> {
        let connection = self.reader()?;
        let map = |e: rusqlite::Error| fault(&e, &self.source);
        connection.execute_batch("BEGIN").map_err(map)?;
        // The snapshot is taken by the first read.
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get::<_, i64>(0)).map_err(map)?;
        self.still = Some(connection);
        Ok(())
    }

    fn read(&mut self, place: &Place, sink: Sink<'_>) -> Result<ReadSummary, Fault> {
        let dataset = self.dataset(place)?;
        match &self.still {
            Some(connection) => read::read(connection, dataset, sink),
            None => read::read(&self.reader()?, dataset, sink),
        }
    }

    fn insert(&mut self, place: &Place, batch: &Batch) -> Result<(), Fault> {
        erase::insert(self, place, batch)
    }

    fn rehearse(&mut self, place: &Place, pick: Pick<'_>) -> Result<Option<Rehearsal>, Fault> {
        self.still = None;
        erase::rehearse(self, place, pick).map(Some)
    }

    fn erase(&mut self, places: &[Place], pick: Pick<'_>) -> Result<(), Fault> {
        self.still = None;
        let is = identity(&self.path).map_err(|e| io_fault(&e, &self.source))?;
        let notes: Vec<(&Place, &str)> = places.iter().map(|place| (place, is.as_str())).collect();
        self.ours.note(&notes).map_err(|e| io_fault(&e, &self.source))?;
        erase::erase(self, places, pick)
    }

    fn as_left(&self, place: &Place) -> bool {
        self.ours.last(place).is_some_and(|noted| identity(&self.path).is_ok_and(|now| now == noted))
    }

    fn purge(&mut self, _places: &[Place]) -> Result<Purged, Fault> {
        purge::purge(self)
    }

    fn probes(&mut self, place: &Place) -> Result<Vec<Probe>, Fault> {
        remains::probes(self, place)
    }

    fn search(&mut self, place: &Place, needles: &mut Needles) -> Result<Searched, Fault> {
        remains::search(self, place, needles)
    }

    fn free_space(&mut self) -> Option<u64> {
        Some(self.path.as_path()).and_then(files::free)
    }

    fn leave_out(&mut self, what: LeaveOut) {
        self.leave_out = what;
    }

    fn would(&self, place: &Place, overwrite: Option<(&[u32], &[Left])>) -> Vec<String> {
        erase::would(self, place, overwrite.map(|(columns, _)| columns)).into_iter().collect()
    }

    fn blanks(&mut self, place: &Place, columns: &[u32], said: &Said) -> Result<Vec<Blank>, Fault> {
        constraints::fitting(self, place, columns, said)
    }

    fn raw_form(&self, place: &Place) -> RawForm {
        let rowid_alias = self.dataset(place).ok().and_then(record::rowid_alias);
        let indexes = self.indexes.get(place).cloned().unwrap_or_default();
        let writing = record::Writing { rowid_alias, texts: self.texts, indexes };
        Box::new(move |cells| record::record(cells, &writing))
    }
}

/// SQLite gives its texts as UTF-8, whatever the file's encoding.
const ENCODING: Encoding = Encoding::Utf8;
