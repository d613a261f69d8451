//! Numbers of kinds that Rust does not have, as they read: decimals, halves, UUIDs, intervals.

/// The digits of a whole number in two's complement, the highest byte first.
pub(super) fn whole(bytes: &[u8]) -> String {
    let negative = bytes.first().is_some_and(|b| b & 0x80 != 0);
    let mut left: Vec<u8> = bytes.iter().map(|b| if negative { !b } else { *b }).collect();
    let mut digits = Vec::new();
    // What is negative has one more than what its flipped bits say.
    let mut more = u32::from(negative);
    for byte in left.iter_mut().rev() {
        let sum = u32::from(*byte) + more;
        *byte = (sum & 0xff) as u8;
        more = sum >> 8;
    }
    while left.iter().any(|b| *b != 0) {
        let mut rest = 0u32;
        for byte in &mut left {
            let now = rest << 8 | u32::from(*byte);
            *byte = (now / 10) as u8;
            rest = now % 10;
        }
        digits.push(char::from_digit(rest, 10).unwrap_or('0'));
    }
    let digits: String = digits.into_iter().rev().collect();
    match (negative, digits.is_empty()) {
        (_, true) => "0".to_owned(),
        (true, _) => format!("-{digits}"),
        (false, _) => digits,
    }
}

/// A whole number with its point.
pub(super) fn pointed(whole: &str, scale: usize) -> String {
    if scale == 0 {
        return whole.to_owned();
    }
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (before, behind) = digits.split_at(digits.len() - scale);
    format!("{sign}{before}.{behind}")
}

/// The whole number of a text with a point.
pub(super) fn unpointed(text: &str, scale: usize) -> Option<i128> {
    let (before, behind) = text.split_once('.').unwrap_or((text, ""));
    if behind.len() > scale {
        return None;
    }
    format!("{before}{behind:0<scale$}").parse().ok()
}

pub(super) fn uuid(bytes: &[u8]) -> String {
    let mut out = String::new();
    for (i, byte) in bytes.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        out.push_str(&format!("{byte:02x}"));
    }
    out
}

pub(super) fn uuid_bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.replace('-', "");
    (0..digits.len()).step_by(2).map(|i| u8::from_str_radix(digits.get(i..i + 2)?, 16).ok()).collect()
}

/// A real of two bytes; none for what is no number.
pub(super) fn half(bytes: &[u8]) -> Option<f64> {
    let bits = u16::from_le_bytes(bytes.try_into().ok()?);
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff) / 1_024.0);
    let size = match exponent {
        0 => fraction * 2f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => return None,
        _ => (1.0 + fraction) * 2f64.powi(exponent - 15),
    };
    Some(if bits & 0x8000 == 0 { size } else { -size })
}

/// `P1M2DT3.500S`.
pub(super) fn interval(bytes: &[u8]) -> Option<String> {
    let mut parts = bytes.chunks_exact(4).map(|part| part.try_into().map_or(0, u32::from_le_bytes));
    let (months, days, millis) = (parts.next()?, parts.next()?, parts.next()?);
    Some(format!("P{months}M{days}DT{}.{:03}S", millis / 1_000, millis % 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_they_read() {
        assert_eq!(whole(&[0x80]), "-128");
        assert_eq!(whole(&[0x00]), "0");
        assert_eq!(whole(&[0x7f, 0xff]), "32767");
        assert_eq!(whole(&[0xff; 40]), "-1");
        assert_eq!(pointed("-5", 2), "-0.05");
        assert_eq!(unpointed("-0.05", 2), Some(-5));
        assert_eq!(unpointed("0.055", 2), None);
        assert_eq!(half(&[0x00, 0x3c]), Some(1.0));
        assert_eq!(half(&[0x00, 0xfc]), Some(f64::NEG_INFINITY));
        assert_eq!(half(&[0x01, 0x7c]), None);
        assert_eq!(interval(&[1, 0, 0, 0, 2, 0, 0, 0, 0xac, 0x0d, 0, 0]).as_deref(), Some("P1M2DT3.500S"));
    }
}
