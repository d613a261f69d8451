//! File formats as bytes: what a file is, what is in it, and the same file without some of it. Knows nothing of persons, law or stores.

mod encoding;
mod escapes;
mod grouped;
mod html;
mod json;
mod kind;
mod leaves;
mod mail;
mod office;
mod ole;
mod otherwise;
mod pdf;
mod reason;
pub mod records;
mod tarred;
mod text;
mod without;
pub mod xlsx;
mod zipped;

pub use kind::{HEAD, Kind, is_packed, kind};
pub use leaves::{Heard, Leaf, Limits, heard, leaves};
pub use office::PROGRAMS_OWN;
pub use otherwise::{otherwise, wholly};
pub use reason::Reason;
pub use without::{Fate, Fates, without};
