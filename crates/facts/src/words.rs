//! The words for values of facts (`packs/values.yaml`), in Chinese and English.

use std::collections::BTreeMap;

use serde::Deserialize;
use terms::{Both, Lang, Value};

/// Words for values.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    values: BTreeMap<String, Both>,
}

impl Words {
    /// The words of a YAML text.
    ///
    /// # Errors
    /// If the YAML does not fit.
    pub fn read(text: &str) -> Result<Words, String> {
        serde_saphyr::from_str(text).map_err(|e| e.without_snippet().to_string())
    }

    /// A single word for people; the word itself if the table lacks it.
    pub fn word(&self, word: &str, lang: Lang) -> String {
        self.values.get(word).map_or(word, |b| b.get(lang)).to_owned()
    }

    /// Every word with its two texts.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Both)> {
        self.values.iter().map(|(word, both)| (word.as_str(), both))
    }

    /// A value for people.
    pub fn value(&self, value: &Value, lang: Lang) -> String {
        match (value, lang) {
            (Value::YesNo(true), Lang::Zh) => "是".to_owned(),
            (Value::YesNo(false), Lang::Zh) => "否".to_owned(),
            (Value::YesNo(true), Lang::En) => "yes".to_owned(),
            (Value::YesNo(false), Lang::En) => "no".to_owned(),
            (Value::One(w), _) => self.word(w, lang),
            (Value::Some(ws), _) => ws.iter().map(|w| self.word(w, lang)).collect::<Vec<_>>().join("、"),
            (other, _) => other.to_string(),
        }
    }
}
