//! What the stores of this bench have in common: a table to read and erase in, another of the same rows, clients beside.

use sources::At;
use terms::StoreKind;

/// A store with the tables `customer`, `other` (the same rows) and `visit`.
pub trait Stand {
    fn kind(&self) -> StoreKind;

    fn at(&self) -> At;

    /// Makes the tables.
    fn fill(&mut self, rows: u64);

    /// Writes out what is still to be written, so that the next measurement does not pay for the one before.
    fn settle(&mut self);

    /// What [`Stand::dump`] is called.
    fn dump_name(&self) -> &'static str;

    /// Everything of `customer` as text, by the store's own program.
    fn dump(&self);

    /// A connection of its own.
    fn client(&self) -> Box<dyn Client>;

    /// Bytes of `customer` and its indexes.
    fn bytes(&self) -> u64;
}

/// Somebody else's connection.
pub trait Client: Send {
    /// A small transaction: one row changed, one added.
    fn write(&mut self, n: u64, rows: u64);

    /// One row looked up by its key.
    fn look(&mut self, n: u64, rows: u64);

    /// Rows of `other` deleted by key, in a transaction.
    fn delete(&mut self, keys: &[i64]);
}

/// The key of the row that is looked at the `n`th time.
pub fn key(n: u64, rows: u64) -> i64 {
    (n * 7_919 % rows + 1) as i64
}
