//! The raw files of a SQLite database, told apart by structure, and probes that show which of them can be seen (docs/why/residue.md).

use std::collections::{BTreeMap, BTreeSet};

use ::remains::Needles;
use rusqlite::Connection;
use terms::{Fault, Place};

use super::{Sqlite, fault, purge, quoted};
use crate::dataset::{Dataset, Holds, Probe, Searched};
use crate::files::{self, Form, Raw, Structures, page_map};

/// Flushes, then searches the database file page by page, and what lies beside it.
pub(super) fn search(sqlite: &Sqlite, place: &Place, needles: &mut Needles) -> Result<Searched, Fault> {
    flush(sqlite);
    let connection = sqlite.reader()?;
    let map = |e: rusqlite::Error| fault(&e, &sqlite.source);
    let mut structures = Structures::default();
    let mut own = match sqlite.dataset(place) {
        Ok(dataset) => structures_of(&connection, dataset, &mut structures).map_err(map)?,
        Err(_) => BTreeMap::new(),
    };
    for other in sqlite.datasets.iter().filter(|d| d.place != *place && !d.derived) {
        let Some(structure) = structures.beside(&other.place) else { break };
        own.entry(other.name.to_lowercase()).or_insert(structure);
    }
    let (other, journal) = (structures.of("other_tables", Holds::Nothing), structures.of("journal", Holds::Nothing));
    let free = structures.of("free_pages", Holds::Freed);
    let pages = pages(&connection, &own, other).map_err(map)?;
    let size: u32 = connection.query_row("PRAGMA page_size", [], |r| r.get(0)).map_err(map)?;
    let size = usize::try_from(size).unwrap_or(4_096);
    let bare = purge::full_text(&connection).map_err(map)?.into_iter().filter(|(_, sql)| content_of(sql).is_some_and(|c| c.is_empty()));
    for (table, _) in bare {
        ask(&connection, &table, structures.of("full_text", Holds::Nothing), needles);
    }
    drop(connection);
    let raw: Vec<Raw> = sqlite
        .raw_files()
        .into_iter()
        .map(|path| match path == sqlite.path {
            true => Raw { path, structure: other, form: Form::Pages(size, page_map(pages.clone(), free)) },
            false => Raw { path, structure: journal, form: Form::Plain },
        })
        .collect();
    Ok(files::search(&raw, structures, needles))
}

/// Brings into the file what an open program has only written to its journal, as far as nobody reads what was before. Where that may not be
/// done the file has less, which the control recall shows.
fn flush(sqlite: &Sqlite) {
    if sqlite.raw_files().iter().any(|p| p.to_string_lossy().ends_with("-wal"))
        && let Ok(connection) = sqlite.writer()
    {
        let _ = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
    }
}

/// The structure of each b-tree that holds values of a data set, by name.
fn structures_of(connection: &Connection, dataset: &Dataset, structures: &mut Structures) -> rusqlite::Result<BTreeMap<String, usize>> {
    let mut out = BTreeMap::new();
    out.insert(dataset.name.to_lowercase(), structures.of(dataset.place.as_str(), Holds::Records));
    let mut statement =
        connection.prepare("SELECT name, coalesce(sql, '') FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?1 ORDER BY name")?;
    let indexes: Vec<(String, String)> =
        statement.query_map([&dataset.name], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
    for (i, (index, sql)) in indexes.iter().enumerate() {
        let holds = index_holds(connection, dataset, index, sql)?;
        let structure = structures.of(&format!("{}#{}", dataset.place, i + 1), holds);
        out.insert(index.to_lowercase(), structure);
    }
    let statistics = structures.of("statistics", Holds::Some);
    out.extend(["sqlite_stat1", "sqlite_stat4"].map(|t| (t.to_owned(), statistics)));
    let search = purge::full_text(connection)?;
    if !search.is_empty() {
        // A full-text index keeps words in pieces: a search for whole values does not see them.
        let mut columns = BTreeSet::new();
        for (table, sql) in &search {
            columns.extend(words_of(connection, dataset, table, sql)?);
        }
        let words = structures.of("full_text", Holds::Blind(columns.into_iter().collect()));
        out.extend(search.iter().flat_map(|(t, _)| ["data", "idx", "docsize"].map(|s| (format!("{}_{s}", t.to_lowercase()), words))));
    }
    Ok(out)
}

/// Columns of a data set whose words a full-text index may have: all where it does not say whose they are, none where they are another table's.
fn words_of(connection: &Connection, dataset: &Dataset, table: &str, sql: &str) -> rusqlite::Result<Vec<u32>> {
    let all = || (0..).zip(&dataset.columns);
    let content = content_of(sql).unwrap_or_else(|| format!("{table}_content"));
    if content.eq_ignore_ascii_case(&dataset.name) {
        let mut statement = connection.prepare(&format!("PRAGMA table_info({})", quoted(table)))?;
        let names: Vec<String> = statement.query_map([], |r| r.get("name"))?.collect::<rusqlite::Result<_>>()?;
        // A table of its own has other names for them.
        let own = content_of(sql).is_none();
        return Ok(all().filter(|(_, c)| own || names.iter().any(|n| n.eq_ignore_ascii_case(&c.name))).map(|(i, _)| i).collect());
    }
    let known = "SELECT count(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE";
    let others: bool = connection.query_row(known, [&content], |r| r.get(0))?;
    Ok(if others { Vec::new() } else { all().map(|(i, _)| i).collect() })
}

/// Asks a full-text index that has no texts of its own for every value, as a phrase: it cannot be made anew from rows that are left, and
/// whoever keeps it may not have taken out what went.
fn ask(connection: &Connection, table: &str, structure: usize, needles: &mut Needles) {
    let name = quoted(table);
    let Ok(mut statement) = connection.prepare(&format!("SELECT 1 FROM {name} WHERE {name} MATCH ?1 LIMIT 1")) else { return };
    needles.ask(structure, &mut |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        // What was cut may end in the middle of a word. An index without places of words takes no phrase: there it stays unseen.
        let open = if bytes.len() == ::remains::NEEDLE_MAX { "*" } else { "" };
        statement.exists([format!("\"{}\"{open}", text.replace('"', " "))]).unwrap_or(false)
    });
}

/// The table that a full-text index says it is over; none if it keeps its texts itself.
fn content_of(sql: &str) -> Option<String> {
    let option = |part: &str| {
        let (name, value) = part.split_once('=')?;
        let value = value.trim().trim_end_matches([')', ';']).trim().trim_matches(['\'', '"', '`', '[', ']']);
        name.trim().eq_ignore_ascii_case("content").then(|| value.to_owned())
    };
    sql.split([',', '(']).find_map(option)
}

/// What an index holds; of one over expressions the columns that its definition names.
fn index_holds(connection: &Connection, dataset: &Dataset, index: &str, sql: &str) -> rusqlite::Result<Holds> {
    let mut statement = connection.prepare(&format!("PRAGMA index_info({})", quoted(index)))?;
    let names: Vec<Option<String>> = statement.query_map([], |r| r.get("name"))?.collect::<rusqlite::Result<_>>()?;
    let expressions = names.iter().any(Option::is_none);
    let lower = sql.to_lowercase();
    let has =
        |name: &str| names.iter().flatten().any(|n| n.eq_ignore_ascii_case(name)) || (expressions && lower.contains(&name.to_lowercase()));
    let columns = (0..).zip(&dataset.columns).filter(|(_, c)| has(&c.name)).map(|(i, _)| i).collect();
    Ok(if expressions { Holds::Computed(columns) } else { Holds::Values(columns) })
}

/// The structure of every page that a b-tree has; the others are free.
fn pages(connection: &Connection, own: &BTreeMap<String, usize>, other: usize) -> rusqlite::Result<BTreeMap<u64, usize>> {
    let mut statement = connection.prepare("SELECT lower(name), pageno FROM dbstat")?;
    let rows = statement.query_map([], |r| Ok((r.get::<_, String>(0)?, r.get::<_, u32>(1)?)))?;
    rows.map(|row| row.map(|(name, page)| (u64::from(page.saturating_sub(1)), own.get(&name).copied().unwrap_or(other)))).collect()
}

/// Samples that the statistics of a table hold, as they lie there.
pub(super) fn probes(sqlite: &Sqlite, place: &Place) -> Result<Vec<Probe>, Fault> {
    let connection = sqlite.reader()?;
    let map = |e: rusqlite::Error| fault(&e, &sqlite.source);
    let dataset = sqlite.dataset(place)?;
    let there: bool =
        connection.query_row("SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'sqlite_stat4'", [], |r| r.get(0)).map_err(map)?;
    if !there {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare("SELECT sample FROM sqlite_stat4 WHERE lower(tbl) = lower(?1)").map_err(map)?;
    let rows = statement.query_map([&dataset.name], |r| r.get::<_, Vec<u8>>(0)).map_err(map)?;
    let samples: Vec<Vec<u8>> = rows.collect::<rusqlite::Result<_>>().map_err(map)?;
    Ok(Probe::of_statistics(samples.into_iter().map(|bytes| (None, bytes))))
}
