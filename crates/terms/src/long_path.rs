//! Paths of more than 260 characters on Windows: the standard library knows how to write them, libraries in C do not.

use std::path::{Path, PathBuf};

/// An absolute path as every program on Windows takes it, however long; elsewhere the path itself.
pub fn verbatim(absolute: &Path) -> PathBuf {
    #[cfg(windows)]
    {
        let text = absolute.to_string_lossy();
        if !text.starts_with(r"\\") {
            return PathBuf::from(format!(r"\\?\{text}"));
        }
    }
    absolute.to_owned()
}
