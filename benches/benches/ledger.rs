//! Durable appends a second at 1, 100 and 1,000 entries a commit, beside plain rows of the same bytes in SQLite.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::time::Instant;

use benches::{Chain, figure};
use store::LedgerStore;
use terms::Digest;

/// Entries for each measurement.
const COUNTS: [(usize, usize); 3] = [(1, 1_000), (100, 20_000), (1_000, 50_000)];

fn main() {
    println!("ledger: durable appends (WAL, synchronous = FULL), signed, admitted, hashed, head signed");
    for (per_commit, count) in COUNTS {
        let folder = tempfile::tempdir().unwrap();
        let mut store = LedgerStore::open(folder.path(), true).unwrap();
        let (mut chain, first) = Chain::open(Digest::ZERO);
        store.append(&[first], &mut |size, root| chain.head(size, root)).unwrap();
        let began = Instant::now();
        let mut bytes = Vec::new();
        for _ in 0..count / per_commit {
            let lines: Vec<Vec<u8>> = (0..per_commit).map(|_| chain.act()).collect();
            store.append(&lines, &mut |size, root| chain.head(size, root)).unwrap();
            bytes.extend(lines.iter().map(Vec::len));
        }
        let ours = count as f64 / began.elapsed().as_secs_f64();
        let plain = plain_rows(per_commit, &bytes);
        figure(&format!("entries a second, {per_commit} per commit"), ours, "1/s", "");
        figure(&format!("plain SQLite rows a second, {per_commit} per commit"), plain, "1/s", "");
    }
}

/// Rows of the same sizes in a bare table under the same durability.
fn plain_rows(per_commit: usize, bytes: &[usize]) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let db = rusqlite::Connection::open(folder.path().join("plain.db")).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE plain (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL)",
    )
    .unwrap();
    let rows: Vec<Vec<u8>> = bytes.iter().map(|len| vec![b'x'; *len]).collect();
    let began = Instant::now();
    for chunk in rows.chunks(per_commit) {
        db.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut insert = db.prepare_cached("INSERT INTO plain (bytes) VALUES (?1)").unwrap();
        chunk.iter().for_each(|row| {
            insert.execute([row]).unwrap();
        });
        drop(insert);
        db.execute_batch("COMMIT").unwrap();
    }
    rows.len() as f64 / began.elapsed().as_secs_f64()
}
