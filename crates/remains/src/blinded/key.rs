//! The key of fingerprints: made of bytes or of digits here alone, shown by nothing, wiped when it goes.

use std::fmt;

use zeroize::Zeroizing;

/// Bytes of a key.
const LEN: usize = 16;

/// The key of fingerprints: 128 bits.
pub struct BlindKey(Zeroizing<[u8; LEN]>);

impl BlindKey {
    /// The key of these bytes.
    pub fn new(bytes: Zeroizing<[u8; LEN]>) -> BlindKey {
        BlindKey(bytes)
    }

    /// The key that is written as exactly 32 hexadecimal digits, with nothing but white space around them: one sign more or less, and every
    /// digit would be read as another one.
    pub fn from_digits(text: &str) -> Option<BlindKey> {
        let (pairs, rest) = text.trim().as_bytes().as_chunks::<2>();
        if pairs.len() != LEN || !rest.is_empty() {
            return None;
        }
        let mut key = BlindKey(Zeroizing::new([0; LEN]));
        for (byte, [high, low]) in key.0.iter_mut().zip(pairs) {
            let digit = |d: &u8| char::from(*d).to_digit(16);
            *byte = u8::try_from(digit(high)? << 4 | digit(low)?).ok()?;
        }
        Some(key)
    }

    /// The key as 32 hexadecimal digits.
    pub fn digits(&self) -> Zeroizing<String> {
        // So long from the beginning: a text that grows leaves copies of itself.
        let mut out = Zeroizing::new(String::with_capacity(2 * LEN));
        let halves = self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        halves.filter_map(|half| char::from_digit(half.into(), 16)).for_each(|digit| out.push(digit));
        out
    }

    pub(super) fn bytes(&self) -> &[u8; LEN] {
        &self.0
    }
}

impl fmt::Debug for BlindKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlindKey")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_as_they_were_written_or_not_at_all() {
        let key = BlindKey::new(Zeroizing::new(std::array::from_fn(|i| u8::try_from(i * 17).unwrap())));
        let digits = key.digits();
        assert_eq!(digits.as_str(), "00112233445566778899aabbccddeeff");
        let read = |text: &str| BlindKey::from_digits(text).map(|k| *k.bytes());
        for text in [digits.to_string(), digits.to_uppercase(), format!(" {}\r\n", &*digits)] {
            assert_eq!(read(&text), Some(*key.bytes()));
        }
        let spaced = digits.replacen("11", "1 1", 1);
        for text in ["", "5a", &digits[1..], &format!("0x{}", &*digits), &format!("{}0", &*digits), &format!("0x{}", &digits[2..]), &spaced]
        {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&"ü".repeat(16)), None);
    }

    #[test]
    fn nothing_shows_a_key() {
        fn wiped<T: zeroize::ZeroizeOnDrop>(_: &T) {}
        let key = BlindKey::new(Zeroizing::new([0x5a; LEN]));
        wiped(&key.0);
        assert_eq!(format!("{key:?} {:?}", Some(&key)), "BlindKey Some(BlindKey)");
    }
}
