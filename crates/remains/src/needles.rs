//! Needles: bytes that point to values, searched for in raw files in one pass; each remembers in which structures it was met.

use std::io::{self, Read};

use crate::index::{Index, Sieve};
use crate::strings::{NEEDLE_MAX, Strings, cut, is_needle};

/// Structures that are told apart; the last stands for all further ones.
pub const STRUCTURES_MAX: usize = 64;

/// What a needle is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A value with what stands before it in its record.
    Left,
    /// A value with what follows it in its record.
    Right,
    /// A value as an index or a workbook keeps it by itself: it points to no row, and says something in what the data set itself has alone.
    Entry,
    /// A value that points to one person wherever it stands.
    Alone,
    /// A value that is known to stand in one structure: to show that the structure can be seen.
    Probe,
    /// A value that stays: to show that sight was not lost meanwhile.
    Kept,
    /// The needle before it in another form: for who looks elsewhere than in the store.
    Form,
}

/// What a needle stands for, and where it was met.
#[derive(Clone, Copy, Debug)]
pub struct Needle<'a> {
    /// Number of the value that it belongs to.
    pub value: u32,
    /// What it is made of.
    pub kind: Kind,
    /// One bit for each structure in which it was met.
    pub met: u64,
    bytes: &'a [u8],
}

impl<'a> Needle<'a> {
    /// What it is, at most [`NEEDLE_MAX`] bytes.
    pub fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// Whether it was met in a structure.
    pub fn met_in(&self, structure: usize) -> bool {
        self.met >> structure.min(STRUCTURES_MAX - 1) & 1 == 1
    }
}

/// There were more needles than can be told apart: 2³². What they would have met is not known, so that a search with the others says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

/// Most needles: their numbers have 32 bits.
const NEEDLES_MAX: usize = u32::MAX as usize;

/// Many needles behind one filter.
#[derive(Debug)]
pub struct Needles {
    strings: Strings,
    values: Vec<u32>,
    kinds: Vec<Kind>,
    /// Shorter than the others, or empty, until the next search.
    met: Vec<u64>,
    /// Whether each was cut to one of few lengths.
    cut: bool,
    /// How many there may be, and whether more were added.
    most: usize,
    over: bool,
    /// Made when a search begins.
    index: Option<Index>,
}

impl Default for Needles {
    fn default() -> Needles {
        Needles::new()
    }
}

impl Needles {
    /// No needles.
    pub fn new() -> Needles {
        Needles::at_most(NEEDLES_MAX)
    }

    fn at_most(most: usize) -> Needles {
        let (strings, values, kinds, met) = (Strings::default(), Vec::new(), Vec::new(), Vec::new());
        Needles { strings, values, kinds, met, cut: false, most, over: false, index: None }
    }

    /// Adds a needle of a value; bytes that are none ([`is_needle`]) are refused, long ones cut. Whether there was room for all is said by
    /// [`Needles::whole`], which is asked before a search is believed.
    pub fn add(&mut self, value: u32, kind: Kind, bytes: &[u8]) -> bool {
        is_needle(bytes) && self.push(value, kind, bytes)
    }

    fn push(&mut self, value: u32, kind: Kind, bytes: &[u8]) -> bool {
        if self.values.len() >= self.most {
            self.over = true;
            return false;
        }
        self.strings.add(bytes);
        self.index = None;
        self.values.push(value);
        self.kinds.push(kind);
        true
    }

    /// The same, each cut to the longest of few lengths that it has.
    pub(crate) fn cut(self) -> Needles {
        let mut out = Needles { cut: true, over: self.over, ..Needles::at_most(self.most) };
        for n in self.iter() {
            out.push(n.value, n.kind, cut(n.bytes));
        }
        out
    }

    /// Whether everything that was added is here, in whatever way these needles were made of others.
    ///
    /// # Errors
    /// If there were too many.
    pub fn whole(&self) -> Result<(), TooMany> {
        if self.over { Err(TooMany) } else { Ok(()) }
    }

    /// All needles.
    pub fn iter(&self) -> impl Iterator<Item = Needle<'_>> {
        let met = self.met.iter().copied().chain(std::iter::repeat(0));
        let stands = self.values.iter().zip(&self.kinds).zip(met).enumerate();
        stands.map(|(at, ((value, kind), met))| Needle { value: *value, kind: *kind, met, bytes: self.strings.get(at) })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Values of needles that were met since this was last asked.
    pub fn take_met(&mut self) -> std::collections::BTreeSet<u32> {
        self.met.iter_mut().zip(&self.values).filter_map(|(met, value)| (std::mem::take(met) > 0).then_some(*value)).collect()
    }

    /// Keeps only needles that were not met, as if none had been searched: what was met elsewhere is left out, in its other forms too.
    #[must_use]
    pub fn without_met(self) -> Needles {
        let mut met = false;
        self.only(&mut |n| {
            met = n.met > 0 || met && n.kind == Kind::Form;
            !met
        })
    }

    /// Keeps only some needles.
    #[must_use]
    pub fn only(self, keep: &mut dyn FnMut(&Needle<'_>) -> bool) -> Needles {
        let mut out = Needles { cut: self.cut, over: self.over, ..Needles::at_most(self.most) };
        for n in self.iter().filter(|n| keep(n)) {
            out.push(n.value, n.kind, n.bytes);
        }
        out
    }

    /// Adds all of them to others, as needles of another kind.
    pub fn move_to(self, others: &mut Needles, kind: Kind) {
        others.over |= self.over;
        for n in self.iter() {
            others.push(n.value, kind, n.bytes);
        }
    }

    /// What the filter cost and what it spared since the needles last became more.
    pub fn sieve(&self) -> Sieve {
        self.index.as_ref().map(Index::sieve).unwrap_or_default()
    }

    /// Marks every needle that stands in the bytes of a structure.
    pub fn look(&mut self, structure: usize, bytes: &[u8]) {
        self.look_for(structure, bytes, &|_| true);
    }

    /// Marks the needles that stand in the bytes of a structure, of some kinds.
    pub fn look_for(&mut self, structure: usize, bytes: &[u8], wanted: &dyn Fn(Kind) -> bool) {
        self.find(structure, bytes, &|_, kind| wanted(kind));
    }

    fn find(&mut self, structure: usize, bytes: &[u8], wanted: &dyn Fn(&[u8], Kind) -> bool) {
        if self.is_empty() {
            return;
        }
        if self.met.is_empty() {
            // Zeros at once: the system gives them when they are first touched, and most never are.
            self.met = vec![0; self.strings.len()];
        }
        self.met.resize(self.strings.len(), 0);
        let mark = 1u64 << structure.min(STRUCTURES_MAX - 1);
        let index = self.index.get_or_insert_with(|| Index::new(&self.strings));
        index.find(&self.strings, bytes, &mut |at| {
            if let (Some(met), Some(true)) = (self.met.get_mut(at), self.kinds.get(at).map(|k| wanted(self.strings.get(at), *k))) {
                *met |= mark;
            }
        });
    }

    /// Marks the needles that a value is, not those that stand in it or begin it; where needles were cut ([`crate::Blinded::cut`]), those that
    /// the value would be cut to.
    pub fn look_whole(&mut self, structure: usize, value: &[u8]) {
        let whole = if self.cut { cut(value) } else { value.get(..NEEDLE_MAX).unwrap_or(value) };
        self.find(structure, value, &|needle, _| needle == whole);
    }

    /// Marks every value that points to one person and that a structure says it has: for what can be asked but not read.
    pub fn ask(&mut self, structure: usize, has: &mut dyn FnMut(&[u8]) -> bool) {
        let mark = 1u64 << structure.min(STRUCTURES_MAX - 1);
        let asked: Vec<usize> = self.iter().enumerate().filter(|(_, n)| n.kind == Kind::Alone && has(n.bytes)).map(|(at, _)| at).collect();
        self.met.resize(self.strings.len(), 0);
        asked.into_iter().for_each(|at| self.met.get_mut(at).into_iter().for_each(|met| *met |= mark));
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

    #[test]
    fn what_fills_pages_is_no_needle() {
        let largest = |below: u64| (u64::MAX - below).to_be_bytes();
        for filling in [largest(0), largest(1), largest(65_000), [0; 8], 4_294_967_296u64.to_le_bytes(), (-300i64).to_le_bytes()] {
            assert!(!Needles::new().add(0, Kind::Alone, &filling), "{filling:?}");
        }
        for number in [13_800_138_000u64.to_le_bytes(), 1_000_000_001u64.to_be_bytes(), (-13_800_138_000i64).to_be_bytes()] {
            assert!(Needles::new().add(0, Kind::Alone, &number), "{number:?}");
        }
    }

    #[test]
    fn needles_for_which_there_was_no_room_are_never_forgotten() {
        let mut few = Needles::at_most(2);
        let add = |to: &mut Needles, n: u32| to.add(n, Kind::Alone, format!("1380013800{n}").as_bytes());
        assert_eq!((add(&mut few, 0), few.add(1, Kind::Alone, b"short"), add(&mut few, 1), few.whole()), (true, false, true, Ok(())));
        assert_eq!((add(&mut few, 2), few.whole()), (false, Err(TooMany)));
        let few = few.cut().without_met();
        assert_eq!(few.whole(), Err(TooMany), "nor in what is made of them");
        let mut others = Needles::new();
        few.move_to(&mut others, Kind::Kept);
        assert_eq!(others.whole(), Err(TooMany));
        let (mut one, mut full) = (Needles::new(), Needles::at_most(0));
        add(&mut one, 0);
        one.move_to(&mut full, Kind::Kept);
        assert_eq!(full.whole(), Err(TooMany));
    }

    #[test]
    fn what_was_met_goes_with_its_other_forms() {
        let mut needles = Needles::new();
        for (value, text) in [(0, "13800138000"), (1, "13900139000")] {
            for (i, form) in crate::forms(text).iter().enumerate() {
                needles.add(value, if i == 0 { Kind::Alone } else { Kind::Form }, form);
            }
        }
        needles.look(0, b"13800138000");
        let left = needles.without_met();
        assert_eq!((left.iter().count(), left.iter().all(|n| n.value == 1)), (5, true));
    }

    #[test]
    fn many_needles_of_one_beginning_are_told_apart() {
        let mut needles = Needles::new();
        for n in 0..2_000u32 {
            needles.add(n, Kind::Alone, format!("client.{n}").as_bytes());
        }
        needles.look(0, b"-- client.17 -- client.1999!");
        needles.add(2_000, Kind::Alone, b"client.17 -");
        needles.look(1, b"client.17 --");
        let met: Vec<(u32, u64)> = needles.iter().filter(|n| n.met > 0).map(|n| (n.value, n.met)).collect();
        assert_eq!(met, [(1, 3), (17, 3), (19, 1), (199, 1), (1_999, 1), (2_000, 2)], "shorter ones stand in longer ones");
    }

    #[test]
    fn met_wherever_it_stands_however_long_it_is() {
        // Digits of few kinds: beginnings, endings and whole needles stand in each other.
        let digit = |n: usize| b'0' + u8::try_from((n * n / 7 + n / 3) % 4).unwrap();
        let text: Vec<u8> = (0..3_000).map(digit).collect();
        let mut needles = Needles::new();
        let some = |n: usize| text.iter().rev().skip(n * 31 % 2_900).take(8 + n % 61).copied().collect::<Vec<_>>();
        let some: Vec<Vec<u8>> = (0..1_000).map(|n| if n % 2 == 0 { text[n..n + 8 + n % 57].to_vec() } else { some(n) }).collect();
        some.iter().for_each(|bytes| assert!(needles.add(0, Kind::Alone, bytes)));
        for (structure, part) in [(0, &text[..]), (1, &text[..70]), (2, &text[1_001..1_200]), (3, &text[..9]), (4, &[])] {
            needles.look(structure, part);
            for (bytes, n) in some.iter().zip(needles.iter()) {
                let cut = &bytes[..bytes.len().min(NEEDLE_MAX)];
                assert_eq!(n.met_in(structure), part.windows(cut.len()).any(|w| w == cut), "{structure} {cut:?}");
            }
        }
    }

    #[test]
    fn of_very_many_none_is_missed() {
        // So many that a filter of ends is asked first; digits, of whose ends there are few.
        const MANY: u32 = 180_000;
        for len in [8, 12, 15, 25] {
            let number = |n: u32| format!("{:0len$}", u64::from(n) * 7_919 % 100_000_000);
            let mut needles = Needles::new();
            let mut text = Vec::new();
            for n in 0..MANY {
                assert!(needles.add(n, Kind::Alone, number(n).as_bytes()));
                if n % 3 == 0 {
                    // At every distance from the last one, so that it begins anywhere between two looks.
                    text.extend(std::iter::repeat_n(b'x', 1 + (n / 3 % 9) as usize));
                    text.extend_from_slice(number(n).as_bytes());
                }
            }
            needles.look_in(0, text.as_slice()).unwrap();
            let wrong = needles.iter().filter(|n| n.met_in(0) != (n.value % 3 == 0)).count();
            assert_eq!(wrong, 0, "{len}");
        }
    }

    #[test]
    fn of_very_many_of_all_lengths_none_is_missed() {
        // As stores keep them: packed from either end, text, two bytes for a letter, long; all behind their tables of ends in one search.
        const MANY: u64 = 300_000;
        let number = |n: u64| 13_000_000_000 + n * 7_919 % 100_000_000;
        let form = |n: u64| match n % 6 {
            0 => number(n).to_le_bytes().to_vec(),
            1 => (number(n) ^ 1 << 63).to_be_bytes().to_vec(),
            2 => number(n).to_string().into_bytes(),
            3 => format!("{}@example.com", number(n) % 100_000_000).into_bytes(),
            4 => number(n).to_string().encode_utf16().flat_map(u16::to_be_bytes).collect(),
            _ => format!("somebody.{}@mail.example.com", number(n)).into_bytes(),
        };
        let mut needles = Needles::new();
        let mut text = Vec::new();
        for n in 0..MANY {
            let added = needles.add(u32::try_from(n).unwrap(), Kind::Alone, &form(n));
            assert_eq!(added, is_needle(&form(n)));
            if n / 6 % 3 == 0 {
                text.extend(std::iter::repeat_n(b'x', 1 + (n / 18 % 9) as usize));
                text.extend_from_slice(&form(n));
            }
        }
        needles.look_in(0, text.as_slice()).unwrap();
        let planted = |n: &Needle<'_>| (n.value / 6).is_multiple_of(3);
        assert_eq!(needles.iter().filter(planted).find(|n| !n.met_in(0)).map(|n| n.value), None);
        let by_chance =
            needles.iter().filter(|n| n.met_in(0) && !planted(n)).find(|n| !text.windows(n.bytes().len()).any(|w| w == n.bytes()));
        assert_eq!(by_chance.map(|n| n.value), None, "and nothing is met that does not stand there");
    }
}
