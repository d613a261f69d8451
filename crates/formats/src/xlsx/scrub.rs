//! Values that went, taken out of every other text: validations, names, filters, caches, properties. A value that a cell still has stays.

use std::collections::HashSet;

use aho_corasick::{AhoCorasick, MatchKind};
use quick_xml::events::Event;

use super::xml::{Edited, walk};
use crate::reason::Reason;

/// Shortest value that is looked for, in characters, and shortest number, in digits.
const CHARS_MIN: usize = 2;
const DIGITS_MIN: usize = 6;

/// Finds values that went.
pub(super) struct Scrub {
    values: Option<AhoCorasick>,
}

impl Scrub {
    pub(super) fn new(destroyed: &HashSet<String>, kept: &HashSet<String>) -> Scrub {
        let telling = |v: &&String| {
            let plain = v.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | ','));
            v.chars().count() >= if plain { DIGITS_MIN } else { CHARS_MIN }
        };
        let mut patterns: Vec<String> = destroyed.iter().filter(telling).filter(|v| !kept.contains(*v)).cloned().collect();
        let escaped: Vec<String> = patterns.iter().map(|p| quick_xml::escape::escape(p.as_str()).into_owned()).collect();
        patterns.extend(escaped);
        patterns.sort();
        patterns.dedup();
        let values =
            (!patterns.is_empty()).then(|| AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&patterns).ok()).flatten();
        Scrub { values }
    }

    /// Whether a text has a value that went, anywhere.
    pub(super) fn has(&self, text: &str) -> bool {
        self.values.as_ref().is_some_and(|v| v.is_match(text))
    }

    /// The text without values that went, if it has any: whole words only.
    pub(super) fn cleaned(&self, text: &str) -> Option<String> {
        let values = self.values.as_ref()?;
        let whole = |from: usize, to: usize| {
            let before = text.get(..from).and_then(|t| t.chars().next_back());
            let after = text.get(to..).and_then(|t| t.chars().next());
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
        };
        let mut edited = Edited::new(text);
        let mut any = false;
        for found in values.find_iter(text).filter(|m| whole(m.start(), m.end())) {
            edited.replace(found.start()..found.end(), "");
            any = true;
        }
        any.then(|| edited.finish())
    }

    /// A part without values that went, in texts and attributes.
    pub(super) fn part(&self, text: &str) -> Result<Option<String>, Reason> {
        if self.values.as_ref().is_none_or(|v| !v.is_match(text)) {
            return Ok(None);
        }
        let mut edited = Edited::new(text);
        walk(text, &mut |step| {
            let raw = text.get(step.at.clone()).unwrap_or_default();
            let cleaned = match step.event {
                // Names of elements and attributes are no values.
                Event::Start(_) | Event::Empty(_) => self.attributes(raw),
                Event::Text(_) | Event::CData(_) | Event::Comment(_) => self.cleaned(raw),
                _ => None,
            };
            if let Some(cleaned) = cleaned {
                edited.replace(step.at, &cleaned);
            }
            Ok(())
        })?;
        Ok(Some(edited.finish()))
    }

    /// A tag with its attributes' values cleaned.
    fn attributes(&self, tag: &str) -> Option<String> {
        let (mut out, mut any) = (String::with_capacity(tag.len()), false);
        let mut rest = tag;
        while let Some(at) = rest.find(['"', '\'']) {
            let (head, quoted) = rest.split_at(at + 1);
            let quote = head.chars().next_back().unwrap_or('"');
            let end = quoted.find(quote).unwrap_or(quoted.len());
            let (value, tail) = quoted.split_at(end);
            out.push_str(head);
            match self.cleaned(value) {
                Some(cleaned) => {
                    any = true;
                    out.push_str(&cleaned);
                }
                None => out.push_str(value),
            }
            let close = tail.len().min(1);
            out.push_str(tail.get(..close).unwrap_or_default());
            rest = tail.get(close..).unwrap_or_default();
        }
        out.push_str(rest);
        any.then_some(out)
    }
}
