//! Text: whether bytes are one, and what its lines read as without escapes.

use crate::encoding::{decode, encoding, utf_32};
use crate::escapes::{undone_percent, undone_unicode};
use crate::reason::Reason;

/// The text of bytes, if they are of one encoding.
///
/// # Errors
/// If they are not.
pub(crate) fn strictly(bytes: &[u8]) -> Result<String, Reason> {
    if let Some(text) = utf_32(bytes) {
        return if is_binary(&text) || text.contains('\u{fffd}') { Err(Reason::BadEncoding) } else { Ok(text) };
    }
    let (encoding, skip) = encoding(bytes, None);
    let (text, malformed) = encoding.decode_without_bom_handling(bytes.get(skip..).unwrap_or_default());
    // A page of one byte a character takes anything: characters of several bytes in it betray another encoding beside it.
    let mixed = encoding.is_single_byte() && String::from_utf8_lossy(bytes).chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    // What begins as text and goes on as something else is no text.
    if malformed || mixed || is_binary(&text) { Err(Reason::BadEncoding) } else { Ok(text.into_owned()) }
}

/// Whether more than one character in a thousand is none that a text has.
pub(crate) fn is_binary(text: &str) -> bool {
    // Line ends, tabs, colours of terminals; the last sign of texts from DOS.
    let odd = |c: &char| c.is_control() && !matches!(c, '\t'..='\r' | '\u{1b}');
    let text = text.strip_suffix('\u{1a}').unwrap_or(text);
    text.contains('\0') || text.chars().filter(odd).count() * 1_000 > text.chars().count()
}

/// A text, and behind it every line once more that is written with escapes (`\u4e0a`, `%40`, colours of terminals, Base64 of directories).
pub(crate) fn with_undone(mut text: String) -> String {
    let mut out = String::new();
    let ways: [(&str, fn(&str) -> Option<String>); 3] = [("\\u", undone_unicode), ("%", undone_percent), ("\u{1b}[", undone_colours)];
    for (sign, undo) in ways {
        text.split('\n').filter(|l| l.contains(sign)).filter_map(undo).for_each(|line| out.extend(["\n", line.as_str()]));
    }
    undone_directory(&text, &mut out);
    text.push_str(&out);
    text
}

/// A line without what colours it on a terminal.
fn undone_colours(line: &str) -> Option<String> {
    let mut parts = line.split("\u{1b}[");
    let first = parts.next()?.to_owned();
    let shown = |part: &str| part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').chars().skip(1).collect::<String>();
    Some(first + &parts.map(shown).collect::<String>())
}

/// Values of a directory that stand in Base64 (RFC 2849: `name:: value`, lines that go on begin with a space).
fn undone_directory(text: &str, out: &mut String) {
    if !text.contains(":: ") {
        return;
    }
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((_, value)) = line.split_once(":: ") else { continue };
        let mut value = value.trim().to_owned();
        while let Some(more) = lines.next_if(|l| l.starts_with(' ')) {
            value.push_str(more.trim());
        }
        if let Some(bytes) = mail_parser::decoders::base64::base64_decode(value.as_bytes()) {
            out.extend(["\n", decode(&bytes, None).as_str()]);
        }
    }
}
