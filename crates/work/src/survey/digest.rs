//! The keyed digest of a data set.

use ledger::keyed;
use rows::{Batch, canonical_row};
use terms::Digest;

/// Rows after which the chain of a data set's digest goes on.
const CHAINED: u32 = 1_024;

/// The keyed digest of a data set: a changed, missing or moved row changes it.
pub(crate) struct DatasetDigest<'k> {
    key: &'k [u8; 32],
    chain: [u8; 32],
    rows: u32,
    all: Vec<u8>,
    bytes: Vec<u8>,
}

impl<'k> DatasetDigest<'k> {
    pub(crate) fn new(key: &'k [u8; 32]) -> DatasetDigest<'k> {
        DatasetDigest { key, chain: [0; 32], rows: 0, all: Vec::new(), bytes: Vec::new() }
    }

    pub(crate) fn row(&mut self, batch: &Batch, row: usize) {
        canonical_row(batch.row(row), &mut self.bytes);
        self.all.extend_from_slice(&(self.bytes.len() as u64).to_be_bytes());
        self.all.extend_from_slice(&self.bytes);
        self.rows += 1;
        if self.rows == CHAINED {
            self.link();
        }
    }

    fn link(&mut self) {
        self.chain = keyed(self.key, "dataset-digest", &[&self.chain, &self.all]);
        self.all.clear();
        self.rows = 0;
    }

    pub(crate) fn finish(mut self) -> Digest {
        self.link();
        Digest(self.chain)
    }
}
