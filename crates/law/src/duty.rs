//! The closed lists of a pack: duties, kinds of rule, tiers of sources of law (PACKS §2, §4).

use serde::{Deserialize, Serialize};
use terms::Both;

/// What a rule does (PACKS §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // each is one row of the table in PACKS §4
pub enum Duty {
    Delete,
    Retain,
    StorageOnly,
    Hold,
    Return,
    HandTo,
    Prohibit,
    Consent,
    Exempt,
    Notify,
    Announce,
    Report,
    Assess,
    Appoint,
    Agree,
    Procedure,
    Respond,
    Inform,
}

/// How a rule takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// It changes an outcome or an act.
    Decides,
    /// It must be shown before a step.
    Gates,
    /// It is text.
    Informs,
}

/// Where a rule stands among the sources of law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // the words say it
pub enum Tier {
    Law,
    AdminRegulation,
    JudicialInterpretation,
    DepartmentRule,
    NormativeDocument,
    Standard,
    ProductDefault,
}

impl Tier {
    /// The tier for people.
    pub fn label(self) -> Both {
        let (zh, en) = match self {
            Tier::Law => ("法律", "law"),
            Tier::AdminRegulation => ("行政法规", "administrative regulation"),
            Tier::JudicialInterpretation => ("司法解释", "judicial interpretation"),
            Tier::DepartmentRule => ("部门规章", "department rule"),
            Tier::NormativeDocument => ("规范性文件", "normative document"),
            Tier::Standard => ("标准", "standard"),
            Tier::ProductDefault => ("产品默认", "product default"),
        };
        Both { zh: zh.to_owned(), en: en.to_owned() }
    }
}

impl Duty {
    /// Kinds that a rule of this duty usually has; others need `kind_why`.
    pub fn usual_kind(self) -> RuleKind {
        match self {
            Duty::Delete
            | Duty::Retain
            | Duty::StorageOnly
            | Duty::Hold
            | Duty::Return
            | Duty::HandTo
            | Duty::Prohibit
            | Duty::Consent
            | Duty::Exempt => RuleKind::Decides,
            Duty::Inform => RuleKind::Informs,
            _ => RuleKind::Gates,
        }
    }
}
