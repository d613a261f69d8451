//! Text in any usual encoding, told by its mark, by what it says of itself, or by its bytes.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, GB18030, GBK, UTF_8, UTF_16BE, UTF_16LE};

use crate::escapes::{undone_percent, undone_unicode};
use crate::reason::Reason;

/// The text of bytes, if they are of one encoding.
///
/// # Errors
/// If they are not.
pub(crate) fn strictly(bytes: &[u8]) -> Result<String, Reason> {
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

/// The text of bytes; what is malformed becomes U+FFFD.
pub(crate) fn decode(bytes: &[u8], told: Option<&str>) -> String {
    let (encoding, skip) = encoding(bytes, told);
    encoding.decode_without_bom_handling(bytes.get(skip..).unwrap_or_default()).0.into_owned()
}

/// Bytes that are text here and there, read as one byte a character, and as two.
pub(crate) fn either(bytes: &[u8]) -> String {
    let wide = |from: usize| UTF_16LE.decode_without_bom_handling(bytes.get(from..).unwrap_or_default()).0.into_owned();
    [decode(bytes, None), wide(0), wide(1)].join("\n")
}

fn encoding(bytes: &[u8], told: Option<&str>) -> (&'static Encoding, usize) {
    match bytes {
        [0xef, 0xbb, 0xbf, ..] => return (UTF_8, 3),
        [0xff, 0xfe, ..] => return (UTF_16LE, 2),
        [0xfe, 0xff, ..] => return (UTF_16BE, 2),
        _ => {}
    }
    if std::str::from_utf8(bytes).is_ok() {
        return (UTF_8, 0);
    }
    if let Some(encoding) = told.and_then(|label| Encoding::for_label(label.as_bytes())) {
        return (wide(encoding), 0);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes.get(..bytes.len().min(1 << 20)).unwrap_or(bytes), true);
    let guess = wide(detector.guess(None, Utf8Detection::Allow));
    (if guess.is_single_byte() && (is_short_chinese(bytes) || is_chinese(bytes)) { GB18030 } else { guess }, 0)
}

/// Longest text of which the statistics of a detector say too little.
const SHORT: usize = 256;

/// Whether a short text is Chinese as GB18030 has it: all that is no ASCII are usual characters and marks.
fn is_short_chinese(bytes: &[u8]) -> bool {
    let usual = |c: char| {
        c.is_ascii()
            || ('\u{4e00}'..='\u{9fff}').contains(&c)
            || ('\u{3000}'..='\u{301f}').contains(&c)
            || ('\u{ff00}'..='\u{ff5e}').contains(&c)
    };
    let text = GB18030.decode_without_bom_handling_and_without_replacement(bytes.get(..SHORT.min(bytes.len())).unwrap_or_default());
    bytes.len() <= SHORT && text.is_some_and(|t| t.chars().all(usual))
}

/// Whether all that is no ASCII are pairs of the usual characters and marks (GB 2312); words of other languages hardly ever are.
fn is_chinese(bytes: &[u8]) -> bool {
    let mut rest = bytes.iter();
    while let Some(first) = rest.next() {
        let pair = |lead: u8| matches!(lead, 0xa1..=0xa3 | 0xb0..=0xf7);
        if !(first.is_ascii() || pair(*first) && rest.next().is_some_and(|second| *second >= 0xa1)) {
            return false;
        }
    }
    true
}

/// What is written as GBK is read as GB18030, which has all of it.
fn wide(encoding: &'static Encoding) -> &'static Encoding {
    if encoding == GBK { GB18030 } else { encoding }
}
