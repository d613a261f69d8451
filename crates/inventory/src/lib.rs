//! Batches to findings per field, categories, tiers, proposed classes and field groups.

mod category;
mod gather;
mod propose;
mod regions;

pub use category::{sensitive, tier_of};
pub use gather::{ColumnFound, Gatherer};
pub use propose::{Declared, about_people, categories, findings, propose_class, propose_groups, shown_name};
pub use regions::Regions;
