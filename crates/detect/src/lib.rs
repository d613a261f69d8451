//! Bytes to findings: detectors scan one contiguous buffer of cell texts; a lexicon reads column names.

mod digits;
mod email;
mod headers;
mod kind;
mod names;
mod numbers;
mod texts;
mod uscc;

pub use digits::{luhn_ok, resident_check};
pub use headers::{HeaderSays, Headers};
pub use kind::Kind;
pub use names::names_a_person;
pub use texts::{Hit, Hits, Texts};

/// A detector: finds values of its kinds in a buffer of cells.
pub trait Detector: Sync {
    /// Adds every finding in the buffer.
    fn find(&self, texts: &Texts, hits: &mut Hits);
}

/// The detectors of this version, in the order in which they run.
pub fn detectors() -> Vec<Box<dyn Detector>> {
    vec![Box::new(numbers::Numbers::new()), Box::new(email::Email), Box::new(uscc::Uscc)]
}
