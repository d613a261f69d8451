//! Open questions: the fewest answers that decide most, recomputed after every real answer (PACKS §7).

use std::collections::{BTreeMap, BTreeSet};

use facts::{Fact, Kind, Truth};
use law::Duty;
use serde::{Deserialize, Serialize};
use terms::{Answer, Both, Branch, Given, Holdings, Value};

use crate::cell::Cell;
use crate::gates::gates;
use crate::inputs::{Inputs, case_facts};
use crate::table::{branch_cells, compute};

/// A question to a role, about the case, a holding, or some records of a holding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The fact.
    pub fact: String,
    /// The holding it speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holding: Option<String>,
    /// The branch it speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<u32>,
    /// The question in words.
    pub ask: Both,
    /// The role that can answer.
    pub who: String,
    /// A default that is offered, never taken by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Values it may take; empty for days, numbers, yes and no.
    pub of: Vec<String>,
    /// Its type in words: `yes_no`, `one_of`, `date`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// Record-cells that wait for it.
    pub records: u64,
}

/// One fact at one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Unit {
    fact: String,
    holding: Option<String>,
    branch: Option<u32>,
}

/// The questions in the order in which they are best asked.
pub fn questions(inputs: &Inputs<'_>) -> Vec<Question> {
    let (holdings, originals) = condense(inputs);
    let answers: Vec<Answer> = inputs.answers.iter().filter_map(|a| translated(a, &holdings, &originals)).collect();
    let board = Board::new(&Inputs { holdings: &holdings, answers: &answers, ..*inputs });
    let waiting = board.live();
    let mut chosen = board.greedy();
    board.prune(&mut chosen);
    let asked = chosen.iter().filter_map(|(unit, _)| {
        let mut q = question(inputs, unit, waiting.get(unit).copied().unwrap_or_default())?;
        // The branch asked about is the first of those that were taken together.
        if let (Some(branch), Some(name)) = (unit.branch, &unit.holding) {
            let h = holdings.holdings.iter().position(|h| h.name == *name)?;
            q.branch = originals.get(h)?.get(branch as usize).copied();
        }
        Some(q)
    });
    asked.collect()
}

/// An answer about one branch, about the condensed branch that stands for it.
fn translated(a: &Answer, holdings: &Holdings, originals: &[Vec<u32>]) -> Option<Answer> {
    let (Some(branch), Some(name)) = (a.branch, &a.holding) else { return Some(a.clone()) };
    let h = holdings.holdings.iter().position(|h| h.name == *name)?;
    let i = originals.get(h)?.iter().position(|o| *o == branch)?;
    Some(Answer { branch: u32::try_from(i).ok(), ..a.clone() })
}

/// Holdings whose branches are taken together where no question can tell them apart: the same facts, dates aside,
/// and the same retentions ended. Gives the ordinal of the first original of each branch.
fn condense(inputs: &Inputs<'_>) -> (Holdings, Vec<Vec<u32>>) {
    let rules = inputs.book.in_force(inputs.as_of);
    let ended = |given: &Given| -> Vec<(String, String, bool)> {
        let mut out = Vec::new();
        for rule in rules.iter().filter(|r| r.duty == Duty::Retain) {
            let Some((period, clock)) = &rule.period else { continue };
            let (Some(fact), Some(day)) = (&clock.fact, clock.day(given, inputs.as_of)) else { continue };
            out.push((fact.clone(), rule.id.clone(), period.after(day) <= inputs.as_of));
        }
        out
    };
    let single: BTreeSet<(&str, u32)> = inputs.answers.iter().filter_map(|a| Some((a.holding.as_deref()?, a.branch?))).collect();
    let mut originals = Vec::new();
    let mut out = inputs.holdings.clone();
    for holding in &mut out.holdings {
        let mut together: BTreeMap<_, (u32, Branch)> = BTreeMap::new();
        for (i, branch) in (0u32..).zip(std::mem::take(&mut holding.branches)) {
            let plain: Given =
                branch.given.iter().filter(|(_, v)| !matches!(v, Value::Date(_))).map(|(k, v)| (k.clone(), v.clone())).collect();
            let dates: BTreeSet<String> = branch.given.keys().filter(|k| !plain.contains_key(*k)).cloned().collect();
            // A branch that an answer speaks of stays by itself.
            let own = single.contains(&(holding.name.as_str(), i)).then_some(i);
            let key = (own, plain, dates, ended(&branch.given));
            together.entry(key).and_modify(|(_, b)| b.records += branch.records).or_insert((i, branch));
        }
        let mut list: Vec<(u32, Branch)> = together.into_values().collect();
        list.sort_by_key(|(i, _)| *i);
        originals.push(list.iter().map(|(i, _)| *i).collect());
        holding.branches = list.into_iter().map(|(_, b)| b).collect();
    }
    (out, originals)
}

fn question(inputs: &Inputs<'_>, unit: &Unit, records: u64) -> Option<Question> {
    let fact = inputs.table.get(&unit.fact)?;
    Some(Question {
        fact: unit.fact.clone(),
        holding: unit.holding.clone(),
        branch: unit.branch,
        ask: fact.ask.clone()?,
        who: fact.who.clone().unwrap_or_default(),
        default: fact.default.clone(),
        of: fact.of.clone(),
        kind: match fact.kind {
            Kind::YesNo => "yes_no",
            Kind::OneOf => "one_of",
            Kind::SomeOf => "some_of",
            Kind::Date => "date",
            Kind::Count => "count",
            Kind::Money => "money",
        }
        .to_owned(),
        records,
    })
}

/// What stands in for an answer while questions are ordered; never used as one.
fn likely(fact: &Fact) -> Option<Value> {
    fact.default.clone().or_else(|| fact.assume.clone()).or(match fact.kind {
        Kind::YesNo => Some(Value::YesNo(false)),
        Kind::OneOf => fact.of.first().cloned().map(Value::One),
        Kind::SomeOf => Some(Value::Some(Vec::new())),
        Kind::Date | Kind::Count | Kind::Money => None,
    })
}

/// All cells under some assumed answers.
struct Board<'a> {
    inputs: Inputs<'a>,
    answers: Vec<Answer>,
    cells: Vec<Cell>,
}

impl<'a> Board<'a> {
    fn new(inputs: &Inputs<'a>) -> Board<'a> {
        let (_, cells) = compute(inputs);
        Board { inputs: *inputs, answers: inputs.answers.to_vec(), cells }
    }

    fn with(&self, unit: &Unit, value: &Value) -> Board<'a> {
        let mut answers = self.answers.clone();
        answers.push(assumed(unit, value));
        let case_wide = unit.holding.is_none();
        let inputs = Inputs { answers: &answers, ..self.inputs };
        let rules = inputs.book.in_force(inputs.as_of);
        let case = case_facts(&inputs);
        let mut cells = self.cells.clone();
        let touched: BTreeSet<(usize, usize)> = cells
            .iter()
            .filter(|c| !c.decided() || case_wide)
            .filter(|c| {
                let holding = inputs.holdings.holdings.get(c.holding).map(|h| h.name.as_str());
                case_wide || unit.holding.as_deref() == holding
            })
            .filter(|c| unit.branch.is_none_or(|b| b as usize == c.branch))
            .map(|c| (c.holding, c.branch))
            .collect();
        for (h, b) in touched {
            let Some(holding) = inputs.holdings.holdings.get(h) else { continue };
            for new in branch_cells(&inputs, &rules, &case, h, holding, b) {
                let same = |c: &&mut Cell| (c.holding, c.group, &c.copy, c.branch) == (new.holding, new.group, &new.copy, new.branch);
                if let Some(old) = cells.iter_mut().find(same) {
                    *old = new;
                }
            }
        }
        Board { inputs: self.inputs, answers, cells }
    }

    fn decided(&self) -> u64 {
        self.cells.iter().filter(|c| c.decided()).map(|c| c.records).sum()
    }

    /// Decided record-cells and gates still open: what pruning may not worsen.
    fn score(&self) -> (u64, usize) {
        (self.decided(), self.gates().iter().filter(|g| g.bites == Truth::Unknown).count())
    }

    fn gates(&self) -> Vec<crate::gates::GateRow> {
        let inputs = Inputs { answers: &self.answers, ..self.inputs };
        gates(&inputs, &inputs.book.in_force(inputs.as_of), &self.cells)
    }

    /// Facts that may be asked, with the record-cells that wait for each.
    fn live(&self) -> BTreeMap<Unit, u64> {
        let mut out = BTreeMap::new();
        let asked = |name: &str| self.inputs.table.get(name).is_some_and(|f| f.ask.is_some());
        let open = || self.cells.iter().filter(|c| !c.decided());
        let branches: BTreeSet<(usize, usize)> = open().map(|c| (c.holding, c.branch)).collect();
        let lives: BTreeSet<(&str, usize, usize)> =
            open().flat_map(|c| c.unknown.iter().map(move |f| (f.as_str(), c.holding, c.branch))).collect();
        // A fact that all open branches of a holding wait for is asked once for the holding.
        let everywhere = |fact: &str, h: usize| {
            let of = |b: &&(usize, usize)| b.0 == h;
            branches.iter().filter(of).count() > 1 && branches.iter().filter(of).all(|(_, b)| lives.contains(&(fact, h, *b)))
        };
        for c in open() {
            let holding = self.inputs.holdings.holdings.get(c.holding).map(|h| h.name.clone());
            for fact in c.unknown.iter().filter(|f| asked(f)) {
                let whole = || everywhere(fact, c.holding);
                let unit = match fact.split('.').next() {
                    Some("case" | "source") => Unit { fact: fact.clone(), holding: None, branch: None },
                    Some("holding") => Unit { fact: fact.clone(), holding: holding.clone(), branch: None },
                    _ if whole() => Unit { fact: fact.clone(), holding: holding.clone(), branch: None },
                    _ => Unit { fact: fact.clone(), holding: holding.clone(), branch: u32::try_from(c.branch).ok() },
                };
                *out.entry(unit).or_default() += c.records;
            }
        }
        for gate in self.gates().iter().filter(|g| g.bites == Truth::Unknown) {
            for fact in gate.unknown.iter().filter(|f| asked(f)) {
                out.entry(Unit { fact: fact.clone(), holding: None, branch: None }).or_default();
            }
        }
        out
    }

    fn greedy(&self) -> Vec<(Unit, Value)> {
        let mut chosen = Vec::new();
        let mut board = Board { inputs: self.inputs, answers: self.answers.clone(), cells: self.cells.clone() };
        loop {
            let live = board.live();
            let now = board.decided();
            let mut best: Option<(u64, u64, Unit, Value, Board<'a>)> = None;
            for (unit, records) in live {
                if chosen.iter().any(|(u, _)| *u == unit) {
                    continue;
                }
                let Some(fact) = board.inputs.table.get(&unit.fact) else { continue };
                let value = likely(fact).unwrap_or(Value::Date(board.inputs.as_of));
                let next = board.with(&unit, &value);
                let gain = next.decided().saturating_sub(now);
                if best.as_ref().is_none_or(|b| (gain, records) > (b.0, b.1)) {
                    best = Some((gain, records, unit, value, next));
                }
            }
            match best {
                None => return chosen,
                Some((_, _, unit, value, next)) => {
                    chosen.push((unit, value));
                    board = next;
                }
            }
        }
    }

    /// Drops every answer whose removal leaves all decided.
    fn prune(&self, chosen: &mut Vec<(Unit, Value)>) {
        let score = |chosen: &[(Unit, Value)]| {
            let mut answers = self.answers.clone();
            answers.extend(chosen.iter().map(|(u, v)| assumed(u, v)));
            let (_, cells) = compute(&Inputs { answers: &answers, ..self.inputs });
            Board { inputs: self.inputs, answers, cells }.score()
        };
        let whole = score(chosen);
        // While something stays open whatever is answered, no question is called needless: the real answer may settle it.
        let all: u64 = self.cells.iter().map(|c| c.records).sum();
        let waiting: u64 = self.cells.iter().filter(|c| !c.waits.is_empty()).map(|c| c.records).sum();
        if whole.0 + waiting < all {
            return;
        }
        for i in (0..chosen.len()).rev() {
            let mut fewer = chosen.clone();
            fewer.remove(i);
            if score(&fewer) == whole {
                *chosen = fewer;
            }
        }
    }
}

fn assumed(unit: &Unit, value: &Value) -> Answer {
    Answer { fact: unit.fact.clone(), holding: unit.holding.clone(), branch: unit.branch, value: value.clone(), by: String::new() }
}
