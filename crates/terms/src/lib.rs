//! The nouns of Custody, unchanged from pack to table to screen: ids, days, digests, outcomes, faults, and the documents handed from stage to stage.

mod answers;
mod day;
mod digest;
mod fault;
mod holdings;
mod id;
mod inventory;
pub mod json;
mod lang;
pub mod listed;
mod long_path;
mod purge;
mod value;
mod words;

pub use answers::{Answer, Answers};
pub use day::{Day, Zone};
pub use digest::Digest;
pub use fault::Fault;
pub use holdings::{Branch, Copy, GroupIn, Holding, Holdings};
pub use id::{Id, Place};
pub use inventory::{ColumnSeen, DatasetSeen, FileCount, FilesSeen, Finding, Inventory, Lead, SourceSeen, Supposed, Unread};
pub use lang::{Both, Lang};
pub use long_path::verbatim;
pub use purge::PurgeStep;
pub use value::{Given, Value};
pub use words::{Level, Lock, Outcome, Reach, Scenario, StoreKind, Tier};
