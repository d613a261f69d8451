//! HTML and XML as text: entities undone, tags out, and what is not shown (comments, scripts, what stands in tags) kept as well.

use crate::encoding::decode;
use crate::text::is_binary;

/// The text of a page, and whether all of its bytes are of one encoding.
pub(crate) fn page(bytes: &[u8]) -> (String, bool) {
    let head = String::from_utf8_lossy(bytes.get(..bytes.len().min(2_048)).unwrap_or(bytes)).to_lowercase();
    let told = head.split("charset=").nth(1).or_else(|| head.split("encoding=").nth(1)).map(|rest| {
        let rest = rest.trim_start_matches(['"', '\'']);
        rest.split(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c))).next().unwrap_or_default().to_owned()
    });
    let written = decode(bytes, told.as_deref());
    let sound = !is_binary(&written) && (!written.contains('\u{fffd}') || std::str::from_utf8(bytes).is_ok());
    (plain(&written), sound)
}

/// The text of a page, as far as it can be read.
pub(crate) fn text(bytes: &[u8]) -> String {
    page(bytes).0
}

/// Tags out; comments and what stands in tags stay, each on a line of its own behind the text, so that they cut nothing in two.
fn plain(page: &str) -> String {
    let mut out = String::with_capacity(page.len());
    let mut beside = String::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        out.push_str(&unescape(before));
        if let Some(comment) = tag.strip_prefix("<!--") {
            let (inside, after) = comment.split_once("-->").unwrap_or((comment, ""));
            hidden(inside, &mut beside);
            rest = after;
        } else if let Some(data) = tag.strip_prefix("<![CDATA[") {
            let (inside, after) = data.split_once("]]>").unwrap_or((data, ""));
            out.push_str(inside);
            rest = after;
        } else if is_tag(tag) {
            let (inside, after) = tag.split_at(tag.find('>').map_or(tag.len(), |n| n + 1));
            out.push_str(if is_inline(inside) { "" } else { "\n" });
            if inside.contains(|c: char| !(c.is_ascii_alphanumeric() || "</>!".contains(c))) {
                beside.push('\n');
                beside.push_str(&unescape(inside));
            }
            rest = after;
        } else {
            // A sign in a text.
            out.push('<');
            rest = tag.get(1..).unwrap_or_default();
        }
    }
    out.push_str(&unescape(rest));
    out + &beside
}

/// A comment as it stands, and what it would say if it were shown.
fn hidden(comment: &str, beside: &mut String) {
    beside.push('\n');
    beside.push_str(&unescape(comment));
    if comment.contains('<') {
        beside.push('\n');
        let shown = comment.split('<').enumerate().map(|(i, s)| if i == 0 { s } else { s.split_once('>').map_or(s, |(_, shown)| shown) });
        beside.push_str(&unescape(&shown.collect::<String>()));
    }
}

/// Whether a sign begins a tag.
fn is_tag(text: &str) -> bool {
    text.get(1..).and_then(|t| t.chars().next()).is_some_and(|c| c.is_alphabetic() || "/!?_".contains(c))
}

/// Tags that cut no word in two.
const INLINE: &str =
    "a abbr b bdi bdo big cite code data del em font i ins kbd label mark nobr q s samp small span strike strong sub sup time tt u var wbr";

/// Whether a text goes on behind a tag.
fn is_inline(tag: &str) -> bool {
    let name: String = tag.trim_start_matches(['<', '/']).chars().take_while(char::is_ascii_alphanumeric).collect();
    INLINE.split(' ').any(|known| known == name.to_lowercase())
}

/// Entities undone: by number, and those by name that stand in usual texts.
pub(crate) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, entity) = rest.split_at(at);
        out.push_str(before);
        match named(entity) {
            Some((c, len)) => {
                out.push(c);
                rest = entity.get(len..).unwrap_or_default();
            }
            None => {
                out.push('&');
                rest = entity.get(1..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
    out
}

/// Longest entity that is known, in bytes: zeros may stand before its number.
const ENTITY_MAX: usize = 40;

/// The character of an entity, and its bytes; a number may end without a semicolon.
fn named(entity: &str) -> Option<(char, usize)> {
    let near = entity.as_bytes().get(1..entity.len().min(ENTITY_MAX)).unwrap_or_default();
    let digits = near.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'#').count();
    if near.get(digits) == Some(&b';')
        && let Some(c) = entity.get(1..=digits).and_then(character)
    {
        return Some((c, digits + 2));
    }
    if near.first() != Some(&b'#') {
        return None;
    }
    let hex = matches!(near, [b'#', b'x' | b'X', ..]);
    let is_digit = |b: &&u8| if hex { b.is_ascii_hexdigit() } else { b.is_ascii_digit() };
    let lead = if hex { 2 } else { 1 };
    let len = 1 + lead + near.iter().skip(lead).take_while(is_digit).count();
    entity.get(1..len).and_then(character).map(|c| (c, len))
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" | "ensp" | "emsp" => Some(' '),
        "commat" => Some('@'),
        "period" => Some('.'),
        "middot" => Some('·'),
        "shy" | "zwnj" | "zwj" => Some('\u{ad}'),
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            // As browsers show it.
            char::from_u32(code).map(|c| if c == '\0' { '\u{fffd}' } else { c })
        }
    }
}
