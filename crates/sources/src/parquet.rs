//! Parquet files in a folder: a row each, erased by writing the file anew column by column, the values that stay as they were stored.

mod column;
mod delta;
mod fields;
mod form;
mod numbers;
mod open;
mod pages;
mod read;
mod search;
mod thrift;
mod time;
mod values;
mod write;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use formats::Reason;
use rows::Locator;
use terms::{Fault, Place};

use self::fields::{Field, fields};
use self::open::{Opened, caught};
use self::read::{Digest, batches};
use self::write::Fates;
use crate::blank::Blank;
use crate::dataset::{Action, Column, Dataset, Listing, Missed, ReadSummary};
use crate::look::Look;
use crate::ours::Ours;
use crate::overwrite::Rewrite;
use crate::places::Places;
use crate::walk::{Found, io_fault, walk};
use crate::{Pick, Sink};

pub(crate) use self::search::record;

/// Most columns of a file.
const COLUMNS_MAX: usize = 2_000;
/// Bytes that are rewritten in a second.
const REWRITE: u64 = 20 << 20;

/// The Parquet files of a folder.
pub(crate) struct ParquetFiles {
    source: Place,
    folder: PathBuf,
    files: Vec<Known>,
    /// Files that could not be read.
    unread: Vec<(PathBuf, Place)>,
    ours: Ours,
}

struct Known {
    dataset: Dataset,
    path: PathBuf,
}

impl ParquetFiles {
    pub(crate) fn new(source: Place, folder: &Path) -> ParquetFiles {
        ParquetFiles { source, folder: folder.to_owned(), files: Vec::new(), unread: Vec::new(), ours: Ours::default() }
    }

    pub(crate) fn has(&self, place: &Place) -> bool {
        self.files.iter().any(|k| k.dataset.place == *place)
    }

    fn known(&self, place: &Place) -> Result<&Known, Fault> {
        self.files.iter().find(|k| k.dataset.place == *place).ok_or_else(|| Fault::new("dataset_missing").with("place", place))
    }

    /// Reads every file to its end once and gives their names: what cannot be read is named here, and no document. `elsewhere` says which
    /// are read by others.
    pub(crate) fn list(&mut self, places: &mut Places, elsewhere: &dyn Fn(&str) -> bool) -> Result<(Listing, BTreeSet<String>), Fault> {
        self.ours = places.ours();
        self.files.clear();
        self.unread.clear();
        let (mut listing, mut names) = (Listing::default(), BTreeSet::new());
        let found = walk(&self.folder, &self.source)?.into_iter().filter(|f| f.unread.is_none() && !elsewhere(&f.name));
        for Found { name, path, .. } in found.filter(|f| is_parquet(&f.name, &f.path)) {
            let full = || Fault::new("too_many_datasets").with("source", &self.source).with("most", 0);
            let place = places.of(&self.source, 'f', &name).ok_or_else(full)?;
            let bytes = fs::metadata(&path).map_or(0, |m| m.len());
            names.insert(name.clone());
            match columns(&path) {
                Ok(columns) => {
                    let dataset = Dataset::in_file(place, name, columns, bytes, REWRITE);
                    listing.datasets.push(dataset.clone());
                    self.files.push(Known { dataset, path });
                }
                Err(reason) => {
                    listing.missed.push(Missed { place: place.clone(), reason: reason.code().to_owned(), bytes });
                    self.unread.push((path, place));
                }
            }
        }
        Ok((listing, names))
    }

    pub(crate) fn read(&self, place: &Place, sink: Sink<'_>) -> Result<ReadSummary, Fault> {
        let (opened, fields) = opened(self.known(place)?)?;
        batches(&opened, &fields, place, sink)
    }

    pub(crate) fn as_left(&self, place: &Place) -> bool {
        self.known(place).is_ok_and(|k| self.ours.left(place, &k.path))
    }

    pub(crate) fn erase(&self, place: &Place, pick: Pick<'_>) -> Result<(), Fault> {
        let known = self.known(place)?;
        let (opened, fields) = opened(known)?;
        let (mut fates, mut meant) = (Fates::new(), Digest::default());
        batches(&opened, &fields, place, &mut |batch| {
            for row in 0..batch.rows() {
                let Some(Locator::Bytes { record, .. }) = batch.locator(row) else { continue };
                let action = pick(place, batch, row)?;
                takes(&fields, place, &action)?;
                meant.left(batch, row, &action);
                if action != Action::Keep {
                    fates.insert(record, action);
                }
            }
            Ok(())
        })?;
        if fates.is_empty() {
            return Ok(());
        }
        let (mut old, mut refused) = (Some(opened), None);
        let written = Rewrite::new(&known.path, place, &self.ours).carry_out(&mut |part| {
            let again = part.try_clone()?;
            // Closed before it is overwritten.
            let opened = old.take().ok_or(ErrorKind::InvalidData)?;
            caught(|| write::write(&opened, &fields, &fates, part)).map_err(|e| write::io_error(e, &mut refused))?;
            // The old bytes are overwritten next: what stays of them must be in the new file.
            write::compare(again, &meant).map_err(|reason| {
                refused = Some(reason);
                std::io::Error::from(ErrorKind::InvalidData)
            })
        });
        match (written, refused) {
            (Err(_), Some(reason)) => Err(Fault::named(reason.code()).with("place", place)),
            (other, _) => other.map_err(|e| io_fault(&e, place)),
        }
    }

    /// Looks through every file as it lies, and once more as it reads.
    pub(crate) fn look(&self, look: &mut Look<'_>) {
        let known = self.files.iter().map(|k| (&k.path, &k.dataset.place, true));
        for (path, place, read) in known.chain(self.unread.iter().map(|(path, place)| (path, place, false))) {
            let structure = look.of(place);
            let there = look.raw(structure, path);
            // What cannot be unpacked was not looked into.
            if there && !(read && look.with(|needles| search::look(path, structure, needles)).is_ok()) {
                look.unread(fs::metadata(path).map_or(0, |m| m.len()));
            }
        }
    }

    /// What erasing leaves: null, or a value that says nothing where null is refused.
    pub(crate) fn blanks(&self, place: &Place, columns: &[u32]) -> Result<Vec<Blank>, Fault> {
        let (_, fields) = opened(self.known(place)?)?;
        let erased = |i: usize| columns.iter().any(|c| *c as usize == i);
        let blank = |(i, field): (usize, &Field)| match field.blank() {
            None if erased(i) => Err(no_value(place, i)),
            None => Ok(Blank::Null),
            Some(blank) => Ok(blank),
        };
        fields.iter().enumerate().map(blank).collect()
    }
}

/// Files that are called so, and those that begin and end so.
fn is_parquet(name: &str, path: &Path) -> bool {
    let ends = || -> std::io::Result<bool> {
        let mut file = File::open(path)?;
        let (mut first, mut last) = ([0; 4], [0; 4]);
        file.read_exact(&mut first)?;
        file.seek(SeekFrom::End(-4))?;
        file.read_exact(&mut last)?;
        Ok(first == last && (first == *b"PAR1" || first == *b"PARE"))
    };
    let called = name.to_lowercase().ends_with(".parquet") && fs::metadata(path).is_ok_and(|m| m.len() > 0);
    called || ends().unwrap_or(false)
}

/// The columns of a file whose every row can be read.
fn columns(path: &Path) -> Result<Vec<Column>, Reason> {
    let opened = Opened::at(path)?;
    let fields = fields(&opened)?;
    if fields.len() > COLUMNS_MAX {
        return Err(Reason::TooLarge);
    }
    match read::rows(&opened, &fields, &mut |_, _| Ok(())) {
        Err(read::Stop::Unread(reason)) => Err(reason),
        _ => Ok(fields.iter().map(Field::column).collect()),
    }
}

fn opened(known: &Known) -> Result<(Opened, Vec<Field>), Fault> {
    let read = Opened::at(&known.path).and_then(|opened| {
        let fields = fields(&opened)?;
        Ok((opened, fields))
    });
    read.map_err(|reason| Fault::named(reason.code()).with("place", &known.dataset.place))
}

/// Refuses what a column cannot hold, before anything is written.
fn takes(fields: &[Field], place: &Place, action: &Action) -> Result<(), Fault> {
    let Action::Overwrite(columns, left) = action else { return Ok(()) };
    for (column, (tag, bytes)) in columns.iter().zip(left) {
        let i = *column as usize;
        if fields.get(i).and_then(|field| field.written(*tag, bytes)).is_none() {
            return Err(no_value(place, i));
        }
    }
    Ok(())
}

fn no_value(place: &Place, column: usize) -> Fault {
    Fault::new("no_value_fits").with("place", place).with("column", format!("#{column}"))
}
