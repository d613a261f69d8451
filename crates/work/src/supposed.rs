//! References that nobody declared: a column that is called like another data set's key and holds that key's values. They are shown and asked
//! about; until somebody confirms or denies one in the case file, the rows that it leads to stay.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use case::file::{CaseFile, Owner};
use rows::{Batch, text_of};
use sources::{Column, Dataset};
use terms::{Place, Supposed};

use crate::survey::Listed;

/// A column of a data set.
type At = (Place, u32);

/// Gathers the values of columns that may refer, and of keys that they may refer to.
pub(crate) struct Supposing {
    hasher: RandomState,
    pairs: Vec<(At, At)>,
    samples: HashMap<At, Sample>,
}

impl Supposing {
    /// Pairs of columns whose names speak for a reference, in one source.
    pub(crate) fn of(listed: &[Listed]) -> Supposing {
        let mut pairs = Vec::new();
        for from in listed {
            for (column, c) in (0u32..).zip(&from.dataset.columns) {
                if is_answered(from, column, &c.name) {
                    continue;
                }
                let others = listed.iter().filter(|to| to.source == from.source && to.dataset.place != from.dataset.place);
                for (to, key) in others.filter_map(|to| Some((to, key_meant(&c.name, &to.dataset.name, &to.dataset.columns)?))) {
                    pairs.push(((from.dataset.place.clone(), column), (to.dataset.place.clone(), key)));
                }
            }
        }
        let samples = pairs.iter().flat_map(|(a, b)| [a, b]).map(|at| (at.clone(), Sample::default())).collect();
        Supposing { hasher: RandomState::new(), pairs, samples }
    }

    /// Hears a batch of a data set.
    pub(crate) fn batch(&mut self, dataset: &Dataset, batch: &Batch) {
        for column in (0u32..).take(dataset.columns.len()) {
            let Some(sample) = self.samples.get_mut(&(dataset.place.clone(), column)) else { continue };
            let mut text = Vec::new();
            for cell in (0..batch.rows()).map(|row| batch.cell(row, column as usize)).filter(|c| !c.is_empty()) {
                // Numbers and their texts meet: `7` in one table and `'7'` in another are the same key.
                text.clear();
                text_of(cell, dataset.encoding, &mut text);
                sample.add(self.hasher.hash_one(&text));
            }
        }
    }

    /// What a data set seems to refer to.
    pub(crate) fn found(&self, place: &Place) -> Vec<Supposed> {
        let own = self.pairs.iter().filter(|((from, _), _)| from == place);
        own.filter_map(|(from, to)| {
            let (values, met) = self.samples.get(from)?.met_in(self.samples.get(to)?)?;
            Some(Supposed { column: from.1, to: to.0.clone(), to_column: to.1, values, met })
        })
        .collect()
    }
}

/// Whether the store declares what a column refers to, or the case file says it.
fn is_answered(listed: &Listed, column: u32, name: &str) -> bool {
    let declared = listed.dataset.points_to.iter().any(|(c, ..)| *c == column);
    let said = listed.said.as_ref();
    declared || said.is_some_and(|s| s.no_references.iter().any(|c| c == name) || s.owner.as_ref().is_some_and(|o| o.column == name))
}

/// The key that the case file says a column refers to: ordinal of the column, the other data set, ordinal there.
pub(crate) fn referred(file: &CaseFile, listed: &[Listed], own: &Dataset, said: &Owner) -> Option<(u32, Place, u32)> {
    let (source, table) = said.of.value.split_once('/')?;
    let source = file.sources.iter().position(|s| s.id.value == source)?;
    let target = &listed.iter().find(|l| l.source == source && l.dataset.name == table)?.dataset;
    let ordinal = |d: &Dataset, name: &str| u32::try_from(d.columns.iter().position(|c| c.name == name)?).ok();
    Some((ordinal(own, &said.column)?, target.place.clone(), ordinal(target, &said.key)?))
}

/// References that the case file says are like those that a store declares.
pub(crate) fn confirm(file: &CaseFile, listed: &mut [Listed]) {
    let keys: Vec<Vec<_>> = listed
        .iter()
        .map(|l| l.said.iter().flat_map(|s| &s.references).filter_map(|r| referred(file, listed, &l.dataset, r)).collect())
        .collect();
    listed.iter_mut().zip(keys).for_each(|(l, keys)| l.dataset.points_to.extend(keys));
}

/// Endings by which a key is a key.
const KEYS: [&str; 9] = ["id", "no", "code", "key", "number", "nr", "编号", "代码", "号"];

/// Whether a column's name says only that it is a key, not of what.
pub(crate) fn is_any_key(name: &str) -> bool {
    plain(name) == "id"
}

/// The column of a data set that a name elsewhere means, if it means one.
fn key_meant(name: &str, table: &str, columns: &[Column]) -> Option<u32> {
    let (wanted, table) = (plain(name), stem(table));
    let means = |column: &str| {
        let key = plain(column);
        let own = key.strip_prefix(table.as_str());
        let is_key = KEYS.iter().any(|k| key == *k || own == Some(*k));
        let full = if own.is_some() { key.clone() } else { format!("{table}{key}") };
        is_key && (wanted == full || (full.chars().count() >= 4 && wanted.ends_with(&full)))
    };
    (0u32..).zip(columns).find(|(_, c)| means(&c.name)).map(|(i, _)| i)
}

/// A name without what people put between its words.
fn plain(name: &str) -> String {
    name.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
}

/// What a table holds one of, by its name: `shop.t_customers`, `Customers.csv` and `客户` hold a `customer`, a `customer` and a `客户`.
fn stem(table: &str) -> String {
    let name = table.rsplit('/').next().unwrap_or(table).to_lowercase();
    let name = [".csv", ".tsv", ".tab", ".jsonl", ".json", ".parquet"].iter().find_map(|e| name.strip_suffix(e)).unwrap_or(&name);
    let name = name.rsplit('.').next().unwrap_or(name);
    let name = ["tbl_", "tb_", "t_"].iter().find_map(|p| name.strip_prefix(p)).unwrap_or(name);
    let name = plain(name);
    match name.strip_suffix("ies") {
        Some(root) => format!("{root}y"),
        None => name.strip_suffix('s').unwrap_or(&name).to_owned(),
    }
}

/// Most values of a column that are kept.
const KEPT: usize = 1 << 16;
/// Distinct values below which nothing is supposed.
const LEAST: u64 = 2;
/// Percent of them that must be values of the key.
const SHARE: u64 = 95;

/// Distinct values of a column by digest: all of them, or those whose digests end in so many zero bits.
#[derive(Default)]
struct Sample {
    zeros: u32,
    /// Digest → whether it was met more than once.
    seen: HashMap<u64, bool>,
}

impl Sample {
    fn add(&mut self, digest: u64) {
        if digest.trailing_zeros() < self.zeros {
            return;
        }
        self.seen.entry(digest).and_modify(|again| *again = true).or_insert(false);
        while self.seen.len() > KEPT {
            self.zeros += 1;
            self.seen.retain(|d, _| d.trailing_zeros() >= self.zeros);
        }
    }

    /// Distinct values that were compared, and those that are values of the key; none if that is no key, or they are too few.
    fn met_in(&self, key: &Sample) -> Option<(u64, u64)> {
        let zeros = self.zeros.max(key.zeros);
        let own = || self.seen.keys().filter(|d| d.trailing_zeros() >= zeros);
        let (values, met) = (own().count() as u64, own().filter(|d| key.seen.contains_key(*d)).count() as u64);
        let is_key = key.seen.values().all(|again| !again);
        (is_key && values >= LEAST && met * 100 >= values * SHARE).then_some((values, met))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_speak_for_a_reference() {
        let cases = [
            ("customer_id", "customers", "id", true),
            ("CustomerId", "Customer", "CustomerId", true),
            ("buyer_customer_id", "t_customer", "id", true),
            ("客户编号", "客户", "编号", true),
            ("客户编号", "客户", "客户编号", true),
            ("category_id", "categories", "id", true),
            ("customer_id", "Customer.csv", "customer_id", true),
            ("id", "customers", "id", false),
            ("name", "customers", "name", false),
            ("customer_name", "customers", "name", false),
            ("video", "videos", "id", false),
            ("paid", "p", "id", false),
        ];
        for (name, table, key, expected) in cases {
            let column = Column { name: key.to_owned(), ..Column::default() };
            assert_eq!(key_meant(name, table, &[column]).is_some(), expected, "{name} → {table}.{key}");
        }
    }

    #[test]
    fn values_decide() {
        let hasher = RandomState::new();
        let of = |all: &mut dyn Iterator<Item = u64>| {
            let mut out = Sample::default();
            all.for_each(|n| out.add(hasher.hash_one(n)));
            out
        };
        let key = of(&mut (0..1_000_000));
        assert!(key.zeros > 0 && key.seen.len() <= KEPT);
        assert!(of(&mut (500..90_000)).met_in(&key).is_some_and(|(values, met)| values == met && values > 100));
        assert_eq!(of(&mut (900_000..1_200_000)).met_in(&key), None, "a third is no value of the key");
        assert_eq!(of(&mut (0..100)).met_in(&of(&mut (0..100).chain(0..100))), None, "no key has a value twice");
        assert_eq!(of(&mut (0..1)).met_in(&key), None, "one value says nothing");
    }
}
