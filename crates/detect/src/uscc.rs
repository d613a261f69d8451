//! Unified social credit codes: 18 characters with a check character modulo 31 (GB 32100-2015).

use crate::Detector;
use crate::digits::{birth_date_ok, resident_check};
use crate::kind::Kind;
use crate::texts::{Hits, Texts};

const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

/// Detector of unified social credit codes.
pub(crate) struct Uscc;

impl Detector for Uscc {
    fn find(&self, texts: &Texts, hits: &mut Hits) {
        let bytes = texts.bytes();
        let mut i = 0;
        while let Some(next) = bytes.get(i..).and_then(|r| r.iter().position(u8::is_ascii_alphanumeric)) {
            let from = i + next;
            let len = bytes.get(from..).map_or(0, |r| r.iter().take_while(|b| b.is_ascii_alphanumeric()).count());
            i = from + len.max(1);
            if len != 18 || matches!(texts.before(from), b'*' | b'_') {
                continue;
            }
            let code = bytes.get(from..from + len).unwrap_or_default().to_ascii_uppercase();
            if valid(&code) {
                hits.add(texts.cell_at(from), Kind::Uscc, true, &code);
            }
        }
    }
}

fn valid(code: &[u8]) -> bool {
    let values: Option<Vec<usize>> = code.iter().map(|c| ALPHABET.iter().position(|a| a == c)).collect();
    let Some(values) = values else { return false };
    let first = code.first().copied().unwrap_or_default();
    let sum: usize = values.iter().zip(WEIGHTS).map(|(v, w)| v * w).sum();
    let resident = code.get(..17).is_some_and(|b| {
        b.iter().all(u8::is_ascii_digit) && b.get(6..14).is_some_and(birth_date_ok) && code.get(17) == Some(&resident_check(b))
    });
    (matches!(first, b'1'..=b'9' | b'A' | b'N' | b'Y')) && values.last() == Some(&((31 - sum % 31) % 31)) && !resident
}
