//! An outsider finds what is there, in files and in members of files, with a list or blinded; and nothing with the wrong key.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::io::{Cursor, Write as _};
use std::path::Path;
use std::process::{Command, Output};

use remains::{BlindKey, Blinded, Kind, Needles};

const VALUES: [&str; 3] = ["person.one@example.com", "13800138000", "上海市浦东新区世纪大道一号"];

/// A folder with each value in another form, and a file that only looks like an archive.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("plain.txt", format!("before {} after", VALUES[0]).as_bytes());
    write("number.bin", &[b"....".as_slice(), &13_800_138_000i64.to_le_bytes()].concat());
    write("clean.txt", b"nothing of anybody");
    write("broken.zip", b"PK\x03\x04 and no more");
    let mut packed = zip::ZipWriter::new(std::fs::File::create(folder.path().join("old.zip")).unwrap());
    packed.start_file("a/inner.txt.gz", zip::write::SimpleFileOptions::default()).unwrap();
    let mut inner = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    inner.write_all(format!("deep {}", VALUES[2]).as_bytes()).unwrap();
    packed.write_all(&inner.finish().unwrap()).unwrap();
    packed.finish().unwrap();
    folder
}

fn output(args: &[&str], key: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_custody-verify"));
    command.arg("remains").arg("--json").args(args).env_remove("CUSTODY_FILTER_KEY");
    command.envs(key.map(|k| ("CUSTODY_FILTER_KEY", k))).output().unwrap()
}

fn run(args: &[&str], key: Option<&str>) -> (i32, serde_json::Value) {
    let out = output(args, key);
    (out.status.code().unwrap(), serde_json::from_slice(&out.stdout).unwrap_or_default())
}

/// The exit code, and whether it is said how a key is written.
fn refused(args: &[&str], key: Option<&str>) -> (i32, bool) {
    let out = output(args, key);
    (out.status.code().unwrap(), String::from_utf8(out.stderr).unwrap().contains("exactly 32 hexadecimal digits"))
}

fn names(found: &serde_json::Value, list: &str) -> Vec<String> {
    let name = |h: &serde_json::Value| Path::new(h["file"].as_str().unwrap()).file_name().unwrap().to_str().unwrap().to_owned();
    found[list].as_array().unwrap().iter().map(name).collect()
}

fn unread(found: &serde_json::Value) -> Vec<String> {
    let reasons = found["unread"].as_array().unwrap().iter().map(|u| u["reason"].as_str().unwrap());
    names(found, "unread").iter().zip(reasons).map(|(name, reason)| format!("{name} {reason}")).collect()
}

/// A text that is nowhere as it lies once it is packed.
fn text() -> Vec<u8> {
    format!("to {}\n", VALUES[0]).into_bytes()
}

fn zip(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    out.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    out.write_all(bytes).unwrap();
    out.finish().unwrap().into_inner()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn tar(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(bytes.len() as u64);
    out.append_data(&mut header, name, bytes).unwrap();
    out.into_inner().unwrap()
}

/// An end record that says that there is nothing before it.
fn end_of_nothing(at: usize) -> Vec<u8> {
    [b"PK\x05\x06", &[0; 12][..], &u32::try_from(at).unwrap().to_le_bytes(), &[0; 2]].concat()
}

/// The same archive, whose members are said to be encrypted.
fn locked(mut zip: Vec<u8>) -> Vec<u8> {
    let directory = zip.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    zip[6] |= 1;
    zip[directory + 8] |= 1;
    zip
}

/// What a list of the values finds in one file.
fn found_in(name: &str, bytes: &[u8]) -> serde_json::Value {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), bytes).unwrap();
    let list = folder.path().with_extension("list");
    std::fs::write(&list, VALUES.join("\n")).unwrap();
    run(&["--list", list.to_str().unwrap(), folder.path().to_str().unwrap()], None).1
}

#[test]
fn however_it_is_packed_it_is_found() {
    let (text, own) = (text(), zip("a.txt", &text()));
    let letter = "From: a@b.cc\nTo: c@d.ee\nMIME-Version: 1.0\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\ndG8gcGVyc29uLm9uZUBleGFtcGxlLmNvbQo=\n";
    let wide: Vec<u8> =
        [0xff, 0xfe, 0, 0].into_iter().chain(String::from_utf8_lossy(&text).chars().flat_map(|c| u32::from(c).to_le_bytes())).collect();
    let packed: [(&str, Vec<u8>); 15] = [
        ("wide.txt", wide),
        ("a.tar.gz", gzip(&tar("a.txt", &text))),
        ("gz.tar", tar("a.gz", &gzip(&text))),
        ("zip.tar", tar("old/a.zip", &own)),
        ("tar.zip", zip("a.tar", &tar("b.gz", &gzip(&text)))),
        ("setup.exe", [b"MZ\x90\0 not an archive ".as_slice(), &own].concat()),
        ("note.txt", [b"a note, and behind it\n".as_slice(), &own].concat()),
        ("exe.zip", zip("setup.exe", &[b"MZ\x90\0".as_slice(), &own].concat())),
        ("twice.zip", [own.as_slice(), &zip("b.txt", b"nothing")].concat()),
        ("forged.zip", [own.as_slice(), &end_of_nothing(own.len())].concat()),
        ("twice.gz", [gzip(b"nothing\n"), gzip(&text)].concat()),
        ("a.z", zlib(&text)),
        ("z.zip", zip("a.z", &zlib(&text))),
        ("letter.eml", letter.as_bytes().to_vec()),
        ("sparse.gz", gzip(&[vec![0; 4 << 20], text.clone()].concat())),
    ];
    for (name, bytes) in packed {
        assert!(!bytes.windows(VALUES[0].len()).any(|w| w == VALUES[0].as_bytes()), "{name}: it does not stand there as it lies");
        let found = found_in(name, &bytes);
        assert_eq!(names(&found, "hits"), [name], "{found:#}");
        let hidden: &[&str] = if ["twice.zip", "forged.zip"].contains(&name) { &["trailing_bytes"] } else { &[] };
        assert_eq!(unread(&found), hidden.iter().map(|why| format!("{name} {why}")).collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn what_nobody_opens_is_unread() {
    let shut: [(&str, Vec<u8>, &str); 13] = [
        ("a.age", b"age-encryption.org/v1\n-> X25519 and so on".to_vec(), "packed"),
        ("a.asc", b"-----BEGIN PGP MESSAGE-----\n\nand so on".to_vec(), "packed"),
        ("a.enc", b"Salted__and so on".to_vec(), "packed"),
        ("a.kdbx", b"\x03\xd9\xa2\x9a and so on".to_vec(), "packed"),
        ("a.bz2", b"BZh91AY&SY and so on".to_vec(), "packed"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c and so on".to_vec(), "packed"),
        ("a.xz", b"\xfd7zXZ\0 and so on".to_vec(), "packed"),
        ("a.zst", b"\x28\xb5\x2f\xfd and so on".to_vec(), "packed"),
        ("a.rar", b"Rar!\x1a\x07 and so on".to_vec(), "packed"),
        ("rar.zip", zip("a.rar", b"Rar!\x1a\x07 and so on"), "packed"),
        ("locked.zip", locked(zip("a.txt", &text())), "password_protected"),
        ("scan.png", b"\x89PNG\r\n\x1a\n and so on".to_vec(), "no_text"),
        ("large.tar.gz", gzip(&tar("a.txt", &vec![0; 4 << 20])), "too_large"),
    ];
    for (name, bytes, why) in shut {
        assert_eq!(unread(&found_in(name, &bytes)), [format!("{name} {why}")]);
    }
    for (name, bytes) in
        [("pages.db", b"SQLite format 3\0 pages".as_slice()), ("heap", &[0, 1, 2, 3, 0xff]), ("caret.txt", b"x^ is no stream")]
    {
        assert!(unread(&found_in(name, bytes)).is_empty(), "{name}: its bytes are all there is to it");
    }
}

#[test]
fn names_are_searched_too() {
    let name = format!("call {}.txt", VALUES[1]);
    for (file, bytes) in
        [(name.as_str(), b"nothing".to_vec()), ("a.zip", zip(&format!("{}/a.txt", VALUES[2]), b"nothing")), ("b.tar", tar(&name, b""))]
    {
        assert_eq!(names(&found_in(file, &bytes), "hits"), [file]);
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(&name)).unwrap();
    let list = folder.path().with_extension("list");
    std::fs::write(&list, VALUES.join("\n")).unwrap();
    let (code, found) = run(&["--list", list.to_str().unwrap(), folder.path().to_str().unwrap()], None);
    assert_eq!((code, names(&found, "hits")), (1, vec![name]), "a folder in which nothing lies");
}

#[test]
fn with_a_list_of_ones_own() {
    let folder = folder();
    let list = folder.path().with_extension("list");
    std::fs::write(&list, format!("{}\nshort\n", VALUES.join("\n"))).unwrap();
    let (code, found) = run(&["--list", list.to_str().unwrap(), folder.path().to_str().unwrap()], None);
    assert_eq!((code, names(&found, "hits")), (1, ["number.bin", "old.zip", "plain.txt"].map(str::to_owned).to_vec()), "{found:#}");
    assert_eq!((found["met"].as_u64(), found["sought"].as_u64(), found["too_short"].as_u64()), (Some(3), Some(3), Some(1)));
    assert_eq!(unread(&found), ["broken.zip damaged"], "what cannot be opened is named");
    std::fs::remove_file(folder.path().join("broken.zip")).unwrap();
    let clean = folder.path().join("clean.txt");
    assert_eq!(run(&["--list", list.to_str().unwrap(), clean.to_str().unwrap()], None).0, 0);
}

#[test]
fn a_list_that_could_meet_nothing_is_refused() {
    let folder = folder();
    let list = folder.path().with_extension("list");
    for nothing in ["", "\u{feff}\n  \n", "short\n12345\n"] {
        std::fs::write(&list, nothing).unwrap();
        assert_eq!(run(&["--list", list.to_str().unwrap(), folder.path().join("clean.txt").to_str().unwrap()], None).0, 65, "{nothing:?}");
    }
}

#[test]
fn blinded_by_a_filter() {
    let folder = folder();
    let mut needles = Needles::new();
    for (n, value) in (0u32..).zip(VALUES) {
        needles.add(n, Kind::Alone, value.as_bytes());
    }
    let filter = folder.path().with_extension("filter");
    std::fs::write(&filter, Blinded::of(&needles, &BlindKey::new([0x5a; 16].into())).to_bytes()).unwrap();
    let at = [filter.to_str().unwrap(), folder.path().to_str().unwrap()];
    let (code, found) = run(&["--filter", at[0], at[1]], Some(&"5a".repeat(16)));
    assert_eq!((code, names(&found, "hits")), (1, ["old.zip", "plain.txt"].map(str::to_owned).to_vec()), "{found:#}");
    assert!(VALUES.iter().all(|v| !found.to_string().contains(v)), "the result names nobody");
    assert_eq!(run(&["--filter", at[0], at[1]], Some(&"5b".repeat(16))).0, 65, "another key finds nothing, which says nothing");
    let of_key = Blinded::of(&needles, &BlindKey::new([0x5a; 16].into())).commitment(&BlindKey::new([0x5a; 16].into()));
    assert_eq!(found["commitment"], of_key.map(|b| format!("{b:02x}")).concat(), "what the ledger has of this filter and no other");
    let digits = "5a".repeat(16);
    for wrong in ["", "5a", &digits[1..], &format!("{digits}5"), &format!("0x{digits}"), &format!("0x{}", &digits[2..])] {
        assert_eq!(refused(&["--filter", at[0], at[1]], Some(wrong)), (65, true), "{wrong}: only 32 digits are a key");
    }
    std::fs::write(&filter, Blinded::default().to_bytes()).unwrap();
    assert_eq!(run(&["--filter", at[0], at[1]], Some(&digits)).0, 65, "a filter of nothing says nothing");
    std::fs::write(&filter, b"no filter").unwrap();
    assert_eq!(run(&["--filter", at[0], at[1]], Some(&"5a".repeat(16))).0, 65);
}

/// Whoever names a place wants it looked at: what is no file, or holds none, is unread; a link that leads back ends.
#[cfg(unix)]
#[test]
fn what_is_not_looked_at_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("list.txt"), VALUES.join("\n")).unwrap();
    std::fs::create_dir(at("empty")).unwrap();
    std::fs::create_dir(at("links")).unwrap();
    std::fs::write(at("links/clean.txt"), "nothing of anybody").unwrap();
    for link in ["a", "b"] {
        std::os::unix::fs::symlink(folder.path().join("links"), at(&format!("links/{link}"))).unwrap();
    }
    let look = |path: &str| run(&["--list", &at("list.txt"), path], None);
    let (code, found) = look(&at("empty"));
    assert_eq!((code, unread(&found)), (2, vec!["empty no_file".to_owned()]), "{found:#}");
    let (code, found) = look("/dev/null");
    assert_eq!((code, unread(&found)), (2, vec!["null not_a_file".to_owned()]), "{found:#}");
    let (code, found) = look(&at("links"));
    assert_eq!((code, unread(&found).len()), (0, 0), "{found:#}");
    for (name, head) in
        [("dump.custom", b"PGDMP\x01\x0e\0".as_slice()), ("a.deb", b"!<arch>\ndebian"), ("a.lzma", b"\x5d\0\0\x80\0\xff\xff")]
    {
        std::fs::write(at(name), head).unwrap();
        assert_eq!(look(&at(name)).0, 2, "{name} is packed, and not opened");
    }
}
