//! The pages of a column, one after the other: sizes and numbers in a page's header are looked at before the library unpacks it.

use std::fs::File;
use std::io::{self, Read as _};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use formats::Reason;
use parquet::basic::{Compression, Encoding, Type};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::ReaderProperties;
use parquet::file::reader::{ChunkReader as _, SerializedPageReader};
use parquet::schema::types::ColumnDescPtr;

use super::delta;
use super::open::{Opened, caught, reason_of, refused};
use super::thrift::{self, DATA_V2, DICTIONARY, Head};

/// Most bytes that a page may unpack to.
const PAGE_MAX: u64 = 256 << 20;
/// Most bytes of all values of a page that shares beginnings of values.
const VALUES_MAX: u64 = 1 << 30;
/// Most values of a nested column in one row group.
const LEVELS_MAX: u64 = 1 << 26;
/// Bytes that are enough for most headers, and for any: minima and maxima stand in them.
const HEADERS: [u64; 2] = [4 << 10, 4 << 20];

/// Pages of one column in one row group.
pub(super) struct Pages {
    inner: SerializedPageReader<File>,
    file: Arc<File>,
    descr: ColumnDescPtr,
    gzip: bool,
    /// Where the next page begins, and bytes from there.
    at: u64,
    left: u64,
    /// What the footer says that all pages unpack to.
    unpacked: u64,
    levels: u64,
}

impl Pages {
    pub(super) fn open(opened: &Opened, group: usize, column: usize) -> Result<Pages, Reason> {
        let chunk = opened.chunk(group, column)?;
        // Older forms of LZ4 are not tried: they unpack to any length.
        let properties = Arc::new(ReaderProperties::builder().set_backward_compatible_lz4(false).build());
        let ((at, left), inner) = caught(|| {
            let inner = SerializedPageReader::new_with_properties(Arc::clone(&opened.file), chunk, 0, None, properties)?;
            Ok((chunk.byte_range(), inner))
        })
        .map_err(|e| reason_of(&e))?;
        Ok(Pages {
            inner,
            file: Arc::clone(&opened.file),
            descr: chunk.column_descr_ptr(),
            gzip: matches!(chunk.compression(), Compression::GZIP(_)),
            at,
            left,
            unpacked: u64::try_from(chunk.uncompressed_size()).unwrap_or_default(),
            levels: 0,
        })
    }

    fn head(&self) -> Option<Head> {
        HEADERS.iter().find_map(|most| {
            let len = usize::try_from(self.left.min(*most)).ok()?;
            thrift::head(&self.file.get_bytes(self.at, len).ok()?)
        })
    }

    fn fits(&mut self, head: &Head) -> Result<(), Reason> {
        let dictionary = head.kind == DICTIONARY;
        if !dictionary {
            self.levels = self.levels.saturating_add(head.values);
        }
        match () {
            () if head.len.saturating_add(head.packed) > self.left => Err(Reason::Damaged),
            () if head.unpacked > PAGE_MAX => Err(Reason::TooLarge),
            () if head.unpacked > self.unpacked || head.plain > head.packed => Err(Reason::SizeForged),
            () if dictionary && head.values.saturating_mul(self.least()) > head.unpacked => Err(Reason::SizeForged),
            () if self.descr.max_rep_level() > 0 && self.levels > LEVELS_MAX => Err(Reason::TooLarge),
            () if self.gzip && head.unpacked > head.plain => self.unzips(head),
            () => Ok(()),
        }
    }

    /// Fewest bytes of a value in a dictionary.
    fn least(&self) -> u64 {
        match self.descr.physical_type() {
            Type::BOOLEAN => 1,
            Type::INT32 | Type::FLOAT | Type::BYTE_ARRAY => 4,
            Type::INT64 | Type::DOUBLE => 8,
            Type::INT96 => 12,
            Type::FIXED_LEN_BYTE_ARRAY => u64::try_from(self.descr.type_length()).unwrap_or_default().max(1),
        }
    }

    /// The library unpacks GZIP to its end, however far that is.
    fn unzips(&self, head: &Head) -> Result<(), Reason> {
        let most = head.unpacked.saturating_sub(head.plain);
        let len = usize::try_from(head.packed - head.plain).map_err(|_| Reason::TooLarge)?;
        let packed = self.file.get_bytes(self.at + head.len + head.plain, len).map_err(|_| Reason::Damaged)?;
        let mut unpacked = MultiGzDecoder::new(&*packed).take(most.saturating_add(1));
        match io::copy(&mut unpacked, &mut io::sink()) {
            Ok(n) if n > most => Err(Reason::SizeForged),
            Ok(_) => Ok(()),
            Err(_) => Err(Reason::Damaged),
        }
    }

    /// Values that are given by their lengths are as many as the page has.
    fn lengths(&self, page: &Page) -> Result<(), Reason> {
        let prefixed = match page.encoding() {
            Encoding::DELTA_BYTE_ARRAY => true,
            Encoding::DELTA_LENGTH_BYTE_ARRAY => false,
            _ => return Ok(()),
        };
        let values = self.values(page).ok_or(Reason::Damaged)?;
        delta::sound(values, prefixed, page.num_values() as usize, VALUES_MAX)
    }

    /// A page's values, without the levels before them.
    fn values<'p>(&self, page: &'p Page) -> Option<&'p [u8]> {
        match page {
            Page::DataPage { buf, num_values, def_level_encoding, rep_level_encoding, .. } => {
                let rest = behind(buf, self.descr.max_rep_level(), *rep_level_encoding, *num_values)?;
                behind(rest, self.descr.max_def_level(), *def_level_encoding, *num_values)
            }
            Page::DataPageV2 { buf, def_levels_byte_len, rep_levels_byte_len, .. } => {
                buf.get((*def_levels_byte_len as usize).checked_add(*rep_levels_byte_len as usize)?..)
            }
            Page::DictionaryPage { .. } => None,
        }
    }
}

/// What follows the levels of a page of the first version.
fn behind(bytes: &[u8], max: i16, encoding: Encoding, values: u32) -> Option<&[u8]> {
    if max == 0 {
        return Some(bytes);
    }
    if encoding == Encoding::RLE {
        let (len, rest) = bytes.split_first_chunk::<4>()?;
        return rest.get(u32::from_le_bytes(*len) as usize..);
    }
    let width = u64::from(i16::BITS - max.leading_zeros());
    bytes.get(usize::try_from((u64::from(values) * width).div_ceil(8)).ok()?..)
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Result<Page>> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        if self.left == 0 {
            return Ok(None);
        }
        let head = self.head().ok_or_else(|| refused(Reason::Damaged))?;
        self.fits(&head).map_err(refused)?;
        let page = self.inner.get_next_page()?;
        self.at += head.len + head.packed;
        self.left -= head.len + head.packed;
        if let Some(page) = &page {
            self.lengths(page).map_err(refused)?;
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        Err(ParquetError::NYI("peek".to_owned()))
    }

    fn skip_next_page(&mut self) -> Result<()> {
        Err(ParquetError::NYI("skip".to_owned()))
    }

    /// A page of the second version begins with a row.
    fn at_record_boundary(&mut self) -> Result<bool> {
        Ok(self.left == 0 || self.head().is_some_and(|head| head.kind == DATA_V2))
    }
}
