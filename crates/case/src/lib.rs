//! The case: its file with line spans, its events, its state, its rules, and what may happen next. No I/O, no clock, no randomness.

mod admit;
mod approval;
mod briefing;
mod broken;
mod decide;
pub mod dossier;
mod event;
mod evolve;
pub mod file;
mod public;
mod receiving;
mod rules;
mod state;

pub use admit::{Context, admit};
pub use approval::{ApprovalFile, Decision, Head, Reason, Statement};
pub use briefing::{Approver, BRIEFING_TYPE, Briefing};
pub use broken::{Broken, RuleId};
pub use decide::{By, Command, Draft, decide};
pub use event::*;
pub use evolve::evolve;
pub use public::{AgeKey, PublicFile};
pub use receiving::{DIFFERENCES, Difference, ReceiptFile, Receiving, receiving_message};
pub use state::{
    AgreementState, Approval, Backup, Hold, KeyState, Order, OrderKind, Package, PlanState, Run, Seal, Source, State, UnreadAccepted,
    Vector,
};
