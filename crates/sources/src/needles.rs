//! Needles: bytes that point to destroyed values, searched for in raw files in one pass.

use std::collections::HashMap;
use std::io::{self, Read};

/// Shortest needle: shorter ones would be met by chance.
pub const NEEDLE_MIN: usize = 8;
/// Longest needle: longer values are searched by their beginning.
pub const NEEDLE_MAX: usize = 64;

/// A needle and what it stands for.
#[derive(Clone, Debug)]
pub struct Needle {
    /// Column ordinal.
    pub column: u32,
    /// Bytes, [`NEEDLE_MIN`] to [`NEEDLE_MAX`].
    pub bytes: Vec<u8>,
    /// Whether it was met.
    pub met: bool,
}

/// Many needles behind one filter.
#[derive(Debug, Default)]
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

impl Needles {
    /// No needles.
    pub fn new() -> Needles {
        Needles { all: Vec::new(), heads: HashMap::new(), filter: vec![0; 1 << (FILTER_BITS - 6)] }
    }

    /// Adds a needle; bytes that are too short are refused, long ones cut.
    pub fn add(&mut self, column: u32, bytes: &[u8]) -> bool {
        let bytes = bytes.get(..bytes.len().min(NEEDLE_MAX)).unwrap_or_default();
        let Some(key) = head(bytes) else { return false };
        let Ok(id) = u32::try_from(self.all.len()) else { return false };
        self.heads.entry(key).or_default().push(id);
        let (word, bit) = slot(key);
        if let Some(w) = self.filter.get_mut(word) {
            *w |= bit;
        }
        self.all.push(Needle { column, bytes: bytes.to_vec(), met: false });
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
        for n in self.all.into_iter().filter(|n| !n.met) {
            out.add(n.column, &n.bytes);
        }
        out
    }

    /// Marks every needle that stands in the bytes.
    pub fn look(&mut self, bytes: &[u8]) {
        if self.all.is_empty() {
            return;
        }
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
                    n.met = true;
                }
            }
        }
    }

    /// Reads to the end and marks what it meets; gives the bytes read.
    ///
    /// # Errors
    /// If reading fails.
    pub fn look_in(&mut self, mut input: impl Read) -> io::Result<u64> {
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
            self.look(buffer.get(..filled).unwrap_or_default());
            kept = filled.min(NEEDLE_MAX - 1);
            buffer.copy_within(filled - kept..filled, 0);
        }
    }
}

#[cfg(test)]
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
        assert!(needles.add(0, b"13800138000"));
        assert!(needles.add(1, b"absent-value"));
        assert!(!needles.add(2, b"short"));
        needles.look_in(Drip(b"xxxxxxxxxxxxxxxxxxxxxxxx13800138000yyyyyy")).unwrap();
        assert_eq!(needles.iter().map(|n| n.met).collect::<Vec<_>>(), [true, false]);
    }
}
