//! What is in a MariaDB database: tables with columns, keys and references.

use std::collections::BTreeMap;

use mysql::prelude::Queryable as _;
use mysql::{Conn, Row};
use rows::Encoding;
use terms::{Fault, Lock, Place, PurgeStep};

use super::faults::fault;
use super::quoted;
use super::remains::file_name;
use crate::dataset::{Column, Dataset, Listing, Missed};
use crate::places::Places;

/// Bytes that a rewrite manages in a second (docs/why/residue.md).
const REWRITE: u64 = 30 << 20;
/// Most tables that are looked at.
const TABLES_MAX: usize = 10_000;

/// A table as the server knows it.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    /// Quoted, with its database.
    pub sql: String,
    pub fields: Vec<Field>,
    /// Ordinals of the columns of a key without nulls; empty if there is none.
    pub key: Vec<usize>,
    /// Ordinals of the primary key: the first fields of every record.
    pub primary: Vec<usize>,
    /// Ordinals of the columns of each other index over whole values.
    pub indexes: Vec<Vec<usize>>,
    /// Whether the server keeps what rows were before (`SYSTEM VERSIONED`).
    pub versioned: bool,
    /// Ordinals of columns whose changes references carry into other tables (`ON UPDATE CASCADE`, `SET NULL`).
    pub carried: Vec<usize>,
    /// `InnoDB`, `MyISAM`, `Aria`.
    pub engine: String,
    /// Whether it has a full-text index: it is then rewritten under a lock.
    pub full_text: bool,
    /// Bytes that its data takes, by the server's estimate.
    pub bytes: u64,
}

/// A column as the server knows it.
#[derive(Clone, Debug, Default)]
pub(super) struct Field {
    pub name: String,
    /// Quoted.
    pub sql: String,
    /// `varchar`, `int`, …
    pub data_type: String,
    /// As declared, e.g. `int(10) unsigned`.
    pub declared: String,
    pub charset: String,
    /// Bytes for texts and blobs, digits for decimals, digits of a second's fraction.
    pub length: u64,
    pub precision: u64,
    pub scale: u64,
    pub fraction: u64,
    pub not_null: bool,
    pub unique: bool,
    /// In any unique index, alone or not.
    pub distinct: bool,
    pub generated: bool,
    /// Set to the time of any change, unless that change sets it itself.
    pub on_update: bool,
    /// Whether any index begins with it or has it.
    pub indexed: bool,
    /// Computed when read: it stands in no record.
    pub is_virtual: bool,
}

impl Table {
    /// Its database and its own name, unquoted.
    pub(super) fn names(&self) -> (String, String) {
        let (database, name) = self.sql.split_once("`.`").unwrap_or_default();
        let plain = |s: &str| s.trim_start_matches('`').trim_end_matches('`').replace("``", "`");
        (plain(database), plain(name))
    }
}

impl Field {
    pub(super) fn unsigned(&self) -> bool {
        self.declared.contains("unsigned")
    }

    /// Digits before the point.
    pub(super) fn whole_digits(&self) -> u64 {
        self.precision.saturating_sub(self.scale)
    }
}

const TABLES: &str = "SELECT TABLE_NAME, TABLE_TYPE, COALESCE(ENGINE, ''), COALESCE(DATA_LENGTH + INDEX_LENGTH, 0), \
     EXISTS (SELECT * FROM information_schema.STATISTICS s WHERE s.TABLE_SCHEMA = t.TABLE_SCHEMA AND s.TABLE_NAME = t.TABLE_NAME AND s.INDEX_TYPE = 'FULLTEXT') FROM information_schema.TABLES t \
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY TABLE_NAME";

const COLUMNS: &str = "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, COALESCE(CHARACTER_SET_NAME, ''), \
     COALESCE(CHARACTER_OCTET_LENGTH, 0), COALESCE(NUMERIC_PRECISION, 0), COALESCE(NUMERIC_SCALE, 0), COALESCE(DATETIME_PRECISION, 0), \
     IS_NULLABLE, EXTRA, COLUMN_KEY FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION";

const KEYS: &str = "SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME, SUB_PART IS NOT NULL FROM information_schema.STATISTICS \
     WHERE TABLE_SCHEMA = DATABASE() AND NON_UNIQUE = 0 ORDER BY TABLE_NAME, INDEX_NAME <> 'PRIMARY', INDEX_NAME, SEQ_IN_INDEX";

const INDEXES: &str = "SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME, SUB_PART IS NOT NULL FROM information_schema.STATISTICS \
     WHERE TABLE_SCHEMA = DATABASE() AND INDEX_NAME <> 'PRIMARY' AND INDEX_TYPE = 'BTREE' ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX";

/// References to a table from other databases, and what they do with it; only those that the user may see.
const REFERRED: &str = "SELECT k.TABLE_SCHEMA = DATABASE(), k.REFERENCED_TABLE_NAME, k.REFERENCED_COLUMN_NAME, r.UPDATE_RULE IN ('CASCADE', 'SET NULL') \
     FROM information_schema.KEY_COLUMN_USAGE k JOIN information_schema.REFERENTIAL_CONSTRAINTS r ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA \
       AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME WHERE k.REFERENCED_TABLE_SCHEMA = DATABASE()";

/// All of them, as the engine knows them; for administrators.
const ENGINE_REFERRED: &str = "SELECT f.FOR_NAME, f.REF_NAME, c.REF_COL_NAME, (f.TYPE & 12) <> 0 \
     FROM information_schema.INNODB_SYS_FOREIGN f JOIN information_schema.INNODB_SYS_FOREIGN_COLS c ON c.ID = f.ID";

const REFERENCES: &str = "SELECT TABLE_NAME, COLUMN_NAME, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE \
     WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION";

/// Lists everything that the user may see.
pub(super) fn list(conn: &mut Conn, source: &Place, places: &mut Places) -> Result<(Listing, BTreeMap<Place, Table>), Fault> {
    let map = |e: mysql::Error| fault(&e, source);
    let full = || Fault::new("too_many_datasets").with("source", source).with("most", TABLES_MAX);
    let database: Option<String> = conn.query_first("SELECT DATABASE()").map_err(map)?;
    let database = quoted(&database.unwrap_or_default());
    let found: Vec<(String, String, String, u64, bool)> = conn.query(TABLES).map_err(map)?;
    if found.len() > TABLES_MAX {
        return Err(full());
    }
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    let mut ids: BTreeMap<String, Place> = BTreeMap::new();
    for (name, kind, engine, bytes, full_text) in found {
        ids.insert(name.clone(), places.of(source, 't', &name).ok_or_else(full)?);
        let sql = format!("{database}.{}", quoted(&name));
        tables.insert(name, Table { sql, engine, bytes, full_text, versioned: kind == "SYSTEM VERSIONED", ..Table::default() });
    }
    for row in conn.query::<Row, _>(COLUMNS).map_err(map)? {
        let (name, field) = field(row);
        if let Some(table) = tables.get_mut(&name) {
            table.fields.push(field);
        }
    }
    keys(conn.query(KEYS).map_err(map)?, &mut tables);
    indexes(conn.query(INDEXES).map_err(map)?, &mut tables);
    let references: Vec<(String, String, String, String)> = conn.query(REFERENCES).map_err(map)?;
    let elsewhere = referred(conn, &mut tables).map_err(map)?;
    let mut listing = Listing::default();
    for (name, table) in &tables {
        let Some(place) = ids.get(name) else { continue };
        if matches!(table.engine.as_str(), "FEDERATED" | "CONNECT" | "SPIDER" | "S3") {
            listing.missed.push(Missed { place: place.clone(), reason: "foreign_table".to_owned(), bytes: 0 });
            continue;
        }
        let mut dataset = dataset(place, name, table);
        dataset.points_to = references.iter().filter(|r| r.0 == *name).filter_map(|r| refer(r, &ids, &tables)).collect();
        dataset.points_to.sort();
        dataset.referred = elsewhere.iter().any(|n| n.eq_ignore_ascii_case(name));
        listing.datasets.push(dataset);
    }
    listing.datasets.sort_by(|a, b| a.place.cmp(&b.place));
    let tables = tables.into_iter().filter_map(|(name, table)| Some((ids.get(&name)?.clone(), table))).collect();
    Ok((listing, tables))
}

/// Tables to which other databases refer; marks the columns whose changes are carried on.
fn referred(conn: &mut Conn, tables: &mut BTreeMap<String, Table>) -> Result<Vec<String>, mysql::Error> {
    let mut all: Vec<(bool, String, String, bool)> = conn.query(REFERRED)?;
    // Refused to who is no administrator; unknown to MySQL. Names are those of files there.
    let engine = conn.query::<(String, String, String, bool), _>(ENGINE_REFERRED).unwrap_or_default();
    let own: Vec<(String, String)> =
        tables.iter().map(|(name, t)| (format!("{}/{}", file_name(&t.names().0), file_name(name)), name.clone())).collect();
    for (from, to, column, carried) in engine {
        let here = |full: &str| own.iter().find(|(file, _)| file.eq_ignore_ascii_case(full)).map(|(_, name)| name.clone());
        if let Some(name) = here(&to) {
            all.push((here(&from).is_some(), name, column, carried));
        }
    }
    for (_, name, column, carried) in &all {
        let Some((_, table)) = tables.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(name)) else { continue };
        let at = table.fields.iter().position(|f| f.name.eq_ignore_ascii_case(column));
        table.carried.extend(at.filter(|_| *carried));
    }
    Ok(all.into_iter().filter(|(here, ..)| !here).map(|(_, name, ..)| name).collect())
}

fn field(row: Row) -> (String, Field) {
    let text = |i: usize| row.get_opt::<String, _>(i).and_then(Result::ok).unwrap_or_default();
    let number = |i: usize| row.get_opt::<u64, _>(i).and_then(Result::ok).unwrap_or_default();
    let extra = text(10).to_uppercase();
    let field = Field {
        sql: quoted(&text(1)),
        name: text(1),
        data_type: text(2).to_lowercase(),
        declared: text(3),
        charset: text(4),
        length: number(5),
        precision: number(6),
        scale: number(7),
        fraction: number(8),
        not_null: text(9) == "NO",
        unique: false,
        distinct: false,
        on_update: extra.contains("ON UPDATE"),
        // `DEFAULT_GENERATED` (MySQL) is a default, not a computed column.
        indexed: !text(11).is_empty(),
        generated: extra.contains("GENERATED") && !extra.contains("DEFAULT_GENERATED"),
        is_virtual: extra.contains("VIRTUAL"),
    };
    (text(0), field)
}

/// The columns of indexes over whole values; one over an expression has a column without a name.
fn indexes(rows: Vec<(String, String, Option<String>, bool)>, tables: &mut BTreeMap<String, Table>) {
    let mut all: BTreeMap<(String, String), Vec<Option<String>>> = BTreeMap::new();
    for (table, index, column, part) in rows {
        all.entry((table, index)).or_default().push(column.filter(|_| !part));
    }
    for ((name, _), columns) in all {
        let Some(table) = tables.get_mut(&name) else { continue };
        let at = |c: &Option<String>| table.fields.iter().position(|f| Some(&f.name) == c.as_ref());
        let ordinals: Option<Vec<usize>> = columns.iter().map(at).collect();
        table.indexes.extend(ordinals);
    }
}

/// Marks columns that alone are unique, and finds a key without nulls, the primary one first.
fn keys(rows: Vec<(String, String, String, bool)>, tables: &mut BTreeMap<String, Table>) {
    let mut indexes: BTreeMap<(String, usize, String), Vec<(String, bool)>> = BTreeMap::new();
    for (table, index, column, part) in rows {
        let order = usize::from(index != "PRIMARY");
        indexes.entry((table, order, index)).or_default().push((column, part));
    }
    for ((name, order, _), columns) in indexes {
        let Some(table) = tables.get_mut(&name) else { continue };
        let at = |c: &String| table.fields.iter().position(|f| f.name == *c);
        let ordinals: Vec<usize> = columns.iter().filter_map(|(c, _)| at(c)).collect();
        ordinals.iter().for_each(|i| table.fields.get_mut(*i).into_iter().for_each(|f| f.distinct = true));
        if ordinals.len() != columns.len() || columns.iter().any(|(_, part)| *part) {
            continue;
        }
        let no_nulls = ordinals.iter().all(|i| table.fields.get(*i).is_some_and(|f| f.not_null));
        if let ([only], true) = (ordinals.as_slice(), order > 0)
            && let Some(field) = table.fields.get_mut(*only)
        {
            field.unique = true;
        }
        if order == 0 {
            table.primary.clone_from(&ordinals);
            if let ([only], Some(field)) = (ordinals.as_slice(), ordinals.first().and_then(|i| table.fields.get_mut(*i))) {
                let _ = only;
                field.unique = true;
            }
        }
        if table.key.is_empty() && no_nulls {
            table.key = ordinals;
        }
    }
}

fn dataset(place: &Place, name: &str, table: &Table) -> Dataset {
    let column = |(i, f): (usize, &Field)| Column {
        name: f.name.clone(),
        declared: f.declared.clone(),
        key: table.key.contains(&i),
        not_null: f.not_null,
        unique: f.unique,
        generated: f.generated,
    };
    Dataset {
        place: place.clone(),
        name: name.to_owned(),
        is_table: true,
        columns: table.fields.iter().enumerate().map(column).collect(),
        points_to: Vec::new(),
        encoding: Encoding::Utf8,
        hidden: false,
        derived: false,
        purge: vec![PurgeStep::rewriting(
            "rewrite_table",
            if table.full_text { Lock::Readers } else { Lock::Writers },
            table.bytes,
            REWRITE,
        )],
        by_hand: table.key.is_empty().then_some("table_without_key"),
        mentions: false,
        referred: false,
        keyed: !table.key.is_empty(),
        lost: None,
        reading: 0,
    }
}

fn refer(
    (own, column, other, target): &(String, String, String, String),
    ids: &BTreeMap<String, Place>,
    tables: &BTreeMap<String, Table>,
) -> Option<(u32, Place, u32)> {
    // Names of tables may differ in case between the two columns of the catalogue.
    let found = ids.keys().find(|n| *n == other).or_else(|| ids.keys().find(|n| n.eq_ignore_ascii_case(other)))?;
    let ordinal = |table: &str, name: &str| {
        let at = tables.get(table)?.fields.iter().position(|f| f.name.eq_ignore_ascii_case(name))?;
        u32::try_from(at).ok()
    };
    Some((ordinal(own, column)?, ids.get(found)?.clone(), ordinal(found, target)?))
}
