//! Reading a table in the order of its primary key, from one snapshot; values as the server keeps them.

use mysql::prelude::Queryable as _;
use mysql::{Conn, Row, Value};
use rows::{Batch, BatchBuilder, CellRef, Locator, Tag, canonical_row};
use terms::{Fault, Place};

use super::faults::fault;
use super::list::{Field, Table};
use crate::dataset::ReadSummary;
use crate::server::VALUE_MAX;

/// Rows and bytes after which a batch is handed on.
const BATCH_ROWS: usize = 8_192;
const BATCH_BYTES: usize = 8 << 20;

/// The columns of a table for a SELECT.
pub(super) fn columns(table: &Table) -> String {
    let names: Vec<&str> = table.fields.iter().map(|f| f.sql.as_str()).collect();
    names.join(", ")
}

/// Reads all rows; `sink` gets batches.
pub(super) fn read(
    conn: &mut Conn,
    place: &Place,
    table: &Table,
    sink: &mut dyn FnMut(&Batch) -> Result<(), Fault>,
) -> Result<ReadSummary, Fault> {
    let map = |e: mysql::Error| fault(&e, place);
    small_values(conn, place, table)?;
    let sql = format!("SELECT {} FROM {}", columns(table), table.sql);
    let mut builder = BatchBuilder::new(table.fields.len());
    let mut summary = ReadSummary::default();
    let mut values = Values::default();
    for row in conn.exec_iter(sql, ()).map_err(map)? {
        values.read(row.map_err(map)?, &table.fields);
        builder.push(&values.locator(table, summary.rows), values.cells());
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

/// Refuses a table with a row that would not fit into memory beside everything else.
fn small_values(conn: &mut Conn, place: &Place, table: &Table) -> Result<(), Fault> {
    let long = |f: &&Field| f.data_type.starts_with("long") || f.data_type == "json" || f.data_type == "geometry";
    let tests: Vec<String> = table.fields.iter().filter(long).map(|f| format!("COALESCE(OCTET_LENGTH({}), 0)", f.sql)).collect();
    if tests.is_empty() || table.bytes < VALUE_MAX / 16 {
        return Ok(());
    }
    let sql = format!("SELECT 1 FROM {} WHERE {} LIMIT 1", table.sql, format_args!("{} > {VALUE_MAX}", tests.join(" + ")));
    match conn.query_first::<u8, _>(sql).map_err(|e| fault(&e, place))? {
        Some(_) => Err(Fault::new("value_too_long").with("place", place).with("most", VALUE_MAX >> 20)),
        None => Ok(()),
    }
}

/// The values of a row with their storage classes.
#[derive(Default)]
pub(super) struct Values {
    bytes: Vec<u8>,
    cells: Vec<(Tag, std::ops::Range<usize>)>,
}

impl Values {
    pub(super) fn read(&mut self, row: Row, fields: &[Field]) {
        self.bytes.clear();
        self.cells.clear();
        for (value, field) in row.unwrap_raw().into_iter().zip(fields) {
            let from = self.bytes.len();
            // Nothing was taken out of the row before.
            let tag = self.value(value.unwrap_or(mysql::Value::NULL), field);
            self.cells.push((tag, from..self.bytes.len()));
        }
    }

    fn integer(&mut self, n: i64) -> Tag {
        self.bytes.extend_from_slice(&n.to_be_bytes());
        Tag::Integer
    }

    fn real(&mut self, n: f64) -> Tag {
        self.bytes.extend_from_slice(&n.to_be_bytes());
        Tag::Real
    }

    fn other(&mut self, text: &str) -> Tag {
        self.bytes.extend_from_slice(text.as_bytes());
        Tag::Other
    }

    fn value(&mut self, value: Value, field: &Field) -> Tag {
        match value {
            Value::NULL => Tag::Null,
            Value::Int(n) => self.integer(n),
            Value::UInt(n) => match i64::try_from(n) {
                Ok(n) => self.integer(n),
                Err(_) => self.other(&n.to_string()),
            },
            Value::Float(n) => self.real(f64::from(n)),
            Value::Double(n) => self.real(n),
            Value::Date(y, mo, d, h, mi, s, us) => {
                let mut text = format!("{y:04}-{mo:02}-{d:02}");
                if field.data_type != "date" {
                    text.push_str(&format!(" {h:02}:{mi:02}:{s:02}{}", fraction(us, field)));
                }
                self.other(&text)
            }
            Value::Time(negative, days, h, mi, s, us) => {
                let sign = if negative { "-" } else { "" };
                self.other(&format!("{sign}{:02}:{mi:02}:{s:02}{}", u64::from(days) * 24 + u64::from(h), fraction(us, field)))
            }
            Value::Bytes(bytes) => {
                self.bytes.extend_from_slice(&bytes);
                tag_of(field)
            }
        }
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = CellRef<'_>> {
        self.cells.iter().map(|(tag, r)| CellRef { tag: *tag, bytes: self.bytes.get(r.clone()).unwrap_or_default() })
    }

    /// By key; without one by its number in reading order, which finds nothing again.
    pub(super) fn locator(&self, table: &Table, record: u64) -> Locator {
        if table.key.is_empty() {
            return Locator::Bytes { record, from: 0, to: 0 };
        }
        let cells: Vec<CellRef<'_>> = self.cells().collect();
        let mut key = Vec::new();
        canonical_row(table.key.iter().filter_map(|k| cells.get(*k).copied()), &mut key);
        Locator::Key(key)
    }
}

/// The storage class of what comes as bytes.
fn tag_of(field: &Field) -> Tag {
    match field.data_type.as_str() {
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "enum" | "set" | "json" => Tag::Text,
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" | "bit" => Tag::Blob,
        t if t.contains("geo") || t.contains("point") || t.contains("line") || t.contains("polygon") => Tag::Blob,
        _ => Tag::Other,
    }
}

fn fraction(micros: u32, field: &Field) -> String {
    let digits = format!("{micros:06}");
    match usize::try_from(field.fraction) {
        Ok(n @ 1..=6) => format!(".{}", digits.get(..n).unwrap_or_default()),
        _ => String::new(),
    }
}
