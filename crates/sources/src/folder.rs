//! A folder of files of any kind: lists and workbooks row by row, everything else as documents; nothing in it is passed over in silence.

use std::path::Path;

use remains::Needles;
use terms::{Fault, Level, Place};

use crate::blank::Blank;
use crate::dataset::{Listing, Purged, ReadSummary, Searched, Store};
use crate::delimited::Delimited;
use crate::documents::{self, Documents};
use crate::places::Places;
use crate::raw::RawForm;
use crate::sheets::Sheets;
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
    lists: Delimited,
    books: Sheets,
    documents: Documents,
}

impl Folder {
    pub(crate) fn new(source: &Place, folder: &Path) -> Folder {
        Folder {
            lists: Delimited::of(source.clone(), folder, is_list),
            books: Sheets::of(source.clone(), folder, is_workbook),
            documents: Documents::new(source.clone(), folder, |name| is_list(name) || is_workbook(name)),
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
        for more in [self.books.list(places)?, self.documents.list(places)?] {
            out.datasets.extend(more.datasets);
            out.missed.extend(more.missed);
        }
        Ok(out)
    }

    fn hold_still(&mut self) -> Result<(), Fault> {
        // Files have no snapshots: whoever reads twice compares the rows.
        Ok(())
    }

    fn read(&mut self, place: &Place, sink: Sink<'_>) -> Result<ReadSummary, Fault> {
        if self.documents.is(place) { self.documents.read(sink) } else { self.at(place).read(place, sink) }
    }

    fn erase(&mut self, places: &[Place], pick: Pick<'_>) -> Result<(), Fault> {
        for place in places {
            match self.documents.is(place) {
                true => self.documents.erase(place, pick)?,
                false => self.at(place).erase(std::slice::from_ref(place), pick)?,
            }
        }
        Ok(())
    }

    fn purge(&mut self, places: &[Place]) -> Result<Purged, Fault> {
        self.lists.purge(places)
    }

    /// All three look: a value may have been copied from a list into a document.
    fn search(&mut self, place: &Place, needles: &mut Needles) -> Result<Searched, Fault> {
        let own = if self.documents.is(place) { self.documents.search(place, needles) } else { self.at(place).search(place, needles)? };
        Ok(own)
    }

    fn blanks(&self, place: &Place) -> Vec<Blank> {
        if self.documents.is(place) { documents::blanks() } else { self.of(place).blanks(place) }
    }

    fn raw_form(&self, place: &Place) -> RawForm {
        if self.documents.is(place) { Box::new(documents::record) } else { self.of(place).raw_form(place) }
    }
}
