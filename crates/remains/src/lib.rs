//! Raw bytes searched for values: needles met by structure, streams in which values cut at page borders are joined. Knows bytes only.

mod blinded;
mod filter;
mod index;
mod needles;
mod paged;
mod shape;

pub use blinded::{BlindKey, BlindSearch, Blinded};
pub use index::Sieve;
pub use needles::{Kind, NEEDLE_MAX, NEEDLE_MIN, Needle, Needles, STRUCTURES_MAX};
pub use paged::Cut;
