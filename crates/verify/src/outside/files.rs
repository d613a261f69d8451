//! Files below paths, each searched as it is and with its zip and gzip members inflated; what cannot be read is named.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::File;
use std::io::{self, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use super::Sought;

/// Deepest nesting of folders, and of members in members.
const FOLDERS_MAX: usize = 64;
const MEMBERS_DEEP: usize = 4;
/// Most bytes that one file inflates to, and of a zip in a zip.
const INFLATED_MAX: u64 = 4 << 30;
const NESTED_MAX: u64 = 256 << 20;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub files: u64,
    pub bytes: u64,
    /// Values or fingerprints met, each counted once.
    pub met: usize,
    /// By file.
    pub hits: BTreeMap<PathBuf, usize>,
    pub unread: BTreeMap<PathBuf, &'static str>,
}

/// Searches every file below the paths.
pub(crate) fn search(paths: &[PathBuf], sought: &mut Sought) -> Found {
    let mut found = Found::default();
    let mut met = HashSet::new();
    let mut files = BTreeSet::new();
    paths.iter().for_each(|p| below(p, 0, &mut files, &mut found));
    for path in files {
        let mut own = HashSet::new();
        let mut inflated = 0;
        match File::open(&path).and_then(|file| look(file, sought, &mut own, (0, &mut inflated))) {
            Ok(read) => {
                found.files += 1;
                found.bytes += read;
            }
            Err(e) => {
                found.unread.insert(path.clone(), why(&e));
            }
        }
        if !own.is_empty() {
            found.hits.insert(path, own.len());
            met.extend(own);
        }
    }
    found.met = met.len();
    found
}

fn why(e: &io::Error) -> &'static str {
    match e.kind() {
        io::ErrorKind::PermissionDenied => "permission denied",
        io::ErrorKind::NotFound => "not there",
        io::ErrorKind::FileTooLarge => "too large when inflated",
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => "a damaged or locked member",
        _ => "not readable",
    }
}

/// Links are followed: stores keep parts of themselves behind them.
fn below(path: &Path, depth: usize, files: &mut BTreeSet<PathBuf>, found: &mut Found) {
    let mut unread = |why: &'static str| {
        found.unread.insert(path.to_owned(), why);
    };
    match std::fs::metadata(path) {
        Ok(m) if m.is_dir() && depth >= FOLDERS_MAX => unread("too deep"),
        Ok(m) if m.is_dir() => match std::fs::read_dir(path) {
            Ok(entries) => entries.flatten().for_each(|e| below(&e.path(), depth + 1, files, found)),
            Err(e) => unread(why(&e)),
        },
        Ok(m) if m.is_file() => {
            files.insert(path.to_owned());
        }
        Ok(_) => {}
        Err(e) => unread(why(&e)),
    }
}

/// Looks at a file as it is, then at its members.
fn look(mut file: impl Read + Seek, sought: &mut Sought, own: &mut HashSet<u64>, (deep, inflated): (usize, &mut u64)) -> io::Result<u64> {
    let read = bytes(&mut file, sought, own)?;
    file.rewind()?;
    let mut magic = [0u8; 4];
    let filled = file.read(&mut magic)?;
    file.rewind()?;
    match magic.get(..filled).unwrap_or_default() {
        [0x1f, 0x8b, ..] if deep < MEMBERS_DEEP => {
            let stream = Bounded { input: flate2::read::MultiGzDecoder::new(file), inflated };
            bytes(stream, sought, own)?;
        }
        [b'P', b'K', 3, 4] if deep < MEMBERS_DEEP => members(file, sought, own, (deep, inflated))?,
        [0x1f, 0x8b, ..] | [b'P', b'K', 3, 4] => return Err(io::Error::from(io::ErrorKind::FileTooLarge)),
        _ => {}
    }
    Ok(read)
}

fn members(file: impl Read + Seek, sought: &mut Sought, own: &mut HashSet<u64>, (deep, inflated): (usize, &mut u64)) -> io::Result<()> {
    let damaged = |_| io::Error::from(io::ErrorKind::InvalidData);
    let mut archive = zip::ZipArchive::new(file).map_err(damaged)?;
    for i in 0..archive.len() {
        let member = archive.by_index(i).map_err(damaged)?;
        let packed = |n: &str| [".zip", ".gz", ".xlsx", ".docx", ".jar"].iter().any(|e| n.ends_with(e));
        let nested = member.size() <= NESTED_MAX && member.name().is_ok_and(|n| packed(&n));
        let mut stream = Bounded { input: member, inflated };
        if nested {
            let mut inner = Vec::new();
            (&mut stream).take(NESTED_MAX + 1).read_to_end(&mut inner)?;
            look(Cursor::new(inner), sought, own, (deep + 1, inflated))?;
        } else {
            bytes(stream, sought, own)?;
        }
    }
    Ok(())
}

fn bytes(input: impl Read, sought: &mut Sought, own: &mut HashSet<u64>) -> io::Result<u64> {
    match sought {
        Sought::List(needles) => {
            let read = needles.look_in(0, input)?;
            own.extend(needles.take_met().into_iter().map(u64::from));
            Ok(read)
        }
        Sought::Filter(search) => {
            let (read, met) = search.look_in(input)?;
            own.extend(met);
            Ok(read)
        }
    }
}

/// A stream that ends with an error once a file has inflated to too much.
struct Bounded<'a, R> {
    input: R,
    inflated: &'a mut u64,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(out)?;
        *self.inflated += n as u64;
        if *self.inflated > INFLATED_MAX { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(n) }
    }
}
