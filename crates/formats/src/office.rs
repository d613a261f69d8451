//! The text of DOCX documents and XLSX workbooks: every part, runs joined within a paragraph, values of attributes that may hold something.

use std::io::{Read, Seek};

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::html::unescape;
use crate::kind::Kind;
use crate::reason::Reason;
use crate::xlsx;

/// Deepest nesting that is followed.
const DEPTH_MAX: usize = 256;

/// All texts of a package, part by part.
///
/// # Errors
/// If it is damaged, locked, too large, or a part is no sound XML.
pub(crate) fn text(mut input: impl Read + Seek, kind: Kind) -> Result<String, Reason> {
    let mut out = String::new();
    let mut document = false;
    if kind == Kind::Workbook {
        xlsx::check(&mut input)?;
        input.rewind()?;
    }
    xlsx::parts(input, &mut |name, bytes| {
        if name.ends_with(".xml") || name.ends_with(".rels") {
            // Values of attributes behind the text, so that they cut nothing in two.
            let mut beside = String::new();
            part(&String::from_utf8_lossy(bytes), &mut out, &mut beside)?;
            out.push_str(&beside);
        } else if name.ends_with(".vml") {
            out.push_str(&String::from_utf8_lossy(bytes));
        }
        out.push('\n');
        document |= name == "word/document.xml";
        Ok(())
    })?;
    if kind == Kind::Docx && !document { Err(Reason::Damaged) } else { Ok(out) }
}

/// Ends of these elements end a line.
fn ends_line(name: &str) -> bool {
    matches!(name.rsplit(':').next(), Some("p" | "si" | "row" | "c" | "comment" | "tr" | "br" | "Relationship"))
}

fn part(xml: &str, out: &mut String, beside: &mut String) -> Result<(), Reason> {
    let mut reader = Reader::from_str(xml);
    let mut depth = 0usize;
    loop {
        match reader.read_event().map_err(|_| Reason::Damaged)? {
            Event::Eof => return if depth == 0 { Ok(()) } else { Err(Reason::Damaged) },
            Event::DocType(t) => {
                let external = t.contains("SYSTEM") || t.contains("PUBLIC");
                return Err(if external { Reason::ExternalEntity } else { Reason::EntityBomb });
            }
            Event::Start(e) => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(Reason::TooDeep);
                }
                attributes(e.attributes_raw(), beside);
            }
            Event::Empty(e) => {
                attributes(e.attributes_raw(), beside);
                if ends_line(e.name().into_inner()) {
                    out.push('\n');
                }
            }
            Event::End(e) => {
                depth = depth.saturating_sub(1);
                if ends_line(e.name().into_inner()) {
                    out.push('\n');
                }
            }
            Event::Text(t) => out.push_str(&t),
            Event::CData(t) => out.push_str(&t),
            Event::GeneralRef(r) => out.push_str(&unescape(&format!("&{};", &*r))),
            _ => {}
        }
    }
}

/// Values of attributes that are longer than a mere setting.
fn attributes(raw: &str, out: &mut String) {
    for value in raw.split('"').skip(1).step_by(2) {
        let telling = value.chars().count() >= 2
            && (value.contains('@') || !value.is_ascii() || value.bytes().filter(u8::is_ascii_digit).count() >= 7);
        if telling && !value.starts_with("http://schemas") {
            out.push('\n');
            out.push_str(&unescape(value));
            out.push('\n');
        }
    }
}
