//! Gates: what must be shown before a step, over the facts of the case and of the plan itself (PACKS §5.10).

use facts::{Lookup, Truth, Verdict};
use law::{Rule, RuleKind};
use serde::{Deserialize, Serialize};
use terms::{Given, Outcome, Value};

use crate::cell::{Admission, Cell};
use crate::inputs::{Inputs, case_facts};

/// Whether what a gate demands was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// Yes, by an entry or a fact.
    Yes,
    /// A fact says no.
    No,
    /// Nothing says so yet.
    NotYet,
}

/// A gate that stands or may stand before a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateRow {
    /// The rule.
    pub rule: String,
    /// `true`, or `unknown` when facts are missing.
    pub bites: Truth,
    /// Steps that it stands before.
    pub before: Vec<String>,
    /// What shows it.
    pub shown_by: String,
    /// Whether it was shown.
    pub shown: Shown,
    /// Facts that would settle whether it bites.
    pub unknown: Vec<String>,
}

impl GateRow {
    /// Whether it bars the step: false only if it does not bite or was shown.
    pub fn bars(&self, step: &str) -> Truth {
        if self.shown == Shown::Yes || !self.before.iter().any(|b| b == step) { Truth::False } else { self.bites }
    }
}

struct CaseLookup<'a>(&'a Given);

impl Lookup for CaseLookup<'_> {
    fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

/// The gates of the case, given all cells.
pub(crate) fn gates(inputs: &Inputs<'_>, rules: &[&Rule], cells: &[Cell]) -> Vec<GateRow> {
    let mut facts = case_facts(inputs);
    let mut plan_fact = |name: &str, yes: bool, open: bool| {
        if yes || !open {
            facts.insert(name.to_owned(), Value::YesNo(yes));
        }
    };
    let any = |f: &dyn Fn(&Cell) -> bool| cells.iter().any(f);
    plan_fact("plan.retains", any(&|c| c.outcome == Outcome::Retain), any(&|c| c.outcome == Outcome::Undecided));
    plan_fact("plan.hands_over", any(&|c| c.hand_over == Some(Admission::Admitted)), any(&|c| c.hand_over == Some(Admission::Undecided)));
    let facts = CaseLookup(&facts);
    let gating = rules.iter().filter(|r| r.kind == RuleKind::Gates);
    gating
        .filter_map(|rule| {
            let verdict: Verdict = rule.when.verdict(&facts);
            let gate = rule.gate.as_ref()?;
            (verdict.truth != Truth::False).then(|| GateRow {
                rule: rule.id.clone(),
                bites: verdict.truth,
                before: gate.before.words().to_vec(),
                shown_by: gate.shown_by.clone(),
                shown: shown(&gate.shown_by, &facts, inputs),
                unknown: verdict.why.into_iter().collect(),
            })
        })
        .collect()
}

fn shown(by: &str, facts: &CaseLookup<'_>, inputs: &Inputs<'_>) -> Shown {
    if let Some(act) = by.strip_prefix("act.recorded(").and_then(|r| r.strip_suffix(')')) {
        return if inputs.acts.contains(act) { Shown::Yes } else { Shown::NotYet };
    }
    match facts.value(by) {
        Some(Value::YesNo(true)) => Shown::Yes,
        Some(_) => Shown::No,
        None => Shown::NotYet,
    }
}
