//! All packs of a case read together: unique ids, references that exist, no circles.

use std::collections::{BTreeMap, BTreeSet};

use facts::Table;
use serde::Serialize;
use serde::de::DeserializeOwned;
use terms::Day;

use crate::pack::{PackFile, RuleFile};
use crate::rule::Rule;

/// A fault in a pack: file, line and field, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackError {
    /// Path inside the packs folder.
    pub file: String,
    /// 1-based line; 0 where the fault is not at one line.
    pub line: u64,
    /// The field.
    pub field: String,
    /// What is wrong.
    pub what: String,
}

impl std::fmt::Display for PackError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}: {}", self.file, self.line, self.field, self.what)
    }
}

impl std::error::Error for PackError {}

/// Name and version of a pack that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PackVersion {
    /// `cn-pipl`
    pub pack: String,
    /// `2026.11.1`
    pub version: String,
    /// What text it was read from.
    pub source: Option<String>,
}

/// All rules of all packs.
#[derive(Clone, Debug, Default)]
pub struct LawBook {
    rules: BTreeMap<String, Rule>,
    packs: Vec<PackVersion>,
}

impl LawBook {
    /// Reads packs from files given as (path inside `packs/law/`, text): `cn-pipl/pack.yaml`, `cn-pipl/CN-PIPL-22-1.yaml`.
    ///
    /// # Errors
    /// All faults of all files.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>, table: &Table) -> Result<LawBook, Vec<PackError>> {
        let mut folders: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        for (path, text) in files {
            folders.entry(path.split('/').next().unwrap_or_default()).or_default().push((path, text));
        }
        let mut book = LawBook::default();
        let mut faults = Vec::new();
        for (folder, files) in folders {
            book.add_pack(folder, &files, table, &mut faults);
        }
        book.check_references(&mut faults);
        if faults.is_empty() { Ok(book) } else { Err(faults) }
    }

    fn add_pack(&mut self, folder: &str, files: &[(&str, &str)], table: &Table, faults: &mut Vec<PackError>) {
        let Some((path, text)) = files.iter().find(|(p, _)| p.ends_with("/pack.yaml")) else {
            faults.push(PackError { file: folder.into(), line: 0, field: "pack".into(), what: "pack.yaml is missing".into() });
            return;
        };
        let pack: PackFile = match yaml(path, text) {
            Ok(pack) => pack,
            Err(e) => return faults.push(e),
        };
        self.packs.push(PackVersion { pack: pack.pack.clone(), version: pack.version.clone(), source: pack.read_from.clone() });
        for (path, text) in files.iter().filter(|(p, _)| !p.ends_with("/pack.yaml")) {
            let rule = yaml::<RuleFile>(path, text).map_err(|e| vec![e]).and_then(|file| {
                Rule::check(file, &pack, table).map_err(|all| {
                    all.into_iter()
                        .map(|(field, what)| PackError { file: (*path).into(), line: line_of(text, &field), field, what })
                        .collect()
                })
            });
            match rule {
                Ok(rule) if self.rules.contains_key(&rule.id) => faults.push(PackError {
                    file: (*path).into(),
                    line: line_of(text, "rule"),
                    field: "rule".into(),
                    what: format!("`{}` exists already", rule.id),
                }),
                Ok(rule) => {
                    self.rules.insert(rule.id.clone(), rule);
                }
                Err(more) => faults.extend(more),
            }
        }
    }

    fn check_references(&mut self, faults: &mut Vec<PackError>) {
        let pairs: Vec<(String, String)> = self
            .rules
            .values()
            .flat_map(|r| {
                let beats = r.beats.iter().map(|l| (r.id.clone(), l.clone()));
                beats.chain(r.beaten_by.iter().map(|w| (w.clone(), r.id.clone())))
            })
            .collect();
        for (winner, loser) in pairs {
            let Some(w) = self.rules.get_mut(&winner).filter(|_| true) else {
                faults.push(reference(&winner));
                continue;
            };
            if !w.beats.contains(&loser) {
                w.beats.push(loser.clone());
                w.beats.sort();
            }
            if !self.rules.contains_key(&loser) {
                faults.push(reference(&loser));
            }
        }
        for id in self.rules.keys() {
            if self.reaches(id, id, &mut BTreeSet::new()) {
                faults.push(PackError { file: id.clone(), line: 0, field: "beats".into(), what: "goes round in a circle".into() });
            }
        }
    }

    fn reaches(&self, from: &str, to: &str, seen: &mut BTreeSet<String>) -> bool {
        let Some(rule) = self.rules.get(from) else { return false };
        rule.beats.iter().any(|l| l == to || (seen.insert(l.clone()) && self.reaches(l, to, seen)))
    }

    /// All rules by id.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.values()
    }

    /// The rule of that id.
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.rules.get(id)
    }

    /// The rules in force on that day, by id.
    pub fn in_force(&self, day: Day) -> Vec<&Rule> {
        self.rules.values().filter(|r| r.in_force_on(day)).collect()
    }

    /// The packs that were read.
    pub fn packs(&self) -> &[PackVersion] {
        &self.packs
    }
}

fn reference(id: &str) -> PackError {
    PackError { file: id.to_owned(), line: 0, field: "beats".into(), what: format!("there is no rule `{id}`") }
}

pub(crate) fn yaml<T: DeserializeOwned>(path: &str, text: &str) -> Result<T, PackError> {
    serde_saphyr::from_str(text).map_err(|e| PackError {
        file: path.to_owned(),
        line: e.location().map_or(0, |l| l.line()),
        field: "file".into(),
        what: e.without_snippet().to_string(),
    })
}

/// The line on which a field stands (its last name for `period.from`), 0 if it does not.
fn line_of(text: &str, field: &str) -> u64 {
    let name = field.split('.').next().unwrap_or(field);
    let at = text.lines().position(|l| l.starts_with(name) && l.get(name.len()..).is_some_and(|r| r.starts_with(':')));
    at.map_or(0, |i| i as u64 + 1)
}
