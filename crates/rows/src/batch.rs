//! A batch of rows: per column a `BinaryView` of source bytes and a storage-class tag, and the hidden locator `_at`.

use std::sync::Arc;

use arrow_array::builder::BinaryViewBuilder;
use arrow_array::{Array, ArrayRef, BinaryViewArray, RecordBatch, UInt8Array};
use arrow_schema::{ArrowError, DataType, Field, Schema};

use crate::locator::Locator;

/// Storage class of a value (EVIDENCE §2, `rows/v1`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Tag {
    /// No value; no bytes.
    Null = 0,
    /// 8 bytes, two's complement, big-endian.
    Integer = 1,
    /// 8 bytes, IEEE 754, big-endian.
    Real = 2,
    /// The source's bytes; the encoding is in the schema document.
    Text = 3,
    /// The source's bytes.
    Blob = 4,
    /// Anything else, as the source's own text form.
    Other = 5,
}

impl Tag {
    /// The tag of a byte.
    pub fn of(byte: u8) -> Option<Tag> {
        [Tag::Null, Tag::Integer, Tag::Real, Tag::Text, Tag::Blob, Tag::Other].into_iter().find(|t| *t as u8 == byte)
    }

    /// The word as it stands in inventories.
    pub fn word(self) -> &'static str {
        match self {
            Tag::Null => "null",
            Tag::Integer => "integer",
            Tag::Real => "real",
            Tag::Text => "text",
            Tag::Blob => "blob",
            Tag::Other => "other",
        }
    }
}

/// A value as it lies in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellRef<'a> {
    /// Storage class.
    pub tag: Tag,
    /// Source bytes.
    pub bytes: &'a [u8],
}

impl CellRef<'_> {
    /// The integer, if it is one.
    pub fn integer(&self) -> Option<i64> {
        (self.tag == Tag::Integer).then(|| self.bytes.try_into().ok().map(i64::from_be_bytes)).flatten()
    }

    /// The real, if it is one.
    pub fn real(&self) -> Option<f64> {
        (self.tag == Tag::Real).then(|| self.bytes.try_into().ok().map(f64::from_be_bytes)).flatten()
    }

    /// Whether it is null or empty.
    pub fn is_empty(&self) -> bool {
        self.tag == Tag::Null || self.bytes.is_empty()
    }
}

/// Rows of one data set.
#[derive(Clone, Debug)]
pub struct Batch {
    columns: Vec<(BinaryViewArray, UInt8Array)>,
    at: BinaryViewArray,
}

impl Batch {
    /// Rows.
    pub fn rows(&self) -> usize {
        self.at.len()
    }

    /// Columns.
    pub fn columns(&self) -> usize {
        self.columns.len()
    }

    /// A value.
    pub fn cell(&self, row: usize, column: usize) -> CellRef<'_> {
        let null = CellRef { tag: Tag::Null, bytes: &[] };
        match self.columns.get(column) {
            Some((values, tags)) if row < values.len() => {
                CellRef { tag: Tag::of(tags.value(row)).unwrap_or(Tag::Other), bytes: values.value(row) }
            }
            _ => null,
        }
    }

    /// All values of a row.
    pub fn row(&self, row: usize) -> impl Iterator<Item = CellRef<'_>> {
        (0..self.columns()).map(move |c| self.cell(row, c))
    }

    /// The bytes of a row's locator.
    pub fn locator_bytes(&self, row: usize) -> &[u8] {
        if row < self.at.len() { self.at.value(row) } else { &[] }
    }

    /// A row's locator.
    pub fn locator(&self, row: usize) -> Option<Locator> {
        Locator::from_bytes(self.locator_bytes(row))
    }

    /// The batch as Arrow: columns `0`, `0.tag`, `1`, … and `_at`.
    ///
    /// # Errors
    /// Never for a batch made by [`BatchBuilder`].
    pub fn to_arrow(&self) -> Result<RecordBatch, ArrowError> {
        let mut fields = Vec::new();
        let mut arrays: Vec<ArrayRef> = Vec::new();
        for (i, (values, tags)) in self.columns.iter().enumerate() {
            fields.push(Field::new(i.to_string(), DataType::BinaryView, false));
            fields.push(Field::new(format!("{i}.tag"), DataType::UInt8, false));
            arrays.push(Arc::new(values.clone()));
            arrays.push(Arc::new(tags.clone()));
        }
        fields.push(Field::new("_at", DataType::BinaryView, false));
        arrays.push(Arc::new(self.at.clone()));
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
    }
}

/// Builds batches row by row.
pub struct BatchBuilder {
    values: Vec<BinaryViewBuilder>,
    tags: Vec<Vec<u8>>,
    at: BinaryViewBuilder,
    locator: Vec<u8>,
    rows: usize,
    bytes: usize,
}

impl BatchBuilder {
    /// A builder for that many columns.
    pub fn new(columns: usize) -> BatchBuilder {
        let block = || BinaryViewBuilder::new().with_fixed_block_size(1 << 18);
        let (values, tags) = ((0..columns).map(|_| block()).collect(), vec![Vec::new(); columns]);
        BatchBuilder { values, tags, at: block(), locator: Vec::new(), rows: 0, bytes: 0 }
    }

    /// Adds a row; missing values become null, values beyond the columns are not taken.
    pub fn push<'a>(&mut self, locator: &Locator, cells: impl IntoIterator<Item = CellRef<'a>>) {
        let mut cells = cells.into_iter();
        for (values, tags) in self.values.iter_mut().zip(&mut self.tags) {
            let cell = cells.next().unwrap_or(CellRef { tag: Tag::Null, bytes: &[] });
            values.append_value(cell.bytes);
            tags.push(cell.tag as u8);
            self.bytes += cell.bytes.len();
        }
        self.locator.clear();
        locator.write(&mut self.locator);
        self.at.append_value(&self.locator);
        self.rows += 1;
    }

    /// Rows so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of values so far.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The batch; the builder begins anew.
    pub fn finish(&mut self) -> Batch {
        let columns = self.values.iter_mut().zip(&mut self.tags).map(|(v, t)| (v.finish(), UInt8Array::from(std::mem::take(t)))).collect();
        self.rows = 0;
        self.bytes = 0;
        Batch { columns, at: self.at.finish() }
    }
}
