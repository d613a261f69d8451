//! What is known of needles of one shape before a whole one is asked for: their windows, their runs, and the ends of their windows.

use super::batch::Batch;
use super::key::BlindKey;
use super::keyed::{Keyed, Of};
use crate::ends::Ends;
use crate::filter::{Filter, variant};
use crate::shape::{SAMPLE, SHAPES, SHORT, Shape};
use crate::strings::LENGTHS;

/// Filters of keyed hashes, and a masked table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts {
    /// Its place among all shapes.
    pub shape: u8,
    /// One bit for each variant that there is.
    pub variants: u32,
    /// A run of windows of each needle, at its beginning or its end.
    pub windows: Filter,
    /// The runs, as the variant that the needle is.
    pub runs: Filter,
    /// The table of ends of all windows where it spares the way to the filters, masked; else empty.
    pub ends: Vec<u64>,
}

/// A length of needles, and at which end of them their run stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Variant {
    pub number: u32,
    pub len: usize,
    /// Where in the needle its run begins.
    pub anchor: usize,
}

/// Variants that can be told apart.
pub(super) const VARIANTS: u32 = 2 * LENGTHS.len() as u32;

impl Parts {
    /// None if there are no strings of this shape.
    pub(super) fn of<'a, I: Iterator<Item = &'a [u8]>>(shape: u8, strings: &dyn Fn() -> I, key: &BlindKey) -> Option<Parts> {
        let count = strings().count();
        let own = *SHAPES.get(usize::from(shape)).filter(|_| count > 0)?;
        let shared = own.shared(strings().step_by(count / SAMPLE + 1));
        let windows = count * own.stride;
        let mut out = Parts { shape, variants: 0, windows: Filter::of_windows(windows), runs: Filter::of_strings(count), ends: Vec::new() };
        let mut ends = Filter::is_far(windows).then(|| Ends::new(own));
        let keyed = out.keyed(key);
        Batch::each(strings(), &mut |batch| {
            let run = |(start, s)| Variant::of(own, s, &shared).map(|v| (start + v.anchor, v.number));
            out.add(batch.text(), batch.strings().filter_map(run).unzip(), &keyed, &mut ends);
        });
        if let Some(ends) = ends.filter(Ends::tells) {
            out.ends = ends.words().collect();
            out.ends = out.masked_ends(key).collect();
        }
        Some(out)
    }

    /// Adds strings, by where in a text their runs begin and which variants they are.
    fn add(&mut self, text: &[u8], (runs, variants): (Vec<usize>, Vec<u32>), keyed: &(Keyed, Keyed), ends: &mut Option<Ends>) {
        let stride = self.shape().stride;
        let windows: Vec<usize> = runs.iter().flat_map(|from| *from..from + stride).collect();
        keyed.0.all(text, &windows).into_iter().for_each(|hash| self.windows.add(hash));
        ends.iter_mut().for_each(|ends| windows.iter().for_each(|at| ends.add(text, *at)));
        keyed.1.all(text, &runs).into_iter().zip(&variants).for_each(|(hash, v)| self.runs.add(variant(hash, *v)));
        self.variants |= variants.iter().fold(0, |all, v| all | 1 << v);
    }

    pub(super) fn shape(&self) -> Shape {
        SHAPES.get(usize::from(self.shape)).copied().unwrap_or(SHORT)
    }

    /// The hashes of windows and of runs.
    pub(super) fn keyed(&self, key: &BlindKey) -> (Keyed, Keyed) {
        let Shape { gram, .. } = self.shape();
        (Keyed::new(key, Of::Window(self.shape), gram), Keyed::new(key, Of::Run(self.shape), self.shape().least()))
    }

    /// The variants that there are.
    pub(super) fn variants(&self) -> impl Iterator<Item = Variant> {
        Variant::all(self.shape()).filter(|v| self.variants >> v.number & 1 == 1)
    }

    /// The table of ends masked; of a masked one the table. Its places are not keyed, so that they alone would tell what needles consist of.
    pub(super) fn masked_ends(&self, key: &BlindKey) -> impl Iterator<Item = u64> {
        let mark = self.mark();
        let text: Vec<u8> = (0..self.ends.len() as u64).flat_map(|n| [mark, n]).flat_map(u64::to_be_bytes).collect();
        let at: Vec<usize> = (0..text.len()).step_by(16).collect();
        let masks = Keyed::new(key, Of::Ends(self.shape), 16).all(&text, &at);
        self.ends.iter().zip(masks).map(|(word, mask)| word ^ mask)
    }

    /// A number that no other needles have, made of keyed hashes, which nobody can choose: under one key no two tables are masked alike.
    fn mark(&self) -> u64 {
        let numbers = self.windows.words().iter().chain(self.runs.words());
        numbers.fold(0, |mark, n| (mark ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29))
    }
}

impl Variant {
    /// All variants of a shape, by number.
    fn all(shape: Shape) -> impl Iterator<Item = Variant> {
        let both = LENGTHS.into_iter().flat_map(move |len| [(len, 0), (len, len.saturating_sub(shape.least()))]);
        (0..VARIANTS).zip(both).map(|(number, (len, anchor))| Variant { number, len, anchor })
    }

    /// The variant that a string is, by the end of it that it shares with the fewest others.
    fn of(shape: Shape, string: &[u8], shared: &[u8]) -> Option<Variant> {
        let anchor = shape.anchor_at_an_end(string, shared);
        Variant::all(shape).find(|v| v.len == string.len() && v.anchor == anchor)
    }
}
