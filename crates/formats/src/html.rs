//! HTML as text: entities undone, tags out, and what is not shown (comments, scripts, attributes with values) kept as well.

use crate::text::decode;

/// The text of a page.
pub(crate) fn text(bytes: &[u8]) -> String {
    let head = String::from_utf8_lossy(bytes.get(..bytes.len().min(2_048)).unwrap_or(bytes)).to_lowercase();
    let told = head.split("charset=").nth(1).map(|rest| {
        let rest = rest.trim_start_matches(['"', '\'']);
        rest.split(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c))).next().unwrap_or_default().to_owned()
    });
    plain(&decode(bytes, told.as_deref()))
}

/// Tags out; comments and values of attributes stay, each on a line of its own behind the text, so that they cut nothing in two.
fn plain(page: &str) -> String {
    let mut out = String::with_capacity(page.len());
    let mut beside = String::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        out.push_str(&unescape(before));
        if let Some(comment) = tag.strip_prefix("<!--") {
            let (inside, after) = comment.split_once("-->").unwrap_or((comment, ""));
            beside.push('\n');
            beside.push_str(&unescape(inside));
            rest = after;
            continue;
        }
        let end = tag.find('>').map_or(tag.len(), |n| n + 1);
        let (inside, after) = tag.split_at(end);
        out.push_str(if is_inline(inside) { "" } else { "\n" });
        for value in inside.split(['"', '\'']).skip(1).step_by(2).filter(|v| !v.trim().is_empty()) {
            let value = unescape(value);
            beside.push('\n');
            beside.push_str(&value);
            if let Some(decoded) = percent_decoded(&value) {
                beside.push('\n');
                beside.push_str(&decoded);
            }
        }
        // Without quotes a value ends at a space.
        for value in inside.split_ascii_whitespace().filter_map(|word| word.split_once('=')).map(|(_, v)| v.trim_end_matches(['>', '/'])) {
            if !value.starts_with(['"', '\'']) {
                beside.push('\n');
                beside.push_str(&unescape(value));
            }
        }
        rest = after;
    }
    out.push_str(&unescape(rest));
    out + &beside
}

/// `a%40b` → `a@b`; none if nothing is written so.
fn percent_decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    let mut any = false;
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|d| std::str::from_utf8(d).ok()).and_then(|d| u8::from_str_radix(d, 16).ok());
        match (*first, code) {
            (b'%', Some(byte)) => {
                out.push(byte);
                any = true;
                rest = after.get(2..).unwrap_or_default();
            }
            (byte, _) => {
                out.push(byte);
                rest = after;
            }
        }
    }
    any.then(|| String::from_utf8_lossy(&out).into_owned())
}

fn is_inline(tag: &str) -> bool {
    let name: String = tag.trim_start_matches(['<', '/']).chars().take_while(char::is_ascii_alphanumeric).collect();
    ["a", "b", "i", "u", "em", "strong", "span", "font", "small", "wbr", "mark", "sub", "sup"].contains(&name.to_lowercase().as_str())
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
const ENTITY_MAX: usize = 16;

/// The character of an entity, and its bytes; a number may end without a semicolon.
fn named(entity: &str) -> Option<(char, usize)> {
    let near = entity.as_bytes().get(1..entity.len().min(ENTITY_MAX)).unwrap_or_default();
    let digits = near.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'#').count();
    let closed = usize::from(near.get(digits) == Some(&b';'));
    if closed == 1 {
        return character(entity.get(1..=digits)?).map(|c| (c, digits + 2));
    }
    let hex = matches!(near, [b'#', b'x' | b'X', ..]);
    let is_digit = |b: &&u8| if hex { b.is_ascii_hexdigit() } else { b.is_ascii_digit() };
    let lead = if hex { 2 } else { 1 };
    let number = near.iter().skip(lead).take_while(is_digit).count();
    let len = 1 + lead + number;
    (near.first() == Some(&b'#') && number > 0).then(|| character(entity.get(1..len)?)).flatten().map(|c| (c, len))
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
            char::from_u32(code)
        }
    }
}
