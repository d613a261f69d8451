//! The offline verifier: replays every entry of a dossier through the same `admit` and `evolve`, checks its documents, computes the plan again, and says of each claim: proved, attested by whom, not shown, or broken.

mod archive;
mod claims;
mod documents;
mod people;
mod recompute;
mod replay;
mod verdict;

pub use people::print;
pub use verdict::{Claim, Report, State, Trust};

use std::fs::File;
use std::io::{BufReader, Cursor};
use std::path::Path;

/// Verifies the dossier in a file.
///
/// # Errors
/// If the file cannot be read at all; whatever is wrong inside is a claim in the report.
pub fn verify(path: &Path, trust: &Trust) -> std::io::Result<Report> {
    check(BufReader::new(File::open(path)?), trust)
}

/// Verifies a dossier in memory: the same report.
///
/// # Errors
/// As [`verify`].
pub fn verify_bytes(bytes: &[u8], trust: &Trust) -> std::io::Result<Report> {
    check(Cursor::new(bytes), trust)
}

fn check(from: impl archive::Bytes, trust: &Trust) -> std::io::Result<Report> {
    let mut report = Report::default();
    match archive::Dossier::open(from)? {
        Err(broken) => report.add(broken),
        Ok(mut dossier) => claims::check(&mut dossier, trust, &mut report),
    }
    Ok(report)
}
