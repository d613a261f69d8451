//! Needles for somebody who may not know them: keyed fingerprints, searched for in bytes without saying what they are of
//! (EVIDENCE §10: fingerprints and key together are personal information).

mod batch;
mod file;
mod key;
mod keyed;
mod list;
mod parts;
mod search;

use crate::needles::Needles;
use crate::shape::{SHAPES, Shaping};
use crate::strings::{LENGTHS, cut};

use batch::Batch;
pub use key::BlindKey;
use keyed::{Keyed, Of};
use parts::Parts;
pub use search::BlindSearch;

/// Fingerprints of needles as a whole (64 bits each), and filters of keyed hashes of their parts. Without the key they tell how many needles there
/// are, of which lengths, how many of each class of lengths, and about how many of their parts differ.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Blinded {
    /// By which the key is known again: with another one nothing would be met, as if nothing were there.
    check: u64,
    /// Ascending.
    whole: Vec<u64>,
    /// By shape.
    parts: Vec<Parts>,
}

impl Blinded {
    /// Needles as they will be searched for.
    pub fn cut(needles: Needles) -> Needles {
        needles.cut()
    }

    /// The fingerprints of needles under a key. Others under the same key would show which needles they have in common.
    ///
    /// Of needles that are not [whole](Needles::whole) some are missing.
    pub fn of(needles: &Needles, key: &BlindKey) -> Blinded {
        let strings = || needles.iter().map(|n| cut(n.bytes()));
        let (whole, shaping) = (fingerprints(strings(), key), Shaping::of(strings()));
        let part = |shape| Parts::of(shape, &|| strings().filter(move |s| shaping.shape(s) == usize::from(shape)), key);
        Blinded { check: Keyed::check(key), whole, parts: (0u8..).take(SHAPES.len()).filter_map(part).collect() }
    }

    /// Different needles.
    pub fn len(&self) -> usize {
        self.whole.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.whole.is_empty()
    }
}

/// All different ones, in ascending order.
fn fingerprints<'a>(strings: impl Iterator<Item = &'a [u8]>, key: &BlindKey) -> Vec<u64> {
    let keyed = LENGTHS.map(|len| (len, Keyed::new(key, Of::Whole, len)));
    let mut out = Vec::new();
    Batch::each(strings, &mut |batch| {
        for (len, keyed) in &keyed {
            let starts: Vec<usize> = batch.strings().filter(|(_, s)| s.len() == *len).map(|(start, _)| start).collect();
            out.extend(keyed.all(batch.text(), &starts));
        }
    });
    out.sort_unstable();
    out.dedup();
    out
}
