//! By what a workspace tells its own work on files from other people's: a mark in names, and notes of what it did to each place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use terms::Place;

/// By what a workspace tells its own work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ours {
    /// In the names of half-done files.
    pub(crate) mark: String,
    /// The file of its notes, each a line of place and words, the newest last; none if there is no workspace.
    pub(crate) notes: Option<PathBuf>,
}

/// Between what a file will be and what it was.
const OF: &str = " of ";

impl Ours {
    /// Notes something of places, before it is done or after.
    pub(crate) fn note(&self, all: &[(&Place, &str)]) -> io::Result<()> {
        let Some(notes) = &self.notes else { return Ok(()) };
        let lines: String = all.iter().map(|(place, words)| format!("{place} {words}\n")).collect();
        let mut out = OpenOptions::new().create(true).append(true).open(notes)?;
        out.write_all(lines.as_bytes())?;
        out.sync_all()
    }

    /// What was noted, in order: place and words.
    pub(crate) fn noted(&self) -> Vec<(String, String)> {
        let text = self.notes.as_ref().and_then(|n| fs::read_to_string(n).ok()).unwrap_or_default();
        text.lines().filter_map(|line| line.split_once(' ')).map(|(place, words)| (place.to_owned(), words.to_owned())).collect()
    }

    /// What was noted last of a place.
    pub(crate) fn last(&self, place: &Place) -> Option<String> {
        self.noted().into_iter().rev().find(|(p, _)| p == place.as_str()).map(|(_, words)| words)
    }

    /// Notes that a file at a place is about to be replaced by another one.
    pub(crate) fn note_rewriting(&self, place: &Place, new: &Path, old: &Path) -> io::Result<()> {
        self.note(&[(place, &format!("{}{OF}{}", stamp(new)?, stamp(old)?))])
    }

    /// Whether the file at a place is still as the last rewriting of that place left it.
    pub(crate) fn left(&self, place: &Place, file: &Path) -> bool {
        let last = self.last(place);
        let new = last.as_deref().and_then(|words| words.split_once(OF)).map(|(new, _)| new);
        new.is_some_and(|new| stamp(file).is_ok_and(|now| now == new))
    }

    /// Whether a file is the one that the last rewriting of a place was to replace: as it was then, or already being overwritten. Whatever else has
    /// its name now is somebody else's.
    pub(crate) fn replaces(&self, place: &Place, file: &Path) -> bool {
        if self.notes.is_none() {
            return true;
        }
        let last = self.last(place);
        let Some((_, old)) = last.as_deref().and_then(|words| words.split_once(OF)) else { return false };
        let same_length = |now: &str| now.split_once(' ').map(|n| n.0) == old.split_once(' ').map(|o| o.0);
        stamp(file).is_ok_and(|now| now == old || same_length(&now) && is_being_overwritten(file))
    }
}

/// Length, time of the last writing, and number: they stay when a file gets another name (where a file system deals numbers anew when it is mounted,
/// nothing is as it was left).
pub(crate) fn stamp(file: &Path) -> io::Result<String> {
    let found = fs::metadata(file)?;
    let written = found.modified()?.duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_nanos());
    Ok(format!("{} {written} {}", found.len(), number(&found)))
}

/// What tells a file from others of the same file system, where the system says that.
#[cfg(unix)]
fn number(found: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(found)
}

#[cfg(not(unix))]
fn number(_: &fs::Metadata) -> u64 {
    0
}

/// What tells a file that is changed in place from any other of its name.
pub(crate) fn identity(file: &Path) -> io::Result<String> {
    let found = fs::metadata(file)?;
    let made = found.created().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok()).map_or(0, |d| d.as_nanos());
    Ok(format!("is {} {made}", number(&found)))
}

/// Bytes at the beginning of a file by which it is known that overwriting it was begun.
const BEGINNING: u64 = 1 << 16;

/// Whether overwriting a file with zeros was begun: a list or a letter does not begin with them.
pub(crate) fn is_being_overwritten(file: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(file).and_then(|f| f.take(BEGINNING).read_to_end(&mut head));
    read.is_ok_and(|n| n > 0) && head.iter().all(|b| *b == 0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn a_file_is_as_it_was_left_until_somebody_writes_or_replaces_it() {
        let folder = tempfile::tempdir().unwrap();
        let [list, other, old] = ["list.csv", "other.csv", "old.csv"].map(|name| folder.path().join(name));
        let ours = Ours { mark: "m".to_owned(), notes: Some(folder.path().join("rewritten")) };
        let place = |text: &str| Place::new(text.to_owned()).unwrap();
        let write = |path: &Path, seconds: u64| {
            fs::write(path, "text").unwrap();
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            fs::File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
        };
        write(&list, 1_000);
        assert!(!ours.left(&place("src1/f1"), &list), "nothing was noted yet");
        write(&old, 500);
        ours.note_rewriting(&place("src1/f1"), &list, &old).unwrap();
        assert!(ours.left(&place("src1/f1"), &list));
        assert!(ours.replaces(&place("src1/f1"), &old) && !ours.replaces(&place("src1/f1"), &list), "what it was to replace");
        fs::write(&old, [0; 4]).unwrap();
        assert!(ours.replaces(&place("src1/f1"), &old), "overwritten in part");
        fs::write(&old, "else").unwrap();
        assert!(!ours.replaces(&place("src1/f1"), &old), "somebody else's");
        assert!(!ours.left(&place("src1/f11"), &list), "another place");
        fs::rename(&list, &other).unwrap();
        write(&list, 2_000);
        assert!(!ours.left(&place("src1/f1"), &list), "replaced by one that has the same bytes");
        write(&list, 1_000);
        assert!(!ours.left(&place("src1/f1"), &list), "and the same time");
        assert!(ours.left(&place("src1/f1"), &other), "what was left has another name now");
        ours.note_rewriting(&place("src1/f1"), &list, &other).unwrap();
        assert!(ours.left(&place("src1/f1"), &list) && !ours.left(&place("src1/f1"), &other), "the last one counts");
    }
}
