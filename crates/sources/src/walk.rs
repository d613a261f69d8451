//! What lies in a folder: every file with its name, why it is not opened if it is not, and what reads in it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use formats::{Kind, Leaf, Limits, Reason};
use terms::{Fault, Place};

use crate::dataset::FileFound;
use crate::places::Places;

/// Most files that are looked at in one folder.
pub(crate) const FILES_MAX: usize = 20_000;

/// What lies in a folder.
pub(crate) struct Found {
    /// Its name below the folder, as it is told apart from all others.
    pub name: String,
    pub path: PathBuf,
    /// Why it is not read, if it is no file.
    pub unread: Option<&'static str>,
}

impl Found {
    fn new(folder: &Path, path: PathBuf, unread: Option<&'static str>) -> Found {
        let below = path.strip_prefix(folder).unwrap_or(&path).to_path_buf();
        let name = match below.to_str() {
            // Only where it parts folders: elsewhere it is a letter of a name like any other.
            Some(name) => name.replace(std::path::MAIN_SEPARATOR, "/"),
            // Two names that are no text may read the same: their bytes tell them apart.
            None => {
                let bytes = below.as_os_str().as_encoded_bytes();
                let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
                format!("{} {hex}", below.to_string_lossy())
            }
        };
        Found { name, path, unread }
    }

    /// Its bytes; of a link or a pipe none.
    pub(crate) fn bytes(&self) -> u64 {
        if self.opens() { fs::metadata(&self.path).map_or(0, |m| m.len()) } else { 0 }
    }

    /// Whether it is a file, with one name or several: a link is not followed, a pipe never opened.
    pub(crate) fn opens(&self) -> bool {
        matches!(self.unread, None | Some(SEVERAL_NAMES))
    }
}

/// Why a file with other names is not read: erasing it under one would take it from all.
const SEVERAL_NAMES: &str = "several_names";

/// Whether a file has other names (hard links).
fn several_names(path: &Path) -> bool {
    #[cfg(unix)]
    {
        fs::metadata(path).is_ok_and(|m| std::os::unix::fs::MetadataExt::nlink(&m) > 1)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// Everything below a folder, hidden files too, sorted; links are not followed, and like pipes and devices listed as unread.
pub(crate) fn walk(folder: &Path, source: &Place) -> Result<Vec<Found>, Fault> {
    let unreadable = || Fault::new("folder_unreadable").with("source", source);
    if folder.is_file() {
        let name = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let unread = if several_names(folder) { Some(SEVERAL_NAMES) } else { None };
        return Ok(vec![Found { name, path: folder.to_owned(), unread }]);
    }
    let mut out = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).map_err(|_| unreadable())? {
            let entry = entry.map_err(|_| unreadable())?;
            let kind = entry.file_type().map_err(|_| unreadable())?;
            if kind.is_dir() {
                open.push(entry.path());
                continue;
            }
            let unread = match (kind.is_symlink(), kind.is_file()) {
                (true, _) => Some("link_not_followed"),
                (_, false) => Some("not_a_file"),
                _ if several_names(&entry.path()) => Some(SEVERAL_NAMES),
                _ => None,
            };
            out.push(Found::new(folder, entry.path(), unread));
            if out.len() > FILES_MAX {
                return Err(Fault::new("too_many_datasets").with("source", source).with("most", FILES_MAX));
            }
        }
    }
    out.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(out)
}

/// Every file below a folder with its place and bytes; `reads` says in which data set it is read, if not in one of its own.
pub(crate) fn all_files(
    folder: &Path,
    source: &Place,
    places: &mut Places,
    reads: &dyn Fn(&Place) -> Option<Place>,
) -> Result<Vec<FileFound>, Fault> {
    let full = || Fault::new("too_many_datasets").with("source", source).with("most", FILES_MAX);
    let seen = walk(folder, source)?.into_iter().map(|file| {
        let place = places.of(source, 'f', &file.name).ok_or_else(full)?;
        Ok(FileFound { bytes: file.bytes(), read_in: reads(&place), place })
    });
    seen.collect()
}

/// The fault of an I/O error at a place.
pub(crate) fn io_fault(error: &std::io::Error, place: &Place) -> Fault {
    let fault = match error.kind() {
        std::io::ErrorKind::NotFound => Fault::new("file_missing"),
        std::io::ErrorKind::PermissionDenied => Fault::new("file_denied"),
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded | std::io::ErrorKind::FileTooLarge => {
            Fault::new("disk_full").retry()
        }
        _ => Fault::new("file_unreadable").retry(),
    };
    fault.with("place", place)
}

/// Between a file's name and that of a member.
pub(crate) const INSIDE: &str = "!/";

/// The path of a document: of its file, and of the members that it lies in.
pub(crate) fn named(file: &Found, path: &[String]) -> String {
    [std::slice::from_ref(&file.name), path].concat().join(INSIDE)
}

/// Reads a file of any kind; what is wrong with it is heard as a leaf.
pub(crate) fn leaves_of(file: &Found, hear: &mut dyn FnMut(Leaf) -> Result<(), Reason>) {
    let unreadable = |reason| Leaf { path: Vec::new(), kind: Kind::Unknown, bytes: 0, text: Err(reason) };
    let read = match File::open(&file.path) {
        Ok(open) => formats::leaves(&file.name, open, Limits::default(), hear),
        Err(_) => Err(Reason::Unreadable),
    };
    if let Err(reason) = read {
        // Whoever stopped it themselves knows why.
        let _ = hear(unreadable(reason));
    }
}
