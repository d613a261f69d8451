//! Opening a Parquet file: what its footer says is looked at before anything is read by it, and a panic of the library is a damaged file.

use std::fmt;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use formats::Reason;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::reader::{ChunkReader as _, Length as _};
use parquet::schema::types::ColumnDescPtr;

use super::thrift;

/// The first four bytes of a file, and the last: as it is, and with its footer encrypted.
const MAGIC: &[u8] = b"PAR1";
const MAGIC_LOCKED: &[u8] = b"PARE";
/// Behind the footer: its length, and four bytes.
const TAIL: u64 = 8;
/// Longest footer.
const FOOTER_MAX: u64 = 64 << 20;
/// Most columns, the inner ones of nested columns counted.
const LEAVES_MAX: usize = 4_000;
/// Longest value of a fixed length.
const FIXED_MAX: i32 = 1 << 20;
/// Most bytes that a row group may unpack to.
const GROUP_MAX: u64 = 4 << 30;
/// Rows that any file may have, and more of them for each of its bytes: packed rows that are all alike take next to none.
const ROWS_MIN: u64 = 1_000_000;
const ROWS_BYTE: u64 = 4_096;

/// A file whose footer was read and found sound.
pub(super) struct Opened {
    pub file: Arc<File>,
    pub size: u64,
    pub meta: ParquetMetaData,
}

impl Opened {
    pub(super) fn at(path: &Path) -> Result<Opened, Reason> {
        Opened::of(File::open(path)?)
    }

    pub(super) fn of(file: File) -> Result<Opened, Reason> {
        let size = file.len();
        let get = |from: u64, len: u64| {
            let len = usize::try_from(len).map_err(|_| Reason::TooLarge)?;
            file.get_bytes(from, len).map_err(|_| Reason::Damaged)
        };
        let body = size.checked_sub(TAIL).filter(|n| *n >= 4).ok_or(Reason::Damaged)?;
        let (head, tail) = (get(0, 4)?, get(body, TAIL)?);
        let (len, magic) = tail.split_first_chunk::<4>().ok_or(Reason::Damaged)?;
        match (&*head, magic) {
            (_, MAGIC_LOCKED) => return Err(Reason::PasswordProtected),
            (MAGIC, MAGIC) => {}
            _ => return Err(Reason::Damaged),
        }
        let len = u64::from(u32::from_le_bytes(*len));
        if len > FOOTER_MAX {
            return Err(Reason::TooLarge);
        }
        let from = body.checked_sub(len).filter(|n| *n >= 4).ok_or(Reason::Damaged)?;
        thrift::footer(&get(from, len)?)?;
        let meta = caught(|| ParquetMetaDataReader::new().parse_and_finish(&file)).map_err(|e| reason_of(&e))?;
        sound(&meta, from, size)?;
        Ok(Opened { file: Arc::new(file), size, meta })
    }

    pub(super) fn columns(&self) -> &[ColumnDescPtr] {
        self.meta.file_metadata().schema_descr().columns()
    }

    pub(super) fn chunk(&self, group: usize, column: usize) -> Result<&ColumnChunkMetaData, Reason> {
        self.meta.row_groups().get(group).and_then(|g| g.columns().get(column)).ok_or(Reason::Damaged)
    }

    /// Row groups with their numbers of rows.
    pub(super) fn groups(&self) -> impl Iterator<Item = (usize, u64)> {
        self.meta.row_groups().iter().map(rows_of).enumerate()
    }
}

/// Never below zero: that is no sound footer.
fn rows_of(group: &RowGroupMetaData) -> u64 {
    u64::try_from(group.num_rows()).unwrap_or_default()
}

/// Refuses numbers that contradict each other or the file. Data lies before `end`.
fn sound(meta: &ParquetMetaData, end: u64, size: u64) -> Result<(), Reason> {
    let columns = meta.file_metadata().schema_descr().columns();
    if columns.is_empty() {
        return Err(Reason::Damaged);
    }
    let fixed = |c: &ColumnDescPtr| c.physical_type() == parquet::basic::Type::FIXED_LEN_BYTE_ARRAY;
    if columns.len() > LEAVES_MAX || columns.iter().any(|c| fixed(c) && c.type_length() > FIXED_MAX) {
        return Err(Reason::TooLarge);
    }
    let mut rows = 0u64;
    for group in meta.row_groups() {
        let own = u64::try_from(group.num_rows()).map_err(|_| Reason::SizeForged)?;
        rows = rows.checked_add(own).ok_or(Reason::SizeForged)?;
        if group.columns().len() != columns.len() {
            return Err(Reason::Damaged);
        }
        let mut unpacked = 0u64;
        for chunk in group.columns() {
            unpacked = unpacked.saturating_add(chunk_sound(chunk, end)?);
        }
        if unpacked > GROUP_MAX {
            return Err(Reason::TooLarge);
        }
    }
    match () {
        () if i64::try_from(rows) != Ok(meta.file_metadata().num_rows()) => Err(Reason::SizeForged),
        () if rows > ROWS_MIN.saturating_add(size.saturating_mul(ROWS_BYTE)) => Err(Reason::RatioTooHigh),
        () => Ok(()),
    }
}

/// The bytes that a column of a row group unpacks to, as the footer has them.
fn chunk_sound(chunk: &ColumnChunkMetaData, end: u64) -> Result<u64, Reason> {
    if chunk.file_path().is_some_and(|p| !p.is_empty()) {
        // A summary of other files: their rows lie there.
        return Err(Reason::WholeFileOnly);
    }
    let size = |n: i64| u64::try_from(n).map_err(|_| Reason::SizeForged);
    let from = size(chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset()))?;
    let to = from.checked_add(size(chunk.compressed_size())?).ok_or(Reason::SizeForged)?;
    if to > end { Err(Reason::SizeForged) } else { size(chunk.uncompressed_size()) }
}

/// A reason on its way through the library.
#[derive(Debug)]
struct Refused(Reason);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code())
    }
}

impl std::error::Error for Refused {}

pub(super) fn refused(reason: Reason) -> ParquetError {
    ParquetError::External(Box::new(Refused(reason)))
}

/// Why the library does not go on.
pub(super) fn reason_of(error: &ParquetError) -> Reason {
    match error {
        ParquetError::External(inner) => inner.downcast_ref::<Refused>().map_or(Reason::Damaged, |refused| refused.0),
        ParquetError::NYI(_) => Reason::UnknownMethod,
        ParquetError::General(text) if text.starts_with("Disabled feature") => Reason::UnknownMethod,
        _ => Reason::Damaged,
    }
}

/// Calls the library: where it panics, the file is damaged.
pub(super) fn caught<T>(call: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ParquetError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err(refused(Reason::Damaged)))
}
