//! A row inside a heap tuple, and its entries in indexes: fields in the order of their numbers, aligned, short texts with a header of one byte
//! (PostgreSQL source, `access/htup_details.h`, `varatt.h`, `utils/numeric.c`).

use rows::{CellRef, Tag};

use crate::raw::{NUMBER_MIN, Record, array_parts, json_parts};
use remains::NEEDLE_MIN;

/// How the bytes of a value are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A text in the database's encoding, or bytes as they are.
    Bytes,
    /// Little-endian, of the attribute's length.
    Integer,
    /// IEEE 754, little-endian, of the attribute's length.
    Real,
    /// `numeric`: digits to the base 10,000.
    Numeric,
    /// Days since 2000-01-01.
    Date,
    /// Microseconds since 2000-01-01.
    Timestamp,
    /// Sixteen bytes.
    Uuid,
    /// A text that holds others, as it is written.
    Json,
    /// The same, stored in a form of its own.
    Jsonb,
    /// Elements, stored in a form of their own.
    Array,
    /// Not foretold.
    Unknown,
}

impl Form {
    /// The form of a base type.
    pub(super) fn of(oid: u32, category: char) -> Form {
        match oid {
            20 | 21 | 23 | 26 => Form::Integer,
            700 | 701 => Form::Real,
            1700 => Form::Numeric,
            1082 => Form::Date,
            1114 | 1184 => Form::Timestamp,
            2950 => Form::Uuid,
            17 | 142 => Form::Bytes,
            114 => Form::Json,
            3802 => Form::Jsonb,
            // The type `name` is padded, and so are words of one byte.
            18 | 19 => Form::Unknown,
            _ if category == 'S' => Form::Bytes,
            _ if category == 'A' => Form::Array,
            _ => Form::Unknown,
        }
    }
}

/// A field of a tuple, dropped ones too.
#[derive(Clone, Debug)]
pub(super) struct Attribute {
    /// The column; none if it was dropped.
    pub column: Option<usize>,
    /// Bytes; negative if they vary.
    pub len: i16,
    pub align: usize,
    /// Never with a short header.
    pub plain: bool,
    pub form: Form,
}

/// Longest text with a header of one byte.
const SHORT: usize = 126;
/// A tuple is made smaller above this size, longest values first (`TOAST_TUPLE_THRESHOLD`).
const TUPLE_MAX: usize = 2_032;
/// A value that may have been compressed or moved out of such a tuple.
const MOVED_MIN: usize = 64;

/// Bytes of the header of an entry in an index, and its mark of values whose length varies.
const ENTRY_HEADER: usize = 8;
const ENTRY_VARIES: u16 = 0x4000;

/// The row as it lies in the heap, and in its indexes.
pub(super) fn record(cells: &[CellRef<'_>], layout: &[Attribute], indexes: &[Vec<Attribute>]) -> Record {
    let mut out = Record::unseen(cells.len());
    let long = cells.iter().map(|c| c.bytes.len()).sum::<usize>() > TUPLE_MAX;
    fields(&mut out, cells, layout, long);
    indexes.iter().fold(out, |out, layout| out.or_entry(entry(cells, layout)))
}

/// The row's entry in a B-tree: its length, the values, zeros up to the next eight bytes. What follows of a short value is the beginning of
/// a place: the upper half of a block's number, zero in tables of less than 512 MB, whether the entry is of one row or of several
/// (`access/itup.h`, `access/nbtree.h`).
fn entry(cells: &[CellRef<'_>], layout: &[Attribute]) -> Record {
    let own = || layout.iter().filter_map(|a| Some((a, cells.get(a.column?)?)));
    let mut out = Record::unseen(cells.len());
    let ends = fields(&mut Record::unseen(cells.len()), cells, layout, false);
    let Some(ends) = ends.filter(|_| own().all(|(_, c)| c.tag != Tag::Null)) else {
        fields(&mut out, cells, layout, false);
        return out;
    };
    let padded = ends.next_multiple_of(8);
    let varies = own().any(|(a, _)| a.len < 0);
    let info = u16::try_from(ENTRY_HEADER + padded).unwrap_or(u16::MAX) | if varies { ENTRY_VARIES } else { 0 };
    out.glue(&info.to_le_bytes());
    fields(&mut out, cells, layout, false);
    out.glue(vec![0; padded - ends].as_slice());
    if own().next_back().is_some_and(|(_, last)| last.bytes.len() + padded - ends < NEEDLE_MIN) {
        out.glue(&[0, 0]);
    }
    out
}

/// The values of a tuple in their order; gives where the next byte lies, to the next eight; none once a length was not known.
fn fields(out: &mut Record, cells: &[CellRef<'_>], layout: &[Attribute], long: bool) -> Option<usize> {
    let mut at = Some(0usize);
    for attribute in layout {
        let Some(column) = attribute.column else {
            // What a dropped column left may be there or not.
            out.cut();
            at = None;
            continue;
        };
        let Some(cell) = cells.get(column).filter(|c| c.tag != Tag::Null) else { continue };
        let value = bytes(*cell, attribute.form, attribute.len);
        if let Some(parts) = parts(*cell, attribute.form, value.as_deref()) {
            out.parts_of(column, parts);
        }
        match value {
            Some(value) if attribute.len < 0 => {
                if long && value.len() >= MOVED_MIN {
                    out.cut();
                    out.value_of(column, &value);
                    out.cut();
                    at = None;
                } else {
                    at = varying(out, column, &value, attribute, at);
                }
            }
            Some(value) => {
                at = align(out, at, attribute.align);
                out.value_of(column, &value);
                at = at.map(|n| n + value.len());
            }
            None => {
                out.cut();
                at = usize::try_from(attribute.len).ok().zip(at).map(|(len, n)| n.next_multiple_of(attribute.align) + len);
            }
        }
    }
    at
}

/// Parts by which a value points to one person, where that is not the value as a whole.
fn parts(cell: CellRef<'_>, form: Form, value: Option<&[u8]>) -> Option<Vec<Vec<u8>>> {
    match form {
        Form::Json | Form::Jsonb | Form::Bytes => json_parts(cell.bytes),
        Form::Array => std::str::from_utf8(cell.bytes).ok().map(array_parts),
        Form::Integer => {
            let long = cell.integer().is_some_and(|n| n.unsigned_abs() >= NUMBER_MIN);
            Some(value.filter(|_| long).map(<[u8]>::to_vec).into_iter().collect())
        }
        Form::Numeric => {
            let digits = cell.bytes.iter().filter(|b| b.is_ascii_digit()).count();
            Some(value.filter(|_| digits >= 10).map(<[u8]>::to_vec).into_iter().collect())
        }
        Form::Real | Form::Date | Form::Timestamp => Some(Vec::new()),
        Form::Uuid | Form::Unknown => value.map(|v| vec![v.to_vec()]),
    }
}

/// A value of varying length with its header.
fn varying(out: &mut Record, column: usize, value: &[u8], attribute: &Attribute, at: Option<usize>) -> Option<usize> {
    if value.len() <= SHORT && !attribute.plain {
        let header = u8::try_from(((value.len() + 1) << 1) | 1).unwrap_or(u8::MAX);
        out.glue(&[header]);
        out.value_of(column, value);
        return at.map(|n| n + 1 + value.len());
    }
    let at = align(out, at, attribute.align);
    let header = u32::try_from((value.len() + 4) << 2).unwrap_or(u32::MAX);
    out.glue(&header.to_le_bytes());
    out.value_of(column, value);
    at.map(|n| n + 4 + value.len())
}

/// Padding up to the alignment; where the place is not known, a cut.
fn align(out: &mut Record, at: Option<usize>, to: usize) -> Option<usize> {
    match at {
        Some(n) => {
            let next = n.next_multiple_of(to);
            out.glue(vec![0; next - n].as_slice());
            Some(next)
        }
        None => {
            out.cut();
            // After an aligned field its own alignment is known, and no more.
            (to == 8).then_some(0)
        }
    }
}

/// The bytes of a value in its own form.
fn bytes(cell: CellRef<'_>, form: Form, len: i16) -> Option<Vec<u8>> {
    let text = || std::str::from_utf8(cell.bytes).ok();
    match form {
        Form::Bytes | Form::Json => Some(cell.bytes.to_vec()),
        Form::Integer => {
            let n = cell.integer()?.to_le_bytes();
            n.get(..usize::try_from(len).ok()?).map(<[u8]>::to_vec)
        }
        Form::Real if len == 4 => cell.real().map(|r| (r as f32).to_le_bytes().to_vec()),
        Form::Real => cell.real().map(|r| r.to_le_bytes().to_vec()),
        Form::Numeric => numeric(text()?),
        Form::Date => i32::try_from(days(text()?)?).ok().map(|d| d.to_le_bytes().to_vec()),
        Form::Timestamp => timestamp(text()?).map(|t| t.to_le_bytes().to_vec()),
        Form::Uuid => {
            let hex: Vec<u8> = cell.bytes.iter().copied().filter(u8::is_ascii_hexdigit).collect();
            let byte = |p: &[u8]| std::str::from_utf8(p).ok().and_then(|s| u8::from_str_radix(s, 16).ok());
            (hex.len() == 32).then(|| hex.chunks_exact(2).filter_map(byte).collect())
        }
        Form::Jsonb | Form::Array | Form::Unknown => None,
    }
}

/// Days since 2000-01-01.
fn days(text: &str) -> Option<i64> {
    Some(terms::Day::new(2000, 1, 1)?.days_until(text.parse().ok()?))
}

/// `2009-01-01 00:00:00`, perhaps with a fraction and `+00`.
fn timestamp(text: &str) -> Option<i64> {
    let (day, time) = text.split_once(' ')?;
    let days = days(day)?;
    let time = time.trim_end_matches("+00");
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut parts = clock.split(':').map(|p| p.parse::<i64>().ok());
    let seconds = parts.next()?? * 3_600 + parts.next()?? * 60 + parts.next()??;
    let micros: i64 = format!("{fraction:0<6}").parse().ok()?;
    Some((days * 86_400 + seconds) * 1_000_000 + micros)
}

/// Digits to the base 10,000 behind a short header: sign, scale and weight in two bytes (`NumericShort`).
fn numeric(text: &str) -> Option<Vec<u8>> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |t| (true, t));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let left = whole.len().div_ceil(4) * 4;
    let right = fraction.len().div_ceil(4) * 4;
    let digits = format!("{whole:0>left$}{fraction:0<right$}");
    let mut groups: Vec<u16> = digits.as_bytes().chunks(4).filter_map(|g| std::str::from_utf8(g).ok()?.parse().ok()).collect();
    let mut weight = i64::try_from(left / 4).ok()? - 1;
    while groups.first() == Some(&0) {
        groups.remove(0);
        weight -= 1;
    }
    while groups.last() == Some(&0) {
        groups.pop();
    }
    if groups.is_empty() {
        weight = 0;
    }
    let scale = u16::try_from(fraction.len()).ok()?;
    if scale > 0x3f || !(-64..=63).contains(&weight) {
        return None;
    }
    let mut header = 0x8000 | (scale << 7) | (u16::try_from(weight & 0x7f).ok()?);
    if negative {
        header |= 0x2000;
    }
    Some(std::iter::once(header).chain(groups).flat_map(u16::to_le_bytes).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &str) -> CellRef<'_> {
        CellRef { tag: Tag::Text, bytes: bytes.as_bytes() }
    }

    #[test]
    fn fields_lie_aligned_with_their_headers() {
        let attribute = |column, len, align, form| Attribute { column: Some(column), len, align, plain: false, form };
        let layout = [attribute(0, 4, 4, Form::Integer), attribute(1, -1, 4, Form::Bytes), attribute(2, 8, 8, Form::Integer)];
        let number = 13_800_138_000i64.to_be_bytes();
        let id = 7i64.to_be_bytes();
        let cells = [CellRef { tag: Tag::Integer, bytes: &id }, text("abc"), CellRef { tag: Tag::Integer, bytes: &number }];
        let record = record(&cells, &layout, &[]);
        let mut expected = vec![7, 0, 0, 0, 9, b'a', b'b', b'c'];
        expected.extend_from_slice(&13_800_138_000i64.to_le_bytes());
        assert_eq!(record.runs().collect::<Vec<_>>(), [expected.as_slice()]);
        assert_eq!(record.value(1), b"abc");
        assert_eq!(record.around(1, 2, 1), [0, 9, b'a', b'b', b'c', record.value(2)[0]]);
    }

    /// Length and mark in two bytes, the values as in a row, zeros up to eight bytes, and behind a short one the beginning of a place.
    #[test]
    fn an_entry_has_its_length_before_and_zeros_behind() {
        let words = |column| Attribute { column: Some(column), len: -1, align: 4, plain: false, form: Form::Bytes };
        let index = [words(0)];
        let cases: [(&str, &[u8], &[u8]); 2] = [("Maria", &[16, 0x40, 13], &[0, 0, 0, 0]), ("Jonathan", &[24, 0x40, 19], &[0; 7])];
        for (name, before, behind) in cases {
            let entry = entry(&[text(name)], &index);
            assert_eq!(entry.runs().collect::<Vec<_>>(), [[before, name.as_bytes(), behind].concat()], "{name}");
        }
        let null = CellRef { tag: Tag::Null, bytes: &[] };
        let both = entry(&[text("Maria"), null], &[words(0), words(1)]);
        assert_eq!(both.runs().collect::<Vec<_>>(), [[&[13], b"Maria".as_slice()].concat()], "a map of nulls comes between");
    }

    #[test]
    fn numbers_are_packed_as_the_server_packs_them() {
        let cases: [(&str, &[u16]); 6] = [
            ("0", &[0x8000]),
            ("1", &[0x8000, 1]),
            ("13800138000", &[0x8002, 138, 13, 8000]),
            ("-12.50", &[0x8000 | 0x2000 | 2 << 7, 12, 5000]),
            ("0.0001", &[0x8000 | 4 << 7 | 0x7f, 1]),
            ("10000", &[0x8001, 1]),
        ];
        for (text, words) in cases {
            let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
            assert_eq!(numeric(text), Some(bytes), "{text}");
        }
    }
}
