//! Holdings for the plan: facts of data sets from the case file, field groups from the inventory, branches from the seals.

use case::file::{CaseFile, Way};
use terms::{Branch, DatasetSeen, Day, Given, GroupIn, Holding, Place, Reach, Tier, Value};

use crate::opened::Listed;

/// The holding's name: the case file's, the table's, or the place.
pub(crate) fn name(listed: &Listed, seen: &DatasetSeen) -> String {
    let said = listed.said.as_ref().and_then(|s| s.name.as_ref()).map(|n| n.value.clone());
    said.or_else(|| seen.name.clone()).unwrap_or_else(|| seen.dataset.to_string())
}

/// A holding without its branches.
pub(crate) fn holding(file: &CaseFile, listed: &Listed, seen: &DatasetSeen, all: &[DatasetSeen]) -> Option<Holding> {
    let source = file.sources.get(listed.source)?;
    let class = seen.class.clone()?;
    let said = listed.said.as_ref();
    let mut given = Given::new();
    let one = |w: &str| Value::One(w.to_owned());
    let stop = file.dates.service_stop.as_ref().and_then(|d| d.value.parse::<Day>().ok());
    let ends_on = said.and_then(|s| s.ends_on.as_ref()).and_then(|d| d.value.parse::<Day>().ok());
    // For staff the purpose ends with their contracts, not with the service: it is asked, never guessed.
    if let Some(day) = ends_on.or(if class == "employee" { None } else { stop }) {
        given.insert("holding.ends_on".to_owned(), Value::Date(day));
    }
    // Only where Custody writes itself can it measure what is left.
    let writes = source.reach() == Reach::Direct && seen.by_hand.is_none();
    let groups = if writes { anonymised(listed, groups(seen)) } else { groups(seen) };
    let k = groups.iter().any(|g| g.anonymise).then(|| file.alike());
    given.insert("holding.class".to_owned(), one(&class));
    given.insert("holding.route".to_owned(), one(said.and_then(|s| s.route.as_ref()).map_or("none", |r| &r.value)));
    Some(Holding {
        name: name(listed, seen),
        dataset: seen.dataset.clone(),
        kind: source.kind(),
        reach: source.reach(),
        given,
        groups,
        leave: leave(listed),
        k,
        copies: Vec::new(),
        branches: Vec::new(),
        purge: seen.purge.clone(),
        by_hand: seen.by_hand.is_some(),
        referenced: referenced(&seen.dataset, all),
        purpose: listed.said.as_ref().and_then(|s| s.purpose.clone()),
    })
}

/// Groups of which something coarser is left: the case file says of each column what is left in it, and of one at least a coarser value.
fn anonymised(listed: &Listed, mut groups: Vec<GroupIn>) -> Vec<GroupIn> {
    for group in &mut groups {
        let ways: Option<Vec<Way>> = group.columns.iter().map(|c| way(listed, *c)).collect();
        group.anonymise = ways.is_some_and(|w| w.iter().any(Way::generalises));
    }
    groups
}

/// What the case file wants left in a column.
fn way(listed: &Listed, column: u32) -> Option<Way> {
    let name = &listed.dataset.columns.get(column as usize)?.name;
    listed.said.as_ref()?.leave.get(name)?.parse().ok()
}

/// The same of all columns, as the plan shows it.
fn leave(listed: &Listed) -> Vec<(u32, String)> {
    let all = 0..u32::try_from(listed.dataset.columns.len()).unwrap_or_default();
    all.filter_map(|c| Some((c, way(listed, c)?.word()))).collect()
}

fn groups(seen: &DatasetSeen) -> Vec<GroupIn> {
    let mut out: Vec<GroupIn> = Vec::new();
    for column in &seen.columns {
        let Some(group) = &column.group else { continue };
        let at = match out.iter().position(|g| g.name == *group) {
            Some(i) => i,
            None => {
                out.push(GroupIn {
                    name: group.clone(),
                    columns: Vec::new(),
                    sensitive: Some(false),
                    key_columns: Vec::new(),
                    anonymise: false,
                });
                out.len() - 1
            }
        };
        if let Some(g) = out.get_mut(at) {
            g.columns.push(column.ordinal);
            if column.key {
                g.key_columns.push(column.ordinal);
            }
            if column.tier == Tier::Sensitive {
                g.sensitive = Some(true);
            }
        }
    }
    out
}

/// Whether another data set points at it, or seems to, or a table beyond those listed does, so that rows must stay when their fields go.
fn referenced(place: &Place, all: &[DatasetSeen]) -> bool {
    all.iter().any(|d| d.dataset == *place && d.referred)
        || all.iter().any(|d| d.dataset != *place && d.points_to.iter().any(|(_, to, _)| to == place))
        || all.iter().any(|d| d.supposed.iter().any(|s| s.to == *place))
}

/// Numbers branches in order of first appearance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Branches {
    known: std::collections::HashMap<Given, u32>,
    pub list: Vec<Branch>,
}

impl Branches {
    /// Goes on from branches that have numbers already.
    pub(crate) fn after(list: Vec<Branch>) -> Branches {
        let known = (0u32..).zip(&list).map(|(n, b)| (b.given.clone(), n)).collect();
        Branches { known, list }
    }

    pub(crate) fn of(&mut self, given: Given) -> u32 {
        let next = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        let n = *self.known.entry(given.clone()).or_insert(next);
        if n == next {
            self.list.push(Branch { given, records: 0, settled: std::collections::BTreeMap::new() });
        }
        if let Some(b) = self.list.get_mut(n as usize) {
            b.records += 1;
        }
        n
    }
}
