//! Which rules bite in a cell, and which have effect along `beats` (PACKS §5.2–5.3).

use std::cell::RefCell;
use std::collections::BTreeMap;

use facts::{Lookup, Truth, Verdict};
use law::{Accept, Duty, Rule, RuleKind, Tier};
use terms::{Day, Given, Value};

/// The facts of one cell: those of the case, and those of holding, group, copy and branch.
pub(crate) struct CellFacts<'a> {
    pub case: &'a Given,
    pub own: &'a Given,
}

impl Lookup for CellFacts<'_> {
    fn value(&self, name: &str) -> Option<&Value> {
        self.own.get(name).or_else(|| self.case.get(name))
    }
}

/// What is known of a cell while it is decided: bites and effects, computed once.
pub(crate) struct Scene<'a> {
    pub rules: &'a [&'a Rule],
    pub facts: CellFacts<'a>,
    pub as_of: Day,
    /// The day from which notices before a hand-over count: that on which persons were told, else today.
    pub told_on: Day,
    effects: RefCell<BTreeMap<&'a str, Verdict>>,
}

impl<'a> Scene<'a> {
    pub fn new(rules: &'a [&'a Rule], facts: CellFacts<'a>, as_of: Day) -> Scene<'a> {
        Scene { rules, facts, as_of, told_on: as_of, effects: RefCell::default() }
    }

    /// Rules that decide, of one duty.
    pub fn of(&self, duty: Duty) -> impl Iterator<Item = &'a Rule> + '_ {
        self.rules.iter().copied().filter(move |r| r.kind == RuleKind::Decides && r.duty == duty)
    }

    /// Whether a rule bites: its condition holds, its clock is known, and a retention has not ended.
    pub fn bite(&self, rule: &Rule) -> Verdict {
        let when = match rule.duty {
            Duty::StorageOnly => rule.when.verdict(&Words { scene: self, law: &rule.law }),
            _ => rule.when.verdict(&self.facts),
        };
        let clock = match rule.duty {
            Duty::Retain => match self.retain_end(rule) {
                Some(end) if end <= self.as_of => return Verdict::of(false),
                Some(_) => return when,
                None => rule.period.as_ref().and_then(|(_, c)| c.fact.clone()),
            },
            Duty::Delete => match &rule.due {
                Some((from, _)) if from.day(&self.facts, self.as_of).is_none() => from.fact.clone(),
                _ => return when,
            },
            _ => return when,
        };
        if when.holds() { Verdict::unknown(clock) } else { when }
    }

    /// The day on which a retention ends.
    pub fn retain_end(&self, rule: &Rule) -> Option<Day> {
        let (period, clock) = rule.period.as_ref()?;
        clock.day(&self.facts, self.as_of).map(|d| period.after(d))
    }

    /// Whether a rule has effect: it bites, and no rule that beats it has effect.
    pub fn effect(&self, rule: &'a Rule) -> Verdict {
        if let Some(known) = self.effects.borrow().get(rule.id.as_str()) {
            return known.clone();
        }
        let beaten = self.rules.iter().copied().filter(|q| q.beats.contains(&rule.id)).map(|q| self.effect(q).negate());
        let verdict = Verdict::all(std::iter::once(self.bite(rule)).chain(beaten));
        self.effects.borrow_mut().insert(&rule.id, verdict.clone());
        verdict
    }

    /// Whether a retention counts as one of law and administrative regulation (PACKS §6).
    pub fn accepted(&self, rule: &Rule) -> Verdict {
        let Some(accepts) = self.of(Duty::StorageOnly).find_map(|r| r.accepts.as_ref()) else {
            return Verdict::of(true);
        };
        let word = |w: &str| match w {
            "opinion" => Verdict::unknown([format!("opinion:{}", rule.id)]),
            other => Verdict::of(other == "true"),
        };
        match accepts.get(&rule.tier) {
            Some(Accept::Flat(counts)) => Verdict::of(*counts),
            Some(Accept::Word(w)) => word(w),
            Some(Accept::Delegated { delegated, other }) => match rule.delegated_by {
                Some(Tier::Law | Tier::AdminRegulation) => Verdict::of(*delegated),
                _ => word(other),
            },
            None => Verdict::of(false),
        }
    }

    /// A retention that has effect and counts.
    pub fn retains(&self, rule: &'a Rule) -> Verdict {
        Verdict::all([self.effect(rule), self.accepted(rule)])
    }

    /// Whether any counted retention bars erasing.
    pub fn retained(&self) -> Verdict {
        Verdict::any(self.of(Duty::Retain).map(|r| self.retains(r)).collect::<Vec<_>>())
    }

    /// Whether erasing is demanded, by rules of that legal order only if one is given.
    pub fn demanded(&self, law: Option<&str>) -> Verdict {
        let demands = self.of(Duty::Delete).filter(|r| law.is_none_or(|l| r.law == l));
        Verdict::any(demands.map(|r| self.effect(r)).collect::<Vec<_>>())
    }
}

/// The engine's words, as a storage-only rule reads them: demands of its own legal order, counted retentions.
struct Words<'s, 'a> {
    scene: &'s Scene<'a>,
    law: &'s str,
}

impl Lookup for Words<'_, '_> {
    fn value(&self, name: &str) -> Option<&Value> {
        self.scene.facts.value(name)
    }

    fn engine(&self, word: &str, of: &str) -> Truth {
        match (word, of) {
            ("demanded", "delete") => self.scene.demanded(Some(self.law)).truth,
            ("barred", "retain") => self.scene.retained().truth,
            _ => Truth::Unknown,
        }
    }
}
