//! The raw files of a store: listed and searched; what cannot be read is counted.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::dataset::Searched;
use crate::needles::Needles;

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

/// Searches the files.
pub(crate) fn search(files: &[PathBuf], needles: &mut Needles) -> Searched {
    let mut out = Searched::default();
    for file in files {
        let size = std::fs::metadata(file).map_or(0, |m| m.len());
        match File::open(file).and_then(|f| needles.look_in(f)) {
            Ok(read) => out.bytes += read,
            // Gone since it was listed: a log that was cycled.
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(_) => out.unread += size.max(1),
        }
    }
    out
}
