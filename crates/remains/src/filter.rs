//! Filters: whether something may have been added, at the cost of few bits.

/// Bits for each window, where they are many and where all fit into so many bits near the processor; bits for each string.
const BITS_A_WINDOW: usize = 6;
const BITS_A_WINDOW_OF_FEW: usize = 16;
const BITS_NEAR: usize = 1 << 22;
const BITS_A_STRING: usize = 16;

/// Three bits for each hash; it never says no of one that was added. Files of fingerprints hold such filters: who changes it changes their format.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Filter(Vec<u64>);

impl Filter {
    /// For so many windows.
    pub(crate) fn of_windows(count: usize) -> Filter {
        Filter::new((count * BITS_A_WINDOW_OF_FEW).min(BITS_NEAR).max(count * BITS_A_WINDOW))
    }

    /// For so many strings.
    pub(crate) fn of_strings(count: usize) -> Filter {
        Filter::new(count * BITS_A_STRING)
    }

    /// Whether a filter of so many windows lies far from the processor.
    pub(crate) fn is_far(count: usize) -> bool {
        count * BITS_A_WINDOW > BITS_NEAR
    }

    fn new(bits: usize) -> Filter {
        Filter(vec![0; bits.div_ceil(64)])
    }

    /// One that has these words.
    pub(crate) fn from_words(words: Vec<u64>) -> Filter {
        Filter(words)
    }

    pub(crate) fn words(&self) -> &[u64] {
        &self.0
    }

    fn slot(&self, hash: u64) -> usize {
        ((hash >> 32) as usize * self.0.len()) >> 32
    }

    pub(crate) fn add(&mut self, hash: u64) {
        let slot = self.slot(hash);
        self.0.get_mut(slot).into_iter().for_each(|w| *w |= bits(hash));
    }

    /// Bytes that it holds.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.len() as u64 * 8
    }

    /// Writes what is known of those whose hashes may have been added.
    pub(crate) fn keep<T>(&self, hashes: &[u64], held: &mut Vec<u64>, kept: &mut Vec<T>, of: impl Fn(usize) -> Option<T>) {
        self.hold(hashes, held);
        sift((held, hashes), 1, |held, hash| held & bits(*hash) == bits(*hash), kept, of);
    }

    /// Writes the word of each hash.
    pub(crate) fn hold(&self, hashes: &[u64], held: &mut Vec<u64>) {
        held.clear();
        held.extend(hashes.iter().map(|hash| self.0.get(self.slot(*hash)).copied().unwrap_or_default()));
    }
}

/// A hash of the same word, and of other bits of it for each of few variants.
#[inline(always)]
pub(crate) fn variant(hash: u64, variant: u32) -> u64 {
    let bits = (hash as u32).wrapping_mul((variant << 1 | 1).wrapping_mul(0x9e37_79b1)) >> 14;
    hash >> 32 << 32 | u64::from(bits)
}

/// Writes what is known of the hashes that may have been added as a variant, of words that [`Filter::hold`] wrote.
pub(crate) fn keep_variant<T>((held, hashes): (&[u64], &[u64]), v: u32, kept: &mut Vec<T>, of: impl Fn(usize) -> Option<T>) {
    let known = |held: &u64, hash: &u64| {
        let bits = bits(variant(*hash, v));
        held & bits == bits
    };
    sift((held, hashes), 1, known, kept, of);
}

/// Writes what is known of those that pass, of two that are looked at together; nothing for the processor to guess but how many of sixty-four pass.
pub(crate) fn sift<A, B, T>(
    (all, others): (&[A], &[B]),
    step: usize,
    passes: impl Fn(&A, &B) -> bool,
    kept: &mut Vec<T>,
    of: impl Fn(usize) -> Option<T>,
) {
    kept.clear();
    for (n, (some, others)) in all.chunks(64 * step).zip(others.chunks(64 * step)).enumerate() {
        let both = some.iter().step_by(step).zip(others.iter().step_by(step)).enumerate();
        let mut mask = both.fold(0u64, |mask, (i, (one, other))| mask | u64::from(passes(one, other)) << i);
        while mask != 0 {
            kept.extend(of(n * 64 + mask.trailing_zeros() as usize));
            mask &= mask - 1;
        }
    }
}

/// Three bits of a word.
fn bits(hash: u64) -> u64 {
    1 << (hash & 63) | 1 << (hash >> 6 & 63) | 1 << (hash >> 12 & 63)
}
