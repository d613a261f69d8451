//! Encoding, delimiter and heading of a delimited file, from its beginning.

use std::path::Path;

use rows::Encoding;
use terms::{Fault, Place};

use super::split::Splitter;

/// Bytes that are looked at.
pub(super) const HEAD: u64 = 1 << 20;
/// Records among which the heading is sought.
const HEADING_AMONG: usize = 20;
/// Most columns of a file.
const COLUMNS_MAX: usize = 4_096;

/// How a file is written.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub encoding: Encoding,
    /// Bytes of the byte order mark.
    pub bom: u64,
    pub delimiter: u8,
    /// Whether it quotes what needs no quotes, or has no records by which that could be told.
    pub quotes: bool,
    /// Ordinal of the heading record.
    pub heading: Option<u64>,
    /// Column names; `1`, `2`, … where there is no heading.
    pub names: Vec<String>,
}

impl Form {
    /// A sign in the file's encoding.
    pub(super) fn in_file(&self, sign: u8) -> Vec<u8> {
        match self.encoding {
            Encoding::Utf16Le => vec![sign, 0],
            Encoding::Utf16Be => vec![0, sign],
            _ => vec![sign],
        }
    }

    /// Whether a value must stand between quotes.
    pub(super) fn needs_quotes(&self, value: &[u8]) -> bool {
        value.iter().any(|b| *b == self.delimiter || b"\"\r\n".contains(b))
    }
}

/// Finds out how a file is written.
pub(super) fn sniff(head: &[u8], path: &Path, place: &Place) -> Result<Form, Fault> {
    if matches!(head, [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..]) {
        // UTF-32: read as anything else, every value would have zeros in it.
        return Err(Fault::new("bad_encoding").with("place", place));
    }
    let (encoding, bom) = encoding(head);
    let body = head.get(usize::try_from(bom).unwrap_or_default()..).unwrap_or_default();
    let tab = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("tsv") || e.eq_ignore_ascii_case("tab"));
    let delimiter = if tab { b'\t' } else { delimiter(body, encoding) };
    let mut form = Form { encoding, bom, delimiter, quotes: false, heading: None, names: Vec::new() };
    let mut records: Vec<Vec<String>> = Vec::new();
    let mut quotes = false;
    let mut splitter = Splitter::new(body, &form, place.clone());
    while records.len() < HEADING_AMONG {
        match splitter.next() {
            Ok(true) => {
                quotes |= (0..splitter.fields()).any(|i| splitter.is_quoted(i) && !form.needs_quotes(&splitter.value(i)));
                records.push((0..splitter.fields()).map(|i| form.encoding.decode(&splitter.value(i)).into_owned()).collect());
            }
            Ok(false) => break,
            // The sample may end inside a record; what was split so far is enough.
            Err(_) if !records.is_empty() => break,
            Err(e) => return Err(e),
        }
    }
    let width = records.iter().map(Vec::len).max().unwrap_or(0);
    if width > COLUMNS_MAX {
        return Err(Fault::new("too_many_columns").with("place", place).with("most", COLUMNS_MAX));
    }
    let heading = header_row(&records);
    form.heading = heading.map(|h| h as u64);
    form.quotes = quotes || records.len() <= heading.map_or(0, |h| h + 1);
    let named = heading.and_then(|h| records.get(h)).cloned().unwrap_or_default();
    let name = |i: usize| named.get(i).map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).unwrap_or_else(|| (i + 1).to_string());
    form.names = (0..width).map(name).collect();
    Ok(form)
}

fn encoding(head: &[u8]) -> (Encoding, u64) {
    match head {
        [0xef, 0xbb, 0xbf, ..] => return (Encoding::Utf8, 3),
        [0xff, 0xfe, ..] => return (Encoding::Utf16Le, 2),
        [0xfe, 0xff, ..] => return (Encoding::Utf16Be, 2),
        _ => {}
    }
    let sample = head.get(..head.len().min(4_096)).unwrap_or_default();
    let zeros = |odd: usize| sample.iter().skip(odd).step_by(2).filter(|b| **b == 0).count();
    let few = sample.len() / 10;
    if zeros(1) > few && zeros(1) > 4 * zeros(0) {
        return (Encoding::Utf16Le, 0);
    }
    if zeros(0) > few && zeros(0) > 4 * zeros(1) {
        return (Encoding::Utf16Be, 0);
    }
    match std::str::from_utf8(head) {
        Ok(_) => (Encoding::Utf8, 0),
        // Cut inside a character at the end of the sample.
        Err(e) if e.error_len().is_none() && e.valid_up_to() + 4 > head.len() => (Encoding::Utf8, 0),
        Err(_) => (Encoding::Gb18030, 0),
    }
}

/// The candidate that stands most evenly in the first lines.
fn delimiter(body: &[u8], encoding: Encoding) -> u8 {
    let sample = body.get(..body.len().min(1 << 16)).unwrap_or_default();
    let text = encoding.decode(sample);
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).take(HEADING_AMONG).collect();
    let count = |line: &str, c: char| {
        let mut quoted = false;
        line.chars()
            .filter(|x| {
                quoted ^= *x == '"';
                *x == c && !quoted
            })
            .count()
    };
    let score = |c: char| {
        let counts: Vec<usize> = lines.iter().map(|l| count(l, c)).collect();
        let most = counts.iter().copied().max().unwrap_or(0);
        let even = counts.iter().filter(|n| **n == most).count();
        if most == 0 { 0 } else { even * 1_000 + most }
    };
    let best = [',', '\t', ';', '|', '^', '~', '\u{1}'].into_iter().rev().max_by_key(|c| score(*c));
    best.filter(|c| score(*c) > 0).and_then(|c| u8::try_from(u32::from(c)).ok()).unwrap_or(b',')
}

/// The record that names the columns: the first as wide as most, all of it words, none of it a number or repeated.
pub(crate) fn header_row(records: &[Vec<String>]) -> Option<usize> {
    let width = |r: &Vec<String>| r.iter().filter(|c| !c.trim().is_empty()).count();
    let mut widths: Vec<usize> = records.iter().map(width).filter(|w| *w > 0).collect();
    widths.sort_unstable();
    // As wide as the record in the middle: one that is much wider than all others has fields too many.
    let usual = widths.get(widths.len() / 2).copied()?;
    let index = records.iter().position(|r| width(r) * 10 >= usual * 7 && (width(r) > 1 || usual == 1))?;
    let names: Vec<&str> = records.get(index)?.iter().map(|c| c.trim()).filter(|c| !c.is_empty()).collect();
    let digits = |t: &str| t.chars().filter(|c| c.is_ascii_digit()).count();
    let word = |n: &&str| n.chars().any(char::is_alphabetic) && digits(n) < 5 && !n.contains('@') && n.chars().count() <= 64;
    let distinct = names.iter().collect::<std::collections::BTreeSet<_>>().len() == names.len();
    (names.iter().all(word) && distinct).then_some(index)
}
