//! Country words to regions of law (`data/regions.yaml`).

use std::collections::HashMap;

use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    countries: Vec<Country>,
}

#[derive(Deserialize)]
struct Country {
    alpha2: String,
    alpha3: String,
    region: String,
    names: Vec<String>,
}

/// The regions.
#[derive(Clone, Debug)]
pub struct Regions(HashMap<String, String>);

impl Regions {
    /// The table that ships with Custody.
    ///
    /// # Errors
    /// If the shipped file is damaged.
    pub fn shipped() -> Result<Regions, String> {
        let file: File = serde_saphyr::from_str(include_str!("../data/regions.yaml")).map_err(|e| e.to_string())?;
        let mut out = HashMap::new();
        for c in file.countries {
            for word in [c.alpha2, c.alpha3].into_iter().chain(c.names) {
                out.insert(normal(&word), c.region.clone());
            }
        }
        Ok(Regions(out))
    }

    /// The region of a country word; none if it is not known.
    pub fn of(&self, word: &str) -> Option<&str> {
        self.0.get(&normal(word)).map(String::as_str)
    }
}

fn normal(word: &str) -> String {
    word.replace('\u{2019}', "'").to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}
