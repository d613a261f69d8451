//! References that nobody declared: a column that is called like another data set's key and holds that key's values, or that is called like a
//! key of nothing here and holds many of them. They are shown and asked about; until somebody confirms or denies one in the case file, the rows
//! that it leads to stay.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher as _, RandomState};

use case::file::{CaseFile, Owner};
use rows::{Batch, text_of};
use sources::{Column, Dataset};
use terms::{Place, Supposed};

use crate::opened::Listed;

/// A column of a data set.
type At = (Place, u32);

/// Gathers the values of columns that may refer, and of keys that they may refer to.
pub(crate) struct Supposing {
    hasher: RandomState,
    pairs: Vec<Pair>,
    samples: HashMap<At, Sample>,
}

/// A column that may refer to a key.
struct Pair {
    from: At,
    to: At,
    /// Whether its name says which key; else its values alone speak.
    named: bool,
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
                let others = || listed.iter().filter(|to| to.source == from.source && to.dataset.place != from.dataset.place);
                let to = |key: &dyn Fn(&Dataset) -> Option<u32>| -> Vec<At> {
                    others().filter_map(|to| Some((to.dataset.place.clone(), key(&to.dataset)?))).collect()
                };
                let mut keys = to(&|d| key_meant(&c.name, &d.name, &d.columns));
                let named = !keys.is_empty();
                if !named && is_called_key(&c.name) {
                    // A table's own key counts up as others do: only a table beside another one has that one's keys for its own.
                    let is_own = own_key(&from.dataset) == Some(column);
                    keys = to(&|d| own_key(d).filter(|_| !is_own || is_beside(&from.dataset.name, &d.name)));
                }
                let from = (from.dataset.place.clone(), column);
                pairs.extend(keys.into_iter().map(|to| Pair { from: from.clone(), to, named }));
            }
        }
        let columns: BTreeSet<&At> = pairs.iter().flat_map(|p| [&p.from, &p.to]).collect();
        let most = (KEPT_IN_ALL / columns.len().max(1)).clamp(KEPT_LEAST, KEPT);
        let samples = columns.into_iter().map(|at| (at.clone(), Sample { most, ..Sample::default() })).collect();
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

    /// Whether a column elsewhere holds values of a data set's key alone, be they few: by it somebody can be told.
    pub(crate) fn leads(&self, place: &Place) -> bool {
        let mut own = self.pairs.iter().filter(|pair| pair.to.0 == *place);
        own.any(|Pair { from, to, .. }| {
            let (own, key) = (self.samples.get(from), self.samples.get(to));
            own.zip(key).is_some_and(|(own, key)| own.met_in(key).is_some())
        })
    }

    /// What a data set seems to refer to.
    pub(crate) fn found(&self, place: &Place) -> Vec<Supposed> {
        let own = self.pairs.iter().filter(|pair| pair.from.0 == *place);
        own.filter_map(|Pair { from, to, named }| {
            let (own, key) = (self.samples.get(from)?, self.samples.get(to)?);
            let (values, met) = own.met_in(key).filter(|(_, met)| *named || key.is_much(own, *met))?;
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
const KEYS: [&str; 11] = ["id", "uid", "guid", "no", "code", "key", "number", "nr", "编号", "代码", "号"];

/// Whether a column's name says only that it is a key, not of what.
pub(crate) fn is_any_key(name: &str) -> bool {
    plain(name) == "id"
}

/// Whether a column is called like a key, whatever of: the last of its words says so.
fn is_called_key(name: &str) -> bool {
    let word = name.split(|c: char| !c.is_alphanumeric()).rfind(|w| !w.is_empty()).unwrap_or_default();
    let hump = word.rfind(char::is_uppercase).filter(|at| *at > 0 && !word.chars().all(char::is_uppercase));
    let last = hump.and_then(|at| word.get(at..)).unwrap_or(word).to_lowercase();
    KEYS.iter().any(|k| last == *k || (!k.is_ascii() && last.ends_with(k)))
}

/// The column that a data set calls its own key, or that its store does.
fn own_key(dataset: &Dataset) -> Option<u32> {
    let table = stem(&dataset.name);
    let mut declared = (0u32..).zip(&dataset.columns).filter(|(_, c)| c.key);
    match (declared.next(), declared.next()) {
        (Some((i, _)), None) => Some(i),
        // A key of several columns is no key of one.
        (Some(_), Some(_)) => None,
        (None, _) => {
            let is_own = |name: &str| KEYS.iter().any(|k| plain(name) == *k || plain(name).strip_prefix(table.as_str()) == Some(*k));
            (0u32..).zip(&dataset.columns).find(|(_, c)| is_own(&c.name)).map(|(i, _)| i)
        }
    }
}

/// Whether a table is called like one that holds more of another's rows: `member_ext` beside `members`.
fn is_beside(table: &str, other: &str) -> bool {
    let (table, other) = (stem(table), stem(other));
    table != other && !other.is_empty() && (table.starts_with(&other) || table.ends_with(&other))
}

/// The column of a data set that a name elsewhere means, if it means one.
fn key_meant(name: &str, table: &str, columns: &[Column]) -> Option<u32> {
    let (wanted, table) = (plain(name), stem(table));
    let means = |column: &str| {
        let key = plain(column);
        let own = key.strip_prefix(table.as_str());
        let is_key = KEYS.iter().any(|k| key == *k || own == Some(*k));
        let full = if own.is_some() { key.clone() } else { format!("{table}{key}") };
        // A column that is called like the table itself (`orders.member`) means its key.
        let whole = wanted == table && table.chars().count() >= 2;
        is_key && (whole || wanted == full || (full.chars().count() >= 4 && wanted.ends_with(&full)))
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

/// Most values of a column that are kept, of all columns together, and of a column where there are many: a value takes 16 to 32 bytes.
const KEPT: usize = 1 << 16;
const KEPT_IN_ALL: usize = 1 << 21;
const KEPT_LEAST: usize = 1 << 10;
/// Distinct values below which nothing is supposed.
const LEAST: u64 = 2;
/// Percent of them that must be values of the key.
const SHARE: u64 = 95;
/// Where no name speaks: values of the key that are met at least, or half of it, and percent of it. Small numbers are values of many a key.
const MUCH: u64 = 20;
const MUCH_SHARE: u64 = 10;

/// Distinct values of a column by digest: all of them, or those whose digests end in so many zero bits.
struct Sample {
    most: usize,
    zeros: u32,
    /// Digest → whether it was met more than once.
    seen: HashMap<u64, bool>,
}

impl Default for Sample {
    fn default() -> Sample {
        Sample { most: KEPT, zeros: 0, seen: HashMap::new() }
    }
}

impl Sample {
    fn add(&mut self, digest: u64) {
        if digest.trailing_zeros() < self.zeros {
            return;
        }
        self.seen.entry(digest).and_modify(|again| *again = true).or_insert(false);
        while self.seen.len() > self.most {
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

    /// Whether so many of this key's values, as met by another column, are much of it.
    fn is_much(&self, other: &Sample, met: u64) -> bool {
        let zeros = self.zeros.max(other.zeros);
        let all = self.seen.keys().filter(|d| d.trailing_zeros() >= zeros).count() as u64;
        met * 100 >= all * MUCH_SHARE && met >= MUCH.min(all.div_ceil(2))
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
            ("member", "members", "id", true),
            ("会员", "会员", "编号", true),
            ("customer_id", "Customer.csv", "customer_id", true),
            ("id", "customers", "id", false),
            ("name", "customers", "name", false),
            ("customer_name", "customers", "name", false),
            ("video", "videos", "id", true),
            ("idvideo", "videos", "no", false),
            ("paid", "p", "id", false),
        ];
        for (name, table, key, expected) in cases {
            let column = Column { name: key.to_owned(), ..Column::default() };
            assert_eq!(key_meant(name, table, &[column]).is_some(), expected, "{name} → {table}.{key}");
        }
    }

    #[test]
    fn names_that_say_a_key_of_nothing_here() {
        assert!(["buyer_id", "BUYER_ID", "CardNo", "id", "会员编号"].iter().all(|n| is_called_key(n)));
        assert!(!["remark", "paid", "video", "idle", ""].iter().any(|n| is_called_key(n)));
        let beside =
            [("member_ext", "members", true), ("vip_member", "member", true), ("member", "members", false), ("shop", "member", false)];
        for (table, other, expected) in beside {
            assert_eq!(is_beside(table, other), expected, "{table} beside {other}");
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
        let much = |of_key: &Sample, own: &Sample| own.met_in(of_key).is_some_and(|(_, met)| of_key.is_much(own, met));
        assert!(much(&key, &of(&mut (0..200_000))) && !much(&key, &of(&mut (0..40))), "forty shops are no customers");
        let few = of(&mut (0..10));
        assert!(much(&few, &of(&mut (0..5))) && !much(&few, &of(&mut (0..4))), "of a short key half");
    }
}
