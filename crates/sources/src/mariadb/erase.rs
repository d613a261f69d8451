//! Erasing in batches: each reads the next rows by key under lock, erases what is picked, and is a transaction of its own.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use mysql::prelude::Queryable as _;
use mysql::{Conn, Params, TxOpts, Value};
use rows::{Batch, BatchBuilder, CellRef, Locator, Tag, read_row};
use terms::{Fault, Place};

use super::Mariadb;
use super::faults::fault;
use super::list::{Field, Table};
use super::read::{Values, columns};
use crate::dataset::{Action, Left, Rehearsal};
use crate::{Pick, REHEARSED};

/// Erases what `pick` says, table by table.
pub(super) fn erase(mariadb: &mut Mariadb, places: &[Place], pick: Pick<'_>) -> Result<(), Fault> {
    for place in places {
        let table = mariadb.table(place)?.clone();
        if table.key.is_empty() {
            return Err(Fault::new("table_without_key").with("place", place));
        }
        let pages = Pages { table: &table, place, rows: mariadb.at.limits.batch_rows.max(1) };
        let mut after: Option<Vec<Value>> = None;
        loop {
            after = pages.next(&mut mariadb.conn, after, pick)?;
            if after.is_none() {
                break;
            }
            std::thread::sleep(mariadb.at.limits.pause);
        }
    }
    Ok(())
}

/// The statements for one row, as they are sent.
pub(super) fn would(table: &Table, place: &Place, columns: Option<&[u32]>) -> Vec<String> {
    let pages = Pages { table, place, rows: 1 };
    vec![match columns {
        None => pages.delete(1),
        Some(columns) => pages.update(&pages.written(columns), 1),
    }]
}

/// What was done in a page.
#[derive(Default)]
struct Page {
    /// The key of its last row; none at the table's end.
    last: Option<Vec<Value>>,
    picked: u64,
    met: u64,
}

/// Erases the first rows that are picked in one transaction, and takes it back; nothing where triggers would run, or nothing could be taken back.
/// References are looked at by the server itself, row by row.
pub(super) fn rehearse(mariadb: &mut Mariadb, place: &Place, pick: Pick<'_>) -> Result<Rehearsal, Fault> {
    let map = |e: mysql::Error| fault(&e, place);
    let table = mariadb.table(place)?.clone();
    if table.key.is_empty() {
        return Err(Fault::new("table_without_key").with("place", place));
    }
    if table.versioned {
        return Err(Fault::new("copies_kept").with("place", place));
    }
    let triggers = mariadb.conn.exec_first(TRIGGERS, table.names()).map_err(map)?.unwrap_or_default();
    // Only this engine takes back what was tried.
    if triggers > 0 || table.engine != "InnoDB" {
        return Ok(Rehearsal { triggers, ..Rehearsal::default() });
    }
    let pages = Pages { table: &table, place, rows: REHEARSED };
    // The engine carries changes into other tables itself, and counts them nowhere.
    let carried = Cell::new(0);
    let pick: Pick<'_> = &mut |place, batch, row| {
        let action = pick(place, batch, row)?;
        if let Action::Overwrite(columns, _) = &action
            && table.carried.iter().any(|c| columns.iter().any(|own| *own as usize == *c))
        {
            carried.set(carried.get() + 1);
        }
        Ok(action)
    };
    let mut transaction = mariadb.conn.start_transaction(TxOpts::default()).map_err(map)?;
    let (mut out, mut after) = (Rehearsal::default(), None);
    loop {
        let page = pages.page(&mut transaction, after, pick)?;
        (out.tried, out.met) = (out.tried + page.picked, out.met + page.met);
        after = page.last;
        if after.is_none() || out.tried >= REHEARSED as u64 {
            break;
        }
    }
    transaction.rollback().map_err(map)?;
    out.cascades = carried.get();
    Ok(out)
}

const TRIGGERS: &str = "SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = ? AND EVENT_OBJECT_TABLE = ? AND EVENT_MANIPULATION <> 'INSERT'";

/// A table page by page, in the order of its key.
struct Pages<'a> {
    table: &'a Table,
    place: &'a Place,
    rows: usize,
}

impl Pages<'_> {
    /// Erases in the next page; gives the key of its last row, if there was one.
    fn next(&self, conn: &mut Conn, after: Option<Vec<Value>>, pick: Pick<'_>) -> Result<Option<Vec<Value>>, Fault> {
        let map = |e: mysql::Error| fault(&e, self.place);
        let mut transaction = conn.start_transaction(TxOpts::default()).map_err(map)?;
        let page = self.page(&mut transaction, after, pick)?;
        transaction.commit().map_err(map)?;
        Ok(page.last)
    }

    /// Erases in the next page, in a transaction of somebody else.
    fn page(&self, transaction: &mut mysql::Transaction<'_>, after: Option<Vec<Value>>, pick: Pick<'_>) -> Result<Page, Fault> {
        let map = |e: mysql::Error| fault(&e, self.place);
        let (condition, bound) = self.beyond(after.as_deref());
        let order: Vec<&str> = self.key().collect();
        let sql = format!(
            "SELECT {} FROM {}{condition} ORDER BY {} LIMIT {} FOR UPDATE",
            columns(self.table),
            self.table.sql,
            order.join(", "),
            self.rows
        );
        let mut builder = BatchBuilder::new(self.table.fields.len());
        let mut values = Values::default();
        for row in transaction.exec_iter(sql, positional(bound)).map_err(map)? {
            values.read(row.map_err(map)?, &self.table.fields);
            builder.push(&values.locator(self.table, 0), values.cells());
        }
        let batch = builder.finish();
        let mut deleted = Vec::new();
        // Rows that are left with the same values are written by one statement.
        let mut emptied: BTreeMap<(Arc<[u32]>, Vec<Left>), Vec<Vec<Value>>> = BTreeMap::new();
        let mut last = None;
        for row in 0..batch.rows() {
            let key = batch.locator(row).map(|l| key_values(self.table, &l)).unwrap_or_default();
            match pick(self.place, &batch, row)? {
                Action::Keep => {}
                Action::Delete => deleted.push(key.clone()),
                Action::Overwrite(columns, left) => emptied.entry((columns, left)).or_default().push(key.clone()),
            }
            last = Some(key);
        }
        let mut page = Page { last: last.filter(|_| batch.rows() == self.rows), ..Page::default() };
        if !deleted.is_empty() {
            page.picked += deleted.len() as u64;
            let sql = self.delete(deleted.len());
            transaction.exec_drop(sql, positional(deleted.concat())).map_err(map)?;
            page.met += transaction.affected_rows();
        }
        for ((columns, left), keys) in &emptied {
            page.picked += keys.len() as u64;
            self.empty(transaction, columns, left, keys)?;
            page.met += keys.len() as u64;
        }
        Ok(page)
    }

    fn empty(&self, transaction: &mut mysql::Transaction<'_>, columns: &[u32], left: &[Left], keys: &[Vec<Value>]) -> Result<(), Fault> {
        let set = self.written(columns);
        if set.is_empty() {
            return Ok(());
        }
        let mut bound: Vec<Value> =
            set.iter().filter_map(|(i, _)| left.get(*i)).map(|(tag, bytes)| value(CellRef { tag: *tag, bytes })).collect();
        bound.extend(keys.iter().flatten().cloned());
        transaction.exec_drop(self.update(&set, keys.len()), positional(bound)).map_err(|e| fault(&e, self.place))
    }

    fn delete(&self, keys: usize) -> String {
        format!("DELETE FROM {} WHERE {}", self.table.sql, self.one_of(keys))
    }

    /// Columns that are written: their place among what is left, and their names.
    fn written(&self, columns: &[u32]) -> Vec<(usize, &str)> {
        let fields = columns.iter().enumerate().filter_map(|(i, c)| Some((i, self.table.fields.get(*c as usize)?)));
        fields.filter(|(_, f)| !f.generated).map(|(i, f)| (i, f.sql.as_str())).collect()
    }

    fn update(&self, set: &[(usize, &str)], keys: usize) -> String {
        let mut assignments: Vec<String> = set.iter().map(|(_, name)| format!("{name} = ?")).collect();
        // What is not erased stays, the time of the last change too.
        let stays = self.table.fields.iter().filter(|f| f.on_update && !set.iter().any(|(_, name)| *name == f.sql));
        assignments.extend(stays.map(|f| format!("{0} = {0}", f.sql)));
        format!("UPDATE {} SET {} WHERE {}", self.table.sql, assignments.join(", "), self.one_of(keys))
    }

    fn key(&self) -> impl Iterator<Item = &str> {
        self.table.key.iter().filter_map(|k| self.table.fields.get(*k)).map(|f| f.sql.as_str())
    }

    /// The condition of rows after a key: `a > ? OR (a = ? AND b > ?)`, which an index serves.
    fn beyond(&self, after: Option<&[Value]>) -> (String, Vec<Value>) {
        let Some(after) = after else { return (String::new(), Vec::new()) };
        let names: Vec<&str> = self.key().collect();
        let (mut parts, mut bound) = (Vec::new(), Vec::new());
        for (i, name) in names.iter().enumerate() {
            let equal: Vec<String> = names.iter().take(i).map(|n| format!("{n} = ?")).collect();
            let all: Vec<String> = equal.into_iter().chain([format!("{name} > ?")]).collect();
            parts.push(format!("({})", all.join(" AND ")));
            bound.extend(after.iter().take(i + 1).cloned());
        }
        (format!(" WHERE {}", parts.join(" OR ")), bound)
    }

    /// The condition of rows with one of so many keys.
    fn one_of(&self, keys: usize) -> String {
        let names: Vec<&str> = self.key().collect();
        match names.as_slice() {
            [one] => format!("{one} IN ({})", vec!["?"; keys].join(", ")),
            many => {
                let each: Vec<String> = many.iter().map(|n| format!("{n} = ?")).collect();
                vec![format!("({})", each.join(" AND ")); keys].join(" OR ")
            }
        }
    }
}

fn positional(bound: Vec<Value>) -> Params {
    if bound.is_empty() { Params::Empty } else { Params::Positional(bound) }
}

fn key_values(table: &Table, locator: &Locator) -> Vec<Value> {
    let Locator::Key(key) = locator else { return Vec::new() };
    let fields = table.key.iter().map(|k| table.fields.get(*k));
    let bits = |bytes: &[u8]| bytes.iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
    let bound = |(cell, field): (CellRef<'_>, Option<&Field>)| match field.is_some_and(|f| f.data_type == "bit") {
        // Compared with bytes, bits are never found.
        true => Value::UInt(bits(cell.bytes)),
        false => value(cell),
    };
    read_row(key).unwrap_or_default().into_iter().zip(fields).map(bound).collect()
}

pub(super) fn value(cell: CellRef<'_>) -> Value {
    match cell.tag {
        Tag::Null => Value::NULL,
        Tag::Integer => Value::Int(cell.integer().unwrap_or_default()),
        Tag::Real => Value::Double(cell.real().unwrap_or_default()),
        Tag::Text | Tag::Blob | Tag::Other => Value::Bytes(cell.bytes.to_vec()),
    }
}

/// Inserts a batch; columns that the server computes are left to it.
pub(super) fn insert(mariadb: &mut Mariadb, place: &Place, batch: &Batch) -> Result<(), Fault> {
    let map = |e: mysql::Error| fault(&e, place);
    let table = mariadb.table(place)?.clone();
    let own: Vec<usize> = (0..table.fields.len()).filter(|i| table.fields.get(*i).is_some_and(|f| !f.generated)).collect();
    let names: Vec<&str> = own.iter().filter_map(|i| table.fields.get(*i)).map(|f| f.sql.as_str()).collect();
    mariadb.let_go()?;
    // Dates of zero and numbers of zero in counting columns are values like any other.
    mariadb.conn.query_drop("SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'").map_err(map)?;
    let row = format!("({})", vec!["?"; own.len()].join(", "));
    let step = (60_000 / own.len().max(1)).clamp(1, 500);
    for from in (0..batch.rows()).step_by(step) {
        let rows = from..batch.rows().min(from + step);
        let bound: Vec<Value> = rows.clone().flat_map(|r| own.iter().map(move |c| value(batch.cell(r, *c)))).collect();
        let sql = format!("INSERT INTO {} ({}) VALUES {}", table.sql, names.join(", "), vec![row.as_str(); rows.len()].join(", "));
        mariadb.conn.exec_drop(sql, positional(bound)).map_err(map)?;
    }
    Ok(())
}
