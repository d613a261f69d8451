//! Key files on disk: read, and written whole.

use std::path::Path;

use keys::KeyFile;
use terms::Fault;

use crate::sealed::write_whole;

/// Reads a key file.
///
/// # Errors
/// If it is missing or not a key file.
pub fn load_key_file(path: &Path) -> Result<KeyFile, Fault> {
    let bytes = std::fs::read(path).map_err(|_| Fault::new("key_file_missing"))?;
    KeyFile::read(&bytes)
}

/// Writes a key file whole, for its owner alone.
///
/// # Errors
/// If it cannot be written.
pub fn save_key_file(file: &KeyFile, path: &Path) -> Result<(), Fault> {
    write_whole(path, &file.bytes()?)
}
