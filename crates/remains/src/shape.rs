//! Which windows of a needle are known to the filters, and their hashes.

use crate::strings::NEEDLE_MAX;

/// Which bytes of a needle the filter knows: windows of `gram` bytes, `stride` of them in a row, so that of each place where the needle
/// may stand one begins where a look falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub gram: usize,
    pub stride: usize,
}

/// For needles from the shortest on, and for those that are long enough for longer windows further apart: each look costs the way to memory,
/// so that few looks are worth more than few that pass in vain.
pub(crate) const SHORT: Shape = Shape { gram: 6, stride: 3 };
/// For e-mail addresses and numbers of mobile phones and persons.
pub(crate) const MIDDLE: Shape = Shape { gram: 8, stride: 4 };
/// The same where none of them is so short that only every fourth place will do.
pub(crate) const SPARSE: Shape = Shape { gram: 8, stride: 8 };
/// For what is written with two or three bytes for each letter.
pub(crate) const LONG: Shape = Shape { gram: 16, stride: 8 };

/// All shapes, by the shortest string that has them.
pub(crate) const SHAPES: [Shape; 4] = [SHORT, MIDDLE, SPARSE, LONG];

/// Which of the shapes each of some strings has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shaping {
    some_middle: bool,
}

impl Shaping {
    pub(crate) fn of<'a>(mut all: impl Iterator<Item = &'a [u8]>) -> Shaping {
        Shaping { some_middle: all.any(|string| (MIDDLE.least()..SPARSE.least()).contains(&string.len())) }
    }

    /// The shape of one of them, as its place among all shapes: strings of middle length are looked for with those that are shorter, unless
    /// these are none or they have two bytes for each letter.
    pub(crate) fn shape(self, string: &[u8]) -> usize {
        match string.len() {
            len if len < MIDDLE.least() => 0,
            len if len < SPARSE.least() || self.some_middle && len < LONG.least() && !string.contains(&0) => 1,
            len if len < LONG.least() => 2,
            _ => 3,
        }
    }
}

/// Needles that are looked at to learn which windows many share, and counters for that (as a power of two).
pub(crate) const SAMPLE: usize = 1 << 17;
const COUNTERS_LOG2: u32 = 20;
/// Up to here a sum of counters says nothing: few of the sample share these windows, or others that fell on the same counters.
const UNSHARED: u32 = 32;

const _: () = assert!(SHORT.is_sound() && MIDDLE.is_sound() && SPARSE.is_sound() && LONG.is_sound());

impl Shape {
    /// Whether hashes know its lengths, and ends of its windows follow each other without gaps.
    const fn is_sound(self) -> bool {
        let known = matches!(self.gram, 6 | 8 | 16) && matches!(self.least(), 8 | 11 | 15 | 23);
        known && self.stride.is_multiple_of(self.end_len()) && self.last_end().is_multiple_of(self.end_len())
    }

    /// The shortest string that has so many windows.
    pub(crate) const fn least(self) -> usize {
        self.gram + self.stride - 1
    }

    /// A hash of the window at a position.
    pub(crate) fn hash(self, bytes: &[u8], at: usize) -> u64 {
        hash(self.gram, bytes, at)
    }

    /// A hash of the run that begins at a position.
    pub(crate) fn run(self, bytes: &[u8], at: usize) -> u64 {
        hash(self.least(), bytes, at)
    }

    /// The hashes of the windows at these positions.
    pub(crate) fn hashes(self, bytes: &[u8], at: &[usize], out: &mut Vec<u64>) {
        hashes(self.gram, bytes, at, out);
    }

    /// The hashes of the runs that begin at these positions.
    pub(crate) fn runs(self, bytes: &[u8], at: &[usize], out: &mut Vec<u64>) {
        hashes(self.least(), bytes, at, out);
    }

    /// Bytes of each end of a window.
    pub(crate) const fn end_len(self) -> usize {
        if self.gram < 8 { 3 } else { 4 }
    }

    /// Where in a window its last end begins.
    pub(crate) const fn last_end(self) -> usize {
        self.gram - self.end_len()
    }

    /// The end of a window that begins at a position; of what is too short one that means nothing.
    #[inline(always)]
    pub(crate) fn end(self, bytes: &[u8], at: usize) -> u32 {
        match bytes.get(at..at + self.end_len()) {
            Some([a, b, c, d]) => u32::from_le_bytes([*a, *b, *c, *d]),
            Some([a, b, c]) => u32::from_le_bytes([*a, *b, *c, 0]),
            _ => 0,
        }
    }

    /// How many of some strings hold each window, as far as few counters tell them apart.
    pub(crate) fn shared<'a>(self, sample: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
        let mut out = vec![0u8; 1 << COUNTERS_LOG2];
        for string in sample {
            for at in 0..=string.len().saturating_sub(self.gram) {
                out.get_mut(counter(self.hash(string, at))).into_iter().for_each(|c| *c = c.saturating_add(1));
            }
        }
        out
    }

    /// Where in a string the windows begin that it shares with the fewest others: what many begin or end with tells nothing. Of equal ones
    /// the last, for numbers differ more at their end.
    pub(crate) fn anchor(self, string: &[u8], shared: &[u8]) -> usize {
        let mut counts = [0u32; NEEDLE_MAX];
        let windows = string.len().saturating_sub(self.gram - 1);
        for (at, count) in counts.iter_mut().take(windows).enumerate() {
            *count = shared.get(counter(self.hash(string, at))).copied().unwrap_or_default().into();
        }
        let runs = counts.get(..windows).unwrap_or_default().windows(self.stride);
        runs.map(|run| run.iter().sum::<u32>())
            .enumerate()
            .min_by_key(|(at, sum)| (sum.max(&UNSHARED).ilog2(), windows - at))
            .map_or(0, |(at, _)| at)
    }

    /// Of the first and the last place of a string, where the windows begin that it shares with the fewest others.
    pub(crate) fn anchor_at_an_end(self, string: &[u8], shared: &[u8]) -> usize {
        let count = |at| u32::from(shared.get(counter(self.hash(string, at))).copied().unwrap_or_default());
        let sum = |from: usize| (from..from + self.stride).map(count).sum::<u32>().max(UNSHARED).ilog2();
        let last = string.len().saturating_sub(self.least());
        if sum(0) < sum(last) { 0 } else { last }
    }
}

/// A hash of so many bytes; of what is too short one that means nothing.
fn hash(len: usize, bytes: &[u8], at: usize) -> u64 {
    match len {
        6 => hash_of::<6>(bytes, at),
        8 => hash_of::<8>(bytes, at),
        11 => hash_of::<11>(bytes, at),
        15 => hash_of::<15>(bytes, at),
        16 => hash_of::<16>(bytes, at),
        23 => hash_of::<23>(bytes, at),
        _ => 0,
    }
}

/// The same for many, without asking each time how many bytes it is.
fn hashes(len: usize, bytes: &[u8], at: &[usize], out: &mut Vec<u64>) {
    out.clear();
    match len {
        6 => out.extend(at.iter().map(|at| hash_of::<6>(bytes, *at))),
        8 => out.extend(at.iter().map(|at| hash_of::<8>(bytes, *at))),
        11 => out.extend(at.iter().map(|at| hash_of::<11>(bytes, *at))),
        15 => out.extend(at.iter().map(|at| hash_of::<15>(bytes, *at))),
        16 => out.extend(at.iter().map(|at| hash_of::<16>(bytes, *at))),
        _ => out.extend(at.iter().map(|at| hash_of::<23>(bytes, *at))),
    }
}

/// A hash of as many bytes: of their first and their last eight or four, which of up to sixteen are all; of more the middle tells little
/// that is not compared afterwards.
#[inline(always)]
fn hash_of<const LEN: usize>(bytes: &[u8], at: usize) -> u64 {
    let window = bytes.get(at..at + LEN).unwrap_or_default();
    let (first, last) = match (window.first_chunk(), window.last_chunk()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => {
            let four = |chunk: Option<&[u8; 4]>| chunk.map_or(0, |c| u32::from_le_bytes(*c).into());
            (four(window.first_chunk()), four(window.last_chunk()))
        }
    };
    let product = u128::from(first ^ 0x9e37_79b9_7f4a_7c15) * u128::from(last ^ 0xd6e8_feb8_6659_fd93);
    (product >> 64) as u64 ^ product as u64
}

fn counter(hash: u64) -> usize {
    (hash >> (64 - COUNTERS_LOG2)) as usize
}
