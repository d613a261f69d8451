//! Whose work it was that something is not there any more: told by what lies there, and by what was noted before.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::Path;

use sources::{Action, At, Places, Source};
use terms::{Place, StoreKind};

fn place(text: &str) -> Place {
    Place::new(text.to_owned()).unwrap()
}

fn listed(kind: StoreKind, at: &Path, places: &mut Places) -> Box<dyn Source> {
    let mut open = sources::open(kind, &place("src1"), At::Path(at.to_owned())).unwrap();
    open.list(places).unwrap();
    open
}

#[test]
fn a_database_that_another_one_stands_for_is_not_as_it_was_left() {
    let keep = tempfile::tempdir().unwrap();
    let (path, away) = (keep.path().join("shop.db"), keep.path().join("away.db"));
    let made = |path: &Path, rows: &str| {
        rusqlite::Connection::open(path)
            .unwrap()
            .execute_batch(&format!("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); {rows}"))
            .unwrap();
    };
    made(&path, "INSERT INTO t VALUES (1, 'Ann'), (2, 'Bob')");
    let mut places = Places::marked("m".to_owned()).with_notes(keep.path().join("rewritten"));
    let mut open = listed(StoreKind::Sqlite, &path, &mut places);
    assert!(!open.as_left(&place("src1/t1")), "nothing was erased yet");
    open.erase(&[place("src1/t1")], &mut |_, _, _| Ok(Action::Delete)).unwrap();
    open.purge(&[place("src1/t1")]).unwrap();
    assert!(open.as_left(&place("src1/t1")));
    std::fs::rename(&path, &away).unwrap();
    made(&path, "");
    assert!(!listed(StoreKind::Sqlite, &path, &mut places).as_left(&place("src1/t1")));
    std::fs::rename(&away, &path).unwrap();
    assert!(listed(StoreKind::Sqlite, &path, &mut places).as_left(&place("src1/t1")));
}

/// What a folder of three letters is like after a run that ended while it took them away: the first was gone, it was the turn of the second.
fn broken_off(more: impl Fn(&Path)) -> (bool, Vec<String>) {
    noted("", more)
}

/// Length, time and number of a file, as they are noted.
fn stamp(file: &Path) -> String {
    let found = std::fs::metadata(file).unwrap();
    let written = found.modified().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    format!("{} {written} {}", found.len(), std::os::unix::fs::MetadataExt::ino(&found))
}

/// The same with more notes.
fn noted(notes_more: &str, more: impl Fn(&Path)) -> (bool, Vec<String>) {
    let keep = tempfile::tempdir().unwrap();
    let (folder, notes) = (keep.path().join("letters"), keep.path().join("rewritten"));
    std::fs::create_dir(&folder).unwrap();
    for name in ["a.txt", "b.txt", "c.txt", "d.txt"] {
        std::fs::write(folder.join(name), format!("A letter, {name}.")).unwrap();
    }
    let mut places = Places::marked("m".to_owned()).with_notes(notes.clone());
    listed(StoreKind::Files, &folder, &mut places);
    let going = ["a.txt", "b.txt", "c.txt"].map(|name| stamp(&folder.join(name)));
    let [a, b, c] = going;
    std::fs::write(&notes, format!("src1/d1 begins\nsrc1/f1 going {a}\nsrc1/f2 going {b}\nsrc1/f3 going {c}\nsrc1/f1 gone\n{notes_more}"))
        .unwrap();
    std::fs::remove_file(folder.join("a.txt")).unwrap();
    more(&folder);
    let open = listed(StoreKind::Files, &folder, &mut places);
    let mut left: Vec<String> = std::fs::read_dir(&folder).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    (open.as_left(&place("src1/d1")), left)
}

#[test]
fn letters_that_somebody_else_took_away_are_not_ours() {
    let remove =
        |names: &'static [&'static str]| move |folder: &Path| names.iter().for_each(|n| std::fs::remove_file(folder.join(n)).unwrap());
    assert_eq!(broken_off(remove(&[])), (true, vec!["b.txt".to_owned(), "c.txt".to_owned(), "d.txt".to_owned()]));
    assert!(!broken_off(remove(&["b.txt"])).0, "what Custody removes was noted before");
    assert!(noted("src1/f2 gone\n", remove(&["b.txt"])).0);
    assert!(!broken_off(remove(&["c.txt"])).0, "it was not its turn");
    assert!(!broken_off(remove(&["b.txt", "c.txt"])).0);
    assert!(broken_off(remove(&["d.txt"])).0, "it was not to go");
    let written = |folder: &Path| std::fs::write(folder.join("c.txt"), "Another letter.").unwrap();
    assert!(!broken_off(written).0, "somebody else's, by the same name");
    // An erasing that ended says nothing of the next one, which had not begun yet.
    assert!(!noted("src1/f2 gone\nsrc1/f3 gone\nsrc1/d1 ended\n", remove(&["b.txt", "c.txt"])).0);
}

#[test]
fn a_letter_that_was_overwritten_and_not_yet_removed_goes_with_the_next_look() {
    let zeroed = |name: &'static str| move |folder: &Path| std::fs::write(folder.join(name), [0; 17]).unwrap();
    assert_eq!(broken_off(zeroed("b.txt")), (true, vec!["c.txt".to_owned(), "d.txt".to_owned()]));
    assert_eq!(noted("src1/f2 gone\n", zeroed("b.txt")), (true, vec!["c.txt".to_owned(), "d.txt".to_owned()]));
    assert_eq!(broken_off(zeroed("c.txt")).1, ["b.txt", "c.txt", "d.txt"], "somebody else's zeros");
}
