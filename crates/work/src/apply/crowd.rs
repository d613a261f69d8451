//! How many rows are alike in everything that is left of them, where groups are anonymised: measured over all anonymised rows of a data
//! set before anything is ordered, and again once it was seen done (k-anonymity, Sweeney 2002).

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use case::CrowdSeen;
use case::file::ALIKE_MIN;
use rows::Batch;
use sources::Dataset;
use terms::json::{Json, json};
use terms::{Fault, Lead, Outcome, Place};

use super::erase::Picker;
use super::job::Job;
use super::open_at;
use crate::align::{Met, Part, RowState, align};
use crate::context::{column_shown, inventory};
use crate::opened::Opened;
use crate::settled::vector_codes;
use crate::supposed::is_any_key;
use crate::workspace::Workspace;

/// The anonymised rows of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crowd {
    /// Rows of the smallest class: k.
    pub least: u64,
    /// Classes of rows that are alike.
    pub classes: u64,
    /// Rows.
    pub rows: u64,
    /// Columns in which they are compared.
    pub columns: u64,
    /// The `k` of the case file.
    pub wanted: u64,
}

impl Crowd {
    /// As it stands in entries.
    pub fn seen(&self) -> CrowdSeen {
        CrowdSeen { classes: self.classes, columns: self.columns, k: self.least, rows: self.rows }
    }

    /// As it stands in receipts.
    pub fn json(&self) -> Json {
        json!({"classes": self.classes, "columns": self.columns, "k": self.least, "k_wanted": self.wanted, "rows": self.rows})
    }

    /// Whether every row is one of enough that are alike.
    pub fn suffices(&self) -> bool {
        self.least >= self.wanted
    }
}

/// When a crowd is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// Rows are as they will be.
    Before,
    /// Rows are as they are.
    After,
}

/// Measures the anonymised rows of a data set; none if nothing in it is anonymised.
///
/// # Errors
/// If it cannot be read, or before anything is ordered if the smallest class is below the `k` of the case file.
pub(super) fn crowd(
    workspace: &mut Workspace,
    opened: &mut Opened,
    place: &Place,
    (own, parts): (&[&Job], &[Part]),
    when: When,
) -> Result<Option<Crowd>, Fault> {
    let anonymised: Vec<&&Job> = own.iter().filter(|j| j.anonymises()).collect();
    if anonymised.is_empty() {
        return Ok(None);
    }
    let earlier = earlier(workspace, parts, &anonymised)?;
    // The strictest of what was approved.
    let wanted = anonymised.iter().filter_map(|j| j.item.k).max().unwrap_or(ALIKE_MIN);
    let listed: Vec<Dataset> = opened.listed.iter().map(|l| l.dataset.clone()).collect();
    let Some(mut open) = open_at(opened, place)? else { return Ok(None) };
    let dataset = open.dataset.clone();
    let erased: BTreeSet<usize> = anonymised.iter().flat_map(|j| j.columns.iter().map(|c| *c as usize)).collect();
    let picker = Picker::new(workspace, &mut open, parts, &dataset, own, &|_, job| Ok(job.targets.clone()))?;
    // A key that nothing else holds names nobody; one that others hold leads to them.
    let seen = inventory(workspace)?.datasets;
    let leads: Vec<Lead> = seen.iter().filter(|d| d.dataset == *place).flat_map(|d| d.led_by.clone()).collect();
    let supposed = seen.iter().any(|d| d.supposed.iter().any(|s| s.to == *place));
    let referred = supposed || !leads.is_empty() || listed.iter().any(|d| d.points_to.iter().any(|(_, to, _)| to == place));
    let surrogate = if referred { BTreeSet::new() } else { surrogates(opened_names(&listed, &dataset), &dataset) };
    let named = |i: usize| !surrogate.contains(&i);
    let compared: Vec<usize> = (0..dataset.columns.len()).filter(|i| named(*i)).collect();
    let mut classes: HashMap<u128, u64> = HashMap::new();
    let hashers = [RandomState::new(), RandomState::new()];
    let mut apart = Apart::new(compared.len());
    align(open.source.as_mut(), &dataset, parts, &mut |batch, row, met| {
        let Some(met) = met else { return };
        let is_in = earlier.contains(&(met.part, met.ordinal)) || takes_part(&anonymised, parts, met, when);
        if is_in {
            *classes.entry(class(&picker, (batch, row, met), (&compared, &erased), when, &hashers, &mut apart)).or_default() += 1;
        }
    })?;
    let out = Crowd {
        least: classes.values().copied().min().unwrap_or_default(),
        classes: classes.len() as u64,
        rows: classes.values().sum(),
        columns: compared.len() as u64,
        wanted,
    };
    if when == When::Before && out.rows > 0 && !out.suffices() {
        let apart = apart.most().into_iter().filter_map(|i| u32::try_from(*compared.get(i)?).ok());
        let own = apart.map(|c| column_shown(workspace, place, c)).collect::<Vec<_>>().into_iter();
        let lead = |l: &Lead| seen.iter().find(|d| d.dataset == l.dataset).map(|d| format!("← {}.{}", d.shown(), d.column_shown(l.column)));
        let columns: Vec<String> = own.chain(leads.iter().filter_map(lead)).collect();
        let fault = Fault::new("below_k").with("place", place).with("k", out.least).with("wanted", wanted);
        return Err(fault.with("classes", out.classes).with("columns", columns.join(", ")));
    }
    Ok(Some(out))
}

/// Values of a column that are counted apart at most.
const APART_MAX: usize = 1 << 14;
/// Columns that are named at most.
const NAMED_MAX: usize = 3;

/// How many different values each compared column keeps: those with most tell rows apart.
struct Apart(Vec<HashSet<u64>>);

impl Apart {
    fn new(columns: usize) -> Apart {
        Apart(vec![HashSet::new(); columns])
    }

    fn hear(&mut self, column: usize, value: u64) {
        if let Some(own) = self.0.get_mut(column).filter(|own| own.len() < APART_MAX) {
            own.insert(value);
        }
    }

    /// Columns with more than one value, those with most of them first.
    fn most(&self) -> Vec<usize> {
        let mut out: Vec<(usize, usize)> = self.0.iter().map(HashSet::len).enumerate().filter(|(_, n)| *n > 1).collect();
        out.sort_by_key(|(i, n)| (std::cmp::Reverse(*n), *i));
        out.into_iter().take(NAMED_MAX).map(|(i, _)| i).collect()
    }
}

/// Rows that were anonymised before, by part and ordinal.
fn earlier(workspace: &Workspace, parts: &[Part], jobs: &[&&Job]) -> Result<BTreeSet<(usize, usize)>, Fault> {
    let groups: BTreeSet<&String> = jobs.iter().flat_map(|j| &j.item.groups).collect();
    let mut out = BTreeSet::new();
    for (p, part) in parts.iter().enumerate() {
        for group in groups.iter().filter(|g| part.seal.groups.contains(g)) {
            let codes = vector_codes(workspace, &part.seal, group)?;
            let is_done = |position: u32| codes.get(position as usize) == Some(&Outcome::Anonymise.code());
            out.extend(part.index.rows.iter().enumerate().filter(|(_, r)| is_done(r.position)).map(|(o, _)| (p, o)));
        }
    }
    Ok(out)
}

/// Whether a row is one of those that are anonymised now, or was seen to be.
fn takes_part(jobs: &[&&Job], parts: &[Part], met: Met, when: When) -> bool {
    let seal = parts.get(met.part).map(|p| p.seal.n);
    let own = jobs.iter().filter(|j| Some(j.seal.n) == seal);
    let mut own = own.filter(|j| u32::try_from(met.ordinal).is_ok_and(|o| j.targets.binary_search(&o).is_ok() && !j.barred.contains(&o)));
    match (when, met.state) {
        (When::Before, RowState::Unchanged | RowState::Emptied(_)) => own.next().is_some(),
        (When::After, RowState::Emptied(mask)) => own.any(|j| mask & j.mask == j.mask),
        _ => false,
    }
}

/// Names of the columns of all other data sets that are no keys there.
fn opened_names(listed: &[Dataset], own: &Dataset) -> BTreeSet<String> {
    let others = listed.iter().filter(|d| d.place != own.place).flat_map(|d| &d.columns).filter(|c| !c.key);
    others.map(|c| c.name.to_lowercase()).collect()
}

/// Ordinals of key columns that name nobody: whole numbers to which nothing refers, declared or by name.
fn surrogates(others: BTreeSet<String>, dataset: &Dataset) -> BTreeSet<usize> {
    let table = dataset.name.to_lowercase();
    let held = |name: &str| {
        let stem = table.trim_end_matches('s');
        // Every table may call its own key `id`: only a name that says whose it is leads here.
        let own = Some(name.to_owned()).filter(|n| !is_any_key(n));
        let with = [format!("{table}_{name}"), format!("{stem}_{name}"), format!("{table}{name}"), format!("{stem}{name}")];
        own.iter().chain(&with).any(|n| others.contains(n))
    };
    let whole = |c: &sources::Column| c.declared.to_lowercase().contains("int") || c.declared.to_lowercase().contains("serial");
    // Parts of a key of several columns tell rows apart like any other column.
    let alone = dataset.columns.iter().filter(|c| c.key).count() == 1;
    let is_one = |c: &sources::Column| alone && c.key && whole(c) && !dataset.referred && !held(&c.name.to_lowercase());
    dataset.columns.iter().enumerate().filter(|(_, c)| is_one(c)).map(|(i, _)| i).collect()
}

/// Rows of one class have the same; what is random in a row is not compared.
fn class(
    picker: &Picker<'_>,
    (batch, row, met): (&Batch, usize, Met),
    (compared, erased): (&[usize], &BTreeSet<usize>),
    when: When,
    hashers: &[RandomState; 2],
    apart: &mut Apart,
) -> u128 {
    let left = picker.left(batch, row, met);
    let mut bytes: Vec<u8> = Vec::new();
    for (at, i) in compared.iter().enumerate() {
        if picker.random(*i, met, erased.contains(i)) {
            continue;
        }
        let cell = batch.cell(row, *i);
        let after = left.as_ref().filter(|_| when == When::Before).and_then(|(columns, values)| {
            let at = columns.iter().position(|c| *c as usize == *i)?;
            values.get(at)
        });
        let (tag, value) = after.map_or((cell.tag, cell.bytes), |(tag, value)| (*tag, value.as_slice()));
        apart.hear(at, hashers[0].hash_one((tag as u8, value)));
        bytes.extend((*i as u64).to_be_bytes());
        bytes.push(tag as u8);
        bytes.extend((value.len() as u64).to_be_bytes());
        bytes.extend(value);
    }
    hashers.iter().fold(0, |all, h| all << 64 | u128::from(h.hash_one(&bytes)))
}
