//! The raw files of a PostgreSQL server, told apart by structure, and probes that show which of them can be seen (docs/why/residue.md).

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use ::remains::Needles;
use terms::{Fault, Place};

use super::faults::fault;
use super::list::{Field, Kind, Table};
use super::packed::{PAGE, Packed};
use super::{Postgres, definitions};
use crate::dataset::{Holds, Probe, Searched};
use crate::files::{self, Form, Raw, Structures};
use crate::raw::NUMBER_MIN;

/// Pages of the write-ahead log, and their headers (`access/xlog_internal.h`: `SizeOfXLogLongPHD`, `SizeOfXLogShortPHD`).
const WAL_PAGE: (usize, usize, usize) = (8_192, 40, 24);
/// Values that are written into the log to be found there.
const PROBES: usize = 1_000;

/// Whether the files of a server can be read here at all.
pub(super) fn readable(folder: &Path) -> bool {
    File::open(folder.join("global/pg_control")).is_ok()
}

/// Flushes, then searches every file.
pub(super) fn search(postgres: &mut Postgres, place: &Place, needles: &mut Needles) -> Result<Searched, Fault> {
    let Some(folder) = postgres.at.files.clone().filter(|f| readable(f)) else {
        // Nothing was looked at; one unread byte keeps every column below L3.
        return Ok(Searched { unread: 1, ..Searched::default() });
    };
    if postgres.deep() {
        postgres.client.batch_execute("CHECKPOINT").map_err(|e| fault(&e, &postgres.source))?;
    }
    let mut structures = Structures::default();
    let table = postgres.tables.get(place).cloned();
    let relations = match &table {
        Some(table) => relations(postgres, place, table, &mut structures)?,
        None => BTreeMap::new(),
    };
    let mut relations = relations;
    beside(postgres, place, &mut structures, &mut relations)?;
    let database = format!("base/{}", database(postgres)?);
    let elsewhere = structures.of("other_databases", Holds::Nothing);
    let logs = structures.of("write_ahead_log", Holds::Some);
    let (own, own_logs) = (postgres.logs(), structures.of("server_log", Holds::Nothing));
    let (other, rest) = (structures.of("other_tables", Holds::Nothing), structures.of("other_files", Holds::Nothing));
    let definitions = structures.of("definitions", Holds::Nothing);
    let all = files::below(&folder).map_err(|_| Fault::new("file_denied").with("place", &postgres.source))?;
    let raw = all.into_iter().map(|path| {
        let short = path.strip_prefix(&folder).unwrap_or(&path).to_owned();
        if short.starts_with("pg_wal") {
            let (page, first, other) = WAL_PAGE;
            return Raw { path, structure: logs, form: Form::Cut(page, first, other, || Box::new(Packed::default())) };
        }
        let structure = match relations.get(&relation_file(&short)) {
            Some(known) => *known,
            None if own.contains(&path) => own_logs,
            None if short.starts_with("base") && !short.starts_with(&database) => elsewhere,
            None if short.starts_with("base") || short.starts_with("pg_tblspc") => other,
            None => rest,
        };
        let table = short.starts_with("base") || short.starts_with("pg_tblspc") || short.starts_with("global");
        let form = if table { Form::Packed(PAGE, || Box::new(Packed::default())) } else { Form::Plain };
        Raw { path, structure, form }
    });
    let raw: Vec<Raw> = raw.collect();
    let searched = files::search(&raw, structures, needles);
    definitions::look(postgres, definitions, needles)?;
    Ok(searched)
}

/// The files of other data sets, each by its place: what stands in one of them is to be found there.
fn beside(postgres: &mut Postgres, place: &Place, structures: &mut Structures, out: &mut BTreeMap<PathBuf, usize>) -> Result<(), Fault> {
    let others: Vec<(Place, u32)> = postgres.tables.iter().filter(|(p, _)| *p != place).map(|(p, t)| (p.clone(), t.oid)).collect();
    for (other, oid) in others {
        let Some(structure) = structures.beside(&other) else { break };
        for row in postgres.client.query(TABLES, &[&oid]).map_err(|e| fault(&e, &postgres.source))? {
            let file: String = row.try_get(0).map_err(|e| fault(&e, &postgres.source))?;
            out.entry(PathBuf::from(file)).or_insert(structure);
        }
    }
    Ok(())
}

/// The number of the database, by which its folder is called.
fn database(postgres: &mut Postgres) -> Result<String, Fault> {
    let row = postgres.client.query_one("SELECT oid::text FROM pg_database WHERE datname = current_database()", &[]);
    row.and_then(|r| r.try_get(0)).map_err(|e| fault(&e, &postgres.source))
}

/// A relation's file without the number of its segment and the name of its fork: `base/5/16384.1` is `base/5/16384`.
fn relation_file(path: &Path) -> PathBuf {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    let digits = name.find(|c: char| !c.is_ascii_digit()).unwrap_or(name.len());
    path.with_file_name(name.get(..digits).unwrap_or_default())
}

/// Files of the tables that hold a data set, with what lies outside them.
const TABLES: &str = "WITH own AS (SELECT c.oid, c.reltoastrelid FROM pg_class c WHERE c.oid = $1 OR c.oid IN (SELECT relid FROM pg_partition_tree($1))) \
     SELECT pg_relation_filepath(r.oid) FROM own o JOIN pg_class r ON r.oid IN (o.oid, o.reltoastrelid) \
       OR r.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = o.reltoastrelid) WHERE pg_relation_filepath(r.oid) IS NOT NULL";

/// Their indexes: file, columns, how it stores, and its definition where it is of expressions.
const INDEXES: &str = "SELECT pg_relation_filepath(i.indexrelid), i.indkey::int2[]::int4[], m.amname::text, \
       coalesce(pg_get_expr(i.indexprs, i.indrelid), ''), coalesce((SELECT string_agg(o.opcname::text, ' ') FROM pg_opclass o WHERE o.oid = ANY(i.indclass::oid[])), '') \
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam \
     WHERE (i.indrelid = $1 OR i.indrelid IN (SELECT relid FROM pg_partition_tree($1))) AND pg_relation_filepath(i.indexrelid) IS NOT NULL \
     ORDER BY i.indexrelid";

const STATISTICS: &str = "SELECT pg_relation_filepath(c.oid) FROM pg_class c WHERE c.relname IN ('pg_statistic', 'pg_statistic_ext_data') \
       AND c.relnamespace = 'pg_catalog'::regnamespace \
     UNION SELECT pg_relation_filepath(c.reltoastrelid) FROM pg_class c WHERE c.relname IN ('pg_statistic', 'pg_statistic_ext_data') \
       AND c.relnamespace = 'pg_catalog'::regnamespace AND c.reltoastrelid <> 0";

const LARGE_OBJECTS: &str = "SELECT pg_relation_filepath(x) FROM unnest(ARRAY['pg_largeobject'::regclass]) AS x";

/// The structure of each file that belongs to a data set.
fn relations(
    postgres: &mut Postgres,
    place: &Place,
    table: &Table,
    structures: &mut Structures,
) -> Result<BTreeMap<PathBuf, usize>, Fault> {
    let source = postgres.source.clone();
    let map = |e: tokio_postgres::Error| fault(&e, &source);
    let mut out = BTreeMap::new();
    let rows = structures.of(place.as_str(), Holds::Records);
    for row in postgres.client.query(TABLES, &[&table.oid]).map_err(map)? {
        out.insert(PathBuf::from(row.try_get::<_, String>(0).map_err(map)?), rows);
    }
    let large_objects = table.kind == Kind::LargeObjects;
    // The index of large objects has their numbers alone.
    let indexes = if large_objects { Vec::new() } else { postgres.client.query(INDEXES, &[&table.oid]).map_err(map)? };
    for (i, row) in indexes.iter().enumerate() {
        let numbers: Vec<i32> = row.try_get(1).map_err(map)?;
        let (method, expression, classes): (String, String, String) =
            (row.try_get(2).map_err(map)?, row.try_get(3).map_err(map)?, row.try_get(4).map_err(map)?);
        let index = structures.of(&format!("{place}#{}", i + 1), index_holds(table, &numbers, &method, &expression, &classes));
        out.insert(PathBuf::from(row.try_get::<_, String>(0).map_err(map)?), index);
    }
    for (name, sql) in [("statistics", STATISTICS), ("large_objects", LARGE_OBJECTS)].into_iter().take(if large_objects { 1 } else { 2 }) {
        let holds = if name == "statistics" { Holds::Some } else { Holds::Nothing };
        let structure = structures.of(name, holds);
        for row in postgres.client.query(sql, &[]).map_err(map)? {
            if let Some(file) = row.try_get::<_, Option<String>>(0).map_err(map)? {
                out.insert(PathBuf::from(file), structure);
            }
        }
    }
    Ok(out)
}

/// What an index holds: whole values, nothing whole, or values in a form that cannot be seen.
fn index_holds(table: &Table, numbers: &[i32], method: &str, expression: &str, classes: &str) -> Holds {
    let of = |wanted: &dyn Fn(&Field) -> bool| -> Vec<u32> {
        table.fields.iter().enumerate().filter(|(_, f)| wanted(f)).filter_map(|(i, _)| u32::try_from(i).ok()).collect()
    };
    let named = |f: &Field| expression.contains(f.sql.trim_matches('"'));
    let columns = of(&|f| numbers.contains(&i32::from(f.attnum)) || named(f));
    match method {
        // Hashes and trigrams are no values; block ranges keep their ends, which the rewrite makes anew.
        "hash" | "brin" => Holds::Nothing,
        "gin" | "gist" if classes.contains("trgm") => Holds::Nothing,
        "btree" | "gin" if expression.is_empty() => Holds::Values(columns),
        "btree" | "gin" => Holds::Computed(columns),
        _ => Holds::Blind(columns),
    }
}

/// A value of the statistics as it lies there, where it points to one person; else nothing.
fn sample(field: &Field, value: String) -> Vec<u8> {
    match (field.category, field.type_oid, value.parse::<i64>()) {
        ('S', ..) if value.chars().count() >= SAMPLE_MIN => value.into_bytes(),
        (_, INT8, Ok(n)) if n.unsigned_abs() >= NUMBER_MIN => n.to_le_bytes().to_vec(),
        (_, BYTEA, _) => bytes_of(&value).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// Shortest text of the statistics that is looked for.
const SAMPLE_MIN: usize = 10;
/// The types of whole numbers of eight bytes, and of bytes.
const INT8: u32 = 20;
const BYTEA: u32 = 17;

/// Bytes as the server writes them: `\\x` and two digits each.
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x")?.as_bytes();
    digits.chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok()).collect()
}

/// Values that the statistics hold, and values written into the log to be found there.
pub(super) fn probes(postgres: &mut Postgres, place: &Place) -> Result<Vec<Probe>, Fault> {
    let source = postgres.source.clone();
    let map = |e: tokio_postgres::Error| fault(&e, &source);
    let Some(table) = postgres.tables.get(place).cloned() else { return Ok(Vec::new()) };
    let mut out = Vec::new();
    // Parts of a table have their own, and name its columns as it does.
    let sql = "SELECT a.attnum, v.x FROM pg_stats s JOIN pg_namespace n ON n.nspname = s.schemaname \
         JOIN pg_class c ON c.relname = s.tablename AND c.relnamespace = n.oid JOIN pg_attribute a ON a.attrelid = $1 AND a.attname = s.attname, \
         LATERAL unnest(coalesce(s.most_common_vals::text::text[], '{}') || coalesce(s.histogram_bounds::text::text[], '{}')) AS v(x) \
         WHERE c.oid = $1 OR c.oid IN (SELECT relid FROM pg_partition_tree($1))";
    let mut samples = Vec::new();
    for row in postgres.client.query(sql, &[&table.oid]).map_err(map)? {
        let (number, value): (i16, String) = (row.try_get(0).map_err(map)?, row.try_get(1).map_err(map)?);
        // Of large objects the catalogue has a page between the number and the bytes.
        let number = if table.kind == Kind::LargeObjects { number - 1 } else { number };
        let Some((column, field)) = (0u32..).zip(&table.fields).find(|(_, f)| f.attnum == number) else { continue };
        samples.push((Some(column), sample(field, value)));
    }
    out.extend(Probe::of_statistics(samples));
    if postgres.deep() {
        let written = postgres
            .client
            .query(
                "SELECT x FROM (SELECT 'custody probe ' || gen_random_uuid() AS x FROM generate_series(1, $1::int8)) AS p, \
                 LATERAL (SELECT pg_logical_emit_message(false, 'custody', p.x)) AS w",
                &[&i64::try_from(PROBES).unwrap_or_default()],
            )
            .map_err(map)?;
        for row in written {
            let value: String = row.try_get(0).map_err(map)?;
            out.push(Probe { structure: "write_ahead_log".to_owned(), column: None, bytes: value.into_bytes() });
        }
    }
    Ok(out)
}
