//! What the plan reads about holdings: their facts, field groups, copies, and the branches of records that share facts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Given, Place, Reach, StoreKind, Value};

/// All holdings of a case with the branches that occur in them; a document (no personal data, counts only).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holdings {
    /// Facts with one value for the case that scans and matching produced (`case.persons`).
    #[serde(default, with = "crate::listed")]
    pub given: Given,
    /// The holdings, by name.
    pub holdings: Vec<Holding>,
}

/// The records of one class in one data set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holding {
    /// The holding's name in plan, answers and screens: the name that `case.yaml` gives, or its place.
    pub name: String,
    /// Where it lies.
    pub dataset: Place,
    /// The kind of store it lies in.
    pub kind: StoreKind,
    /// How Custody gets at it.
    pub reach: Reach,
    /// What the records are for, as the company told persons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// `holding.` and `source.` facts.
    #[serde(default, with = "crate::listed")]
    pub given: Given,
    /// Field groups.
    pub groups: Vec<GroupIn>,
    /// Copies beside the live one, with their `copy.` facts.
    #[serde(default)]
    pub copies: Vec<Copy>,
    /// Records that share the values of the facts that rules read.
    pub branches: Vec<Branch>,
    /// What cleaning up after an erasure in it costs others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purge: Vec<crate::PurgeStep>,
    /// Whether its rows are of a form that Custody does not erase in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_hand: bool,
    /// Whether other data sets point at its rows, so that a row must stay when its fields go.
    #[serde(default)]
    pub referenced: bool,
    /// What the case file wants left in columns that are erased, by ordinal: `suppress`, `constant`, or how much coarser.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leave: Vec<(u32, String)>,
    /// Rows that must be alike at least where something coarser is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k: Option<u64>,
}

/// A field group of a holding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupIn {
    /// The group's name, one of `group.name` in `packs/facts.yaml`.
    pub name: String,
    /// Ordinals of its columns in the data set.
    pub columns: Vec<u32>,
    /// `group.sensitive`, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitive: Option<bool>,
    /// Ordinals of columns that are part of the key and so cannot be emptied alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_columns: Vec<u32>,
    /// Whether it is anonymised where it must go: something coarser is left of its values.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub anonymise: bool,
}

/// A copy of a holding beside the live one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Copy {
    /// The copy's name; `live` is the one in the source.
    pub name: String,
    /// `copy.` facts.
    #[serde(default, with = "crate::listed")]
    pub given: Given,
}

/// Records of a holding with the same values of the facts that rules read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// `person.` and `record.` facts; what is missing is unknown.
    #[serde(default, with = "crate::listed")]
    pub given: Given,
    /// Rows.
    pub records: u64,
    /// By group: rows for which nothing is left to do, because they were destroyed, stand in a later seal, or are gone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settled: BTreeMap<String, u64>,
}

impl Branch {
    /// Rows of a group that are still to be decided on.
    pub fn open(&self, group: &str) -> u64 {
        self.records.saturating_sub(self.settled.get(group).copied().unwrap_or_default())
    }
}

impl Holding {
    /// The value of a fact of the holding itself.
    pub fn fact(&self, name: &str) -> Option<&Value> {
        self.given.get(name)
    }

    /// All rows.
    pub fn records(&self) -> u64 {
        self.branches.iter().map(|b| b.records).sum()
    }
}
