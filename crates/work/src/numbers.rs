//! Numbers that stand in for what may be neither null nor equal: a keyed permutation, so that they differ and say nothing.

use ledger::keyed;
use zeroize::Zeroizing;

/// The numbers of the rows of one data set.
pub(crate) struct Numbers {
    /// Under which the rows are permuted.
    pub key: Zeroizing<[u8; 32]>,
    /// Rows of older parts of the data set.
    pub first: u64,
}

/// Numbers of so many bits are permuted, in two halves.
const HALF: u64 = 16;
/// Rounds of the permutation (Luby and Rackoff, How to construct pseudorandom permutations, 1988: four for one that is strong).
const ROUNDS: u8 = 4;
/// What is given out has so many bits that differ for every row: a four-byte whole number has room for it beside its sign.
const DIFFER: u64 = 31;

impl Numbers {
    /// The number of the row at that place in the data set: below 2^62, its last 31 bits different for each of the first 2^31 rows.
    pub(crate) fn of(&self, row: u64) -> u64 {
        let mut low = row & ((1 << DIFFER) - 1);
        // Permuted again until it is in range: that is a permutation of the range.
        loop {
            low = self.permute(low);
            if low >> DIFFER == 0 {
                break;
            }
        }
        let high = self.word(u8::MAX, low) & ((1 << DIFFER) - 1);
        high << DIFFER | low
    }

    fn permute(&self, n: u64) -> u64 {
        let mask = (1 << HALF) - 1;
        let (mut left, mut right) = (n >> HALF & mask, n & mask);
        for round in 0..ROUNDS {
            (left, right) = (right, left ^ (self.word(round, right) & mask));
        }
        left << HALF | right
    }

    fn word(&self, round: u8, n: u64) -> u64 {
        let digest = keyed(&self.key, "number", &[&[round], &n.to_be_bytes()]);
        digest.first_chunk().map_or(0, |c| u64::from_be_bytes(*c))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn numbers_differ_in_their_last_bits_and_follow_no_order() {
        let numbers = Numbers { key: Zeroizing::new([7; 32]), first: 0 };
        let all: Vec<u64> = (0..20_000).map(|row| numbers.of(row)).collect();
        let low: HashSet<u64> = all.iter().map(|n| n & 0x7fff_ffff).collect();
        assert_eq!(low.len(), all.len());
        assert!(all.iter().all(|n| n >> 62 == 0));
        // Of a random order about half the neighbours rise.
        let rises = all.windows(2).filter(|w| w.first() < w.last()).count();
        assert!((9_000..11_000).contains(&rises), "{rises}");
        let other = Numbers { key: Zeroizing::new([8; 32]), first: 0 };
        assert_ne!(other.of(1), numbers.of(1));
    }
}
