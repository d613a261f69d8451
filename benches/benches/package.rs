//! Writing a package: a million rows to CSV and Parquet, digested, compressed and encrypted; and opening it again.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::fs::File;
use std::io::{BufReader, BufWriter, Seek, SeekFrom};
use std::time::Instant;

use benches::figure;
use exchange::{Agreed, DatasetOut, Decryptor, FilePart, Identity, Manifest, PackageWriter};
use terms::{Both, Day, Digest, Id, Place};
use zeroize::Zeroizing;

const ROWS: u64 = 1_000_000;

fn head() -> Manifest {
    let id = |t: &str| Id::new(t).unwrap();
    let day = Day::new(2026, 5, 1).unwrap();
    let agreement =
        Agreed { end: "keep".into(), from: day, id: id("g-a"), onward: "none".into(), purposes: vec!["orders".into()], to: day };
    let nothing = FilePart { bytes: 0, digest: Digest::ZERO, name: String::new(), rows: 0 };
    Manifest {
        agreement,
        bases: Vec::new(),
        bases_file: nothing,
        case: "c-bench".into(),
        company: "bench".into(),
        datasets: Vec::new(),
        made_on: day,
        origin: "custody/bench".into(),
        package: id("pkg-bench"),
        recipient: "k-bench".into(),
        root: Digest::ZERO,
        rows: 0,
        salt: String::new(),
        kind: String::new(),
        v: 1,
    }
}

fn main() {
    println!("package: {ROWS} rows of four columns, a person each");
    let identity = Identity::of_seed(&[3; 32]);
    let mut file = tempfile::tempfile().unwrap();
    let began = Instant::now();
    let drawn = Zeroizing::new([9u8; 64]);
    let mut out = PackageWriter::new(BufWriter::new(&mut file), &identity.recipient(), [7; 32], &drawn).unwrap();
    out.begin(DatasetOut {
        columns: ["name", "mobile", "email", "city"].map(str::to_owned).to_vec(),
        dataset: Place::new("src1/t1").unwrap(),
        groups: vec![("contact".into(), vec![0, 1, 2]), ("postal".into(), vec![3])],
        name: "bench".into(),
    })
    .unwrap();
    let mut plain = 0usize;
    for i in 0..ROWS {
        let cells = vec![
            Some(format!("客户{i}")),
            Some(format!("138{:08}", i * 7 % 100_000_000)),
            Some(format!("kh{i}@example.com")),
            Some("上海".to_owned()),
        ];
        plain += cells.iter().flatten().map(String::len).sum::<usize>();
        out.row(Some(i), cells, &["CN-PIPL-23-1".to_owned()]).unwrap();
    }
    let article = |id: &str| Both { zh: id.to_owned(), en: id.to_owned() };
    let (_, manifest) = out.finish(head(), &article).unwrap();
    let took = began.elapsed().as_secs_f64();
    let size = file.seek(SeekFrom::End(0)).unwrap();
    figure("values packed", plain as f64 / 1e6 / took, "MB/s", "");
    figure("rows packed", ROWS as f64 / took, "1/s", "");
    figure("package", size as f64 / 1e6, "MB", "");
    file.seek(SeekFrom::Start(0)).unwrap();
    let began = Instant::now();
    let mut clear: File = tempfile::tempfile().unwrap();
    std::io::copy(&mut Decryptor::new(BufReader::new(&mut file), &identity).unwrap(), &mut BufWriter::new(&mut clear)).unwrap();
    clear.seek(SeekFrom::Start(0)).unwrap();
    let opened = exchange::open(BufReader::new(clear)).unwrap();
    assert!(opened.problems.is_empty() && opened.manifest == manifest && opened.counted_all() == ROWS);
    figure("opened and counted", size as f64 / 1e6 / began.elapsed().as_secs_f64(), "MB/s", "");
}
