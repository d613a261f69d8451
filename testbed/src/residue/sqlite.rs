//! The experiment on SQLite: each structure in a file of its own, once for each way of `secure_delete`.

mod structures;

use std::path::{Path, PathBuf};
use std::time::Instant;

use rusqlite::Connection;

use self::structures::{FIRST, Place, Structure, TAG, Value};
use super::search::{Needles, Scan, Searcher, Which};
use super::{Figures, Looker, Measured, Row, Store, lookers, values};

const WAYS: [&str; 3] = ["OFF", "FAST", "ON"];
const SET: &str = "values";

/// All structures, then the reader who stays open.
pub fn measure(number: usize) -> Result<Measured, String> {
    let folder = tempfile::tempdir().unwrap();
    let rows = structures::all().iter().map(|s| row(s, folder.path(), number)).collect::<Result<_, _>>()?;
    let lookers = vec![open_reader(&folder.path().join("reader.db"), number)];
    Ok(Measured {
        store: Store::Sqlite,
        version: format!("SQLite {} (bundled build)", rusqlite::version()),
        naive: "DELETE and checkpoint, `secure_delete` off / fast / on".to_owned(),
        rows,
        lookers: lookers::checked(lookers)?,
        notes: vec![format!("{number} values a structure, of which every third went; what a dropped column held went whole.")],
    })
}

/// Plants, looks, deletes, looks, cleans, looks: once for each way.
fn row(structure: &Structure, folder: &Path, number: usize) -> Result<Row, String> {
    let mut all = Figures { live: Vec::new(), naive: Vec::new(), recipe: Vec::new(), kept: Vec::new(), seconds: 0.0 };
    for way in WAYS {
        let path = folder.join(format!("{}.db", all.live.len()));
        one(structure, &path, way, number, &mut all);
        let _ = std::fs::remove_file(path);
    }
    let how = if structure.recipe.is_empty() { String::new() } else { format!("{}, ", structure.how) };
    Row::checked(structure.name, structure.sight, &all, &how, structure.shows)
}

fn one(structure: &Structure, path: &Path, way: &str, number: usize, all: &mut Figures) {
    let searcher = searcher(structure, number);
    let count = |scan: &Scan, which| searcher.count(scan, SET, which, &|_| true);
    let db = Connection::open(path).unwrap();
    set(&db, &format!("PRAGMA secure_delete = {way}"));
    plant(&db, structure, number);
    if structure.place != Place::Beside("-wal") {
        set(&db, "PRAGMA wal_checkpoint(TRUNCATE)");
    }
    all.live.push(count(&seen(&searcher, &db, path, structure.place), Which::All));
    db.execute_batch(structure.delete).unwrap();
    // The log keeps its length when it is not told otherwise.
    let checkpoint = if structure.place == Place::Beside("-wal") { "PASSIVE" } else { "TRUNCATE" };
    set(&db, &format!("PRAGMA wal_checkpoint({checkpoint})"));
    all.naive.push(count(&seen(&searcher, &db, path, structure.place), Which::Gone));
    let began = Instant::now();
    recipe(&db, structure.recipe);
    all.seconds = all.seconds.max(began.elapsed().as_secs_f64());
    let place = if structure.place == Place::Vocabulary { Place::Vocabulary } else { Place::Files };
    let after = seen(&searcher, &db, path, place);
    all.recipe.push(count(&after, Which::Gone));
    all.kept.push(count(&after, Which::Kept));
}

fn searcher(structure: &Structure, number: usize) -> Searcher {
    let mut needles = Needles::default();
    needles.add(SET, (FIRST..FIRST + number).map(|n| ((structure.needle)(n), structure.all_go || values::goes(n))));
    needles.searcher()
}

/// What is only planted need not be safe from a power cut: nothing is waited for.
fn plant(db: &Connection, structure: &Structure, number: usize) {
    set(db, "PRAGMA synchronous = OFF");
    for setting in structure.settings.split("; ") {
        set(db, setting);
    }
    db.execute_batch(structure.create).unwrap();
    db.execute_batch("BEGIN").unwrap();
    let mut insert = db.prepare(structure.insert).unwrap();
    for n in FIRST..FIRST + number {
        let id = i64::try_from(n).unwrap();
        let number = values::number(TAG, n);
        match structure.value {
            Value::Text => insert.execute((id, values::text(TAG, n))),
            Value::Word => insert.execute((id, values::word(TAG, n))),
            Value::Long => insert.execute((id, values::hidden(TAG, n, 4_200..16_000))),
            Value::Integer => insert.execute((id, i64::try_from(number).unwrap())),
            Value::Real => insert.execute((id, number as f64)),
        }
        .unwrap();
    }
    drop(insert);
    db.execute_batch("COMMIT").unwrap();
    db.execute_batch(structure.after).unwrap();
}

/// The recipe of `docs/why/residue.md`, after a delete that knew nothing of it.
fn recipe(db: &Connection, before: &str) {
    set(db, "PRAGMA synchronous = FULL");
    set(db, "PRAGMA temp_store = MEMORY");
    set(db, "PRAGMA secure_delete = ON");
    db.execute_batch(before).unwrap();
    db.execute_batch("VACUUM").unwrap();
    set(db, "PRAGMA wal_checkpoint(TRUNCATE)");
    let mode: String = db.query_row("PRAGMA journal_mode", [], |r| r.get(0)).unwrap();
    if mode == "persist" {
        set(db, "PRAGMA journal_mode = DELETE");
    }
    let free: i64 = db.query_row("PRAGMA freelist_count", [], |r| r.get(0)).unwrap();
    assert_eq!(free, 0);
}

/// A pragma answers with a row, or with none.
fn set(db: &Connection, pragma: &str) {
    let mut statement = db.prepare(pragma).unwrap();
    let mut rows = statement.query([]).unwrap();
    while rows.next().unwrap().is_some() {}
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    PathBuf::from(format!("{}{ending}", path.display()))
}

fn seen(searcher: &Searcher, db: &Connection, path: &Path, place: Place) -> Scan {
    let anywhere = |_: &Path, _| String::new();
    let mut scan = Scan::default();
    match place {
        // The shared index (`-shm`) holds numbers of pages, no values.
        Place::Files => return searcher.search(&[path.to_owned(), beside(path, "-wal"), beside(path, "-journal")], &anywhere),
        Place::Beside(ending) => return searcher.search(&[beside(path, ending)], &anywhere),
        Place::Statistics => {
            let bytes = std::fs::read(path).unwrap();
            let size = numbers(db, "PRAGMA page_size")[0];
            for page in numbers(db, "SELECT pageno FROM dbstat WHERE name = 'sqlite_stat4'") {
                searcher.search_in(&bytes[(page - 1) * size..page * size], &mut scan, &|_| String::new());
            }
        }
        Place::Vocabulary => {
            db.execute_batch("CREATE VIRTUAL TABLE IF NOT EXISTS temp.words USING fts5vocab (main, t, row)").unwrap();
            let mut statement = db.prepare("SELECT term FROM temp.words").unwrap();
            for term in statement.query_map([], |r| r.get::<_, String>(0)).unwrap() {
                searcher.search_in(term.unwrap().as_bytes(), &mut scan, &|_| String::new());
            }
        }
    }
    scan
}

fn numbers(db: &Connection, sql: &str) -> Vec<usize> {
    let mut statement = db.prepare(sql).unwrap();
    let all = statement.query_map([], |r| r.get::<_, i64>(0)).unwrap();
    all.map(|n| usize::try_from(n.unwrap()).unwrap()).collect()
}

/// One reader with a snapshot from before the delete: what the recipe leaves with them, and without.
fn open_reader(path: &Path, number: usize) -> Looker {
    let all = structures::all();
    let structure = &all[0];
    let searcher = searcher(structure, number);
    let db = Connection::open(path).unwrap();
    plant(&db, structure, number);
    set(&db, "PRAGMA wal_checkpoint(TRUNCATE)");
    // Waiting would not help: the reader stays.
    db.busy_timeout(std::time::Duration::ZERO).unwrap();
    let reader = Connection::open(path).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    reader.query_row("SELECT count(*) FROM t", [], |r| r.get::<_, i64>(0)).unwrap();
    set(&db, "PRAGMA secure_delete = ON");
    db.execute_batch(structure.delete).unwrap();
    recipe(&db, "");
    let busy: i64 = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| r.get(0)).unwrap();
    assert_eq!(busy, 1);
    let with_them = searcher.count(&seen(&searcher, &db, path, Place::Files), SET, Which::Gone, &|_| true);
    drop(reader);
    recipe(&db, "");
    let after_them = searcher.count(&seen(&searcher, &db, path, Place::Files), SET, Which::Gone, &|_| true);
    Looker { who: "an open reader; the checkpoint says busy, VACUUM says nothing".to_owned(), with_them, after_them }
}
