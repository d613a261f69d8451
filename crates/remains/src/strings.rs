//! Byte strings of bounded length, one after the other.

/// Shortest needle: shorter ones would be met by chance.
pub const NEEDLE_MIN: usize = 8;
/// Bytes of a needle that tell something, at least.
const TELLING_MIN: usize = 3;
/// Longest needle: longer values are searched by their beginning.
pub const NEEDLE_MAX: usize = 64;
/// Lengths to which needles of others are cut, so that few lengths are tried at each place.
pub(crate) const LENGTHS: [usize; 12] = [8, 10, 11, 12, 15, 16, 18, 20, 24, 32, 48, 64];

/// Bytes that tell something: runs of 0 and 255 fill pages, and stand before every small number of either sign.
pub fn telling(bytes: &[u8]) -> usize {
    bytes.iter().filter(|b| !matches!(**b, 0 | 255)).count()
}

/// Whether bytes can be searched for: fewer, or such as fill pages, would be met by chance.
pub fn is_needle(bytes: &[u8]) -> bool {
    bytes.len() >= NEEDLE_MIN && telling(bytes.get(..NEEDLE_MAX).unwrap_or(bytes)) >= TELLING_MIN
}

/// Strings of a part: so few that their ends have room in 32 bits.
const PART: usize = 1 << 20;

const _: () = assert!(PART * NEEDLE_MAX <= u32::MAX as usize);

/// Byte strings one after the other, none longer than [`NEEDLE_MAX`].
#[derive(Debug, Default)]
pub(crate) struct Strings {
    bytes: Vec<u8>,
    /// Where each string ends, counted from the beginning of its part.
    ends: Vec<u32>,
    /// Where each part begins.
    parts: Vec<usize>,
}

impl Strings {
    /// Adds one, cut if it is longer than any may be.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        if self.ends.len().is_multiple_of(PART) {
            self.parts.push(self.bytes.len());
        }
        self.bytes.extend_from_slice(bytes.get(..bytes.len().min(NEEDLE_MAX)).unwrap_or_default());
        let part = self.parts.last().copied().unwrap_or_default();
        self.ends.push((self.bytes.len() - part) as u32);
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn get(&self, at: usize) -> &[u8] {
        let before = if at.is_multiple_of(PART) { Some(&0) } else { self.ends.get(at - 1) };
        let (Some(part), Some(from), Some(to)) = (self.parts.get(at / PART), before, self.ends.get(at)) else { return &[] };
        self.bytes.get(part + *from as usize..part + *to as usize).unwrap_or_default()
    }
}

/// The beginning of a needle, of the longest of few lengths that it has.
pub(crate) fn cut(needle: &[u8]) -> &[u8] {
    let len = LENGTHS.into_iter().take_while(|l| *l <= needle.len()).last().unwrap_or_default();
    needle.get(..len).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_all_parts_are_where_they_were_put() {
        let (mut all, string) = (Strings::default(), |n: usize| format!("{n:0len$}", len = n % 4));
        (0..2 * PART + 2).for_each(|n| all.add(string(n).as_bytes()));
        for n in [0, 1, PART - 1, PART, PART + 1, 2 * PART - 1, 2 * PART, 2 * PART + 1] {
            assert_eq!(all.get(n), string(n).as_bytes());
        }
        assert_eq!((all.len(), all.get(2 * PART + 2)), (2 * PART + 2, b"".as_slice()));
    }
}
