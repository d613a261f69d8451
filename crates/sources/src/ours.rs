//! By what a workspace tells the files that it wrote from other people's: a mark in their names, and a note of how each was left.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use terms::Place;

/// By what a workspace tells the files that it wrote from other people's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ours {
    /// In the names of half-done files.
    pub(crate) mark: String,
    /// Where it notes how each rewritten file was left; nowhere if there is no workspace.
    pub(crate) notes: Option<PathBuf>,
}

impl Ours {
    /// Notes how a file at a place will be left, before it gets there.
    pub(crate) fn note(&self, place: &Place, file: &Path) -> io::Result<()> {
        let Some(notes) = &self.notes else { return Ok(()) };
        let mut out = OpenOptions::new().create(true).append(true).open(notes)?;
        out.write_all(format!("{place} {}\n", stamp(file)?).as_bytes())?;
        out.sync_all()
    }

    /// Whether the file at a place is still as the last rewriting of that place left it.
    pub(crate) fn left(&self, place: &Place, file: &Path) -> bool {
        let noted = self.notes.as_ref().and_then(|n| fs::read_to_string(n).ok()).unwrap_or_default();
        let last = noted.lines().rev().find_map(|line| line.strip_prefix(place.as_str())?.strip_prefix(' '));
        last.is_some_and(|last| stamp(file).is_ok_and(|now| now == last))
    }
}

/// Length and time of the last writing: both stay when a file gets another name.
fn stamp(file: &Path) -> io::Result<String> {
    let found = fs::metadata(file)?;
    let written = found.modified()?.duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_nanos());
    Ok(format!("{} {written}", found.len()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn a_file_is_as_it_was_left_until_somebody_writes_or_replaces_it() {
        let folder = tempfile::tempdir().unwrap();
        let (list, other) = (folder.path().join("list.csv"), folder.path().join("other.csv"));
        let ours = Ours { mark: "m".to_owned(), notes: Some(folder.path().join("rewritten")) };
        let place = |text: &str| Place::new(text.to_owned()).unwrap();
        let write = |path: &Path, seconds: u64| {
            fs::write(path, "text").unwrap();
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            fs::File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
        };
        write(&list, 1_000);
        assert!(!ours.left(&place("src1/f1"), &list), "nothing was noted yet");
        ours.note(&place("src1/f1"), &list).unwrap();
        assert!(ours.left(&place("src1/f1"), &list));
        assert!(!ours.left(&place("src1/f11"), &list), "another place");
        fs::rename(&list, &other).unwrap();
        write(&list, 2_000);
        assert!(!ours.left(&place("src1/f1"), &list), "replaced by one that has the same bytes");
        assert!(ours.left(&place("src1/f1"), &other), "what was left has another name now");
        ours.note(&place("src1/f1"), &list).unwrap();
        assert!(ours.left(&place("src1/f1"), &list) && !ours.left(&place("src1/f1"), &other), "the last one counts");
    }
}
