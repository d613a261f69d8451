//! Items: what `apply` carries out, each a set of field groups that go together.

use std::collections::{BTreeMap, BTreeSet};

use facts::Truth;
use law::Acts;
use serde::{Deserialize, Serialize};
use terms::{Both, Day, Holding, Id, Outcome, Place, Reach, StoreKind};

use crate::cell::Cell;
use crate::gates::GateRow;
use crate::inputs::Inputs;

/// How an item is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Whole rows go.
    DeleteRows,
    /// The fields of the groups are emptied; the rows stay.
    EraseFields,
    /// Something coarser is written over the fields of the groups; the rows stay.
    Anonymise,
    /// Somebody does it by instruction and says so.
    ByHand,
    /// Nothing is changed: storage only, with a keeper.
    Store,
    /// Nothing is changed: the handler goes on.
    Leave,
}

impl Method {
    /// The word as it stands in entries.
    pub fn word(self) -> &'static str {
        match self {
            Method::DeleteRows => "delete_rows",
            Method::EraseFields => "erase_fields",
            Method::Anonymise => "anonymise",
            Method::ByHand => "by_hand",
            Method::Store => "store",
            Method::Leave => "leave",
        }
    }

    /// The word for people.
    pub fn label(self) -> Both {
        let (zh, en) = match self {
            Method::DeleteRows => ("删除整行", "rows deleted"),
            Method::EraseFields => ("清空字段", "fields emptied"),
            Method::Anonymise => ("匿名化", "anonymised"),
            Method::ByHand => ("由他人按说明处理", "by others, by instruction"),
            Method::Store => ("仅存储", "storage only"),
            Method::Leave => ("不变动", "unchanged"),
        };
        Both { zh: zh.to_owned(), en: en.to_owned() }
    }
}

/// The bars of I5 as the plan found them; all must be `false` before anything irreversible.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bars {
    /// A running retention duty.
    pub retention: Truth,
    /// A hold or open matter.
    pub hold: Truth,
    /// An open request other than the deletion it fulfils.
    pub request: Truth,
    /// A gate not yet shown.
    pub gate: Truth,
}

/// One thing to carry out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its id in this plan, `i-1`.
    pub item: Id,
    /// The holding's name.
    pub holding: String,
    /// Where it lies.
    pub dataset: Place,
    /// Which copy.
    pub copy: String,
    /// The field groups that go together.
    pub groups: Vec<String>,
    /// Ordinals of their columns.
    pub columns: Vec<u32>,
    /// Ordinals of the branches it covers.
    pub branches: Vec<u32>,
    /// Rows.
    pub records: u64,
    /// The outcome.
    pub outcome: Outcome,
    /// How.
    pub method: Method,
    /// What the case file wants left in its columns, by ordinal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leave: Vec<(u32, String)>,
    /// Rows that must be alike at least, where it is anonymised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k: Option<u64>,
    /// First day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Day>,
    /// Last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Day>,
    /// End of a retention.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
    /// The demand (or permission) that grounds an erasure.
    pub demand: Truth,
    /// The bars.
    pub bars: Bars,
    /// The rules that ground it.
    pub rules: Vec<String>,
}

impl Item {
    /// Whether carrying it out cannot be undone.
    pub fn irreversible(&self) -> bool {
        matches!(self.outcome, Outcome::Destroy | Outcome::Anonymise | Outcome::Return)
    }

    /// Where nobody looks for what it destroys, in a store of that kind (docs/why/residue.md): each is a standing task; `searched` = raw files are searched.
    pub fn out_of_scope(&self, acts: &Acts, store: StoreKind, reach: Reach, searched: bool) -> BTreeSet<String> {
        let all = acts.out_of_scope(store.word(), reach).into_iter();
        let open = all.filter(|word| match *word {
            "raw_files" => !searched,
            "what_the_person_who_did_it_did_not_do" => self.method == Method::ByHand,
            _ => true,
        });
        open.map(str::to_owned).collect()
    }
}

type Fate<'a> = (usize, &'a str, Outcome, Option<Day>, Option<Day>, Option<Day>);

/// The items of all decided cells: groups of one holding whose records share outcome and dates go together.
pub(crate) fn items(inputs: &Inputs<'_>, cells: &[Cell], gates: &[GateRow]) -> Vec<Item> {
    // (holding, copy, outcome, dates) → group → branches
    let mut fates: BTreeMap<Fate<'_>, BTreeMap<usize, Vec<&Cell>>> = BTreeMap::new();
    for c in cells.iter().filter(|c| c.outcome != Outcome::Undecided) {
        // A last day that has passed bars nothing any more: what is overdue is done at once.
        let not_after = c.not_after.filter(|d| *d >= inputs.as_of);
        let fate = (c.holding, c.copy.as_str(), c.outcome, c.not_before, not_after, c.until);
        fates.entry(fate).or_default().entry(c.group).or_default().push(c);
    }
    let mut out = Vec::new();
    for (fate, groups) in fates {
        let Some(holding) = inputs.holdings.holdings.get(fate.0) else { continue };
        let mut together: BTreeMap<Vec<u32>, Vec<(usize, Vec<&Cell>)>> = BTreeMap::new();
        for (group, cells) in groups {
            let branches = cells.iter().map(|c| u32::try_from(c.branch).unwrap_or(u32::MAX)).collect();
            together.entry(branches).or_default().push((group, cells));
        }
        for (branches, groups) in together {
            let id = Id::new(format!("i-{}", out.len() + 1));
            out.extend(id.map(|id| item(id, holding, fate, branches, &groups, gates)));
        }
    }
    out
}

fn item(id: Id, holding: &Holding, fate: Fate<'_>, branches: Vec<u32>, groups: &[(usize, Vec<&Cell>)], gates: &[GateRow]) -> Item {
    let (_, copy, outcome, not_before, not_after, until) = fate;
    let of = |g: usize| holding.groups.get(g);
    let whole = groups.len() == holding.groups.len() && !holding.referenced;
    let mut columns: Vec<u32> = groups.iter().filter_map(|(g, _)| of(*g)).flat_map(|g| g.columns.iter().copied()).collect();
    columns.sort_unstable();
    let mut rules: Vec<String> = groups.iter().flat_map(|(_, cs)| cs.iter().flat_map(|c| c.winners.iter().cloned())).collect();
    rules.sort();
    rules.dedup();
    let settled = Truth::False;
    let method = method(holding, outcome, whole);
    let writes = matches!(method, Method::EraseFields | Method::Anonymise);
    let leave = holding.leave.iter().filter(|(c, _)| writes && columns.binary_search(c).is_ok()).cloned().collect();
    let gate = Truth::any(gates.iter().map(|g| g.bars("destroy")));
    Item {
        item: id,
        holding: holding.name.clone(),
        dataset: holding.dataset.clone(),
        copy: copy.to_owned(),
        groups: groups.iter().filter_map(|(g, _)| of(*g)).map(|g| g.name.clone()).collect(),
        columns,
        records: groups.first().map_or(0, |(_, cs)| cs.iter().map(|c| c.records).sum()),
        branches,
        outcome,
        method,
        leave,
        k: holding.k.filter(|_| method == Method::Anonymise),
        not_before,
        not_after,
        until,
        demand: Truth::from(outcome != Outcome::Continue),
        bars: Bars { retention: settled, hold: settled, request: settled, gate },
        rules,
    }
}

/// Whether Custody erases in stores of that kind itself.
fn erases(kind: StoreKind) -> bool {
    match kind {
        StoreKind::Sqlite | StoreKind::Delimited | StoreKind::Sheets | StoreKind::Files | StoreKind::Postgresql | StoreKind::Mariadb => {
            true
        }
        StoreKind::Paper | StoreKind::Device | StoreKind::Platform => false,
    }
}

fn method(holding: &Holding, outcome: Outcome, whole: bool) -> Method {
    match outcome {
        Outcome::Retain => Method::Store,
        Outcome::Destroy | Outcome::Anonymise | Outcome::Return => match (holding.reach, holding.kind) {
            (Reach::Direct, kind) if erases(kind) && !holding.by_hand && outcome != Outcome::Return => match (outcome, whole) {
                (Outcome::Anonymise, _) => Method::Anonymise,
                (_, true) => Method::DeleteRows,
                (_, false) => Method::EraseFields,
            },
            _ => Method::ByHand,
        },
        _ => Method::Leave,
    }
}
