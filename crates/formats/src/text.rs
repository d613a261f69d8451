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
    if malformed || mixed { Err(Reason::BadEncoding) } else { Ok(text.into_owned()) }
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
    (wide(detector.guess(None, Utf8Detection::Allow)), 0)
}

/// What is written as GBK is read as GB18030, which has all of it.
fn wide(encoding: &'static Encoding) -> &'static Encoding {
    if encoding == GBK { GB18030 } else { encoding }
}
