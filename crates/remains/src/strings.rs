//! Byte strings of bounded length, one after the other.

/// Shortest needle: shorter ones would be met by chance.
pub const NEEDLE_MIN: usize = 8;
/// Longest needle: longer values are searched by their beginning.
pub const NEEDLE_MAX: usize = 64;
/// Lengths to which needles of others are cut, so that few lengths are tried at each place.
pub(crate) const LENGTHS: [usize; 12] = [8, 10, 11, 12, 15, 16, 18, 20, 24, 32, 48, 64];

/// Byte strings one after the other.
#[derive(Debug, Default)]
pub(crate) struct Strings {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Strings {
    /// Adds one, unless there is no more room for numbers of 32 bits.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> bool {
        let Ok(end) = u32::try_from(self.bytes.len() + bytes.len()) else { return false };
        self.bytes.extend_from_slice(bytes);
        self.ends.push(end);
        true
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn get(&self, at: usize) -> &[u8] {
        let before = at.checked_sub(1).map_or(Some(&0), |b| self.ends.get(b));
        let (Some(from), Some(to)) = (before, self.ends.get(at)) else { return &[] };
        self.bytes.get(*from as usize..*to as usize).unwrap_or_default()
    }
}

/// The beginning of a needle, of the longest of few lengths that it has.
pub(crate) fn cut(needle: &[u8]) -> &[u8] {
    let len = LENGTHS.into_iter().take_while(|l| *l <= needle.len()).last().unwrap_or_default();
    needle.get(..len).unwrap_or_default()
}
