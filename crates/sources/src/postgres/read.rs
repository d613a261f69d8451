//! Reading a table by COPY, in the order in which its rows lie, from one snapshot; values in the server's own text form.

use std::ops::Range;

use memchr::memchr;
use rows::{Batch, BatchBuilder, CellRef, Locator, Tag, canonical_row};
use terms::{Fault, Place};

use super::copytext::{Fields, Raw, unescape};
use super::faults::fault;
use super::list::{Field, Kind, Table};
use super::session::{CopyOut, Session};
use super::version::{Version, number, tid};
use crate::dataset::ReadSummary;
use crate::server::VALUE_MAX;

/// Rows and bytes after which a batch is handed on.
const BATCH_ROWS: usize = 8_192;
const BATCH_BYTES: usize = 8 << 20;

/// What stands before the columns.
#[derive(Clone, Copy)]
enum Lead {
    /// Nothing: the row is known by its key, and nobody asks for its version.
    Nothing,
    /// `ctid, xmin`: all rows lie in the table itself.
    Own,
    /// `tableoid, ctid, xmin`.
    Table,
}

/// Reads all rows; `sink` gets batches.
pub(super) fn read(
    client: &mut Session,
    place: &Place,
    table: &Table,
    sink: &mut dyn FnMut(&Batch) -> Result<(), Fault>,
) -> Result<ReadSummary, Fault> {
    // Of a whole table the server hands out rows without running a query; computed columns it hands out of queries only.
    let whole = table.kind == Kind::Plain && !table.key.is_empty() && !table.fields.iter().any(|f| f.generated);
    match whole {
        true => read_led(client, place, table, Lead::Nothing, &mut |batch, _| sink(batch)),
        false => read_versions(client, place, table, &mut |batch, _| sink(batch)),
    }
}

/// Reads all rows with the versions in which they were seen.
pub(super) fn read_versions(
    client: &mut Session,
    place: &Place,
    table: &Table,
    sink: &mut dyn FnMut(&Batch, &[Version]) -> Result<(), Fault>,
) -> Result<ReadSummary, Fault> {
    let lead = if matches!(table.kind, Kind::Plain | Kind::View) { Lead::Own } else { Lead::Table };
    read_led(client, place, table, lead, sink)
}

fn read_led(
    client: &mut Session,
    place: &Place,
    table: &Table,
    lead: Lead,
    sink: &mut dyn FnMut(&Batch, &[Version]) -> Result<(), Fault>,
) -> Result<ReadSummary, Fault> {
    if table.kind != Kind::LargeObjects {
        small_values(client, place, table)?;
    }
    let mut copied = client.copy_out(&copy(table, lead)).map_err(|e| fault(&e, place))?;
    let mut rows = Rows::new(table, lead);
    each_line(&mut copied, place, &mut |line| {
        rows.push(line);
        if rows.full() { rows.hand_on(sink) } else { Ok(()) }
    })?;
    if rows.builder.rows() > 0 {
        rows.hand_on(sink)?;
    }
    Ok(rows.summary)
}

fn copy(table: &Table, lead: Lead) -> String {
    let columns: Vec<&str> = table.fields.iter().map(|f| f.sql.as_str()).collect();
    let only = if table.kind == Kind::Partitioned { "" } else { "ONLY " };
    let lead = match lead {
        _ if table.kind == Kind::LargeObjects => {
            return "COPY (SELECT 0, oid, 0, oid, lo_get(oid) FROM pg_largeobject_metadata ORDER BY oid) TO STDOUT".to_owned();
        }
        Lead::Nothing => return format!("COPY {} ({}) TO STDOUT", table.sql, columns.join(", ")),
        Lead::Own => ["ctid", "xmin"].as_slice(),
        Lead::Table => &["tableoid", "ctid", "xmin"],
    };
    format!("COPY (SELECT {} FROM {only}{}) TO STDOUT", [lead, &columns].concat().join(", "), table.sql)
}

/// Hands over each line without its end; one that lies whole in a message, as servers send them, is not copied.
fn each_line(copied: &mut CopyOut<'_>, place: &Place, each: &mut dyn FnMut(&[u8]) -> Result<(), Fault>) -> Result<(), Fault> {
    let mut begun = Vec::new();
    let mut take = |message: &[u8]| {
        let mut rest = message;
        while let Some((line, after)) = memchr(b'\n', rest).and_then(|end| rest.split_at_checked(end)) {
            rest = after.get(1..).unwrap_or_default();
            if begun.is_empty() {
                each(line)?;
            } else {
                begun.extend_from_slice(line);
                each(&begun)?;
                begun.clear();
            }
        }
        begun.extend_from_slice(rest);
        Ok(())
    };
    while copied.portion(|e| fault(&e, place), &mut take)? {}
    if begun.is_empty() { Ok(()) } else { each(&begun) }
}

/// Refuses a table with a row that would not fit into memory beside everything else.
fn small_values(client: &mut Session, place: &Place, table: &Table) -> Result<(), Fault> {
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

/// Rows on their way into a batch.
struct Rows<'t> {
    table: &'t Table,
    lead: Lead,
    values: Values,
    at: Locator,
    builder: BatchBuilder,
    versions: Vec<Version>,
    summary: ReadSummary,
}

impl<'t> Rows<'t> {
    fn new(table: &'t Table, lead: Lead) -> Rows<'t> {
        Rows {
            table,
            lead,
            values: Values::default(),
            at: Locator::Key(Vec::new()),
            builder: BatchBuilder::new(table.fields.len()),
            versions: Vec::new(),
            summary: ReadSummary::default(),
        }
    }

    fn push(&mut self, line: &[u8]) {
        let mut fields = Fields::of(line);
        let version = self.version(&mut fields);
        self.values.read(fields, &self.table.fields);
        self.locate(line, version);
        self.builder.push(&self.at, self.values.cells(line));
        self.versions.push(version);
        self.summary.rows += 1;
    }

    fn version(&self, fields: &mut Fields<'_>) -> Version {
        let mut next = || fields.next().map_or(&b""[..], |f| f.text);
        let table = match self.lead {
            Lead::Nothing => return Version::default(),
            Lead::Own => self.table.oid,
            Lead::Table => number(next()).unwrap_or_default(),
        };
        let (block, item) = tid(next()).unwrap_or_default();
        Version { table, block, item, xmin: number(next()).unwrap_or_default() }
    }

    /// By key, or by where the row lies.
    fn locate(&mut self, line: &[u8], version: Version) {
        match &mut self.at {
            Locator::Key(key) if !self.table.key.is_empty() => {
                canonical_row(self.table.key.iter().filter_map(|k| self.values.cell(line, *k)), key);
            }
            at => *at = Locator::Tid { table: version.table, block: version.block, item: version.item },
        }
    }

    fn full(&self) -> bool {
        self.builder.rows() >= BATCH_ROWS || self.builder.bytes() >= BATCH_BYTES
    }

    fn hand_on(&mut self, sink: &mut dyn FnMut(&Batch, &[Version]) -> Result<(), Fault>) -> Result<(), Fault> {
        sink(&self.builder.finish(), &self.versions)?;
        self.versions.clear();
        Ok(())
    }
}

const BYTEA: u32 = 17;

/// The values of a row with their storage classes; those that are as they stand in the line stay there.
#[derive(Default)]
struct Values {
    own: Vec<u8>,
    cells: Vec<Cell>,
    undone: Vec<u8>,
}

/// A value: its bytes in the line, or in the buffer of values.
struct Cell {
    tag: Tag,
    in_line: bool,
    at: Range<usize>,
}

impl Values {
    fn read(&mut self, mut raw: Fields<'_>, fields: &[Field]) {
        self.own.clear();
        self.cells.clear();
        for field in fields {
            let cell = match raw.next().filter(|raw| !raw.is_null()) {
                Some(raw) => self.value(field, &raw),
                None => Cell { tag: Tag::Null, in_line: false, at: 0..0 },
            };
            self.cells.push(cell);
        }
    }

    fn value(&mut self, field: &Field, raw: &Raw<'_>) -> Cell {
        let from = self.own.len();
        let mut text = raw.text;
        if raw.escaped {
            self.undone.clear();
            unescape(raw.text, &mut self.undone);
            text = &self.undone;
        }
        let converted = converted(field, text, &mut self.own);
        let tag = converted.unwrap_or_else(|| word(field));
        if converted.is_none() && !raw.escaped {
            return Cell { tag, in_line: true, at: raw.from..raw.from + raw.text.len() };
        }
        if converted.is_none() {
            self.own.extend_from_slice(text);
        }
        Cell { tag, in_line: false, at: from..self.own.len() }
    }

    fn cells<'a>(&'a self, line: &'a [u8]) -> impl Iterator<Item = CellRef<'a>> {
        self.cells.iter().map(move |cell| self.seen(line, cell))
    }

    fn cell<'a>(&'a self, line: &'a [u8], column: usize) -> Option<CellRef<'a>> {
        self.cells.get(column).map(|cell| self.seen(line, cell))
    }

    fn seen<'a>(&'a self, line: &'a [u8], cell: &Cell) -> CellRef<'a> {
        let bytes = if cell.in_line { line } else { self.own.as_slice() };
        CellRef { tag: cell.tag, bytes: bytes.get(cell.at.clone()).unwrap_or_default() }
    }
}

/// Appends whole numbers, reals and bytes in their own form; none of everything else, which stays as the server writes it.
fn converted(field: &Field, text: &[u8], out: &mut Vec<u8>) -> Option<Tag> {
    let words = || std::str::from_utf8(text).ok();
    match field.type_oid {
        20 | 21 | 23 | 26 => {
            let n: i64 = words()?.parse().ok()?;
            out.extend_from_slice(&n.to_be_bytes());
            Some(Tag::Integer)
        }
        700 | 701 => {
            let n: f64 = words()?.parse().ok().filter(|n: &f64| n.is_finite())?;
            out.extend_from_slice(&n.to_be_bytes());
            Some(Tag::Real)
        }
        BYTEA => {
            let hex = text.strip_prefix(b"\\x")?;
            out.extend(hex.chunks_exact(2).map(|p| p.iter().fold(0u8, |n, d| n << 4 | digit(*d))));
            Some(Tag::Blob)
        }
        _ => None,
    }
}

fn word(field: &Field) -> Tag {
    if is_text(field) { Tag::Text } else { Tag::Other }
}

/// A value as it is read, from what the server writes of it.
pub(super) fn as_read(field: &Field, text: &str) -> (Tag, Vec<u8>) {
    let mut own = Vec::new();
    match converted(field, text.as_bytes(), &mut own) {
        Some(tag) => (tag, own),
        None => (word(field), text.as_bytes().to_vec()),
    }
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
