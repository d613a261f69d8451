//! Names in a folder may hold anything: what goes is what was meant, whatever else reads the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::io::{Cursor, Write as _};
use std::path::Path;

use sources::{Action, At, Places};
use terms::{Place, StoreKind};

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        out.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        out.write_all(bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}

/// Erases every document whose text says so.
fn erase(folder: &Path) {
    let mut source = sources::open(StoreKind::Files, &Place::new("src1".to_owned()).unwrap(), At::Path(folder.to_owned())).unwrap();
    let listed = source.list(&mut Places::marked("test".to_owned())).unwrap();
    let documents = listed.datasets.iter().find(|d| d.mentions).unwrap().place.clone();
    source
        .erase(&[documents], &mut |_, batch, row| {
            let goes = batch.cell(row, 1).bytes.starts_with(b"to go");
            Ok(if goes { Action::Delete } else { Action::Keep })
        })
        .unwrap();
}

#[test]
fn a_name_that_reads_like_a_member_of_an_archive_is_not_one() {
    for whole in ["file", "member"] {
        let folder = tempfile::tempdir().unwrap();
        let (file, member): (&[u8], &[u8]) =
            if whole == "file" { (b"to go: the file", b"stays: the member") } else { (b"stays: the file", b"to go: the member") };
        std::fs::create_dir(folder.path().join("a.zip!")).unwrap();
        std::fs::write(folder.path().join("a.zip!/b.txt"), file).unwrap();
        std::fs::write(folder.path().join("a.zip"), zip(&[("b.txt", member), ("c.txt", b"stays")])).unwrap();
        erase(folder.path());
        let mut archive = zip::ZipArchive::new(std::fs::File::open(folder.path().join("a.zip")).unwrap()).unwrap();
        assert_eq!(archive.by_name("b.txt").is_ok(), whole == "file");
        assert!(archive.by_name("c.txt").is_ok());
        assert_eq!(folder.path().join("a.zip!/b.txt").exists(), whole == "member");
    }
}

#[cfg(unix)]
#[test]
fn a_name_with_a_backslash_is_not_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("a")).unwrap();
    std::fs::write(folder.path().join("a/b.txt"), "to go").unwrap();
    std::fs::write(folder.path().join("a\\b.txt"), "stays").unwrap();
    erase(folder.path());
    assert!(!folder.path().join("a/b.txt").exists() && folder.path().join("a\\b.txt").exists());
}
