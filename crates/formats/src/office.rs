//! The text of DOCX documents and XLSX workbooks: every part, runs joined within a paragraph, values of attributes that may hold something.

use std::io::{Read, Seek};

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::encoding::decode;
use crate::html::{self, unescape};
use crate::kind::Kind;
use crate::reason::Reason;
use crate::xlsx;

/// Behind it stand values of attributes (ASCII unit separator; no text of a leaf has it elsewhere): styles, names of parts, numbers of extensions,
/// which every package of a program has alike. They are looked through like all text, but are nobody's to be looked for.
pub const PROGRAMS_OWN: char = '\u{1f}';

/// Deepest nesting that is followed.
const DEPTH_MAX: usize = 256;

/// All texts of a package, part by part.
///
/// # Errors
/// If it is damaged, locked, too large, or a part is no sound XML.
pub(crate) fn text(mut input: impl Read + Seek, kind: Kind) -> Result<String, Reason> {
    let (mut out, mut beside) = (String::new(), String::new());
    let mut document = false;
    if kind == Kind::Workbook {
        xlsx::check(&mut input)?;
        input.rewind()?;
    }
    xlsx::parts(input, &mut |name, bytes| {
        if name.ends_with(".xml") || name.ends_with(".rels") {
            // Values of attributes behind the text, so that they cut nothing in two.
            let (xml, mut links) = (decode(bytes, None), String::new());
            part(&xml, name, &mut out, (&mut links, &mut beside))?;
            out.push_str(&links);
            if is_properties(name) {
                // Whoever put prose there cut it in pieces as anywhere else.
                let mut joined = String::new();
                part(&xml, "", &mut joined, (&mut String::new(), &mut String::new()))?;
                beside.extend(["\n", &joined]);
            }
        } else if name.ends_with(".vml") {
            out.push_str(&html::text(bytes));
        }
        out.push('\n');
        document |= name == "word/document.xml";
        Ok(())
    })?;
    out = out.replace(PROGRAMS_OWN, " ");
    out.push(PROGRAMS_OWN);
    out.push_str(&beside.replace(PROGRAMS_OWN, " "));
    if kind == Kind::Docx && !document { Err(Reason::Damaged) } else { Ok(out) }
}

/// Parts in which every element says something of its own.
fn is_properties(part: &str) -> bool {
    part.starts_with("docProps/") || part.starts_with("customXml/")
}

/// Ends of these elements end a line.
fn ends_line(name: &str) -> bool {
    matches!(local(name), "p" | "si" | "row" | "c" | "f" | "v" | "comment" | "tr" | "br" | "Relationship")
}

/// Elements that say when a package was made, changed or printed (ECMA-376 part 2, §11.1; part 1, §22.4.2.12): packages of one template or export
/// share that, and it is nobody's.
fn is_time(name: &str) -> bool {
    matches!(local(name), "created" | "modified" | "lastPrinted" | "filetime")
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or_default()
}

/// Whether an element leads out of its package: somebody wrote where to.
fn is_link(attributes: &str) -> bool {
    attributes.contains("TargetMode=\"External\"") || attributes.contains("TargetMode='External'")
}

/// Reads a part: its text; behind it where it leads, what people write into attributes, and its text otherwise written; values of all other attributes.
/// Of properties each element is a line, and times stand beside.
fn part(xml: &str, name: &str, out: &mut String, (links, beside): (&mut String, &mut String)) -> Result<(), Reason> {
    let (properties, times) = (is_properties(name), name.starts_with("docProps/"));
    let ends = |name: &str| properties || ends_line(name);
    let mut reader = Reader::from_str(xml);
    let (mut depth, mut time) = (0usize, false);
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
                time = times && is_time(e.name().into_inner());
                attributes(e.attributes_raw(), links, beside);
            }
            Event::Empty(e) => {
                attributes(e.attributes_raw(), links, beside);
                if ends(e.name().into_inner()) {
                    out.push('\n');
                }
            }
            Event::End(e) => {
                if std::mem::take(&mut time) {
                    beside.push('\n');
                }
                depth = depth.saturating_sub(1);
                if ends(e.name().into_inner()) {
                    out.push('\n');
                }
            }
            Event::Text(t) if time => beside.push_str(&t),
            Event::Text(t) => {
                out.push_str(&t);
                as_stored(&t, links);
            }
            Event::CData(t) => (if time { &mut *beside } else { &mut *out }).push_str(&t),
            Event::Comment(t) => links.extend(["\n", &*unescape(&t)]),
            Event::PI(t) => beside.extend(["\n", &*unescape(&t)]),
            Event::GeneralRef(r) => (if time { &mut *beside } else { &mut *out }).push_str(&unescape(&format!("&{};", &*r))),
            _ => {}
        }
    }
}

/// Texts that are written otherwise than they are meant: whole numbers with an exponent, `_x0031_` for a character.
fn as_stored(text: &str, out: &mut String) {
    if text.contains("_x") {
        let shown = text.split("_x").enumerate().map(|(i, rest)| {
            let code = rest.get(..4).filter(|_| i > 0 && rest.get(4..5) == Some("_")).and_then(|c| u32::from_str_radix(c, 16).ok());
            let c = code.and_then(char::from_u32).map(|c| c.to_string() + rest.get(5..).unwrap_or_default());
            c.unwrap_or_else(|| if i > 0 { "_x".to_owned() + rest } else { rest.to_owned() })
        });
        out.extend(["\n", &shown.collect::<String>()]);
    }
    let number = || text.len() <= NUMBER_MAX && text.starts_with(|c: char| c.is_ascii_digit()) && text.contains(['E', 'e']);
    if let Some(number) = number().then(|| text.parse::<f64>().ok()).flatten().filter(|n| n.fract() == 0.0 && n.abs() < 1e18) {
        out.push_str(&format!("\n{number:.0}"));
    }
}

/// Longest number that is written with an exponent.
const NUMBER_MAX: usize = 32;

/// Shortest value of an attribute that is more than a setting.
const VALUE_MIN: usize = 4;

/// Attributes that hold what somebody wrote or who did (ECMA-376): authors, instructions of fields, descriptions, cached values, shown texts.
const WRITTEN: [&str; 14] = [
    "author",
    "initials",
    "instr",
    "descr",
    "title",
    "v",
    "display",
    "tooltip",
    "location",
    "prompt",
    "promptTitle",
    "error",
    "userId",
    "alt",
];

/// Values of attributes that are longer than a mere setting: what somebody wrote, and all others.
fn attributes(raw: &str, written: &mut String, beside: &mut String) {
    let (mut rest, link) = (raw, is_link(raw));
    while let Some(at) = rest.find(['"', '\'']) {
        let (name, quoted) = rest.split_at(at);
        let name = name.trim_end_matches(|c: char| c == '=' || c.is_whitespace()).rsplit([' ', '\n', '\t', ':']).next().unwrap_or_default();
        let (quote, inside) = quoted.split_at(1);
        let (value, after) = inside.split_once(quote).unwrap_or((inside, ""));
        let telling = value.chars().count() >= VALUE_MIN || !value.is_ascii();
        if telling && !value.starts_with("http://schemas") {
            let out = if link || WRITTEN.contains(&name) { &mut *written } else { &mut *beside };
            out.extend(["\n", &*unescape(value), "\n"]);
        }
        rest = after;
    }
}
