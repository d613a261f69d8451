//! Folders of spreadsheets (XLSX, XLS): every sheet read, hidden ones too; XLSX erased cell by cell in every part, others by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use calamine::{Data, Error, Range, Reader, SheetType, SheetVisible, Sheets as Book, XlsError, XlsxError, open_workbook};
use formats::xlsx::{self, Gone, Step};
use formats::{Kind, Reason};
use remains::{NEEDLE_MIN, Needles};
use rows::{BatchBuilder, CellRef, Encoding, Locator, Tag};
use terms::{Day, Fault, Level, Place};

use crate::blank::{Blank, Said};
use crate::control::LeaveOut;
use crate::dataset::{Action, Column, Dataset, Left, Listing, Missed, Purged, ReadSummary, Searched, Store};
use crate::delimited::header_row;
use crate::files;
use crate::look::Look;
use crate::ours::Ours;
use crate::overwrite::{self, Rewrite};
use crate::places::Places;
use crate::raw::{RawForm, Record};
use crate::walk::{Found, all_files, io_fault, walk};
use crate::{Pick, Sink, Source};

/// Most bytes that a workbook's parts may unpack to.
const UNPACKED_MAX: u64 = 1 << 30;
/// Bytes of a packed workbook that are rewritten in a second.
const REWRITE: u64 = 2 << 20;
/// A part of more bytes than these may not be packed more tightly than so many times.
const PART_LARGE: u64 = 32 << 20;
const RATIO_MAX: u64 = 200;
const BATCH_ROWS: usize = 4_096;
const HEADING_AMONG: usize = 20;
/// Most cells of the rectangle around a sheet, filled or not, and more of them for each that is filled.
const EXTENT_MIN: u64 = 2_000_000;
const EXTENT_FILLED: u64 = 20;

/// A folder of spreadsheets.
pub(crate) struct Sheets {
    source: Place,
    folder: PathBuf,
    known: Vec<Known>,
    /// Files that are no workbooks, or cannot be opened: looked into all the same.
    others: Vec<(Found, Place)>,
    /// By what the workspace tells its own files.
    ours: Ours,
    /// In a folder of anything: which files are workbooks; the others are somebody else's.
    only: Option<fn(&str) -> bool>,
    leave_out: LeaveOut,
}

struct Known {
    dataset: Dataset,
    path: PathBuf,
    /// The file's name below the folder, and its place.
    book: (String, Place),
    sheet: String,
    /// The sheet's column in which the data set's first lies.
    left: u32,
    /// Absolute row of the heading.
    heading: Option<u32>,
}

impl Sheets {
    pub(crate) fn new(source: Place, folder: &Path) -> Sheets {
        Sheets {
            source,
            folder: folder.to_owned(),
            known: Vec::new(),
            others: Vec::new(),
            ours: Ours::default(),
            only: None,
            leave_out: LeaveOut::default(),
        }
    }

    /// The workbooks in a folder of anything.
    pub(crate) fn of(source: Place, folder: &Path, only: fn(&str) -> bool) -> Sheets {
        Sheets { only: Some(only), ..Sheets::new(source, folder) }
    }

    pub(crate) fn has(&self, place: &Place) -> bool {
        self.known.iter().any(|k| k.dataset.place == *place)
    }

    fn add_book(&mut self, name: &str, path: &Path, place: &Place, places: &mut Places, listing: &mut Listing) -> Result<(), Fault> {
        let mut book = open_book(path, place)?;
        let by_hand = by_hand(path, &book);
        let bytes = fs::metadata(path).map_or(0, |m| m.len());
        for sheet in book.sheets_metadata().to_vec() {
            let own = places
                .of(place, 's', &sheet.name)
                .ok_or_else(|| Fault::new("too_many_datasets").with("source", &self.source).with("most", 0))?;
            if sheet.typ != SheetType::WorkSheet {
                listing.missed.push(Missed { place: own, reason: "chart_or_macro_sheet".to_owned(), bytes: 0 });
                continue;
            }
            let range = match range_of(&mut book, &sheet.name, &own) {
                Ok(range) => range,
                Err(fault) => {
                    listing.missed.push(Missed { place: own, reason: fault.code().to_owned(), bytes: 0 });
                    continue;
                }
            };
            let (first, left) = range.start().unwrap_or((0, 0));
            let head: Vec<Vec<String>> = range.rows().take(HEADING_AMONG).map(|r| r.iter().map(text).collect()).collect();
            let heading = header_row(&head);
            let named = heading.and_then(|h| head.get(h)).cloned().unwrap_or_default();
            let columns = (0..range.width())
                .map(|i| {
                    let name = named.get(i).map(|n| n.trim().to_owned()).filter(|n| !n.is_empty());
                    Column { name: name.unwrap_or_else(|| (left as usize + i + 1).to_string()), ..Column::default() }
                })
                .collect();
            let hidden = sheet.visible != SheetVisible::Visible;
            let rows = Dataset::in_file(own, format!("{name}#{}", sheet.name), columns, bytes, REWRITE);
            let dataset = Dataset { hidden, by_hand, ..rows };
            listing.datasets.push(dataset.clone());
            let heading = heading.and_then(|h| u32::try_from(h).ok()).map(|h| first + h);
            self.known.push(Known {
                dataset,
                path: path.to_owned(),
                book: (name.to_owned(), place.clone()),
                sheet: sheet.name.clone(),
                left,
                heading,
            });
        }
        Ok(())
    }
}

impl Sheets {
    /// Looks through every part of every workbook, and through all that is none. Older workbooks are looked through as they read.
    pub(crate) fn look(&self, look: &mut Look<'_>) {
        let books: BTreeMap<&PathBuf, &(String, Place)> = self.known.iter().map(|k| (&k.path, &k.book)).collect();
        for (path, (name, place)) in books {
            let other = look.of(place);
            let own = self.known.iter().find(|k| k.path == *path && look.is_own(&k.dataset.place));
            let parts = own.map(|k| (own_parts(path, &k.sheet), look.of(&k.dataset.place)));
            // As it lies and as it reads, beside its parts: texts cut into runs are whole there, what is embedded is unpacked.
            look.book(&(Found { name: name.to_owned(), path: path.clone(), unread: None }, place.clone()), own.is_some());
            let structure = |name: &str, look: &Look<'_>| match &parts {
                Some((own, structure)) if own.contains(name) => *structure,
                Some(_) => look.beside(),
                None => other,
            };
            let looked = File::open(path).map_err(Reason::from).and_then(|file| {
                xlsx::parts(file, &mut |name, bytes| {
                    let structure = structure(name, look);
                    match name.contains("worksheets/") {
                        true => look.unpacked(structure, &xlsx::without_indexes(bytes)),
                        false => look.unpacked(structure, bytes),
                    }
                    Ok(())
                })
            });
            // Workbooks of the older kind have no parts: they were looked through as they read.
            if looked.is_err() && !is_older(path) {
                look.unread(fs::metadata(path).map_or(0, |m| m.len()));
            }
        }
        self.others.iter().for_each(|file| look.any(file, None));
    }

    fn rewrite(&self, place: &Place, gone: BTreeMap<u32, Gone>) -> Result<(), Fault> {
        let known = self.known.iter().find(|k| k.dataset.place == *place);
        let known = known.ok_or_else(|| Fault::new("dataset_missing").with("place", place))?;
        let plan: xlsx::Plan = [(known.sheet.clone(), gone)].into();
        let mut refused = None;
        let left_out: Vec<Step> = Step::ALL.into_iter().filter(|step| self.leave_out.has(step.word())).collect();
        let written = Rewrite::new(&known.path, place, &self.ours).without(&self.leave_out).carry_out(&mut |part| {
            let old = File::open(&known.path).map_err(Reason::from);
            let done = old.and_then(|old| xlsx::erase_without(old, part, &plan, &left_out));
            done.map(|_| ()).map_err(|reason| {
                refused = Some(reason);
                std::io::Error::from(std::io::ErrorKind::InvalidData)
            })
        });
        match (written, refused) {
            (Err(_), Some(reason @ (Reason::NoRoom | Reason::Unreadable))) => Err(Fault::named(reason.code()).with("place", place).retry()),
            (Err(_), Some(reason)) => Err(Fault::named(reason.code()).with("place", place)),
            (other, _) => other.map_err(|e| io_fault(&e, place)),
        }
    }
}

/// Why a workbook is not edited here; none if it is.
fn by_hand(path: &Path, book: &Book<BufReader<File>>) -> Option<&'static str> {
    match book {
        Book::Xlsx(_) => {
            let looked = File::open(path).map_err(Reason::from).and_then(xlsx::editable);
            looked.err().map(Reason::code)
        }
        _ => Some(Reason::WholeFileOnly.code()),
    }
}

/// Whether a workbook is of the older kind, by its first bytes.
fn is_older(path: &Path) -> bool {
    let mut magic = [0u8; 4];
    File::open(path).and_then(|mut file| file.read_exact(&mut magic)).is_ok() && formats::kind("", &magic) == Kind::Ole
}

/// The parts in which the values of a sheet lie.
fn own_parts(path: &Path, sheet: &str) -> BTreeSet<String> {
    let found = File::open(path).map_err(Reason::from).and_then(xlsx::sheets).unwrap_or_default();
    found.into_iter().filter(|(name, _)| name == sheet).flat_map(|(_, parts)| parts).collect()
}

/// A row in its parts: each value between the tags of its cell, or of its shared string. A short one is looked for with its tags, so that it is
/// not met as the end of another.
fn record(cells: &[CellRef<'_>]) -> Record {
    let mut out = Record::unseen(cells.len());
    let mut short = [(); FORMS.len() + 1].map(|()| Record::unseen(cells.len()));
    for (i, cell) in cells.iter().enumerate().filter(|(_, c)| !c.is_empty()) {
        let mut text = Vec::new();
        rows::text_of(*cell, Encoding::Utf8, &mut text);
        let (text, forms) = match cell.tag {
            // A formula that says a number as a text keeps it like a number.
            Tag::Text if text.iter().all(|b| b.is_ascii_digit() || b"+-.".contains(b)) => (text, [FORMS.as_slice(), &[NUMBER]].concat()),
            Tag::Text => (escaped(&text), FORMS.to_vec()),
            _ => (serial(&text).unwrap_or(text), vec![NUMBER]),
        };
        if text.len() < NEEDLE_MIN {
            for (record, (begins, ends)) in short.iter_mut().zip(forms) {
                record.cut();
                record.value_of(i, &[begins.as_bytes(), &text, ends.as_bytes()].concat());
            }
            continue;
        }
        let (begins, ends) = forms.first().copied().unwrap_or_default();
        out.cut();
        out.glue(begins.as_bytes());
        out.value_of(i, &text);
        out.glue(ends.as_bytes());
    }
    short.into_iter().fold(out, Record::or_entry)
}

/// What stands around a text: shared, in its cell, with how it is pronounced.
const FORMS: [(&str, &str); 3] = [("<t>", "</t></si>"), ("<t>", "</t></is>"), ("<t>", "</t><phoneticPr")];
/// The same of a number.
const NUMBER: (&str, &str) = ("<v>", "</v></c>");

/// A day as workbooks count it from 1900; none if it is none, or has a time.
fn serial(text: &[u8]) -> Option<Vec<u8>> {
    let day: Day = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(Day::new(1899, 12, 30)?.days_until(day).to_string().into_bytes())
}

/// A text as it stands in XML.
fn escaped(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for b in text {
        match b {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            other => out.push(*other),
        }
    }
    out
}

/// Opens a workbook by its first bytes, never by its name.
fn open_book(path: &Path, place: &Place) -> Result<Book<BufReader<File>>, Fault> {
    let mut magic = [0u8; 8];
    let mut file = File::open(path).map_err(|e| io_fault(&e, place))?;
    let read = file.read(&mut magic).map_err(|e| io_fault(&e, place))?;
    let at = |f: Fault| f.with("place", place);
    match magic.get(..read) {
        Some([b'P', b'K', 3, 4, ..]) => {
            check_size(path, place)?;
            open_workbook(path).map(Book::Xlsx).map_err(|e: XlsxError| at(fault_of(&Error::Xlsx(e))))
        }
        Some([0xd0, 0xcf, 0x11, 0xe0, ..]) => match open_workbook(path).map(Book::Xls) {
            Ok(book) => Ok(book),
            // An encrypted XLSX lies in the same kind of container as an XLS.
            Err(e) => {
                let as_xlsx: Result<calamine::Xlsx<BufReader<File>>, XlsxError> = open_workbook(path);
                match as_xlsx {
                    Err(XlsxError::Password) => Err(at(Fault::new("sheet_password"))),
                    _ => Err(at(fault_of(&Error::Xls(e)))),
                }
            }
        },
        _ => Err(at(Fault::new("not_a_workbook"))),
    }
}

/// The cells of a sheet as one rectangle. Two cells in opposite corners would make it as large as the sheet may be: such a sheet is
/// refused before the rectangle is made, unless it is filled.
fn range_of(book: &mut Book<BufReader<File>>, sheet: &str, place: &Place) -> Result<Range<Data>, Fault> {
    if let Book::Xlsx(xlsx) = book {
        let damaged = |e: XlsxError| fault_of(&Error::Xlsx(e)).with("place", place);
        let mut cells = xlsx.worksheet_cells_reader(sheet).map_err(damaged)?;
        let (mut filled, mut corner) = (0u64, (0u64, 0u64));
        while let Some(cell) = cells.next_cell().map_err(damaged)? {
            let (row, column) = cell.get_position();
            filled += 1;
            corner = (corner.0.max(u64::from(row) + 1), corner.1.max(u64::from(column) + 1));
        }
        if corner.0 * corner.1 > EXTENT_MIN + EXTENT_FILLED * filled {
            return Err(Fault::new("sheet_too_large").with("place", place).with("most", EXTENT_MIN));
        }
    }
    book.worksheet_range(sheet).map_err(|e| fault_of(&e).with("place", place))
}

/// Refuses workbooks that unpack to more than is sensible.
fn check_size(path: &Path, place: &Place) -> Result<(), Fault> {
    let bad = || Fault::new("sheet_damaged").with("place", place);
    let file = File::open(path).map_err(|e| io_fault(&e, place))?;
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|_| bad())?;
    let (mut total, mut bomb) = (0u64, false);
    for i in 0..archive.len() {
        let part = archive.by_index_raw(i).map_err(|_| bad())?;
        total = total.saturating_add(part.size());
        // A cell has 32,767 characters at most: what is packed so tightly is no sheet of anybody's.
        bomb |= part.size() > PART_LARGE && part.size() / part.compressed_size().max(1) > RATIO_MAX;
    }
    if bomb || total > UNPACKED_MAX { Err(Fault::new("sheet_too_large").with("place", place).with("most", UNPACKED_MAX)) } else { Ok(()) }
}

fn fault_of(error: &Error) -> Fault {
    match error {
        Error::Xlsx(XlsxError::Password) | Error::Xls(XlsError::Password) => Fault::new("sheet_password"),
        Error::Xlsx(XlsxError::FileNotFound(_)) => Fault::new("not_a_workbook"),
        _ => Fault::new("sheet_damaged"),
    }
}

fn text(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::DateTime(d) => date_text(d),
        other => other.to_string(),
    }
}

/// A date cell as people read it: `2026-03-31`, with the time where there is one.
fn date_text(d: &calamine::ExcelDateTime) -> String {
    if d.is_duration() {
        return d.as_f64().to_string();
    }
    let (y, mo, day, h, mi, s, _) = d.to_ymd_hms_milli();
    if (h, mi, s) == (0, 0, 0) { format!("{y:04}-{mo:02}-{day:02}") } else { format!("{y:04}-{mo:02}-{day:02} {h:02}:{mi:02}:{s:02}") }
}

/// A cell's tag and bytes.
fn value(cell: &Data) -> (Tag, Vec<u8>) {
    match cell {
        Data::Empty => (Tag::Null, Vec::new()),
        Data::Int(i) => (Tag::Integer, i.to_be_bytes().to_vec()),
        Data::Float(f) if f.fract() == 0.0 && f.abs() < 9_007_199_254_740_992.0 => (Tag::Integer, (*f as i64).to_be_bytes().to_vec()),
        Data::Float(f) => (Tag::Real, f.to_be_bytes().to_vec()),
        Data::String(s) => (Tag::Text, s.clone().into_bytes()),
        other => (Tag::Other, text(other).into_bytes()),
    }
}

impl Source for Sheets {
    fn store(&self) -> Store {
        Store { name: "sheets", version: "1".to_owned(), cap: Level::L4 }
    }

    fn list(&mut self, places: &mut Places) -> Result<Listing, Fault> {
        self.ours = places.ours();
        overwrite::recover(&self.folder, &self.source, places)?;
        let mut listing = Listing::default();
        self.known.clear();
        self.others.clear();
        for found in walk(&self.folder, &self.source)? {
            if self.only.is_some_and(|own| !own(&found.name)) {
                continue;
            }
            let place = places
                .of(&self.source, 'f', &found.name)
                .ok_or_else(|| Fault::new("too_many_datasets").with("source", &self.source).with("most", 0))?;
            let lower = found.name.to_lowercase();
            let is_sheet = [".xlsx", ".xlsm", ".xls"].iter().any(|e| lower.ends_with(e));
            let missed = match found.unread {
                Some(reason) => Some(reason.to_owned()),
                None if !is_sheet => Some("unsupported_file".to_owned()),
                None => self.add_book(&found.name, &found.path, &place, places, &mut listing).err().map(|f| f.code().to_owned()),
            };
            if let Some(reason) = missed {
                listing.missed.push(Missed { place: place.clone(), reason, bytes: found.bytes() });
                self.others.extend(Some((found, place)).filter(|(found, _)| found.opens()));
            }
        }
        if self.only.is_none() {
            listing.files = all_files(&self.folder, &self.source, places, &|_| None)?;
        }
        Ok(listing)
    }

    fn hold_still(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    fn read(&mut self, place: &Place, sink: Sink<'_>) -> Result<ReadSummary, Fault> {
        let known = self.known.iter().find(|k| k.dataset.place == *place);
        let known = known.ok_or_else(|| Fault::new("dataset_missing").with("place", place))?;
        let mut book = open_book(&known.path, place)?;
        let range = range_of(&mut book, &known.sheet, place)?;
        let (first, _) = range.start().unwrap_or((0, 0));
        let mut builder = BatchBuilder::new(known.dataset.columns.len().max(1));
        let mut summary = ReadSummary::default();
        for (row, cells) in (first..).zip(range.rows()) {
            if Some(row) == known.heading || cells.iter().all(|c| *c == Data::Empty) {
                continue;
            }
            let values: Vec<(Tag, Vec<u8>)> = cells.iter().map(value).collect();
            builder.push(&Locator::SheetRow(row), values.iter().map(|(tag, bytes)| CellRef { tag: *tag, bytes }));
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

    fn erase(&mut self, places: &[Place], pick: Pick<'_>) -> Result<(), Fault> {
        for place in places {
            let mut gone = BTreeMap::new();
            let known = self.known.iter().find(|k| k.dataset.place == *place);
            let left = known.map_or(0, |k| k.left);
            self.read(place, &mut |batch| {
                for row in 0..batch.rows() {
                    let Some(Locator::SheetRow(at)) = batch.locator(row) else { continue };
                    match pick(place, batch, row)? {
                        Action::Keep => {}
                        Action::Delete => drop(gone.insert(at, Gone::Row)),
                        Action::Overwrite(columns, _) => drop(gone.insert(at, Gone::Cells(columns.iter().map(|c| c + left).collect()))),
                    }
                }
                Ok(())
            })?;
            if !gone.is_empty() {
                self.rewrite(place, gone)?;
            }
        }
        Ok(())
    }

    fn as_left(&self, place: &Place) -> bool {
        self.known.iter().any(|k| k.dataset.place == *place && self.ours.left(place, &k.path))
    }

    fn purge(&mut self, _places: &[Place]) -> Result<Purged, Fault> {
        Ok(Purged { steps: vec!["old bytes overwritten in place before the new workbook took the name".to_owned()] })
    }

    fn search(&mut self, place: &Place, needles: &mut Needles) -> Result<Searched, Fault> {
        let mut look = Look::new(place, needles);
        self.look(&mut look);
        Ok(look.end(&self.folder, &self.source))
    }

    fn would(&self, place: &Place, overwrite: Option<(&[u32], &[Left])>) -> Vec<String> {
        let Some(known) = self.known.iter().find(|k| k.dataset.place == *place) else { return Vec::new() };
        let what = if overwrite.is_some() { "cells emptied" } else { "rows emptied" };
        let parts = own_parts(&known.path, &known.sheet).into_iter().map(|part| format!("{part}: {what}"));
        let others = "every other part that has one of their values: cleaned; computed parts: left out; all others byte for byte the same";
        parts.chain([others.to_owned()]).collect()
    }

    fn blanks(&mut self, place: &Place, columns: &[u32], _said: &Said) -> Result<Vec<Blank>, Fault> {
        let known = self.known.iter().find(|k| k.dataset.place == *place);
        let _ = columns;
        Ok(vec![Blank::Null; known.map_or(0, |k| k.dataset.columns.len())])
    }

    fn free_space(&mut self) -> Option<u64> {
        files::free(&self.folder)
    }

    fn raw_form(&self, _place: &Place) -> RawForm {
        Box::new(record)
    }

    fn leave_out(&mut self, what: LeaveOut) {
        self.leave_out = what;
    }
}
