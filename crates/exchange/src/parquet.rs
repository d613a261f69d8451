//! A part of a data set as Parquet: every column as text, null where there is no value.

use std::sync::Arc;

use arrow_array::builder::StringViewBuilder;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

/// The file of these rows; none if it cannot be written.
pub(crate) fn parquet(columns: &[String], rows: &[Vec<Option<String>>]) -> Option<Vec<u8>> {
    let schema = Arc::new(Schema::new(columns.iter().map(|c| Field::new(c, DataType::Utf8View, true)).collect::<Vec<_>>()));
    let mut builders: Vec<StringViewBuilder> = columns.iter().map(|_| StringViewBuilder::new()).collect();
    for row in rows {
        for (i, builder) in builders.iter_mut().enumerate() {
            builder.append_option(row.get(i).and_then(|c| c.as_deref()));
        }
    }
    let arrays: Vec<ArrayRef> = builders.iter_mut().map(|b| Arc::new(b.finish()) as ArrayRef).collect();
    let batch = RecordBatch::try_new(schema.clone(), arrays).ok()?;
    // No statistics: a minimum is a person's value.
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).ok()?))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_created_by("custody".to_owned())
        .build();
    let mut out = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut out, schema, Some(properties)).ok()?;
    writer.write(&batch).ok()?;
    writer.close().ok()?;
    Some(out)
}
