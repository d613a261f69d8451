//! Agreements with machine-readable terms: read from a file, kept as a document, and asked of every person, field and purpose.

mod file;
mod filter;
mod gate;
mod terms_of;

pub use file::{AgreementFault, AgreementFile, FieldFile, read, schema};
pub use filter::{Filter, Wanted, filter};
pub use gate::{Asked, Gate, may_hand_over};
pub use terms_of::{Agreement, End, Field, Onward, Role, Then};
