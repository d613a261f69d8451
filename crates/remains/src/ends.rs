//! With which bytes windows begin and end: a small table that spares the way to the filters.

use crate::filter::sift;
use crate::shape::Shape;

/// Ends that are told apart (as a power of two): so few that their table lies near the processor.
const ENDS_LOG2: u32 = 16;

/// With which bytes windows begin and end: asked before the other filters, which lie far away. Of numbers there are few different ends, and
/// text of other kinds has none of them.
#[derive(Debug)]
pub(crate) struct Ends {
    shape: Shape,
    /// For each end the sorts of windows that begin with it, and in the upper half those that end with it.
    table: Vec<u16>,
}

/// Numbers that its table is written as.
pub(crate) const ENDS_WORDS: usize = (1 << ENDS_LOG2) / 4;

/// Sorts of windows: one bit each.
const SORTS: u32 = 8;

/// What an end of a window consists of. Numbers as stores pack them have zeros at one end and anything at the other: begun as one packs them and
/// ended as another does is no window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Made {
    Digits,
    HasZero,
    Other,
}

impl Made {
    /// Of an end of so many bytes, three or four.
    fn of(end: u32, len: usize) -> Made {
        let bytes = if len < 4 { end | u32::from(b'0') << 24 } else { end }.to_le_bytes();
        match bytes {
            _ if bytes.iter().all(u8::is_ascii_digit) => Made::Digits,
            _ if bytes.contains(&0) => Made::HasZero,
            _ => Made::Other,
        }
    }
}

impl Ends {
    pub(crate) fn new(shape: Shape) -> Ends {
        Ends { shape, table: vec![0; 1 << ENDS_LOG2] }
    }

    /// Adds the window at a position.
    pub(crate) fn add(&mut self, bytes: &[u8], at: usize) {
        let [first, last] = [at, at + self.shape.last_end()].map(|at| self.shape.end(bytes, at));
        let made = |end| Made::of(end, self.shape.end_len());
        let sort = match (made(first), made(last)) {
            (Made::Digits, Made::Digits) => 0,
            (Made::HasZero, Made::HasZero) => 1,
            (Made::HasZero, _) => 2,
            (_, Made::HasZero) => 3,
            (Made::Digits, _) => 4,
            (_, Made::Digits) => 5,
            (Made::Other, Made::Other) => 6,
        };
        for (end, bit) in [(first, sort), (last, sort + SORTS)] {
            self.table.get_mut(place(end)).into_iter().for_each(|t| *t |= 1 << bit);
        }
    }

    /// One of the numbers that [`Ends::words`] gave; of any others one that finds nothing or too much.
    pub(crate) fn from_words(shape: Shape, words: impl Iterator<Item = u64>) -> Ends {
        let four = |word: u64| [0, 16, 32, 48].map(|shift| (word >> shift) as u16);
        Ends { shape, table: words.flat_map(four).collect() }
    }

    pub(crate) fn words(&self) -> impl Iterator<Item = u64> {
        self.table.as_chunks::<4>().0.iter().map(|four| four.iter().rev().fold(0, |word, t| word << 16 | u64::from(*t)))
    }

    /// Bytes that it holds.
    pub(crate) fn bytes(&self) -> u64 {
        self.table.len() as u64 * 2
    }

    /// Whether it tells windows apart: not where nearly all ends occur.
    pub(crate) fn tells(&self) -> bool {
        let share = |bit: u32| self.table.iter().filter(|t| **t >> bit & 1 == 1).count() as f64 / self.table.len() as f64;
        (0..SORTS).map(|sort| share(sort) * share(sort + SORTS)).sum::<f64>() < 0.5
    }

    /// Writes the positions, from one on and a stride apart, of windows whose ends are known.
    pub(crate) fn keep(&self, bytes: &[u8], (from, count): (usize, usize), sorts: &mut Vec<u16>, kept: &mut Vec<usize>) {
        let Shape { stride, .. } = self.shape;
        let (len, last) = (self.shape.end_len(), self.shape.last_end());
        // Windows are so long and so far apart that their ends follow each other without gaps.
        let ends = bytes.get(from..).unwrap_or_default().chunks_exact(len).take((count * stride + last) / len);
        sorts.clear();
        match len {
            3 => sorts.extend(ends.map(|end| end.first_chunk().map_or(0, |[a, b, c]| self.of(u32::from_le_bytes([*a, *b, *c, 0]))))),
            _ => sorts.extend(ends.map(|end| end.first_chunk().map_or(0, |end| self.of(u32::from_le_bytes(*end))))),
        }
        let of = |i| Some(from + i * stride);
        let both = (sorts.as_slice(), sorts.get(last / len..).unwrap_or_default());
        // Known at compile time, for the processor to do many at once.
        match stride / len {
            1 => sift(both, 1, |first, last| fit(*first, *last), kept, of),
            step => sift(both, step, |first, last| fit(*first, *last), kept, of),
        }
    }

    /// Whether the first and the last window of a run may be known.
    #[inline(always)]
    pub(crate) fn may_begin(&self, bytes: &[u8], at: usize) -> bool {
        let last = at + self.shape.stride - 1 + self.shape.last_end();
        let of = |at| self.of(self.shape.end(bytes, at));
        of(at) & SORTS_MASK != 0 && of(last) >> SORTS != 0
    }

    #[inline(always)]
    fn of(&self, end: u32) -> u16 {
        self.table.get(place(end)).copied().unwrap_or_default()
    }
}

const SORTS_MASK: u16 = (1 << SORTS) - 1;

/// Whether windows of one sort begin and end so.
#[inline(always)]
fn fit(first: u16, last: u16) -> bool {
    first & last >> SORTS != 0
}

#[inline(always)]
fn place(end: u32) -> usize {
    (end.wrapping_mul(0x9e37_79b1) >> (32 - ENDS_LOG2)) as usize
}
