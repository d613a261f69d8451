//! The generated parts of `docs/why/residue.md`, between their markers.

use std::collections::BTreeMap;

use super::{Measured, Store};

/// Texts of the generated parts by marker.
pub struct Page {
    parts: BTreeMap<&'static str, String>,
}

const HEAD: &str =
    "| store | who is looking | left after the recipe, while they look | left after the recipe, when they are gone |\n|---|---|---|---|\n";
const LOOKERS: &str = "lookers";

impl Page {
    /// From what was measured; rows of stores that were not are taken over from the page as it is.
    pub fn of(measured: &[Measured], when: &str, now: &str) -> Page {
        let mut parts: BTreeMap<&'static str, String> = measured.iter().map(|m| (m.store.word(), m.table(when))).collect();
        let before = between(now, LOOKERS).unwrap_or_default();
        let rows = Store::ALL.iter().flat_map(|store| match measured.iter().find(|m| m.store == *store) {
            Some(m) => m.looker_rows(),
            None => before.lines().filter(|l| l.starts_with(&format!("| {} |", store.name()))).map(str::to_owned).collect(),
        });
        parts.insert(LOOKERS, HEAD.to_owned() + &rows.collect::<Vec<_>>().join("\n"));
        Page { parts }
    }

    /// All parts, one below the other.
    pub fn text(&self) -> String {
        self.parts.iter().map(|(name, text)| format!("{}\n{text}\n{}\n\n", open(name), close(name))).collect()
    }
}

/// The page with its generated parts replaced; an error names a marker that is missing.
pub fn written_into(now: &str, page: &Page) -> Result<String, String> {
    let mut out = now.to_owned();
    for (name, text) in &page.parts {
        let (from, to) = place(&out, name).ok_or_else(|| format!("no `{}` … `{}` in the page", open(name), close(name)))?;
        out.replace_range(from..to, &format!("\n{text}\n"));
    }
    Ok(out)
}

fn open(name: &str) -> String {
    format!("<!-- residue:{name} -->")
}

fn close(name: &str) -> String {
    format!("<!-- /residue:{name} -->")
}

fn place(text: &str, name: &str) -> Option<(usize, usize)> {
    let from = text.find(&open(name))? + open(name).len();
    let to = from + text[from..].find(&close(name))?;
    Some((from, to))
}

fn between<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    place(text, name).map(|(from, to)| &text[from..to])
}
