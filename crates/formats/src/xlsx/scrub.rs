//! Values that went, taken out of every other text: validations, names, filters, caches, properties. A value that a cell still has stays,
//! and so does everything that is the workbook's own: names of elements, attributes, sheets and parts, and words of the schema.

use std::collections::HashSet;

use aho_corasick::{AhoCorasick, MatchKind};
use quick_xml::events::{BytesStart, Event};

use super::xml::{Edited, attribute, local, unescape, walk};
use crate::reason::Reason;

/// Shortest number that is looked for, in digits.
const DIGITS_MIN: usize = 6;
/// Shortest number or address that points to one person, in bytes.
const POINTS_MIN: usize = 10;

/// Finds values that went. One that tells of a person (a number, an address, a name of several words or Chinese characters) goes wherever it
/// stands as a whole word; any other word only where it is all that stands there: `left` and `gold` are words of everybody's.
pub(super) struct Scrub {
    telling: Finder,
    /// Those of them that are no words of other alphabets: they go out of formulas too, where such words are functions and names.
    in_formulas: Finder,
    words: HashSet<String>,
}

/// Finds some values.
struct Finder(Option<AhoCorasick>);

impl Finder {
    fn new<'a>(values: impl Iterator<Item = &'a String>) -> Finder {
        let mut patterns: Vec<String> = values.flat_map(|v| [v.clone(), quick_xml::escape::escape(v.as_str()).into_owned()]).collect();
        patterns.sort();
        patterns.dedup();
        let found = (!patterns.is_empty()).then(|| AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&patterns).ok());
        Finder(found.flatten())
    }

    fn has(&self, text: &str) -> bool {
        self.0.as_ref().is_some_and(|v| v.is_match(text))
    }

    /// The text without them, if it has any: whole words only; in their place what `instead` says of the text before.
    fn cleaned(&self, text: &str, instead: &dyn Fn(&str) -> &'static str) -> Option<String> {
        let values = self.0.as_ref()?;
        let whole = |from: usize, to: usize| {
            let before = text.get(..from).and_then(|t| t.chars().next_back());
            let after = text.get(to..).and_then(|t| t.chars().next());
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
        };
        let mut edited = Edited::new(text);
        let mut any = false;
        for found in values.find_iter(text).filter(|m| whole(m.start(), m.end())) {
            edited.replace(found.start()..found.end(), instead(text.get(..found.start()).unwrap_or_default()));
            any = true;
        }
        any.then(|| edited.finish())
    }
}

fn is_number(v: &str) -> bool {
    v.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | ','))
}

/// Whether a value tells of a person wherever it stands.
fn tells(v: &str) -> bool {
    let points = v.len() >= POINTS_MIN && v.bytes().any(|b| b.is_ascii_digit() || b == b'@');
    let number = is_number(v) && v.chars().count() >= DIGITS_MIN;
    points || number || v.chars().filter(|c| is_wide(*c)).count() >= 2 || is_words(v)
}

/// Chinese characters and their like.
fn is_wide(c: char) -> bool {
    c >= '\u{2e80}'
}

/// Several words of letters: a name as many alphabets write it.
fn is_words(v: &str) -> bool {
    v.split_whitespace().filter(|w| w.chars().any(char::is_alphabetic)).count() >= 2
}

impl Scrub {
    /// `kept` are values that cells still have, and names of the workbook's own.
    pub(super) fn new(destroyed: &HashSet<String>, kept: &HashSet<String>) -> Scrub {
        let gone = || destroyed.iter().filter(|v| !kept.contains(*v));
        // A short number in a formula is a bound as often as a value of somebody.
        let short = |v: &String| is_number(v) && v.len() < POINTS_MIN;
        let no_words =
            |v: &&String| tells(v) && !short(v) && (v.chars().any(is_wide) || v.bytes().any(|b| b.is_ascii_digit() || b == b'@'));
        Scrub {
            telling: Finder::new(gone().filter(|v| tells(v))),
            in_formulas: Finder::new(gone().filter(no_words)),
            words: gone().filter(|v| !tells(v) && !is_number(v) && v.chars().count() >= 2).cloned().collect(),
        }
    }

    /// Whether a text has a value that went: anywhere if it tells of a person, else as the whole text.
    pub(super) fn has(&self, text: &str) -> bool {
        self.telling.has(text) || self.words.contains(text.trim())
    }

    /// The text without values that went, if it has any.
    pub(super) fn cleaned(&self, text: &str) -> Option<String> {
        let whole = self.words.contains(unescape(text).trim()).then(String::new);
        whole.or_else(|| self.telling.cleaned(text, &|_| ""))
    }

    /// The text of a part that need not be well formed, without values that tell of a person.
    pub(super) fn plain(&self, text: &str) -> Option<String> {
        self.in_formulas.cleaned(text, &|_| "")
    }

    /// A text inside of an element.
    pub(super) fn text(&self, element: &str, raw: &str) -> Option<String> {
        if is_formula(element) { self.in_formulas.cleaned(raw, &in_formula) } else { self.cleaned(raw) }
    }

    /// A part without values that went, in texts and in attributes that may have one.
    pub(super) fn part(&self, text: &str) -> Result<Option<String>, Reason> {
        let mut edited = Edited::new(text);
        let mut any = false;
        let mut element = String::new();
        walk(text, &mut |step| {
            let raw = text.get(step.at.clone()).unwrap_or_default();
            let cleaned = match &step.event {
                Event::Start(e) => {
                    local(e).clone_into(&mut element);
                    self.attributes(e, raw)
                }
                Event::Empty(e) => self.attributes(e, raw),
                Event::Text(_) | Event::CData(_) | Event::Comment(_) => self.text(&element, raw),
                _ => None,
            };
            if let Some(cleaned) = cleaned {
                edited.replace(step.at, &cleaned);
                any = true;
            }
            Ok(())
        })?;
        Ok(any.then(|| edited.finish()))
    }

    /// A tag with the values of its attributes cleaned, where they may be somebody's.
    pub(super) fn attributes(&self, e: &BytesStart<'_>, tag: &str) -> Option<String> {
        let external = attribute(e, "TargetMode").is_some_and(|m| m == "External");
        let (mut out, mut any) = (String::with_capacity(tag.len()), false);
        let mut rest = tag;
        while let Some(at) = rest.find(['"', '\'']) {
            let (head, quoted) = rest.split_at(at + 1);
            let quote = head.chars().next_back().unwrap_or('"');
            let name = head.trim_end_matches([quote, '=']).trim_end().trim_end_matches('=').trim_end();
            let name = name.rsplit(|c: char| c.is_whitespace()).next().unwrap_or_default();
            let end = quoted.find(quote).unwrap_or(quoted.len());
            let (value, tail) = quoted.split_at(end);
            out.push_str(head);
            match Some(value).filter(|_| may_have_value(local(e), name, external)).and_then(|v| self.cleaned(v)) {
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

/// Elements whose text is a formula.
/// What stands in a formula for a value that went: nothing inside of a text, else a number, for a formula with a gap is none.
fn in_formula(before: &str) -> &'static str {
    let quotes = before.matches('"').count() + before.matches("&quot;").count();
    if quotes.is_multiple_of(2) { "0" } else { "" }
}

fn is_formula(element: &str) -> bool {
    matches!(element, "f" | "formula" | "formula1" | "formula2" | "definedName" | "oldFormula" | "calculatedColumnFormula")
}

/// Attributes that may have a value of a cell or what somebody wrote (ECMA-376 part 1); all others are words of the schema, names that parts
/// and formulas refer to, or numbers.
fn may_have_value(element: &str, name: &str, external: bool) -> bool {
    match name.rsplit(':').next().unwrap_or(name) {
        "display" | "tooltip" | "prompt" | "promptTitle" | "error" | "errorTitle" | "descr" | "alt" | "displayName" | "description" => true,
        "caption" | "comment" | "totalsRowLabel" | "title" | "user" | "string" | "href" => true,
        "val" => matches!(element, "filter" | "customFilter" | "inputCells"),
        "v" => matches!(element, "s" | "n" | "d" | "x"),
        "text" => element == "cfRule",
        "name" => matches!(element, "cNvPr" | "docPr" | "property" | "scenario" | "person"),
        "Target" => element == "Relationship" && external,
        _ => false,
    }
}
