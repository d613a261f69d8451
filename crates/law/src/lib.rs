//! Law packs: a folder a law, one duty a file, read into rules that are in force on a day.

mod acts;
mod book;
mod duty;
mod pack;
mod packs;
mod rule;

pub use acts::{About, ActKind, Acts, Demands, Standing};
pub use book::{LawBook, PackError, PackVersion};
pub use duty::{Duty, RuleKind, Tier};
pub use pack::{Accept, CaseGiven, Conflict, Consent, Gate, RuleCases, RuleFile, Says};
pub use packs::Packs;
pub use rule::{Act, Rule};
