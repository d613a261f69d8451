//! PostgreSQL databases.

mod blank;
mod connect;
mod copytext;
mod definitions;
mod erase;
mod faults;
mod insert;
mod list;
mod logs;
mod packed;
mod purge;
mod read;
mod rehearse;
mod remains;
mod rights;
mod session;
mod tuple;
mod version;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;

use ::remains::Needles;
use rows::Batch;
use terms::{Fault, Level, Place, PurgeStep};

use crate::blank::{Blank, Said};
use crate::control::LeaveOut;
use crate::dataset::{Left, Listing, Probe, Purged, ReadSummary, Rehearsal, Searched, Setting, Store};
use crate::places::Places;
use crate::raw::{RawForm, Record};
use crate::server::{ServerAt, turn};
use crate::{Mark, Pick, Sink, Source, files, serverlog};
use connect::Warnings;
use erase::Marked;
use list::Table;
use session::Session;

/// Major versions whose remains were measured (docs/why/residue.md); every other is capped at L2.
const TESTED: [&str; 1] = ["15"];

/// A PostgreSQL database.
pub(crate) struct Postgres {
    source: Place,
    at: ServerAt,
    client: Session,
    version: String,
    tables: BTreeMap<Place, Table>,
    /// Whether a snapshot is held.
    still: bool,
    /// Rows that will go whole, as they were last seen.
    marked: BTreeMap<Place, Marked>,
    leave_out: LeaveOut,
    /// From when settings are looked at until they are put back: nobody else's purge changes them.
    turn: Option<File>,
}

impl Postgres {
    /// Connects.
    ///
    /// # Errors
    /// If the server cannot be reached or refuses.
    pub(crate) fn open(source: Place, at: ServerAt) -> Result<Postgres, Fault> {
        let (mut client, _) = connect::connect(&at, &source)?;
        let version = connect::version(&mut client, &source)?;
        Ok(Postgres {
            source,
            at,
            client,
            version,
            tables: BTreeMap::new(),
            still: false,
            marked: BTreeMap::new(),
            leave_out: LeaveOut::default(),
            turn: None,
        })
    }

    fn table(&self, place: &Place) -> Result<&Table, Fault> {
        self.tables.get(place).ok_or_else(|| Fault::new("dataset_missing").with("place", place))
    }

    /// Whether the server's files can be looked into.
    fn deep(&self) -> bool {
        self.store().cap > Level::L2
    }

    /// The server's own logs that can be looked into.
    fn logs(&self) -> Vec<PathBuf> {
        self.at.files.as_deref().filter(|_| self.deep()).map(logs::logs).unwrap_or_default()
    }

    /// Ends the snapshot, if one is held.
    fn let_go(&mut self) -> Result<(), Fault> {
        if std::mem::take(&mut self.still) {
            self.client.batch_execute("ROLLBACK").map_err(|e| faults::fault(&e, &self.source))?;
        }
        Ok(())
    }

    /// A connection of its own, for writing.
    fn writer(&self) -> Result<(Session, Warnings), Fault> {
        let (mut client, warnings) = connect::connect(&self.at, &self.source)?;
        connect::for_writing(&mut client, &self.at.limits, &self.source)?;
        Ok((client, warnings))
    }
}

impl Source for Postgres {
    fn store(&self) -> Store {
        let major = self.version.split('.').next().unwrap_or_default();
        let seen = self.at.files.as_deref().is_some_and(remains::readable);
        let cap = if TESTED.contains(&major) && seen { Level::L4 } else { Level::L2 };
        Store { name: "postgresql", version: self.version.clone(), cap }
    }

    fn list(&mut self, places: &mut Places) -> Result<Listing, Fault> {
        let (mut listing, tables) = list::list(&mut self.client, &self.source, places)?;
        self.tables = tables;
        let mut shared: Vec<PurgeStep> = serverlog::announced(&self.logs()).into_iter().collect();
        if self.deep() {
            shared.push(PurgeStep::beside("cycle_log", 0, purge::LOG_SECONDS));
        }
        let rewritten = listing.datasets.iter_mut().filter(|d| !d.purge.is_empty());
        rewritten.for_each(|d| d.purge.extend(shared.iter().cloned()));
        Ok(listing)
    }

    fn hold_still(&mut self) -> Result<(), Fault> {
        self.let_go()?;
        // The first statement takes the snapshot.
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1";
        self.client.batch_execute(begin).map_err(|e| faults::fault(&e, &self.source))?;
        self.still = true;
        Ok(())
    }

    fn read(&mut self, place: &Place, sink: Sink<'_>) -> Result<ReadSummary, Fault> {
        let table = self.tables.get(place).ok_or_else(|| Fault::new("dataset_missing").with("place", place))?;
        read::read(&mut self.client, place, table, sink)
    }

    fn insert(&mut self, place: &Place, batch: &Batch) -> Result<(), Fault> {
        insert::insert(self, place, batch)
    }

    fn rehearse(&mut self, place: &Place, pick: Pick<'_>) -> Result<Option<Rehearsal>, Fault> {
        self.let_go()?;
        rehearse::rehearse(self, place, pick).map(Some)
    }

    fn erase(&mut self, places: &[Place], pick: Pick<'_>) -> Result<(), Fault> {
        self.let_go()?;
        erase::erase(self, places, pick)
    }

    fn mark(&mut self, place: &Place, mark: Mark<'_>) -> Result<bool, Fault> {
        let marked = erase::mark(self, place, mark)?;
        let any = marked.is_some();
        self.marked.extend(marked.map(|m| (place.clone(), m)));
        Ok(any)
    }

    fn erase_marked(&mut self, place: &Place, still: &mut dyn FnMut(usize) -> Result<bool, Fault>) -> Result<bool, Fault> {
        self.let_go()?;
        match self.marked.remove(place) {
            Some(marked) => erase::erase_marked(self, place, &marked, still),
            None => Ok(false),
        }
    }

    fn missing_rights(&mut self, places: &[Place]) -> Result<Vec<String>, Fault> {
        self.let_go()?;
        let standby = self.client.query_one("SELECT pg_is_in_recovery()", &[]).and_then(|r| r.try_get::<_, bool>(0));
        if standby.map_err(|e| faults::fault(&e, &self.source))? {
            return Err(Fault::new("server_is_standby").with("place", &self.source));
        }
        let tables: Vec<Table> = places.iter().filter_map(|p| self.tables.get(p)).cloned().collect();
        let (deep, logs) = (self.deep(), self.logs());
        let mut out = rights::missing(&mut self.client, &self.source, &tables, deep)?;
        out.extend(serverlog::missing(&logs));
        Ok(out)
    }

    fn settings(&mut self) -> Result<Vec<Setting>, Fault> {
        self.let_go()?;
        if !self.deep() {
            return Ok(Vec::new());
        }
        self.turn = turn(&self.at, &self.source)?;
        purge::settings(&mut self.client, &self.source)
    }

    fn put_back(&mut self, settings: &[Setting]) -> Result<(), Fault> {
        self.let_go()?;
        // Not while another case has changed them.
        let _turn = match self.turn.take() {
            None => turn(&self.at, &self.source)?,
            own => own,
        };
        purge::put_back(&mut self.client, &self.source, settings)
    }

    fn purge(&mut self, places: &[Place]) -> Result<Purged, Fault> {
        self.let_go()?;
        purge::purge(self, places)
    }

    fn probes(&mut self, place: &Place) -> Result<Vec<Probe>, Fault> {
        self.let_go()?;
        remains::probes(self, place)
    }

    fn search(&mut self, place: &Place, needles: &mut Needles) -> Result<Searched, Fault> {
        self.let_go()?;
        remains::search(self, place, needles)
    }

    fn unreadable(&mut self) -> Result<Vec<String>, Fault> {
        rights::unreadable(&mut self.client, &self.source)
    }

    fn free_space(&mut self) -> Option<u64> {
        self.at.files.as_deref().and_then(files::free)
    }

    fn leave_out(&mut self, what: LeaveOut) {
        self.leave_out = what;
    }

    fn would(&self, place: &Place, overwrite: Option<(&[u32], &[Left])>) -> Vec<String> {
        self.table(place).map(|t| erase::would(t, overwrite)).unwrap_or_default()
    }

    fn blanks(&mut self, place: &Place, columns: &[u32], said: &Said) -> Result<Vec<Blank>, Fault> {
        self.let_go()?;
        blank::fitting(self, place, columns, said)
    }

    fn raw_form(&self, place: &Place) -> RawForm {
        match self.table(place) {
            Ok(table) => {
                let (mut layout, mut indexes) = (table.layout.to_vec(), table.indexes.to_vec());
                if self.leave_out.has("integer") {
                    let all = layout.iter_mut().chain(indexes.iter_mut().flatten());
                    all.filter(|a| a.form == tuple::Form::Integer).for_each(|a| a.form = tuple::Form::Unknown);
                }
                Box::new(move |cells| tuple::record(cells, &layout, &indexes))
            }
            Err(_) => Box::new(|cells| Record::unseen(cells.len())),
        }
    }
}

/// An identifier in quotes, its own quotes doubled.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
