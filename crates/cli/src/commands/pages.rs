//! Offline pages that other commands write for people without a terminal.

use std::path::Path;

use papers::Kind;
use serde_json::{Value, json};
use terms::Fault;
use work::Workspace;

use super::Session;

/// Writes a page; one of an earlier time is replaced.
pub fn write(path: &Path, kind: Kind, data: &Value) -> Result<(), Fault> {
    std::fs::write(path, papers::page(kind, data)).map_err(|_| Fault::new("file_unwritable").with("file", path.display()))
}

/// `approve.html` for the plan in force, beside the case file; gives its name.
pub fn approval(session: &Session<'_>, workspace: &Workspace) -> Result<std::path::PathBuf, Fault> {
    let briefing = work::briefing(workspace)?.bytes().map_err(|_| Fault::new("document_form"))?;
    let path = workspace.paths.base.join("approve.html");
    write(&path, Kind::Approve, &json!({"briefing": String::from_utf8_lossy(&briefing), "lang": session.lang.code()}))?;
    Ok(path)
}
