//! Base64 in the two alphabets that the formats use, refusing what is not its own canonical form.

const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const STD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// base64url without padding (keys, signatures, salts).
pub fn url(bytes: &[u8]) -> String {
    encode(bytes, URL)
}

/// Standard base64 with padding (checkpoints, vkeys).
pub fn std(bytes: &[u8]) -> String {
    let mut out = encode(bytes, STD);
    while !out.len().is_multiple_of(4) {
        out.push('=');
    }
    out
}

/// The bytes of canonical base64url without padding.
pub fn from_url(text: &str) -> Option<Vec<u8>> {
    decode(text, URL).filter(|b| url(b) == text)
}

/// The bytes of canonical standard base64 with padding.
pub fn from_std(text: &str) -> Option<Vec<u8>> {
    decode(text.trim_end_matches('='), STD).filter(|b| std(b) == text)
}

/// The bytes of canonical base64url, if they are exactly `N`.
pub fn array_from_url<const N: usize>(text: &str) -> Option<[u8; N]> {
    from_url(text)?.try_into().ok()
}

fn encode(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0u32, |w, b| (w << 8) | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..=chunk.len() {
            let index = (word >> (18 - 6 * i)) & 63;
            if let Some(c) = alphabet.get(index as usize) {
                out.push(char::from(*c));
            }
        }
    }
    out
}

fn decode(text: &str, alphabet: &[u8; 64]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    for chunk in text.as_bytes().chunks(4) {
        let mut word = 0u32;
        for c in chunk {
            let index = alphabet.iter().position(|a| a == c)?;
            word = (word << 6) | u32::try_from(index).ok()?;
        }
        let whole = match chunk.len() {
            4 => 3,
            3 => 2,
            2 => 1,
            _ => return None,
        };
        let bytes = (word << (6 * (4 - chunk.len()))).to_be_bytes();
        out.extend(bytes.iter().skip(1).take(whole));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_and_nothing_else() {
        for len in 0..20u8 {
            let bytes: Vec<u8> = (0..len).map(|b| b.wrapping_mul(37)).collect();
            assert_eq!(from_url(&url(&bytes)), Some(bytes.clone()));
            assert_eq!(from_std(&std(&bytes)), Some(bytes));
        }
        for bad in ["A", "AB=", "AB", "+A", "A B", "AA=="] {
            assert!(from_url(bad).is_none() || url(&from_url(bad).unwrap()) == bad, "{bad}");
        }
        assert!(from_url("AB").is_none(), "unused bits set");
        assert!(from_std("AA").is_none(), "padding missing");
    }
}
