//! Filters: whether something may have been added, at the cost of few bits.

use crate::shape::Shape;

/// Three bits for each hash; it never says no of one that was added.
#[derive(Debug)]
pub(crate) struct Filter(Vec<u64>);

impl Filter {
    pub(crate) fn new(bits: usize) -> Filter {
        Filter(vec![0; bits.div_ceil(64)])
    }

    fn slot(&self, hash: u64) -> usize {
        ((hash >> 32) as usize * self.0.len()) >> 32
    }

    pub(crate) fn add(&mut self, hash: u64) {
        let slot = self.slot(hash);
        self.0.get_mut(slot).into_iter().for_each(|w| *w |= bits(hash));
    }

    /// Bytes that it holds.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.len() as u64 * 8
    }

    /// Writes those whose hashes may have been added.
    pub(crate) fn keep<T: Copy + Default>(&self, hashes: &[u64], held: &mut Vec<u64>, of: impl Iterator<Item = T>, kept: &mut Vec<T>) {
        held.clear();
        held.extend(hashes.iter().map(|hash| self.0.get(self.slot(*hash)).copied().unwrap_or_default()));
        let passes = held.iter().zip(hashes).map(|(held, hash)| held & bits(*hash) == bits(*hash));
        sift(hashes.len(), of.zip(passes), kept);
    }
}

/// Writes what passes of so many; nothing for the processor to guess.
pub(crate) fn sift<T: Copy + Default>(most: usize, all: impl Iterator<Item = (T, bool)>, kept: &mut Vec<T>) {
    kept.resize(most, T::default());
    let mut count = 0;
    for (one, passes) in all {
        // Written whether it is kept or not, and written over if not.
        kept.get_mut(count).into_iter().for_each(|k| *k = one);
        count += usize::from(passes);
    }
    kept.truncate(count);
}

/// Three bits of a word.
fn bits(hash: u64) -> u64 {
    1 << (hash & 63) | 1 << (hash >> 6 & 63) | 1 << (hash >> 12 & 63)
}

/// Ends that are told apart (as a power of two): so few that their table lies near the processor.
const ENDS_LOG2: u32 = 20;

/// With which bytes windows begin and end: asked before the other filters, which lie far away. Of numbers there are few different ends, and
/// text of other kinds has none of them.
#[derive(Debug)]
pub(crate) struct Ends {
    shape: Shape,
    /// Two bits for each: whether a window begins with it, and whether one ends with it.
    table: Vec<u64>,
}

const BEGINS: u64 = 1;
const ENDS: u64 = 2;

impl Ends {
    pub(crate) fn new(shape: Shape) -> Ends {
        Ends { shape, table: vec![0; 1 << (ENDS_LOG2 - 5)] }
    }

    /// Adds the window at a position.
    pub(crate) fn add(&mut self, bytes: &[u8], at: usize) {
        let (first, last) = (self.shape.end(bytes, at), self.shape.end(bytes, at + self.shape.last_end()));
        for (end, bit) in [(first, BEGINS), (last, ENDS)] {
            let (word, shift) = place(end);
            self.table.get_mut(word).into_iter().for_each(|w| *w |= bit << shift);
        }
    }

    /// Bytes that it holds.
    pub(crate) fn bytes(&self) -> u64 {
        self.table.len() as u64 * 8
    }

    /// Whether it tells windows apart: not where nearly all ends occur.
    pub(crate) fn tells(&self) -> bool {
        let share = |bit: u64| {
            let ones: u32 = self.table.iter().map(|w| (w & (u64::MAX / 3 * bit)).count_ones()).sum();
            f64::from(ones) / f64::from(1u32 << ENDS_LOG2)
        };
        share(BEGINS) * share(ENDS) < 0.5
    }

    /// Writes the positions, from one on and a stride apart, of windows whose ends are known.
    pub(crate) fn keep(&self, bytes: &[u8], (from, count): (usize, usize), flags: &mut Vec<u64>, kept: &mut Vec<usize>) {
        let Shape { stride, .. } = self.shape;
        let (len, last) = (self.shape.end_len(), self.shape.last_end());
        // Windows are so long and so far apart that their ends follow each other without gaps.
        let ends = bytes.get(from..).unwrap_or_default().chunks_exact(len).take((count * stride + last) / len);
        flags.clear();
        match len {
            3 => flags.extend(ends.map(|end| end.first_chunk().map_or(0, |[a, b, c]| self.of(u32::from_le_bytes([*a, *b, *c, 0]))))),
            _ => flags.extend(ends.map(|end| end.first_chunk().map_or(0, |end| self.of(u32::from_le_bytes(*end))))),
        }
        let lasts = flags.iter().skip(last / len).step_by(stride / len);
        let known = flags.iter().step_by(stride / len).zip(lasts).map(|(first, last)| first & last >> 1 & 1 == 1);
        sift(count, (0..count).map(|i| from + i * stride).zip(known), kept);
    }

    /// Whether the first and the last window of a run may be known.
    #[inline(always)]
    pub(crate) fn may_begin(&self, bytes: &[u8], at: usize) -> bool {
        let last = at + self.shape.stride - 1 + self.shape.last_end();
        let of = |at| self.of(self.shape.end(bytes, at));
        of(at) & BEGINS == BEGINS && of(last) & ENDS == ENDS
    }

    #[inline(always)]
    fn of(&self, end: u32) -> u64 {
        let (word, shift) = place(end);
        self.table.get(word).map_or(0, |w| w >> shift)
    }
}

#[inline(always)]
fn place(end: u32) -> (usize, u32) {
    let hash = end.wrapping_mul(0x9e37_79b1) >> (32 - ENDS_LOG2);
    ((hash >> 5) as usize, (hash & 31) * 2)
}
