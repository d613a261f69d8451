//! XML parts walked event by event with the bytes that each takes, so that all bytes but the changed ones stay as they are.

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::reason::Reason;

/// Deepest nesting that is followed.
const DEPTH_MAX: usize = 256;

/// An event and its bytes.
pub(super) struct Step<'a> {
    pub event: Event<'a>,
    pub at: Range<usize>,
}

/// Walks a part.
///
/// # Errors
/// If it is no XML, declares entities, or is nested too deep.
pub(super) fn walk<'a>(text: &'a str, hear: &mut dyn FnMut(Step<'a>) -> Result<(), Reason>) -> Result<(), Reason> {
    let mut reader = Reader::from_str(text);
    let mut depth = 0usize;
    loop {
        let from = usize::try_from(reader.buffer_position()).unwrap_or_default();
        let event = reader.read_event().map_err(|_| Reason::Damaged)?;
        let to = usize::try_from(reader.buffer_position()).unwrap_or_default();
        match &event {
            Event::Eof => return if depth == 0 { Ok(()) } else { Err(Reason::Damaged) },
            Event::DocType(t) if t.contains("SYSTEM") || t.contains("PUBLIC") => return Err(Reason::ExternalEntity),
            Event::DocType(_) => return Err(Reason::EntityBomb),
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err(Reason::TooDeep);
        }
        hear(Step { event, at: from..to })?;
    }
}

/// An element's name without its prefix.
pub(super) fn local<'a>(start: &'a BytesStart<'_>) -> &'a str {
    let name = start.name().into_inner();
    name.rsplit(':').next().unwrap_or(name)
}

/// An attribute's value by its full name, entities undone.
pub(super) fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = start.attributes().flatten().find(|a| a.key.into_inner() == name)?;
    Some(unescape(&found.value))
}

/// Text with its entities undone; what is no entity stays.
pub(super) fn unescape(text: &str) -> String {
    quick_xml::escape::unescape(text).map_or_else(|_| text.to_owned(), std::borrow::Cow::into_owned)
}

/// A part that is changed piece by piece.
pub(super) struct Edited<'a> {
    text: &'a str,
    out: String,
    done: usize,
}

impl<'a> Edited<'a> {
    pub(super) fn new(text: &'a str) -> Edited<'a> {
        Edited { text, out: String::with_capacity(text.len()), done: 0 }
    }

    /// Puts other text in the place of these bytes; pieces come in order.
    pub(super) fn replace(&mut self, at: Range<usize>, by: &str) {
        if at.start < self.done {
            return;
        }
        self.out.push_str(self.text.get(self.done..at.start).unwrap_or_default());
        self.out.push_str(by);
        self.done = at.end;
    }

    pub(super) fn finish(mut self) -> String {
        self.out.push_str(self.text.get(self.done..).unwrap_or_default());
        self.out
    }
}
