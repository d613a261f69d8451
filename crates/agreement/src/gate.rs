//! The gate: what of a holding may be handed over under an agreement (I4). Unknown is out, and says what is missing.

use facts::{Expr, Lookup, Truth};
use terms::Day;

use crate::terms_of::{Agreement, Role};

/// What is asked to pass.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The day.
    pub day: Day,
    /// The field group.
    pub group: &'a str,
    /// The holding.
    pub holding: &'a str,
    /// What the records are for, as the company told persons.
    pub purpose: Option<&'a str>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// It may pass.
    In,
    /// It may not, because of that term.
    Out(&'static str),
    /// These facts are missing.
    Unknown(Vec<String>),
}

/// Whether a group of a holding passes for records with these facts; `persons` is the agreement's own expression, compiled.
pub fn may_hand_over(agreement: &Agreement, persons: Option<&Expr>, asked: Asked<'_>, facts: &impl Lookup) -> Gate {
    if agreement.role != Role::Recipient {
        return Gate::Out("role");
    }
    if !agreement.in_force_on(asked.day) {
        return Gate::Out("time");
    }
    let Some(field) = agreement.field(asked.holding) else { return Gate::Out("holding") };
    if !field.groups.iter().any(|g| g == asked.group) {
        return Gate::Out("field");
    }
    match asked.purpose {
        None => return Gate::Unknown(vec!["purpose".to_owned()]),
        Some(told) if !agreement.purposes.iter().any(|p| p == told) => return Gate::Out("purpose"),
        Some(_) => {}
    }
    match (agreement.persons.is_some(), persons) {
        (false, _) => Gate::In,
        // An expression that was not compiled says nothing of anybody.
        (true, None) => Gate::Unknown(vec!["persons".to_owned()]),
        (true, Some(expr)) => {
            let verdict = expr.verdict(facts);
            match verdict.truth {
                Truth::True => Gate::In,
                Truth::False => Gate::Out("persons"),
                Truth::Unknown => Gate::Unknown(verdict.why.into_iter().collect()),
            }
        }
    }
}

#[cfg(test)]
#[path = "tests/gate.rs"]
mod tests;
