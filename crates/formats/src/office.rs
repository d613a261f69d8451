//! The text of DOCX documents and XLSX workbooks: every part, runs joined within a paragraph, values of attributes that may hold something.

use std::io::{Read, Seek};

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::html::{self, unescape};
use crate::kind::Kind;
use crate::reason::Reason;
use crate::text::decode;
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
            part(&decode(bytes, None), &mut out, &mut beside)?;
            out.push_str(&beside);
        } else if name.ends_with(".vml") {
            out.push_str(&html::text(bytes));
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
                attributes(e.name().into_inner(), e.attributes_raw(), beside);
            }
            Event::Empty(e) => {
                attributes(e.name().into_inner(), e.attributes_raw(), beside);
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
            Event::Text(t) => {
                out.push_str(&t);
                as_stored(&t, beside);
            }
            Event::CData(t) => out.push_str(&t),
            Event::Comment(t) => beside.extend(["\n", &*unescape(&t)]),
            Event::PI(t) => beside.extend(["\n", &*unescape(&t)]),
            Event::GeneralRef(r) => out.push_str(&unescape(&format!("&{};", &*r))),
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

/// Values of attributes that are longer than a mere setting.
fn attributes(element: &str, raw: &str, out: &mut String) {
    let mut rest = if element.ends_with("panose1") { "" } else { raw };
    while let Some(at) = rest.find(['"', '\'']) {
        let (before, quoted) = rest.split_at(at);
        let name = before.trim_end_matches(|c: char| c == '=' || c.is_whitespace()).split_whitespace().next_back().unwrap_or_default();
        let (quote, inside) = quoted.split_at(1);
        let (value, after) = inside.split_once(quote).unwrap_or((inside, ""));
        let telling = value.chars().count() >= VALUE_MIN || !value.is_ascii();
        if telling && !is_of_the_program(name, value) {
            out.extend(["\n", &*unescape(value), "\n"]);
        }
        rest = after;
    }
}

/// Whether a value is what programs write into every package, of which it tells nothing: a namespace, the name of a part, an extension's number
/// (`{8-4-4-4-12}`), the shape of a font. Such values of one package stand in the others too.
fn is_of_the_program(name: &str, value: &str) -> bool {
    let is_guid = |v: &str| v.len() == 36 && v.chars().all(|c| c == '-' || c.is_ascii_hexdigit());
    let guid = value.strip_prefix('{').and_then(|v| v.strip_suffix('}')).is_some_and(is_guid);
    let namespace = name == "xmlns" || name.starts_with("xmlns:") || value.starts_with("http://schemas");
    namespace || guid || name == "panose" || is_part(value)
}

/// Most digits behind the word that names a part: more may be a number of somebody.
const PART_DIGITS_MAX: usize = 3;

/// `../worksheets/sheet1.xml`, `/xl/theme/theme1.xml`: folders of letters, and a word with a number.
fn is_part(value: &str) -> bool {
    let stem = [".xml", ".rels", ".vml", ".bin"].iter().find_map(|end| value.strip_suffix(end));
    let Some((file, folders)) =
        stem.and_then(|stem| stem.rsplit('/').next().map(|file| (file, stem.strip_suffix(file).unwrap_or_default())))
    else {
        return false;
    };
    let word = file.trim_end_matches(|c: char| c.is_ascii_digit());
    let plain = |c: char| c.is_ascii_alphabetic() || "/._".contains(c);
    file.len() - word.len() <= PART_DIGITS_MAX
        && !word.is_empty()
        && word.chars().all(|c| c.is_ascii_alphabetic())
        && folders.chars().all(plain)
}
