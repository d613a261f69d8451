//! What is larger than anybody expects: memory stays under 300 MB, or what cannot be read is named with its bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

use common::{Case, day, head};
use serde_json::Value;

const MOST: u64 = 300 << 20;

/// Runs a command; gives its answer and the most memory (bytes) that it held, as often as that was asked.
fn measured(case: &Case, args: &[&str]) -> (Value, u64) {
    let out = tempfile::NamedTempFile::new().unwrap();
    let mut child = case.command(args).stdout(out.reopen().unwrap()).spawn().unwrap();
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let kb = status.lines().find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
        peak = peak.max(kb.unwrap_or_default() << 10);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    (serde_json::from_str(&std::fs::read_to_string(out.path()).unwrap()).unwrap(), peak)
}

/// A file of that many bytes, between two texts; what nobody wrote lies nowhere.
fn long(case: &Case, name: &str, begins: &str, bytes: u64, ends: &str) {
    let path = case.folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = File::create(&path).unwrap();
    file.write_all(begins.as_bytes()).unwrap();
    file.seek(SeekFrom::Start(bytes - ends.len() as u64)).unwrap();
    file.write_all(ends.as_bytes()).unwrap();
}

#[test]
fn long_lines_and_values_are_named_and_fit_into_memory() {
    let case = Case::new();
    long(&case, "data/line.csv", "name,note\nAnn,\"", 10 << 30, "\"\nBob,x\n");
    long(&case, "data/value.jsonl", "{\"name\": \"Ann\", \"note\": \"", 1 << 30, "\"}\n");
    long(&case, "data/letter.txt", "Dear Ann,", 1 << 30, "yours");
    case.write("data/escapes.txt", "member%40example.com%20".repeat(500_000));
    let shop = rusqlite::Connection::open(case.folder.join("shop.db")).unwrap();
    shop.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, note BLOB); INSERT INTO t VALUES (1, zeroblob(300000000))").unwrap();
    drop(shop);
    let sources = "sources:\n  - {id: share, kind: files, path: data}\n  - {id: shop, kind: sqlite, path: shop.db}\n";
    case.write("case.yaml", format!("{}{sources}vault: {{holder: keys/epoch-key}}\n", head(&day(-90), &day(60))));
    let (found, peak) = measured(&case, &["--json", "scan"]);
    assert!(peak > 0 && peak < MOST, "{} MB", peak >> 20);
    let unread = found["inventory"]["unread"].as_array().unwrap();
    let mut named: Vec<(&str, u64)> = unread.iter().map(|u| (u["reason"].as_str().unwrap(), u["bytes"].as_u64().unwrap())).collect();
    named.sort_unstable();
    assert_eq!(named, [("record_too_long", 10 << 30), ("too_large", 1 << 30), ("too_large", 1 << 30), ("value_too_long", 0)], "{found:#}");
    let shown = case.ok(&["scan"]);
    assert!(!shown.contains('{'), "every text is filled in: {shown}");
}
