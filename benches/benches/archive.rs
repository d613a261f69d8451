//! The archive that sealing writes, one unit a person under that person's key: MB/s, and its size against columnar zstd of the same values.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]

use std::path::Path;

use benches::{figure, keys, run};
use serde_json::Value;
use sources::Places;
use terms::{Place, StoreKind};

/// Customers of the sample shop.
const CUSTOMERS: u32 = 100_000;

fn main() {
    println!("archive: a shop of {CUSTOMERS} customers, sealed and archived, then restored and compared");
    let folder = tempfile::tempdir().unwrap();
    let head = keys(folder.path());
    sample::make(folder.path(), sample::Size { customers: CUSTOMERS, loyalty: 24_000, members: 300 }).unwrap();
    std::fs::write(folder.path().join("case.yaml"), format!("{head}sources: [{{id: shop, kind: sqlite, path: data/shop.db}}]\n")).unwrap();
    let (sealing, peak) = run(folder.path(), &["subjects"]);
    let (plain, columnar) = columnar(&folder.path().join("data/shop.db"), &archived(folder.path()));
    let archive = size(&folder.path().join("case.custody/archives"));
    figure("values archived", plain as f64 / 1e6, "MB", "");
    figure("matching, sealing and archiving", plain as f64 / 1e6 / sealing.as_secs_f64(), "MB/s", "");
    figure("most memory held", peak as f64 / 1e6, "MB", "");
    figure("archive", archive as f64 / 1e6, "MB", "");
    figure("columnar zstd (level 3) of the same values", columnar as f64 / 1e6, "MB", "");
    figure("archive against columnar zstd", archive as f64 / columnar as f64, "times", "at most 2.5");
    let (restoring, _) = run(folder.path(), &["backup"]);
    figure("restored and compared", plain as f64 / 1e6 / restoring.as_secs_f64(), "MB/s", "");
}

/// Places of the data sets that were sealed.
fn archived(folder: &Path) -> Vec<Place> {
    let db = rusqlite::Connection::open(folder.join("case.custody/ledger.db")).unwrap();
    let mut statement = db.prepare("SELECT bytes FROM entry").unwrap();
    let lines: Vec<Vec<u8>> = statement.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    let entries = lines.iter().map(|l| serde_json::from_slice::<Value>(l).unwrap());
    entries.filter(|e| e["type"] == "dataset.sealed").map(|e| Place::new(e["facts"]["dataset"].as_str().unwrap()).unwrap()).collect()
}

/// Bytes of all values, and of each column's values compressed together.
fn columnar(path: &Path, places: &[Place]) -> (u64, u64) {
    let mut source = sources::open(StoreKind::Sqlite, &Place::new("src1").unwrap(), sources::At::Path(path.to_path_buf())).unwrap();
    let listing = source.list(&mut Places::default()).unwrap();
    let (mut plain, mut packed) = (0u64, 0u64);
    for dataset in listing.datasets.iter().filter(|d| places.contains(&d.place)) {
        let mut columns: Vec<Vec<u8>> = vec![Vec::new(); dataset.columns.len()];
        source
            .read(&dataset.place, &mut |batch| {
                for row in 0..batch.rows() {
                    for (column, cell) in columns.iter_mut().zip(batch.row(row)) {
                        plain += cell.bytes.len() as u64;
                        column.push(cell.tag as u8);
                        column.extend_from_slice(&u32::try_from(cell.bytes.len()).unwrap().to_le_bytes());
                        column.extend_from_slice(cell.bytes);
                    }
                }
                Ok(())
            })
            .unwrap();
        packed += columns.iter().map(|c| zstd::bulk::compress(c, 3).unwrap().len() as u64).sum::<u64>();
    }
    (plain, packed)
}

fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap());
    entries.map(|e| if e.path().is_dir() { size(&e.path()) } else { e.metadata().unwrap().len() }).sum()
}
