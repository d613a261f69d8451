//! Needles for somebody who may not know them: keyed fingerprints, searched for in bytes without saying what they are of
//! (EVIDENCE §10: fingerprints and key together are personal information).

use std::collections::HashSet;
use std::hash::Hasher as _;
use std::io::{self, Read};

use siphasher::sip::SipHasher24;
use xorf::{BinaryFuse32, Filter as _};
use zeroize::Zeroizing;

use crate::needles::Needles;
use crate::strings::{LENGTHS, NEEDLE_MAX, NEEDLE_MIN};

/// First bytes of a file of fingerprints.
const MAGIC: &[u8] = b"custody.remains.filter/v1\n";
/// Most fingerprints that are read.
const FINGERPRINTS_MAX: u64 = 1 << 28;

/// The key of fingerprints: 128 bits.
pub type BlindKey = Zeroizing<[u8; 16]>;

/// Fingerprints (SipHash-2-4, Aumasson and Bernstein 2012) of the first eight bytes of needles, and of needles as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blinded {
    heads: Vec<u64>,
    whole: Vec<u64>,
    /// One bit for each length that there is.
    lengths: u16,
}

impl Blinded {
    /// Needles as they will be searched for.
    pub fn cut(needles: Needles) -> Needles {
        let mut out = Needles::new();
        for n in needles.iter() {
            let length = LENGTHS.into_iter().take_while(|l| *l <= n.bytes().len()).last().unwrap_or_default();
            out.add(n.value, n.kind, n.bytes().get(..length).unwrap_or_default());
        }
        out
    }

    /// The fingerprints of needles under a key.
    pub fn of(needles: &Needles, key: &BlindKey) -> Blinded {
        let mut out = Blinded::default();
        for bytes in needles.iter().map(crate::Needle::bytes) {
            let Some((n, length)) = (0u8..).zip(LENGTHS).take_while(|(_, l)| *l <= bytes.len()).last() else { continue };
            out.lengths |= 1 << n;
            out.heads.extend(bytes.get(..NEEDLE_MIN).map(|b| fingerprint(key, b)));
            out.whole.extend(bytes.get(..length).map(|b| fingerprint(key, b)));
        }
        for list in [&mut out.heads, &mut out.whole] {
            list.sort_unstable();
            list.dedup();
        }
        out
    }

    /// Different needles.
    pub fn len(&self) -> usize {
        self.whole.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.whole.is_empty()
    }

    /// The bytes of a file: magic, lengths, two counted lists of ascending numbers, all big-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend(self.lengths.to_be_bytes());
        for list in [&self.heads, &self.whole] {
            out.extend((list.len() as u64).to_be_bytes());
            list.iter().for_each(|n| out.extend(n.to_be_bytes()));
        }
        out
    }

    /// What [`Blinded::to_bytes`] wrote; none for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Blinded> {
        let (lengths, mut rest) = bytes.strip_prefix(MAGIC)?.split_first_chunk()?;
        let mut list = || -> Option<Vec<u64>> {
            let (count, after) = rest.split_first_chunk()?;
            let count = u64::from_be_bytes(*count);
            let (own, after) =
                after.split_at_checked(usize::try_from(count).ok().filter(|_| count <= FINGERPRINTS_MAX)?.checked_mul(8)?)?;
            rest = after;
            let list: Vec<u64> = own.chunks_exact(8).filter_map(|c| c.first_chunk()).map(|c| u64::from_be_bytes(*c)).collect();
            list.windows(2).all(|w| w.first() < w.last()).then_some(list)
        };
        let out = Blinded { heads: list()?, whole: list()?, lengths: u16::from_be_bytes(*lengths) };
        rest.is_empty().then_some(out)
    }
}

fn fingerprint(key: &BlindKey, bytes: &[u8]) -> u64 {
    let mut hasher = SipHasher24::new_with_key(key);
    hasher.write(bytes);
    hasher.finish()
}

/// A search with fingerprints; it knows how many were met, and not of what they are.
pub struct BlindSearch {
    key: BlindKey,
    blinded: Blinded,
    heads: Option<BinaryFuse32>,
    /// Fingerprints that were met.
    pub met: HashSet<u64>,
}

impl BlindSearch {
    /// None if the fingerprints cannot be made into a filter.
    pub fn new(blinded: Blinded, key: BlindKey) -> Option<BlindSearch> {
        let heads = match blinded.heads.is_empty() {
            true => None,
            false => Some(BinaryFuse32::try_from(&blinded.heads).ok()?),
        };
        Some(BlindSearch { key, blinded, heads, met: HashSet::new() })
    }

    /// Looks at every place of these bytes; gives the fingerprints met in them.
    pub fn look(&mut self, bytes: &[u8]) -> HashSet<u64> {
        let mut here = HashSet::new();
        let Some(heads) = &self.heads else { return here };
        for (i, window) in bytes.windows(NEEDLE_MIN).enumerate() {
            if !heads.contains(&fingerprint(&self.key, window)) {
                continue;
            }
            for (_, length) in (0u8..).zip(LENGTHS).filter(|(n, _)| self.blinded.lengths >> n & 1 == 1) {
                let whole = bytes.get(i..i + length).map(|b| fingerprint(&self.key, b));
                here.extend(whole.filter(|f| self.blinded.whole.binary_search(f).is_ok()));
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::Kind;

    fn blinded(key: &BlindKey) -> Blinded {
        let mut needles = Needles::new();
        for n in 0..1_000u32 {
            needles.add(n, Kind::Alone, format!("person.{n}@example.com").as_bytes());
        }
        Blinded::of(&needles, key)
    }

    #[test]
    fn what_is_there_is_counted_with_the_key_and_not_without() {
        let key = Zeroizing::new([3; 16]);
        let own = blinded(&key);
        let again = Blinded::from_bytes(&own.to_bytes()).unwrap();
        assert_eq!(again, own);
        let text = b"xx person.7@example.com, person.999@example.com, person.1000@example.com, someone.else@example.com";
        let mut search = BlindSearch::new(again, key).unwrap();
        let (read, met) = search.look_in(&text[..]).unwrap();
        // `person.1000@exa…` begins as no needle does in its first 16 bytes.
        assert_eq!((read, met.len()), (text.len() as u64, 2));
        let mut other = BlindSearch::new(own, Zeroizing::new([4; 16])).unwrap();
        assert!(other.look_in(&text[..]).unwrap().1.is_empty());
    }

    #[test]
    fn files_that_are_none_are_refused() {
        let bytes = blinded(&Zeroizing::new([3; 16])).to_bytes();
        assert!(Blinded::from_bytes(&bytes[..bytes.len() - 1]).is_none());
        assert!(Blinded::from_bytes(&[bytes.as_slice(), b"x"].concat()).is_none());
        let mut forged = bytes.clone();
        forged[MAGIC.len() + 2] = 0xff;
        assert!(Blinded::from_bytes(&forged).is_none(), "a count beyond the file");
    }
}
