//! Lengths of values in delta encodings, decoded before the library makes room for what they say (parquet-format, Encodings.md).

use formats::Reason;

use super::thrift::unzigzag;

/// Most lengths of one page.
const LENGTHS_MAX: usize = 1 << 26;

/// Refuses a page whose values are given by lengths (and shared beginnings, if `prefixed`) that are more than `most`, negative, or too long together.
///
/// # Errors
/// If the lengths are damaged, or the values would be longer than `room`.
pub(super) fn sound(bytes: &[u8], prefixed: bool, most: usize, room: u64) -> Result<(), Reason> {
    let mut rest = bytes;
    let mut total = 0u64;
    for _ in 0..=usize::from(prefixed) {
        let (lengths, end) = stream(rest, most).ok_or(Reason::Damaged)?;
        for len in lengths {
            total = total.saturating_add(u64::try_from(len).map_err(|_| Reason::Damaged)?);
        }
        rest = rest.get(end..).ok_or(Reason::Damaged)?;
    }
    if total > room { Err(Reason::RatioTooHigh) } else { Ok(()) }
}

/// The numbers of a stream, and where it ends; none if it is damaged or has more than `most`.
fn stream(bytes: &[u8], most: usize) -> Option<(Vec<i32>, usize)> {
    let mut at = 0;
    let mut size = || usize::try_from(varint(bytes, &mut at)?).ok();
    let (block, minis, total) = (size()?, size()?, size()?);
    let mut last = i32::try_from(unzigzag(varint(bytes, &mut at)?)).ok()?;
    let each = block.checked_div(minis)?;
    if block == 0 || !block.is_multiple_of(128) || !each.is_multiple_of(32) || each * minis != block || total > most.min(LENGTHS_MAX) {
        return None;
    }
    let mut out = Vec::new();
    if total > 0 {
        out.push(last);
    }
    while out.len() < total {
        let least = i32::try_from(unzigzag(varint(bytes, &mut at)?)).ok()?;
        let widths = bytes.get(at..at.checked_add(minis)?)?;
        at += minis;
        for width in widths.iter().map(|w| usize::from(*w)) {
            let some = each.min(total - out.len());
            if some == 0 {
                // Widths of what does not follow may be anything.
                break;
            }
            let data = bytes.get(at..at.checked_add(width.checked_mul(each)? / 8)?)?;
            at += data.len();
            for i in 0..some {
                last = last.wrapping_add(least).wrapping_add(bits(data, i * width, width)?);
                out.push(last);
            }
        }
    }
    Some((out, at))
}

/// A number of so many bits, the lowest first.
fn bits(data: &[u8], from: usize, width: usize) -> Option<i32> {
    if width > 32 {
        return None;
    }
    let mut out = 0u64;
    for (i, byte) in data.iter().skip(from / 8).take(5).enumerate() {
        out |= u64::from(*byte) << (8 * i);
    }
    Some(((out >> (from % 8)) & ((1u64 << width) - 1)) as u32 as i32)
}

fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut out = 0u64;
    for shift in (0..64u32).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        out |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(out);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_stream() {
        // The example of parquet-format, Encodings.md: 7, 5, 3, 1, 2, 3, 4, 5 in one block of 128 in four.
        let head = [0x80, 1, 4, 8, 14];
        let mut bytes = head.to_vec();
        // Smallest step -2; two bits each in the first, nothing in the others; steps 0, 0, 0, 3, 3, 3, 3.
        bytes.extend([3, 2, 0, 0, 0, 0b1100_0000, 0b0011_1111, 0, 0, 0, 0, 0, 0, 99]);
        let (numbers, end) = stream(&bytes, 8).unwrap();
        assert_eq!(numbers, [7, 5, 3, 1, 2, 3, 4, 5]);
        assert_eq!(end, bytes.len() - 1);
        assert!(stream(&bytes, 7).is_none(), "more than the page has");
        (0..bytes.len() - 1).for_each(|cut| assert!(stream(&bytes[..cut], 8).is_none(), "{cut}"));
        assert_eq!(sound(&bytes, false, 8, 30), Ok(()));
        assert_eq!(sound(&bytes, false, 8, 29), Err(Reason::RatioTooHigh));
        // Four thousand million values in six bytes.
        assert!(stream(&[0x80, 1, 4, 0xff, 0xff, 0xff, 0xff, 15, 0], usize::MAX).is_none());
    }
}
