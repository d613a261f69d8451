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
    /// Whether it was met in a structure.
    pub fn met_in(&self, structure: usize) -> bool {
        self.met >> structure.min(STRUCTURES_MAX - 1) & 1 == 1
    }
}

/// Many needles behind one filter.
#[derive(Debug)]
pub struct Needles {
    all: Vec<Needle>,
    heads: HashMap<u64, Vec<u32>>,
    filter: Vec<u64>,
}

const FILTER_BITS: u32 = 22;

fn slot(head: u64) -> (usize, u64) {
    let hash = head.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - FILTER_BITS);
    (usize::try_from(hash >> 6).unwrap_or_default(), 1 << (hash & 63))
}

fn head(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk::<8>().map(|b| u64::from_le_bytes(*b))
}

impl Default for Needles {
    fn default() -> Needles {
        Needles { all: Vec::new(), heads: HashMap::new(), filter: vec![0; 1 << (FILTER_BITS - 6)] }
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
        let Some(key) = head(bytes) else { return false };
        let Ok(id) = u32::try_from(self.all.len()) else { return false };
        self.heads.entry(key).or_default().push(id);
        let (word, bit) = slot(key);
        if let Some(w) = self.filter.get_mut(word) {
            *w |= bit;
        }
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
        for (i, window) in bytes.windows(NEEDLE_MIN).enumerate() {
            let Some(key) = head(window) else { continue };
            let (word, bit) = slot(key);
            if self.filter.get(word).is_none_or(|w| w & bit == 0) {
                continue;
            }
            let Some(ids) = self.heads.get(&key) else { continue };
            let rest = bytes.get(i..).unwrap_or_default();
            for id in ids {
                if let Some(n) = self.all.get_mut(*id as usize).filter(|n| rest.starts_with(&n.bytes)) {
                    n.met |= mark;
                }
            }
        }
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
}
