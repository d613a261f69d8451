//! Files and folders below paths, each by its name and by what it holds; what cannot be looked into is named.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use super::look::look;
use super::sought::Sought;

/// Deepest nesting of folders.
const FOLDERS_MAX: usize = 64;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub files: u64,
    pub bytes: u64,
    /// Values or fingerprints met, each counted once.
    pub met: usize,
    /// By file, or by folder where the name of one was met.
    pub hits: BTreeMap<PathBuf, usize>,
    /// Files and why they, or something in them, were not looked into.
    pub unread: BTreeSet<(PathBuf, &'static str)>,
}

/// Searches every file below the paths, and all names.
pub(crate) fn search(paths: &[PathBuf], sought: &mut Sought) -> Found {
    let (mut found, mut met) = (Found::default(), HashSet::new());
    let mut listed = Listed::default();
    for path in paths {
        let before = listed.files.len() + found.unread.len();
        listed.below(path, 0, &mut found);
        if listed.files.len() + found.unread.len() == before && !listed.files.contains(path) {
            // Whoever names a place wants it looked at.
            found.unread.insert((path.clone(), "no_file"));
        }
    }
    let Listed { files, folders, .. } = listed;
    for path in folders {
        sought.name(&path);
        found.meet(path, sought, &mut met);
    }
    for path in files {
        sought.name(&path);
        let seen = look(&path, sought);
        found.files += u64::from(seen.opened);
        found.bytes += seen.bytes;
        found.unread.extend(seen.unread.into_iter().map(|why| (path.clone(), why)));
        found.meet(path, sought, &mut met);
    }
    found.met = met.len();
    found
}

impl Found {
    /// What was met since the last file is that of this one.
    fn meet(&mut self, path: PathBuf, sought: &mut Sought, met: &mut HashSet<u64>) {
        let own = sought.take_met();
        if !own.is_empty() {
            self.hits.insert(path, own.len());
            met.extend(own);
        }
    }
}

/// The code of a failure to read.
pub(super) fn why(e: &io::Error) -> &'static str {
    match e.kind() {
        io::ErrorKind::PermissionDenied => "permission_denied",
        io::ErrorKind::NotFound => "not_there",
        io::ErrorKind::FileTooLarge => "too_large",
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => "damaged",
        _ => "file_unreadable",
    }
}

/// What lies below the paths.
#[derive(Default)]
struct Listed {
    files: BTreeSet<PathBuf>,
    folders: BTreeSet<PathBuf>,
    /// Folders by where they really are: a link may lead back.
    been: HashSet<PathBuf>,
}

impl Listed {
    /// Links are followed: stores keep parts of themselves behind them.
    fn below(&mut self, path: &Path, depth: usize, found: &mut Found) {
        let mut unread = |why: &'static str| {
            found.unread.insert((path.to_owned(), why));
        };
        match std::fs::metadata(path) {
            Ok(m) if m.is_dir() => {
                self.folders.insert(path.to_owned());
                let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
                match std::fs::read_dir(path) {
                    _ if !self.been.insert(real) => {}
                    _ if depth >= FOLDERS_MAX => unread("too_deep"),
                    Ok(entries) => {
                        for entry in entries {
                            match entry {
                                Ok(e) => self.below(&e.path(), depth + 1, found),
                                Err(e) => {
                                    found.unread.insert((path.to_owned(), why(&e)));
                                }
                            }
                        }
                    }
                    Err(e) => unread(why(&e)),
                }
            }
            Ok(m) if m.is_file() => {
                self.files.insert(path.to_owned());
            }
            // A pipe, a device: it is not read.
            Ok(_) => unread("not_a_file"),
            Err(e) => unread(why(&e)),
        }
    }
}
