//! The packs that the binary carries.

use std::collections::BTreeMap;

use law::Packs;
use terms::Fault;

const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/packs.rs"));

/// The shipped packs, read and checked.
///
/// # Errors
/// Names the first fault.
pub fn shipped() -> Result<Packs, Fault> {
    let law = FILES.iter().filter(|(path, _)| !path.starts_with("platforms/"));
    let files: BTreeMap<String, String> = law.map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    Packs::read(files).map_err(|all| {
        let first = all.first();
        Fault::new("pack_fault")
            .with("file", first.map_or("", |e| &e.file))
            .with("line", first.map_or(0, |e| e.line))
            .with("what", first.map_or(String::new(), |e| format!("{}: {}", e.field, e.what)))
    })
}

/// Instructions for platforms: id and text.
pub fn platforms() -> Vec<(&'static str, &'static str)> {
    FILES.iter().filter_map(|(path, text)| Some((path.strip_prefix("platforms/")?.trim_end_matches(".yaml"), *text))).collect()
}
