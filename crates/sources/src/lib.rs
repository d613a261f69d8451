//! SQLite databases, folders of delimited files, folders of spreadsheets: read as lossless batches, erased, purged, searched for remains.

mod blank;
mod cell;
mod control;
mod dataset;
mod delimited;
mod documents;
mod files;
mod fit;
mod folder;
mod json;
mod look;
mod mariadb;
mod ours;
mod overwrite;
mod parquet;
mod places;
mod postgres;
mod raw;
mod server;
mod serverlog;
mod sheets;
mod sqlite;
mod walk;

use std::path::Path;

use remains::Needles;
use rows::Batch;
use terms::{Fault, Place, StoreKind};

pub use blank::{Blank, Generalised, Said};
pub use cell::reads_as;
pub use control::LeaveOut;
pub use dataset::{
    Action, Column, Dataset, FileFound, Holds, Left, Listing, Missed, Probe, Purged, ReadSummary, Rehearsal, Searched, Setting, Store,
    Structure,
};
pub use formats::{otherwise, wholly};
pub use overwrite::{sync_folder, wipe};
pub use places::Places;
pub use raw::{RawForm, Record};
pub use server::{Limits, ServerAt};

/// Receives batches; an error stops the reading.
pub type Sink<'a> = &'a mut dyn FnMut(&Batch) -> Result<(), Fault>;

/// Rows of a data set that are rehearsed with.
pub(crate) const REHEARSED: usize = 1_000;

/// Decides what becomes of a row: data set, batch, row in the batch.
pub type Pick<'a> = &'a mut dyn FnMut(&Place, &Batch, usize) -> Result<Action, Fault>;

/// Says of a row, by its batch and number there, whether it will go whole.
pub type Mark<'a> = &'a mut dyn FnMut(&Batch, usize) -> bool;

/// A place where data lies.
pub trait Source {
    /// Store and version, as the residue table names them.
    fn store(&self) -> Store;

    /// Every data set, and what could not be opened with the reason.
    ///
    /// # Errors
    /// If the source itself cannot be opened.
    fn list(&mut self, places: &mut Places) -> Result<Listing, Fault>;

    /// From here on every reading sees the source as it is now, until it is dropped or erased.
    ///
    /// # Errors
    /// If a snapshot cannot be taken.
    fn hold_still(&mut self) -> Result<(), Fault>;

    /// Reads a data set in its reading order, from one snapshot.
    ///
    /// # Errors
    /// If it cannot be opened or read to its end; nothing that was read then counts.
    fn read(&mut self, place: &Place, sink: Sink<'_>) -> Result<ReadSummary, Fault>;

    /// Puts rows into a data set that has the same columns, each value as it was read: the way back from an archive.
    ///
    /// # Errors
    /// If the store takes no rows this way, or refuses these.
    fn insert(&mut self, place: &Place, _batch: &Batch) -> Result<(), Fault> {
        Err(Fault::new("restore_elsewhere").with("place", place))
    }

    /// Does what [`Source::erase`] would do to the first rows of a data set that `pick` picks, looks at what that did, and takes it all back.
    /// None where nothing refers to anything and nothing is computed: in files.
    ///
    /// # Errors
    /// If the store refuses what would be done.
    fn rehearse(&mut self, _place: &Place, _pick: Pick<'_>) -> Result<Option<Rehearsal>, Fault> {
        Ok(None)
    }

    /// Erases what `pick` says in all data sets, all or nothing per store; rows already erased may be picked again.
    ///
    /// # Errors
    /// If somebody else is writing, or the store refuses; then nothing was erased.
    fn erase(&mut self, places: &[Place], pick: Pick<'_>) -> Result<(), Fault>;

    /// Reads a data set like [`Source::read`], and remembers in which version rows that `mark` says will go whole were seen; `false` where the
    /// store tells no versions: then nothing was read.
    ///
    /// # Errors
    /// As of reading.
    fn mark(&mut self, _place: &Place, _mark: Mark<'_>) -> Result<bool, Fault> {
        Ok(false)
    }

    /// Erases rows that were marked, without reading them again: each that `still` says, by its number from 0 in the order in which they were
    /// marked, if it is the version that was seen. `false` where none were marked, or the table was written anew since: then nothing was erased.
    ///
    /// # Errors
    /// As of erasing.
    fn erase_marked(&mut self, _place: &Place, _still: &mut dyn FnMut(usize) -> Result<bool, Fault>) -> Result<bool, Fault> {
        Ok(false)
    }

    /// Whether what lies at a place is as the last [`Source::erase`] of it left it: a file that somebody put there since is not. Databases do
    /// not tell.
    fn as_left(&self, _place: &Place) -> bool {
        true
    }

    /// Rights that erasing and purging these data sets need and the user lacks, as the statements that give them.
    ///
    /// # Errors
    /// If the store does not say.
    fn missing_rights(&mut self, _places: &[Place]) -> Result<Vec<String>, Fault> {
        Ok(Vec::new())
    }

    /// Settings that the purge changes, as they are now.
    ///
    /// # Errors
    /// If the store does not say.
    fn settings(&mut self) -> Result<Vec<Setting>, Fault> {
        Ok(Vec::new())
    }

    /// Puts settings back; doing it twice does no harm.
    ///
    /// # Errors
    /// If the store refuses.
    fn put_back(&mut self, _settings: &[Setting]) -> Result<(), Fault> {
        Ok(())
    }

    /// Cleans what erasing leaves behind: free pages, journals, statistics. It may leave [`Source::settings`] changed.
    ///
    /// # Errors
    /// If somebody else is looking, by the store's own answer.
    fn purge(&mut self, places: &[Place]) -> Result<Purged, Fault>;

    /// Values of a data set that are known to stand in structures which hold only some, and what is written there to be found.
    ///
    /// # Errors
    /// If the store refuses.
    fn probes(&mut self, _place: &Place) -> Result<Vec<Probe>, Fault> {
        Ok(Vec::new())
    }

    /// Flushes, then searches every raw file for needles; structures are told apart as seen from one data set.
    ///
    /// # Errors
    /// If the store cannot be flushed, or a raw file cannot be listed.
    fn search(&mut self, place: &Place, needles: &mut Needles) -> Result<Searched, Fault>;

    /// Marks the needles that stand in what the store's maker wrote and every such store has: its help, with numbers in its examples. They say
    /// nothing of anybody here.
    fn shipped(&mut self, _needles: &mut Needles) {}

    /// Bytes that are free where the store's files lie; none where nobody says.
    fn free_space(&mut self) -> Option<u64> {
        None
    }

    /// Statements that let the user of a database read what it cannot read now.
    ///
    /// # Errors
    /// If the server does not say.
    fn unreadable(&mut self) -> Result<Vec<String>, Fault> {
        Ok(Vec::new())
    }

    /// Leaves out steps of the purge or encodings of the search, for the negative control: remains must then be found, or sight be missed.
    fn leave_out(&mut self, _what: LeaveOut) {}

    /// What erasing would do, in the store's own words: whole rows, or these columns of them, with what a row is left with.
    fn would(&self, place: &Place, overwrite: Option<(&[u32], &[Left])>) -> Vec<String>;

    /// What erasing leaves in each column of a data set when these columns are erased together: null, or where null or the plain blank is refused
    /// the first value that all constraints take. With them go columns of which somebody said what is left: databases say
    /// here whether all rows take that; files have no constraints.
    ///
    /// # Errors
    /// If the store does not say, or no value is taken.
    fn blanks(&mut self, place: &Place, columns: &[u32], said: &Said) -> Result<Vec<Blank>, Fault>;

    /// What the rows of a data set look like in the raw files.
    fn raw_form(&self, place: &Place) -> RawForm;
}

/// Where a source is.
#[derive(Clone, Debug)]
pub enum At {
    /// A file or folder of this machine.
    Path(std::path::PathBuf),
    /// A database server.
    Server(ServerAt),
}

/// Opens a source of that kind.
///
/// # Errors
/// If there is nothing at the path, or the server cannot be reached.
pub fn open(kind: StoreKind, source: &Place, at: At) -> Result<Box<dyn Source>, Fault> {
    match (kind, at) {
        (StoreKind::Postgresql, At::Server(at)) => Ok(Box::new(postgres::Postgres::open(source.clone(), at)?)),
        (StoreKind::Mariadb, At::Server(at)) => Ok(Box::new(mariadb::Mariadb::open(source.clone(), at)?)),
        (_, At::Server(_)) => Err(Fault::new("server_address").with("source", source)),
        (kind, At::Path(path)) => open_path(kind, source, &path),
    }
}

fn open_path(kind: StoreKind, source: &Place, path: &Path) -> Result<Box<dyn Source>, Fault> {
    if !path.exists() {
        return Err(Fault::new("source_missing").with("source", source));
    }
    // Whatever links lead there: the file itself is read, erased and searched.
    let found = std::fs::canonicalize(path).or_else(|_| std::path::absolute(path).map(|p| terms::verbatim(&p)));
    let path = &found.map_err(|_| Fault::new("source_missing").with("source", source))?;
    Ok(match kind {
        StoreKind::Sqlite => Box::new(sqlite::Sqlite::new(source.clone(), path)),
        StoreKind::Delimited => Box::new(delimited::Delimited::new(source.clone(), path)),
        StoreKind::Sheets => Box::new(sheets::Sheets::new(source.clone(), path)),
        StoreKind::Files => Box::new(folder::Folder::new(source, path)),
        StoreKind::Postgresql | StoreKind::Mariadb => return Err(Fault::new("server_address").with("source", source)),
        StoreKind::Paper | StoreKind::Device | StoreKind::Platform => return Err(Fault::new("reach_by_hand").with("source", source)),
    })
}

/// The version of the SQLite library inside.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}
