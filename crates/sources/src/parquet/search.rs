//! Looking into what a Parquet file packs: every page unpacked, dictionaries and minima as values, and every row as it reads. Filters of a
//! row group (bloom filters) cannot be looked into: a file that was written anew has none.

use std::path::Path;

use formats::Reason;
use parquet::basic::Type;
use parquet::column::page::{Page, PageReader as _};
use parquet::schema::types::ColumnDescriptor;
use remains::Needles;
use rows::{CellRef, Encoding, Tag, text_of};

use super::fields::fields;
use super::form::Form;
use super::open::{Opened, caught, reason_of};
use super::pages::Pages;
use super::read::{self, Stop};
use super::values::Scalar;
use crate::raw::{Record, json_parts};

/// Bytes that are looked into at once.
const BUFFER: usize = 1 << 20;

/// Looks into everything that a file packs.
///
/// # Errors
/// If it cannot be read to its end.
pub(super) fn look(path: &Path, structure: usize, needles: &mut Needles) -> Result<(), Reason> {
    let opened = Opened::at(path)?;
    let mut heard = Heard { structure, needles, buffer: Vec::new() };
    for (group, _) in opened.groups() {
        for (column, descr) in opened.columns().iter().enumerate() {
            pages(&opened, group, column, descr, &mut heard)?;
        }
    }
    let read = read::rows(&opened, &fields(&opened)?, &mut |_, cells| {
        cells.iter().for_each(|(tag, bytes)| heard.cell(CellRef { tag: *tag, bytes }));
        Ok(())
    });
    heard.end();
    match read {
        Err(Stop::Unread(reason)) => Err(reason),
        _ => Ok(()),
    }
}

/// Looks into the pages of a column, and into what its chunk says of them.
fn pages(opened: &Opened, group: usize, column: usize, descr: &ColumnDescriptor, heard: &mut Heard<'_>) -> Result<(), Reason> {
    let form = Form::of(descr);
    let told = opened.chunk(group, column)?.statistics();
    for bytes in told.into_iter().flat_map(|told| [told.min_bytes_opt(), told.max_bytes_opt()]).flatten() {
        heard.value(&form, descr, bytes);
    }
    let mut pages = Pages::open(opened, group, column)?;
    while let Some(page) = caught(|| pages.get_next_page()).map_err(|e| reason_of(&e))? {
        heard.needles.look(heard.structure, page.buffer());
        if let Page::DictionaryPage { buf, .. } = &page {
            plain(descr, buf, &mut |bytes| heard.value(&form, descr, bytes));
        }
    }
    Ok(())
}

/// The values of a dictionary, one after the other.
fn plain(descr: &ColumnDescriptor, bytes: &[u8], hear: &mut dyn FnMut(&[u8])) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let size = match descr.physical_type() {
            Type::BOOLEAN => 1,
            Type::INT32 | Type::FLOAT => 4,
            Type::INT64 | Type::DOUBLE => 8,
            Type::INT96 => 12,
            Type::FIXED_LEN_BYTE_ARRAY => usize::try_from(descr.type_length()).unwrap_or_default().max(1),
            Type::BYTE_ARRAY => {
                let Some((len, behind)) = rest.split_first_chunk::<4>() else { return };
                rest = behind;
                u32::from_le_bytes(*len) as usize
            }
        };
        let Some((value, behind)) = rest.split_at_checked(size) else { return };
        hear(value);
        rest = behind;
    }
}

/// Whoever looks for needles.
struct Heard<'n> {
    structure: usize,
    needles: &'n mut Needles,
    buffer: Vec<u8>,
}

impl Heard<'_> {
    fn value(&mut self, form: &Form, descr: &ColumnDescriptor, bytes: &[u8]) {
        if let Some(value) = Scalar::of(descr.physical_type(), bytes) {
            let (tag, bytes) = form.cell(&value);
            self.cell(CellRef { tag, bytes: &bytes });
        }
    }

    fn cell(&mut self, cell: CellRef<'_>) {
        let text = text(cell);
        self.buffer.extend_from_slice(&length(&text));
        self.buffer.extend_from_slice(&text);
        if self.buffer.len() >= BUFFER {
            self.end();
        }
    }

    fn end(&mut self) {
        self.needles.look(self.structure, &self.buffer);
        self.buffer.clear();
    }
}

/// A value as it is looked for: its text, behind its length, as a page has texts.
fn text(cell: CellRef<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    match cell.tag {
        Tag::Blob => out.extend_from_slice(cell.bytes),
        _ => text_of(cell, Encoding::Utf8, &mut out),
    }
    out
}

fn length(text: &[u8]) -> [u8; 4] {
    u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes()
}

/// A row's values, each by itself: columns lie apart.
pub(crate) fn record(cells: &[CellRef<'_>]) -> Record {
    let mut out = Record::unseen(cells.len());
    for (i, cell) in cells.iter().enumerate().filter(|(_, c)| !c.is_empty()) {
        let text = text(*cell);
        out.cut();
        out.glue(&length(&text));
        out.value_of(i, &text);
        if let Some(parts) = json_parts(&text) {
            out.parts_of(i, parts);
        }
    }
    out
}
