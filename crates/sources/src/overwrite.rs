//! Replacing and removing files so that the old bytes are overwritten where they lay (RESIDUE §4).

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Makes the entries of a folder durable, where the system allows it.
///
/// # Errors
/// If the folder cannot be opened or synced.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        fs::File::open(folder)?.sync_all()
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        Ok(())
    }
}

/// Overwrites a file with zeros in place and syncs it.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn zero(path: &Path) -> io::Result<()> {
    let len = fs::metadata(path)?.len();
    let mut file = OpenOptions::new().write(true).open(path)?;
    let zeros = vec![0u8; 1 << 16];
    let mut left = len;
    while left > 0 {
        let part = usize::try_from(left.min(zeros.len() as u64)).unwrap_or_default();
        file.write_all(zeros.get(..part).unwrap_or_default())?;
        left -= part as u64;
    }
    file.sync_all()
}

/// Overwrites a file with zeros, then removes it.
///
/// # Errors
/// If it cannot be written or removed; a file that is not there is fine.
pub fn wipe(path: &Path) -> io::Result<()> {
    if !path.exists() {
        return Ok(());
    }
    zero(path)?;
    fs::remove_file(path)?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

/// Puts `ready` (complete and synced) in the place of `old`: the old bytes are overwritten in place first.
///
/// # Errors
/// If a step fails; calling it again goes on where it stopped.
pub(crate) fn replace(ready: &Path, old: &Path) -> io::Result<()> {
    if old.exists() {
        zero(old)?;
    }
    fs::rename(ready, old)?;
    sync_folder(old.parent().unwrap_or(Path::new(".")))
}
