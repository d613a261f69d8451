//! Fingerprints as the bytes of a file, and read from them: nothing of such a file is believed before it is seen.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

use super::Blinded;
use super::key::BlindKey;
use super::parts::{Parts, VARIANTS};
use crate::ends::ENDS_WORDS;
use crate::filter::Filter;
use crate::shape::SHAPES;

/// First bytes of a file of fingerprints.
const MAGIC: &[u8] = b"custody.remains.filter/v2\n";
/// Most fingerprints or words of a filter that are read: more than there are of as many needles as can be held.
const NUMBERS_MAX: u64 = 1 << 29;
/// What a commitment is of, before anything else that is hashed.
const DOMAIN: &[u8] = b"custody/filter/v1\0";
/// Bytes read or written at a time.
const PIECE: usize = 1 << 16;

impl Blinded {
    /// The bytes of a file: magic; the number by which its key is known (eight bytes); the counted list of ascending fingerprints; the number of shapes (one byte), and for each its number (one byte,
    /// ascending), a bit for each of its variants (four bytes), the counted words of its filters of windows and of runs, and those of its masked
    /// table of ends, which may be none. All numbers are big-endian; each count and each number of a list has eight bytes.
    ///
    /// What they mean lies in `SHAPES`, `LENGTHS`, `Filter` and the table of ends as well: who changes these changes the first bytes too.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut |piece| out.extend_from_slice(piece));
        out
    }

    /// What the ledger keeps of a filter, by which a forged one is told from it: SHA-256(D ‖ key ‖ the bytes of its file).
    pub fn commitment(&self, key: &BlindKey) -> [u8; 32] {
        let mut out = Sha256::new_with_prefix(DOMAIN);
        out.update(key.bytes());
        self.write(&mut |piece| out.update(piece));
        out.finalize().into()
    }

    /// Tells the bytes of a file piece by piece.
    fn write(&self, out: &mut dyn FnMut(&[u8])) {
        out(MAGIC);
        out(&self.check.to_be_bytes());
        put(out, &self.whole);
        u8::try_from(self.parts.len()).into_iter().for_each(|n| out(&[n]));
        for parts in &self.parts {
            out(&[parts.shape]);
            out(&parts.variants.to_be_bytes());
            put(out, parts.windows.words());
            put(out, parts.runs.words());
            put(out, &parts.ends);
        }
    }

    /// Reads what [`Blinded::to_bytes`] wrote, to the end; it holds at most twice what it has read, whatever counts are claimed.
    ///
    /// # Errors
    /// `InvalidData` if this is anything else, and if reading fails.
    pub fn read(mut input: impl Read) -> io::Result<Blinded> {
        let input = &mut input;
        check(bytes::<{ MAGIC.len() }>(input)? == MAGIC)?;
        let check_number = u64::from_be_bytes(bytes(input)?);
        let whole = numbers(input)?;
        check(whole.is_sorted_by(|a, b| a < b))?;
        let [count] = bytes(input)?;
        let parts = (0..count).map(|_| self::parts(input)).collect::<io::Result<Vec<Parts>>>()?;
        check(parts.is_sorted_by(|a, b| a.shape < b.shape))?;
        check(input.take(1).read_to_end(&mut Vec::new())? == 0)?;
        // What says that it looks for something can find it.
        check(whole.is_empty() == parts.is_empty())?;
        Ok(Blinded { check: check_number, whole, parts })
    }
}

fn put(out: &mut dyn FnMut(&[u8]), numbers: &[u64]) {
    out(&(numbers.len() as u64).to_be_bytes());
    for some in numbers.chunks(PIECE / 8) {
        out(&some.iter().flat_map(|n| n.to_be_bytes()).collect::<Vec<u8>>());
    }
}

fn parts(input: &mut impl Read) -> io::Result<Parts> {
    let ([shape], variants) = (bytes(input)?, u32::from_be_bytes(bytes(input)?));
    check(usize::from(shape) < SHAPES.len() && variants >> VARIANTS == 0 && variants != 0)?;
    let [windows, runs] = [numbers(input)?, numbers(input)?].map(Filter::from_words);
    check(windows.bytes() > 0 && runs.bytes() > 0)?;
    let parts = Parts { shape, variants, windows, runs, ends: numbers(input)? };
    check(parts.ends.is_empty() || parts.ends.len() == ENDS_WORDS)?;
    check(parts.variants().all(|v| v.len >= parts.shape().least()))?;
    Ok(parts)
}

/// A counted list.
fn numbers(input: &mut impl Read) -> io::Result<Vec<u64>> {
    let count = u64::from_be_bytes(bytes(input)?);
    check(count <= NUMBERS_MAX)?;
    let (mut left, mut out) = (usize::try_from(count).map_err(|_| no_file())?, Vec::new());
    let mut piece = vec![0; PIECE];
    while left > 0 {
        let some = left.min(PIECE / 8);
        let piece = piece.get_mut(..some * 8).unwrap_or_default();
        input.read_exact(piece).map_err(ended)?;
        if out.capacity() - out.len() < some {
            // Twice as much as was read, but never more than there will be.
            out.reserve_exact(left.min(out.len() + some));
        }
        out.extend(piece.as_chunks().0.iter().map(|n| u64::from_be_bytes(*n)));
        left -= some;
    }
    Ok(out)
}

fn bytes<const LEN: usize>(input: &mut impl Read) -> io::Result<[u8; LEN]> {
    let mut out = [0; LEN];
    input.read_exact(&mut out).map_err(ended)?;
    Ok(out)
}

fn check(holds: bool) -> io::Result<()> {
    if holds { Ok(()) } else { Err(no_file()) }
}

fn ended(e: io::Error) -> io::Error {
    if e.kind() == io::ErrorKind::UnexpectedEof { no_file() } else { e }
}

fn no_file() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "this is no file of fingerprints")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::{Kind, Needles};

    fn key() -> BlindKey {
        BlindKey::new(Zeroizing::new([3; 16]))
    }

    /// Many enough that there is a table of ends, and few of another shape.
    fn blinded(many: u32) -> Blinded {
        let mut needles = Needles::new();
        for n in 0..many {
            needles.add(n, Kind::Alone, (13_000_000_000 + u64::from(n) * 7_919 % 100_000_000).to_string().as_bytes());
        }
        (0..100).for_each(|n| assert!(needles.add(many + n, Kind::Alone, format!("person.{n}@mail.example.com").as_bytes())));
        Blinded::of(&needles, &key())
    }

    /// Where in a file the fingerprints begin, the number of shapes, and the first shape.
    const LIST: usize = MAGIC.len() + 8;
    const WHOLE: usize = LIST + 8;
    fn shapes(blinded: &Blinded) -> usize {
        WHOLE + blinded.whole.len() * 8
    }

    #[test]
    fn what_was_written_is_read() {
        for own in [Blinded::default(), blinded(1_000), blinded(180_000)] {
            assert_eq!(Blinded::read(own.to_bytes().as_slice()).unwrap(), own);
        }
        let big = blinded(180_000);
        assert_eq!(big.parts.iter().map(|s| s.ends.len()).collect::<Vec<_>>(), [ENDS_WORDS, 0]);
    }

    #[test]
    fn the_format_stays() {
        let bytes = blinded(180_000).to_bytes();
        let sum = bytes.iter().fold(0xcbf2_9ce4_8422_2325u64, |sum, b| (sum ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3));
        assert_eq!(
            (bytes.len(), sum),
            (2_473_773, 12_234_148_256_583_295_176),
            "whoever changes what is written changes its first bytes too"
        );
    }

    #[test]
    fn what_the_ledger_keeps_is_of_file_and_key() {
        let own = blinded(1_000);
        let mut whole = Sha256::new();
        [&b"custody/filter/v1\0"[..], &[3; 16], &own.to_bytes()].into_iter().for_each(|part| whole.update(part));
        assert_eq!(own.commitment(&key()), <[u8; 32]>::from(whole.finalize()));
        assert_ne!(own.commitment(&key()), own.commitment(&BlindKey::new(Zeroizing::new([4; 16]))), "another key");
        assert_ne!(own.commitment(&key()), blinded(999).commitment(&key()), "another filter under the same key");
    }

    #[test]
    fn tables_of_ends_are_masked() {
        let masked = blinded(180_000).parts.remove(0);
        let differ = |a: &[u64], b: &[u64]| a.iter().zip(b).filter(|(a, b)| a != b).count();
        let [plain, wrong] = [key(), BlindKey::new(Zeroizing::new([4; 16]))].map(|key| masked.masked_ends(&key).collect::<Vec<u64>>());
        assert!(plain.iter().filter(|n| **n == 0).count() > ENDS_WORDS / 2, "digits have few ends");
        assert_eq!(masked.ends.iter().chain(&wrong).filter(|n| **n == 0).count(), 0);
        let other = blinded(179_999).parts.remove(0);
        assert_eq!(differ(&masked.ends, &other.ends), ENDS_WORDS, "one needle less, and all is masked otherwise");
    }

    #[test]
    fn files_that_are_none_are_refused() {
        let own = blinded(1_000);
        let (bytes, shapes) = (own.to_bytes(), shapes(&own));
        let kind = |bytes: &[u8]| Blinded::read(bytes).map_err(|e| e.kind());
        let refused = |what: &str, bytes: &[u8]| assert_eq!(kind(bytes), Err(io::ErrorKind::InvalidData), "{what}");
        let forged = |what: &str, at: usize, new: &[u8]| {
            let mut forged = bytes.clone();
            forged[at..at + new.len()].copy_from_slice(new);
            refused(what, &forged);
        };
        (0..bytes.len()).step_by(97).chain([bytes.len() - 1]).for_each(|end| refused("cut off", &bytes[..end]));
        refused("something after the end", &[bytes.as_slice(), b"x"].concat());
        forged("the format before this", 0, b"custody.remains.filter/v1\n");
        forged("more than is read", LIST, &u64::MAX.to_be_bytes());
        forged("more than there is room for", LIST, &NUMBERS_MAX.to_be_bytes());
        forged("one more than there are", LIST, &(own.whole.len() as u64 + 1).to_be_bytes());
        forged("not ascending", WHOLE, &own.whole[1].to_be_bytes());
        forged("not ascending", WHOLE + 8, &u64::MAX.to_be_bytes());
        forged("more shapes than there are", shapes, &[3]);
        forged("fewer shapes than there are", shapes, &[1]);
        forged("no shape", shapes + 1, &[4]);
        let mut turned = blinded(1_000);
        turned.parts.reverse();
        refused("shapes not ascending", &turned.to_bytes());
        forged("no variant", shapes + 2, &0u32.to_be_bytes());
        forged("variants that are none", shapes + 2, &(1u32 << VARIANTS).to_be_bytes());
        let of = |whole: Vec<u64>, parts| Blinded { check: 0, whole, parts }.to_bytes();
        refused("nothing that could be found", &of(vec![1], Vec::new()));
        refused("nothing that is looked for", &of(Vec::new(), blinded(10).parts));
        let emptied = |mut parts: Vec<Parts>, which: fn(&mut Parts) -> &mut Filter| {
            parts.iter_mut().for_each(|p| *which(p) = Filter::from_words(Vec::new()));
            of(vec![1], parts)
        };
        refused("a filter of nothing", &emptied(blinded(10).parts, |p| &mut p.windows));
        refused("a filter of nothing", &emptied(blinded(10).parts, |p| &mut p.runs));
        forged("a variant too short for its shape", shapes + 2, &1u32.to_be_bytes());
        let last = bytes.len() - 8;
        refused("a table of ends of another size", &[&bytes[..last], &1u64.to_be_bytes(), &[0; 8]].concat());
    }

    #[test]
    fn whatever_is_claimed_is_read_in_pieces() {
        struct Counting<'a>(&'a [u8], usize);
        impl Read for Counting<'_> {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                self.1 = self.1.max(out.len());
                self.0.read(out)
            }
        }
        let mut forged = blinded(10).to_bytes();
        forged[LIST..WHOLE].copy_from_slice(&NUMBERS_MAX.to_be_bytes());
        let mut input = Counting(&forged, 0);
        assert!(Blinded::read(&mut input).is_err());
        assert_eq!(input.1, PIECE);
    }

    #[test]
    fn a_failure_to_read_is_none_of_the_file() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::PermissionDenied.into())
            }
        }
        let bytes = blinded(10).to_bytes();
        let failed = Blinded::read((&bytes[..100]).chain(Broken));
        assert_eq!(failed.map_err(|e| e.kind()), Err(io::ErrorKind::PermissionDenied));
    }
}
