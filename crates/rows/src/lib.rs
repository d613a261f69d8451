//! Lossless batches: a source's own value bytes with their storage class, locators, and the canonical bytes of a row.

mod batch;
mod canonical;
mod locator;
mod text;

pub use batch::{Batch, BatchBuilder, CellRef, Tag};
pub use canonical::{canonical_row, read_row};
pub use locator::Locator;
pub use text::{Encoding, text_of};
