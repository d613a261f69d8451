//! The search for remains in the raw files of a SQLite database.

use std::fs::File;
use std::path::PathBuf;

use crate::dataset::{Dataset, Searched};
use crate::needles::Needles;

/// The column that is the row id itself: it stands in no record.
pub(super) fn rowid_alias(dataset: &Dataset) -> Option<usize> {
    let mut keys = dataset.columns.iter().enumerate().filter(|(_, c)| c.key);
    match (keys.next(), keys.next()) {
        (Some((i, c)), None) if c.declared.eq_ignore_ascii_case("integer") => Some(i),
        _ => None,
    }
}

/// Searches the files; what cannot be read is counted.
pub(super) fn search(files: &[PathBuf], needles: &mut Needles) -> Searched {
    let mut out = Searched::default();
    for file in files {
        let size = std::fs::metadata(file).map_or(0, |m| m.len());
        match File::open(file).and_then(|f| needles.look_in(f)) {
            Ok(read) => out.bytes += read,
            Err(_) => out.unread += size,
        }
    }
    out
}
