//! Encodings of text, told by their mark, by what a text says of itself, or by its bytes.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, GB18030, GBK, UTF_8, UTF_16BE, UTF_16LE};

/// The text of bytes; what is malformed becomes U+FFFD.
pub(crate) fn decode(bytes: &[u8], told: Option<&str>) -> String {
    if let Some(text) = utf_32(bytes) {
        return text;
    }
    let (encoding, skip) = encoding(bytes, told);
    encoding.decode_without_bom_handling(bytes.get(skip..).unwrap_or_default()).0.into_owned()
}

/// The text behind a mark of UTF-32; none if there is none.
pub(crate) fn utf_32(bytes: &[u8]) -> Option<String> {
    let (text, number): (&[u8], fn([u8; 4]) -> u32) = match bytes {
        [0xff, 0xfe, 0, 0, text @ ..] => (text, u32::from_le_bytes),
        [0, 0, 0xfe, 0xff, text @ ..] => (text, u32::from_be_bytes),
        _ => return None,
    };
    let letter = |four: &[u8]| four.try_into().ok().and_then(|four| char::from_u32(number(four))).unwrap_or('\u{fffd}');
    Some(text.chunks(4).map(letter).collect())
}

/// Bytes that are text here and there, read as one byte a character, and as two.
pub(crate) fn either(bytes: &[u8]) -> String {
    let wide = |from: usize| UTF_16LE.decode_without_bom_handling(bytes.get(from..).unwrap_or_default()).0.into_owned();
    [decode(bytes, None), wide(0), wide(1)].join("\n")
}

/// The encoding of a text, told by its mark, by what it says of itself, or by its bytes; and the bytes of its mark.
pub(crate) fn encoding(bytes: &[u8], told: Option<&str>) -> (&'static Encoding, usize) {
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
