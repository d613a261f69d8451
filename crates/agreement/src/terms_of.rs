//! The terms as a document: no names, only ids, places and words.

use serde::{Deserialize, Serialize};
use terms::{Day, Id, Place};

/// What the party is to the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Receives a copy and decides on it (PIPL 22, 23).
    Recipient,
    /// Acts for the company, returns or deletes at the end (PIPL 21).
    Processor,
    /// Keeps what must stay.
    Keeper,
}

/// Whether the party may pass data on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Onward {
    /// To nobody.
    None,
    /// To those that the paper names.
    Named,
    /// With the consent of the person.
    WithConsent,
}

/// What becomes of the party's copy at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// Stays with the party as its own.
    Keep,
    /// Comes back.
    Return,
    /// Is destroyed.
    Destroy,
}

/// The end of the party's use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// The day, if one is agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Day>,
    /// What then.
    pub then: Then,
}

/// Fields of one holding: what is not named is absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Ordinals of further columns that are not personal by themselves (keys, regions).
    pub also: Vec<u32>,
    /// Ordinals of the columns that the groups had when it was signed: what a group gains later does not pass.
    pub columns: Vec<u32>,
    /// Where it lies.
    pub dataset: Place,
    /// Field groups.
    pub groups: Vec<String>,
    /// Holding.
    pub holding: String,
}

/// An agreement in its terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// Its id.
    pub agreement: Id,
    /// Days within which a difference must be settled.
    pub dispute_days: u64,
    /// The end of the party's use.
    pub end: End,
    /// What may pass.
    pub fields: Vec<Field>,
    /// First day.
    pub from: Day,
    /// Key that signs receipts.
    pub kid: String,
    /// Whether it may be passed on.
    pub onward: Onward,
    /// The party, by the id of its key's holder.
    pub party: Id,
    /// An expression over facts of persons and records; none: everybody whom the law lets pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persons: Option<String>,
    /// Purposes.
    pub purposes: Vec<String>,
    /// To whom packages are encrypted: an age recipient.
    pub recipient: String,
    /// Role of the party.
    pub role: Role,
    /// Last day.
    pub to: Day,
    /// `custody.agreement`
    #[serde(rename = "type")]
    pub kind: String,
    /// 1
    pub v: u64,
}

impl Agreement {
    /// Whether it is in force on a day.
    pub fn in_force_on(&self, day: Day) -> bool {
        self.from <= day && day <= self.to
    }

    /// Its terms for a holding.
    pub fn field(&self, holding: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.holding == holding)
    }
}
