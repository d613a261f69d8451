//! MariaDB databases, and MySQL by the same protocol.

mod blank;
mod connect;
mod erase;
mod faults;
mod list;
mod logs;
mod purge;
mod read;
mod record;
mod remains;
mod rights;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;

use ::remains::Needles;
use mysql::Conn;
use mysql::prelude::Queryable as _;
use rows::Batch;
use terms::{Fault, Level, Place, PurgeStep};

use crate::blank::{Blank, Said};
use crate::control::LeaveOut;
use crate::dataset::{Left, Listing, Probe, Purged, ReadSummary, Rehearsal, Searched, Setting, Store};
use crate::places::Places;
use crate::raw::{RawForm, Record};
use crate::server::{ServerAt, turn};
use crate::{Pick, Sink, Source, files, serverlog};
use list::Table;

/// Versions of MariaDB whose remains were measured (docs/why/residue.md); every other, and MySQL, is capped at L2.
const TESTED: [&str; 1] = ["10.11"];

/// A MariaDB or MySQL database.
pub(crate) struct Mariadb {
    source: Place,
    at: ServerAt,
    conn: Conn,
    /// `mariadb` or `mysql`.
    name: &'static str,
    version: String,
    tables: BTreeMap<Place, Table>,
    /// Whether a snapshot is held.
    still: bool,
    leave_out: LeaveOut,
    /// From when settings are looked at until they are put back: nobody else's purge changes them.
    turn: Option<File>,
}

impl Mariadb {
    /// Connects.
    ///
    /// # Errors
    /// If the server cannot be reached or refuses.
    pub(crate) fn open(source: Place, at: ServerAt) -> Result<Mariadb, Fault> {
        let mut conn = connect::connect(&at, &source)?;
        let (name, version) = connect::version(&mut conn, &source)?;
        Ok(Mariadb { source, at, conn, name, version, tables: BTreeMap::new(), still: false, leave_out: LeaveOut::default(), turn: None })
    }

    fn table(&self, place: &Place) -> Result<&Table, Fault> {
        self.tables.get(place).ok_or_else(|| Fault::new("dataset_missing").with("place", place))
    }

    /// Whether the server's files can be looked into.
    fn deep(&self) -> bool {
        self.store().cap > Level::L2
    }

    /// The server's own logs that can be looked into: as files, and as tables that hold something.
    fn logs(&mut self) -> Result<Vec<PathBuf>, Fault> {
        let Some(data) = self.at.files.clone().filter(|_| self.deep()) else { return Ok(Vec::new()) };
        let mut out = logs::logs(&mut self.conn, &self.source, &data)?;
        out.extend(logs::tables(&data).into_iter().map(|(_, file)| file));
        Ok(out)
    }

    /// Ends the snapshot, if one is held.
    fn let_go(&mut self) -> Result<(), Fault> {
        if std::mem::take(&mut self.still) {
            self.conn.query_drop("ROLLBACK").map_err(|e| faults::fault(&e, &self.source))?;
        }
        Ok(())
    }
}

impl Source for Mariadb {
    fn store(&self) -> Store {
        let minor: Vec<&str> = self.version.split('.').take(2).collect();
        let tested = self.name == "mariadb" && TESTED.contains(&minor.join(".").as_str());
        let seen = self.at.files.as_deref().is_some_and(remains::readable);
        Store { name: self.name, version: self.version.clone(), cap: if tested && seen { Level::L4 } else { Level::L2 } }
    }

    fn list(&mut self, places: &mut Places) -> Result<Listing, Fault> {
        let (mut listing, tables) = list::list(&mut self.conn, &self.source, places)?;
        self.tables = tables;
        let mut shared: Vec<PurgeStep> = serverlog::announced(&self.logs()?).into_iter().collect();
        if self.deep() {
            shared.extend(purge::announced(&mut self.conn, &self.source)?);
        }
        let rewritten = listing.datasets.iter_mut().filter(|d| !d.purge.is_empty());
        rewritten.for_each(|d| d.purge.extend(shared.iter().cloned()));
        Ok(listing)
    }

    fn hold_still(&mut self) -> Result<(), Fault> {
        self.let_go()?;
        let begin = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
        self.conn.query_drop(begin).map_err(|e| faults::fault(&e, &self.source))?;
        self.still = true;
        Ok(())
    }

    fn read(&mut self, place: &Place, sink: Sink<'_>) -> Result<ReadSummary, Fault> {
        let table = self.tables.get(place).ok_or_else(|| Fault::new("dataset_missing").with("place", place))?;
        read::read(&mut self.conn, place, table, sink)
    }

    fn insert(&mut self, place: &Place, batch: &Batch) -> Result<(), Fault> {
        erase::insert(self, place, batch)
    }

    fn rehearse(&mut self, place: &Place, pick: Pick<'_>) -> Result<Option<Rehearsal>, Fault> {
        self.let_go()?;
        erase::rehearse(self, place, pick).map(Some)
    }

    fn erase(&mut self, places: &[Place], pick: Pick<'_>) -> Result<(), Fault> {
        self.let_go()?;
        erase::erase(self, places, pick)
    }

    fn missing_rights(&mut self, places: &[Place]) -> Result<Vec<String>, Fault> {
        self.let_go()?;
        let read_only: Option<u8> = self.conn.query_first("SELECT @@GLOBAL.read_only + 0").map_err(|e| faults::fault(&e, &self.source))?;
        // A replica that may be written to would no longer be what its primary is, and could not follow it.
        let follows = rights::follows(&mut self.conn, &self.source)?;
        if read_only == Some(1) || follows == Some(true) {
            return Err(Fault::new("server_is_standby").with("place", &self.source));
        }
        let tables: Vec<Table> = places.iter().filter_map(|p| self.tables.get(p)).cloned().collect();
        let (deep, logs) = (self.deep(), self.logs()?);
        let data = self.at.files.as_deref().filter(|_| deep);
        let logged: Vec<&str> = data.map(logs::tables).unwrap_or_default().into_iter().map(|(table, _)| table).collect();
        let mut out = rights::missing(&mut self.conn, &self.source, (&tables, &logged), deep)?;
        if follows.is_none() {
            out.push(rights::may_ask(&mut self.conn, &self.source)?);
        }
        out.extend(serverlog::missing(&logs));
        Ok(out)
    }

    fn settings(&mut self) -> Result<Vec<Setting>, Fault> {
        self.let_go()?;
        if !self.deep() {
            return Ok(Vec::new());
        }
        self.turn = turn(&self.at, &self.source)?;
        purge::settings(&mut self.conn, &self.source)
    }

    fn put_back(&mut self, settings: &[Setting]) -> Result<(), Fault> {
        self.let_go()?;
        // Not while another case has changed them.
        let _turn = match self.turn.take() {
            None => turn(&self.at, &self.source)?,
            own => own,
        };
        purge::put_back(&mut self.conn, &self.source, settings)
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

    fn shipped(&mut self, needles: &mut Needles) {
        remains::shipped(self, needles);
    }

    fn free_space(&mut self) -> Option<u64> {
        self.at.files.as_deref().and_then(files::free)
    }

    fn leave_out(&mut self, what: LeaveOut) {
        self.leave_out = what;
    }

    fn would(&self, place: &Place, overwrite: Option<(&[u32], &[Left])>) -> Vec<String> {
        self.table(place).map(|t| erase::would(t, place, overwrite.map(|(columns, _)| columns))).unwrap_or_default()
    }

    fn blanks(&mut self, place: &Place, columns: &[u32], said: &Said) -> Result<Vec<Blank>, Fault> {
        self.let_go()?;
        blank::fitting(self, place, columns, said)
    }

    fn raw_form(&self, place: &Place) -> RawForm {
        match self.table(place) {
            Ok(table) => {
                let table = table.clone();
                Box::new(move |cells| record::record(cells, &table))
            }
            Err(_) => Box::new(|cells| Record::unseen(cells.len())),
        }
    }
}

/// An identifier in quotes, its own quotes doubled.
fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
