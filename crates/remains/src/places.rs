//! Where strings of one shape may begin, for every search: by the ends of windows, by windows, and by those beside the ones that passed.

use std::ops::Range;

use crate::ends::Ends;
use crate::filter::Filter;
use crate::shape::Shape;

/// Windows asked about together: memory is slow, and many looks wait for it at once where none depends on the one before.
const TOGETHER: usize = 4_096;

/// What is known of the windows of all strings of one shape.
#[derive(Debug)]
pub(crate) struct Places {
    pub shape: Shape,
    /// Ends of all windows, where that spares the way to the filter.
    pub ends: Option<Ends>,
    /// All windows.
    pub windows: Filter,
}

/// Room that each block uses again.
#[derive(Debug, Default)]
pub(crate) struct Room {
    /// Where windows are asked about, and where they passed.
    asked: Vec<usize>,
    passed: Vec<usize>,
    sorts: Vec<u16>,
    /// Hashes of what was asked about last, and what a filter holds of them.
    pub hashes: Vec<u64>,
    pub held: Vec<u64>,
    /// Where runs may begin, as ranges and one by one.
    begins: Vec<Range<usize>>,
    pub places: Vec<usize>,
}

impl Places {
    /// Bytes that it holds.
    pub(crate) fn bytes(&self) -> u64 {
        self.windows.bytes() + self.ends.as_ref().map_or(0, Ends::bytes)
    }

    /// Looks through a block from a position on, and writes the places at which runs may begin; gives where the next block begins, and none
    /// behind the last one. `hash` writes the hashes of the windows at some places.
    #[inline(always)]
    pub(crate) fn of_block(
        &self,
        bytes: &[u8],
        from: usize,
        room: &mut Room,
        mut hash: impl FnMut(&[usize], &mut Vec<u64>),
    ) -> Option<usize> {
        let Shape { gram, stride } = self.shape;
        let count = (bytes.len().checked_sub(gram + from)? / stride + 1).min(TOGETHER);
        let Room { sorts, asked, passed, hashes, held, begins, places } = room;
        match &self.ends {
            Some(ends) => ends.keep(bytes, (from, count), sorts, asked),
            None => {
                asked.clear();
                asked.extend((0..count).map(|i| from + i * stride));
            }
        }
        hash(asked, hashes);
        self.windows.keep(hashes, held, passed, |i| asked.get(i).copied());
        self.beside(passed, asked);
        hash(asked, hashes);
        self.windows.keep(hashes, held, begins, |i| self.begin(*passed.get(i / 2)?, i % 2 == 0));
        places.clear();
        let may_begin = |at: &usize| self.ends.as_ref().is_none_or(|ends| ends.may_begin(bytes, *at));
        places.extend(begins.iter().cloned().flatten().filter(may_begin));
        Some(from + count * stride)
    }

    /// Writes where those windows stand that a run holds too in which a window passed: the later ones hold one half a stride further on, and
    /// the earlier ones one before it.
    fn beside(&self, passed: &[usize], asked: &mut Vec<usize>) {
        let (half, rest) = self.halves();
        asked.clear();
        asked.extend(passed.iter().flat_map(|at| [at.saturating_sub(rest), at + half]));
    }

    /// Where runs may begin that hold a window which passed, and the one before it or behind it.
    fn begin(&self, at: usize, before: bool) -> Option<Range<usize>> {
        let from = |back: usize| (at + 1).saturating_sub(back);
        let (_, rest) = self.halves();
        Some(if before { from(self.shape.stride)..from(rest) } else { from(rest)..at + 1 })
    }

    fn halves(&self) -> (usize, usize) {
        (self.shape.stride / 2, self.shape.stride - self.shape.stride / 2)
    }
}
