//! A row inside an InnoDB record: the primary key, what the engine adds, then the other columns in their order, without gaps
//! (MariaDB source, `storage/innobase/rem/rem0rec.cc`, `include/decimal.h`, `sql-common/my_time.c`).

use rows::{CellRef, Tag};

use super::list::{Field, Table};
use crate::raw::{NUMBER_MIN, Record, json_parts, points};

/// A record is made smaller above this size, its longest values first (half of a page of 16 kB, less what every page needs).
const RECORD_MAX: usize = 8_000;
/// A value that may have been moved out of such a record.
const MOVED_MIN: usize = 40;

/// The row as it lies in the clustered index, and in every other one: there its columns stand before the primary key.
pub(super) fn record(cells: &[CellRef<'_>], table: &Table) -> Record {
    let (primary, mut out) = (&table.primary, Record::unseen(cells.len()));
    let long = cells.iter().map(|c| c.bytes.len()).sum::<usize>() > RECORD_MAX;
    primary.iter().for_each(|c| put(&mut out, (cells, *c), table, long));
    // The transaction and where its undo lies.
    out.cut();
    (0..cells.len()).filter(|c| !primary.contains(c)).for_each(|c| put(&mut out, (cells, c), table, long));
    table.indexes.iter().fold(out, |out, columns| {
        let mut entry = Record::unseen(cells.len());
        let key = primary.iter().filter(|c| !columns.contains(c));
        columns.iter().chain(key).for_each(|c| put(&mut entry, (cells, *c), table, false));
        out.or_entry(entry)
    })
}

/// The next value of a record, if there is one.
fn put(out: &mut Record, (cells, column): (&[CellRef<'_>], usize), table: &Table, long: bool) {
    let (Some(cell), Some(field)) = (cells.get(column).filter(|c| c.tag != Tag::Null), table.fields.get(column)) else { return };
    let value = bytes(*cell, field).filter(|_| !field.is_virtual);
    if let Some(parts) = parts(*cell, field, value.as_deref()) {
        out.parts_of(column, parts);
    }
    match value {
        Some(value) if long && value.len() >= MOVED_MIN => {
            out.cut();
            out.value_of(column, &value);
            out.cut();
        }
        Some(value) => out.value_of(column, &value),
        None if field.is_virtual => {}
        None => out.cut(),
    }
}

/// Parts by which a value points to one person, where that is not the value as a whole.
fn parts(cell: CellRef<'_>, field: &Field, value: Option<&[u8]>) -> Option<Vec<Vec<u8>>> {
    let number = |long: bool| value.filter(|_| long).map(<[u8]>::to_vec).into_iter();
    match field.data_type.as_str() {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" => {
            let engine = number(cell.integer().is_none_or(|n| n.unsigned_abs() >= NUMBER_MIN));
            Some(engine.flat_map(|v| [logged(&v, field.unsigned()), v]).collect())
        }
        "decimal" => Some(number(cell.bytes.iter().filter(|b| b.is_ascii_digit()).count() >= 10).collect()),
        "float" | "double" | "date" | "datetime" | "timestamp" | "time" | "year" => Some(Vec::new()),
        _ if !points(cell.bytes) => None,
        _ => {
            // In another character set than logs and copies are written in, both forms are looked for.
            let other = value.filter(|v| *v != cell.bytes).map(<[u8]>::to_vec);
            json_parts(cell.bytes).or_else(|| other.map(|v| vec![v, cell.bytes.to_vec()]))
        }
    }
}

/// The bytes of a value in its column.
fn bytes(cell: CellRef<'_>, field: &Field) -> Option<Vec<u8>> {
    let text = || std::str::from_utf8(cell.bytes).ok();
    match field.data_type.as_str() {
        "tinyint" => integer(cell, 1, field.unsigned()),
        "smallint" => integer(cell, 2, field.unsigned()),
        "mediumint" => integer(cell, 3, field.unsigned()),
        "int" => integer(cell, 4, field.unsigned()),
        "bigint" => integer(cell, 8, field.unsigned()),
        "year" => cell.integer().map(|y| vec![u8::try_from((y - 1_900).max(0)).unwrap_or_default()]),
        "float" => cell.real().map(|r| (r as f32).to_le_bytes().to_vec()),
        "double" => cell.real().map(|r| r.to_le_bytes().to_vec()),
        "decimal" => decimal(text()?, field.precision, field.scale),
        "date" => {
            let (y, m, d) = day(text()?)?;
            Some(flipped(u64::try_from(y * 512 + m * 32 + d).ok()?, 3))
        }
        "datetime" => datetime(text()?, field.fraction),
        "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "json" => encoded(cell.bytes, &field.charset),
        "char" => {
            let mut out = encoded(cell.bytes, &field.charset)?;
            // Padded up to its number of characters where one takes one byte; a longer one is not padded beyond that.
            let most = usize::try_from(field.length).ok()? / bytes_most(&field.charset);
            out.resize(out.len().max(most), b' ');
            Some(out)
        }
        "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" | "binary" => Some(cell.bytes.to_vec()),
        _ => None,
    }
}

/// A text in a column's character set; none if it is not known here.
pub(super) fn encoded(text: &[u8], charset: &str) -> Option<Vec<u8>> {
    let words = || std::str::from_utf8(text).ok();
    let codec = |c: &'static encoding_rs::Encoding| Some(c.encode(words()?).0.into_owned());
    match charset {
        "utf8mb4" | "utf8mb3" | "utf8" | "ascii" | "binary" | "" => Some(text.to_vec()),
        "gbk" | "gb2312" => codec(encoding_rs::GBK),
        "gb18030" => codec(encoding_rs::GB18030),
        "big5" => codec(encoding_rs::BIG5),
        "latin1" => codec(encoding_rs::WINDOWS_1252),
        "ucs2" | "utf16" => Some(words()?.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        "utf16le" => Some(words()?.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        "utf32" => Some(words()?.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect()),
        _ => None,
    }
}

fn bytes_most(charset: &str) -> usize {
    match charset {
        "utf8mb4" | "utf16" | "utf16le" | "utf32" | "gb18030" => 4,
        "utf8mb3" | "utf8" => 3,
        "gbk" | "gb2312" | "big5" | "ucs2" => 2,
        _ => 1,
    }
}

/// Big-endian in so many bytes, the sign bit flipped unless unsigned.
fn integer(cell: CellRef<'_>, len: usize, unsigned: bool) -> Option<Vec<u8>> {
    let n = match cell.tag {
        Tag::Integer => cell.integer()?.to_be_bytes(),
        _ => std::str::from_utf8(cell.bytes).ok()?.parse::<u64>().ok()?.to_be_bytes(),
    };
    let mut out = n.get(8 - len..)?.to_vec();
    if !unsigned {
        *out.first_mut()? ^= 0x80;
    }
    Some(out)
}

/// An integer as the binary log and the engines without transactions write it: the other way round, its sign as it is.
fn logged(engine: &[u8], unsigned: bool) -> Vec<u8> {
    let mut out: Vec<u8> = engine.iter().rev().copied().collect();
    if let Some(last) = out.last_mut().filter(|_| !unsigned) {
        *last ^= 0x80;
    }
    out
}

fn flipped(n: u64, len: usize) -> Vec<u8> {
    let mut out = n.to_be_bytes().get(8 - len..).unwrap_or_default().to_vec();
    if let Some(first) = out.first_mut() {
        *first ^= 0x80;
    }
    out
}

fn day(text: &str) -> Option<(i64, i64, i64)> {
    let mut parts = text.split('-').map(|p| p.parse::<i64>().ok());
    Some((parts.next()??, parts.next()??, parts.next()??))
}

/// Year and month, day and time in five bytes, then the fraction of a second.
fn datetime(text: &str, fraction: u64) -> Option<Vec<u8>> {
    let (date, time) = text.split_once(' ')?;
    let (y, m, d) = day(date)?;
    let (clock, digits) = time.split_once('.').unwrap_or((time, ""));
    let mut parts = clock.split(':').map(|p| p.parse::<i64>().ok());
    let (h, mi, s) = (parts.next()??, parts.next()??, parts.next()??);
    let packed = ((y * 13 + m) << 22) | (d << 17) | (h << 12) | (mi << 6) | s;
    let mut out = flipped(u64::try_from(packed).ok()?, 5);
    let len = usize::try_from(fraction.div_ceil(2)).ok()?;
    if len > 0 {
        let micros: u64 = format!("{digits:0<6}").parse().ok()?;
        let scaled = micros / 10u64.pow(u32::try_from(6 - len * 2).ok()?);
        out.extend_from_slice(scaled.to_be_bytes().get(8 - len..)?);
    }
    Some(out)
}

/// Bytes that so many digits take.
const DIGIT_BYTES: [usize; 10] = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];

/// Nine digits in four bytes, the first bit flipped, all bits for negative numbers.
fn decimal(text: &str, precision: u64, scale: u64) -> Option<Vec<u8>> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |t| (true, t));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let (left, right) = (usize::try_from(precision.checked_sub(scale)?).ok()?, usize::try_from(scale).ok()?);
    let (whole, fraction) = (format!("{whole:0>left$}"), format!("{fraction:0<right$}"));
    let whole = whole.get(whole.len() - left..)?;
    let mut out = Vec::new();
    let mut put = |digits: &str| -> Option<()> {
        let len = *DIGIT_BYTES.get(digits.len())?;
        let n: u32 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
        out.extend_from_slice(n.to_be_bytes().get(4 - len..)?);
        Some(())
    };
    let (head, rest) = whole.split_at(left % 9);
    put(head)?;
    for group in rest.as_bytes().chunks(9) {
        put(std::str::from_utf8(group).ok()?)?;
    }
    for group in fraction.as_bytes().chunks(9) {
        put(std::str::from_utf8(group).ok()?)?;
    }
    if negative {
        out.iter_mut().for_each(|b| *b = !*b);
    }
    *out.first_mut()? ^= 0x80;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_ends_with_the_primary_key() {
        let field = |data_type: &str| Field { data_type: data_type.to_owned(), charset: "utf8mb4".to_owned(), ..Field::default() };
        let table = Table { fields: vec![field("int"), field("varchar")], primary: vec![0], indexes: vec![vec![1]], ..Table::default() };
        let seven = 7i64.to_be_bytes();
        let cells = [CellRef { tag: Tag::Integer, bytes: &seven }, CellRef { tag: Tag::Text, bytes: b"Anna" }];
        let runs: Vec<Vec<u8>> = record(&cells, &table).ways().skip(1).flat_map(Record::runs).map(<[u8]>::to_vec).collect();
        assert_eq!(runs, [b"Anna\x80\0\0\x07"]);
    }

    #[test]
    fn numbers_and_times_are_packed_as_the_engine_packs_them() {
        assert_eq!(decimal("1234567890.1234", 14, 4), Some(vec![0x81, 0x0d, 0xfb, 0x38, 0xd2, 0x04, 0xd2]), "the manual's example");
        assert_eq!(decimal("-1234567890.1234", 14, 4), Some(vec![0x7e, 0xf2, 0x04, 0xc7, 0x2d, 0xfb, 0x2d]));
        let seven = 7i64.to_be_bytes();
        let cell = CellRef { tag: Tag::Integer, bytes: &seven };
        assert_eq!(integer(cell, 4, false), Some(vec![0x80, 0, 0, 7]));
        assert_eq!(integer(cell, 4, true), Some(vec![0, 0, 0, 7]));
        assert_eq!(logged(&[0x80, 0, 0, 7], false), [7, 0, 0, 0]);
        assert_eq!(logged(&[0x7f, 0xff, 0xff, 0xff], false), (-1i32).to_le_bytes());
        assert_eq!(datetime("2009-01-01 00:00:00", 0), Some(flipped((2_009 * 13 + 1) << 22 | 1 << 17, 5)));
    }
}
