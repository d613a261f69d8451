//! Many byte strings found in one pass: filters of a few bytes of each, asked at every third to eighth position, before a sorted list.

use crate::ends::Ends;
use crate::filter::Filter;
use crate::places::{Places, Room};
use crate::shape::{SAMPLE, SHAPES, Shape, Shaping};
use crate::strings::Strings;

/// What the filters cost and what they spared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sieve {
    /// Bytes that they hold.
    pub bytes: u64,
    /// Bytes that were looked through.
    pub asked: u64,
    /// Places that they let pass to be compared in full.
    pub passed: u64,
}

/// The strings of one shape, by the run of their windows that the filter knows.
#[derive(Debug)]
struct Class {
    windows: Places,
    /// The run of windows of each string: as many bytes of it as every string has.
    runs: Filter,
    /// Tag of the run in the upper half, number of the string in the lower; of one tag by place of the run, length and bytes.
    entries: Vec<u64>,
    /// Where the entries whose tags begin with the same bits begin.
    starts: Vec<u32>,
    shift: u32,
    sieve: Sieve,
    room: Room,
    /// Where runs may be those of strings, and their tags.
    found: Vec<(usize, u32)>,
}

/// All strings, found by their bytes.
#[derive(Debug)]
pub(crate) struct Index {
    classes: Vec<Class>,
    /// Where in each string its run of windows begins.
    anchors: Vec<u8>,
}

impl Index {
    pub(crate) fn new(all: &Strings) -> Index {
        let mut anchors = vec![0; all.len()];
        let shaping = Shaping::of((0..all.len()).map(|id| all.get(id)));
        let classes = SHAPES
            .into_iter()
            .enumerate()
            .map(|(i, shape)| Class::new(shape, all, &|| (0..all.len()).filter(|id| shaping.shape(all.get(*id)) == i), &mut anchors));
        let classes = classes.collect();
        Index { classes, anchors }
    }

    /// Hears the number of each string for each place in these bytes where it stands.
    pub(crate) fn find(&mut self, all: &Strings, bytes: &[u8], met: &mut dyn FnMut(usize)) {
        for class in self.classes.iter_mut().filter(|c| !c.entries.is_empty()) {
            let mut next = Some(0);
            while let Some(from) = next {
                next = class.find(all, &self.anchors, (bytes, from), met);
            }
        }
    }

    pub(crate) fn sieve(&self) -> Sieve {
        self.classes.iter().map(|c| c.sieve).fold(Sieve::default(), |a, b| Sieve {
            bytes: a.bytes + b.bytes,
            asked: a.asked + b.asked,
            passed: a.passed + b.passed,
        })
    }
}

impl Class {
    fn new<I: Iterator<Item = usize>>(shape: Shape, all: &Strings, ids: &dyn Fn() -> I, anchors: &mut [u8]) -> Class {
        let count = ids().count();
        let shared = shape.shared(ids().step_by(count / SAMPLE + 1).map(|id| all.get(id)));
        let many = count * shape.stride;
        let mut windows = Filter::of_windows(many);
        let mut runs = Filter::of_strings(count);
        let mut ends = Filter::is_far(many).then(|| Ends::new(shape));
        let mut entries = Vec::with_capacity(count);
        for id in ids() {
            let string = all.get(id);
            let anchor = shape.anchor(string, &shared);
            anchors.get_mut(id).into_iter().for_each(|a| *a = u8::try_from(anchor).unwrap_or_default());
            for at in anchor..anchor + shape.stride {
                windows.add(shape.hash(string, at));
                ends.iter_mut().for_each(|e| e.add(string, at));
            }
            let run = shape.run(string, anchor);
            runs.add(run);
            entries.push(u64::from(tag(run)) << 32 | id as u64);
        }
        entries.sort_unstable();
        let place = |e: &u64| (anchors.get(number(*e)), all.get(number(*e)).len(), all.get(number(*e)));
        let equal = entries.chunk_by_mut(|a, b| a >> 32 == b >> 32).filter(|equal| equal.len() > 1);
        equal.for_each(|equal| equal.sort_unstable_by(|a, b| place(a).cmp(&place(b))));
        // Of four strings one start.
        let shift = 32 - (count / 4).max(2).ilog2();
        let ends = ends.filter(Ends::tells);
        let windows = Places { shape, ends, windows };
        let sieve = Sieve { bytes: windows.bytes() + runs.bytes(), ..Sieve::default() };
        let (starts, room, found) = (starts(&entries, shift), Room::default(), Vec::new());
        Class { windows, runs, entries, starts, shift, sieve, room, found }
    }

    /// Looks through a block from a position on; gives where the next begins.
    fn find(&mut self, all: &Strings, anchors: &[u8], (bytes, from): (&[u8], usize), met: &mut dyn FnMut(usize)) -> Option<usize> {
        let (shape, room) = (self.windows.shape, &mut self.room);
        let next = self.windows.of_block(bytes, from, room, |at, out| shape.hashes(bytes, at, out))?;
        let Room { places, hashes, held, .. } = room;
        shape.runs(bytes, places, hashes);
        self.runs.keep(hashes, held, &mut self.found, |i| Some((*places.get(i)?, tag(*hashes.get(i)?))));
        self.sieve.asked += (next - from) as u64;
        self.sieve.passed += self.found.len() as u64;
        self.fetch(all, &self.found);
        self.found.iter().for_each(|run| self.compare(all, anchors, bytes, *run, met));
        Some(next)
    }

    /// Touches what will be compared, each kind for all of them before the next, so that memory is waited for once and not each time.
    fn fetch(&self, all: &Strings, runs: &[(usize, u32)]) {
        let tags = || runs.iter().map(|run| run.1);
        let start = |tag: u32| self.starts.get((tag >> self.shift) as usize).copied().unwrap_or_default();
        std::hint::black_box(tags().map(|tag| u64::from(start(tag))).sum::<u64>());
        std::hint::black_box(tags().filter_map(|tag| self.entries.get(start(tag) as usize)).fold(0, |sum, e| sum ^ e));
        let string = |tag: u32| self.tagged(tag).first().and_then(|e| all.get(number(*e)).first());
        std::hint::black_box(tags().filter_map(string).fold(0, |sum, b| sum ^ b));
    }

    /// Compares every string whose run may be this one.
    fn compare(&self, all: &Strings, anchors: &[u8], bytes: &[u8], (at, tag): (usize, u32), met: &mut dyn FnMut(usize)) {
        let place = |e: &u64| (anchors.get(number(*e)).copied().unwrap_or_default(), all.get(number(*e)).len());
        let mut run = self.tagged(tag);
        while let Some(next) = run.first().map(place) {
            let (same, further) = run.split_at(run.partition_point(|e| place(e) <= next));
            run = further;
            let (anchor, len) = (usize::from(next.0), next.1);
            let Some(text) = at.checked_sub(anchor).and_then(|from| bytes.get(from..from + len)) else { continue };
            let equal = same.partition_point(|e| all.get(number(*e)) < text);
            same.iter().skip(equal).map(|e| number(*e)).take_while(|id| all.get(*id) == text).for_each(&mut *met);
        }
    }

    /// The entries of a tag.
    fn tagged(&self, tag: u32) -> &[u64] {
        let at = (tag >> self.shift) as usize;
        let (Some(from), Some(to)) = (self.starts.get(at), self.starts.get(at + 1)) else { return &[] };
        let near = self.entries.get(*from as usize..*to as usize).unwrap_or_default();
        let of = |e: &u64| (e >> 32) as u32;
        let rest = near.get(near.partition_point(|e| of(e) < tag)..).unwrap_or_default();
        rest.get(..rest.partition_point(|e| of(e) == tag)).unwrap_or_default()
    }
}

fn tag(hash: u64) -> u32 {
    hash as u32
}

fn number(entry: u64) -> usize {
    entry as u32 as usize
}

/// Where the entries of each beginning of tags begin, and where the last end.
fn starts(entries: &[u64], shift: u32) -> Vec<u32> {
    let mut out = vec![0u32; (1 << (32 - shift)) + 1];
    for entry in entries {
        out.get_mut((entry >> 32 >> shift) as usize + 1).into_iter().for_each(|n| *n += 1);
    }
    out.iter_mut().fold(0, |sum, n| {
        *n += sum;
        *n
    });
    out
}
