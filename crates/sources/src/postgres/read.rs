//! Reading a table by COPY, in the order in which its rows lie, from one snapshot; values in the server's own text form.

use std::io::BufRead as _;

use postgres::Client;
use rows::{Batch, BatchBuilder, CellRef, Locator, Tag, canonical_row};
use terms::{Fault, Place};

use super::copytext::Line;
use super::faults::fault;
use super::list::{Field, Kind, Table};
use crate::dataset::ReadSummary;
use crate::server::VALUE_MAX;

/// Rows and bytes after which a batch is handed on.
const BATCH_ROWS: usize = 8_192;
const BATCH_BYTES: usize = 8 << 20;

/// Where the version of a row lies: table, block and item, and the transaction that wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Version {
    pub table: String,
    pub tid: String,
    pub xmin: String,
}

/// Reads all rows; `sink` gets batches.
pub(super) fn read(
    client: &mut Client,
    place: &Place,
    table: &Table,
    sink: &mut dyn FnMut(&Batch) -> Result<(), Fault>,
) -> Result<ReadSummary, Fault> {
    read_versions(client, place, table, &mut |batch, _| sink(batch))
}

/// Reads all rows with the versions in which they were seen.
pub(super) fn read_versions(
    client: &mut Client,
    place: &Place,
    table: &Table,
    sink: &mut dyn FnMut(&Batch, &[Version]) -> Result<(), Fault>,
) -> Result<ReadSummary, Fault> {
    if table.kind != Kind::LargeObjects {
        small_values(client, place, table)?;
    }
    let columns: Vec<&str> = table.fields.iter().map(|f| f.sql.as_str()).collect();
    let rest = if columns.is_empty() { String::new() } else { format!(", {}", columns.join(", ")) };
    let sql = match table.kind {
        Kind::LargeObjects => "COPY (SELECT 0, oid, 0, oid, lo_get(oid) FROM pg_largeobject_metadata ORDER BY oid) TO STDOUT".to_owned(),
        Kind::Partitioned => format!("COPY (SELECT tableoid, ctid, xmin{rest} FROM {}) TO STDOUT", table.sql),
        Kind::Plain | Kind::View => format!("COPY (SELECT tableoid, ctid, xmin{rest} FROM ONLY {}) TO STDOUT", table.sql),
    };
    let mut input = client.copy_out(&sql).map_err(|e| fault(&e, place))?;
    let mut builder = BatchBuilder::new(table.fields.len());
    let mut versions = Vec::new();
    let mut summary = ReadSummary::default();
    let (mut raw, mut line, mut values) = (Vec::new(), Line::default(), Values::default());
    loop {
        raw.clear();
        if input.read_until(b'\n', &mut raw).map_err(|e| io_fault(e, place))? == 0 {
            break;
        }
        line.read(raw.strip_suffix(b"\n").unwrap_or(&raw));
        values.read(&line, &table.fields);
        let version = Version { table: text(line.field(0)), tid: text(line.field(1)), xmin: text(line.field(2)) };
        builder.push(&locator(table, &values, &version), values.cells());
        versions.push(version);
        summary.rows += 1;
        if builder.rows() >= BATCH_ROWS || builder.bytes() >= BATCH_BYTES {
            sink(&builder.finish(), &versions)?;
            versions.clear();
        }
    }
    if builder.rows() > 0 {
        sink(&builder.finish(), &versions)?;
    }
    Ok(summary)
}

/// Refuses a table with a row that would not fit into memory beside everything else.
fn small_values(client: &mut Client, place: &Place, table: &Table) -> Result<(), Fault> {
    let sizes = "SELECT coalesce(sum(pg_total_relation_size(c.reltoastrelid)), 0)::int8 FROM pg_class c \
         WHERE c.reltoastrelid <> 0 AND (c.oid = $1 OR c.oid IN (SELECT relid FROM pg_partition_tree($1)))";
    let row = client.query_one(sizes, &[&table.oid]).map_err(|e| fault(&e, place))?;
    let outside: i64 = row.try_get(0).map_err(|e| fault(&e, place))?;
    // A long value lies outside the table, and compressed to a hundredth at best (pglz).
    if u64::try_from(outside).unwrap_or_default() < VALUE_MAX / 128 {
        return Ok(());
    }
    let long = |f: &&Field| matches!(f.category, 'S') || f.type_oid == BYTEA;
    let tests: Vec<String> = table.fields.iter().filter(long).map(|f| format!("coalesce(octet_length({})::int8, 0)", f.sql)).collect();
    let rest =
        table.fields.iter().filter(|f| !long(f) && f.type_oid >= 100).map(|f| format!("coalesce(pg_column_size({})::int8, 0)", f.sql));
    let tests: Vec<String> = tests.into_iter().chain(rest).collect();
    if tests.is_empty() {
        return Ok(());
    }
    let sql = format!("SELECT 1 FROM {} WHERE {} LIMIT 1", table.sql, format_args!("{} > {VALUE_MAX}", tests.join(" + ")));
    match client.query_opt(&sql, &[]).map_err(|e| fault(&e, place))? {
        Some(_) => Err(Fault::new("value_too_long").with("place", place).with("most", VALUE_MAX >> 20)),
        None => Ok(()),
    }
}

fn io_fault(error: std::io::Error, place: &Place) -> Fault {
    match error.get_ref().and_then(|e| e.downcast_ref::<postgres::Error>()) {
        Some(e) => fault(e, place),
        None => Fault::new("connection_lost").with("place", place).retry(),
    }
}

fn text(field: Option<&[u8]>) -> String {
    String::from_utf8_lossy(field.unwrap_or_default()).into_owned()
}

/// By key, or by where the row lies.
fn locator(table: &Table, values: &Values, version: &Version) -> Locator {
    if table.key.is_empty() {
        let (block, item) = version.tid.trim_matches(['(', ')']).split_once(',').unwrap_or_default();
        return Locator::Tid {
            table: version.table.parse().unwrap_or_default(),
            block: block.parse().unwrap_or_default(),
            item: item.parse().unwrap_or_default(),
        };
    }
    let cells: Vec<CellRef<'_>> = values.cells().collect();
    let mut key = Vec::new();
    canonical_row(table.key.iter().filter_map(|k| cells.get(*k).copied()), &mut key);
    Locator::Key(key)
}

const BYTEA: u32 = 17;

/// The values of a row with their storage classes.
#[derive(Default)]
struct Values {
    bytes: Vec<u8>,
    cells: Vec<(Tag, std::ops::Range<usize>)>,
}

impl Values {
    fn read(&mut self, line: &Line, fields: &[Field]) {
        self.bytes.clear();
        self.cells.clear();
        for (i, field) in fields.iter().enumerate() {
            let from = self.bytes.len();
            let tag = line.field(i + 3).map_or(Tag::Null, |text| self.value(field, text));
            self.cells.push((tag, from..self.bytes.len()));
        }
    }

    /// Whole numbers, reals and bytes in their own form; everything else as the server writes it.
    fn value(&mut self, field: &Field, text: &[u8]) -> Tag {
        let words = std::str::from_utf8(text).ok();
        match field.type_oid {
            20 | 21 | 23 | 26 => {
                if let Some(n) = words.and_then(|t| t.parse::<i64>().ok()) {
                    self.bytes.extend_from_slice(&n.to_be_bytes());
                    return Tag::Integer;
                }
            }
            700 | 701 => {
                if let Some(n) = words.and_then(|t| t.parse::<f64>().ok()).filter(|n| n.is_finite()) {
                    self.bytes.extend_from_slice(&n.to_be_bytes());
                    return Tag::Real;
                }
            }
            BYTEA => {
                if let Some(hex) = text.strip_prefix(b"\\x") {
                    self.bytes.extend(hex.chunks_exact(2).map(|p| p.iter().fold(0u8, |n, d| n << 4 | digit(*d))));
                    return Tag::Blob;
                }
            }
            _ => {}
        }
        self.bytes.extend_from_slice(text);
        if is_text(field) { Tag::Text } else { Tag::Other }
    }

    fn cells(&self) -> impl Iterator<Item = CellRef<'_>> {
        self.cells.iter().map(|(tag, r)| CellRef { tag: *tag, bytes: self.bytes.get(r.clone()).unwrap_or_default() })
    }
}

/// A value as it is read, from what the server writes of it.
pub(super) fn as_read(field: &Field, text: &str) -> (Tag, Vec<u8>) {
    let mut values = Values::default();
    let tag = values.value(field, text.as_bytes());
    (tag, values.bytes)
}

/// Texts, words of an enumeration, XML and JSON.
pub(super) fn is_text(field: &Field) -> bool {
    matches!(field.category, 'S' | 'E') || [114, 142, 3802].contains(&field.type_oid)
}

fn digit(d: u8) -> u8 {
    match d {
        b'0'..=b'9' => d - b'0',
        b'a'..=b'f' => d - b'a' + 10,
        _ => 0,
    }
}
