//! Reading a table in the order of its row ids (or its key), from one snapshot.

use rows::{Batch, BatchBuilder, CellRef, Locator, Tag, canonical_row};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use terms::Fault;

use super::{fault, quoted};
use crate::dataset::{Dataset, ReadSummary};

/// Rows and bytes after which a batch is handed on.
const BATCH_ROWS: usize = 8_192;
const BATCH_BYTES: usize = 8 << 20;

/// How a table's rows are told apart.
pub(super) enum Identity {
    /// By row id, under the name that no column has taken.
    RowId(&'static str),
    /// By the ordinals of its key columns.
    Key(Vec<usize>),
}

/// The identity of a table's rows.
pub(super) fn identity(connection: &Connection, dataset: &Dataset) -> rusqlite::Result<Identity> {
    let without: bool = connection
        .query_row("SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?1", [&dataset.name], |r| r.get(0))
        .unwrap_or(false);
    let taken = |name: &str| dataset.columns.iter().any(|c| c.name.eq_ignore_ascii_case(name));
    let name = ["rowid", "_rowid_", "oid"].into_iter().find(|n| !taken(n));
    match (without, name) {
        (false, Some(name)) => Ok(Identity::RowId(name)),
        _ => Ok(Identity::Key(dataset.columns.iter().enumerate().filter(|(_, c)| c.key).map(|(i, _)| i).collect())),
    }
}

/// The statement that reads a whole table.
pub(super) fn select(dataset: &Dataset, identity: &Identity) -> String {
    let columns: Vec<String> = dataset.columns.iter().map(|c| quoted(&c.name)).collect();
    let table = quoted(&dataset.name);
    match identity {
        Identity::RowId(name) => format!("SELECT {name}, {} FROM {table} ORDER BY {name}", columns.join(", ")),
        Identity::Key(keys) => {
            let order: Vec<&str> = keys.iter().filter_map(|k| columns.get(*k)).map(String::as_str).collect();
            format!("SELECT 0, {} FROM {table} ORDER BY {}", columns.join(", "), order.join(", "))
        }
    }
}

/// Reads all rows; `sink` gets batches.
pub(super) fn read(
    connection: &Connection,
    dataset: &Dataset,
    sink: &mut dyn FnMut(&Batch) -> Result<(), Fault>,
) -> Result<ReadSummary, Fault> {
    let map = |e: rusqlite::Error| fault(&e, &dataset.place);
    let identity = identity(connection, dataset).map_err(map)?;
    let mut statement = connection.prepare(&select(dataset, &identity)).map_err(map)?;
    let mut rows = statement.query([]).map_err(map)?;
    let width = dataset.columns.len();
    let mut builder = BatchBuilder::new(width);
    let mut summary = ReadSummary::default();
    let mut numbers: Vec<[u8; 8]> = vec![[0; 8]; width];
    while let Some(row) = rows.next().map_err(map)? {
        let mut values = Vec::with_capacity(width);
        for i in 0..width {
            values.push(row.get_ref(i + 1).map_err(map)?);
        }
        for (room, value) in numbers.iter_mut().zip(&values) {
            *room = match value {
                ValueRef::Integer(n) => n.to_be_bytes(),
                ValueRef::Real(n) => n.to_be_bytes(),
                _ => [0; 8],
            };
        }
        let cells: Vec<CellRef<'_>> = values.iter().zip(&numbers).map(|(v, n)| cell(v, n)).collect();
        let locator = match &identity {
            Identity::RowId(_) => Locator::RowId(row.get(0).map_err(map)?),
            Identity::Key(keys) => {
                let mut key = Vec::new();
                canonical_row(keys.iter().filter_map(|k| cells.get(*k).copied()), &mut key);
                Locator::Key(key)
            }
        };
        builder.push(&locator, cells);
        summary.rows += 1;
        if builder.rows() >= BATCH_ROWS || builder.bytes() >= BATCH_BYTES {
            sink(&builder.finish())?;
        }
    }
    if builder.rows() > 0 {
        sink(&builder.finish())?;
    }
    Ok(summary)
}

fn cell<'a>(value: &ValueRef<'a>, number: &'a [u8; 8]) -> CellRef<'a> {
    match value {
        ValueRef::Null => CellRef { tag: Tag::Null, bytes: &[] },
        ValueRef::Integer(_) => CellRef { tag: Tag::Integer, bytes: number },
        ValueRef::Real(_) => CellRef { tag: Tag::Real, bytes: number },
        ValueRef::Text(t) => CellRef { tag: Tag::Text, bytes: t },
        ValueRef::Blob(b) => CellRef { tag: Tag::Blob, bytes: b },
    }
}
