//! What a plan is computed from; nothing else goes in, so that a verifier can compute it again.

use std::collections::BTreeSet;

use agreement::Agreement;
use facts::Table;
use law::LawBook;
use serde::{Deserialize, Serialize};
use terms::{Answer, Day, Given, Holding, Holdings, Id, Place};

/// Persons of a data set were told that it is handed over under an agreement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Noticed {
    /// The agreement.
    pub agreement: Id,
    /// The data set.
    pub dataset: Place,
    /// The first day.
    pub on: Day,
}

/// All that the engine reads.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The rules.
    pub book: &'a LawBook,
    /// The fact table.
    pub table: &'a Table,
    /// Facts of the case file (`case.`, `source.`).
    pub case: &'a Given,
    /// Holdings with their branches.
    pub holdings: &'a Holdings,
    /// Answers and opinions, in order; a later one replaces an earlier one.
    pub answers: &'a [Answer],
    /// Kinds of acts recorded (`announcement`, `liquidation_report`): what shows a gate.
    pub acts: &'a BTreeSet<String>,
    /// Agreements on file, by the terms of which copies may be handed over.
    pub agreements: &'a [Agreement],
    /// Of which hand-overs persons were told, as acts say.
    pub noticed: &'a [Noticed],
    /// The date of law applied, which is also the day of the decision.
    pub as_of: Day,
}

impl Inputs<'_> {
    /// The first day on which persons of a data set were told of its hand-over; under one agreement, or under any.
    pub(crate) fn told(&self, agreement: Option<&Id>, dataset: &Place) -> Option<Day> {
        let fits = |n: &&Noticed| n.dataset == *dataset && agreement.is_none_or(|a| n.agreement == *a);
        self.noticed.iter().filter(fits).map(|n| n.on).min()
    }
}

/// Facts of the case with answers laid over them.
pub(crate) fn case_facts(inputs: &Inputs<'_>) -> Given {
    let mut out = inputs.case.clone();
    out.extend(inputs.holdings.given.clone());
    for a in inputs.answers.iter().filter(|a| a.fact.starts_with("case.") || a.fact.starts_with("source.")) {
        out.insert(a.fact.clone(), a.value.clone());
    }
    out
}

/// Facts of one branch of a holding (case facts not included) with answers laid over them.
pub(crate) fn branch_facts(inputs: &Inputs<'_>, holding: &Holding, branch: usize) -> Given {
    let mut out = holding.given.clone();
    if let Some(b) = holding.branches.get(branch) {
        out.extend(b.given.clone());
    }
    for a in inputs.answers {
        let here = a.holding.as_ref().is_none_or(|h| *h == holding.name);
        let this = a.branch.is_none_or(|b| b as usize == branch);
        let scoped = !a.fact.starts_with("case.") && !a.fact.starts_with("source.");
        // What a holding's answer says of persons and records fills only what is unknown of them.
        let fills = a.branch.is_none() && (a.fact.starts_with("person.") || a.fact.starts_with("record."));
        if here && this && scoped && !(fills && known_of_branch(holding, branch, &a.fact)) {
            out.insert(a.fact.clone(), a.value.clone());
        }
    }
    out
}

fn known_of_branch(holding: &Holding, branch: usize, fact: &str) -> bool {
    holding.branches.get(branch).is_some_and(|b| b.given.contains_key(fact))
}
