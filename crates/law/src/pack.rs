//! The files of a pack as they are written, before any check (PACKS §2).
#![allow(missing_docs)] // the fields are those of the table in PACKS §2

use std::collections::BTreeMap;

use facts::Period;
use serde::Deserialize;
use terms::{Both, Day, Given, Value};

use crate::duty::{Duty, RuleKind, Tier};

/// Words of the law in both languages.
pub type Says = Both;

/// `pack.yaml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackFile {
    pub pack: String,
    pub title: Both,
    pub law: String,
    pub tier: Tier,
    #[serde(default)]
    pub delegated_by: Option<Delegation>,
    #[serde(default)]
    pub overlay: Option<String>,
    pub version: String,
    #[serde(default, rename = "source")]
    pub read_from: Option<String>,
    #[serde(default)]
    pub penalties: BTreeMap<String, Both>,
}

/// The law that orders a department rule.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delegation {
    pub article: String,
    pub tier: Tier,
}

/// One rule's file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    pub rule: String,
    pub title: Both,
    pub article: String,
    pub says: Says,
    #[serde(default)]
    pub quote: Option<String>,
    #[serde(default)]
    pub tier: Option<Tier>,
    #[serde(default)]
    pub delegated_by: Option<Delegation>,
    pub in_force: Day,
    #[serde(default)]
    pub until: Option<Day>,
    #[serde(default)]
    pub replaces: Option<String>,
    pub kind: RuleKind,
    #[serde(default)]
    pub kind_why: Option<String>,
    #[serde(default)]
    pub when: Option<String>,
    #[serde(default)]
    pub unless: Option<String>,
    pub duty: Duty,
    #[serde(default)]
    pub appoint: Option<String>,
    #[serde(default)]
    pub permits: Vec<String>,
    #[serde(default)]
    pub bars: Vec<String>,
    #[serde(default)]
    pub period: Option<PeriodFile>,
    #[serde(default)]
    pub due: Option<DueFile>,
    #[serde(default)]
    pub gate: Option<Gate>,
    #[serde(default)]
    pub consent: Option<Consent>,
    #[serde(default)]
    pub beats: Vec<String>,
    #[serde(default)]
    pub beaten_by: Vec<String>,
    #[serde(default)]
    pub suspends: Option<String>,
    #[serde(default)]
    pub accepts: Option<BTreeMap<Tier, Accept>>,
    #[serde(default)]
    pub keeper: Option<String>,
    #[serde(default)]
    pub accepts_retention_of: Option<Vec<String>>,
    #[serde(default)]
    pub conflict: Option<Conflict>,
    #[serde(default)]
    pub needs_counsel: Option<Both>,
    #[serde(default)]
    pub confidence: Option<String>,
    #[serde(default)]
    pub verified: Option<String>,
    #[serde(default)]
    pub reviewed_by: Option<String>,
    #[serde(default)]
    pub refs: Vec<String>,
    #[serde(default)]
    pub penalty: Option<String>,
    pub cases: RuleCases,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeriodFile {
    pub min: Period,
    pub from: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DueFile {
    pub from: String,
    #[serde(default)]
    pub until: Option<String>,
    pub is: String,
}

/// What must be shown before a step, and how long before.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// The step or steps: `hand_over destroy service_stop deregister`.
    pub before: OneOrMany,
    /// To whom.
    #[serde(default)]
    pub to: Option<String>,
    /// Where.
    #[serde(default)]
    pub on: Option<String>,
    /// What must be said.
    #[serde(default)]
    pub items: Vec<String>,
    /// How long before.
    #[serde(default)]
    pub lead: Option<Period>,
    /// `law` or `product_default`.
    #[serde(default)]
    pub lead_is: Option<String>,
    /// What shows it.
    pub shown_by: String,
}

/// One word or a list of words.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl OneOrMany {
    /// All of them.
    pub fn words(&self) -> &[String] {
        match self {
            OneOrMany::One(w) => std::slice::from_ref(w),
            OneOrMany::Many(ws) => ws,
        }
    }
}

/// Whose consent, in which form, by which fact.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// `person` or `guardian`.
    pub of: String,
    /// `separate`, `written`.
    pub form: String,
    /// The fact that is true when it was given.
    pub fact: String,
    /// The opinion that makes it unnecessary.
    #[serde(default)]
    pub lifted_by: Option<String>,
}

/// Which opinion settles a conflict of legal orders.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conflict {
    /// The fact that holds the opinion.
    pub fact: String,
    /// Its value that keeps.
    pub keep: String,
    /// Its value that lifts.
    pub lift: String,
}

/// Whether a tier's retention counts as one of law and administrative regulation (PIPL 47(2)).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Accept {
    /// Always or never.
    Flat(bool),
    /// `opinion`: only with one of counsel.
    Word(String),
    /// Only if a higher text delegates.
    Delegated {
        /// What a delegated rule counts as.
        delegated: bool,
        /// What another counts as.
        #[serde(rename = "else")]
        other: String,
    },
}

/// The cases beside a rule: at least one where it bites and one where it is silent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleCases {
    /// Cases in which it bites.
    #[serde(default)]
    pub bites: Vec<CaseGiven>,
    /// Cases in which it does not.
    #[serde(default)]
    pub silent: Vec<CaseGiven>,
    /// Cases in which it asks.
    #[serde(default)]
    pub asks: Vec<CaseGiven>,
}

/// One case: facts, values to run it over, what must come out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseGiven {
    /// The facts.
    pub given: Given,
    /// Values to run the case over, fact by fact.
    #[serde(default)]
    pub each: BTreeMap<String, Vec<Value>>,
    /// Dates that must come out: `until`, `from`.
    #[serde(default)]
    pub then: BTreeMap<String, Day>,
    /// Why it is silent.
    #[serde(default)]
    pub because: Option<Both>,
    /// Facts that it must ask for.
    #[serde(default)]
    pub facts: Vec<String>,
}
