//! Records to persons: rows that share a strong identifier are one person; two different valid identity numbers never merge.

mod identifier;
mod matcher;

pub use identifier::{Identifier, strong};
pub use matcher::{Matcher, NOBODY, Owners};
