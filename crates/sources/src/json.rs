//! JSON files in a folder whose records are objects: one row each, erased by writing the file anew without them, every other byte the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use formats::Reason;
use formats::records::{Gone, Layout, Record as Element, records, without};
use rows::{BatchBuilder, CellRef, Locator, Tag};
use terms::{Fault, Place};

use crate::dataset::{Action, Column, Dataset, Listing, ReadSummary};
use crate::look::Look;
use crate::ours::Ours;
use crate::overwrite::Rewrite;
use crate::places::Places;
use crate::raw::{Record, json_parts};
use crate::walk::{Found, io_fault, walk};
use crate::{Pick, Sink};

/// Longest file that is read: it is held whole.
const FILE_MAX: u64 = 64 << 20;
/// Most different keys of the records of one file.
const COLUMNS_MAX: usize = 500;
const BATCH_ROWS: usize = 4_096;
/// Bytes that are rewritten in a second.
const REWRITE: u64 = 50 << 20;

/// The JSON files of a folder.
pub(crate) struct JsonFiles {
    source: Place,
    folder: PathBuf,
    files: Vec<Known>,
    /// Lists of nothing: rows that they had lay as rows of JSON do.
    emptied: Vec<(Place, PathBuf)>,
    ours: Ours,
}

struct Known {
    dataset: Dataset,
    path: PathBuf,
    layout: Layout,
}

impl JsonFiles {
    pub(crate) fn new(source: Place, folder: &Path) -> JsonFiles {
        JsonFiles { source, folder: folder.to_owned(), files: Vec::new(), emptied: Vec::new(), ours: Ours::default() }
    }

    pub(crate) fn has(&self, place: &Place) -> bool {
        self.files.iter().any(|k| k.dataset.place == *place) || self.emptied.iter().any(|(own, _)| own == place)
    }

    fn known(&self, place: &Place) -> Result<&Known, Fault> {
        self.files.iter().find(|k| k.dataset.place == *place).ok_or_else(|| Fault::new("dataset_missing").with("place", place))
    }

    /// Lists files whose records are objects; gives their names. All others are documents.
    pub(crate) fn list(&mut self, places: &mut Places) -> Result<(Listing, BTreeSet<String>), Fault> {
        self.ours = places.ours();
        self.files.clear();
        self.emptied.clear();
        let (mut listing, mut names) = (Listing::default(), BTreeSet::new());
        for found in walk(&self.folder, &self.source)?.into_iter().filter(|f| f.unread.is_none()) {
            let Some(layout) = layout_of(&found.name) else { continue };
            let Ok((text, all)) = read_records(&found.path, layout) else { continue };
            let columns = columns_of(&all);
            if columns.len() > COLUMNS_MAX {
                continue;
            }
            let full = || Fault::new("too_many_datasets").with("source", &self.source).with("most", 0);
            let place = places.of(&self.source, 'f', &found.name).ok_or_else(full)?;
            if all.is_empty() {
                // A list of nothing is no document.
                names.insert(found.name);
                self.emptied.push((place, found.path));
                continue;
            }
            let columns = columns.into_iter().map(|name| Column { name, ..Column::default() }).collect();
            let dataset = Dataset::in_file(place, found.name.clone(), columns, text.len() as u64, REWRITE);
            names.insert(found.name);
            listing.datasets.push(dataset.clone());
            self.files.push(Known { dataset, path: found.path, layout });
        }
        Ok((listing, names))
    }

    pub(crate) fn read(&self, place: &Place, sink: Sink<'_>) -> Result<ReadSummary, Fault> {
        let known = self.known(place)?;
        let (text, all) = self.records(known)?;
        let mut builder = BatchBuilder::new(known.dataset.columns.len());
        let mut summary = ReadSummary::default();
        for (i, element) in all.iter().enumerate() {
            let cells: Vec<(Tag, Vec<u8>)> = known.dataset.columns.iter().map(|c| value(&text, element, &c.name)).collect();
            let at = Locator::Bytes { record: i as u64, from: element.span.start as u64, to: element.span.end as u64 };
            builder.push(&at, cells.iter().map(|(tag, bytes)| CellRef { tag: *tag, bytes }));
            summary.rows += 1;
            if builder.rows() >= BATCH_ROWS {
                sink(&builder.finish())?;
            }
        }
        if builder.rows() > 0 {
            sink(&builder.finish())?;
        }
        Ok(summary)
    }

    pub(crate) fn as_left(&self, place: &Place) -> bool {
        let known = self.files.iter().map(|k| (&k.dataset.place, &k.path));
        known.chain(self.emptied.iter().map(|(place, path)| (place, path))).any(|(p, path)| p == place && self.ours.left(place, path))
    }

    pub(crate) fn erase(&self, place: &Place, pick: Pick<'_>) -> Result<(), Fault> {
        let known = self.known(place)?;
        let name = |c: &u32| known.dataset.columns.get(*c as usize).map(|c| c.name.clone());
        let mut gone: BTreeMap<usize, Gone> = BTreeMap::new();
        self.read(place, &mut |batch| {
            for row in 0..batch.rows() {
                let Some(Locator::Bytes { record, .. }) = batch.locator(row) else { continue };
                let what = match pick(place, batch, row)? {
                    Action::Keep => continue,
                    Action::Delete => Gone::Whole,
                    Action::Overwrite(columns, _) => Gone::Fields(columns.iter().filter_map(name).collect()),
                };
                gone.insert(usize::try_from(record).unwrap_or(usize::MAX), what);
            }
            Ok(())
        })?;
        if gone.is_empty() {
            return Ok(());
        }
        let (text, all) = self.records(known)?;
        let left = without(&text, known.layout, &all, &gone);
        let written = Rewrite::new(&known.path, place, &self.ours).carry_out(&mut |mut part| part.write_all(left.as_bytes()));
        written.map_err(|e| io_fault(&e, place))
    }

    pub(crate) fn look(&self, look: &mut Look<'_>) {
        for known in &self.files {
            let place = known.dataset.place.clone();
            look.any(&(Found { name: known.dataset.name.clone(), path: known.path.clone(), unread: None }, place.clone()), Some(&place));
        }
    }

    pub(crate) fn columns(&self, place: &Place) -> usize {
        self.known(place).map_or(0, |k| k.dataset.columns.len())
    }

    fn records(&self, known: &Known) -> Result<(String, Vec<Element>), Fault> {
        read_records(&known.path, known.layout).map_err(|reason| Fault::named(reason.code()).with("place", &known.dataset.place))
    }
}

/// Values between their quotes: what stands between two fields of a record is not foretold.
pub(crate) fn record(cells: &[CellRef<'_>]) -> Record {
    let mut out = Record::unseen(cells.len());
    for (i, cell) in cells.iter().enumerate().filter(|(_, c)| !c.is_empty()) {
        let quote: &[u8] = if cell.tag == Tag::Text { b"\"" } else { b"" };
        out.cut();
        out.glue(quote);
        out.value_of(i, cell.bytes);
        out.glue(quote);
        if let Some(parts) = json_parts(cell.bytes) {
            out.parts_of(i, parts);
        }
    }
    out
}

pub(crate) fn layout_of(name: &str) -> Option<Layout> {
    let lower = name.to_lowercase();
    match () {
        () if lower.ends_with(".json") => Some(Layout::Array),
        () if lower.ends_with(".jsonl") || lower.ends_with(".ndjson") => Some(Layout::Lines),
        () => None,
    }
}

fn read_records(path: &Path, layout: Layout) -> Result<(String, Vec<Element>), Reason> {
    if fs::metadata(path).map_or(0, |m| m.len()) > FILE_MAX {
        return Err(Reason::TooLarge);
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_MAX + 1).read_to_end(&mut bytes)?;
    let text = String::from_utf8(bytes).map_err(|_| Reason::BadEncoding)?;
    let all = records(&text, layout)?;
    Ok((text, all))
}

/// All keys, in the order in which they are first met.
fn columns_of(all: &[Element]) -> Vec<String> {
    let mut known = BTreeSet::new();
    let mut out = Vec::new();
    for (name, _) in all.iter().flat_map(|e| &e.fields) {
        if known.insert(name.clone()) {
            out.push(name.clone());
        }
    }
    out
}

/// A field: texts without their escapes, null and what is missing as null, everything else as it is written.
fn value(text: &str, element: &Element, name: &str) -> (Tag, Vec<u8>) {
    let Some((_, span)) = element.fields.iter().find(|(own, _)| own == name) else { return (Tag::Null, Vec::new()) };
    let raw = text.get(span.clone()).unwrap_or_default();
    match serde_json::from_str::<serde_json::Value>(raw) {
        Ok(serde_json::Value::Null) => (Tag::Null, Vec::new()),
        Ok(serde_json::Value::String(s)) => (Tag::Text, s.into_bytes()),
        Ok(serde_json::Value::Array(_) | serde_json::Value::Object(_)) => (Tag::Text, raw.as_bytes().to_vec()),
        _ => (Tag::Other, raw.as_bytes().to_vec()),
    }
}
