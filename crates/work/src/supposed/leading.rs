//! What leads to the persons of a data set of which something is left: columns elsewhere that hold values of its key, whatever they are called
//! and however the key stands in them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher as _, RandomState};

use sources::Dataset;
use terms::{Lead, Place};

use super::names::{is_beside, is_called_key, key_meant, own_key};
use super::sample::Sample;
use crate::opened::Listed;
use crate::references::{At, is_answered};

/// Keys of data sets of which something is left, and what may hold their values.
pub(super) struct Leading {
    keys: BTreeSet<At>,
    columns: HashMap<At, Strands>,
}

/// Ways in which a key may stand in the cells of a column that are told apart.
const STRANDS_MAX: usize = 64;
/// Longest text around numbers that is the same in all cells (`M-#`, `https://crm.example/clients/#`), and most numbers in it.
const AROUND_MAX: usize = 64;
const NUMBERS_MAX: usize = 4;
/// Days, of which no part is a key.
const DAYS: [&str; 3] = ["#-#-#", "#/#/#", "#.#.#"];
/// Different numbers that speak for a key where no name does, at least: rates and sizes are few.
const NUMBERS_LEAST: u64 = 4;
/// Numbers of a list in one cell that are heard.
const LIST_MAX: usize = 1_000;
/// Leads that are named at most.
const LEADS_MAX: usize = 8;

/// A column, by what a key may be in its cells: all of them, a number behind a sign, a field of JSON.
pub(super) struct Strands {
    /// Whether it is called like a key: few values tell persons then.
    called_key: bool,
    /// The key of its own table, and the tables beside it, whose key it may be too.
    to: Option<BTreeSet<Place>>,
    of: BTreeMap<String, Strand>,
    room: usize,
}

/// Values of one way.
struct Strand {
    sample: Sample,
    /// Whether something in it is no number.
    words: bool,
    largest: u64,
}

impl Leading {
    /// Every column that does not say itself that it leads elsewhere, and the keys of data sets of which something is left.
    pub(super) fn of(listed: &[Listed]) -> Leading {
        let is_left = |l: &&Listed| l.said.as_ref().is_some_and(|s| !s.leave.value.is_empty());
        let keys: BTreeSet<At> = listed.iter().filter(is_left).flat_map(|l| keys_of(&l.dataset)).collect();
        let mut columns = HashMap::new();
        for from in listed.iter().filter(|l| !keys.is_empty() && !l.dataset.mentions && !l.dataset.derived) {
            for (column, c) in (0u32..).zip(&from.dataset.columns) {
                let others = || listed.iter().map(|l| &l.dataset).filter(|d| d.place != from.dataset.place);
                let means = |d: &&Dataset| key_meant(&c.name, &d.name, &d.columns).is_some();
                let meant: BTreeSet<Place> = others().filter(means).map(|d| d.place.clone()).collect();
                // A table's own key counts up as others do: only a table beside another one has that one's keys for its own.
                let is_own = own_key(&from.dataset) == Some(column) && meant.is_empty();
                let beside = |d: &&Dataset| is_beside(&from.dataset.name, &d.name);
                let to = match (is_own, meant.is_empty()) {
                    (true, _) => Some(others().filter(beside).map(|d| d.place.clone()).collect()),
                    (false, true) => None,
                    (false, false) => Some(meant),
                };
                let strands = Strands { called_key: to.is_some() || is_called_key(&c.name), to, of: BTreeMap::new(), room: 0 };
                if !is_answered(from, column, &c.name) {
                    columns.insert((from.dataset.place.clone(), column), strands);
                }
            }
        }
        for (place, column) in &keys {
            let strands = Strands { called_key: true, to: Some(BTreeSet::new()), of: BTreeMap::new(), room: 0 };
            columns.entry((place.clone(), *column)).or_insert(strands);
        }
        let room = columns.len() * STRANDS_MAX;
        columns.values_mut().for_each(|strands| strands.room = room);
        Leading { keys, columns }
    }

    /// A column that may lead, or is led to.
    pub(super) fn of_column(&mut self, at: &At) -> Option<&mut Strands> {
        self.columns.get_mut(at)
    }

    /// Columns that lead to the persons of a data set.
    pub(super) fn to(&self, place: &Place) -> Vec<Lead> {
        let keys: Vec<&Sample> = self.keys.iter().filter(|(p, _)| p == place).filter_map(|key| self.columns.get(key)?.whole()).collect();
        let leads = |(at, strands): &(&At, &Strands)| at.0 != *place && keys.iter().any(|key| strands.leads(place, key));
        let mut out: Vec<Lead> =
            self.columns.iter().filter(leads).map(|((dataset, column), _)| Lead { dataset: dataset.clone(), column: *column }).collect();
        out.sort();
        out.truncate(LEADS_MAX);
        out
    }
}

/// Columns of a data set that may be its key.
fn keys_of(dataset: &Dataset) -> Vec<At> {
    let own = own_key(dataset);
    let keys = (0u32..).zip(&dataset.columns).filter(|(i, c)| c.key || own == Some(*i));
    keys.map(|(i, _)| (dataset.place.clone(), i)).collect()
}

impl Strands {
    /// Hears a cell.
    pub(super) fn hear(&mut self, text: &str, hasher: &RandomState) {
        let text = text.trim();
        self.add("", text, hasher);
        let is_json = text.starts_with(['{', '[']);
        match is_json.then(|| serde_json::from_str::<serde_json::Value>(text).ok()).flatten() {
            Some(value) => self.json("", &value, hasher),
            None => self.numbers("", text, hasher),
        }
    }

    /// Hears the numbers in a text, each by what stands around it.
    fn numbers(&mut self, name: &str, text: &str, hasher: &RandomState) {
        let runs: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty()).take(LIST_MAX).collect();
        let number = |run: &&str| run.trim_start_matches('0').to_owned();
        if runs.len() > 1 && text.chars().all(|c| c.is_ascii_digit() || ",; ".contains(c)) {
            runs.iter().map(number).for_each(|n| self.add(&format!("{name},"), &n, hasher));
            return;
        }
        let mut around = String::new();
        for c in text.chars() {
            match c.is_ascii_digit() {
                true if around.ends_with('#') => {}
                true => around.push('#'),
                false => around.push(c),
            }
            if around.len() > AROUND_MAX {
                return;
            }
        }
        let alone = around == "#" && !text.starts_with('0');
        if runs.len() <= NUMBERS_MAX && !alone && !DAYS.contains(&around.as_str()) {
            for (i, n) in runs.iter().map(number).enumerate().filter(|(_, n)| !n.is_empty()) {
                self.add(&format!("{name}{i}{around}"), &n, hasher);
            }
        }
    }

    /// Hears what is in a cell of JSON, by the names of its fields.
    fn json(&mut self, name: &str, value: &serde_json::Value, hasher: &RandomState) {
        match value {
            serde_json::Value::Object(fields) => fields.iter().for_each(|(field, v)| self.json(&format!("{name}{{{field}"), v, hasher)),
            serde_json::Value::Array(all) => all.iter().for_each(|v| self.json(&format!("{name}["), v, hasher)),
            serde_json::Value::String(text) => {
                self.add(name, text, hasher);
                self.numbers(name, text, hasher);
            }
            serde_json::Value::Number(number) => self.add(name, &number.to_string(), hasher),
            _ => {}
        }
    }

    fn add(&mut self, name: &str, value: &str, hasher: &RandomState) {
        if !self.of.contains_key(name) {
            if self.of.len() >= STRANDS_MAX {
                return;
            }
            let strand = Strand { sample: Sample::one_of(self.room), words: false, largest: 0 };
            self.of.insert(name.to_owned(), strand);
        }
        let Some(strand) = self.of.get_mut(name) else { return };
        match value.parse::<u64>() {
            Ok(number) => strand.largest = strand.largest.max(number),
            Err(_) => strand.words = true,
        }
        strand.sample.add(hasher.hash_one(value));
    }

    /// All values of its cells, as they are.
    fn whole(&self) -> Option<&Sample> {
        self.of.get("").map(|s| &s.sample)
    }

    /// Whether it holds values of a key in one way or another.
    fn leads(&self, to: &Place, key: &Sample) -> bool {
        let may = self.to.as_ref().is_none_or(|to_these| to_these.contains(to));
        may && self.of.values().any(|strand| strand.leads(key, self.called_key))
    }
}

impl Strand {
    /// Whether these are values of a key. Small numbers are values of many a key: what only counts up from one, as quantities and months do,
    /// leads nowhere unless it is called a key or has much of this one.
    fn leads(&self, key: &Sample, called_key: bool) -> bool {
        let distinct = self.sample.distinct();
        let chance = !self.words && (distinct < NUMBERS_LEAST || self.largest <= 2 * distinct);
        self.sample.met_in(key).is_some_and(|(_, met)| called_key || !chance || key.is_much(&self.sample, met))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strands(cells: &mut dyn Iterator<Item = String>) -> Strands {
        let mut out = Strands { called_key: false, to: None, of: BTreeMap::new(), room: 10 };
        let hasher = HASHER.get_or_init(RandomState::new);
        cells.for_each(|cell| out.hear(&cell, hasher));
        out
    }

    static HASHER: std::sync::OnceLock<RandomState> = std::sync::OnceLock::new();

    #[test]
    fn a_key_leads_however_it_stands() {
        let all = strands(&mut (1..=1_000).map(|n| n.to_string()));
        let key = all.whole().unwrap();
        let leads = |cells: &mut dyn Iterator<Item = String>| strands(cells).of.values().any(|s| s.leads(key, false));
        let of = [7u32, 90, 311, 998];
        assert!(leads(&mut of.iter().map(|n| n.to_string())), "few numbers far apart");
        assert!(leads(&mut of.iter().map(|n| format!("M-{n:05}"))), "behind a sign");
        assert!(leads(&mut of.iter().map(|n| format!("{{\"who\": {n}, \"at\": \"noon\"}}"))), "a field of JSON");
        assert!(leads(&mut of.iter().map(|n| format!("{{\"who\": {{\"ids\": [\"{n}\"]}}}}"))), "deep in JSON");
        assert!(
            leads(&mut of.iter().map(|n| format!("{{\"buyer\": {{\"id\": {n}}}, \"item\": {{\"id\": {}}}}}", n + 90_000))),
            "told apart by its way"
        );
        assert!(!leads(&mut [10, 20, 30].iter().map(u32::to_string)), "rates");
        assert!(leads(&mut (1..=400).map(|n| n.to_string())), "much of the key");
        assert!(!leads(&mut (1..=12).map(|n| n.to_string())), "months");
        assert!(!leads(&mut of.iter().map(|n| (n * 1_000).to_string())), "prices");
        for (before, behind) in
            [("", ".00"), ("00", ""), ("M-", "-x"), ("https://crm.example/clients/", ""), ("  {\"of\": \"M-", "\"}"), ("", ",8,9")]
        {
            assert!(leads(&mut of.iter().map(|n| format!("{before}{n}{behind}"))), "{before}#{behind}");
        }
        assert!(!leads(&mut of.iter().map(|n| format!("2024-01-{:02}", n % 28))), "days");
        assert!(!leads(&mut std::iter::once("7".to_owned())), "one value says nothing");
    }
}
