//! Ids and places: the only names that may stand in a ledger line.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An id: one to four lower-case letters, a hyphen, up to 40 of `[A-Za-z0-9_.]` (EVIDENCE §2).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Id(String);

impl Id {
    /// The id of that text, if it has the form.
    pub fn new(text: impl Into<String>) -> Option<Id> {
        let text = text.into();
        let (head, tail) = text.split_once('-')?;
        let head_ok = (1..=4).contains(&head.len()) && head.bytes().all(|b| b.is_ascii_lowercase());
        let tail_ok = (1..=40).contains(&tail.len()) && tail.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.');
        (head_ok && tail_ok).then_some(Id(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A place: `src2`, `src2/t14`, `src2/f0417.s1`: what stands for a source, table, file or sheet name.
///
/// Up to 80 characters of `[a-z0-9./_]`, beginning with a letter: real names live in sealed bodies.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Place(String);

impl Place {
    /// The place of that text, if it has the form.
    pub fn new(text: impl Into<String>) -> Option<Place> {
        let text = text.into();
        let ok = (1..=80).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'/' | b'_'));
        ok.then_some(Place(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The source that the place lies in: `src2` of `src2/t14`.
    pub fn source(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    /// Whether it is another sheet of the same workbook: `src1/f2.s1` beside `src1/f2.s3`.
    pub fn is_beside(&self, other: &Place) -> bool {
        let book = |p: &Place| p.0.rsplit_once(".s").map(|(book, _)| book.to_owned());
        book(self).is_some_and(|own| book(other) == Some(own))
    }

    /// Whether it lies below another: `src1/f2.s1` in `src1/f2`.
    pub fn is_within(&self, other: &Place) -> bool {
        self.0.strip_prefix(&other.0).is_some_and(|rest| rest.starts_with(['.', '/']))
    }
}

macro_rules! as_text {
    ($($name:ident: $what:literal),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<$name, String> {
                $name::new(text).ok_or_else(|| $what.to_owned())
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
    )*};
}

as_text!(Id: "an id is written like k-0123abcd", Place: "a place is written like src2/t14");
