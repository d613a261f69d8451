//! The raw files of a store: listed, told apart by structure, and searched; what cannot be read is counted.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use formats::Kind;
use remains::{Cut, Needles, STRUCTURES_MAX};
use terms::Place;

use crate::cell::unpacked;
use crate::dataset::{Holds, Searched, Structure};

/// Every file below a folder, in order. Links are followed: tablespaces are links to folders elsewhere.
///
/// # Errors
/// If a folder cannot be read.
pub(crate) fn below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            match std::fs::metadata(&path) {
                Ok(m) if m.is_dir() => folders.push(path),
                Ok(m) if m.is_file() => out.push(path),
                // Sockets and pipes hold nothing; what vanished meanwhile has nothing to be read.
                _ => {}
            }
        }
    }
    out.sort();
    Ok(out)
}

/// Bytes that are free for whoever runs this where a file or folder lies; none where the system does not say.
#[cfg(unix)]
pub(crate) fn free(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

/// Nobody says.
#[cfg(not(unix))]
pub(crate) fn free(_: &Path) -> Option<u64> {
    None
}

/// Structures after which data sets that were not asked about have none of their own.
const BESIDE_MAX: usize = STRUCTURES_MAX - 14;

/// The structures of a search by name; a name that is new gets the next number.
#[derive(Default)]
pub(crate) struct Structures(Vec<Structure>);

impl Structures {
    pub(crate) fn of(&mut self, name: &str, holds: Holds) -> usize {
        if let Some(known) = self.0.iter().position(|s| s.name == name) {
            return known;
        }
        self.0.push(Structure { name: name.to_owned(), holds });
        self.0.len() - 1
    }

    /// Another data set as a structure of its own, as long as there is room for those that matter more.
    pub(crate) fn beside(&mut self, place: &Place) -> Option<usize> {
        (self.0.len() < BESIDE_MAX).then(|| self.of(place.as_str(), Holds::Nothing))
    }

    pub(crate) fn list(self) -> Vec<Structure> {
        self.0
    }
}

/// Which structure a page belongs to: its number from 0, its bytes.
pub(crate) type Pages = Arc<dyn Fn(u64, &[u8]) -> usize>;

/// How a raw file is searched.
pub(crate) enum Form {
    /// As it is.
    Plain,
    /// As it is, and once more with the headers of its pages cut away: page, first and other headers in bytes; then with what is packed
    /// anywhere in it unpacked.
    Cut(usize, usize, usize, fn() -> Box<dyn Unpack>),
    /// Page by page, each of its own structure; values do not cross pages.
    Pages(usize, Pages),
    /// As it is, and once more page by page, with what is packed in pages of this size unpacked.
    Packed(usize, fn() -> Box<dyn Unpack>),
}

/// Unpacks what lies packed in the pages of a file.
pub(crate) trait Unpack {
    /// Hears whatever is unpacked from the next page.
    fn page(&mut self, page: &[u8], hear: &mut dyn FnMut(&[u8]));

    /// The same of bytes in which pages lie anywhere.
    fn anywhere(&mut self, bytes: &[u8], hear: &mut dyn FnMut(&[u8]));

    /// The same once there are no more pages.
    fn end(&mut self, hear: &mut dyn FnMut(&[u8]));
}

/// A raw file.
pub(crate) struct Raw {
    pub path: PathBuf,
    pub structure: usize,
    pub form: Form,
}

/// Searches the files.
pub(crate) fn search(files: &[Raw], structures: Structures, needles: &mut Needles) -> Searched {
    let mut out = Searched { structures: structures.0, ..Searched::default() };
    for file in files {
        let size = std::fs::metadata(&file.path).map_or(0, |m| m.len());
        match look_in(file, needles).and_then(|read| Ok((read, packed_whole(file, needles)?))) {
            Ok((read, unread)) => (out.bytes, out.unread) = (out.bytes + read, out.unread + unread),
            // Gone since it was listed: a log that was cycled.
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(_) => out.unread += size.max(1),
        }
    }
    out
}

/// Looks into a file that is an archive as a whole: a dump that somebody put there. Gives the bytes that could not be unpacked.
fn packed_whole(file: &Raw, needles: &mut Needles) -> io::Result<u64> {
    let mut input = File::open(&file.path)?;
    let mut head = [0u8; 512];
    let read = fill(&mut input, &mut head)?;
    let head = head.get(..read).unwrap_or_default();
    match formats::kind("", head) {
        Kind::Gzip | Kind::Zip | Kind::Tar => {}
        // A database that is looked through page by page begins like one that is not.
        _ if !matches!(file.form, Form::Pages(..)) && formats::is_packed(head) => return Ok(input.metadata()?.len()),
        _ => return Ok(0),
    }
    Ok(unpacked("", input, &mut |text| needles.look(file.structure, text)))
}

fn look_in(file: &Raw, needles: &mut Needles) -> io::Result<u64> {
    let open = || File::open(&file.path);
    match &file.form {
        Form::Plain => needles.look_in(file.structure, open()?),
        Form::Cut(page, first, other, unpack) => {
            let read = needles.look_in(file.structure, open()?)?;
            let cut = || Ok::<_, io::Error>(Cut::new(open()?, *page, *first, *other));
            needles.look_in(file.structure, cut()?)?;
            strewn(cut()?, unpack().as_mut(), &mut |bytes| needles.look(file.structure, bytes))?;
            Ok(read)
        }
        Form::Packed(size, unpack) => {
            let read = needles.look_in(file.structure, open()?)?;
            packed(open()?, *size, unpack().as_mut(), &mut |bytes| needles.look(file.structure, bytes))?;
            Ok(read)
        }
        Form::Pages(size, structure_of) => paged(open()?, *size, structure_of, needles),
    }
}

/// Bytes read at once.
const BUFFER: usize = 1 << 20;

/// Neighbouring pages of one structure are searched together: a value may run over from one to the next.
fn paged(mut input: File, size: usize, structure_of: &Pages, needles: &mut Needles) -> io::Result<u64> {
    let mut buffer = vec![0u8; size * BUFFER.div_ceil(size)];
    let (mut number, mut total) = (0u64, 0u64);
    loop {
        let filled = fill(&mut input, &mut buffer)?;
        let mut run: (usize, usize) = (0, 0);
        let mut current: Option<usize> = None;
        let bytes = buffer.get(..filled).unwrap_or_default();
        for (i, page) in bytes.chunks(size).enumerate() {
            let structure = structure_of(number, page);
            number += 1;
            if current != Some(structure) {
                if let Some(before) = current {
                    needles.look(before, bytes.get(run.0..run.1).unwrap_or_default());
                }
                run.0 = i * size;
                current = Some(structure);
            }
            run.1 = i * size + page.len();
        }
        if let Some(last) = current {
            needles.look(last, bytes.get(run.0..run.1).unwrap_or_default());
        }
        total += filled as u64;
        if filled < buffer.len() {
            return Ok(total);
        }
    }
}

fn packed(mut input: File, size: usize, unpack: &mut dyn Unpack, hear: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = vec![0u8; size * BUFFER.div_ceil(size)];
    loop {
        let filled = fill(&mut input, &mut buffer)?;
        buffer.get(..filled).unwrap_or_default().chunks_exact(size).for_each(|page| unpack.page(page, hear));
        if filled < buffer.len() {
            unpack.end(hear);
            return Ok(());
        }
    }
}

/// Longest packed value that is seen across two readings.
const CARRY: usize = 64 << 10;

fn strewn(mut input: impl Read, unpack: &mut dyn Unpack, hear: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = vec![0u8; BUFFER + CARRY];
    let mut kept = 0;
    loop {
        let filled = kept + fill(&mut input, buffer.get_mut(kept..).unwrap_or_default())?;
        unpack.anywhere(buffer.get(..filled).unwrap_or_default(), hear);
        if filled < buffer.len() {
            return Ok(());
        }
        buffer.copy_within(BUFFER.., 0);
        kept = CARRY;
    }
}

fn fill(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(buffer.get_mut(filled..).unwrap_or_default())? {
            0 => break,
            n => filled += n,
        }
    }
    Ok(filled)
}

/// A map from page to structure.
pub(crate) fn page_map(pages: BTreeMap<u64, usize>, rest: usize) -> Pages {
    Arc::new(move |number, _| pages.get(&number).copied().unwrap_or(rest))
}
