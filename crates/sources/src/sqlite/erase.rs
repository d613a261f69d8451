//! Erasing alone, in one transaction.

use std::sync::Arc;

use rows::{Batch, CellRef, Locator, Tag, read_row};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};
use terms::{Fault, Place};

use super::read::{Identity, identity, read};
use super::{Sqlite, fault, quoted};
use crate::Pick;
use crate::blank::Blank;
use crate::control::LeaveOut;
use crate::dataset::{Action, Column, Dataset};

/// Erases what `pick` says: alone, all or nothing.
pub(super) fn erase(sqlite: &Sqlite, places: &[Place], pick: Pick<'_>) -> Result<(), Fault> {
    let at = &sqlite.source;
    let map = |e: rusqlite::Error| fault(&e, at);
    let connection = sqlite.writer()?;
    alone(&connection, &sqlite.leave_out).map_err(map)?;
    connection.execute_batch("BEGIN EXCLUSIVE").map_err(map)?;
    let outcome = erase_in(&connection, sqlite, places, pick);
    match outcome {
        Ok(()) => connection.execute_batch("COMMIT").map_err(map),
        Err(e) => {
            // The transaction is given up whole; the error that led here is the one that counts.
            let _ = connection.execute_batch("ROLLBACK");
            Err(e)
        }
    }
}

/// Settings of an erasing connection: values overwritten with zeros, no cascades beyond what was ordered.
fn alone(connection: &Connection, leave_out: &LeaveOut) -> rusqlite::Result<()> {
    // A trigger would write the values once more, into places that nobody ordered anything about.
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.execute_batch("PRAGMA temp_store = MEMORY")?;
    let secure = if leave_out.has("secure_delete") { "OFF" } else { "ON" };
    connection.query_row(&format!("PRAGMA secure_delete = {secure}"), [], |_| Ok(()))?;
    connection.execute_batch("PRAGMA foreign_keys = OFF")
}

fn erase_in(connection: &Connection, sqlite: &Sqlite, places: &[Place], pick: Pick<'_>) -> Result<(), Fault> {
    let at = &sqlite.source;
    let broken_before = broken_keys(connection).map_err(|e| fault(&e, at))?;
    for place in places {
        let dataset = sqlite.dataset(place)?;
        let mut chosen: Vec<(Locator, Action)> = Vec::new();
        read(connection, dataset, &mut |batch| {
            for row in 0..batch.rows() {
                let action = pick(place, batch, row)?;
                if action != Action::Keep
                    && let Some(locator) = batch.locator(row)
                {
                    chosen.push((locator, action));
                }
            }
            Ok(())
        })?;
        carry_out(connection, dataset, &chosen)?;
    }
    let broken_after = broken_keys(connection).map_err(|e| fault(&e, at))?;
    if broken_after > broken_before {
        return Err(Fault::new("foreign_keys_broken").with("source", at).with("rows", broken_after - broken_before));
    }
    Ok(())
}

fn broken_keys(connection: &Connection) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let mut rows = statement.query([])?;
    let mut count = 0;
    while rows.next()?.is_some() {
        count += 1;
    }
    Ok(count)
}

fn carry_out(connection: &Connection, dataset: &Dataset, chosen: &[(Locator, Action)]) -> Result<(), Fault> {
    let map = |e: rusqlite::Error| fault(&e, &dataset.place);
    let identity = identity(connection, dataset).map_err(map)?;
    let condition = condition(dataset, &identity);
    for (locator, action) in chosen {
        let mut values = key_values(locator);
        let sql = match action {
            Action::Keep => continue,
            Action::Delete => delete(dataset, &condition),
            Action::Empty(columns, number) => {
                let blanks = blanks(dataset, columns, *number);
                if blanks.is_empty() {
                    continue;
                }
                let sql = update(dataset, &blanks, values.len(), &condition);
                values.extend(blanks.into_iter().map(|(_, value)| value));
                sql
            }
        };
        let mut statement = connection.prepare_cached(&sql).map_err(map)?;
        if statement.execute(params_from_iter(values.iter())).map_err(map)? != 1 {
            return Err(Fault::new("row_not_told_apart").with("place", &dataset.place));
        }
    }
    Ok(())
}

fn condition(dataset: &Dataset, identity: &Identity) -> String {
    match identity {
        Identity::RowId(name) => format!("{name} = ?1"),
        Identity::Key(keys) => {
            let name = |k: &usize| dataset.columns.get(*k).map(|c| quoted(&c.name));
            let parts: Vec<String> = (1..).zip(keys.iter().filter_map(name)).map(|(i, name)| format!("{name} IS ?{i}")).collect();
            parts.join(" AND ")
        }
    }
}

fn delete(dataset: &Dataset, condition: &str) -> String {
    format!("DELETE FROM {} WHERE {condition}", quoted(&dataset.name))
}

fn update(dataset: &Dataset, blanks: &[(String, Bound)], bound: usize, condition: &str) -> String {
    let sets: Vec<String> = (bound + 1..).zip(blanks).map(|(i, (name, _))| format!("{name} = ?{i}")).collect();
    format!("UPDATE {} SET {} WHERE {condition}", quoted(&dataset.name), sets.join(", "))
}

/// The statement for one row, as it is sent.
pub(super) fn would(sqlite: &Sqlite, place: &Place, columns: Option<&[u32]>) -> Result<String, Fault> {
    let dataset = sqlite.dataset(place)?;
    let identity = identity(&sqlite.reader()?, dataset).map_err(|e| fault(&e, place))?;
    let condition = condition(dataset, &identity);
    let keys = if let Identity::Key(keys) = &identity { keys.len() } else { 1 };
    Ok(match columns {
        None => delete(dataset, &condition),
        Some(columns) => update(dataset, &blanks(dataset, &Arc::from(columns), 0), keys, &condition),
    })
}

/// Quoted names of the columns with what erasing leaves in them.
fn blanks(dataset: &Dataset, columns: &Arc<[u32]>, number: u64) -> Vec<(String, Bound)> {
    let nothing = CellRef { tag: Tag::Text, bytes: &[] };
    let of = |c: &Column| {
        let (tag, bytes) = Blank::of_sqlite(c).leaves(nothing, number);
        (quoted(&c.name), value(CellRef { tag, bytes: &bytes }))
    };
    columns.iter().filter_map(|c| dataset.columns.get(*c as usize)).filter(|c| !c.generated).map(of).collect()
}

/// A value with its very bytes: texts in SQLite need not be UTF-8.
struct Bound(Tag, Vec<u8>);

impl ToSql for Bound {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let cell = CellRef { tag: self.0, bytes: &self.1 };
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Tag::Integer => cell.integer().map_or(ValueRef::Null, ValueRef::Integer),
            Tag::Real => cell.real().map_or(ValueRef::Null, ValueRef::Real),
            Tag::Text | Tag::Other => ValueRef::Text(&self.1),
            Tag::Blob => ValueRef::Blob(&self.1),
            Tag::Null => ValueRef::Null,
        }))
    }
}

fn value(cell: CellRef<'_>) -> Bound {
    Bound(cell.tag, cell.bytes.to_vec())
}

/// Inserts a batch in one transaction; columns that the store computes are left to it.
pub(super) fn insert(sqlite: &Sqlite, place: &Place, batch: &Batch) -> Result<(), Fault> {
    let map = |e: rusqlite::Error| fault(&e, place);
    let dataset = sqlite.dataset(place)?;
    let own: Vec<usize> = (0..dataset.columns.len()).filter(|i| dataset.columns.get(*i).is_some_and(|c| !c.generated)).collect();
    let names: Vec<String> = own.iter().filter_map(|i| dataset.columns.get(*i)).map(|c| quoted(&c.name)).collect();
    let sql = format!("INSERT INTO {} ({}) VALUES ({})", quoted(&dataset.name), names.join(", "), vec!["?"; own.len()].join(", "));
    let mut connection = sqlite.writer()?;
    let transaction = connection.transaction().map_err(map)?;
    for row in 0..batch.rows() {
        let values: Vec<Bound> = own.iter().map(|c| value(batch.cell(row, *c))).collect();
        transaction.prepare_cached(&sql).and_then(|mut s| s.execute(params_from_iter(values.iter()))).map_err(map)?;
    }
    transaction.commit().map_err(map)
}

fn key_values(locator: &Locator) -> Vec<Bound> {
    match locator {
        Locator::RowId(id) => vec![Bound(Tag::Integer, id.to_be_bytes().to_vec())],
        Locator::Key(key) => read_row(key).unwrap_or_default().into_iter().map(value).collect(),
        Locator::Bytes { .. } | Locator::SheetRow(_) | Locator::Tid { .. } => Vec::new(),
    }
}
