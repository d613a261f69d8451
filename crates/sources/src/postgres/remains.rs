//! The search for remains in the files below a PostgreSQL data directory.

use std::fs::File;
use std::path::Path;

use terms::{Fault, Level};

use super::Postgres;
use super::faults::fault;
use crate::Source as _;
use crate::dataset::Searched;
use crate::files;
use crate::needles::Needles;

/// Whether the files of a server can be read here at all.
pub(super) fn readable(folder: &Path) -> bool {
    File::open(folder.join("global/pg_control")).is_ok()
}

/// Flushes, then searches every file.
pub(super) fn search(postgres: &mut Postgres, needles: &mut Needles) -> Result<Searched, Fault> {
    let Some(folder) = postgres.at.files.clone().filter(|f| readable(f)) else {
        // Nothing was looked at; one unread byte keeps every column below L3.
        return Ok(Searched { bytes: 0, unread: 1 });
    };
    if postgres.store().cap > Level::L2 {
        postgres.client.batch_execute("CHECKPOINT").map_err(|e| fault(&e, &postgres.source))?;
    }
    let files = files::below(&folder).map_err(|_| Fault::new("file_denied").with("place", &postgres.source))?;
    Ok(files::search(&files, needles))
}
