//! Replacing and removing files so that the old bytes are overwritten where they lay, also when it is cut off (docs/why/residue.md).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use terms::{Fault, Place};

use crate::control::LeaveOut;
use crate::ours::Ours;
use crate::places::Places;
use crate::walk::{io_fault, walk};

/// Makes the entries of a folder durable, where the system allows it.
///
/// # Errors
/// If the folder cannot be opened or synced.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        fs::File::open(folder)?.sync_all()
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        Ok(())
    }
}

/// Overwrites a file with zeros in place and syncs it.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn zero(path: &Path) -> io::Result<()> {
    let len = fs::metadata(path)?.len();
    let mut file = OpenOptions::new().write(true).open(path)?;
    let zeros = vec![0u8; 1 << 16];
    let mut left = len;
    while left > 0 {
        let part = usize::try_from(left.min(zeros.len() as u64)).unwrap_or_default();
        file.write_all(zeros.get(..part).unwrap_or_default())?;
        left -= part as u64;
    }
    file.sync_all()
}

/// Overwrites a file with zeros, then removes it.
///
/// # Errors
/// If it cannot be written or removed; a file that is not there is fine.
pub fn wipe(path: &Path) -> io::Result<()> {
    wipe_noting(path, || Ok(()))
}

/// The same, with something noted between: a file that is not there and of which nothing was noted was taken away by somebody else.
///
/// # Errors
/// As [`wipe`], or if it cannot be noted.
pub(crate) fn wipe_noting(path: &Path, note: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    if !path.exists() {
        return Ok(());
    }
    zero(path)?;
    note()?;
    fs::remove_file(path)?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

/// Puts `ready` (complete and synced) in the place of `old`: the old bytes are overwritten in place first.
///
/// # Errors
/// If a step fails; calling it again goes on where it stopped.
pub(crate) fn replace(ready: &Path, old: &Path, overwrite: bool) -> io::Result<()> {
    if overwrite && old.exists() {
        zero(old)?;
    }
    fs::rename(ready, old)?;
    sync_folder(old.parent().unwrap_or(Path::new(".")))
}

/// A file that is written anew beside the old one. The mark in its name is the workspace's: one with another mark is somebody else's.
pub(crate) struct Rewrite<'a> {
    old: &'a Path,
    place: &'a Place,
    ours: &'a Ours,
    part: PathBuf,
    ready: PathBuf,
    overwrite: bool,
}

impl<'a> Rewrite<'a> {
    pub(crate) fn new(old: &'a Path, place: &'a Place, ours: &'a Ours) -> Rewrite<'a> {
        let name = |state: &str| format!(".custody-{}-{}.{state}", ours.mark, place.as_str().replace('/', "_"));
        let beside = |state: &str| old.with_file_name(name(state));
        Rewrite { old, place, ours, part: beside("part"), ready: beside("ready"), overwrite: true }
    }

    /// The same without steps that are left out on purpose.
    pub(crate) fn without(self, left_out: &LeaveOut) -> Rewrite<'a> {
        Rewrite { overwrite: !left_out.has("overwrite"), ..self }
    }

    /// Writes the new file, syncs it, gives it the old one's rights and its place.
    ///
    /// # Errors
    /// If a step fails; the old file is then whole, or the new one is and the next start finishes.
    pub(crate) fn carry_out(&self, write: &mut dyn FnMut(File) -> io::Result<()>) -> io::Result<()> {
        let written = self.written(write).and_then(|()| self.ours.note_rewriting(self.place, &self.part, self.old));
        written.inspect_err(|_| {
            // A half-written file holds personal data too; if it cannot be wiped now, the next start does it.
            let _ = wipe(&self.part);
        })?;
        fs::rename(&self.part, &self.ready)?;
        sync_folder(self.old.parent().unwrap_or(Path::new(".")))?;
        replace(&self.ready, self.old, self.overwrite)
    }

    /// The new file, whole and closed: some systems say only then when it was written.
    fn written(&self, write: &mut dyn FnMut(File) -> io::Result<()>) -> io::Result<()> {
        let rights = fs::metadata(self.old)?.permissions();
        let file = private(&self.part)?;
        let synced = file.try_clone()?;
        write(file)?;
        synced.sync_all()?;
        // Who might read the old file may read the new one, and nobody else.
        fs::set_permissions(&self.part, rights)
    }
}

/// A new file that only its owner may read.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Finishes what a crash interrupted: a whole new file takes the old one's place, a part is wiped. Where the old one went away, or another has its
/// name now, the new one is wiped: what it was made of is somebody else's business now.
pub(crate) fn recover(folder: &Path, source: &Place, places: &Places) -> Result<(), Fault> {
    let ours = places.ours();
    let own = format!(".custody-{}-", ours.mark);
    let file = if folder.is_file() { folder.parent().unwrap_or(Path::new(".")) } else { folder };
    for found in walk(file, source)?.into_iter().filter(|f| f.unread.is_none()) {
        let name = found.path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let Some(rest) = name.strip_prefix(&own).filter(|_| !ours.mark.is_empty()) else { continue };
        let map = |e: io::Error| io_fault(&e, source);
        if rest.ends_with(".part") {
            wipe(&found.path).map_err(map)?;
        } else if let Some(id) = rest.strip_suffix(".ready") {
            // A sheet's place is its file's and a letter more.
            let of = |id: &str| Place::new(id.replacen('_', "/", 1)).filter(|p| p.source() == source.as_str());
            let (place, list) = (of(id), of(id.split('.').next().unwrap_or(id)));
            let known = list.as_ref().and_then(|p| places.name(p));
            let old = known.map(|n| if folder.is_file() { folder.to_owned() } else { folder.join(n) });
            // The old file lies beside the new one, or its name was taken already.
            if let Some(old) = old.filter(|o| o.parent() == found.path.parent()) {
                match place.filter(|place| ours.replaces(place, &old)) {
                    Some(_) => replace(&found.path, &old, true).map_err(map)?,
                    None => wipe(&found.path).map_err(map)?,
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Read;

    use super::*;

    /// A list of which the new file was whole when the run ended; gives what lies there after the next start.
    fn started(more: impl Fn(&Path)) -> Option<String> {
        let keep = tempfile::tempdir().unwrap();
        let (folder, source) = (keep.path().join("lists"), Place::new("src1".to_owned()).unwrap());
        fs::create_dir(&folder).unwrap();
        let list = folder.join("list.csv");
        fs::write(&list, "Ann\nBob\n").unwrap();
        // Whatever is written from here on is newer, however coarse the clock of the disk.
        File::options().write(true).open(&list).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
        let mut places = Places::marked("m".to_owned()).with_notes(keep.path().join("rewritten"));
        let (place, ours) = (places.of(&source, 'f', "list.csv").unwrap(), places.ours());
        let rewrite = Rewrite::new(&list, &place, &ours);
        rewrite.written(&mut |mut part| part.write_all(b"Bob\n")).unwrap();
        ours.note_rewriting(&place, &rewrite.part, &list).unwrap();
        fs::rename(&rewrite.part, &rewrite.ready).unwrap();
        more(&list);
        recover(&folder, &source, &places).unwrap();
        assert!(!rewrite.ready.exists(), "nothing half-done stays");
        let mut out = String::new();
        File::open(&list).ok()?.read_to_string(&mut out).unwrap();
        Some(out)
    }

    #[test]
    fn a_new_file_takes_the_name_of_the_very_one_that_it_was_made_of() {
        assert_eq!(started(|_| ()).as_deref(), Some("Bob\n"));
        assert_eq!(started(|list| fs::write(list, [0; 8]).unwrap()).as_deref(), Some("Bob\n"), "it was being overwritten");
        assert_eq!(started(|list| fs::write(list, "Cat\nDan\n").unwrap()).as_deref(), Some("Cat\nDan\n"), "somebody else's");
        assert_eq!(started(|list| fs::remove_file(list).unwrap()), None, "it went away");
    }
}
