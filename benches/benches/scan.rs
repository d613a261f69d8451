//! A scan of a 1 GB CSV and of a 1 GB SQLite file by the shipped binary: MB/s and the most memory it held.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::io::Write;
use std::path::Path;

use benches::{figure, keys, run};

/// Bytes of each source.
const BYTES: u64 = 1_000_000_000;
const BAR: &str = "under 300 MB";

fn main() {
    println!("scan: the shipped binary reads everything, twice nothing (detectors, digests, coverage)");
    let folder = tempfile::tempdir().unwrap();
    let head = keys(folder.path());
    csv(&folder.path().join("lists"));
    sqlite(&folder.path().join("shop.db"));
    for (what, source, path) in [
        ("CSV", "{id: lists, kind: delimited, path: lists}", "lists/members.csv"),
        ("SQLite", "{id: shop, kind: sqlite, path: shop.db}", "shop.db"),
    ] {
        std::fs::write(folder.path().join("case.yaml"), format!("{head}sources: [{source}]\n")).unwrap();
        let bytes = std::fs::metadata(folder.path().join(path)).unwrap().len();
        let (took, peak) = run(folder.path(), &["scan"]);
        figure(&format!("{what}: {} MB scanned", bytes / 1_000_000), bytes as f64 / 1e6 / took.as_secs_f64(), "MB/s", "");
        figure(&format!("{what}: most memory held"), peak as f64 / 1e6, "MB", BAR);
        std::fs::remove_dir_all(folder.path().join("case.custody")).unwrap();
        let _ = std::fs::remove_file(folder.path().join("keys/epoch-key.1"));
    }
}

fn csv(folder: &Path) {
    std::fs::create_dir(folder).unwrap();
    let mut out = std::io::BufWriter::with_capacity(1 << 20, std::fs::File::create(folder.join("members.csv")).unwrap());
    out.write_all("会员编号,姓名,手机号,邮箱,地址,积分\r\n".as_bytes()).unwrap();
    let (mut written, mut i) = (0u64, 0u64);
    while written < BYTES {
        let row = format!(
            "H{i:08},会员{},139{:08},member{i}@example.com,\"某市某区某路{}号{}室\",{}\r\n",
            i % 9_973,
            (i * 7_919) % 100_000_000,
            i % 997,
            i % 31,
            i % 5_000
        );
        out.write_all(row.as_bytes()).unwrap();
        written += row.len() as u64;
        i += 1;
    }
    out.flush().unwrap();
}

fn sqlite(path: &Path) {
    let db = rusqlite::Connection::open(path).unwrap();
    db.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, mobile TEXT, email TEXT, address TEXT, points INTEGER); BEGIN").unwrap();
    let mut insert = db.prepare("INSERT INTO customers VALUES (?1, ?2, ?3, ?4, ?5, ?6)").unwrap();
    let mut i = 0i64;
    while i % 100_000 != 0 || std::fs::metadata(path).map_or(0, |m| m.len()) < BYTES {
        i += 1;
        let row = (
            i,
            format!("客户{}", i % 9_973),
            format!("138{:08}", (i * 7_919) % 100_000_000),
            format!("customer{i}@example.com"),
            format!("某市某区某路{}号{}室", i % 997, i % 31),
            i % 5_000,
        );
        insert.execute(row).unwrap();
        if i % 100_000 == 0 {
            db.execute_batch("COMMIT; BEGIN").unwrap();
        }
    }
    drop(insert);
    db.execute_batch("COMMIT").unwrap();
}
