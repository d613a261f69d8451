//! Erasing in batches: each reads the next rows by key under lock, erases what is picked, and is a transaction of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use mysql::prelude::Queryable as _;
use mysql::{Conn, Params, TxOpts, Value};
use rows::{Batch, BatchBuilder, CellRef, Locator, Tag, read_row};
use terms::{Fault, Place};

use super::faults::fault;
use super::list::Table;
use super::read::{Values, columns};
use super::{Mariadb, blank};
use crate::Pick;
use crate::blank::Blank;
use crate::dataset::Action;

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
        Some(columns) => pages.update(&pages.set(columns), 1),
    }]
}

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
        let mut emptied: BTreeMap<Arc<[u32]>, Vec<(Vec<Value>, u64)>> = BTreeMap::new();
        let mut last = None;
        for row in 0..batch.rows() {
            let key = batch.locator(row).map(|l| key_values(&l)).unwrap_or_default();
            match pick(self.place, &batch, row)? {
                Action::Keep => {}
                Action::Delete => deleted.push(key.clone()),
                Action::Empty(columns, number) => emptied.entry(columns).or_default().push((key.clone(), number)),
            }
            last = Some(key);
        }
        if !deleted.is_empty() {
            let sql = self.delete(deleted.len());
            transaction.exec_drop(sql, positional(deleted.concat())).map_err(map)?;
        }
        for (columns, rows) in &emptied {
            self.empty(&mut transaction, columns, rows)?;
        }
        transaction.commit().map_err(map)?;
        Ok(last.filter(|_| batch.rows() == self.rows))
    }

    fn empty(&self, transaction: &mut mysql::Transaction<'_>, columns: &[u32], rows: &[(Vec<Value>, u64)]) -> Result<(), Fault> {
        let map = |e: mysql::Error| fault(&e, self.place);
        let set = self.set(columns);
        if set.is_empty() {
            return Ok(());
        }
        let differs = set.iter().any(|(_, b)| matches!(b, Blank::Number | Blank::SmallNumber | Blank::NumberReal | Blank::Word));
        // Rows that get the same values are written by one statement.
        for group in rows.chunks(if differs { 1 } else { rows.len().max(1) }) {
            let number = group.first().map_or(0, |(_, n)| *n);
            let mut bound: Vec<Value> = set.iter().map(|(_, b)| written(b, number)).collect();
            bound.extend(group.iter().flat_map(|(key, _)| key.iter().cloned()));
            let sql = self.update(&set, group.len());
            transaction.exec_drop(sql, positional(bound)).map_err(map)?;
        }
        Ok(())
    }

    fn delete(&self, keys: usize) -> String {
        format!("DELETE FROM {} WHERE {}", self.table.sql, self.one_of(keys))
    }

    /// Columns that are written, with what is left in them.
    fn set(&self, columns: &[u32]) -> Vec<(&str, Blank)> {
        let fields = columns.iter().filter_map(|c| self.table.fields.get(*c as usize));
        fields.map(|f| (f.sql.as_str(), blank::of(f))).filter(|(_, b)| *b != Blank::Stays).collect()
    }

    fn update(&self, set: &[(&str, Blank)], keys: usize) -> String {
        let assignments: Vec<String> = set.iter().map(|(name, _)| format!("{name} = ?")).collect();
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

fn key_values(locator: &Locator) -> Vec<Value> {
    let Locator::Key(key) = locator else { return Vec::new() };
    read_row(key).unwrap_or_default().into_iter().map(value).collect()
}

fn value(cell: CellRef<'_>) -> Value {
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

/// A blank as the server takes it.
fn written(blank: &Blank, number: u64) -> Value {
    let (tag, bytes) = blank.leaves(CellRef { tag: Tag::Text, bytes: &[] }, number);
    value(CellRef { tag, bytes: &bytes })
}
