//! The plain byte search: all values of all structures at once, each hit with the place in which it lies.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;

use super::Count;

/// What is searched for: sets of values by name, and which of them were destroyed.
#[derive(Default)]
pub struct Needles {
    patterns: Vec<Vec<u8>>,
    gone: Vec<bool>,
    sets: BTreeMap<String, Range<usize>>,
}

impl Needles {
    /// Values of one structure, each with whether it goes.
    pub fn add(&mut self, set: &str, values: impl Iterator<Item = (Vec<u8>, bool)>) {
        let first = self.patterns.len();
        for (bytes, gone) in values {
            self.patterns.push(bytes);
            self.gone.push(gone);
        }
        assert!(self.sets.insert(set.to_owned(), first..self.patterns.len()).is_none(), "{set} twice");
    }

    pub fn searcher(self) -> Searcher {
        let automaton = AhoCorasick::new(&self.patterns).unwrap();
        Searcher { needles: self, automaton }
    }
}

pub struct Searcher {
    needles: Needles,
    automaton: AhoCorasick,
}

impl Searcher {
    /// Reads whole files; `place` names where a hit lies, by file and offset.
    pub fn search(&self, files: &[PathBuf], place: &dyn Fn(&Path, usize) -> String) -> Scan {
        let mut scan = Scan::default();
        for file in files {
            // A file that went while the list was read is none.
            let Ok(bytes) = std::fs::read(file) else { continue };
            self.search_in(&bytes, &mut scan, &|offset| place(file, offset));
        }
        scan
    }

    pub fn search_in(&self, bytes: &[u8], scan: &mut Scan, place: &dyn Fn(usize) -> String) {
        for hit in self.automaton.find_overlapping_iter(bytes) {
            scan.hits.entry(place(hit.start())).or_default().insert(hit.pattern().as_usize());
        }
    }

    /// How many values of a set were seen in places that `inside` accepts.
    pub fn count(&self, scan: &Scan, set: &str, which: Which, inside: &dyn Fn(&str) -> bool) -> Count {
        let range = self.needles.sets.get(set).unwrap_or_else(|| panic!("no set {set}")).clone();
        let asked: BTreeSet<usize> = range.filter(|p| which.includes(self.needles.gone[*p])).collect();
        let seen: BTreeSet<usize> =
            scan.hits.iter().filter(|(place, _)| inside(place)).flat_map(|(_, hits)| hits.intersection(&asked).copied()).collect();
        Count { found: seen.len(), of: asked.len() }
    }

    /// Destroyed values that were seen anywhere, of all sets; with the places, for who wants to know.
    pub fn left_anywhere(&self, scan: &Scan) -> (Count, BTreeMap<String, usize>) {
        let gone = |p: &&usize| self.needles.gone[**p];
        let mut all = BTreeSet::new();
        let mut places = BTreeMap::new();
        for (place, hits) in &scan.hits {
            let here: BTreeSet<usize> = hits.iter().filter(gone).copied().collect();
            if !here.is_empty() {
                places.insert(place.clone(), here.len());
            }
            all.extend(here);
        }
        (Count { found: all.len(), of: self.needles.gone.iter().filter(|g| **g).count() }, places)
    }
}

/// Which values of a set are counted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Which {
    All,
    Gone,
    Kept,
}

impl Which {
    fn includes(self, gone: bool) -> bool {
        match self {
            Which::All => true,
            Which::Gone => gone,
            Which::Kept => !gone,
        }
    }
}

/// Which value was seen in which place.
#[derive(Default)]
pub struct Scan {
    hits: BTreeMap<String, BTreeSet<usize>>,
}

/// All files below a folder.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => out.push(entry.path()),
                _ => {}
            }
        }
    }
    out
}
