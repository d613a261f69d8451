//! One column of one row group, record by record: its values, and the levels that say where they stand.

use formats::Reason;
use parquet::column::reader::{ColumnReader, get_column_reader};
use parquet::errors::ParquetError;

use super::open::{Opened, caught, reason_of};
use super::pages::Pages;
use super::values::{self, Scalar, Values};

/// Records that are read at once.
pub(super) const STEP: u64 = 1_024;

/// Values with their levels.
pub(super) struct Chunk {
    pub def: Vec<i16>,
    pub rep: Vec<i16>,
    pub values: Values,
}

impl Chunk {
    pub(super) fn clear(&mut self) {
        self.def.clear();
        self.rep.clear();
        self.values.clear();
    }
}

/// A column that is read from its beginning.
pub(super) struct Leaf {
    reader: ColumnReader,
    max: (i16, i16),
    kind: parquet::basic::Type,
    chunk: Chunk,
    /// The next level and the next value.
    level: usize,
    value: usize,
}

impl Leaf {
    pub(super) fn open(opened: &Opened, group: usize, column: usize) -> Result<Leaf, Reason> {
        let pages = Pages::open(opened, group, column)?;
        let descr = opened.columns().get(column).ok_or(Reason::Damaged)?.clone();
        let (kind, max) = (descr.physical_type(), (descr.max_def_level(), descr.max_rep_level()));
        let reader = caught(|| Ok::<_, ParquetError>(get_column_reader(descr, Box::new(pages)))).map_err(|e| reason_of(&e))?;
        Ok(Leaf { reader, max, kind, chunk: Leaf::empty(kind), level: 0, value: 0 })
    }

    fn empty(kind: parquet::basic::Type) -> Chunk {
        Chunk { def: Vec::new(), rep: Vec::new(), values: Values::of(kind) }
    }

    /// Room for values of the same type.
    pub(super) fn room(&self) -> Chunk {
        Leaf::empty(self.kind)
    }

    /// Highest definition and repetition level.
    pub(super) fn max(&self) -> (i16, i16) {
        self.max
    }

    /// Reads the next records; what was read before is forgotten.
    ///
    /// # Errors
    /// If there are fewer, or their levels are none.
    pub(super) fn fill(&mut self, records: u64) -> Result<(), Reason> {
        let records = usize::try_from(records).map_err(|_| Reason::TooLarge)?;
        if self.read(records)? != records {
            return Err(Reason::SizeForged);
        }
        let Chunk { def, rep, values } = &self.chunk;
        let within = |levels: &[i16], max: i16| levels.iter().all(|l| (0..=max).contains(l));
        let whole = values.whole() && within(def, self.max.0) && within(rep, self.max.1) && rep.first().is_none_or(|r| *r == 0);
        if whole { Ok(()) } else { Err(Reason::Damaged) }
    }

    /// Makes sure that there is nothing more.
    ///
    /// # Errors
    /// If there are more records than the footer says.
    pub(super) fn ended(&mut self) -> Result<(), Reason> {
        if self.read(1)? == 0 { Ok(()) } else { Err(Reason::SizeForged) }
    }

    fn read(&mut self, records: usize) -> Result<usize, Reason> {
        self.chunk.clear();
        (self.level, self.value) = (0, 0);
        let Leaf { reader, chunk, .. } = self;
        caught(|| values::read(reader, records, (&mut chunk.def, &mut chunk.rep), &mut chunk.values)).map_err(|e| reason_of(&e))
    }

    fn levels(&self) -> usize {
        if self.max.0 > 0 { self.chunk.def.len() } else { self.chunk.values.len() }
    }

    /// The definition level that is next; none at the end of what was read.
    pub(super) fn def(&self) -> Option<i16> {
        let is = self.level < self.levels();
        if self.max.0 > 0 { self.chunk.def.get(self.level).copied() } else { is.then_some(0) }
    }

    /// The repetition level that is next; none at the end of what was read.
    pub(super) fn rep(&self) -> Option<i16> {
        let is = self.level < self.levels();
        if self.max.1 > 0 { self.chunk.rep.get(self.level).copied() } else { is.then_some(0) }
    }

    /// Steps over a level, and gives the value that stands there.
    pub(super) fn take(&mut self) -> Result<Option<Scalar<'_>>, Reason> {
        let def = self.def().ok_or(Reason::Damaged)?;
        self.level += 1;
        if def < self.max.0 {
            return Ok(None);
        }
        self.value += 1;
        self.chunk.values.get(self.value - 1).map(Some).ok_or(Reason::Damaged)
    }

    /// Steps over a record, and adds it to others.
    pub(super) fn record(&mut self, mut to: Option<&mut Chunk>) -> Result<(), Reason> {
        loop {
            let (def, rep) = (self.def().ok_or(Reason::Damaged)?, self.rep().ok_or(Reason::Damaged)?);
            let is = def == self.max.0;
            if let Some(to) = &mut to {
                to.def.push(def);
                to.rep.push(rep);
                if is {
                    to.values.copy(&self.chunk.values, self.value).ok_or(Reason::Damaged)?;
                }
            }
            self.level += 1;
            self.value += usize::from(is);
            if self.rep().is_none_or(|rep| rep == 0) {
                return Ok(());
            }
        }
    }
}
