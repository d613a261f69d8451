//! Reading a delimited file as batches.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::Path;

use rows::{BatchBuilder, CellRef, Locator, Tag};
use terms::{Fault, Place};

use super::sniff::Form;
use super::split::Splitter;
use crate::Sink;
use crate::dataset::ReadSummary;
use crate::walk::io_fault;

const BATCH_ROWS: usize = 8_192;
const BATCH_BYTES: usize = 4 << 20;

/// A splitter over a file, after its byte order mark.
pub(super) fn splitter(path: &Path, form: &Form, place: &Place) -> Result<Splitter<File>, Fault> {
    let mut file = File::open(path).map_err(|e| io_fault(&e, place))?;
    file.seek(SeekFrom::Start(form.bom)).map_err(|e| io_fault(&e, place))?;
    Ok(Splitter::new(file, form, place.clone()))
}

/// Reads all records but the heading; fields beyond the columns stay in the last one, so that nothing is lost.
pub(super) fn read(path: &Path, form: &Form, width: usize, place: &Place, sink: Sink<'_>) -> Result<ReadSummary, Fault> {
    let mut splitter = splitter(path, form, place)?;
    let width = width.max(1);
    let mut builder = BatchBuilder::new(width);
    let mut summary = ReadSummary::default();
    let joint = form.in_file(form.delimiter);
    let mut beyond = Vec::new();
    while splitter.next()? {
        if Some(splitter.ordinal()) == form.heading {
            continue;
        }
        let fields = splitter.fields();
        summary.ragged += u64::from(fields != width);
        beyond.clear();
        for i in width..fields {
            beyond.extend_from_slice(&joint);
            beyond.extend_from_slice(&splitter.value(i));
        }
        let mut values: Vec<_> = (0..fields.min(width)).map(|i| splitter.value(i)).collect();
        if let (Some(last), false) = (values.last_mut(), beyond.is_empty()) {
            last.to_mut().extend_from_slice(&beyond);
        }
        let (from, to) = splitter.range();
        let locator = Locator::Bytes { record: splitter.ordinal(), from, to };
        builder.push(&locator, values.iter().map(|v| CellRef { tag: Tag::Text, bytes: v }));
        summary.rows += 1;
        if builder.rows() >= BATCH_ROWS || builder.bytes() >= BATCH_BYTES {
            sink(&builder.finish())?;
        }
    }
    if builder.rows() > 0 {
        sink(&builder.finish())?;
    }
    Ok(summary)
}
