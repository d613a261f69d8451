//! Text in any usual encoding, told by its mark, by what it says of itself, or by its bytes.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, GB18030, GBK, UTF_8, UTF_16BE, UTF_16LE};

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
    if malformed || mixed || text.contains('\0') { Err(Reason::BadEncoding) } else { Ok(text.into_owned()) }
}

/// The text of bytes; what is malformed becomes U+FFFD.
pub(crate) fn decode(bytes: &[u8], told: Option<&str>) -> String {
    let (encoding, skip) = encoding(bytes, told);
    encoding.decode_without_bom_handling(bytes.get(skip..).unwrap_or_default()).0.into_owned()
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
    (if guess.is_single_byte() && is_short_chinese(bytes) { GB18030 } else { guess }, 0)
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

/// What is written as GBK is read as GB18030, which has all of it.
fn wide(encoding: &'static Encoding) -> &'static Encoding {
    if encoding == GBK { GB18030 } else { encoding }
}
