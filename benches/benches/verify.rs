//! Verification of a dossier of 100,000 entries.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::time::Instant;

use benches::figure;
use benches::long::long_dossier;
use custody_verify::{Trust, verify};

const ENTRIES: usize = 100_000;

fn main() {
    println!("verify: a dossier of {ENTRIES} entries, everything replayed");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.zip");
    let bytes = long_dossier(&path, ENTRIES);
    let began = Instant::now();
    let report = verify(&path, &Trust::default()).unwrap();
    let took = began.elapsed().as_secs_f64();
    assert!(!report.is_broken(), "{:?}", report.claims);
    figure("verification of 100,000 entries", took, "s", "");
    figure("entries a second", ENTRIES as f64 / took, "1/s", "");
    figure("dossier", bytes as f64 / 1e6, "MB", "");
}
