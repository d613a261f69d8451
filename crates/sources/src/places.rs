//! Place ids for real names: given once, kept for the life of the case, the map itself in the vault.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use terms::Place;

/// Real name (`src1` + name) → place id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Places {
    /// What half-done files of this workspace are marked with.
    #[serde(default)]
    mark: String,
    names: BTreeMap<String, Place>,
}

impl Places {
    /// A map that is still empty, for the workspace with that mark.
    pub fn marked(mark: String) -> Places {
        Places { mark, names: BTreeMap::new() }
    }

    /// The workspace's mark.
    pub fn mark(&self) -> &str {
        &self.mark
    }

    /// The place of a name under a parent; a new name gets the next number of its letter.
    pub fn of(&mut self, parent: &Place, letter: char, name: &str) -> Option<Place> {
        let key = format!("{parent}\u{0}{letter}\u{0}{name}");
        if let Some(place) = self.names.get(&key) {
            return Some(place.clone());
        }
        let beginning = format!("{parent}\u{0}{letter}\u{0}");
        let number = self.names.keys().filter(|k| k.starts_with(&beginning)).count() + 1;
        let joint = if letter == 's' { '.' } else { '/' };
        let place = Place::new(format!("{parent}{joint}{letter}{number}"))?;
        self.names.insert(key, place.clone());
        Some(place)
    }

    /// The real name of a place, for screens of those who may see it.
    pub fn name(&self, place: &Place) -> Option<&str> {
        self.names.iter().find(|(_, p)| *p == place).and_then(|(k, _)| k.rsplit('\u{0}').next())
    }
}
