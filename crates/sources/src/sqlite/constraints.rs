//! What constraints of a SQLite table take: tried on a twin of the table in memory, with rows that are there.

use rows::{CellRef, Tag};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use terms::{Fault, Place};

use super::{Sqlite, fault, quoted};
use crate::blank::{Blank, Said};
use crate::dataset::Dataset;
use crate::fit::{Check, fit};

/// Rows on which values are tried first, and rows that refuse what was found there with which it is tried again, at most.
const ROWS: u32 = 200;
const MORE: usize = 20;

/// What erasing these columns leaves.
pub(super) fn fitting(sqlite: &Sqlite, place: &Place, erased: &[u32], said: &Said) -> Result<Vec<Blank>, Fault> {
    let map = |e: rusqlite::Error| fault(&e, place);
    let dataset = sqlite.dataset(place)?;
    let plain: Vec<Blank> = dataset.columns.iter().map(Blank::of_sqlite).collect();
    let connection = sqlite.reader()?;
    let sql: String = connection
        .query_row("SELECT sql FROM sqlite_schema WHERE name = ?1 AND type = 'table'", [&dataset.name], |r| r.get(0))
        .unwrap_or_default();
    if !sql.to_ascii_uppercase().contains("CHECK") {
        return Ok(plain);
    }
    let mut rows = Vec::new();
    each(&connection, dataset, Some(ROWS), &mut |row| {
        rows.push(row);
        Ok(true)
    })
    .map_err(map)?;
    let Some(twin) = twin(&sql) else { return Ok(plain) };
    // Which columns a constraint names is known to the library alone: each that is erased is tried by itself, then all together.
    let all: Vec<usize> = erased.iter().chain(said.keys()).map(|c| *c as usize).collect();
    let alone = all.iter().map(|i| vec![*i]);
    let checks: Vec<Check> = alone.chain([all.clone()]).map(|columns| Check { columns, sql: String::new() }).collect();
    let others = |i: usize| others(dataset, i);
    for _ in 0..MORE {
        let mut blanks = plain.clone();
        fit(place, &mut blanks, (erased, said, &checks), &others, &mut |check, blanks| {
            for row in &rows {
                if !takes(&twin, dataset, row, &check.columns, blanks).map_err(map)? {
                    return Ok(false);
                }
            }
            Ok(true)
        })?;
        let known = rows.len();
        each(&connection, dataset, None, &mut |row| {
            let taken = takes(&twin, dataset, &row, &all, &blanks)?;
            rows.extend(Some(row).filter(|_| !taken));
            Ok(taken)
        })
        .map_err(map)?;
        if rows.len() == known {
            return Ok(blanks);
        }
    }
    let column = all.first().copied().unwrap_or_default();
    Err(Fault::new("no_value_fits").with("place", place).with("column", format!("#{column}")))
}

/// The table without rows, in memory; none if it needs what only its own program has.
fn twin(sql: &str) -> Option<Connection> {
    let twin = Connection::open_in_memory().ok()?;
    twin.execute_batch("PRAGMA foreign_keys = OFF").and_then(|()| twin.execute_batch(sql)).ok().map(|()| twin)
}

fn own(dataset: &Dataset) -> impl Iterator<Item = (usize, String)> {
    dataset.columns.iter().enumerate().filter(|(_, c)| !c.generated).map(|(i, c)| (i, quoted(&c.name)))
}

/// Hears the rows of a table, at most so many, until `hear` has enough.
fn each(
    connection: &Connection,
    dataset: &Dataset,
    most: Option<u32>,
    hear: &mut dyn FnMut(Vec<Value>) -> rusqlite::Result<bool>,
) -> rusqlite::Result<()> {
    let names: Vec<String> = own(dataset).map(|(_, name)| name).collect();
    let limit = most.map_or(-1, i64::from);
    let mut statement = connection.prepare(&format!("SELECT {} FROM {} LIMIT ?1", names.join(", "), quoted(&dataset.name)))?;
    let mut rows = statement.query([limit])?;
    while let Some(row) = rows.next()? {
        if !hear((0..names.len()).map(|i| row.get(i)).collect::<rusqlite::Result<_>>()?)? {
            break;
        }
    }
    Ok(())
}

/// Whether the twin takes a row that was erased like this.
fn takes(twin: &Connection, dataset: &Dataset, row: &[Value], erased: &[usize], blanks: &[Blank]) -> rusqlite::Result<bool> {
    let mut values = row.to_vec();
    for ((i, _), value) in own(dataset).zip(&mut values) {
        if let (true, Some(blank)) = (erased.contains(&i), blanks.get(i)) {
            *value = tried(blank, value);
        }
    }
    let (names, places): (Vec<String>, Vec<&str>) = own(dataset).map(|(_, name)| (name, "?")).unzip();
    let sql = format!("INSERT INTO {} ({}) VALUES ({})", quoted(&dataset.name), names.join(", "), places.join(", "));
    let done = twin.prepare_cached(&sql)?.execute(params_from_iter(values.iter()));
    twin.prepare_cached(&format!("DELETE FROM {}", quoted(&dataset.name)))?.execute([])?;
    match done {
        Ok(_) => Ok(true),
        Err(rusqlite::Error::SqliteFailure(e, _)) if e.code == rusqlite::ErrorCode::ConstraintViolation => Ok(false),
        Err(e) => Err(e),
    }
}

/// A blank as the library takes it, in place of a value.
fn tried(blank: &Blank, before: &Value) -> Value {
    let tag = match before {
        Value::Null => Tag::Null,
        Value::Integer(_) => Tag::Integer,
        _ => Tag::Text,
    };
    let (tag, bytes) = blank.leaves(CellRef { tag, bytes: &[] }, 1);
    let eight = || <[u8; 8]>::try_from(bytes.as_slice()).unwrap_or_default();
    match tag {
        Tag::Null => Value::Null,
        Tag::Integer => Value::Integer(i64::from_be_bytes(eight())),
        Tag::Real => Value::Real(f64::from_be_bytes(eight())),
        Tag::Blob => Value::Blob(bytes),
        Tag::Text | Tag::Other => Value::Text(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// What is tried in a column, in order.
fn others(dataset: &Dataset, i: usize) -> Vec<Blank> {
    let Some(column) = dataset.columns.get(i) else { return Vec::new() };
    let plain = Blank::of_sqlite(column);
    let numeric = matches!(Blank::of_sqlite(&crate::dataset::Column { not_null: true, ..column.clone() }), Blank::Zero | Blank::ZeroReal);
    match plain {
        _ if column.unique && numeric => [plain].into_iter().chain(Blank::distinct_numbers()).collect(),
        _ if column.unique => [plain].into_iter().chain(Blank::distinct_words()).collect(),
        _ if numeric => [plain].into_iter().chain(Blank::numbers()).collect(),
        _ => [plain].into_iter().chain(Blank::words()).collect(),
    }
}
