//! Needles: bytes that point to values, searched for in raw files in one pass; each remembers in which structures it was met.

use std::collections::HashMap;
use std::io::{self, Read};

/// Shortest needle: shorter ones would be met by chance.
pub const NEEDLE_MIN: usize = 8;
/// Longest needle: longer values are searched by their beginning.
pub const NEEDLE_MAX: usize = 64;
/// Structures that are told apart; the last stands for all further ones.
pub const STRUCTURES_MAX: usize = 64;

/// What a needle is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A value with what stands before it in its record.
    Left,
    /// A value with what follows it in its record.
    Right,
    /// A value that points to one person wherever it stands.
    Alone,
    /// A value that is known to stand in one structure: to show that the structure can be seen.
    Probe,
    /// A value that stays: to show that sight was not lost meanwhile.
    Kept,
}

/// A needle and what it stands for.
#[derive(Clone, Debug)]
pub struct Needle {
    /// Number of the value that it belongs to.
    pub value: u32,
    /// What it is made of.
    pub kind: Kind,
    /// One bit for each structure in which it was met.
    pub met: u64,
    bytes: Box<[u8]>,
}

impl Needle {
    /// What it is, at most [`NEEDLE_MAX`] bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether it was met in a structure.
    pub fn met_in(&self, structure: usize) -> bool {
        self.met >> structure.min(STRUCTURES_MAX - 1) & 1 == 1
    }
}

/// Many needles behind one filter.
#[derive(Debug, Default)]
pub struct Needles {
    all: Vec<Needle>,
    index: Option<Index>,
}

/// Needles by their first bytes; made when the search begins.
#[derive(Debug)]
struct Index {
    /// By first eight bytes, then length, then all bytes: of one length and beginning, one is found by halving.
    order: Vec<u32>,
    /// Where those with the same first eight bytes lie in that order.
    heads: HashMap<u64, (u32, u32)>,
    /// A bit for each first eight bytes.
    filter: Vec<u64>,
    /// All but the bits of a hash that say where its bit lies.
    shift: u32,
}

/// Bits of the filter, as a power of two, at least and at most; between them sixteen a needle.
const FILTER_BITS: (u32, u32) = (16, 30);

fn head(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk::<8>().map(|b| u64::from_le_bytes(*b))
}

impl Index {
    fn new(all: &[Needle]) -> Index {
        let mut order: Vec<u32> = (0..u32::try_from(all.len()).unwrap_or(u32::MAX)).collect();
        let key = |id: &u32| all.get(*id as usize).map(|n| (head(&n.bytes).unwrap_or_default(), n.bytes.len(), &*n.bytes));
        order.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
        let bits = (all.len().max(1) * 16).ilog2().clamp(FILTER_BITS.0, FILTER_BITS.1);
        let mut out = Index { order: Vec::new(), heads: HashMap::new(), filter: vec![0; 1 << (bits - 6)], shift: 64 - bits };
        for (at, id) in (0u32..).zip(&order) {
            let first = all.get(*id as usize).and_then(|n| head(&n.bytes)).unwrap_or_default();
            out.heads.entry(first).or_insert((at, at)).1 = at + 1;
            let (word, bit) = out.slot(first);
            out.filter.get_mut(word).into_iter().for_each(|w| *w |= bit);
        }
        out.order = order;
        out
    }

    fn slot(&self, head: u64) -> (usize, u64) {
        let hash = head.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift;
        (usize::try_from(hash >> 6).unwrap_or_default(), 1 << (hash & 63))
    }

    /// The needles that begin with these bytes.
    fn beginning(&self, head: u64) -> &[u32] {
        let (word, bit) = self.slot(head);
        if self.filter.get(word).is_none_or(|w| w & bit == 0) {
            return &[];
        }
        self.heads.get(&head).and_then(|(from, to)| self.order.get(*from as usize..*to as usize)).unwrap_or_default()
    }
}

impl Needles {
    /// No needles.
    pub fn new() -> Needles {
        Needles::default()
    }

    /// Adds a needle of a value; bytes that are too short are refused, long ones cut.
    pub fn add(&mut self, value: u32, kind: Kind, bytes: &[u8]) -> bool {
        let bytes = bytes.get(..bytes.len().min(NEEDLE_MAX)).unwrap_or_default();
        if bytes.len() < NEEDLE_MIN || self.all.len() >= u32::MAX as usize {
            return false;
        }
        self.index = None;
        self.all.push(Needle { value, kind, met: 0, bytes: bytes.into() });
        true
    }

    /// All needles.
    pub fn iter(&self) -> impl Iterator<Item = &Needle> {
        self.all.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Values of needles that were met since this was last asked.
    pub fn take_met(&mut self) -> std::collections::BTreeSet<u32> {
        self.all.iter_mut().filter_map(|n| (std::mem::take(&mut n.met) > 0).then_some(n.value)).collect()
    }

    /// Keeps only needles that were not met, as if none had been searched: what was met elsewhere is left out.
    #[must_use]
    pub fn without_met(self) -> Needles {
        let mut out = Needles::new();
        for n in self.all.into_iter().filter(|n| n.met == 0) {
            out.add(n.value, n.kind, &n.bytes);
        }
        out
    }

    /// Adds all of them to others, as needles of another kind.
    pub fn move_to(self, others: &mut Needles, kind: Kind) {
        for n in self.all {
            others.add(n.value, kind, &n.bytes);
        }
    }

    /// Marks every needle that stands in the bytes of a structure.
    pub fn look(&mut self, structure: usize, bytes: &[u8]) {
        if self.all.is_empty() {
            return;
        }
        let mark = 1u64 << structure.min(STRUCTURES_MAX - 1);
        let index = self.index.get_or_insert_with(|| Index::new(&self.all));
        for (i, window) in bytes.windows(NEEDLE_MIN).enumerate() {
            let mut ids = head(window).map_or(&[][..], |h| index.beginning(h));
            let rest = bytes.get(i..).unwrap_or_default();
            while let Some(len) = ids.first().and_then(|id| self.all.get(*id as usize)).map(|n| n.bytes.len()) {
                let of = |id: &u32| self.all.get(*id as usize).map_or(&[][..], |n| &n.bytes);
                let (same, longer) = ids.split_at(ids.partition_point(|id| of(id).len() <= len));
                ids = longer;
                let Some(text) = rest.get(..len) else { break };
                let from = same.partition_point(|id| of(id) < text);
                let met = same.iter().skip(from).take_while(|id| of(id) == text).count();
                for id in same.iter().skip(from).take(met) {
                    self.all.get_mut(*id as usize).into_iter().for_each(|n| n.met |= mark);
                }
            }
        }
    }

    /// Marks every value that points to one person and that a structure says it has: for what can be asked but not read.
    pub fn ask(&mut self, structure: usize, has: &mut dyn FnMut(&[u8]) -> bool) {
        let mark = 1u64 << structure.min(STRUCTURES_MAX - 1);
        self.all.iter_mut().filter(|n| n.kind == Kind::Alone && has(&n.bytes)).for_each(|n| n.met |= mark);
    }

    /// Reads to the end and marks what it meets; gives the bytes read.
    ///
    /// # Errors
    /// If reading fails.
    pub fn look_in(&mut self, structure: usize, mut input: impl Read) -> io::Result<u64> {
        let mut buffer = vec![0u8; 1 << 20];
        let mut kept = 0usize;
        let mut total = 0u64;
        loop {
            let room = buffer.get_mut(kept..).unwrap_or_default();
            let n = input.read(room)?;
            if n == 0 {
                return Ok(total);
            }
            total += n as u64;
            let filled = kept + n;
            self.look(structure, buffer.get(..filled).unwrap_or_default());
            kept = filled.min(NEEDLE_MAX - 1);
            buffer.copy_within(filled - kept..filled, 0);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn a_needle_across_two_reads_is_met() {
        struct Drip<'a>(&'a [u8]);
        impl Read for Drip<'_> {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                let n = self.0.len().min(3).min(out.len());
                out[..n].copy_from_slice(&self.0[..n]);
                self.0 = &self.0[n..];
                Ok(n)
            }
        }
        let mut needles = Needles::new();
        assert!(needles.add(0, Kind::Alone, b"13800138000"));
        assert!(needles.add(1, Kind::Alone, b"absent-value"));
        assert!(!needles.add(2, Kind::Alone, b"short"));
        needles.look_in(5, Drip(b"xxxxxxxxxxxxxxxxxxxxxxxx13800138000yyyyyy")).unwrap();
        assert_eq!(needles.iter().map(|n| n.met).collect::<Vec<_>>(), [1 << 5, 0]);
    }

    #[test]
    fn many_needles_of_one_beginning_are_told_apart() {
        let mut needles = Needles::new();
        for n in 0..2_000u32 {
            needles.add(n, Kind::Alone, format!("client.{n}").as_bytes());
        }
        needles.look(0, b"-- client.17 -- client.1999!");
        needles.add(2_000, Kind::Alone, b"client.17 -");
        needles.look(1, b"client.17 --");
        let met: Vec<(u32, u64)> = needles.iter().filter(|n| n.met > 0).map(|n| (n.value, n.met)).collect();
        assert_eq!(met, [(1, 3), (17, 3), (19, 1), (199, 1), (1_999, 1), (2_000, 2)], "shorter ones stand in longer ones");
    }
}
