//! What the experiments on both servers have in common: tables to plant, sets to search for, structures to count, steps that take time.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use super::search::{Needles, Scan, Searcher, Which};
use super::{Count, Figures, Row, Sight, values};

/// A table with made-up values, and how a third of it goes.
pub struct Table {
    pub name: &'static str,
    pub create: String,
    /// The fields of row `n` as SQL, with commas between.
    pub fields: fn(usize) -> String,
    /// After the rows are in.
    pub after: String,
    pub delete: String,
}

impl Table {
    /// A table of `id` and `v`.
    pub fn new(name: &'static str, columns: &str, fields: fn(usize) -> String) -> Table {
        let create = format!("CREATE TABLE {name} (id INT{columns})");
        Table { name, create, fields, after: String::new(), delete: format!("DELETE FROM {name} WHERE id % 3 = 0") }
    }

    /// Rows as statements of a hundred each.
    pub fn rows(&self, number: usize) -> String {
        let row = |n: &usize| format!("({n}, {})", (self.fields)(*n));
        let statement =
            |chunk: &[usize]| format!("INSERT INTO {} VALUES {};\n", self.name, chunk.iter().map(row).collect::<Vec<_>>().join(", "));
        (0..number).collect::<Vec<_>>().chunks(100).map(statement).collect()
    }
}

/// Values of one name, and their bytes.
pub struct Set {
    pub name: &'static str,
    pub needle: fn(usize) -> Vec<u8>,
    pub all_go: bool,
}

pub fn searcher(sets: &[Set], number: usize) -> Searcher {
    let mut needles = Needles::default();
    for set in sets {
        needles.add(set.name, (0..number).map(|n| ((set.needle)(n), set.all_go || values::goes(n))));
    }
    needles.searcher()
}

/// A row of the table: which values are counted in which places, and which step cleans them.
pub struct Structure {
    pub name: &'static str,
    pub set: &'static str,
    /// Names of places begin so.
    pub places: &'static [&'static str],
    pub sight: Sight,
    /// The step of the recipe, as it was timed, and as it is written.
    pub step: String,
    pub how: &'static str,
    pub shows: &'static str,
}

/// What was seen at the three moments.
pub struct Looks {
    pub live: Scan,
    pub naive: Scan,
    pub recipe: Scan,
}

impl Structure {
    pub fn row(&self, searcher: &Searcher, looks: &Looks, steps: &Steps) -> Result<Row, String> {
        let inside = |place: &str| {
            self.places.iter().any(|p| matches!(place.strip_prefix(p), Some(rest) if rest.is_empty() || rest.starts_with('.')))
        };
        let count = |scan, which| vec![searcher.count(scan, self.set, which, &inside)];
        let figures = Figures {
            live: count(&looks.live, Which::All),
            naive: count(&looks.naive, Which::Gone),
            recipe: count(&looks.recipe, Which::Gone),
            kept: count(&looks.recipe, Which::Kept),
            seconds: steps.seconds(&self.step),
        };
        Row::checked(self.name, self.sight, &figures, &format!("{}, ", self.how), self.shows)
    }
}

/// Rows that stand below a structure of that name.
#[derive(Default)]
pub struct Below(Vec<(&'static str, Row)>);

impl Below {
    pub fn put(&mut self, structure: &'static str, row: Row) {
        self.0.push((structure, row));
    }

    /// A way that is not the recipe: what it leaves of what was there before it.
    pub fn tried(&mut self, structure: &'static str, how: &str, left: &dyn Fn() -> Count, run: impl FnOnce()) -> Result<(), String> {
        let before = left();
        let began = Instant::now();
        run();
        let seconds = began.elapsed().as_secs_f64();
        self.put(structure, Row::other_way(how, before, left(), seconds)?);
        Ok(())
    }

    pub fn among(self, rows: Vec<Row>) -> Vec<Row> {
        let mut out = rows;
        for (name, row) in self.0.into_iter().rev() {
            let at = out.iter().position(|r| r.structure == name).unwrap_or_else(|| panic!("no structure {name}"));
            out.insert(at + 1, row);
        }
        out
    }
}

/// Seconds that each step took.
#[derive(Default)]
pub struct Steps(BTreeMap<String, f64>);

impl Steps {
    pub fn time<T>(&mut self, step: &str, run: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let out = run();
        *self.0.entry(step.to_owned()).or_default() += began.elapsed().as_secs_f64();
        out
    }

    fn seconds(&self, step: &str) -> f64 {
        *self.0.get(step).unwrap_or_else(|| panic!("no step {step}"))
    }

    pub fn sum(&self) -> f64 {
        self.0.values().sum()
    }
}

/// Where something is left, if anything is.
pub fn named(places: &BTreeMap<String, usize>) -> String {
    let all: Vec<String> = places.iter().map(|(place, n)| format!("{n} in `{place}`")).collect();
    if all.is_empty() { String::new() } else { format!(" ({})", all.join(", ")) }
}

/// Zeros over the old bytes where they lie; servers append, so that they do not mind the new length.
pub fn overwrite(file: &Path) {
    use std::io::Write as _;
    let mut open = std::fs::OpenOptions::new().write(true).open(file).unwrap();
    let length = usize::try_from(open.metadata().unwrap().len()).unwrap();
    open.write_all(&vec![0; length]).unwrap();
    open.sync_all().unwrap();
    open.set_len(0).unwrap();
}
