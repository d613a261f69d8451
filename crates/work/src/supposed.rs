//! References that nobody declared: a column that is called like another data set's key and holds that key's values, or that is called like a
//! key of nothing here and holds many of them. They are shown and asked about; until somebody confirms or denies one in the case file, the rows
//! that it leads to stay.

mod leading;
mod names;
mod sample;

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher as _, RandomState};

use rows::{Batch, text_of};
use sources::Dataset;
use terms::{Lead, Place, Supposed};

use crate::opened::Listed;
use crate::references::{At, is_answered};
use leading::Leading;
pub(crate) use names::is_any_key;
use names::{is_beside, is_called_key, key_meant, own_key};
use sample::Sample;

/// Gathers the values of columns that may refer, and of keys that they may refer to.
pub(crate) struct Supposing {
    hasher: RandomState,
    pairs: Vec<Pair>,
    samples: HashMap<At, Sample>,
    leading: Leading,
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
        let of = columns.len();
        let samples = columns.into_iter().map(|at| (at.clone(), Sample::one_of(of))).collect();
        Supposing { hasher: RandomState::new(), pairs, samples, leading: Leading::of(listed) }
    }

    /// Hears a batch of a data set.
    pub(crate) fn batch(&mut self, dataset: &Dataset, batch: &Batch) {
        for column in (0u32..).take(dataset.columns.len()) {
            let at = (dataset.place.clone(), column);
            let (mut sample, mut strands) = (self.samples.get_mut(&at), self.leading.of_column(&at));
            if sample.is_none() && strands.is_none() {
                continue;
            }
            let mut text = Vec::new();
            for cell in (0..batch.rows()).map(|row| batch.cell(row, column as usize)).filter(|c| !c.is_empty()) {
                // Numbers and their texts meet: `7` in one table and `'7'` in another are the same key.
                text.clear();
                text_of(cell, dataset.encoding, &mut text);
                if text.ends_with(b".0") {
                    text.truncate(text.len() - 2);
                }
                sample.iter_mut().for_each(|s| s.add(self.hasher.hash_one(&text)));
                strands.iter_mut().for_each(|s| s.hear(&String::from_utf8_lossy(&text), &self.hasher));
            }
        }
    }

    /// Columns elsewhere by which persons of a data set can be told, of which something is to be left.
    pub(crate) fn leads(&self, place: &Place) -> Vec<Lead> {
        self.leading.to(place)
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
