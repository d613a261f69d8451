//! Writing a file anew without some rows and values: same schema, row groups and packing, column by column; values that stay are never looked into.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::sync::Arc;

use formats::Reason;
use parquet::column::writer::ColumnWriter;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use rows::CellRef;

use super::column::{Chunk, Leaf, STEP};
use super::fields::{Field, Written, fields};
use super::open::{Opened, reason_of, refused};
use super::read::{self, Digest, Stop};
use super::values;
use crate::dataset::Action;

/// Notes of writers that describe the schema. Any other note may hold copies of values, which cannot be known: it is left out.
const NOTES: [&str; 7] = [
    "ARROW:schema",
    "pandas",
    "parquet.avro.schema",
    "avro.schema",
    "iceberg.schema",
    "writer.model.name",
    "org.apache.spark.sql.parquet.row.metadata",
];

/// What becomes of rows, by their ordinals.
pub(super) type Fates = BTreeMap<u64, Action>;

/// Writes the file without what goes.
///
/// # Errors
/// If it cannot be read to its end, or the new one cannot be written.
pub(super) fn write(opened: &Opened, fields: &[Field], fates: &Fates, to: File) -> Result<()> {
    let schema = opened.meta.file_metadata().schema_descr().root_schema_ptr();
    let mut file = SerializedFileWriter::new(to, schema, Arc::new(properties(opened, fates)))?;
    let mut first = 0u64;
    for (group, rows) in opened.groups() {
        let end = first.saturating_add(rows);
        let gone = fates.range(first..end).filter(|(_, action)| **action == Action::Delete).count() as u64;
        // A row group without rows is left out: not every reader takes one.
        if gone < rows {
            let mut out = file.next_row_group()?;
            for (i, field) in fields.iter().enumerate() {
                for column in field.leaves.clone() {
                    let mut to = out.next_column()?.ok_or_else(|| refused(Reason::Damaged))?;
                    let mut leaf = Leaf::open(opened, group, column).map_err(refused)?;
                    let part = Part { field, ordinal: i, rows: (first, rows), fates };
                    part.write(&mut leaf, to.untyped())?;
                    to.close()?;
                }
            }
            out.close()?;
        }
        first = end;
    }
    file.close().map(|_| ())
}

/// A column of a row group on its way.
struct Part<'a> {
    field: &'a Field,
    ordinal: usize,
    /// Its first row, and how many there are.
    rows: (u64, u64),
    fates: &'a Fates,
}

impl Part<'_> {
    fn write(&self, leaf: &mut Leaf, to: &mut ColumnWriter<'_>) -> Result<()> {
        let (def, rep) = leaf.max();
        let mut kept = leaf.room();
        let (mut row, mut left) = self.rows;
        while left > 0 {
            let some = left.min(STEP);
            leaf.fill(some).map_err(refused)?;
            kept.clear();
            for row in row..row + some {
                self.record(row, leaf, &mut kept).map_err(refused)?;
            }
            if !kept.def.is_empty() {
                let levels = ((def > 0).then_some(kept.def.as_slice()), (rep > 0).then_some(kept.rep.as_slice()));
                values::write(to, &kept.values, levels.0, levels.1)?;
            }
            (row, left) = (row + some, left - some);
        }
        leaf.ended().map_err(refused)
    }

    fn record(&self, row: u64, leaf: &mut Leaf, kept: &mut Chunk) -> Result<(), Reason> {
        match self.fates.get(&row) {
            None | Some(Action::Keep) => leaf.record(Some(kept)),
            Some(Action::Delete) => leaf.record(None),
            Some(Action::Overwrite(columns, left)) => {
                let own = columns.iter().position(|c| *c as usize == self.ordinal).and_then(|n| left.get(n));
                let Some((tag, bytes)) = own else { return leaf.record(Some(kept)) };
                leaf.record(None)?;
                let level = match self.field.written(*tag, bytes).ok_or(Reason::Damaged)? {
                    Written::Nothing => 0,
                    Written::Value(value) => {
                        kept.values.add(&value).ok_or(Reason::Damaged)?;
                        leaf.max().0
                    }
                };
                kept.def.push(level);
                kept.rep.push(0);
                Ok(())
            }
        }
    }
}

/// How the new file is written: packed like the old one; with minima and maxima where the old one had them, of the rows that stay.
fn properties(opened: &Opened, fates: &Fates) -> WriterProperties {
    let groups = opened.meta.row_groups();
    let told = groups.iter().flat_map(|g| g.columns()).any(|chunk| chunk.statistics().is_some());
    let notes = opened.meta.file_metadata().key_value_metadata().into_iter().flatten();
    let notes: Vec<KeyValue> = notes.filter(|note| NOTES.contains(&note.key.as_str())).cloned().collect();
    let mut out = WriterProperties::builder()
        .set_created_by("custody".to_owned())
        .set_statistics_enabled(if told { EnabledStatistics::Chunk } else { EnabledStatistics::None })
        .set_offset_index_disabled(true)
        .set_key_value_metadata(Some(notes).filter(|notes| !notes.is_empty()));
    let Some(first) = groups.first() else { return out.build() };
    // Values that are written over may stand out of order.
    if fates.values().all(|action| !matches!(action, Action::Overwrite(..))) {
        out = out.set_sorting_columns(first.sorting_columns().cloned());
    }
    for chunk in first.columns() {
        let path = chunk.column_path().clone();
        out = out.set_column_compression(path.clone(), chunk.compression());
        out = out.set_column_dictionary_enabled(path, chunk.dictionary_page_offset().is_some());
    }
    out.build()
}

/// Reads the new file and compares: before the old one is overwritten.
///
/// # Errors
/// If it is not what was meant.
pub(super) fn compare(written: File, meant: &Digest) -> Result<(), Reason> {
    let opened = Opened::of(written)?;
    let mut own = Digest::default();
    let read = read::rows(&opened, &fields(&opened)?, &mut |_, cells| {
        own.row(cells.iter().map(|(tag, bytes)| CellRef { tag: *tag, bytes }));
        Ok(())
    });
    match read {
        Ok(_) if own.same(meant) => Ok(()),
        Err(Stop::Unread(reason)) => Err(reason),
        _ => Err(Reason::Damaged),
    }
}

/// The error of writing a file: that of the disk, or a reason that is kept.
pub(super) fn io_error(error: ParquetError, reason: &mut Option<Reason>) -> io::Error {
    let kept = reason_of(&error);
    if let ParquetError::External(inner) = error
        && let Ok(own) = inner.downcast::<io::Error>()
    {
        return *own;
    }
    *reason = Some(kept);
    io::Error::from(io::ErrorKind::InvalidData)
}
