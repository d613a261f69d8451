//! JSON as records: an array of objects, or an object a line; where each lies, and the same file without some of them.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::reason::Reason;

/// How records lie in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Elements of one array.
    Array,
    /// One a line.
    Lines,
}

/// A record and its fields, by where they lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its bytes.
    pub span: Range<usize>,
    /// Names in their order, each with the bytes of its value.
    pub fields: Vec<(String, Range<usize>)>,
}

/// What goes of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gone {
    /// All of it.
    Whole,
    /// The values of these fields: they become null.
    Fields(Vec<String>),
}

/// The records of a file.
///
/// # Errors
/// If it is no array of objects (or object a line), is damaged, nested too deep, or an object has a key twice.
pub fn records(text: &str, layout: Layout) -> Result<Vec<Record>, Reason> {
    let spans = match layout {
        Layout::Array => elements(text)?,
        Layout::Lines => lines(text),
    };
    spans.into_iter().map(|span| record(text, span)).collect()
}

/// The file without what goes; every other byte stays. An element goes with one comma, a line with its end.
pub fn without(text: &str, layout: Layout, all: &[Record], gone: &BTreeMap<usize, Gone>) -> String {
    let mut cuts: Vec<(Range<usize>, &str)> = Vec::new();
    for (i, record) in all.iter().enumerate() {
        match gone.get(&i) {
            None => {}
            Some(Gone::Whole) => cuts.push((with_joint(text, layout, all, gone, i), "")),
            Some(Gone::Fields(names)) => {
                let own = record.fields.iter().filter(|(name, _)| names.contains(name));
                cuts.extend(own.map(|(_, span)| (span.clone(), "null")));
            }
        }
    }
    cuts.sort_by_key(|(range, _)| range.start);
    let (mut out, mut done) = (String::with_capacity(text.len()), 0);
    for (range, by) in cuts {
        out.push_str(text.get(done..range.start).unwrap_or_default());
        out.push_str(by);
        done = range.end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// The bytes of a record with what joins it to the others.
fn with_joint(text: &str, layout: Layout, all: &[Record], gone: &BTreeMap<usize, Gone>, i: usize) -> Range<usize> {
    let Some(record) = all.get(i) else { return 0..0 };
    let (from, to) = (record.span.start, record.span.end);
    if layout == Layout::Lines {
        let rest = text.get(to..).unwrap_or_default();
        return from..to + rest.find('\n').map_or(rest.len(), |n| n + 1);
    }
    let whole = |k: usize| gone.get(&k) == Some(&Gone::Whole);
    // The comma after it; of the last ones that stay nothing behind, the comma before.
    let tail = (i + 1..all.len()).all(whole);
    match tail {
        false => from..all.get(i + 1).map_or(to, |next| next.span.start),
        true => {
            let kept = (0..i).rev().find(|k| !whole(*k)).and_then(|k| all.get(k));
            let first = (0..=i).rev().take_while(|k| whole(*k)).last() == Some(i);
            match kept {
                Some(before) if first => before.span.end..to,
                _ => all.get(i.wrapping_sub(1)).filter(|_| i > 0).map_or(from, |before| before.span.end)..to,
            }
        }
    }
}

fn refused(e: &serde_json::Error) -> Reason {
    let text = e.to_string();
    match () {
        () if text.contains("recursion limit") => Reason::TooDeep,
        () if text.contains(TWICE) => Reason::DuplicateKey,
        () => Reason::Damaged,
    }
}

/// Where a raw value lies in the text that it was read from.
fn place(text: &str, raw: &RawValue) -> Range<usize> {
    let from = (raw.get().as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
    from..from + raw.get().len()
}

fn elements(text: &str) -> Result<Vec<Range<usize>>, Reason> {
    let body = text.trim_start_matches('\u{feff}');
    let all: Vec<&RawValue> = serde_json::from_str(body).map_err(|e| refused(&e))?;
    Ok(all.into_iter().map(|raw| place(text, raw)).collect())
}

fn lines(text: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let body = line.trim_end_matches(['\n', '\r']);
        let skip = body.len() - body.trim_start_matches(['\u{feff}', ' ', '\t']).len();
        if !body.trim().is_empty() {
            out.push(at + skip..at + body.trim_end().len());
        }
        at += line.len();
    }
    out
}

fn record(text: &str, span: Range<usize>) -> Result<Record, Reason> {
    let own = text.get(span.clone()).unwrap_or_default();
    let mut reader = serde_json::Deserializer::from_str(own);
    let fields = reader.deserialize_map(Fields).map_err(|e| refused(&e))?;
    reader.end().map_err(|e| refused(&e))?;
    // Values are read to their depth once: what is nested too deep shows here.
    serde_json::from_str::<serde_json::Value>(own).map_err(|e| refused(&e))?;
    let fields = fields.into_iter().map(|(name, raw)| (name, place(text, raw))).collect();
    Ok(Record { span, fields })
}

const TWICE: &str = "key twice";

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut out: Vec<(String, &'de RawValue)> = Vec::new();
        while let Some((name, raw)) = map.next_entry::<String, &'de RawValue>()? {
            if out.iter().any(|(known, _)| *known == name) {
                return Err(serde::de::Error::custom(TWICE));
            }
            out.push((name, raw));
        }
        Ok(out)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn left(text: &str, layout: Layout, gone: &[(usize, Gone)]) -> String {
        let all = records(text, layout).unwrap();
        without(text, layout, &all, &gone.iter().cloned().collect())
    }

    #[test]
    fn elements_go_with_one_comma_and_values_become_null() {
        let text = "[\n  {\"a\": 1, \"b\": \"x\"},\n  {\"a\": 2},\n  {\"a\": 3}\n]\n";
        let whole = |i| (i, Gone::Whole);
        assert_eq!(left(text, Layout::Array, &[whole(1)]), "[\n  {\"a\": 1, \"b\": \"x\"},\n  {\"a\": 3}\n]\n");
        assert_eq!(left(text, Layout::Array, &[whole(2)]), "[\n  {\"a\": 1, \"b\": \"x\"},\n  {\"a\": 2}\n]\n");
        assert_eq!(left(text, Layout::Array, &[whole(1), whole(2)]), "[\n  {\"a\": 1, \"b\": \"x\"}\n]\n");
        assert_eq!(left(text, Layout::Array, &[whole(0)]), "[\n  {\"a\": 2},\n  {\"a\": 3}\n]\n");
        assert_eq!(left(text, Layout::Array, &[whole(0), whole(1), whole(2)]), "[\n  \n]\n");
        let fields = (0, Gone::Fields(vec!["b".to_owned()]));
        assert_eq!(left(text, Layout::Array, &[fields]), text.replace("\"x\"", "null"));
        let lines = "{\"a\":1}\n\n  {\"a\":2} \r\n{\"a\":3}";
        assert_eq!(left(lines, Layout::Lines, &[whole(1)]), "{\"a\":1}\n\n  {\"a\":3}");
        assert_eq!(left(lines, Layout::Lines, &[whole(2)]), "{\"a\":1}\n\n  {\"a\":2} \r\n");
    }

    #[test]
    fn what_cannot_be_told_is_refused() {
        let cases = [
            ("[{\"a\": 1, \"a\": 2}]", Reason::DuplicateKey),
            ("[{\"a\": 1}", Reason::Damaged),
            ("[1, 2]", Reason::Damaged),
            ("{\"a\": 1}", Reason::Damaged),
        ];
        for (text, reason) in cases {
            assert_eq!(records(text, Layout::Array), Err(reason), "{text}");
        }
        let deep = format!("[{{\"a\": {}{}}}]", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(records(&deep, Layout::Array), Err(Reason::TooDeep));
    }
}
