//! Attachments: files that somebody gives as evidence, sealed in the vault under a name that tells nothing of them (EVIDENCE §5).

use std::path::{Path, PathBuf};

use ledger::{b64, keyed};
use terms::Fault;
use terms::json::{Json, json};
use vault::random_key;

use crate::workspace::Workspace;

/// Largest file that is taken as evidence.
const BYTES_MAX: u64 = 64 << 20;
/// Most files for one entry.
const FILES_MAX: usize = 64;

/// Sealed attachments of one entry.
#[derive(Default)]
pub(crate) struct Sealed {
    /// Their names, for the line.
    pub names: Vec<String>,
    /// Name, salt and file name of each, for the sealed body.
    pub body: Vec<Json>,
}

/// Seals files; nothing is sealed if one of them cannot be read.
///
/// # Errors
/// If a file is missing, empty or too large, or there are too many.
pub(crate) fn seal(workspace: &mut Workspace, files: &[PathBuf]) -> Result<Sealed, Fault> {
    if files.len() > FILES_MAX {
        return Err(Fault::new("too_many_files").with("most", FILES_MAX));
    }
    let mut read = Vec::new();
    for file in files {
        let called = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        read.push((called, bytes_of(file)?));
    }
    seal_bytes(workspace, read)
}

/// Seals what is no file yet, each by the name that it is called.
///
/// # Errors
/// If the vault cannot be written.
pub(crate) fn seal_bytes(workspace: &mut Workspace, called: Vec<(String, Vec<u8>)>) -> Result<Sealed, Fault> {
    let mut out = Sealed::default();
    for (called, bytes) in called {
        let salt = random_key()?;
        let hex: String = keyed(&salt, "attachment", &[&bytes]).iter().map(|b| format!("{b:02x}")).collect();
        let name = format!("a-{hex}");
        workspace.vault()?.put(&name, &bytes)?;
        out.body.push(json!({"file": called, "name": name, "salt": b64::url(&*salt)}));
        out.names.push(name);
    }
    Ok(out)
}

fn bytes_of(file: &Path) -> Result<Vec<u8>, Fault> {
    let missing = || Fault::new("evidence_missing").with("file", file.display());
    let length = std::fs::metadata(file).ok().filter(std::fs::Metadata::is_file).ok_or_else(missing)?.len();
    if length == 0 || length > BYTES_MAX {
        return Err(Fault::new("evidence_size").with("file", file.display()).with("most", BYTES_MAX >> 20));
    }
    std::fs::read(file).map_err(|_| missing())
}
