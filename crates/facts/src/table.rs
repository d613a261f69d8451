//! The fact table (`packs/facts.yaml`): every fact's type, producer and question.

use std::collections::BTreeMap;

use serde::Deserialize;
use terms::{Both, Value};

/// Type of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// true or false
    YesNo,
    /// one word of a closed list
    OneOf,
    /// some words of a closed list
    SomeOf,
    /// a civil day
    Date,
    /// a number
    Count,
    /// an amount in minor units
    Money,
}

/// Who produces a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Producer {
    /// `case.yaml`
    CaseFile,
    /// the scan
    Inventory,
    /// the matching of persons
    Subjects,
    /// entries of the ledger: an unknown one is a wait, never a question
    Ledger,
    /// signed answers
    Answers,
    /// opinions of counsel
    Counsel,
    /// the engine itself; gates only
    Engine,
}

/// One or several producers, as the table writes them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Producers {
    One(Producer),
    Many(Vec<Producer>),
}

/// A row of the table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Values of a one-of or some-of fact.
    #[serde(default)]
    pub of: Vec<String>,
    /// Unit of a count.
    #[serde(default)]
    pub unit: Option<String>,
    /// Its name in Chinese.
    pub zh: String,
    /// Its name in English.
    #[serde(default)]
    pub en: String,
    by: Producers,
    /// What exactly is meant.
    #[serde(default)]
    pub means: Option<String>,
    /// The question, if people may be asked.
    #[serde(default)]
    pub ask: Option<Both>,
    /// The role that can answer.
    #[serde(default)]
    pub who: Option<String>,
    /// A product default: offered, never taken by itself.
    #[serde(default)]
    pub default: Option<Value>,
    /// The role that may accept the default in a signed entry.
    #[serde(default)]
    pub accept: Option<String>,
    /// Why the default is what it is.
    #[serde(default)]
    pub why: Option<String>,
    /// What the question planner assumes where there is no default; never used as a value.
    #[serde(default)]
    pub assume: Option<Value>,
    /// Whether `case.yaml` must give it.
    #[serde(default)]
    pub required: bool,
}

impl Fact {
    /// Its name in that language.
    pub fn label(&self) -> Both {
        Both { zh: self.zh.clone(), en: self.en.clone() }
    }

    /// Whether that producer may give it.
    pub fn by(&self, producer: Producer) -> bool {
        match &self.by {
            Producers::One(p) => *p == producer,
            Producers::Many(ps) => ps.contains(&producer),
        }
    }

    /// Whether a value has the fact's type.
    pub fn fits(&self, value: &Value) -> bool {
        match (self.kind, value) {
            (Kind::YesNo, Value::YesNo(_)) | (Kind::Date, Value::Date(_)) | (Kind::Count | Kind::Money, Value::Count(_)) => true,
            (Kind::OneOf, Value::One(w)) => self.of.contains(w),
            (Kind::SomeOf, Value::Some(ws)) => ws.iter().all(|w| self.of.contains(w)),
            _ => false,
        }
    }

    /// The value of a text that a person typed, if it has the fact's type.
    pub fn read(&self, text: &str) -> Option<Value> {
        let text = text.trim();
        let value = match self.kind {
            Kind::YesNo => match text.to_lowercase().as_str() {
                "true" | "yes" | "y" | "是" | "有" => Value::YesNo(true),
                "false" | "no" | "n" | "否" | "无" => Value::YesNo(false),
                _ => return None,
            },
            Kind::OneOf => Value::One(text.to_owned()),
            Kind::SomeOf => Value::Some(text.split(',').map(|w| w.trim().to_owned()).collect()),
            Kind::Date => Value::Date(text.parse().ok()?),
            Kind::Count | Kind::Money => Value::Count(text.parse().ok()?),
        };
        self.fits(&value).then_some(value)
    }
}

/// A fault in the table, with its line where known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableError {
    /// 1-based line.
    pub line: u64,
    /// What is wrong.
    pub what: String,
}

impl std::fmt::Display for TableError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for TableError {}

/// All facts by name (`scope.name`).
#[derive(Clone, Debug, Default)]
pub struct Table {
    facts: BTreeMap<String, Fact>,
}

const SCOPES: [&str; 8] = ["case", "source", "holding", "group", "copy", "record", "person", "plan"];

impl Table {
    /// The table of a YAML text.
    ///
    /// # Errors
    /// If the YAML does not fit, a scope is unknown, or a default is not a value of its fact.
    pub fn read(text: &str) -> Result<Table, TableError> {
        let facts: BTreeMap<String, Fact> = serde_saphyr::from_str(text)
            .map_err(|e| TableError { line: e.location().map_or(0, |l| l.line()), what: e.without_snippet().to_string() })?;
        for (name, fact) in &facts {
            let wrong = |what: &str| Err(TableError { line: 0, what: format!("`{name}`: {what}") });
            if !name.split_once('.').is_some_and(|(scope, _)| SCOPES.contains(&scope)) {
                return wrong("no such scope");
            }
            if matches!(fact.kind, Kind::OneOf | Kind::SomeOf) == fact.of.is_empty() {
                return wrong("`of` lists the values of a one_of or some_of fact");
            }
            if !fact.default.iter().chain(&fact.assume).all(|v| fact.fits(v)) {
                return wrong("the default is not one of its values");
            }
        }
        Ok(Table { facts })
    }

    /// The fact of that name.
    pub fn get(&self, name: &str) -> Option<&Fact> {
        self.facts.get(name)
    }

    /// All facts by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Fact)> {
        self.facts.iter().map(|(n, f)| (n.as_str(), f))
    }
}
