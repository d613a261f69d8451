//! Typed coding of the rows of a unit: values, words and digits under frequencies that all units of a block share. What is shared holds only
//! what at least 50 persons have in common (EVIDENCE §8).

use std::collections::HashMap;

use rows::{CellRef, Tag};

use crate::frequency::{Table, untable};
use crate::pieces::{Piece, fine, pieces};
use crate::range::{Decoder, Encoder};
use crate::varint::{take, unvarint, varint};

/// Subjects in which a value or word must stand before it may be shared.
const COMMON_SUBJECTS: u32 = 50;
/// Longest shared value or word, and most of them in a column.
const COMMON_BYTES: usize = 64;
const COMMON_MAX: usize = 4_096;
/// Places in a text that have frequencies of their own.
const PLACES: usize = 8;
/// Texts and blobs from here on are compressed by themselves.
const LONG: usize = 192;
const LEVEL: i32 = 6;
/// Most bytes of a value before it was packed.
const VALUE_MAX: u64 = 1 << 30;

// Symbols of a value: its kind, or a shared value.
const NULL: u32 = 0;
const INTEGER: u32 = 1;
const REAL: u32 = 2;
const TEXT: u32 = 3;
const BLOB: u32 = 4;
const OTHER: u32 = 5;
const LONG_VALUE: u32 = 6;
const AS_BEFORE: u32 = 7;
const RAW_REAL: u32 = 8;
const SHARED: u32 = 16;

// Symbols of a place in a text: its end, bytes by themselves, digits by their number, or a shared word.
const END: u32 = 0;
const BYTES: u32 = 1;
const WORD: u32 = 32;

/// What the units of a block share about one column.
#[derive(Clone, Debug, Default)]
struct Column {
    values: Vec<(Tag, Vec<u8>)>,
    words: Vec<Vec<u8>>,
    kinds: Table,
    lengths: Table,
    places: Vec<Table>,
    value_of: HashMap<(Tag, Vec<u8>), u32>,
    word_of: HashMap<Vec<u8>, u32>,
}

impl Column {
    fn index(&mut self) {
        self.value_of = (0u32..).zip(&self.values).map(|(i, v)| (v.clone(), i)).collect();
        self.word_of = (0u32..).zip(&self.words).map(|(i, w)| (w.clone(), i)).collect();
    }

    fn place(&self, i: usize) -> Option<&Table> {
        self.places.get(i.min(PLACES - 1))
    }
}

/// The rows of one subject: position and values.
pub(crate) type UnitRows<'a> = Vec<(u32, Vec<CellRef<'a>>)>;

/// What the units of a block share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shared {
    columns: Vec<Column>,
}

/// Counts in how many subjects something stands.
struct Subjects<K>(HashMap<K, (u32, u32)>);

impl<K: std::hash::Hash + Eq + Ord> Subjects<K> {
    fn see(&mut self, key: K, subject: u32) {
        let seen = self.0.entry(key).or_insert((u32::MAX, 0));
        if seen.0 != subject {
            *seen = (subject, seen.1 + 1);
        }
    }

    fn common(self) -> Vec<K> {
        let mut often: Vec<(K, u32)> = self.0.into_iter().filter(|(_, (_, n))| *n >= COMMON_SUBJECTS).map(|(k, (_, n))| (k, n)).collect();
        often.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        often.truncate(COMMON_MAX);
        often.into_iter().map(|(k, _)| k).collect()
    }
}

impl Shared {
    /// What units have in common.
    pub(crate) fn of(columns: usize, units: &[UnitRows<'_>]) -> Shared {
        let columns = (0..columns).map(|c| column_of(c, units)).collect();
        Shared { columns }
    }

    fn column(&self, i: usize) -> Option<&Column> {
        self.columns.get(i)
    }

    /// The rows of a unit.
    pub(crate) fn encode(&self, rows: &UnitRows<'_>) -> Vec<u8> {
        let mut out = Encoder::new();
        number(rows.len() as u64, &mut out);
        let mut before: &[CellRef<'_>] = &[];
        for (position, cells) in rows {
            number(u64::from(*position), &mut out);
            for (i, (cell, column)) in cells.iter().zip(&self.columns).enumerate() {
                column.encode(*cell, before.get(i).copied(), &mut Put::Write(&mut out));
            }
            before = cells;
        }
        out.finish()
    }

    /// The rows of a unit; none if the bytes are not such rows.
    pub(crate) fn decode(&self, bytes: &[u8]) -> Option<Vec<(u32, Vec<(Tag, Vec<u8>)>)>> {
        let mut input = Decoder::new(bytes);
        let count = unnumber(&mut input)?;
        let mut rows: Vec<(u32, Vec<(Tag, Vec<u8>)>)> = Vec::new();
        for _ in 0..count {
            let position = u32::try_from(unnumber(&mut input)?).ok()?;
            let mut cells = Vec::with_capacity(self.columns.len());
            for i in 0..self.columns.len() {
                let before = rows.last().and_then(|(_, cells)| cells.get(i));
                cells.push(self.column(i)?.decode(before, &mut input)?);
            }
            rows.push((position, cells));
        }
        input.ended().then_some(rows)
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        varint(self.columns.len() as u64, &mut out);
        for column in &self.columns {
            varint(column.values.len() as u64, &mut out);
            for (tag, bytes) in &column.values {
                out.push(*tag as u8);
                counted(bytes, &mut out);
            }
            varint(column.words.len() as u64, &mut out);
            column.words.iter().for_each(|w| counted(w, &mut out));
            for table in column.tables() {
                varint(table.symbols.len() as u64, &mut out);
                let mut last = 0;
                for (symbol, _, freq) in &table.symbols {
                    varint(u64::from(*symbol - last), &mut out);
                    varint(u64::from(*freq), &mut out);
                    last = *symbol;
                }
            }
        }
        zstd::bulk::compress(&out, LEVEL).unwrap_or_default()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Shared> {
        let bytes = zstd::bulk::decompress(bytes, SHARED_MAX).ok()?;
        let mut input: &[u8] = &bytes;
        let input = &mut input;
        let mut out = Shared::default();
        for _ in 0..unvarint(input)? {
            let mut column = Column::default();
            for _ in 0..unvarint(input)? {
                let tag = Tag::of(take(input, 1)?.first().copied()?)?;
                column.values.push((tag, uncounted(input)?));
            }
            for _ in 0..unvarint(input)? {
                column.words.push(uncounted(input)?);
            }
            column.kinds = untable(input)?;
            column.lengths = untable(input)?;
            for _ in 0..PLACES {
                column.places.push(untable(input)?);
            }
            column.index();
            out.columns.push(column);
        }
        input.is_empty().then_some(out)
    }
}

/// Most bytes of what a block shares.
const SHARED_MAX: usize = 64 << 20;

/// Shared values, words and frequencies of one column.
fn column_of(c: usize, units: &[UnitRows<'_>]) -> Column {
    let cells = || (0u32..).zip(units).flat_map(move |(s, rows)| rows.iter().filter_map(move |(_, cells)| Some((s, *cells.get(c)?))));
    let (mut values, mut words) = (Subjects(HashMap::new()), Subjects(HashMap::new()));
    for (subject, cell) in cells().filter(|(_, c)| c.tag != Tag::Null && c.bytes.len() <= LONG) {
        if cell.bytes.len() <= COMMON_BYTES {
            values.see((cell.tag, cell.bytes), subject);
        }
        let Some(text) = as_text(cell) else { continue };
        for piece in pieces(&text) {
            match piece {
                Piece::Digits(group) => words.see(group.to_vec(), subject),
                Piece::Between(run) => {
                    let parts = fine(run);
                    if parts.len() > 1 && run.len() <= COMMON_BYTES {
                        words.see(run.to_vec(), subject);
                    }
                    parts.into_iter().filter(|w| w.len() <= COMMON_BYTES).for_each(|w| words.see(w.to_vec(), subject));
                }
            }
        }
    }
    let values = values.common().into_iter().map(|(tag, bytes): (Tag, &[u8])| (tag, bytes.to_vec())).collect();
    let mut column = Column { values, words: words.common(), places: vec![Table::default(); PLACES], ..Column::default() };
    column.index();
    let mut counts = Counts::default();
    for rows in units {
        let mut before = None;
        for cell in rows.iter().filter_map(|(_, cells)| cells.get(c)) {
            column.encode(*cell, before, &mut Put::Count(&mut counts));
            before = Some(*cell);
        }
    }
    column.kinds = Table::of(&counts.kinds);
    column.lengths = Table::of(&counts.lengths);
    column.places = counts.places.iter().map(Table::of).collect();
    column
}

/// How often each symbol is needed.
#[derive(Default)]
struct Counts {
    kinds: HashMap<u32, u32>,
    lengths: HashMap<u32, u32>,
    places: [HashMap<u32, u32>; PLACES],
}

/// Symbols are counted first, with the very same code that writes them afterwards.
enum Put<'a> {
    Count(&'a mut Counts),
    Write(&'a mut Encoder),
}

impl Put<'_> {
    fn kind(&mut self, column: &Column, symbol: u32) {
        match self {
            Put::Count(c) => *c.kinds.entry(symbol).or_default() += 1,
            Put::Write(out) => column.kinds.put(symbol, out),
        }
    }

    fn length(&mut self, column: &Column, symbol: u32) {
        match self {
            Put::Count(c) => *c.lengths.entry(symbol).or_default() += 1,
            Put::Write(out) => column.lengths.put(symbol, out),
        }
    }

    fn place(&mut self, column: &Column, place: usize, symbol: u32) {
        match self {
            Put::Count(c) => {
                if let Some(counts) = c.places.get_mut(place.min(PLACES - 1)) {
                    *counts.entry(symbol).or_default() += 1;
                }
            }
            Put::Write(out) => {
                if let Some(table) = column.place(place) {
                    table.put(symbol, out);
                }
            }
        }
    }

    fn digits(&mut self, group: &[u8]) {
        if let Put::Write(out) = self {
            for chunk in group.chunks(4) {
                let value = chunk.iter().fold(0, |n, b| n * 10 + u32::from(b - b'0'));
                out.put(value, 1, power(chunk.len()));
            }
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        if let Put::Write(out) = self {
            number(bytes.len() as u64, out);
            bytes.iter().for_each(|b| out.put(u32::from(*b), 1, 256));
        }
    }

    fn varied(&mut self, n: u64) {
        if let Put::Write(out) = self {
            number(n, out);
        }
    }
}

fn power(len: usize) -> u32 {
    [1, 10, 100, 1_000, 10_000].get(len).copied().unwrap_or(10_000)
}

/// What of a value is coded as a text: texts as they are, numbers as they are usually written.
fn as_text(cell: CellRef<'_>) -> Option<std::borrow::Cow<'_, [u8]>> {
    match cell.tag {
        Tag::Text | Tag::Other => Some(cell.bytes.into()),
        Tag::Integer => cell.integer().map(|n| n.to_string().into_bytes().into()),
        Tag::Real => real_text(cell).map(|t| t.into_bytes().into()),
        Tag::Null | Tag::Blob => None,
    }
}

/// A real as a text that gives the very same bytes back.
fn real_text(cell: CellRef<'_>) -> Option<String> {
    let text = cell.real()?.to_string();
    (text.len() <= 24 && text.parse::<f64>().ok()?.to_be_bytes() == cell.bytes).then_some(text)
}

impl Column {
    fn tables(&self) -> impl Iterator<Item = &Table> {
        [&self.kinds, &self.lengths].into_iter().chain(&self.places)
    }

    fn encode(&self, cell: CellRef<'_>, before: Option<CellRef<'_>>, out: &mut Put<'_>) {
        if cell.tag == Tag::Null {
            return out.kind(self, NULL);
        }
        if let Some(n) = self.value_of.get(&(cell.tag, cell.bytes.to_vec())) {
            return out.kind(self, SHARED + n);
        }
        if before == Some(cell) {
            return out.kind(self, AS_BEFORE);
        }
        if cell.bytes.len() >= LONG {
            out.kind(self, LONG_VALUE);
            let packed = zstd::bulk::compress(cell.bytes, LEVEL).unwrap_or_default();
            out.varied(cell.tag as u64);
            out.varied(cell.bytes.len() as u64);
            return out.bytes(&packed);
        }
        let kind = match cell.tag {
            Tag::Integer => INTEGER,
            Tag::Real if real_text(cell).is_none() => RAW_REAL,
            Tag::Real => REAL,
            Tag::Text => TEXT,
            Tag::Other => OTHER,
            Tag::Blob | Tag::Null => BLOB,
        };
        out.kind(self, kind);
        match as_text(cell) {
            Some(text) => self.text(&text, out),
            None => out.bytes(cell.bytes),
        }
    }

    fn text(&self, text: &[u8], out: &mut Put<'_>) {
        let mut place = 0;
        let mut put = |out: &mut Put<'_>, symbol| {
            out.place(self, place, symbol);
            place += 1;
        };
        for piece in pieces(text) {
            match piece {
                Piece::Digits(group) => match self.word_of.get(group) {
                    Some(n) => put(out, WORD + n),
                    None => {
                        put(out, BYTES + u32::try_from(group.len()).unwrap_or_default());
                        out.digits(group);
                    }
                },
                Piece::Between(run) => match self.word_of.get(run) {
                    Some(n) => put(out, WORD + n),
                    None => {
                        for word in fine(run) {
                            match self.word_of.get(word) {
                                Some(n) => put(out, WORD + n),
                                None => {
                                    put(out, BYTES);
                                    out.length(self, u32::try_from(word.len().min(255)).unwrap_or_default());
                                    if let Put::Write(out) = out {
                                        word.iter().take(255).for_each(|b| out.put(u32::from(*b), 1, 256));
                                    }
                                }
                            }
                        }
                    }
                },
            }
        }
        put(out, END);
    }

    fn decode(&self, before: Option<&(Tag, Vec<u8>)>, input: &mut Decoder<'_>) -> Option<(Tag, Vec<u8>)> {
        let kind = self.kinds.take(input)?;
        Some(match kind {
            NULL => (Tag::Null, Vec::new()),
            AS_BEFORE => before?.clone(),
            LONG_VALUE => {
                let tag = Tag::of(u8::try_from(unnumber(input)?).ok()?)?;
                let len = unnumber(input).filter(|n| *n <= VALUE_MAX)?;
                let packed = unbytes(input)?;
                let value = zstd::bulk::decompress(&packed, usize::try_from(len).ok()?).ok()?;
                (value.len() as u64 == len).then_some((tag, value))?
            }
            RAW_REAL => (Tag::Real, unbytes(input)?),
            BLOB => (Tag::Blob, unbytes(input)?),
            INTEGER => {
                let text = self.untext(input)?;
                let n: i64 = std::str::from_utf8(&text).ok()?.parse().ok()?;
                (Tag::Integer, n.to_be_bytes().to_vec())
            }
            REAL => {
                let text = self.untext(input)?;
                let n: f64 = std::str::from_utf8(&text).ok()?.parse().ok()?;
                (Tag::Real, n.to_be_bytes().to_vec())
            }
            TEXT => (Tag::Text, self.untext(input)?),
            OTHER => (Tag::Other, self.untext(input)?),
            shared => self.values.get(shared.checked_sub(SHARED)? as usize)?.clone(),
        })
    }

    fn untext(&self, input: &mut Decoder<'_>) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        for place in 0.. {
            match self.place(place)?.take(input)? {
                END => break,
                BYTES => {
                    let len = self.lengths.take(input)?;
                    for _ in 0..len {
                        out.push(byte(input)?);
                    }
                }
                word if word >= WORD => out.extend_from_slice(self.words.get((word - WORD) as usize)?),
                digits => undigits((digits - BYTES) as usize, input, &mut out)?,
            }
        }
        Some(out)
    }
}

fn undigits(len: usize, input: &mut Decoder<'_>, out: &mut Vec<u8>) -> Option<()> {
    let mut left = len;
    while left > 0 {
        let chunk = left.min(4);
        let value = input.at(power(chunk))?;
        input.take(value, 1, power(chunk));
        out.extend_from_slice(format!("{value:0chunk$}").as_bytes());
        left -= chunk;
    }
    Some(())
}

fn byte(input: &mut Decoder<'_>) -> Option<u8> {
    let value = input.at(256)?;
    input.take(value, 1, 256);
    u8::try_from(value).ok()
}

fn unbytes(input: &mut Decoder<'_>) -> Option<Vec<u8>> {
    let len = unnumber(input).filter(|n| *n <= VALUE_MAX)?;
    let mut out = Vec::new();
    for _ in 0..len {
        out.push(byte(input)?);
    }
    Some(out)
}

/// A number in groups of seven bits, the lowest first, each with a flag that more follow.
fn number(mut n: u64, out: &mut Encoder) {
    while n >= 0x80 {
        out.put(((n & 0x7f) | 0x80) as u32, 1, 256);
        n >>= 7;
    }
    out.put(n as u32, 1, 256);
}

fn unnumber(input: &mut Decoder<'_>) -> Option<u64> {
    let mut out = 0u64;
    for shift in (0..64).step_by(7) {
        let b = byte(input)?;
        out |= u64::from(b & 0x7f) << shift;
        if b & 0x80 == 0 {
            return Some(out);
        }
    }
    None
}

fn counted(bytes: &[u8], out: &mut Vec<u8>) {
    varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn uncounted(input: &mut &[u8]) -> Option<Vec<u8>> {
    let len = usize::try_from(unvarint(input)?).ok()?;
    take(input, len).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = (Tag, Vec<u8>)> {
        let text = prop_oneof![
            "[0-9]{0,40}",
            "[0-9]{4}-[0-9]{2}-[0-9]{2}",
            "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}",
            "\\PC{0,30}",
            "[a-z]{300,400}",
            "[张王李][一-龥]{1,2}"
        ];
        prop_oneof![
            (3u8..=5, text).prop_map(|(t, s)| (Tag::of(t).unwrap(), s.into_bytes())),
            (3u8..=5, prop::collection::vec(any::<u8>(), 0..40)).prop_map(|(t, b)| (Tag::of(t).unwrap(), b)),
            any::<i64>().prop_map(|n| (Tag::Integer, n.to_be_bytes().to_vec())),
            any::<u64>().prop_map(|n| (Tag::Real, n.to_be_bytes().to_vec())),
            (0i32..100_000).prop_map(|n| (Tag::Real, (f64::from(n) / 100.0).to_be_bytes().to_vec())),
            Just((Tag::Null, Vec::new())),
        ]
    }

    proptest! {
        #[test]
        fn whatever_is_coded_comes_back(units in prop::collection::vec(prop::collection::vec((any::<u32>(), value(), value()), 1..5), 1..12)) {
            // Sixty times the same, so that much of it is common.
            let units: Vec<Vec<_>> = units.iter().cycle().take(units.len() * 60).cloned().collect();
            let views: Vec<UnitRows<'_>> = units
                .iter()
                .map(|rows| rows.iter().map(|(p, a, b)| (*p, [a, b].map(|(tag, bytes)| CellRef { tag: *tag, bytes }).to_vec())).collect())
                .collect();
            let shared = Shared::of(2, &views);
            let again = Shared::from_bytes(&shared.to_bytes()).unwrap();
            for (rows, view) in units.iter().zip(&views) {
                let coded = shared.encode(view);
                let expected: Vec<_> = rows.iter().map(|(p, a, b)| (*p, vec![a.clone(), b.clone()])).collect();
                prop_assert_eq!(again.decode(&coded), Some(expected));
            }
        }
    }

    #[test]
    fn what_fewer_than_fifty_have_is_not_shared() {
        let values: Vec<Vec<u8>> = (0..49).map(|_| b"rare-word".to_vec()).chain((0..50).map(|_| b"common-word".to_vec())).collect();
        let units: Vec<UnitRows<'_>> = values.iter().map(|v| vec![(0, vec![CellRef { tag: Tag::Text, bytes: v }])]).collect();
        let shared = Shared::of(1, &units);
        let words: Vec<&[u8]> = shared.columns[0].words.iter().map(Vec::as_slice).collect();
        assert!(words.contains(&b"common-word".as_slice()) || words.contains(&b"common".as_slice()), "{words:?}");
        assert!(!words.contains(&b"rare".as_slice()) && !words.contains(&b"rare-word".as_slice()), "{words:?}");
        assert_eq!(shared.columns[0].values, vec![(Tag::Text, b"common-word".to_vec())]);
    }
}
