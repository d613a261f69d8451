//! What a row looks like in the raw files of its store: values side by side in runs, cut where unknown bytes lie between them.

use std::ops::Range;

use remains::is_needle;
use rows::{CellRef, Encoding, Tag, text_of};

/// How a data set's rows lie in the raw files.
pub type RawForm = Box<dyn Fn(&[CellRef<'_>]) -> Record>;

/// A row as it lies in the raw files, as far as that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    runs: Vec<Vec<u8>>,
    /// By column: run and bytes in it; none if nothing of the value can be foretold.
    at: Vec<Option<(usize, Range<usize>)>>,
    /// By column: parts that point to one person by themselves.
    parts: Vec<Option<Vec<Vec<u8>>>>,
    /// Whether its values stand for themselves, not for their row: what they are met as is any row's that has them.
    entry: bool,
    /// The same row as another writer would have stored it.
    other: Option<Box<Record>>,
}

/// Shortest text that points to one person by itself, if it also has a digit or `@`.
const ALONE_MIN: usize = 10;

/// Longest JSON that is looked into.
const JSON_MAX: usize = 1 << 20;

/// Texts inside a JSON value that point to one person; none if it is no JSON.
pub(crate) fn json_parts(text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let is_json = matches!(text.first(), Some(b'{' | b'[')) && text.len() <= JSON_MAX;
    let value: serde_json::Value = is_json.then(|| serde_json::from_slice(text).ok()).flatten()?;
    let mut out = Vec::new();
    let mut open = vec![&value];
    while let Some(value) = open.pop() {
        match value {
            serde_json::Value::String(s) if points(s.as_bytes()) => out.push(s.clone().into_bytes()),
            serde_json::Value::Array(items) => open.extend(items),
            serde_json::Value::Object(fields) => {
                out.extend(fields.keys().filter(|k| points(k.as_bytes())).map(|k| k.clone().into_bytes()));
                open.extend(fields.values());
            }
            _ => {}
        }
    }
    Some(out)
}

/// Elements of an array as PostgreSQL writes it (`{a,"b c"}`) that point to one person.
pub(crate) fn array_parts(text: &str) -> Vec<Vec<u8>> {
    let (mut out, mut part, mut quoted, mut escaped) = (Vec::new(), String::new(), false, false);
    for c in text.chars() {
        match c {
            _ if escaped => {
                part.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '{' | '}' | ',' if !quoted => out.push(std::mem::take(&mut part)),
            _ => part.push(c),
        }
    }
    out.into_iter().map(String::into_bytes).filter(|p| points(p)).collect()
}

/// Smallest whole number that points to one person by itself: ten digits.
pub(crate) const NUMBER_MIN: u64 = 1_000_000_000;

/// Whether a text points to one person wherever it stands: a number or address, not a name, a city or a day.
pub(crate) fn points(text: &[u8]) -> bool {
    text.len() >= ALONE_MIN && text.iter().any(|b| b.is_ascii_digit() || *b == b'@') && !is_day(text) && !is_limit(text)
}

/// Where whole numbers of four and eight bytes end, and those beside: programs write them, and numbers that were too large became them.
fn is_limit(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let number = std::str::from_utf8(digits).ok().filter(|t| t.bytes().all(|b| b.is_ascii_digit())).and_then(|t| t.parse::<i128>().ok());
    number.is_some_and(|n| [31, 32, 63, 64].iter().any(|bits| (n - (1i128 << bits)).abs() <= 2))
}

/// A day as it is written here or there, with a time or without: every store has some, and none is anybody's.
fn is_day(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let (day, time) = text.split_once(['T', ' ']).map_or((text, None), |(day, time)| (day, Some(time)));
    let day = day.strip_suffix('日').unwrap_or(day).replace(['年', '月'], "-");
    let Some(sign) = day.chars().find(|c| !c.is_ascii_digit()).filter(|c| "-./".contains(*c)) else { return false };
    let parts: Vec<&str> = day.split(sign).collect();
    let number = |part: &str, longest: usize| {
        let digits = (1..=longest).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse::<u32>().ok()).flatten()
    };
    let (year, others) = match parts.as_slice() {
        [year, month, day] if year.len() == 4 => (*year, [*month, *day]),
        [day, month, year] if year.len() == 4 => (*year, [*day, *month]),
        _ => return false,
    };
    let [a, b] = others.map(|part| number(part, 2).unwrap_or_default());
    let is = (1..=31).contains(&a) && (1..=31).contains(&b) && a.min(b) <= 12;
    is && number(year, 4).is_some_and(|y| (1_000..=2_999).contains(&y)) && time.is_none_or(is_time)
}

/// Hours and what is smaller, and how far they are from Greenwich: two digits together, more in a fraction alone.
fn is_time(time: &str) -> bool {
    let time = [" UTC", " GMT", "UTC", "Z"].iter().find_map(|zone| time.strip_suffix(zone)).unwrap_or(time);
    let (clock, zone) = time.rsplit_once(['+', '-']).map_or((time, None), |(clock, zone)| (clock.trim_end(), Some(zone)));
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let two = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    let is_zone = |zone: &str| {
        two(zone) || zone.len() >= 4 && zone.split_at_checked(2).is_some_and(|(h, m)| two(h) && two(m.trim_start_matches(':')))
    };
    let is_clock = clock.split(':').count() <= 3 && clock.split(':').all(two);
    is_clock && fraction.len() <= 9 && fraction.bytes().all(|b| b.is_ascii_digit()) && zone.is_none_or(is_zone)
}

impl Record {
    /// A row of that many columns of which nothing is known yet.
    pub fn unseen(columns: usize) -> Record {
        Record { runs: vec![Vec::new()], at: vec![None; columns], parts: vec![None; columns], entry: false, other: None }
    }

    /// Values as they are, with the same bytes between each two.
    pub fn joined(cells: &[CellRef<'_>], joint: &[u8]) -> Record {
        let mut out = Record::unseen(cells.len());
        for (i, cell) in cells.iter().enumerate() {
            if i > 0 {
                out.glue(joint);
            }
            out.value_of(i, cell.bytes);
        }
        out
    }

    /// The next bytes are those of a column's value.
    pub(crate) fn value_of(&mut self, column: usize, bytes: &[u8]) {
        let run = self.runs.len().saturating_sub(1);
        if let (Some(last), Some(room)) = (self.runs.last_mut(), self.at.get_mut(column)) {
            *room = Some((run, last.len()..last.len() + bytes.len()));
            last.extend_from_slice(bytes);
        }
    }

    /// The next bytes belong to no value: headers, padding, separators.
    pub(crate) fn glue(&mut self, bytes: &[u8]) {
        if let Some(last) = self.runs.last_mut() {
            last.extend_from_slice(bytes);
        }
    }

    /// Unknown bytes follow.
    pub(crate) fn cut(&mut self) {
        if self.runs.last().is_some_and(|r| !r.is_empty()) {
            self.runs.push(Vec::new());
        }
    }

    /// A column's value; empty if nothing of it can be foretold.
    pub fn value(&self, column: usize) -> &[u8] {
        self.around(column, 0, 0)
    }

    /// A column's value with as many bytes before and after it as are known, up to those numbers.
    pub fn around(&self, column: usize, before: usize, after: usize) -> &[u8] {
        let Some((run, range)) = self.at.get(column).and_then(Option::as_ref) else { return &[] };
        let run = self.runs.get(*run).map(Vec::as_slice).unwrap_or_default();
        run.get(range.start.saturating_sub(before)..(range.end + after).min(run.len())).unwrap_or_default()
    }

    /// The same record with nothing of it but one column's value and what stands around it.
    #[must_use]
    pub fn only(&self, column: usize, before: usize, after: usize) -> Record {
        let mut out = Record::unseen(self.at.len());
        if let (Some(Some((_, range))), Some(room)) = (self.at.get(column), out.at.get_mut(column)) {
            let from = range.start - range.start.min(before);
            *room = Some((0, range.start - from..range.end - from));
            out.runs = vec![self.around(column, before, after).to_vec()];
        }
        if let (Some(parts), Some(room)) = (self.parts.get(column), out.parts.get_mut(column)) {
            room.clone_from(parts);
        }
        out.entry = self.entry;
        out.other = self.other.as_ref().map(|o| Box::new(o.only(column, before, after)));
        out
    }

    /// Bytes by which a column's value points to one person wherever it stands in the store: the value itself, or parts of it.
    pub fn alone(&self, column: usize) -> Vec<&[u8]> {
        match self.parts.get(column).and_then(Option::as_ref) {
            None => Some(self.value(column)).filter(|v| points(v)).into_iter().collect(),
            Some(parts) => parts.iter().map(Vec::as_slice).collect(),
        }
    }

    /// Says by which parts a column's value points to one person, where that is not the value as a whole.
    pub(crate) fn parts_of(&mut self, column: usize, parts: Vec<Vec<u8>>) {
        if let Some(room) = self.parts.get_mut(column) {
            *room = Some(parts);
        }
    }

    /// The runs, one after the other.
    pub fn runs(&self) -> impl Iterator<Item = &[u8]> {
        self.runs.iter().map(Vec::as_slice)
    }

    /// Whether this is no way in which the row lies, but its numbers as people write them.
    pub fn is_written(&self) -> bool {
        self.runs.is_empty()
    }

    /// Numbers as people write them.
    pub fn written(&self) -> impl Iterator<Item = &[u8]> {
        let own = self.parts.iter().filter(|_| self.is_written());
        own.flatten().flatten().map(Vec::as_slice)
    }

    /// Every way in which the row may lie.
    pub fn ways(&self) -> impl Iterator<Item = &Record> {
        std::iter::successors(Some(self), |r| r.other.as_deref())
    }

    /// Numbers are also looked for as people write them: in notes, in letters, in a column of texts.
    #[must_use]
    pub fn with_numbers(self, cells: &[CellRef<'_>]) -> Record {
        let mut written = Record { runs: Vec::new(), parts: vec![Some(Vec::new()); cells.len()], ..Record::unseen(cells.len()) };
        let mut any = false;
        for (i, cell) in cells.iter().enumerate().filter(|(_, c)| matches!(c.tag, Tag::Integer | Tag::Real | Tag::Other)) {
            let mut text = Vec::new();
            text_of(*cell, Encoding::Utf8, &mut text);
            let digits = text.strip_suffix(b".0").unwrap_or(&text).to_vec();
            if points(&digits) && digits.iter().all(u8::is_ascii_digit) {
                written.parts_of(i, vec![digits]);
                any = true;
            }
        }
        if any { self.or_last(written) } else { self }
    }

    /// Whether its values stand for themselves, not for their row: what they are met as is any row's that has them.
    pub fn is_entry(&self) -> bool {
        self.entry
    }

    /// Adds how the row lies in an index of its store, or in another place that keeps values by themselves, for those that are found nowhere
    /// by themselves.
    #[must_use]
    pub(crate) fn or_entry(self, mut entry: Record) -> Record {
        let alone = |c: usize| self.ways().any(|way| way.alone(c).iter().any(|value| is_needle(value)));
        entry.at.iter_mut().enumerate().filter(|(c, _)| alone(*c)).for_each(|(_, at)| *at = None);
        entry.parts.fill(Some(Vec::new()));
        entry.entry = true;
        if entry.at.iter().all(Option::is_none) { self } else { self.or_last(entry) }
    }

    /// Adds another way behind all others.
    #[must_use]
    pub fn or_last(mut self, last: Record) -> Record {
        self.other = Some(Box::new(match self.other.take() {
            Some(other) => other.or_last(last),
            None => last,
        }));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_points_to_nobody() {
        let days = [
            "1991-11-23",
            "2014.06.30",
            "2014-06-30 10:20:30.5+08",
            "2014-06-30T10",
            "2014/06/30",
            "2014年06月30日",
            "2014年6月3日",
            "06/30/2014",
            "30.06.2014",
            "2014-06-30 10:20:30 UTC",
            "2014-06-30T10:20:30.000+0800",
            "2014-06-30 10:20:30 +08:00",
            "2014-06-30T10:20:30Z",
            "2014/6/6 10:20:30",
        ];
        for day in days {
            assert!(!points(day.as_bytes()), "{day}");
        }
        for value in [
            "2014-06-3012",
            "13800138000",
            "2014-06-30-7",
            "a@b.example",
            "1234-56-78",
            "9999-99-99",
            "2014-06-30 13800138000",
            "1990-01-01 6222020200112233",
            "2014-06-30 12:3456",
            "0171/10/10 600",
            "1303-31-31 1003",
            "13/14/2014",
            "30.06.2014-7",
            "2014-06-30 10:20:30 +13800138000",
            "电话13800138000",
        ] {
            assert!(points(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn limits_of_numbers_point_to_nobody() {
        for limit in ["2147483647", "-2147483648", "4294967295", "9223372036854775807", "18446744073709551614"] {
            assert!(!points(limit.as_bytes()), "{limit}");
        }
        for value in ["2147483600", "13800138000", "9223372036854775800", "18446744073709551615x"] {
            assert!(points(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn an_entry_has_what_is_found_nowhere_by_itself() {
        let cells = ["13800138000", "Ann"].map(|t| CellRef { tag: Tag::Text, bytes: t.as_bytes() });
        let (row, entry) = (Record::joined(&cells, b","), Record::joined(&cells, b"|"));
        let both = row.clone().or_entry(entry);
        let ways: Vec<(&[u8], &[u8])> = both.ways().map(|way| (way.around(0, 0, 1), way.around(1, 1, 0))).collect();
        assert_eq!(ways, [(b"13800138000,".as_slice(), b",Ann".as_slice()), (b"", b"|Ann")]);
        assert_eq!(both.ways().map(|way| way.alone(0).len()).sum::<usize>(), 1);
        let alone = Record::joined(&cells[..1], b"");
        assert_eq!(alone.clone().or_entry(alone.clone()), alone);
    }
}
