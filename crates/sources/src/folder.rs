//! A folder of files of any kind: lists, workbooks, JSON and Parquet row by row, everything else as documents; nothing passed over in silence.

use std::path::{Path, PathBuf};

use remains::Needles;
use terms::{Fault, Level, Place};

use crate::blank::{Blank, Said};
use crate::control::LeaveOut;
use crate::dataset::{Left, Listing, Purged, ReadSummary, Searched, Store};
use crate::delimited::Delimited;
use crate::documents::{self, Documents};
use crate::files;
use crate::json::{self, JsonFiles};
use crate::look::Look;
use crate::parquet::{self, ParquetFiles};
use crate::places::Places;
use crate::raw::RawForm;
use crate::sheets::Sheets;
use crate::walk::all_files;
use crate::{Pick, Sink, Source};

/// Lists: a text file is one only if it is called so.
fn is_list(name: &str) -> bool {
    let lower = name.to_lowercase();
    [".csv", ".tsv", ".tab"].iter().any(|e| lower.ends_with(e))
}

fn is_workbook(name: &str) -> bool {
    let lower = name.rsplit('/').next().unwrap_or(name).to_lowercase();
    !lower.starts_with("~$") && [".xlsx", ".xlsm", ".xls"].iter().any(|e| lower.ends_with(e))
}

/// A folder of anything.
pub(crate) struct Folder {
    source: Place,
    folder: PathBuf,
    lists: Delimited,
    books: Sheets,
    json: JsonFiles,
    parquet: ParquetFiles,
    documents: Documents,
}

/// Who reads a data set.
enum Kind {
    Document,
    Json,
    Parquet,
    Other,
}

impl Folder {
    pub(crate) fn new(source: &Place, folder: &Path) -> Folder {
        Folder {
            source: source.clone(),
            folder: folder.to_owned(),
            lists: Delimited::of(source.clone(), folder, is_list),
            books: Sheets::of(source.clone(), folder, is_workbook),
            json: JsonFiles::new(source.clone(), folder),
            parquet: ParquetFiles::new(source.clone(), folder),
            documents: Documents::new(source.clone(), folder),
        }
    }

    fn kind(&self, place: &Place) -> Kind {
        match () {
            () if self.documents.is(place) => Kind::Document,
            () if self.json.has(place) => Kind::Json,
            () if self.parquet.has(place) => Kind::Parquet,
            () => Kind::Other,
        }
    }

    fn at(&mut self, place: &Place) -> &mut dyn Source {
        if self.books.has(place) { &mut self.books } else { &mut self.lists }
    }

    fn of(&self, place: &Place) -> &dyn Source {
        if self.books.has(place) { &self.books } else { &self.lists }
    }
}

impl Source for Folder {
    fn store(&self) -> Store {
        Store { name: "files", version: "1".to_owned(), cap: Level::L4 }
    }

    fn list(&mut self, places: &mut Places) -> Result<Listing, Fault> {
        let mut out = self.lists.list(places)?;
        let (records, names) = self.json.list(places)?;
        let read = |name: &str| is_list(name) || is_workbook(name) || names.contains(name);
        let (tables, own) = self.parquet.list(places, &read)?;
        let elsewhere = |name: &str| read(name) || own.contains(name);
        for more in [self.books.list(places)?, records, tables, self.documents.list(places, &elsewhere)?] {
            out.datasets.extend(more.datasets);
            out.missed.extend(more.missed);
        }
        out.files = all_files(&self.folder, &self.source, places, &|file| self.documents.reads(file))?;
        Ok(out)
    }

    fn hold_still(&mut self) -> Result<(), Fault> {
        // Files have no snapshots: whoever reads twice compares the rows.
        Ok(())
    }

    fn read(&mut self, place: &Place, sink: Sink<'_>) -> Result<ReadSummary, Fault> {
        match self.kind(place) {
            Kind::Document => self.documents.read(sink),
            Kind::Json => self.json.read(place, sink),
            Kind::Parquet => self.parquet.read(place, sink),
            Kind::Other => self.at(place).read(place, sink),
        }
    }

    fn erase(&mut self, places: &[Place], pick: Pick<'_>) -> Result<(), Fault> {
        for place in places {
            match self.kind(place) {
                Kind::Document => self.documents.erase(place, pick)?,
                Kind::Json => self.json.erase(place, pick)?,
                Kind::Parquet => self.parquet.erase(place, pick)?,
                Kind::Other => self.at(place).erase(std::slice::from_ref(place), pick)?,
            }
        }
        Ok(())
    }

    fn as_left(&self, place: &Place) -> bool {
        match self.kind(place) {
            Kind::Document => self.documents.as_left(),
            Kind::Json => self.json.as_left(place),
            Kind::Parquet => self.parquet.as_left(place),
            Kind::Other => self.of(place).as_left(place),
        }
    }

    fn purge(&mut self, places: &[Place]) -> Result<Purged, Fault> {
        self.lists.purge(places)
    }

    fn search(&mut self, place: &Place, needles: &mut Needles) -> Result<Searched, Fault> {
        // A value may have been copied into any file, whoever reads it.
        let mut look = Look::new(place, needles);
        self.lists.look(&mut look);
        self.books.look(&mut look);
        self.json.look(&mut look);
        self.parquet.look(&mut look);
        self.documents.look(&mut look);
        Ok(look.end(&self.folder, &self.source))
    }

    fn would(&self, place: &Place, overwrite: Option<(&[u32], &[Left])>) -> Vec<String> {
        match self.kind(place) {
            Kind::Document => {
                vec![format!("{place}: files overwritten and removed; archives and mailboxes written anew without these members")]
            }
            Kind::Json => vec![format!(
                "{place}: written anew without these records or with their values null, every other byte the same; old bytes overwritten"
            )],
            Kind::Parquet => vec![format!(
                "{place}: written anew without these rows or with their values null (or one that says nothing), values that stay as they were \
                 stored; notes in it that do not describe its columns left out; old bytes overwritten"
            )],
            Kind::Other => self.of(place).would(place, overwrite),
        }
    }

    fn blanks(&mut self, place: &Place, columns: &[u32], said: &Said) -> Result<Vec<Blank>, Fault> {
        Ok(match self.kind(place) {
            Kind::Document => documents::blanks(),
            Kind::Json => vec![Blank::Null; self.json.columns(place)],
            Kind::Parquet => self.parquet.blanks(place, columns)?,
            Kind::Other => return self.at(place).blanks(place, columns, said),
        })
    }

    fn leave_out(&mut self, what: LeaveOut) {
        self.books.leave_out(what);
    }

    fn free_space(&mut self) -> Option<u64> {
        files::free(&self.folder)
    }

    fn raw_form(&self, place: &Place) -> RawForm {
        match self.kind(place) {
            Kind::Document => Box::new(documents::record),
            Kind::Json => Box::new(json::record),
            Kind::Parquet => Box::new(parquet::record),
            Kind::Other => self.of(place).raw_form(place),
        }
    }
}
