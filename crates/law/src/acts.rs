//! Acts: what people do that no scan can see, what each demands as evidence, and which stand open for every source until answered.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use terms::{Both, Level, Reach};

use crate::book::{PackError, yaml};

/// What an act is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A source, named by its place.
    Source,
    /// A data set, named by its place.
    Dataset,
    /// An item of the plan.
    Item,
    /// The case as a whole.
    None,
}

/// What an act demands.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demands {
    /// What it must name.
    pub about: About,
    /// Least number of files.
    pub evidence: u64,
    /// Which files serve.
    pub note: Both,
}

/// For which sources an act stands open until somebody answers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// Reaches.
    pub reach: Vec<Reach>,
    /// Words of `out_of_scope` that it answers.
    pub settles: Vec<String>,
    /// Kinds of store.
    pub stores: Vec<String>,
}

/// A kind of act.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActKind {
    /// What it demands.
    pub demands: Demands,
    /// How it is done, for somebody who never did it.
    pub does: Both,
    /// English name.
    pub en: String,
    /// Highest level that such a word may carry.
    pub level: Level,
    /// For which sources it is a task.
    #[serde(default)]
    pub standing: Option<Standing>,
    /// Why it matters.
    pub why: Both,
    /// Chinese name.
    pub zh: String,
}

impl ActKind {
    /// Its name.
    pub fn name(&self) -> Both {
        Both { zh: self.zh.clone(), en: self.en.clone() }
    }

    /// Whether it is a task of sources of that store and reach.
    pub fn stands_for(&self, store: &str, reach: Reach) -> bool {
        self.standing.as_ref().is_some_and(|s| s.stores.iter().any(|k| k == store) && s.reach.contains(&reach))
    }
}

/// All kinds of acts, by id.
#[derive(Clone, Debug, Default)]
pub struct Acts(BTreeMap<String, ActKind>);

impl Acts {
    /// Reads kinds of acts from files (path inside `packs/`, text).
    ///
    /// # Errors
    /// All faults, by file.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Acts, Vec<PackError>> {
        let mut all = BTreeMap::new();
        let mut faults = Vec::new();
        for (path, text) in files {
            match yaml::<BTreeMap<String, ActKind>>(path, text) {
                Ok(acts) => {
                    for (id, act) in acts {
                        if all.insert(id.clone(), act).is_some() {
                            faults.push(PackError {
                                file: path.to_owned(),
                                line: 0,
                                field: id,
                                what: "this act exists already".to_owned(),
                            });
                        }
                    }
                }
                Err(e) => faults.push(e),
            }
        }
        if faults.is_empty() { Ok(Acts(all)) } else { Err(faults) }
    }

    /// The act of that id.
    pub fn get(&self, id: &str) -> Option<&ActKind> {
        self.0.get(id)
    }

    /// Where nobody looks in a source of that store and reach, as words of `out_of_scope`; each is a standing task.
    pub fn out_of_scope(&self, store: &str, reach: Reach) -> BTreeSet<&str> {
        let standing = self.0.values().filter(|act| act.stands_for(store, reach));
        standing.filter_map(|act| act.standing.as_ref()).flat_map(|s| s.settles.iter().map(String::as_str)).collect()
    }

    /// All acts, by id.
    pub fn all(&self) -> impl Iterator<Item = (&str, &ActKind)> {
        self.0.iter().map(|(id, act)| (id.as_str(), act))
    }
}
