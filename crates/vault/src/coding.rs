//! Typed coding of values inside a unit: common values by number, whole numbers, digit strings and dates packed, the rest as it is.

use std::collections::HashMap;

use rows::{CellRef, Tag};

/// Values seen in at least 50 subjects, per column: shared by all units of a segment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dictionary {
    columns: Vec<Vec<(Tag, Vec<u8>)>>,
    lookup: Vec<HashMap<(Tag, Vec<u8>), u64>>,
}

impl Dictionary {
    pub(crate) fn new(columns: Vec<Vec<(Tag, Vec<u8>)>>) -> Dictionary {
        let lookup = columns.iter().map(|c| (0u64..).zip(c).map(|(i, v)| (v.clone(), i)).collect()).collect();
        Dictionary { columns, lookup }
    }

    fn number(&self, column: usize, cell: CellRef<'_>) -> Option<u64> {
        self.lookup.get(column)?.get(&(cell.tag, cell.bytes.to_vec())).copied()
    }

    fn value(&self, column: usize, number: u64) -> Option<&(Tag, Vec<u8>)> {
        self.columns.get(column)?.get(usize::try_from(number).ok()?)
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        varint(self.columns.len() as u64, &mut out);
        for column in &self.columns {
            varint(column.len() as u64, &mut out);
            for (tag, bytes) in column {
                out.push(*tag as u8);
                varint(bytes.len() as u64, &mut out);
                out.extend_from_slice(bytes);
            }
        }
        out
    }

    pub(crate) fn from_bytes(mut bytes: &[u8]) -> Option<Dictionary> {
        let input = &mut bytes;
        let mut columns = Vec::new();
        for _ in 0..unvarint(input)? {
            let mut column = Vec::new();
            for _ in 0..unvarint(input)? {
                let tag = Tag::of(take(input, 1)?.first().copied()?)?;
                let len = usize::try_from(unvarint(input)?).ok()?;
                column.push((tag, take(input, len)?.to_vec()));
            }
            columns.push(column);
        }
        bytes.is_empty().then(|| Dictionary::new(columns))
    }
}

pub(crate) fn varint(mut n: u64, out: &mut Vec<u8>) {
    while n >= 0x80 {
        out.push((n as u8) | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

pub(crate) fn unvarint(input: &mut &[u8]) -> Option<u64> {
    let mut out = 0u64;
    for shift in (0..64).step_by(7) {
        let b = take(input, 1)?.first().copied()?;
        out |= u64::from(b & 0x7f) << shift;
        if b & 0x80 == 0 {
            return Some(out);
        }
    }
    None
}

pub(crate) fn take<'a>(input: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (head, tail) = input.split_at_checked(len)?;
    *input = tail;
    Some(head)
}

const NULL: u8 = 0;
const COMMON: u8 = 1;
const INTEGER: u8 = 2;
const REAL: u8 = 3;
const DIGITS: u8 = 4;
const TEXT: u8 = 5;
const BLOB: u8 = 6;
const OTHER: u8 = 7;
const DATE: u8 = 8;

/// Appends a value's code.
pub(crate) fn encode(cell: CellRef<'_>, column: usize, dictionary: &Dictionary, out: &mut Vec<u8>) {
    if let Some(n) = dictionary.number(column, cell) {
        out.push(COMMON);
        varint(n, out);
        return;
    }
    match cell.tag {
        Tag::Null => out.push(NULL),
        Tag::Integer => {
            out.push(INTEGER);
            let n = cell.integer().unwrap_or_default();
            varint(((n << 1) ^ (n >> 63)) as u64, out);
        }
        Tag::Real => {
            out.push(REAL);
            out.extend_from_slice(cell.bytes);
        }
        Tag::Text => text(cell.bytes, out),
        Tag::Blob => raw(BLOB, cell.bytes, out),
        Tag::Other => raw(OTHER, cell.bytes, out),
    }
}

fn raw(kind: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn text(bytes: &[u8], out: &mut Vec<u8>) {
    if let Some(days) = date(bytes) {
        out.push(DATE);
        varint(days, out);
    } else if (3..=38).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_digit) {
        out.push(DIGITS);
        out.push(u8::try_from(bytes.len()).unwrap_or_default());
        for pair in bytes.chunks(2) {
            let low = pair.get(1).map_or(0x0f, |b| b - b'0');
            out.push(pair.first().map_or(0, |b| (b - b'0') << 4) | low);
        }
    } else {
        raw(TEXT, bytes, out);
    }
}

/// `YYYY-MM-DD` or `YYYY-MM-DD hh:mm:ss` as a mixed number; only texts that come back the same.
fn date(bytes: &[u8]) -> Option<u64> {
    let number = |from: usize, to: usize| -> Option<u64> {
        let part = bytes.get(from..to)?;
        part.iter().all(u8::is_ascii_digit).then(|| part.iter().fold(0, |n, b| n * 10 + u64::from(b - b'0')))
    };
    let day = (number(0, 4)? * 16 + number(5, 7)?) * 32 + number(8, 10)?;
    let code = match bytes.len() {
        10 => day * 2,
        19 => ((((day * 32) + number(11, 13)?) * 64 + number(14, 16)?) * 64 + number(17, 19)?) * 2 + 1,
        _ => return None,
    };
    (date_text(code)?.as_bytes() == bytes).then_some(code)
}

fn date_text(code: u64) -> Option<String> {
    let day = |d: u64| format!("{:04}-{:02}-{:02}", d / 512, d / 32 % 16, d % 32);
    let rest = code / 2;
    Some(if code.is_multiple_of(2) {
        day(rest)
    } else {
        format!("{} {:02}:{:02}:{:02}", day(rest / 131_072), rest / 4_096 % 32, rest / 64 % 64, rest % 64)
    })
}

/// Reads a value's code.
pub(crate) fn decode(input: &mut &[u8], column: usize, dictionary: &Dictionary) -> Option<(Tag, Vec<u8>)> {
    let kind = take(input, 1)?.first().copied()?;
    Some(match kind {
        NULL => (Tag::Null, Vec::new()),
        COMMON => dictionary.value(column, unvarint(input)?)?.clone(),
        INTEGER => {
            let z = unvarint(input)?;
            (Tag::Integer, (((z >> 1) as i64) ^ -((z & 1) as i64)).to_be_bytes().to_vec())
        }
        REAL => (Tag::Real, take(input, 8)?.to_vec()),
        DIGITS => {
            let len = usize::from(take(input, 1)?.first().copied()?);
            let packed = take(input, len.div_ceil(2))?;
            let digits = packed.iter().flat_map(|b| [b >> 4, b & 0x0f]).take(len).map(|d| d + b'0').collect();
            (Tag::Text, digits)
        }
        DATE => (Tag::Text, date_text(unvarint(input)?)?.into_bytes()),
        TEXT | BLOB | OTHER => {
            let len = usize::try_from(unvarint(input)?).ok()?;
            let tag = match kind {
                TEXT => Tag::Text,
                BLOB => Tag::Blob,
                _ => Tag::Other,
            };
            (tag, take(input, len)?.to_vec())
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_is_coded_comes_back(values in prop::collection::vec((1u8..=5, prop_oneof![
            "[0-9]{0,40}", "[0-9]{4}-[0-9]{2}-[0-9]{2}", "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", "\\PC{0,30}"
        ], any::<i64>()), 0..20)) {
            let cells: Vec<(Tag, Vec<u8>)> = values.into_iter().map(|(t, s, n)| match Tag::of(t).unwrap() {
                Tag::Integer | Tag::Real => (Tag::of(t).unwrap(), n.to_be_bytes().to_vec()),
                tag => (tag, s.into_bytes()),
            }).collect();
            let common = cells.iter().take(3).cloned().collect();
            let dictionary = Dictionary::from_bytes(&Dictionary::new(vec![common]).to_bytes()).unwrap();
            let mut out = Vec::new();
            for (tag, bytes) in &cells {
                encode(CellRef { tag: *tag, bytes }, 0, &dictionary, &mut out);
            }
            let mut input = out.as_slice();
            for cell in &cells {
                prop_assert_eq!(&decode(&mut input, 0, &dictionary).unwrap(), cell);
            }
            prop_assert!(input.is_empty());
        }
    }
}
