//! The plan document: what a plan was computed from, the plan, its notes.

use std::collections::BTreeSet;

use agreement::Agreement;
use facts::Table;
use law::LawBook;
use serde::{Deserialize, Serialize};
use terms::{Answer, Day, Digest, Given, Holdings, Id, Inventory};

use crate::inputs::{Inputs, Noticed};
use crate::lint::{Note, lint};
use crate::table::{Plan, compute};

/// What a plan was computed from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanInputs {
    /// Kinds of acts recorded.
    pub acts: Vec<String>,
    /// Agreements on file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agreements: Vec<Digest>,
    /// Answers and opinions, in order.
    pub answers: Vec<Answer>,
    /// Date of law applied.
    pub as_of: Day,
    /// Facts of the case.
    #[serde(with = "terms::listed")]
    pub case: Given,
    /// The holdings document.
    pub holdings: Digest,
    /// The inventory document.
    pub inventory: Digest,
    /// Of which hand-overs persons were told, and when first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub noticed: Vec<Noticed>,
    /// The packs.
    pub packs: Vec<Digest>,
}

/// An archive that the plan will end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchiveItem {
    /// The archive.
    pub archive: Id,
    /// The item's id, which approvals cover.
    pub item: Id,
    /// Days after the last destruction.
    pub safety_days: u64,
}

/// The plan document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanDoc {
    /// Archives that end with the plan.
    pub archives: Vec<ArchiveItem>,
    /// What it was computed from.
    pub inputs: PlanInputs,
    /// Graded notes.
    pub notes: Vec<Note>,
    /// The plan.
    pub plan: Plan,
    /// `custody.plan`
    #[serde(rename = "type")]
    pub kind: String,
    /// 1
    pub v: u64,
}

impl PlanDoc {
    /// Computes the document of a plan from its inputs and the documents that they name.
    pub fn compute(
        inputs: PlanInputs,
        archives: Vec<ArchiveItem>,
        agreements: &[Agreement],
        holdings: &Holdings,
        inventory: &Inventory,
        book: &LawBook,
        table: &Table,
    ) -> PlanDoc {
        let acts: BTreeSet<String> = inputs.acts.iter().cloned().collect();
        let (plan, _) = compute(&Inputs {
            book,
            table,
            case: &inputs.case,
            holdings,
            answers: &inputs.answers,
            acts: &acts,
            agreements,
            noticed: &inputs.noticed,
            as_of: inputs.as_of,
        });
        let notes = lint(&plan, holdings, inventory, book);
        PlanDoc { archives, inputs, notes, plan, kind: "custody.plan".to_owned(), v: 1 }
    }
}
