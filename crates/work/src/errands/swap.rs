//! The data of an export takes the place of the one before it, in steps that a run which dies leaves so that the next one goes on.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use case::Event;
use serde::{Deserialize, Serialize};
use terms::{Digest, Fault, Place, Reach};

use super::import::IMPORTED;
use crate::policy::place_of;
use crate::workspace::Workspace;

/// Length and SHA-256 of every file of an export, by its path below the folder.
pub(super) type Listing = BTreeMap<String, (u64, String)>;

/// An export that was compared; it was taken if the entry that it names is in the ledger.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Taken {
    /// The entry.
    pub n: u64,
    /// Its attachments, by which it is known.
    pub evidence: Vec<String>,
    /// The errand that it answers.
    pub errand: String,
    /// What it holds.
    pub files: Listing,
}

fn blob(place: &Place) -> String {
    format!("import-{place}")
}

/// Where an export came from that is on its way.
fn marker(place: &Place) -> String {
    format!("import-from-{place}")
}

/// Every export of a source that the ledger took, the newest last.
pub(super) fn taken(workspace: &mut Workspace, place: &Place) -> Result<Vec<Taken>, Fault> {
    let Some(bytes) = workspace.vault()?.get(&blob(place))? else { return Ok(Vec::new()) };
    let mut all: Vec<Taken> = serde_json::from_slice(&bytes).map_err(|_| Fault::new("vault_damaged"))?;
    let numbers = workspace.state.acts.get(IMPORTED).cloned().unwrap_or_default();
    let admitted = |t: &Taken| {
        let event = if numbers.contains(&t.n) { workspace.event(t.n).ok() } else { None };
        matches!(event, Some(Event::ActRecorded(act)) if act.evidence == t.evidence)
    };
    all.retain(admitted);
    Ok(all)
}

/// Writes down what is about to be taken; it counts once its entry is there.
pub(super) fn announce(workspace: &mut Workspace, place: &Place, mut before: Vec<Taken>, now: Taken) -> Result<(), Fault> {
    // What exports before the last held is of no use any more; that their errands were answered is.
    let keep = before.len().saturating_sub(1);
    before.iter_mut().take(keep).for_each(|t| t.files.clear());
    before.push(now);
    let bytes = serde_json::to_vec(&before).map_err(|_| Fault::new("document_form"))?;
    workspace.vault()?.put(&blob(place), &bytes)
}

/// An export on its way to where the case file says that the source lies.
pub(super) struct Swap {
    came: PathBuf,
    there: PathBuf,
    moved: bool,
    /// What it holds.
    pub files: Listing,
}

impl Swap {
    /// Moves `came` to `there`; what lay there before stands aside until it is decided.
    ///
    /// # Errors
    /// If there is no such folder, or files are in the way that no import took; then all lies where it lay.
    pub(super) fn begin(workspace: &mut Workspace, place: &Place, came: &Path, there: &Path) -> Result<Swap, Fault> {
        // Who puts an export right where the source lies has nothing moved.
        if !same(came, there) {
            settle(workspace, place, there)?;
        }
        if !fs::symlink_metadata(came).is_ok_and(|m| m.is_dir()) {
            return Err(Fault::new("pack_file_missing").with("file", came.display()));
        }
        let mut swap = Swap { came: came.to_owned(), there: there.to_owned(), moved: false, files: listing(came)? };
        if same(came, there) {
            return Ok(swap);
        }
        let from = fs::canonicalize(came).map_err(|_| Fault::new("pack_file_missing").with("file", came.display()))?;
        workspace.vault()?.put(&marker(place), from.to_string_lossy().as_bytes())?;
        if there.exists() {
            step(there, &aside(there))?;
        } else if let Some(parent) = there.parent() {
            fs::create_dir_all(parent).map_err(|_| Fault::new("file_unwritable").with("file", parent.display()))?;
        }
        swap.moved = true;
        match step(came, there) {
            Ok(()) => Ok(swap),
            Err(fault) => swap.back().and(Err(fault)),
        }
    }

    /// The new export is the source now; the one before it is overwritten and removed. Gives what could not be removed.
    pub(super) fn keep(self, workspace: &mut Workspace, place: &Place) -> Option<PathBuf> {
        let old = aside(&self.there);
        // Nothing is on its way any more; if this cannot be written, the next import finds an export that was taken.
        let _ = workspace.vault().and_then(|v| v.put(&marker(place), b""));
        (self.moved && old.exists() && wipe(&old).is_err()).then_some(old)
    }

    /// Everything lies where it lay.
    pub(super) fn back(self) -> Result<(), Fault> {
        if !self.moved {
            return Ok(());
        }
        if self.there.exists() {
            step(&self.there, &self.came)?;
        }
        let old = aside(&self.there);
        if old.exists() { step(&old, &self.there) } else { Ok(()) }
    }
}

fn same(a: &Path, b: &Path) -> bool {
    fs::canonicalize(a).ok().zip(fs::canonicalize(b).ok()).is_some_and(|(a, b)| a == b)
}

fn aside(there: &Path) -> PathBuf {
    let name = there.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    there.with_file_name(format!("{name}.before"))
}

/// What a run that died left in between is brought to one end: what the ledger took stays, everything else goes back to where it came from.
fn settle(workspace: &mut Workspace, place: &Place, there: &Path) -> Result<(), Fault> {
    let mut all = taken(workspace, place)?;
    let (kept, before) = (all.pop().map(|t| t.files), all.pop().map(|t| t.files).unwrap_or_default());
    let from = workspace.vault()?.get(&marker(place))?.filter(|b| !b.is_empty());
    let from = from.map(|b| PathBuf::from(String::from_utf8_lossy(&b).into_owned()));
    let (old, is) = (aside(there), |folder: &Path| kept.is_some() && listing(folder).ok() == kept);
    let in_the_way = |folder: &Path| Fault::new("export_in_the_way").with("file", folder.display());
    // Its files are those of the export before, some of them perhaps overwritten already.
    let superseded = |folder: &Path| listing(folder).is_ok_and(|l| l.keys().all(|name| before.contains_key(name)));
    if old.exists() && is(there) && superseded(&old) {
        return wipe(&old).map_err(|_| Fault::new("file_unwritable").with("file", old.display()));
    }
    if old.exists() && !is(&old) {
        return Err(in_the_way(&old));
    }
    if there.exists() && !is(there) {
        // On its way, and never taken: it is the sender's folder still. An empty one is nobody's.
        let empty = fs::read_dir(there).is_ok_and(|mut d| d.next().is_none());
        match from.filter(|f| !f.exists()) {
            _ if empty => fs::remove_dir(there).map_err(|_| in_the_way(there))?,
            Some(from) => step(there, &from)?,
            None => return Err(in_the_way(there)),
        }
    }
    if old.exists() { step(&old, there) } else { Ok(()) }
}

/// Ends what a run that died left of the imports of every source, before a case is closed.
///
/// # Errors
/// As an import.
pub(crate) fn settle_all(workspace: &mut Workspace) -> Result<(), Fault> {
    let packs = workspace.file.sources.iter().enumerate().filter(|(_, s)| s.reach() == Reach::Pack);
    let there: Vec<(usize, PathBuf)> = packs.map(|(i, s)| (i, workspace.paths.base.join(&s.path.value))).collect();
    for (i, there) in there.into_iter().filter(|(_, there)| aside(there).exists()) {
        let place = place_of(i).ok_or_else(|| Fault::new("document_form"))?;
        settle(workspace, &place, &there)?;
    }
    Ok(())
}

/// Moves a folder; from another disk it has to be moved by hand.
fn step(from: &Path, to: &Path) -> Result<(), Fault> {
    fs::rename(from, to).map_err(|_| Fault::new("pack_elsewhere").with("from", from.display()).with("to", to.display()))
}

/// Overwrites and removes every file below a folder, and the folder.
fn wipe(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if fs::symlink_metadata(&path)?.is_dir() { wipe(&path)? } else { sources::wipe(&path)? }
    }
    fs::remove_dir(folder)
}

/// Every file below a folder with length and digest.
///
/// # Errors
/// If a file cannot be read, or is a link to another one: what is behind it did not come with the export.
pub(super) fn listing(folder: &Path) -> Result<Listing, Fault> {
    let mut out = BTreeMap::new();
    let mut open: Vec<PathBuf> = vec![folder.to_owned()];
    let unread = |path: &Path| Fault::new("pack_file_missing").with("file", path.display());
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(&at).map_err(|_| unread(&at))? {
            let path = entry.map_err(|_| unread(&at))?.path();
            let kind = fs::symlink_metadata(&path).map_err(|_| unread(&path))?;
            if kind.is_dir() {
                open.push(path);
                continue;
            }
            if !kind.is_file() {
                return Err(Fault::new("pack_link").with("file", path.display()));
            }
            let (bytes, digest) = digest_of(&path).map_err(|_| unread(&path))?;
            let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            out.insert(name, (bytes, digest.to_string()));
        }
    }
    Ok(out)
}

fn digest_of(path: &Path) -> std::io::Result<(u64, Digest)> {
    let mut file = File::open(path)?;
    let (mut hash, mut part, mut bytes) = (ledger::LongSha256::default(), vec![0u8; 1 << 16], 0u64);
    loop {
        let n = file.read(&mut part)?;
        if n == 0 {
            return Ok((bytes, Digest(hash.end())));
        }
        hash.add(part.get(..n).unwrap_or_default());
        bytes += n as u64;
    }
}
