//! The files of a filter: taken before the entry, filled after it, and gone if that fails.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use terms::Fault;

/// Whether all of them can be made: none is there, and no two are the same.
///
/// # Errors
/// If one is there, or named twice, or has no folder.
pub(super) fn free(paths: &[&Path]) -> Result<(), Fault> {
    let mut seen = BTreeSet::new();
    for path in paths {
        let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = folder.canonicalize().map_err(|_| Fault::new("file_unwritable").with("file", path.display()))?;
        if path.symlink_metadata().is_ok() {
            return Err(Fault::new("file_exists").with("file", path.display()));
        }
        if !seen.insert(folder.join(path.file_name().unwrap_or_default())) {
            return Err(Fault::new("filter_file_twice").with("file", path.display()));
        }
    }
    Ok(())
}

/// Files that were made and are empty, for their owner alone; removed unless they are filled.
pub(super) struct Taken(Vec<(PathBuf, File)>);

impl Taken {
    /// Makes all of them.
    ///
    /// # Errors
    /// If one is there or cannot be made; then none of them is left.
    pub(super) fn of(paths: &[&Path]) -> Result<Taken, Fault> {
        let mut out = Taken(Vec::new());
        for path in paths {
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let code = |e: io::Error| if e.kind() == io::ErrorKind::AlreadyExists { "file_exists" } else { "file_unwritable" };
            let file = options.open(path).map_err(|e| Fault::new(code(e)).with("file", path.display()))?;
            out.0.push((path.to_path_buf(), file));
        }
        Ok(out)
    }

    /// Fills them, each with its bytes.
    ///
    /// # Errors
    /// If one cannot be written; then none of them is left.
    pub(super) fn fill(mut self, bytes: &[&[u8]]) -> Result<(), Fault> {
        for ((_, file), bytes) in self.0.iter_mut().zip(bytes) {
            file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|_| Fault::new("filter_unwritable"))?;
        }
        self.0.clear();
        Ok(())
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        for (path, _) in &self.0 {
            // What cannot be removed is empty or cut off, and the fault that led here is told.
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn files(folder: &Path) -> Vec<String> {
        let name = |e: io::Result<std::fs::DirEntry>| e.unwrap().file_name().into_string().unwrap();
        let mut out: Vec<String> = std::fs::read_dir(folder).unwrap().map(name).collect();
        out.sort();
        out
    }

    #[test]
    fn what_is_not_filled_is_not_left() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["a", "b"].map(|name| folder.path().join(name));
        let paths = paths.each_ref().map(PathBuf::as_path);
        drop(Taken::of(&paths).unwrap());
        assert!(files(folder.path()).is_empty(), "the entry could not be made");
        std::fs::write(paths[1], "somebody's").unwrap();
        assert_eq!(Taken::of(&paths).map(|_| ()).unwrap_err().code(), "file_exists");
        assert_eq!(files(folder.path()), ["b"], "nothing but what was there");
        std::fs::remove_file(paths[1]).unwrap();
        Taken::of(&paths).unwrap().fill(&[b"one", b"two"]).unwrap();
        assert_eq!(std::fs::read(paths[1]).unwrap(), b"two");
    }
}
