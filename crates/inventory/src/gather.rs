//! Gathering findings of a data set batch by batch, over contiguous buffers.

use std::collections::BTreeMap;

use detect::{Detector, Hits, Kind, Texts};
use rows::{Batch, Encoding, Tag, text_of};

/// What was found in a column.
#[derive(Clone, Debug, Default)]
pub struct ColumnFound {
    /// Values that are neither null nor empty.
    pub filled: u64,
    /// Bytes of its values.
    pub bytes: u64,
    /// Values with a finding, by kind.
    pub findings: BTreeMap<Kind, u64>,
    /// Values by storage class.
    pub stored: BTreeMap<&'static str, u64>,
}

/// Gathers one data set.
pub struct Gatherer {
    detectors: Vec<Box<dyn Detector>>,
    encoding: Encoding,
    /// Per column, what was found so far.
    pub columns: Vec<ColumnFound>,
    /// Rows so far.
    pub rows: u64,
    texts: Texts,
    hits: Hits,
    room: Vec<u8>,
}

impl Gatherer {
    /// A gatherer for that many columns.
    pub fn new(columns: usize, encoding: Encoding) -> Gatherer {
        Gatherer {
            detectors: detect::detectors(),
            encoding,
            columns: vec![ColumnFound::default(); columns],
            rows: 0,
            texts: Texts::default(),
            hits: Hits::default(),
            room: Vec::new(),
        }
    }

    /// Takes a batch in; `each` gets every sure finding: row in the batch, column, kind, normalised value.
    pub fn add(&mut self, batch: &Batch, each: &mut dyn FnMut(usize, usize, Kind, &[u8])) {
        self.rows += batch.rows() as u64;
        for (c, column) in self.columns.iter_mut().enumerate() {
            self.texts.clear();
            self.hits.clear();
            for row in 0..batch.rows() {
                let cell = batch.cell(row, c);
                self.room.clear();
                text_of(cell, self.encoding, &mut self.room);
                self.texts.push(&self.room);
                column.bytes += cell.bytes.len() as u64;
                if !cell.is_empty() {
                    column.filled += 1;
                }
                if cell.tag != Tag::Null {
                    *column.stored.entry(cell.tag.word()).or_default() += 1;
                }
            }
            for detector in &self.detectors {
                detector.find(&self.texts, &mut self.hits);
            }
            let mut last: Option<(usize, Kind)> = None;
            for (hit, value) in self.hits.iter() {
                // A value with two numbers of one kind counts once.
                if last != Some((hit.cell, hit.kind)) {
                    *column.findings.entry(hit.kind).or_default() += 1;
                }
                last = Some((hit.cell, hit.kind));
                each(hit.cell, c, hit.kind, value);
            }
        }
    }
}
