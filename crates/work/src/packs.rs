//! The rules of a case: law packs, fact table and words, as files that documents and dossier carry.

use std::collections::BTreeMap;

use facts::{Table, Words};
use law::LawBook;
use ledger::sha256;
use store::Documents;
use terms::json::{Strictness, json, to_bytes};
use terms::{Digest, Fault};

/// Packs, read and checked.
pub struct Packs {
    /// Path inside `packs/` → text.
    pub files: BTreeMap<String, String>,
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
    /// Names file, line and field of the first fault.
    pub fn read(files: BTreeMap<String, String>) -> Result<Packs, Fault> {
        let text = |name: &str| files.get(name).map(String::as_str).ok_or_else(|| Fault::new("pack_missing").with("file", name));
        let bad = |file: &str, line: u64, what: String| Fault::new("pack_fault").with("file", file).with("line", line).with("what", what);
        let table = Table::read(text("facts.yaml")?).map_err(|e| bad("facts.yaml", e.line, e.what))?;
        let words = Words::read(text("values.yaml")?).map_err(|e| bad("values.yaml", 0, e))?;
        let laws = files.iter().filter_map(|(path, text)| Some((path.strip_prefix("law/")?, text.as_str())));
        let book = LawBook::read(laws, &table).map_err(|all| {
            let first = all.into_iter().next();
            first.map_or_else(|| bad("law", 0, String::new()), |e| bad(&e.file, e.line, format!("{}: {}", e.field, e.what)))
        })?;
        Ok(Packs { files, book, table, words })
    }

    /// The folders: each pack with its files.
    fn folders(&self) -> BTreeMap<String, Vec<(&String, &String)>> {
        let mut out: BTreeMap<String, Vec<(&String, &String)>> = BTreeMap::new();
        for (path, text) in &self.files {
            let folder = path.rsplit_once('/').map_or("facts", |(f, _)| f);
            out.entry(folder.to_owned()).or_default().push((path, text));
        }
        out
    }

    /// Writes every file and every pack's list of files as documents; gives the packs' digests.
    ///
    /// # Errors
    /// If a document cannot be written.
    pub fn put(&self, documents: &Documents) -> Result<Vec<Digest>, Fault> {
        let mut out = Vec::new();
        for files in self.folders().values() {
            for (_, text) in files {
                documents.put(text.as_bytes())?;
            }
            out.push(documents.put(&self.list(files)?)?);
        }
        out.sort();
        Ok(out)
    }

    fn list(&self, files: &[(&String, &String)]) -> Result<Vec<u8>, Fault> {
        let files: Vec<_> = files.iter().map(|(path, text)| json!({"path": path, "sha256": Digest(sha256(&[text.as_bytes()]))})).collect();
        to_bytes(&json!({"files": files, "type": "custody.pack", "v": 1}), Strictness::Document).map_err(|_| Fault::new("document_form"))
    }
}
