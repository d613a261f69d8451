//! Reading a file row by row, some rows of every column at a time.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use formats::Reason;
use rows::{Batch, BatchBuilder, CellRef, Locator, Tag};
use terms::{Fault, Place};

use super::column::{Leaf, STEP};
use super::fields::Field;
use super::open::Opened;
use crate::dataset::{Action, ReadSummary};

/// Rows and bytes after which a batch is handed on.
const BATCH_ROWS: usize = 4_096;
const BATCH_BYTES: usize = 8 << 20;
/// Most bytes of one row.
const ROW_MAX: u64 = 512 << 20;
/// Bytes that all rows may have, and more of them for each byte of the file: a dictionary has a value once, however often it stands in rows.
const ROWS_MIN: u64 = 1 << 30;
const ROWS_BYTE: u64 = 2_000;

/// A row's values.
pub(super) type Cells = [(Tag, Vec<u8>)];

/// Why reading does not go on: of itself, or because whoever hears does not want more.
pub(super) enum Stop {
    Unread(Reason),
    Told(Fault),
}

impl From<Reason> for Stop {
    fn from(reason: Reason) -> Stop {
        Stop::Unread(reason)
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Told(fault)
    }
}

impl Stop {
    pub(super) fn fault(self, place: &Place) -> Fault {
        match self {
            Stop::Unread(reason) => Fault::named(reason.code()).with("place", place),
            Stop::Told(fault) => fault,
        }
    }
}

/// Reads every row; gives their number.
///
/// # Errors
/// If the file is damaged or says what is not so; nothing that was heard then counts. What `hear` says stops it.
pub(super) fn rows(opened: &Opened, fields: &[Field], hear: &mut dyn FnMut(u64, &Cells) -> Result<(), Stop>) -> Result<u64, Stop> {
    let (mut row, mut bytes) = (0u64, 0u64);
    let most = ROWS_MIN.saturating_add(opened.size.saturating_mul(ROWS_BYTE));
    for (group, mut left) in opened.groups() {
        let columns = 0..opened.columns().len();
        let mut leaves = columns.map(|column| Leaf::open(opened, group, column)).collect::<Result<Vec<Leaf>, Reason>>()?;
        while left > 0 {
            let some = left.min(STEP);
            leaves.iter_mut().try_for_each(|leaf| leaf.fill(some))?;
            for _ in 0..some {
                let cells = cells(fields, &mut leaves)?;
                bytes = bytes.saturating_add(cells.iter().map(|(_, b)| b.len() as u64).sum());
                if bytes > most {
                    return Err(Stop::Unread(Reason::RatioTooHigh));
                }
                hear(row, &cells)?;
                row += 1;
            }
            left -= some;
        }
        leaves.iter_mut().try_for_each(Leaf::ended)?;
    }
    Ok(row)
}

fn cells(fields: &[Field], leaves: &mut [Leaf]) -> Result<Vec<(Tag, Vec<u8>)>, Reason> {
    let mut bytes = 0u64;
    let mut out = Vec::with_capacity(fields.len());
    for field in fields {
        let cell = field.cell(leaves)?;
        bytes = bytes.saturating_add(cell.1.len() as u64);
        if bytes > ROW_MAX {
            return Err(Reason::TooLarge);
        }
        out.push(cell);
    }
    Ok(out)
}

/// Reads every row into batches.
///
/// # Errors
/// As reading every row.
pub(super) fn batches(
    opened: &Opened,
    fields: &[Field],
    place: &Place,
    sink: &mut dyn FnMut(&Batch) -> Result<(), Fault>,
) -> Result<ReadSummary, Fault> {
    let mut builder = BatchBuilder::new(fields.len());
    let read = rows(opened, fields, &mut |row, cells| {
        let at = Locator::Bytes { record: row, from: 0, to: 0 };
        builder.push(&at, cells.iter().map(|(tag, bytes)| CellRef { tag: *tag, bytes }));
        if builder.rows() >= BATCH_ROWS || builder.bytes() >= BATCH_BYTES {
            sink(&builder.finish())?;
        }
        Ok(())
    });
    let rows = read.map_err(|stop| stop.fault(place))?;
    if builder.rows() > 0 {
        sink(&builder.finish())?;
    }
    Ok(ReadSummary { rows, ragged: 0 })
}

/// Rows one after the other as one number, to see that what was written is what was meant.
#[derive(Default)]
pub(super) struct Digest {
    hasher: DefaultHasher,
    pub rows: u64,
}

impl Digest {
    /// Takes a row.
    pub(super) fn row<'c>(&mut self, cells: impl Iterator<Item = CellRef<'c>>) {
        self.rows += 1;
        cells.for_each(|cell| (cell.tag as u8, cell.bytes).hash(&mut self.hasher));
    }

    /// Takes what is to be left of a row.
    pub(super) fn left(&mut self, batch: &Batch, row: usize, action: &Action) {
        match action {
            Action::Delete => {}
            Action::Keep => self.row(batch.row(row)),
            Action::Overwrite(columns, left) => {
                let own = |i: usize| columns.iter().position(|c| *c as usize == i).and_then(|n| left.get(n));
                let cell = |(i, cell)| own(i).map_or(cell, |(tag, bytes)| CellRef { tag: *tag, bytes });
                self.row(batch.row(row).enumerate().map(cell));
            }
        }
    }

    pub(super) fn same(&self, other: &Digest) -> bool {
        self.rows == other.rows && self.hasher.finish() == other.hasher.finish()
    }
}
