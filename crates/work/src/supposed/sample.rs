//! Distinct values of a column by digest, as many as there is room for.

use std::collections::HashMap;

/// Most values of a column that are kept, of all columns together, and of a column where there are many: a value takes 16 to 32 bytes.
const KEPT: usize = 1 << 16;
const KEPT_IN_ALL: usize = 1 << 21;
const KEPT_LEAST: usize = 1 << 10;
/// Distinct values below which nothing is supposed.
const LEAST: u64 = 2;
/// Percent of them that must be values of the key.
const SHARE: u64 = 95;
/// Where no name speaks: values of the key that are met at least, or half of it, and percent of it. Small numbers are values of many a key.
const MUCH: u64 = 20;
const MUCH_SHARE: u64 = 10;

/// Distinct values of a column by digest: all of them, or those whose digests end in so many zero bits.
pub(super) struct Sample {
    most: usize,
    zeros: u32,
    /// Digest → whether it was met more than once.
    seen: HashMap<u64, bool>,
}

impl Default for Sample {
    fn default() -> Sample {
        Sample { most: KEPT, zeros: 0, seen: HashMap::new() }
    }
}

impl Sample {
    /// One that keeps its share of what there is room for, beside so many others.
    pub(super) fn one_of(columns: usize) -> Sample {
        Sample { most: (KEPT_IN_ALL / columns.max(1)).clamp(KEPT_LEAST, KEPT), ..Sample::default() }
    }

    pub(super) fn add(&mut self, digest: u64) {
        if digest.trailing_zeros() < self.zeros {
            return;
        }
        self.seen.entry(digest).and_modify(|again| *again = true).or_insert(false);
        while self.seen.len() > self.most {
            self.zeros += 1;
            self.seen.retain(|d, _| d.trailing_zeros() >= self.zeros);
        }
    }

    /// Distinct values that were compared, and those that are values of the key; none if that is no key, or they are too few.
    pub(super) fn met_in(&self, key: &Sample) -> Option<(u64, u64)> {
        let zeros = self.zeros.max(key.zeros);
        let own = || self.seen.keys().filter(|d| d.trailing_zeros() >= zeros);
        let values = own().count() as u64;
        // Most columns have nothing in common with most keys: seen early.
        let foreign = own().filter(|d| !key.seen.contains_key(*d)).take((values * (100 - SHARE) / 100 + 1) as usize).count() as u64;
        let met = values - foreign;
        let is_key = || key.seen.values().all(|again| !again);
        (values >= LEAST && met * 100 >= values * SHARE && is_key()).then_some((values, met))
    }

    /// Distinct values, as far as those that are kept tell.
    pub(super) fn distinct(&self) -> u64 {
        (self.seen.len() as u64) << self.zeros.min(u64::BITS / 2)
    }

    /// Whether so many of this key's values, as met by another column, are much of it.
    pub(super) fn is_much(&self, other: &Sample, met: u64) -> bool {
        let zeros = self.zeros.max(other.zeros);
        let all = self.seen.keys().filter(|d| d.trailing_zeros() >= zeros).count() as u64;
        met * 100 >= all * MUCH_SHARE && met >= MUCH.min(all.div_ceil(2))
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher as _, RandomState};

    use super::*;

    #[test]
    fn values_decide() {
        let hasher = RandomState::new();
        let of = |all: &mut dyn Iterator<Item = u64>| {
            let mut out = Sample::default();
            all.for_each(|n| out.add(hasher.hash_one(n)));
            out
        };
        let key = of(&mut (0..1_000_000));
        assert!(key.zeros > 0 && key.seen.len() <= KEPT);
        assert!(of(&mut (500..90_000)).met_in(&key).is_some_and(|(values, met)| values == met && values > 100));
        assert_eq!(of(&mut (900_000..1_200_000)).met_in(&key), None, "a third is no value of the key");
        assert_eq!(of(&mut (0..100)).met_in(&of(&mut (0..100).chain(0..100))), None, "no key has a value twice");
        assert_eq!(of(&mut (0..1)).met_in(&key), None, "one value says nothing");
        let much = |of_key: &Sample, own: &Sample| own.met_in(of_key).is_some_and(|(_, met)| of_key.is_much(own, met));
        assert!(much(&key, &of(&mut (0..200_000))) && !much(&key, &of(&mut (0..40))), "forty shops are no customers");
        let few = of(&mut (0..10));
        assert!(much(&few, &of(&mut (0..5))) && !much(&few, &of(&mut (0..4))), "of a short key half");
    }
}
