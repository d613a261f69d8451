//! Shared strings: items that no cell has any more are emptied in place, so that all others keep their numbers.

use std::collections::HashSet;

use quick_xml::events::Event;

use super::xml::{Edited, local, unescape, walk};
use crate::reason::Reason;

/// The text of every item, its runs joined.
pub(super) fn items(text: &str) -> Result<Vec<String>, Reason> {
    let mut out: Vec<String> = Vec::new();
    let (mut inside, mut in_text, mut phonetic) = (false, false, false);
    walk(text, &mut |step| {
        match &step.event {
            Event::Start(e) => match local(e) {
                "si" => {
                    out.push(String::new());
                    inside = true;
                }
                "rPh" => phonetic = true,
                "t" => in_text = inside && !phonetic,
                _ => {}
            },
            Event::Empty(e) if local(e) == "si" => out.push(String::new()),
            Event::End(e) => match e.name().into_inner().rsplit(':').next() {
                Some("si") => inside = false,
                Some("rPh") => phonetic = false,
                Some("t") => in_text = false,
                _ => {}
            },
            Event::Text(_) | Event::GeneralRef(_) | Event::CData(_) if in_text => {
                let raw = text.get(step.at).unwrap_or_default();
                if let Some(last) = out.last_mut() {
                    last.push_str(&unescape(raw));
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(out)
}

/// The part with every item emptied that no cell has any more, and how many that were.
pub(super) fn rewrite(text: &str, kept: &HashSet<u32>) -> Result<(String, u64), Reason> {
    let mut edited = Edited::new(text);
    let (mut number, mut from, mut emptied) = (0u32, None, 0);
    walk(text, &mut |step| {
        match &step.event {
            Event::Start(e) if local(e) == "si" => from = Some(step.at.end),
            Event::Empty(e) if local(e) == "si" => number += 1,
            Event::End(e) if e.name().into_inner().rsplit(':').next() == Some("si") => {
                if let Some(from) = from.take().filter(|_| !kept.contains(&number)) {
                    edited.replace(from..step.at.start, "<t/>");
                    emptied += 1;
                }
                number += 1;
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok((edited.finish(), emptied))
}
