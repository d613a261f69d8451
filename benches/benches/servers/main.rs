//! A large table in each store: read beside the store's own dump, writers meanwhile, erased beside batched DELETE, purged beside a reader.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]

mod mariadb;
mod postgres;
mod sqlite;
mod stand;
mod table;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use benches::pace::{Pace, Waits};
use benches::{figure, size};
use sources::{Action, Places, Source};
use stand::Stand;
use terms::Place;

/// Rounds of reading, of which the fastest counts, ours and theirs in turn.
const ROUNDS: usize = 3;
/// Rows of a batch of the store's own DELETE.
const BATCH: usize = 1_000;
/// One small transaction of a writer, and one look of a reader, in each of these.
const WRITES_EVERY: Duration = Duration::from_millis(10);
const LOOKS_EVERY: Duration = Duration::from_millis(5);
/// Purges that are tried again because a look of the reader was just under way.
const PURGES_MAX: usize = 50;

fn main() {
    let rows = size("CUSTODY_BENCH_ROWS", 1_000_000);
    let seconds = Duration::from_secs(size("CUSTODY_BENCH_SECONDS", 20));
    println!("servers: a table of {rows} rows in each store; writers watched for {} s", seconds.as_secs());
    let only = std::env::var("CUSTODY_BENCH_STORE").unwrap_or_default();
    for (name, start) in STANDS.iter().filter(|(name, _)| only.is_empty() || *name == only) {
        let mut stand = start();
        stand.fill(rows);
        let mut bench = Bench { name, rows, source: open(stand.as_ref()), place: Place::new("src1").unwrap(), stand };
        bench.place = listed(bench.source.as_mut());
        bench.read();
        bench.writers(seconds);
        bench.erase();
        bench.purge();
    }
}

type Start = fn() -> Box<dyn Stand>;

const STANDS: [(&str, Start); 3] = [
    ("postgresql", || Box::new(postgres::Server::start())),
    ("mariadb", || Box::new(mariadb::Server::start())),
    ("sqlite", || Box::new(sqlite::File::make())),
];

fn open(stand: &dyn Stand) -> Box<dyn Source> {
    sources::open(stand.kind(), &Place::new("src1").unwrap(), stand.at()).unwrap()
}

/// The place of the table that is read and erased in.
fn listed(source: &mut dyn Source) -> Place {
    let listing = source.list(&mut Places::marked("bench".to_owned())).unwrap();
    listing.datasets.iter().find(|d| d.name.ends_with("customer")).unwrap().place.clone()
}

struct Bench {
    name: &'static str,
    rows: u64,
    stand: Box<dyn Stand>,
    source: Box<dyn Source>,
    place: Place,
}

impl Bench {
    fn figure(&self, what: &str, value: f64, unit: &str, bar: &str) {
        figure(&format!("{}: {what}", self.name), value, unit, bar);
    }

    /// Reads everything into batches; gives the bytes of the values.
    fn read_once(&mut self) -> u64 {
        let mut bytes = 0;
        let summary = self.source.read(&self.place, &mut |batch| {
            bytes += (0..batch.rows()).flat_map(|row| batch.row(row)).map(|cell| cell.bytes.len() as u64).sum::<u64>();
            Ok(())
        });
        assert_eq!(summary.unwrap().rows, self.rows);
        bytes
    }

    fn read(&mut self) {
        let (mut ours, mut theirs, mut bytes) = (f64::MAX, f64::MAX, 0);
        for _ in 0..ROUNDS {
            theirs = theirs.min(seconds_of(|| self.stand.dump()));
            ours = ours.min(seconds_of(|| bytes = self.read_once()));
        }
        self.figure("values read", bytes as f64 / 1e6, "MB", "");
        self.figure("read", self.rows as f64 / ours, "rows/s", "");
        self.figure("read", bytes as f64 / 1e6 / ours, "MB/s", "");
        let dump = self.stand.dump_name();
        self.figure(&format!("{dump} > /dev/null"), self.rows as f64 / theirs, "rows/s", "");
        self.figure(&format!("{dump} > /dev/null"), bytes as f64 / 1e6 / theirs, "MB/s", "");
        self.figure(&format!("read against {dump}"), theirs / ours * 100.0, "%", "at least 50, better 100");
    }

    /// What small writers wait for alone, beside our reading, and beside the store's own dump.
    fn writers(&mut self, seconds: Duration) {
        let [mut alone, mut beside, mut dumped] = [const { Waits::none() }; 3];
        // In turn, so that what else runs on the machine is in all of them.
        for _ in 0..ROUNDS {
            let seconds = seconds / ROUNDS as u32;
            alone.add(self.written(seconds, |_| std::thread::sleep(Duration::from_millis(100))));
            beside.add(self.written(seconds, |bench| {
                bench.read_once();
            }));
            dumped.add(self.written(seconds, |bench| bench.stand.dump()));
        }
        for (what, waits) in [("alone", &alone), ("beside a scan", &beside), ("beside its dump", &dumped)] {
            self.figure(&format!("writers {what}, {} times, half within", waits.times()), waits.within(500), "ms", "");
            self.figure(&format!("writers {what}, 99 % within"), waits.within(990), "ms", "");
        }
        let more = |waits: &Waits| (waits.within(990) / alone.within(990) - 1.0) * 100.0;
        self.figure("writers beside a scan, 99 % within", more(&beside), "% more", "at most 10");
        self.figure("writers beside its dump, 99 % within", more(&dumped), "% more", "");
    }

    fn written(&mut self, seconds: Duration, mut meanwhile: impl FnMut(&mut Bench)) -> Waits {
        self.stand.settle();
        let (mut client, rows) = (self.stand.client(), self.rows);
        let pace = Pace::begin(WRITES_EVERY, move |n| client.write(n, rows));
        let began = Instant::now();
        while began.elapsed() < seconds {
            meanwhile(self);
        }
        pace.end()
    }

    /// A third of the rows as `apply` erases them, and a third of a table of the same rows by the store's own DELETE.
    fn erase(&mut self) {
        let keys: Vec<i64> = (1..=self.rows as i64).filter(|n| n % 3 == 0).collect();
        self.stand.settle();
        let mut client = self.stand.client();
        let theirs = seconds_of(|| keys.chunks(BATCH).for_each(|batch| client.delete(batch)));
        self.stand.settle();
        let place = self.place.clone();
        let source = &mut self.source;
        let third = |n: Option<i64>| n.is_some_and(|n| n % 3 == 0);
        // Before anything is ordered every row is looked at; where the store tells versions, those are remembered that will go.
        source.hold_still().unwrap();
        let mut marked = false;
        let mut looking = seconds_of(|| marked = source.mark(&place, &mut |batch, row| third(batch.cell(row, 0).integer())).unwrap());
        if !marked {
            looking = seconds_of(|| {
                source.read(&place, &mut |_| Ok(())).unwrap();
            });
        }
        let ours = seconds_of(|| match marked {
            true => assert!(source.erase_marked(&place, &mut |_| Ok(true)).unwrap()),
            // What was written since it was sealed stays: every row is looked at once more.
            false => source
                .erase(&[place], &mut |_, batch, row| Ok(if third(batch.cell(row, 0).integer()) { Action::Delete } else { Action::Keep }))
                .unwrap(),
        });
        self.figure("erased by sources", keys.len() as f64 / ours, "rows/s", "");
        self.figure("DELETE by key, 1,000 a batch", keys.len() as f64 / theirs, "rows/s", "");
        self.figure("erased against DELETE", theirs / ours, "times", "at least 0.8");
        self.figure("the look at all rows before it takes", looking, "s", "");
        self.figure("both against DELETE", theirs / (looking + ours), "times", "");
        self.rows -= keys.len() as u64;
    }

    /// The purge, and the longest that somebody waited for one row meanwhile.
    fn purge(&mut self) {
        self.stand.settle();
        let bytes = self.stand.bytes() as f64;
        let (mut client, rows) = (self.stand.client(), self.rows);
        let settings = self.source.settings().unwrap();
        let pace = Pace::begin(LOOKS_EVERY, move |n| client.look(n, rows));
        let (mut tries, mut took) = (0, 0.0);
        let purged = loop {
            tries += 1;
            let mut purged = None;
            took += seconds_of(|| purged = Some(self.source.purge(std::slice::from_ref(&self.place))));
            match purged.unwrap() {
                Err(fault) if fault.may_retry() && tries < PURGES_MAX => {}
                other => break other,
            }
        };
        let waits = pace.end();
        self.source.put_back(&settings).unwrap();
        if let Err(fault) = purged {
            return println!("{}: not purged beside a reader: {fault}", self.name);
        }
        self.figure("table and indexes before the purge", bytes / 1e6, "MB", "");
        self.figure(&format!("purged, tried {tries} times"), took, "s", "");
        self.figure("purged, for a GB of table and indexes", took / (bytes / 1e9), "s", "");
        self.figure(&format!("a reader's longest wait for a row, of {}", waits.times()), waits.within(1_000), "ms", "");
    }
}

fn seconds_of(what: impl FnOnce()) -> f64 {
    let began = Instant::now();
    what();
    began.elapsed().as_secs_f64()
}

/// Runs a program whose output nobody wants.
fn silent(command: &mut Command) {
    assert!(command.stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap().success(), "{command:?}");
}

/// Whether a program is here.
fn is_here(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}
