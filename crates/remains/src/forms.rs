//! The forms in which a value that points to one person may stand where nobody knows the store: texts in four encodings, numbers packed.

use encoding_rs::GB18030;

/// Smallest number that is looked for as it is packed: smaller ones are mostly zeros, and met by chance.
const PACKED_MIN: u64 = 1 << 32;

/// All different forms of a text, as it is in UTF-8 first: an address in small letters, GB18030, UTF-16, and of a whole number
/// from 2³² on eight bytes in both orders, and with the sign turned as InnoDB keeps it.
pub fn forms(text: &str) -> Vec<Vec<u8>> {
    let small = text.contains('@').then(|| text.to_ascii_lowercase());
    let mut out = Vec::new();
    for text in [Some(text), small.as_deref()].into_iter().flatten() {
        out.push(text.as_bytes().to_vec());
        out.push(GB18030.encode(text).0.into_owned());
        out.extend(wide(text));
    }
    if let Ok(number) = text.parse::<i64>()
        && number.unsigned_abs() >= PACKED_MIN
    {
        out.extend([number.to_le_bytes(), number.to_be_bytes(), (number ^ i64::MIN).to_be_bytes()].map(Vec::from));
    }
    let mut seen = std::collections::BTreeSet::new();
    out.retain(|form| seen.insert(form.clone()));
    out
}

/// UTF-16. Of ASCII both orders have the same bytes but for a zero at one end: without it one form is met in either.
fn wide(text: &str) -> Vec<Vec<u8>> {
    let units = || text.encode_utf16();
    let mut little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
    if text.is_ascii() {
        little.pop();
        return vec![little];
    }
    vec![little, units().flat_map(u16::to_be_bytes).collect()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_in_utf_16_is_met_in_either_order() {
        let text = "13800138000";
        for order in [u16::to_le_bytes, u16::to_be_bytes] {
            let bytes: Vec<u8> = text.encode_utf16().flat_map(order).collect();
            assert_eq!(forms(text).iter().filter(|form| bytes.windows(form.len()).any(|w| w == form.as_slice())).count(), 1);
        }
    }

    #[test]
    fn each_form_is_there_once() {
        let count = |text: &str| forms(text).len();
        assert_eq!([count("a@example.com"), count("A@example.com"), count("上海市"), count("11010519491231002X")], [2, 4, 4, 2]);
        assert_eq!([count("13800138000"), count("4294967295"), count("-13800138000"), count("013800138000")], [5, 2, 5, 5]);
        let number = forms("13800138000");
        assert_eq!(number.first().map(Vec::as_slice), Some(b"13800138000".as_slice()), "as it is comes first");
        for packed in [13_800_138_000i64.to_le_bytes(), 13_800_138_000i64.to_be_bytes(), [0x80, 0, 0, 3, 0x36, 0x8d, 0x65, 0x10]] {
            assert!(number.contains(&packed.to_vec()), "{packed:x?} {number:x?}");
        }
        assert!(forms("上海").contains(&vec![0xc9, 0xcf, 0xba, 0xa3]) && forms("上海").contains(&vec![0x0a, 0x4e, 0x77, 0x6d]));
    }
}
