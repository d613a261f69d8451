//! Erasing alone, in one transaction.

use rows::{Batch, CellRef, Locator, Tag, read_row};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};
use terms::{Fault, Place};

use super::read::{Identity, identity, read};
use super::{Sqlite, fault, quoted};
use crate::control::LeaveOut;
use crate::dataset::{Action, Dataset, Rehearsal};
use crate::{Pick, REHEARSED};

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

/// Erases the first rows that are picked, without triggers as always, and takes it back.
pub(super) fn rehearse(sqlite: &Sqlite, place: &Place, pick: Pick<'_>) -> Result<Rehearsal, Fault> {
    let map = |e: rusqlite::Error| fault(&e, place);
    let dataset = sqlite.dataset(place)?;
    let connection = sqlite.writer()?;
    alone(&connection, &sqlite.leave_out).map_err(map)?;
    let mut chosen: Vec<(Locator, Action)> = Vec::new();
    read(&connection, dataset, &mut |batch| {
        for row in (0..batch.rows()).take(REHEARSED.saturating_sub(chosen.len())) {
            match (pick(place, batch, row)?, batch.locator(row)) {
                (Action::Keep, _) | (_, None) => {}
                (action, Some(locator)) => chosen.push((locator, action)),
            }
        }
        Ok(())
    })?;
    let mut out = Rehearsal { tried: chosen.len() as u64, ..Rehearsal::default() };
    // Pages that do not fit into the cache would be written, and whoever reads would be waited for, page by page.
    connection.execute_batch("PRAGMA cache_spill = OFF; BEGIN IMMEDIATE").map_err(map)?;
    let done = rehearsed(&connection, dataset, &chosen, &mut out);
    connection.execute_batch("ROLLBACK").map_err(map)?;
    done.map(|()| out)
}

fn rehearsed(connection: &Connection, dataset: &Dataset, chosen: &[(Locator, Action)], out: &mut Rehearsal) -> Result<(), Fault> {
    let map = |e: rusqlite::Error| fault(&e, &dataset.place);
    let broken = broken_keys(connection).map_err(map)?;
    let before = connection.total_changes();
    carry_out(connection, dataset, chosen)?;
    out.met = connection.total_changes() - before;
    out.orphans = broken_keys(connection).map_err(map)?.saturating_sub(broken);
    let name = &dataset.name;
    let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE";
    out.triggers = u64::from(connection.query_row(sql, [name], |r| r.get::<_, u32>(0)).map_err(map)?);
    out.triggers_off = true;
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
            Action::Overwrite(columns, left) => {
                let written = written(dataset, columns);
                if written.is_empty() {
                    continue;
                }
                let sql = update(&written, dataset, values.len(), &condition);
                values.extend(written.iter().filter_map(|(i, _)| left.get(*i)).map(|(tag, bytes)| Bound(*tag, bytes.clone())));
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

fn update(written: &[(usize, String)], dataset: &Dataset, bound: usize, condition: &str) -> String {
    let sets: Vec<String> = (bound + 1..).zip(written).map(|(i, (_, name))| format!("{name} = ?{i}")).collect();
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
        Some(columns) => update(&written(dataset, columns), dataset, keys, &condition),
    })
}

/// Columns that are written: their place among what is left, and their names in quotes.
fn written(dataset: &Dataset, columns: &[u32]) -> Vec<(usize, String)> {
    let all = columns.iter().enumerate().filter_map(|(i, c)| Some((i, dataset.columns.get(*c as usize)?)));
    all.filter(|(_, c)| !c.generated).map(|(i, c)| (i, quoted(&c.name))).collect()
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
