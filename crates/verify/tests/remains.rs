//! An outsider finds what is there, in files and in members of files, with a list or blinded; and nothing with the wrong key.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::io::Write as _;
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

#[test]
fn with_a_list_of_ones_own() {
    let folder = folder();
    let list = folder.path().with_extension("list");
    std::fs::write(&list, format!("{}\nshort\n", VALUES.join("\n"))).unwrap();
    let (code, found) = run(&["--list", list.to_str().unwrap(), folder.path().to_str().unwrap()], None);
    assert_eq!((code, names(&found, "hits")), (1, ["number.bin", "old.zip", "plain.txt"].map(str::to_owned).to_vec()), "{found:#}");
    assert_eq!((found["met"].as_u64(), found["sought"].as_u64(), found["too_short"].as_u64()), (Some(3), Some(3), Some(1)));
    assert_eq!(names(&found, "unread"), ["broken.zip"], "what cannot be opened is named");
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
