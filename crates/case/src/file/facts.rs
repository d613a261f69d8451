//! The case file as typed facts (`case.`, `source.`), and its small look-ups.

use std::collections::BTreeMap;

use facts::Table;
use terms::{Both, Day, Given, Lang, Reach, Scenario, StoreKind, Value};

use super::CaseFault;
use super::shape::{CaseFile, DatasetFile, SourceFile};

/// Rows of which one alone is no crowd.
pub const ALIKE_MIN: u64 = 2;

impl CaseFile {
    /// The language of its screens.
    pub fn language(&self) -> Lang {
        if self.lang.value == "en" { Lang::En } else { Lang::Zh }
    }

    /// Rows that must be alike at least where something coarser is left: never fewer than two.
    pub fn alike(&self) -> u64 {
        self.k.as_ref().map_or(ALIKE_MIN, |k| k.value).max(ALIKE_MIN)
    }

    /// The scenario; checked on reading.
    pub fn scenario(&self) -> Scenario {
        Scenario::of_word(&self.scenario.value).unwrap_or(Scenario::Dissolution)
    }

    /// Its facts.
    pub fn facts(&self) -> Given {
        let mut out = Given::new();
        let day = |at: &Option<super::At<String>>| at.as_ref().and_then(|a| a.value.parse::<Day>().ok()).map(Value::Date);
        out.insert("case.scenario".into(), Value::One(self.scenario.value.clone()));
        out.insert("case.sectors".into(), Value::Some(self.sectors.value.clone()));
        out.insert("source.role".into(), Value::One(self.role.value.clone()));
        let d = &self.dates;
        let dates =
            [("cause_on", &d.cause_on), ("service_stop", &d.service_stop), ("last_day", &d.last_day), ("revoked_on", &d.revoked_on)];
        out.extend(dates.into_iter().filter_map(|(n, at)| Some((format!("case.{n}"), day(at)?))));
        out
    }

    /// Faults that only the fact table can show: sectors, classes, groups that packs do not know.
    pub fn check_against(&self, table: &Table) -> Vec<CaseFault> {
        let mut out = Vec::new();
        let mut fault = |line: u64, field: &str, word: &str, of: &[String]| {
            let list = of.join(", ");
            out.push(CaseFault {
                line,
                field: field.to_owned(),
                what: Both { zh: format!("`{word}` 不在规则包的取值中"), en: format!("`{word}` is not a word of the packs") },
                todo: Both { zh: format!("可用：{list}。"), en: format!("use one of: {list}.") },
            });
        };
        let of = |name: &str| table.get(name).map(|f| f.of.clone()).unwrap_or_default();
        let (sectors, classes, groups) = (of("case.sectors"), of("holding.class"), of("group.name"));
        for s in self.sectors.value.iter().filter(|s| !sectors.contains(s)) {
            fault(self.sectors.line, "sectors", s, &sectors);
        }
        for d in &self.datasets {
            if let Some(c) = d.class.as_ref().filter(|c| c.value != "none" && !classes.contains(&c.value)) {
                fault(c.line, "datasets.class", &c.value, &classes);
            }
            let everybody = d.tells.value.iter().filter_map(|(fact, says)| Some((fact, says.strip_prefix('=')?)));
            for (fact, word) in everybody {
                let known = table.get(&format!("person.{fact}"));
                if let Some(known) = known.filter(|k| k.read(word).is_none()) {
                    let of = if known.of.is_empty() { vec!["yes".to_owned(), "no".to_owned()] } else { known.of.clone() };
                    fault(d.tells.line, "datasets.tells", word, &of);
                }
            }
            for g in d.groups.keys().filter(|g| !groups.contains(g)) {
                fault(d.groups.line, "datasets.groups", g, &groups);
            }
        }
        out
    }

    /// The description of a data set: the first whose pattern fits `source/name`.
    pub fn dataset(&self, source: &str, name: &str) -> Option<&DatasetFile> {
        self.datasets.iter().find(|d| d.at.value.split_once('/').is_some_and(|(s, pattern)| s == source && fits(pattern, name)))
    }
}

impl DatasetFile {
    /// What is said of a data set with these columns: `#3` stands for the name of its column 3, as screens show one that may be a person's.
    pub fn naming(mut self, columns: &[&str]) -> DatasetFile {
        let own = |name: &mut String| *name = column_named(name, columns).to_owned();
        let keys = |map: &mut BTreeMap<String, String>| {
            *map = std::mem::take(map).into_iter().map(|(name, v)| (column_named(&name, columns).to_owned(), v)).collect();
        };
        self.groups.value.values_mut().flatten().for_each(own);
        self.tells.value.values_mut().for_each(own);
        self.no_references.iter_mut().chain(self.key.as_mut().map(|k| &mut k.value)).for_each(own);
        self.owner.iter_mut().chain(&mut self.references).for_each(|o| own(&mut o.column));
        keys(&mut self.not_personal);
        keys(&mut self.leave.value);
        self
    }
}

/// The column that a name of the case file means among these: itself, or for `#3` that of ordinal 3.
pub fn column_named<'a>(name: &'a str, columns: &[&'a str]) -> &'a str {
    let ordinal = name.strip_prefix('#').filter(|_| !columns.contains(&name)).and_then(|n| n.parse::<usize>().ok());
    ordinal.and_then(|n| columns.get(n).copied()).unwrap_or(name)
}

impl SourceFile {
    /// The kind of store; checked on reading.
    pub fn kind(&self) -> StoreKind {
        StoreKind::of_word(&self.kind.value).unwrap_or(StoreKind::Delimited)
    }

    /// The reach; checked on reading.
    pub fn reach(&self) -> Reach {
        Reach::of_word(&self.reach.value).unwrap_or(Reach::ByHand)
    }
}

/// Whether a name fits a pattern in which `*` stands for any run of characters.
pub fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(first) = parts.next() else { return false };
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(i) => rest = rest.get(i + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}
