//! One search over a folder: every file as it lies and as it reads, and what could not be looked into.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use formats::{Kind, otherwise};
use remains::{Kind as Needle, Needles};
use terms::Place;

use crate::dataset::{Holds, Searched};
use crate::files::Structures;
use crate::walk::{Found, leaves_of, named, walk};

/// A search for what is destroyed in one data set, over all files of its folder.
pub(crate) struct Look<'a> {
    place: &'a Place,
    needles: &'a mut Needles,
    structures: Structures,
    /// The rows of the data set, other parts of its file, and all other files.
    own: usize,
    beside: usize,
    other: usize,
    /// Files that were looked through.
    looked: BTreeSet<PathBuf>,
    out: Searched,
}

impl<'a> Look<'a> {
    pub(crate) fn new(place: &'a Place, needles: &'a mut Needles) -> Look<'a> {
        let mut structures = Structures::default();
        let own = structures.of(place.as_str(), Holds::Records);
        let (beside, other) = (structures.of("other_parts", Holds::Nothing), structures.of("other_files", Holds::Nothing));
        structures.of("file_names", Holds::Nothing);
        Look { place, needles, structures, own, beside, other, looked: BTreeSet::new(), out: Searched::default() }
    }

    /// Whether this is the data set that is asked about.
    pub(crate) fn is_own(&self, place: &Place) -> bool {
        place == self.place
    }

    /// The structure in which the rows of a data set lie, or a file by itself.
    pub(crate) fn of(&mut self, place: &Place) -> usize {
        match () {
            () if self.is_own(place) => self.own,
            // Files are told apart as long as there is room for it.
            () => self.structures.beside(place).unwrap_or(self.other),
        }
    }

    /// The structure of what lies in the data set's file beside its rows.
    pub(crate) fn beside(&self) -> usize {
        self.beside
    }

    /// Looks through a file as it lies; whether there is one.
    pub(crate) fn raw(&mut self, structure: usize, path: &Path) -> bool {
        self.looked.insert(path.to_owned());
        match File::open(path).and_then(|f| self.needles.look_in(structure, f)) {
            Ok(read) => self.out.bytes += read,
            // What went whole is not there any more.
            Err(e) if e.kind() == ErrorKind::NotFound => return false,
            Err(_) => self.unread(fs::metadata(path).map_or(0, |m| m.len())),
        }
        true
    }

    /// Looks through what a file reads as.
    pub(crate) fn text(&mut self, structure: usize, bytes: &[u8]) {
        self.needles.look(structure, bytes);
    }

    /// Looks through a name.
    fn name(&mut self, structure: usize, name: &str) {
        self.text(structure, name.as_bytes());
        self.otherwise(structure, name);
    }

    /// Looks through a text as it reads otherwise written, for values that point to one person.
    fn otherwise(&mut self, structure: usize, text: &str) {
        otherwise(text, &mut |text| self.needles.look_for(structure, text.as_bytes(), &|kind| kind == Needle::Alone));
    }

    /// Looks through what is read in place of a file, counted as its bytes.
    pub(crate) fn unpacked(&mut self, structure: usize, bytes: &[u8]) {
        self.text(structure, bytes);
        self.out.bytes += bytes.len() as u64;
    }

    /// What a reader of its own looks through.
    pub(crate) fn with<T>(&mut self, look: impl FnOnce(&mut Needles) -> T) -> T {
        look(self.needles)
    }

    /// Bytes that were not looked into: one at least.
    pub(crate) fn unread(&mut self, bytes: u64) {
        self.out.unread += bytes.max(1);
    }

    /// Looks through a workbook as it lies and as it reads: what stands beside the rows of the data set, if they are in it.
    pub(crate) fn book(&mut self, file: &(Found, Place), own: bool) {
        let structure = if own { self.beside } else { self.of(&file.1) };
        self.whole(structure, structure, &file.0);
    }

    /// Looks through a file of any kind as it lies, and through everything that can be read in it: rows of the data set `read_in`, if they
    /// are somebody's.
    pub(crate) fn any(&mut self, (file, place): &(Found, Place), read_in: Option<&Place>) {
        let raw = self.of(place);
        let structure = if read_in.is_some_and(|p| self.is_own(p)) { self.own } else { raw };
        self.whole(raw, structure, file);
    }

    fn whole(&mut self, raw: usize, structure: usize, file: &Found) {
        if !self.raw(raw, &file.path) {
            return;
        }
        leaves_of(file, &mut |leaf| {
            leaf.path.iter().for_each(|name| self.name(raw, name));
            match leaf.text {
                Ok(text) => {
                    // In prose a name between quotes is anybody's; in a list it is with what stands around it in its record.
                    let own = structure == self.own;
                    let list = is_list(leaf.kind) || own;
                    // A document's row is its path and its text.
                    let row = if own { named(file, &leaf.path) + &text } else { String::new() };
                    let all = if own { &row } else { &text };
                    self.needles
                        .look_for(structure, all.as_bytes(), &|kind| list || !matches!(kind, Needle::Left | Needle::Right | Needle::Entry));
                    self.otherwise(structure, &text);
                }
                Err(_) => self.unread(leaf.bytes),
            }
            Ok(())
        });
    }

    /// Looks through the names of all files, and through files that nobody has looked through: those that came since it was listed. What a
    /// link leads to is not looked into.
    pub(crate) fn end(mut self, folder: &Path, source: &Place) -> Searched {
        let structure = self.structures.of("file_names", Holds::Nothing);
        for name in folders(folder) {
            self.name(structure, &name);
        }
        match walk(folder, source) {
            Err(_) => self.unread(1),
            Ok(all) => all.iter().for_each(|file| {
                self.name(structure, &file.name);
                match file.opens() {
                    true if self.looked.contains(&file.path) => {}
                    true => self.whole(self.other, self.other, file),
                    false => self.unread(1),
                }
            }),
        }
        Searched { structures: self.structures.list(), ..self.out }
    }
}

/// Names of all folders below one; of what cannot be listed [`walk`] says so.
fn folders(folder: &Path) -> Vec<String> {
    let (mut out, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = open.pop() {
        let entries = fs::read_dir(&next).into_iter().flatten().flatten();
        for entry in entries.filter(|e| e.file_type().is_ok_and(|kind| kind.is_dir())) {
            out.push(entry.file_name().to_string_lossy().into_owned());
            open.push(entry.path());
        }
    }
    out
}

/// Whether it holds records.
fn is_list(kind: Kind) -> bool {
    matches!(kind, Kind::Delimited | Kind::Json | Kind::JsonLines)
}
