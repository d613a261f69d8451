//! Tables, columns and keys of a SQLite database.

use std::collections::{BTreeMap, BTreeSet};

use rows::Encoding;
use rusqlite::Connection;
use terms::{Fault, Lock, Place, PurgeStep};

use super::read::{Identity, identity};
use super::record::rowid_alias;
use super::{ENCODING, Sqlite, fault, quoted};
use crate::dataset::{Column, Dataset, Listing, Missed};
use crate::places::Places;

/// Bytes that a rewrite manages in a second (docs/why/residue.md).
const REWRITE: u64 = 50 << 20;
/// Most tables that are looked at.
const TABLES_MAX: usize = 10_000;

pub(super) fn list(sqlite: &Sqlite, places: &mut Places) -> Result<Listing, Fault> {
    let connection = sqlite.reader()?;
    let at = &sqlite.source;
    let map = |e: rusqlite::Error| fault(&e, at);
    let mut statement = connection
        .prepare("SELECT name, coalesce(sql, '') FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name")
        .map_err(map)?;
    let tables: Vec<(String, String)> = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).and_then(Iterator::collect).map_err(map)?;
    if tables.len() > TABLES_MAX {
        return Err(Fault::new("too_many_datasets").with("source", at).with("most", TABLES_MAX));
    }
    let mut ids: BTreeMap<String, Place> = BTreeMap::new();
    for (name, _) in &tables {
        let place = places.of(at, 't', name).ok_or_else(|| Fault::new("too_many_datasets").with("source", at).with("most", TABLES_MAX))?;
        ids.insert(name.to_lowercase(), place);
    }
    let bytes = std::fs::metadata(&sqlite.path).map_or(0, |m| m.len());
    let mut listing = Listing::default();
    for (name, sql) in &tables {
        let Some(place) = ids.get(&name.to_lowercase()) else { continue };
        let is_virtual = sql.trim_start().get(..14).is_some_and(|s| s.eq_ignore_ascii_case("create virtual"));
        if is_virtual {
            listing.missed.push(Missed { place: place.clone(), reason: "virtual_table".to_owned(), bytes: 0 });
            continue;
        }
        let columns = columns(&connection, name).map_err(|e| fault(&e, place))?;
        let mut dataset = Dataset {
            place: place.clone(),
            name: name.clone(),
            is_table: true,
            columns,
            points_to: Vec::new(),
            encoding: ENCODING,
            hidden: false,
            derived: false,
            purge: vec![PurgeStep::rewriting("rewrite_file", Lock::Alone, bytes, REWRITE)],
            by_hand: None,
            mentions: false,
            referred: false,
            keyed: false,
            lost: None,
            reading: 0,
        };
        dataset.keyed = rowid_alias(&dataset).is_some() || matches!(identity(&connection, &dataset), Ok(Identity::Key(_)));
        listing.datasets.push(dataset);
    }
    let columns: BTreeMap<Place, Vec<String>> =
        listing.datasets.iter().map(|d| (d.place.clone(), d.columns.iter().map(|c| c.name.to_lowercase()).collect())).collect();
    for dataset in &mut listing.datasets {
        dataset.points_to =
            foreign_keys(&connection, &dataset.name, &dataset.place, &ids, &columns).map_err(|e| fault(&e, &dataset.place))?;
    }
    Ok(listing)
}

fn columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Column>> {
    let unique = unique_columns(connection, table)?;
    let mut statement = connection.prepare(&format!("PRAGMA table_xinfo({})", quoted(table)))?;
    let keys: usize = statement.query_map([], |r| r.get::<_, i64>("pk"))?.filter(|pk| pk.as_ref().is_ok_and(|n| *n > 0)).count();
    let rows = statement.query_map([], |r| {
        let name: String = r.get("name")?;
        let hidden: i64 = r.get("hidden")?;
        Ok(Column {
            // The key of a table with row ids has no index of its own.
            unique: unique.contains(&name) || (keys == 1 && r.get::<_, i64>("pk")? > 0),
            declared: r.get("type")?,
            key: r.get::<_, i64>("pk")? > 0,
            not_null: r.get::<_, i64>("notnull")? > 0,
            generated: hidden > 1,
            name,
        })
    })?;
    rows.collect()
}

/// Columns that alone make a unique index.
fn unique_columns(connection: &Connection, table: &str) -> rusqlite::Result<BTreeSet<String>> {
    let mut out = BTreeSet::new();
    let mut statement = connection.prepare(&format!("PRAGMA index_list({})", quoted(table)))?;
    let indexes: Vec<(String, i64)> =
        statement.query_map([], |r| Ok((r.get("name")?, r.get("unique")?)))?.collect::<rusqlite::Result<_>>()?;
    for (index, _) in indexes.iter().filter(|(_, unique)| *unique > 0) {
        let mut statement = connection.prepare(&format!("PRAGMA index_info({})", quoted(index)))?;
        let columns: Vec<Option<String>> = statement.query_map([], |r| r.get("name"))?.collect::<rusqlite::Result<_>>()?;
        if let [Some(only)] = columns.as_slice() {
            out.insert(only.clone());
        }
    }
    Ok(out)
}

fn foreign_keys(
    connection: &Connection,
    table: &str,
    own: &Place,
    ids: &BTreeMap<String, Place>,
    columns: &BTreeMap<Place, Vec<String>>,
) -> rusqlite::Result<Vec<(u32, Place, u32)>> {
    let mut statement = connection.prepare(&format!("PRAGMA foreign_key_list({})", quoted(table)))?;
    let keys: Vec<(String, String, Option<String>)> =
        statement.query_map([], |r| Ok((r.get("table")?, r.get("from")?, r.get("to")?)))?.collect::<rusqlite::Result<_>>()?;
    let ordinal =
        |place: &Place, name: &str| columns.get(place)?.iter().position(|c| *c == name.to_lowercase()).and_then(|i| u32::try_from(i).ok());
    let found = keys.into_iter().filter_map(|(target, from, to)| {
        let place = ids.get(&target.to_lowercase())?;
        let to = to.map_or(Some(0), |t| ordinal(place, &t))?;
        Some((ordinal(own, &from)?, place.clone(), to))
    });
    let mut found: Vec<_> = found.collect();
    found.sort();
    Ok(found)
}

/// In which encoding texts lie in the file.
pub(super) fn texts(sqlite: &Sqlite) -> Result<Encoding, Fault> {
    let word: Result<String, _> = sqlite.reader()?.query_row("PRAGMA encoding", [], |r| r.get(0));
    Ok(match word.map_err(|e| fault(&e, &sqlite.source))?.as_str() {
        "UTF-16le" => Encoding::Utf16Le,
        "UTF-16be" => Encoding::Utf16Be,
        _ => ENCODING,
    })
}

/// By data set: the columns of each of its indexes over columns, as its entries have them; none for a row id that no column has.
pub(super) fn indexes(sqlite: &Sqlite) -> Result<BTreeMap<Place, Vec<Vec<Option<usize>>>>, Fault> {
    let connection = sqlite.reader()?;
    let of = |d: &Dataset| entries(&connection, d).map_err(|e| fault(&e, &d.place));
    sqlite.datasets.iter().map(|d| Ok((d.place.clone(), of(d)?))).collect()
}

fn entries(connection: &Connection, dataset: &Dataset) -> rusqlite::Result<Vec<Vec<Option<usize>>>> {
    let mut statement = connection.prepare(&format!("PRAGMA index_list({})", quoted(&dataset.name)))?;
    let names: Vec<String> = statement.query_map([], |r| r.get("name"))?.collect::<rusqlite::Result<_>>()?;
    let mut out = Vec::new();
    for name in names {
        let mut statement = connection.prepare(&format!("PRAGMA index_xinfo({})", quoted(&name)))?;
        let columns: Vec<i64> = statement.query_map([], |r| r.get("cid"))?.collect::<rusqlite::Result<_>>()?;
        // -1 is the row id, -2 an expression.
        let column = |cid: &i64| if *cid == -1 { rowid_alias(dataset) } else { usize::try_from(*cid).ok() };
        if !columns.contains(&-2) {
            out.push(columns.iter().map(column).collect());
        }
    }
    Ok(out)
}
