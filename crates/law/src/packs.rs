//! Packs as files: fact table, words and laws read together.

use std::collections::BTreeMap;

use facts::{Table, Words};

use crate::acts::Acts;
use crate::book::{LawBook, PackError};

/// Packs, read and checked.
#[derive(Clone, Debug)]
pub struct Packs {
    /// Path inside `packs/` → text.
    pub files: BTreeMap<String, String>,
    /// Kinds of acts.
    pub acts: Acts,
    /// The rules.
    pub book: LawBook,
    /// The fact table.
    pub table: Table,
    /// Words for values.
    pub words: Words,
}

impl Packs {
    /// Reads packs from files (path inside `packs/`, text).
    ///
    /// # Errors
    /// All faults of all files, by file, line and field.
    pub fn read(files: BTreeMap<String, String>) -> Result<Packs, Vec<PackError>> {
        let one = |file: &str, line: u64, what: String| vec![PackError { file: file.to_owned(), line, field: "file".to_owned(), what }];
        let text = |name: &str| files.get(name).map(String::as_str).ok_or_else(|| one(name, 0, "is missing".to_owned()));
        let table = Table::read(text("facts.yaml")?).map_err(|e| one("facts.yaml", e.line, e.what))?;
        let words = Words::read(text("values.yaml")?).map_err(|e| one("values.yaml", 0, e))?;
        let laws = files.iter().filter_map(|(path, text)| Some((path.strip_prefix("law/")?, text.as_str())));
        let book = LawBook::read(laws, &table)?;
        let acts = Acts::read(files.iter().filter(|(path, _)| path.starts_with("acts/")).map(|(p, t)| (p.as_str(), t.as_str())))?;
        Ok(Packs { acts, files, book, table, words })
    }

    /// The folders of files, each a pack of its own in the dossier.
    pub fn folders(&self) -> BTreeMap<String, Vec<(&String, &String)>> {
        let mut out: BTreeMap<String, Vec<(&String, &String)>> = BTreeMap::new();
        for (path, text) in &self.files {
            let folder = path.rsplit_once('/').map_or("facts", |(f, _)| f);
            out.entry(folder.to_owned()).or_default().push((path, text));
        }
        out
    }
}
