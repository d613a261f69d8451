//! Place ids for real names: given once, kept for the life of the case, the map itself in the vault.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use terms::Place;

use crate::ours::Ours;

/// Real name (`src1` + name) → place id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Places {
    /// What half-done files of this workspace are marked with.
    #[serde(default)]
    mark: String,
    /// Where the workspace notes how it left files.
    #[serde(skip)]
    notes: Option<PathBuf>,
    /// Sources in the order of their ordinals: id and kind, and the path at which their data sets were sealed.
    #[serde(default)]
    sources: Vec<(String, String)>,
    names: BTreeMap<String, Place>,
    /// By file: how often something in it could not be read, and why, when it was first listed or when its rows were sealed.
    #[serde(default)]
    unread: BTreeMap<Place, Reasons>,
    /// The same when it was last listed.
    #[serde(default)]
    now: BTreeMap<Place, Reasons>,
}

/// Reasons for which something was not read, and how often.
pub(crate) type Reasons = BTreeMap<String, u64>;

impl Places {
    /// A map that is still empty, for the workspace with that mark.
    pub fn marked(mark: String) -> Places {
        Places { mark, ..Places::default() }
    }

    /// The same for a workspace that notes there how it left files.
    #[must_use]
    pub fn with_notes(self, notes: PathBuf) -> Places {
        Places { notes: Some(notes), ..self }
    }

    /// By what the workspace tells its own files.
    pub(crate) fn ours(&self) -> Ours {
        Ours { mark: self.mark.clone(), notes: self.notes.clone() }
    }

    /// Keeps sources in their order; `false` if one that is known would be another now.
    pub fn keep_order(&mut self, ids: &[String]) -> bool {
        // A source of which nothing was sealed may still go.
        let sealed = self.sources.iter().rposition(|(_, path)| !path.is_empty()).map_or(0, |i| i + 1);
        let kept = self.sources.get(..sealed).unwrap_or_default();
        let same = sealed <= ids.len() && kept.iter().zip(ids).all(|((known, _), id)| known == id);
        if same {
            self.sources.truncate(sealed);
            self.sources.extend(ids.iter().skip(sealed).map(|id| (id.clone(), String::new())));
        }
        same
    }

    /// The path at which a source's data sets were sealed; empty before.
    pub fn sealed_at(&self, ordinal: usize) -> &str {
        self.sources.get(ordinal).map(|(_, path)| path.as_str()).unwrap_or_default()
    }

    /// Remembers where sources lie whose data sets are sealed now; what cannot be read is in no seal.
    pub fn seal_at(&mut self, paths: &[String]) {
        self.unread.append(&mut self.now);
        for ((_, room), path) in self.sources.iter_mut().zip(paths) {
            room.clone_from(path);
        }
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

    /// Remembers what cannot be read in a file now; whether that is more than when its rows were sealed: then some are neither here nor gone.
    pub(crate) fn lost_in(&mut self, file: &Place, missed: Reasons) -> bool {
        let then = self.unread.entry(file.clone()).or_insert_with(|| missed.clone());
        // A picture had no rows before either.
        let more = |(why, n): (&String, &u64)| why != formats::Reason::NoText.code() && *n > then.get(why).copied().unwrap_or_default();
        let lost = missed.iter().any(more);
        self.now.insert(file.clone(), missed);
        lost
    }

    /// The real name of a place.
    pub fn name(&self, place: &Place) -> Option<&str> {
        self.names().find(|(p, _)| *p == place).map(|(_, name)| name)
    }

    /// Every place with its real name, for screens of those who may see it.
    pub fn names(&self) -> impl Iterator<Item = (&Place, &str)> {
        self.names.iter().filter_map(|(key, place)| Some((place, key.rsplit('\u{0}').next()?)))
    }
}
