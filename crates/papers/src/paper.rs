//! Papers: templates of `packs/papers/`, filled with figures of the case; what is missing is a marked slot, never a blank.

use std::collections::BTreeMap;

use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};
use serde::Deserialize;
use serde_json::Value as Json;
use terms::{Both, Fault};

const LIST: &str = include_str!("../../../packs/papers/papers.yaml");

macro_rules! templates {
    ($($name:literal),*) => {
        const TEMPLATES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../../packs/papers/", $name)))),*];
    };
}

templates!(
    "base.html",
    "announcement.html",
    "approval_sheet.html",
    "dba_request.html",
    "destruction_certificate.html",
    "disposal_plan.html",
    "handover_list.html",
    "keeper_agreement.html",
    "platform_request.html",
    "share_sheet.html",
    "successor_notice.html",
    "summary_page.html"
);

/// A paper.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paper {
    /// Its name on the command line.
    pub id: String,
    /// Its template.
    pub file: String,
    /// Its title.
    pub title: Both,
    /// Who gets it, and why.
    #[serde(rename = "for")]
    pub for_whom: Both,
    /// Articles that it serves.
    pub law: Vec<String>,
    /// Parts of the context without which it makes no sense.
    pub needs: Vec<String>,
}

/// All papers that can be asked for.
///
/// # Errors
/// If the list is damaged.
pub fn papers() -> Result<Vec<Paper>, Fault> {
    serde_saphyr::from_str(LIST).map_err(|_| Fault::new("paper_fault"))
}

/// A paper as HTML that prints on A4.
///
/// # Errors
/// If there is no such template, or it cannot be filled.
pub fn paper(file: &str, context: &Json) -> Result<String, Fault> {
    let fault = |e: Error| Fault::new("paper_fault").with("file", file).with("line", e.line().unwrap_or_default());
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Lenient);
    for (name, text) in TEMPLATES {
        env.add_template(name, text).map_err(fault)?;
    }
    env.add_filter("or_open", or_open);
    env.add_filter("digest", |v: Value| grouped(&v.to_string(), usize::MAX));
    env.add_filter("short", |v: Value| grouped(&v.to_string(), 16));
    env.add_filter("number", number);
    env.add_filter("day", day);
    let known: BTreeMap<String, Value> = match context {
        Json::Object(map) => map.iter().map(|(k, v)| (k.clone(), Value::from_serialize(v))).collect(),
        _ => BTreeMap::new(),
    };
    env.get_template(file).map_err(fault)?.render(known).map_err(fault)
}

/// The value, or a slot that names what is missing.
fn or_open(value: Value, what: String) -> Value {
    let missing = value.is_undefined() || value.is_none() || value.as_str() == Some("");
    if missing { Value::from(format!("［待填：{what}］")) } else { value }
}

/// Hex digits in groups of four.
fn grouped(text: &str, most: usize) -> String {
    let digits: Vec<char> = text.chars().take(most).collect();
    digits.chunks(4).map(|c| c.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// 1234567 as 1,234,567.
fn number(value: Value) -> Result<String, Error> {
    let n = u64::try_from(value).map_err(|_| Error::new(ErrorKind::InvalidOperation, "not a count"))?;
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    Ok(out)
}

/// 2026-11-26 as 2026年11月26日; what is no day stays as it is.
fn day(value: Value) -> String {
    let text = value.to_string();
    let parts: Vec<u32> = text.split('-').filter_map(|p| p.parse().ok()).collect();
    match parts.as_slice() {
        [y, m, d] => format!("{y}年{m}月{d}日"),
        _ => text,
    }
}
