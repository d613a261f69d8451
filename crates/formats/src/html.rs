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

/// Tags out; values of attributes stay, each on a line of its own.
fn plain(page: &str) -> String {
    let mut out = String::with_capacity(page.len());
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        out.push_str(&unescape(before));
        if let Some(comment) = tag.strip_prefix("<!--") {
            let (inside, after) = comment.split_once("-->").unwrap_or((comment, ""));
            out.push('\n');
            out.push_str(inside);
            rest = after;
            continue;
        }
        let end = tag.find('>').map_or(tag.len(), |n| n + 1);
        let (inside, after) = tag.split_at(end);
        out.push_str(if is_inline(inside) { "" } else { "\n" });
        for value in inside.split(['"', '\'']).skip(1).step_by(2).filter(|v| !v.trim().is_empty()) {
            out.push('\n');
            out.push_str(&unescape(value));
            out.push('\n');
        }
        rest = after;
    }
    out.push_str(&unescape(rest));
    out
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
        let end = entity.find(';').filter(|n| *n <= 10);
        match end.and_then(|n| character(entity.get(1..n)?)) {
            Some(c) => {
                out.push(c);
                rest = entity.get(end.unwrap_or_default() + 1..).unwrap_or_default();
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
