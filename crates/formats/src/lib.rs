//! File formats as bytes: what a file is, what is in it, and the same file without some of it. Knows nothing of persons, law or stores.

mod reason;
pub mod xlsx;

pub use reason::Reason;
