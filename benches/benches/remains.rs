//! The search for what was destroyed: many needles over raw files that hold others of the same kind; MB/s of one core, memory, false positives.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use benches::{figure, own, size};
use remains::{BlindKey, BlindSearch, Blinded, Kind, Needles};

/// Files that the bytes are spread over.
const FILES: u64 = 16;
/// Of so many records one holds values that are looked for.
const PLANTED_OF: u64 = 1_000;
/// Needles of a search of few: what a sample of every column and the control recall need.
const FEW: u64 = 10_000;

/// Which search a process of its own does, so that each begins with memory that nobody used before it.
const PART: &str = "CUSTODY_BENCH_PART";

const SEARCHES: [(&str, Of, bool, &str); 4] = [
    ("random bytes, one encoding", Of::Random, false, "at least 500"),
    ("mobile numbers, e-mail addresses, identity numbers; one encoding", Of::Person, false, "at least 500"),
    ("the same, all encodings", Of::Person, true, "at least 150"),
    ("postal addresses, which begin alike; one encoding", Of::Postal, false, "at least 500"),
];

/// The search of somebody who may not know the values: after all others.
const BLINDED: usize = 2 * SEARCHES.len();

fn main() {
    let (needles, bytes) = (size("CUSTODY_BENCH_NEEDLES", 10_000_000), size("CUSTODY_BENCH_BYTES", 2_000_000_000));
    let limit = Duration::from_secs(size("CUSTODY_BENCH_SECONDS", 60));
    if let Ok(part) = std::env::var(PART) {
        let part = part.parse::<usize>().unwrap();
        if part == BLINDED {
            return blinded(&written(Path::new(".")), needles, limit);
        }
        let (what, of, all, bar) = SEARCHES[part % SEARCHES.len()];
        let needles = if part < SEARCHES.len() { needles } else { FEW };
        println!("{needles} {what}:");
        return search(&written(Path::new(".")), needles, (of, all), limit, bar);
    }
    println!(
        "remains: {needles} values looked for in {} MB of raw files by one core, at most {} s each",
        bytes / 1_000_000,
        limit.as_secs()
    );
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), bytes, needles);
    let files = written(folder.path());
    figure("the files read and added up, for comparison", added_up(&files), "MB/s", "");
    for part in 0..=BLINDED {
        let mut own = Command::new(std::env::current_exe().unwrap());
        assert!(own.env(PART, part.to_string()).current_dir(folder.path()).status().unwrap().success());
    }
    grep(folder.path(), &files, needles / 10, limit);
}

fn search(files: &[Written], count: u64, (of, all): (Of, bool), limit: Duration, bar: &str) {
    let before = own::held();
    let began = Instant::now();
    let mut needles = Needles::new();
    let mut length = 0;
    for n in 0..count {
        for bytes in encodings(of, n, all) {
            length += bytes.len();
            assert!(needles.add(u32::try_from(n).unwrap(), Kind::Alone, &bytes));
        }
    }
    let added = needles.iter().count() as f64;
    figure("  needles", added / 1e6, "million", "");
    figure("  needles added", added / 1e6 / began.elapsed().as_secs_f64(), "million/s", "");
    let began = Instant::now();
    needles.look(0, &[]);
    figure("  and sorted", added / 1e6 / began.elapsed().as_secs_f64(), "million/s", "");
    let (mut read, mut planted, mut stopped) = (0u64, BTreeSet::new(), "");
    let (began, ran) = (Instant::now(), own::ran());
    for file in files {
        let until = Until { input: File::open(&file.path).unwrap(), deadline: began + limit };
        let n = needles.look_in(0, until).unwrap();
        read += n;
        if n < file.bytes {
            stopped = " and stopped";
            break;
        }
        planted
            .extend(file.planted.iter().filter(|p| p.of == of && (all || p.encoding == 0) && u64::from(p.value) < count).map(|p| p.value));
    }
    let (took, ran) = (began.elapsed().as_secs_f64(), own::ran() - ran);
    let mb = read as f64 / 1e6;
    figure(&format!("  {mb:.1} MB searched{stopped}, in a second of the core"), mb / ran, "MB/s", bar);
    figure("  in a second of the clock", mb / took, "MB/s", "");
    let (held, own, sieve) = (own::peak().saturating_sub(before) as f64, length as f64 / added, needles.sieve());
    figure("  most memory held", held / 1e6, "MB", "");
    figure(&format!("  most memory held for a needle of {own:.1} bytes"), held / added, "bytes", "");
    figure("  the filters", sieve.bytes as f64 / 1e6, "MB", "");
    figure("  most memory held against the filters", held / sieve.bytes as f64, "times", "at most 1.5");
    figure("  places that pass the filters, and are compared in full", sieve.passed as f64 * 100.0 / sieve.asked as f64, "%", "");
    let met: BTreeSet<u32> = needles.iter().filter(|n| n.met > 0).map(|n| n.value).collect();
    assert!(planted.is_subset(&met), "everything planted is met");
    if stopped.is_empty() {
        // All are compared in full: what was met and not planted are digits that somebody else has too.
        figure("  met though not planted, of a million windows", (met.len() - planted.len()) as f64 * 1e6 / read as f64, "", "");
    }
}

/// The search with fingerprints alone, as an outsider repeats it.
fn blinded(files: &[Written], count: u64, limit: Duration) {
    let key = BlindKey::new([7; 16].into());
    if let Ok(list) = std::env::var(MAKES) {
        return make(Path::new(&list), count, &key);
    }
    println!("{count} fingerprints of mobile numbers, e-mail addresses, identity numbers; one encoding:");
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("filter");
    // Made by another process: what makes them holds the values.
    let mut own = Command::new(std::env::current_exe().unwrap());
    assert!(own.env(MAKES, &list).status().unwrap().success());
    let size = std::fs::metadata(&list).unwrap().len() as f64;
    let before = own::held();
    let mut search = BlindSearch::new(Blinded::read(File::open(&list).unwrap()).unwrap(), &key).unwrap();
    let (began, ran, mut read) = (Instant::now(), own::ran(), 0);
    for file in files {
        let until = Until { input: File::open(&file.path).unwrap(), deadline: began + limit };
        let (n, _) = search.look_in(until).unwrap();
        read += n;
        if n < file.bytes {
            break;
        }
    }
    let (mb, ran) = (read as f64 / 1e6, own::ran() - ran);
    figure(&format!("  {mb:.1} MB searched, in a second of the core"), mb / ran, "MB/s", "at least 500");
    let held = own::peak().saturating_sub(before) as f64;
    figure("  the file of fingerprints", size / 1e6, "MB", "");
    figure("  most memory held", held / 1e6, "MB", "");
    figure("  most memory held against the file", held / size, "times", "at most 1.5");
    figure("  fingerprints met", search.met.len() as f64, "", "");
    assert!(!search.met.is_empty());
}

/// Where fingerprints are written by a process of its own.
const MAKES: &str = "CUSTODY_BENCH_FINGERPRINTS";

fn make(list: &Path, count: u64, key: &BlindKey) {
    let mut needles = Needles::new();
    for n in 0..count {
        assert!(needles.add(u32::try_from(n).unwrap(), Kind::Alone, &encodings(Of::Person, n, false)[0]));
    }
    let began = Instant::now();
    let blinded = Blinded::of(&needles, key);
    figure("  fingerprints made", blinded.len() as f64 / 1e6 / began.elapsed().as_secs_f64(), "million/s", "");
    std::fs::write(list, blinded.to_bytes()).unwrap();
}

/// `grep -F -f` with a tenth of the values over the first file.
fn grep(folder: &Path, files: &[Written], count: u64, limit: Duration) {
    let list = folder.join("needles.txt");
    let mut out = BufWriter::new(File::create(&list).unwrap());
    (0..count).for_each(|n| {
        out.write_all(&encodings(Of::Person, n, false)[0]).unwrap();
        out.write_all(b"\n").unwrap();
    });
    out.flush().unwrap();
    println!("grep -F -f with {count} of them over one of the files:");
    let began = Instant::now();
    let mut command = Command::new("grep");
    command.env("LC_ALL", "C").args(["-a", "-c", "-F", "-f"]).arg(&list).arg(&files[0].path).stdout(Stdio::null());
    let Ok(mut child) = command.spawn() else { return println!("  not measured: grep is not here") };
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        peak = peak.max(own::peak_of(child.id()));
        if began.elapsed() > limit {
            child.kill().unwrap();
            child.wait().unwrap();
            return println!("  stopped after {} s with {} MB held", limit.as_secs(), peak / 1_000_000);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    figure("  searched", files[0].bytes as f64 / 1e6 / began.elapsed().as_secs_f64(), "MB/s", "");
    figure("  most memory held", peak as f64 / 1e6, "MB", "");
}

/// Reads on until a moment, then says that this was the end; in small steps, so that the moment is not missed by much.
struct Until {
    input: File,
    deadline: Instant,
}

impl Read for Until {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = out.len().min(64 << 10);
        if Instant::now() >= self.deadline { Ok(0) } else { self.input.read(&mut out[..most]) }
    }
}

/// What values are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    /// Every beginning is as likely as every other, and none stands anywhere by chance.
    Random,
    /// A mobile number, an e-mail address or an identity number.
    Person,
    /// An address in one of few cities.
    Postal,
}

/// A value as stores keep it, or as plain text only. Even numbers are looked for, odd ones are those of others.
fn encodings(of: Of, n: u64, all: bool) -> Vec<Vec<u8>> {
    value(of, 2 * n, all)
}

fn value(of: Of, n: u64, all: bool) -> Vec<Vec<u8>> {
    let h = mixed(n);
    let text = match (of, n / 2 % 3) {
        (Of::Random, _) => return vec![[h.to_be_bytes(), mixed(h).to_be_bytes()].concat()],
        (Of::Postal, _) => format!("{}{}路{}号{}室", CITIES[h as usize % CITIES.len()], h % 9_973, h / 9_973 % 997, n),
        // The last digit keeps the two apart.
        (Of::Person, 0) => {
            let number = (130 + h % 60) * 100_000_000 + h / 60 % 10_000_000 * 10 + n % 2;
            let mut out = texts(&number.to_string(), all);
            if all {
                out.push(number.to_le_bytes().to_vec());
                out.push((number ^ 1 << 63).to_be_bytes().to_vec());
            }
            return out;
        }
        (Of::Person, 1) => format!("{}{}@qq.com", 100_000_000 + h % 3_000_000_000, n % 2),
        (Of::Person, _) => {
            let (area, born, rest) = (110_101 + h % 3_000 * 180, 1_950 + h / 3_000 % 60, h / 180_000);
            format!("{area}{born}{:02}{:02}{:03}{}", 1 + rest % 12, 1 + rest / 12 % 28, rest / 336 % 1_000, n % 2)
        }
    };
    texts(&text, all)
}

/// UTF-8, and UTF-16 in both orders.
fn texts(text: &str, all: bool) -> Vec<Vec<u8>> {
    let mut out = vec![text.as_bytes().to_vec()];
    if all {
        out.push(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
        out.push(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
    }
    out
}

const CITIES: [&str; 8] =
    ["上海市浦东新区", "上海市徐汇区", "北京市海淀区", "北京市朝阳区", "广州市天河区", "深圳市南山区", "杭州市西湖区", "成都市武侯区"];

/// A number that tells nothing of the one it was made of (splitmix64).
fn mixed(n: u64) -> u64 {
    let z = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// A file, and what was planted in it.
struct Written {
    path: PathBuf,
    bytes: u64,
    planted: Vec<Planted>,
}

struct Planted {
    of: Of,
    value: u32,
    encoding: usize,
}

/// Records of others in binary frames, now and then with a value that is looked for in one of its encodings.
fn write(folder: &Path, bytes: u64, needles: u64) {
    let mut record = 0u64;
    for file in 0..FILES {
        let create = |name: String| BufWriter::with_capacity(1 << 20, File::create(folder.join(name)).unwrap());
        let (mut out, mut planted, mut written) = (create(format!("raw{file}")), create(format!("planted{file}")), 0u64);
        while written < bytes / FILES {
            record += 1;
            let mut line = mixed(record).to_be_bytes().to_vec();
            for (i, of) in [(0, Of::Person), (1, Of::Person), (2, Of::Person), (0, Of::Postal)] {
                let n = record * 3 + i;
                line.push(mixed(n) as u8);
                if record.is_multiple_of(PLANTED_OF) {
                    let of = if n % 4 == 3 { Of::Random } else { of };
                    let value_number = mixed(n) % needles;
                    let forms = encodings(of, value_number, of == Of::Person);
                    let encoding = mixed(n + 1) as usize % forms.len();
                    line.extend_from_slice(&forms[encoding]);
                    writeln!(planted, "{of:?} {value_number} {encoding}").unwrap();
                } else {
                    line.extend_from_slice(&value(of, 2 * n + 1, false)[0]);
                }
            }
            out.write_all(&line).unwrap();
            written += line.len() as u64;
        }
        out.flush().unwrap();
        planted.flush().unwrap();
    }
}

/// What was written there.
fn written(folder: &Path) -> Vec<Written> {
    let of = |word: &str| [Of::Random, Of::Person, Of::Postal].into_iter().find(|of| format!("{of:?}") == word).unwrap();
    let planted = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        Planted { of: of(words[0]), value: words[1].parse().unwrap(), encoding: words[2].parse().unwrap() }
    };
    let file = |i: u64| {
        let path = folder.join(format!("raw{i}"));
        let listed = std::fs::read_to_string(folder.join(format!("planted{i}"))).unwrap();
        Written { bytes: std::fs::metadata(&path).unwrap().len(), path, planted: listed.lines().map(planted).collect() }
    };
    (0..FILES).map(file).collect()
}

/// MB/s of reading alone.
fn added_up(files: &[Written]) -> f64 {
    let (mut buffer, mut sum, mut read) = (vec![0u8; 1 << 20], 0u64, 0usize);
    let began = Instant::now();
    for file in files {
        let mut input = File::open(&file.path).unwrap();
        loop {
            let n = input.read(&mut buffer).unwrap();
            if n == 0 {
                break;
            }
            read += n;
            sum += buffer[..n].iter().map(|b| u64::from(*b)).sum::<u64>();
        }
    }
    assert_ne!(sum, 0);
    read as f64 / 1e6 / began.elapsed().as_secs_f64()
}
