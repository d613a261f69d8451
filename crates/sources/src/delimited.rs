//! Folders of delimited text files: CSV, TSV and their relatives.

mod erase;
mod read;
mod sniff;
mod split;
mod written;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use formats::Kind;
use remains::Needles;
use terms::{Fault, Level, Place};

use crate::blank::{Blank, Said};
use crate::cell::reads_as;
use crate::dataset::{Column, Dataset, Left, Listing, Missed, Purged, ReadSummary, Searched, Store};
use crate::files;
use crate::look::Look;
use crate::ours::Ours;
use crate::overwrite;
use crate::places::Places;
use crate::raw::{RawForm, Record};
use crate::walk::{FILES_MAX, Found, all_files, io_fault, walk};
use crate::{Pick, Sink, Source};

pub(crate) use sniff::header_row;
use sniff::{Form, sniff};

/// Bytes that a rewrite manages in a second (docs/why/residue.md).
const REWRITE: u64 = 50 << 20;

/// A folder of delimited files.
pub(crate) struct Delimited {
    source: Place,
    folder: PathBuf,
    files: Vec<Known>,
    /// Files that are no lists: looked into all the same.
    others: Vec<(Found, Place)>,
    /// By what the workspace tells its own files.
    ours: Ours,
    /// In a folder of anything: which files are lists; the others are somebody else's.
    only: Option<fn(&str) -> bool>,
}

/// A file that was listed.
struct Known {
    dataset: Dataset,
    path: PathBuf,
    form: Form,
}

impl Delimited {
    pub(crate) fn new(source: Place, folder: &Path) -> Delimited {
        Delimited { source, folder: folder.to_owned(), files: Vec::new(), others: Vec::new(), ours: Ours::default(), only: None }
    }

    /// The lists in a folder of anything.
    pub(crate) fn of(source: Place, folder: &Path, only: fn(&str) -> bool) -> Delimited {
        Delimited { only: Some(only), ..Delimited::new(source, folder) }
    }

    /// Looks through every list as it lies, through others also as they read, and through all that is no list.
    pub(crate) fn look(&self, look: &mut Look<'_>) {
        for known in &self.files {
            let (place, structure) = (&known.dataset.place, look.of(&known.dataset.place));
            if !look.raw(structure, &known.path) || look.is_own(place) {
                continue;
            }
            let mut unread = 0;
            let read = read::read(&known.path, &known.form, known.dataset.columns.len(), place, &mut |batch| {
                let cells = (0..batch.rows()).flat_map(|row| batch.row(row));
                cells.for_each(|cell| unread += reads_as(cell, known.form.encoding, &mut |text| look.text(structure, text)));
                Ok(())
            });
            if unread > 0 || read.is_err() {
                look.unread(unread);
            }
        }
        self.others.iter().for_each(|file| look.any(file, None));
    }

    fn known(&self, place: &Place) -> Result<&Known, Fault> {
        self.files.iter().find(|k| k.dataset.place == *place).ok_or_else(|| Fault::new("dataset_missing").with("place", place))
    }
}

fn is_delimited(name: &str) -> bool {
    let lower = name.to_lowercase();
    [".csv", ".tsv", ".txt", ".tab"].iter().any(|e| lower.ends_with(e))
}

impl Source for Delimited {
    fn store(&self) -> Store {
        Store { name: "delimited", version: "1".to_owned(), cap: Level::L4 }
    }

    fn list(&mut self, places: &mut Places) -> Result<Listing, Fault> {
        self.ours = places.ours();
        overwrite::recover(&self.folder, &self.source, places)?;
        let mut listing = Listing::default();
        self.files.clear();
        self.others.clear();
        for found in walk(&self.folder, &self.source)? {
            if self.only.is_some_and(|own| !own(&found.name)) {
                continue;
            }
            let full = || Fault::new("too_many_datasets").with("source", &self.source).with("most", FILES_MAX);
            let place = places.of(&self.source, 'f', &found.name).ok_or_else(full)?;
            let bytes = found.bytes();
            if let Some(reason) = found.unread.or_else(|| (!is_delimited(&found.name)).then_some("unsupported_file")) {
                listing.missed.push(Missed { place: place.clone(), reason: reason.to_owned(), bytes });
                self.others.extend(Some((found, place)).filter(|(found, _)| found.opens()));
                continue;
            }
            match describe(&found.path, &place) {
                Ok((columns, form)) => {
                    let rows = Dataset::in_file(place, found.name, columns, bytes, REWRITE);
                    let dataset = Dataset { encoding: form.encoding, ..rows };
                    listing.datasets.push(dataset.clone());
                    self.files.push(Known { dataset, path: found.path, form });
                }
                Err(fault) => {
                    listing.missed.push(Missed { place: place.clone(), reason: fault.code().to_owned(), bytes });
                    self.others.push((found, place));
                }
            }
        }
        if self.only.is_none() {
            listing.files = all_files(&self.folder, &self.source, places, &|_| None)?;
        }
        Ok(listing)
    }

    fn hold_still(&mut self) -> Result<(), Fault> {
        // Files have no snapshots: whoever reads twice compares the rows.
        Ok(())
    }

    fn read(&mut self, place: &Place, sink: Sink<'_>) -> Result<ReadSummary, Fault> {
        let known = self.known(place)?;
        read::read(&known.path, &known.form, known.dataset.columns.len(), place, sink)
    }

    fn erase(&mut self, places: &[Place], pick: Pick<'_>) -> Result<(), Fault> {
        for place in places {
            let known = self.known(place)?;
            erase::erase(&known.path, &known.form, &known.dataset, &self.ours, pick)?;
        }
        Ok(())
    }

    fn as_left(&self, place: &Place) -> bool {
        self.known(place).is_ok_and(|k| self.ours.left(place, &k.path))
    }

    fn purge(&mut self, _places: &[Place]) -> Result<Purged, Fault> {
        Ok(Purged { steps: vec!["old bytes overwritten in place before the new file took the name".to_owned()] })
    }

    fn search(&mut self, place: &Place, needles: &mut Needles) -> Result<Searched, Fault> {
        let mut look = Look::new(place, needles);
        self.look(&mut look);
        Ok(look.end(&self.folder, &self.source))
    }

    fn would(&self, place: &Place, overwrite: Option<(&[u32], &[Left])>) -> Vec<String> {
        let what = if overwrite.is_some() { "fields emptied" } else { "records left out" };
        vec![format!("{place}: written anew with {what}, every other byte the same; old bytes overwritten")]
    }

    fn blanks(&mut self, place: &Place, columns: &[u32], _said: &Said) -> Result<Vec<Blank>, Fault> {
        let _ = columns;
        Ok(self.known(place).map(|k| vec![Blank::Text; k.dataset.columns.len()]).unwrap_or_default())
    }

    fn free_space(&mut self) -> Option<u64> {
        files::free(&self.folder)
    }

    fn raw_form(&self, place: &Place) -> RawForm {
        match self.known(place) {
            Ok(known) => written::raw_form(known.form.clone()),
            Err(_) => Box::new(|cells| Record::joined(cells, b"")),
        }
    }
}

/// Columns and form of a file, from its first records.
fn describe(path: &Path, place: &Place) -> Result<(Vec<Column>, Form), Fault> {
    let mut head = Vec::new();
    let file = File::open(path).map_err(|e| io_fault(&e, place))?;
    file.take(sniff::HEAD).read_to_end(&mut head).map_err(|e| io_fault(&e, place))?;
    // What is packed is no list, whatever it is called.
    if matches!(formats::kind("", &head), Kind::Zip | Kind::Gzip | Kind::Tar | Kind::Ole | Kind::Pdf | Kind::Parquet | Kind::Picture) {
        return Err(Fault::new("unsupported_file").with("place", place));
    }
    let form = sniff(&head, path, place)?;
    let columns = form.names.iter().map(|n| Column { name: n.clone(), ..Column::default() }).collect();
    Ok((columns, form))
}
