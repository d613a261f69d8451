//! Many byte strings found in one pass: a filter of a few bytes of each, asked at every third or fourth position, before a sorted list.

use crate::needles::NEEDLE_MAX;

/// Which bytes of a needle the filter knows: windows of `gram` bytes, `stride` of them in a row, so that of each place where the needle
/// may stand one begins where a look falls.
#[derive(Clone, Copy, Debug)]
struct Shape {
    gram: usize,
    stride: usize,
}

/// For needles from the shortest on, and for those that are long enough for longer windows: more bytes let less pass by chance, for of
/// millions of numbers many share some digits.
const SHAPES: [Shape; 3] = [Shape { gram: 6, stride: 3 }, Shape { gram: 9, stride: 3 }, Shape { gram: 12, stride: 4 }];

/// Bits of the first filter for each window, where they are many and where all fit into so many bits near the processor; bits of the
/// second for each string.
const BITS_A_WINDOW: usize = 6;
const BITS_A_WINDOW_OF_FEW: usize = 16;
const BITS_NEAR: usize = 1 << 22;
const BITS_A_STRING: usize = 16;
/// Needles that are looked at to learn which windows many share, and counters for that (as a power of two).
const SAMPLE: usize = 1 << 17;
const COUNTERS_LOG2: u32 = 20;
/// Up to here a sum of counters says nothing: few of the sample share these windows, or others that fell on the same counters.
const UNSHARED: u32 = 32;
/// Windows asked about together: memory is slow, and many looks wait for it at once where none depends on the one before.
const BLOCK: usize = 1_024;

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

/// Byte strings one after the other.
#[derive(Debug, Default)]
pub(crate) struct Strings {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Strings {
    /// Adds one, unless there is no more room for numbers of 32 bits.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> bool {
        let Ok(end) = u32::try_from(self.bytes.len() + bytes.len()) else { return false };
        self.bytes.extend_from_slice(bytes);
        self.ends.push(end);
        true
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn get(&self, at: usize) -> &[u8] {
        let before = at.checked_sub(1).map_or(Some(&0), |b| self.ends.get(b));
        let (Some(from), Some(to)) = (before, self.ends.get(at)) else { return &[] };
        self.bytes.get(*from as usize..*to as usize).unwrap_or_default()
    }
}

/// Three bits for each hash; it never says no of one that was added.
#[derive(Debug)]
struct Filter(Vec<u64>);

impl Filter {
    fn new(bits: usize) -> Filter {
        Filter(vec![0; bits.div_ceil(64)])
    }

    fn slot(&self, hash: u64) -> usize {
        ((hash >> 32) as usize * self.0.len()) >> 32
    }

    fn add(&mut self, hash: u64) {
        let slot = self.slot(hash);
        self.0.get_mut(slot).into_iter().for_each(|w| *w |= bits(hash));
    }

    /// Writes which of these hashes may have been added; gives how many.
    fn keep(&self, hashes: &[u64], held: &mut [u64], kept: &mut [u32]) -> usize {
        for (held, hash) in held.iter_mut().zip(hashes) {
            *held = self.0.get(self.slot(*hash)).copied().unwrap_or_default();
        }
        let mut count = 0;
        for (i, (held, hash)) in (0u32..).zip(held.iter().zip(hashes)) {
            // Written whether it is kept or not, and written over if not: nothing to guess for the processor.
            kept.get_mut(count).into_iter().for_each(|k| *k = i);
            count += usize::from(held & bits(*hash) == bits(*hash));
        }
        count
    }
}

/// Three bits of a word.
fn bits(hash: u64) -> u64 {
    1 << (hash & 63) | 1 << (hash >> 6 & 63) | 1 << (hash >> 12 & 63)
}

/// Room that each block uses again.
#[derive(Debug)]
struct Room {
    hashes: Vec<u64>,
    held: Vec<u64>,
    kept: Vec<u32>,
    /// Where first windows may lie.
    places: Vec<usize>,
    tags: Vec<u32>,
}

impl Default for Room {
    fn default() -> Room {
        Room { hashes: vec![0; BLOCK], held: vec![0; BLOCK], kept: vec![0; BLOCK], places: Vec::new(), tags: Vec::new() }
    }
}

/// The strings of one shape, by the first of their windows that the filter knows.
#[derive(Debug)]
struct Class {
    shape: Shape,
    /// All windows.
    windows: Filter,
    /// The first window of each string.
    firsts: Filter,
    /// Tag of the first window in the upper half, number of the string in the lower; of one tag by place of the window, length and bytes.
    entries: Vec<u64>,
    /// Where the entries whose tags begin with the same bits begin.
    starts: Vec<u32>,
    shift: u32,
    sieve: Sieve,
    room: Room,
}

/// All strings, found by their bytes.
#[derive(Debug)]
pub(crate) struct Index {
    classes: Vec<Class>,
    /// Where in each string its first window lies.
    anchors: Vec<u8>,
}

impl Index {
    pub(crate) fn new(all: &Strings) -> Index {
        let mut anchors = vec![0; all.len()];
        let longest = SHAPES.iter().skip(1).map(|next| next.least() - 1).chain([NEEDLE_MAX]);
        let classes = SHAPES.iter().zip(longest).map(|(shape, longest)| {
            let ids = || (0..all.len()).filter(|id| (shape.least()..=longest).contains(&all.get(*id).len()));
            Class::new(*shape, all, &ids, &mut anchors)
        });
        let classes = classes.collect();
        Index { classes, anchors }
    }

    /// Hears the number of each string for each place in these bytes where it stands.
    pub(crate) fn find(&mut self, all: &Strings, bytes: &[u8], met: &mut dyn FnMut(usize)) {
        for class in self.classes.iter_mut().filter(|c| !c.entries.is_empty()) {
            let mut from = 0;
            while from + class.shape.gram <= bytes.len() {
                from = class.find(all, &self.anchors, (bytes, from), met);
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
        let shared = shape.shared(all, ids().step_by(count / SAMPLE + 1));
        let many = count * shape.stride;
        let mut windows = Filter::new((many * BITS_A_WINDOW_OF_FEW).min(BITS_NEAR).max(many * BITS_A_WINDOW));
        let mut firsts = Filter::new(count * BITS_A_STRING);
        let mut entries = Vec::with_capacity(count);
        for id in ids() {
            let string = all.get(id);
            let anchor = shape.anchor(string, &shared);
            anchors.get_mut(id).into_iter().for_each(|a| *a = u8::try_from(anchor).unwrap_or_default());
            (anchor..anchor + shape.stride).for_each(|at| windows.add(shape.hash(string, at)));
            let first = shape.hash(string, anchor);
            firsts.add(other(first));
            entries.push(u64::from(tag(first)) << 32 | id as u64);
        }
        entries.sort_unstable();
        let place = |e: &u64| (anchors.get(number(*e)), all.get(number(*e)).len(), all.get(number(*e)));
        let runs = entries.chunk_by_mut(|a, b| a >> 32 == b >> 32).filter(|run| run.len() > 1);
        runs.for_each(|run| run.sort_unstable_by(|a, b| place(a).cmp(&place(b))));
        // Of four strings one start.
        let shift = 32 - (count / 4).max(2).ilog2();
        let sieve = Sieve { bytes: (windows.0.len() + firsts.0.len()) as u64 * 8, ..Sieve::default() };
        Class { shape, windows, firsts, starts: starts(&entries, shift), entries, shift, sieve, room: Room::default() }
    }

    /// Looks through a block from a position on; gives where the next begins.
    fn find(&mut self, all: &Strings, anchors: &[u8], (bytes, from): (&[u8], usize), met: &mut dyn FnMut(usize)) -> usize {
        let Shape { gram, stride } = self.shape;
        let asked = ((bytes.len() - gram - from) / stride + 1).min(BLOCK);
        let mut room = std::mem::take(&mut self.room);
        let hashes = room.hashes.get_mut(..asked).unwrap_or_default();
        self.shape.hashes(bytes.get(from..).unwrap_or_default(), hashes);
        let passed = self.windows.keep(hashes, &mut room.held, &mut room.kept);
        let at = room.kept.iter().take(passed).map(|i| from + *i as usize * stride);
        room.places.clear();
        at.for_each(|at| room.places.extend(at.saturating_sub(stride - 1)..=at));
        self.sieve.asked += (asked * stride) as u64;
        let places = std::mem::take(&mut room.places);
        places.chunks(BLOCK).for_each(|places| self.first(all, anchors, (bytes, places), (&mut room, met)));
        self.room = Room { places, ..room };
        from + asked * stride
    }

    /// Compares what may have its first window at one of these places.
    fn first(
        &mut self,
        all: &Strings,
        anchors: &[u8],
        (bytes, places): (&[u8], &[usize]),
        (room, met): (&mut Room, &mut dyn FnMut(usize)),
    ) {
        let hashes = room.hashes.get_mut(..places.len()).unwrap_or_default();
        hashes.iter_mut().zip(places).for_each(|(hash, at)| *hash = other(self.shape.hash(bytes, *at)));
        let kept = self.firsts.keep(hashes, &mut room.held, &mut room.kept);
        let kept = room.kept.get(..kept).unwrap_or_default();
        self.sieve.passed += kept.len() as u64;
        room.tags.clear();
        room.tags.extend(kept.iter().filter_map(|i| hashes.get(*i as usize)).map(|hash| tag(other(*hash))));
        self.fetch(all, &room.tags);
        for (at, tag) in kept.iter().filter_map(|i| places.get(*i as usize)).zip(&room.tags) {
            self.compare(all, anchors, bytes, (*at, *tag), met);
        }
    }

    /// Touches what will be compared, each kind for all of them before the next, so that memory is waited for once and not each time.
    fn fetch(&self, all: &Strings, tags: &[u32]) {
        let start = |tag: &u32| self.starts.get((tag >> self.shift) as usize).copied().unwrap_or_default();
        std::hint::black_box(tags.iter().map(|tag| u64::from(start(tag))).sum::<u64>());
        std::hint::black_box(tags.iter().filter_map(|tag| self.entries.get(start(tag) as usize)).fold(0, |sum, e| sum ^ e));
        let string = |tag: &u32| self.tagged(*tag).first().and_then(|e| all.get(number(*e)).first());
        std::hint::black_box(tags.iter().filter_map(string).fold(0, |sum, b| sum ^ b));
    }

    /// Compares every string whose first window may be this one.
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

impl Shape {
    /// The shortest string that has so many windows.
    const fn least(self) -> usize {
        self.gram + self.stride - 1
    }

    /// A hash of the window at a position.
    fn hash(self, bytes: &[u8], at: usize) -> u64 {
        match self.gram {
            6 => hash::<6>(bytes, at),
            9 => hash::<9>(bytes, at),
            _ => hash::<12>(bytes, at),
        }
    }

    /// The hashes of the first windows, one in each stride.
    fn hashes(self, bytes: &[u8], out: &mut [u64]) {
        let out = out.iter_mut().zip((0..).step_by(self.stride));
        match self.gram {
            6 => out.for_each(|(hashed, at)| *hashed = hash::<6>(bytes, at)),
            9 => out.for_each(|(hashed, at)| *hashed = hash::<9>(bytes, at)),
            _ => out.for_each(|(hashed, at)| *hashed = hash::<12>(bytes, at)),
        }
    }

    /// How many of some strings hold each window, as far as few counters tell them apart.
    fn shared(self, all: &Strings, sample: impl Iterator<Item = usize>) -> Vec<u8> {
        let mut out = vec![0u8; 1 << COUNTERS_LOG2];
        for string in sample.map(|id| all.get(id)) {
            for at in 0..=string.len().saturating_sub(self.gram) {
                out.get_mut(counter(self.hash(string, at))).into_iter().for_each(|c| *c = c.saturating_add(1));
            }
        }
        out
    }

    /// Where in a string the windows begin that it shares with the fewest others: what many begin or end with tells nothing. Of equal ones
    /// the last, for numbers differ more at their end.
    fn anchor(self, string: &[u8], shared: &[u8]) -> usize {
        let mut counts = [0u32; NEEDLE_MAX];
        let windows = string.len().saturating_sub(self.gram - 1);
        for (at, count) in counts.iter_mut().take(windows).enumerate() {
            *count = shared.get(counter(self.hash(string, at))).copied().unwrap_or_default().into();
        }
        let runs = counts.get(..windows).unwrap_or_default().windows(self.stride);
        runs.map(|run| run.iter().sum::<u32>())
            .enumerate()
            .min_by_key(|(at, sum)| (sum.max(&UNSHARED).ilog2(), windows - at))
            .map_or(0, |(at, _)| at)
    }
}

/// A hash of as many bytes: of their first and their last eight or four, which together are all of them.
#[inline(always)]
fn hash<const GRAM: usize>(bytes: &[u8], at: usize) -> u64 {
    let window = bytes.get(at..at + GRAM).unwrap_or_default();
    let (first, last) = match (window.first_chunk(), window.last_chunk()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => {
            let four = |chunk: Option<&[u8; 4]>| chunk.map_or(0, |c| u32::from_le_bytes(*c).into());
            (four(window.first_chunk()), four(window.last_chunk()))
        }
    };
    let product = u128::from(first ^ 0x9e37_79b9_7f4a_7c15) * u128::from(last ^ 0xd6e8_feb8_6659_fd93);
    (product >> 64) as u64 ^ product as u64
}

fn counter(hash: u64) -> usize {
    (hash >> (64 - COUNTERS_LOG2)) as usize
}

/// The same hash for another filter, so that what the first let pass by chance has no better chance there.
fn other(hash: u64) -> u64 {
    hash.rotate_left(32)
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
