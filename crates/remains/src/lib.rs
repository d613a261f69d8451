//! Raw bytes searched for values: needles met by structure, streams in which values cut at page borders are joined. Knows bytes only.

mod blinded;
mod ends;
mod filter;
mod forms;
mod index;
mod needles;
mod paged;
mod places;
mod shape;
mod strings;

pub use blinded::{BlindKey, BlindSearch, Blinded};
pub use forms::forms;
pub use index::Sieve;
pub use needles::{Kind, Needle, Needles, STRUCTURES_MAX, TooMany};
pub use paged::Cut;
pub use strings::{NEEDLE_MAX, NEEDLE_MIN, is_needle, telling};
