//! The measured consequence of a plan: everything that an approver sees before signing, so that the signature covers it.

use std::collections::{BTreeMap, BTreeSet};

use law::{LawBook, Packs};
use serde::{Deserialize, Serialize};
use terms::{Both, Day, Holding, Holdings, Id, Outcome, Place, PurgeStep, Value};

use crate::diff::{Change, diff};
use crate::handing::HandOver;
use crate::item::{Item, Method};
use crate::table::Plan;

/// What a plan will do, measured; a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consequence {
    /// Words for what no search can show, as receipts will say them.
    pub cannot_prove: Vec<String>,
    /// Copies that are handed over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hand_overs: Vec<Handing>,
    /// Every item, those that cannot be undone first.
    pub items: Vec<Effect>,
    /// The rules that win, with their articles.
    pub law: Vec<Cited>,
    /// What moved since the plan before; none for a first plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Vec<Change>>,
    /// What cleaning up after these erasures costs others, by data set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outages: Vec<Outage>,
    /// Persons in the sealed data sets.
    pub persons: u64,
    /// Record-cells by outcome.
    pub totals: BTreeMap<Outcome, u64>,
    /// `custody.consequence`
    #[serde(rename = "type")]
    pub kind: String,
    /// 2
    pub v: u64,
}

/// One item of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// Field groups.
    pub groups: Vec<String>,
    /// Holding.
    pub holding: String,
    /// Whether it cannot be undone.
    pub irreversible: bool,
    /// Item.
    pub item: Id,
    /// Rows that must be alike at least, where it is anonymised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k: Option<u64>,
    /// What is left in its columns where the case file says so, by ordinal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leave: Vec<(u32, String)>,
    /// How.
    pub method: Method,
    /// Last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Day>,
    /// First day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Day>,
    /// What becomes of it.
    pub outcome: Outcome,
    /// Where it lies.
    pub place: Place,
    /// Rows.
    pub rows: u64,
    /// Rules that ground it.
    pub rules: Vec<String>,
    /// End of a retention.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
}

/// What cleaning up in one data set costs others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outage {
    /// Holding.
    pub holding: String,
    /// Where it lies.
    pub place: Place,
    /// The steps during which somebody waits.
    pub steps: Vec<PurgeStep>,
}

/// One copy that is handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handing {
    /// Under which agreement.
    pub agreement: Id,
    /// Field groups.
    pub groups: Vec<String>,
    /// Holding.
    pub holding: String,
    /// Item.
    pub item: Id,
    /// Last day.
    pub not_after: Day,
    /// First day.
    pub not_before: Day,
    /// To whom.
    pub party: Id,
    /// Where it lies.
    pub place: Place,
    /// Rows.
    pub rows: u64,
    /// Rules that permit it.
    pub rules: Vec<String>,
}

/// A rule with its place in the law.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cited {
    /// Instrument and article, as they are cited.
    pub article: Both,
    /// The rule.
    pub rule: String,
    /// What it says.
    pub says: Both,
}

impl Cited {
    /// The rule of that id, if the book has it.
    pub fn of(book: &LawBook, id: &str) -> Option<Cited> {
        let rule = book.get(id)?;
        let article = |title: &str| format!("{title} {}", rule.article);
        Some(Cited {
            article: Both { zh: article(&rule.law_title.zh), en: article(&rule.law_title.en) },
            rule: id.to_owned(),
            says: rule.says.clone(),
        })
    }
}

impl Consequence {
    /// The consequence of a plan that follows another, or none.
    pub fn of(plan: &Plan, holdings: &Holdings, packs: &Packs, before: Option<&Plan>) -> Consequence {
        let persons = match holdings.given.get("case.persons") {
            Some(Value::Count(n)) => *n,
            _ => 0,
        };
        let mut items: Vec<Effect> = plan.items.iter().map(effect).collect();
        items.sort_by_key(|e| !e.irreversible);
        let hand_overs: Vec<Handing> = plan.hand_overs.iter().map(handing).collect();
        let rules: BTreeSet<&String> = items.iter().flat_map(|e| &e.rules).chain(hand_overs.iter().flat_map(|h| &h.rules)).collect();
        Consequence {
            cannot_prove: unseen(plan, holdings, packs),
            law: rules.into_iter().filter_map(|id| Cited::of(&packs.book, id)).collect(),
            hand_overs,
            items,
            outages: outages(plan, holdings),
            moved: before.map(|old| diff(old, plan)),
            persons,
            totals: plan.totals.clone(),
            kind: "custody.consequence".to_owned(),
            v: 2,
        }
    }

    /// What cannot be undone.
    pub fn irreversible(&self) -> impl Iterator<Item = &Effect> {
        self.items.iter().filter(|e| e.irreversible)
    }

    /// Record-cells of an outcome.
    pub fn total(&self, outcome: Outcome) -> u64 {
        self.totals.get(&outcome).copied().unwrap_or_default()
    }
}

/// Where nobody looks for what is destroyed.
fn unseen(plan: &Plan, holdings: &Holdings, packs: &Packs) -> Vec<String> {
    let of = |i: &Item| {
        let holding = holdings.holdings.iter().find(|h| h.name == i.holding && h.dataset == i.dataset)?;
        Some(i.out_of_scope(&packs.acts, holding.kind, holding.reach, i.method != Method::ByHand))
    };
    let all: BTreeSet<String> = plan.items.iter().filter(|i| i.irreversible()).filter_map(of).flatten().collect();
    all.into_iter().collect()
}

/// Data sets in which Custody erases, with the steps of the purge; what is done once for a whole source is said of its first data set.
fn outages(plan: &Plan, holdings: &Holdings) -> Vec<Outage> {
    let erased = |place: &Place| plan.items.iter().any(|i| i.irreversible() && i.method != Method::ByHand && i.dataset == *place);
    let mut said: BTreeSet<(String, String)> = BTreeSet::new();
    let mut steps = |h: &Holding| -> Vec<PurgeStep> {
        let first = |s: &&PurgeStep| !s.whole_source() || said.insert((h.dataset.source().to_owned(), s.step.clone()));
        h.purge.iter().filter(first).cloned().collect()
    };
    let own = holdings.holdings.iter().filter(|h| erased(&h.dataset));
    let outage = |h: &Holding| Outage { holding: h.name.clone(), place: h.dataset.clone(), steps: steps(h) };
    own.map(outage).filter(|o| !o.steps.is_empty()).collect()
}

fn handing(h: &HandOver) -> Handing {
    Handing {
        agreement: h.agreement.clone(),
        groups: h.groups.clone(),
        holding: h.holding.clone(),
        item: h.item.clone(),
        not_after: h.not_after,
        not_before: h.not_before,
        party: h.party.clone(),
        place: h.dataset.clone(),
        rows: h.records,
        rules: h.rules.clone(),
    }
}

fn effect(i: &Item) -> Effect {
    Effect {
        groups: i.groups.clone(),
        holding: i.holding.clone(),
        irreversible: i.irreversible(),
        item: i.item.clone(),
        k: i.k,
        leave: i.leave.clone(),
        method: i.method,
        not_after: i.not_after,
        not_before: i.not_before,
        outcome: i.outcome,
        place: i.dataset.clone(),
        rows: i.records,
        rules: i.rules.clone(),
        until: i.until,
    }
}
