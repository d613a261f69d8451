//! The search with fingerprints: filters of windows and runs first, a keyed hash of the whole only where they say that a needle may begin.

use std::collections::HashSet;
use std::io::{self, Read};

use aes::Block;

use super::Blinded;
use super::key::BlindKey;
use super::keyed::{Keyed, Of};
use super::list::List;
use super::parts::{Parts, Variant};
use crate::ends::Ends;
use crate::filter::{Filter, keep_variant};
use crate::places::{Places, Room};
use crate::strings::NEEDLE_MAX;

/// A search with fingerprints; it knows how many were met, and not of what they are.
pub struct BlindSearch {
    classes: Vec<Class>,
    list: List,
    room: (Room, Blocks),
    /// Fingerprints that were met.
    pub met: HashSet<u64>,
}

/// The fingerprints of needles of one shape, with the keys of their hashes.
struct Class {
    windows: Places,
    runs: Filter,
    window: Keyed,
    run: Keyed,
    wholes: Vec<(Variant, Keyed)>,
}

/// Room for keyed hashes that each block uses again.
#[derive(Default)]
struct Blocks {
    blocks: Vec<Block>,
    /// Where needles may begin, and the fingerprints of what stands there.
    starts: Vec<usize>,
    wholes: Vec<u64>,
}

impl BlindSearch {
    /// None if the key is not that of the fingerprints: nothing would be met. Of memory it holds as much as their file has bytes and a tenth more.
    pub fn new(blinded: Blinded, key: &BlindKey) -> Option<BlindSearch> {
        if blinded.check != Keyed::check(key) {
            return None;
        }
        let classes = blinded.parts.into_iter().map(|own| Class::new(own, key)).collect();
        Some(BlindSearch { classes, list: List::new(blinded.whole), room: Default::default(), met: HashSet::new() })
    }

    /// Looks at every place of these bytes; gives the fingerprints met in them.
    pub fn look(&mut self, bytes: &[u8]) -> HashSet<u64> {
        let mut here = HashSet::new();
        for class in &self.classes {
            let mut next = Some(0);
            while let Some(from) = next {
                next = class.find(bytes, from, &mut self.room, &mut |hashes| self.list.find(hashes, &mut here));
            }
        }
        self.met.extend(&here);
        here
    }

    /// Reads to the end; gives the bytes read and the fingerprints met.
    ///
    /// # Errors
    /// If reading fails.
    pub fn look_in(&mut self, mut input: impl Read) -> io::Result<(u64, HashSet<u64>)> {
        let mut buffer = vec![0u8; 1 << 20];
        let (mut kept, mut total, mut here) = (0usize, 0u64, HashSet::new());
        loop {
            let n = input.read(buffer.get_mut(kept..).unwrap_or_default())?;
            if n == 0 {
                return Ok((total, here));
            }
            total += n as u64;
            let filled = kept + n;
            here.extend(self.look(buffer.get(..filled).unwrap_or_default()));
            kept = filled.min(NEEDLE_MAX - 1);
            buffer.copy_within(filled - kept..filled, 0);
        }
    }
}

impl Class {
    fn new(own: Parts, key: &BlindKey) -> Class {
        let ends = (!own.ends.is_empty()).then(|| Ends::from_words(own.shape(), own.masked_ends(key)));
        let (window, run) = own.keyed(key);
        let wholes = own.variants().map(|v| (v, Keyed::new(key, Of::Whole, v.len))).collect();
        Class { windows: Places { shape: own.shape(), ends, windows: own.windows }, runs: own.runs, window, run, wholes }
    }

    /// Looks through a block from a position on; gives where the next begins. What stands where needles may begin is heard as fingerprints.
    fn find(&self, bytes: &[u8], from: usize, (room, own): &mut (Room, Blocks), hear: &mut dyn FnMut(&[u64])) -> Option<usize> {
        let Blocks { blocks, starts, wholes } = own;
        let next = self.windows.of_block(bytes, from, room, |at, out| self.window.hashes(bytes, at, blocks, out))?;
        let Room { places, hashes, held, .. } = room;
        self.run.hashes(bytes, places, blocks, hashes);
        self.runs.hold(hashes, held);
        for (variant, whole) in &self.wholes {
            let start = |at: usize| at.checked_sub(variant.anchor).filter(|start| start + variant.len <= bytes.len());
            keep_variant((held, hashes), variant.number, starts, |i| places.get(i).copied().and_then(start));
            whole.hashes(bytes, starts, blocks, wholes);
            hear(wholes);
        }
        Some(next)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::strings::LENGTHS;
    use crate::{Kind, Needles};

    fn key() -> BlindKey {
        BlindKey::new(Zeroizing::new([3; 16]))
    }

    fn needles<'a>(all: impl IntoIterator<Item = &'a [u8]>) -> Needles {
        let mut out = Needles::new();
        all.into_iter().for_each(|bytes| assert!(out.add(0, Kind::Alone, bytes)));
        out
    }

    /// Searches for cut needles with and without a key in the same bytes: what is met must be the same.
    fn same(needles: Needles, text: &[u8]) -> usize {
        let mut plain = Blinded::cut(needles);
        let mut search = BlindSearch::new(Blinded::of(&plain, &key()), &key()).unwrap();
        let (read, met) = search.look_in(text).unwrap();
        plain.look_in(0, text).unwrap();
        let there = self::needles(plain.iter().filter(|n| n.met_in(0)).map(|n| n.bytes()));
        let there = Blinded::of(&there, &key()).whole;
        let mut met: Vec<u64> = met.into_iter().collect();
        met.sort_unstable();
        assert_eq!((read, met), (text.len() as u64, there));
        search.met.len()
    }

    /// Bytes of numbers, of text, or with zeros between.
    fn string(n: u64, len: usize) -> Vec<u8> {
        let digits = format!("{:064}", u128::from(n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)).into_bytes();
        let wide = || digits.iter().rev().flat_map(|d| [*d, 0]);
        let text = || digits.iter().rev().map(|d| if d % 3 == 0 { *d } else { d + b'a' - b'0' });
        let all: Vec<u8> = match n % 4 {
            0 => digits.iter().rev().copied().collect(),
            1 => b"same".iter().copied().chain(text()).collect(),
            2 => text().take(len - 4).chain(*b".com").collect(),
            _ => wide().collect(),
        };
        all[..len].to_vec()
    }

    /// Each of them, at every distance from the one before.
    fn text<'a>(all: impl IntoIterator<Item = &'a Vec<u8>>) -> Vec<u8> {
        let apart = |(n, bytes): (usize, &'a Vec<u8>)| std::iter::repeat_n(b'x', 1 + n % 9).chain(bytes.iter().copied());
        all.into_iter().enumerate().flat_map(apart).collect()
    }

    #[test]
    fn of_all_lengths_none_is_missed_wherever_it_stands() {
        let all: Vec<Vec<u8>> = (0..4).flat_map(|n| (8..=64).map(move |len| string(n, len))).collect();
        for bytes in &all {
            for before in 0..9 {
                let standing = [&b"xxxxxxxxx"[..before], bytes].concat();
                assert_eq!(same(needles([bytes.as_slice()]), &standing), 1, "{before} {bytes:?}");
            }
        }
        // All together: of many lengths, and beginnings of each other.
        for skipped in 0..9 {
            assert!(same(needles(all.iter().map(Vec::as_slice)), &text(all.iter().skip(skipped))) > 4 * 10);
        }
    }

    #[test]
    fn of_very_many_none_is_missed() {
        // So many of each shape that ends are asked about first.
        for lengths in [&LENGTHS[..2], &LENGTHS[2..8], &LENGTHS[4..8], &LENGTHS[8..], &LENGTHS] {
            let of = |n: u64| string(n, lengths[(n / 4) as usize % lengths.len()]);
            let all: Vec<Vec<u8>> = (0..300_000).map(of).collect();
            let planted: Vec<&Vec<u8>> = all.iter().step_by(3).collect();
            let others: Vec<Vec<u8>> = (300_000..400_000).map(of).collect();
            let met = same(needles(all.iter().map(Vec::as_slice)), &text(planted.into_iter().chain(&others)));
            assert!(met > 60_000, "{met} {lengths:?}");
        }
    }

    #[test]
    fn a_needle_across_two_reads_is_met() {
        struct Drip<'a>(&'a [u8], usize);
        impl Read for Drip<'_> {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                let n = self.0.len().min(self.1).min(out.len());
                out[..n].copy_from_slice(&self.0[..n]);
                self.0 = &self.0[n..];
                Ok(n)
            }
        }
        for len in LENGTHS {
            let needle = string(0, len);
            let text = [&[b'x'; 100], needle.as_slice(), &[b'y'; 100]].concat();
            for piece in [1, 3, 101, 99 + len, 1_000] {
                let mut search = BlindSearch::new(Blinded::of(&needles([needle.as_slice()]), &key()), &key()).unwrap();
                let (read, met) = search.look_in(Drip(&text, piece)).unwrap();
                assert_eq!((read, met.len()), (text.len() as u64, 1), "{len} {piece}");
            }
            // Around the end of the first reading of a long one.
            for before in (1 << 20) - len..=1 << 20 {
                let mut long = vec![b'x'; before];
                long.extend_from_slice(&needle);
                let mut search = BlindSearch::new(Blinded::of(&needles([needle.as_slice()]), &key()), &key()).unwrap();
                assert_eq!(search.look_in(long.as_slice()).unwrap().1.len(), 1, "{len} {before}");
            }
        }
    }

    #[test]
    fn what_is_there_is_counted_once_with_the_key_and_not_without() {
        let people: Vec<Vec<u8>> = (0..200_000).map(|n| format!("person.{n}@example.com").into_bytes()).collect();
        let own = || Blinded::of(&needles(people.iter().map(Vec::as_slice)), &key());
        let text =
            b"xx person.7@example.com, person.999@example.com, person.7@example.com, person.-5@example.com, someone.else@example.com";
        let mut search = BlindSearch::new(Blinded::read(own().to_bytes().as_slice()).unwrap(), &key()).unwrap();
        assert_eq!(search.look(text).len(), 2);
        assert_eq!(search.look(&text[..23]).len(), 1);
        assert_eq!((search.look(b"nobody").len(), search.met.len()), (0, 2));
        assert!(BlindSearch::new(own(), &BlindKey::new(Zeroizing::new([4; 16]))).is_none(), "another key");
    }

    #[test]
    fn nothing_is_met_of_nothing() {
        let mut search = BlindSearch::new(Blinded::of(&Needles::new(), &key()), &key()).unwrap();
        assert!(search.look(b"13800138000").is_empty());
    }
}
