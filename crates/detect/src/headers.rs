//! What a column's name says, in Chinese, pinyin and English.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    kinds: std::collections::BTreeMap<String, Words>,
    ambiguous: Vec<String>,
    not_person: Vec<String>,
}

#[derive(Deserialize)]
struct Words {
    #[serde(default)]
    zh: Vec<String>,
    #[serde(default)]
    pinyin: Vec<String>,
    #[serde(default)]
    en: Vec<String>,
}

/// What a column's name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderSays {
    /// It announces this kind.
    Kind {
        /// The kind's word in the lexicon.
        kind: String,
        /// Whether the whole name is an unambiguous word; else it is only a suspicion.
        sure: bool,
    },
    /// It names things, not people.
    Things,
    /// It says nothing.
    Nothing,
}

/// The lexicon.
#[derive(Clone, Debug)]
pub struct Headers {
    words: HashMap<String, String>,
    by_length: Vec<(String, String)>,
    ambiguous: HashSet<String>,
    things: HashSet<String>,
    things_ending: Vec<String>,
}

impl Headers {
    /// The lexicon that ships with Custody.
    ///
    /// # Errors
    /// If the shipped file is damaged.
    pub fn shipped() -> Result<Headers, String> {
        let file: File = serde_saphyr::from_str(include_str!("../data/headers.yaml")).map_err(|e| e.to_string())?;
        let mut words = HashMap::new();
        for (kind, list) in file.kinds {
            for word in list.zh.into_iter().chain(list.pinyin).chain(list.en) {
                words.insert(normal(&word), kind.clone());
            }
        }
        let mut by_length: Vec<(String, String)> =
            words.iter().filter(|(w, _)| w.chars().count() > 2 || !w.is_ascii()).map(|(a, b)| (a.clone(), b.clone())).collect();
        by_length.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.0.cmp(&b.0)));
        let (ending, whole): (Vec<String>, Vec<String>) = file.not_person.into_iter().partition(|w| w.starts_with('*'));
        Ok(Headers {
            words,
            by_length,
            ambiguous: file.ambiguous.iter().map(|w| normal(w)).collect(),
            things: whole.iter().map(|w| normal(w)).collect(),
            things_ending: ending.iter().map(|w| normal(w.trim_start_matches('*'))).collect(),
        })
    }

    /// What a name says.
    pub fn read(&self, name: &str) -> HeaderSays {
        let name = normal(name);
        if let Some(kind) = self.words.get(&name) {
            return HeaderSays::Kind { kind: kind.clone(), sure: !self.ambiguous.contains(&name) };
        }
        if self.things.contains(&name) || self.things_ending.iter().any(|e| name.ends_with(e.as_str())) {
            return HeaderSays::Things;
        }
        let of = |fits: &dyn Fn(&str) -> bool| self.by_length.iter().find(|(w, _)| fits(w)).map(|(w, k)| (w, k));
        let found = of(&|w| name.ends_with(w)).or_else(|| of(&|w| w.len() >= 4 && name.contains(w)));
        match found {
            Some((word, kind)) => HeaderSays::Kind { kind: kind.clone(), sure: !self.ambiguous.contains(word) },
            None => HeaderSays::Nothing,
        }
    }

    /// Whether a name is one of the lexicon's own words, so that it can hold no person.
    pub fn knows(&self, name: &str) -> bool {
        let name = normal(name);
        self.words.contains_key(&name) || self.things.contains(&name) || self.ambiguous.contains(&name)
    }
}

/// Lower case, full-width folded, separators taken out.
fn normal(name: &str) -> String {
    name.chars()
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            _ => c,
        })
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-' | '.' | '\u{3000}'))
        .flat_map(char::to_lowercase)
        .collect()
}
