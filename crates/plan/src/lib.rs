//! Inventory, facts and rules to a decision table with reasons, questions, a linter, a difference and explanations in words.

mod bite;
mod cell;
mod consequence;
mod decide;
mod diff;
mod document;
mod explain;
mod gates;
mod handing;
mod inputs;
mod item;
mod lint;
mod questions;
#[cfg(test)]
#[path = "tests/rule_cases.rs"]
mod rule_cases;
mod table;

pub use cell::{Admission, Cell};
pub use consequence::{Cited, Consequence, Effect, Handing, Outage};
pub use diff::{Change, diff};
pub use document::{ArchiveItem, PlanDoc, PlanInputs};
pub use explain::{Reader, explain};
pub use gates::{GateRow, Shown};
pub use handing::HandOver;
pub use inputs::{Inputs, Noticed};
pub use item::{Bars, Item, Method};
pub use lint::{Grade, Note, lint};
pub use questions::{Question, questions};
pub use table::{Dates, Plan, Row, Side, compute};
