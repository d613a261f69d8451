//! What is in a PostgreSQL database: tables with columns, keys and references, and how their rows lie on disk.

use std::collections::BTreeMap;
use std::sync::Arc;

use rows::Encoding;
use terms::{Fault, Lock, Place, PurgeStep};
use tokio_postgres::Row;

use super::faults::fault;
use super::quoted;
use super::rights;
use super::session::Session;
use super::tuple::{Attribute, Form};
use crate::dataset::{Column, Dataset, Listing, Missed};
use crate::places::Places;

/// Bytes that a rewrite manages in a second (docs/why/residue.md).
const REWRITE: u64 = 20 << 20;
/// Most tables that are looked at.
const TABLES_MAX: usize = 10_000;

/// A table as the server knows it.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// Quoted, with its schema.
    pub sql: String,
    pub oid: u32,
    pub kind: Kind,
    /// Bytes that it takes with its indexes and what lies outside of its rows.
    pub bytes: u64,
    /// Triggers of its users that run, its partitions' too.
    pub triggers: Vec<Trigger>,
    pub fields: Vec<Field>,
    /// Ordinals of the key columns; empty if it has no key.
    pub key: Vec<usize>,
    pub layout: Arc<[Attribute]>,
    /// The same of each B-tree over columns.
    pub indexes: Arc<[Vec<Attribute>]>,
}

/// A trigger as the server knows it.
#[derive(Clone, Debug)]
pub(super) struct Trigger {
    /// Its table, quoted, with its schema.
    pub table: String,
    /// Quoted.
    pub sql: String,
    /// Whether it runs on replicas too.
    pub always: bool,
}

impl Trigger {
    /// The statement that switches it off, or on again as it was.
    pub fn switch(&self, on: bool) -> String {
        let what = match (on, self.always) {
            (false, _) => "DISABLE",
            (true, false) => "ENABLE",
            (true, true) => "ENABLE ALWAYS",
        };
        format!("ALTER TABLE {} {what} TRIGGER {}", self.table, self.sql)
    }
}

/// What kind of table it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    /// Its rows lie in other tables.
    Partitioned,
    /// Computed from other tables: it is refreshed, never written.
    View,
    /// The large objects of the database, one a row: number and bytes.
    LargeObjects,
}

/// A column as the server knows it.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub attnum: i16,
    /// Quoted.
    pub sql: String,
    /// As written in a cast.
    pub type_sql: String,
    /// ` COLLATE …`, where it is not that of its type.
    pub collation: String,
    /// The base type's id.
    pub type_oid: u32,
    /// `S` for texts, `N` for numbers, … (`pg_type.typcategory`).
    pub category: char,
    pub not_null: bool,
    pub unique: bool,
    /// In any unique index, alone or not.
    pub distinct: bool,
    pub generated: bool,
    /// Type modifier: length of `varchar(n)`, precision and scale of `numeric(p,s)`.
    pub modifier: i32,
}

const TABLES: &str = "SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text, \
     has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'), NOT c.relispopulated, \
     (SELECT coalesce(sum(pg_total_relation_size(p.x)), 0)::int8 FROM (SELECT c.oid AS x UNION SELECT relid FROM pg_partition_tree(c.oid)) AS p) \
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relkind IN ('r', 'p', 'm', 'f') AND NOT c.relispartition \
     AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp\\_%' \
     ORDER BY (n.nspname <> 'public'), n.nspname, c.relname";

const COLUMNS: &str = "SELECT a.attrelid, a.attnum, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull, \
     a.attgenerated <> '', a.attlen, a.attalign::text, a.attstorage::text, a.attisdropped, a.atttypid, a.atttypmod, \
     (SELECT quote_ident(n.nspname) || '.' || quote_ident(c.collname) FROM pg_type t, pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace \
       WHERE t.oid = a.atttypid AND c.oid = a.attcollation AND a.attcollation <> t.typcollation) \
     FROM pg_attribute a WHERE a.attrelid = ANY($1) AND a.attnum > 0 ORDER BY a.attrelid, a.attnum";

const INDEXES: &str = "SELECT i.indrelid, i.indisprimary, i.indkey::int2[]::int4[] FROM pg_index i \
     WHERE i.indrelid = ANY($1) AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indimmediate AND i.indisvalid \
     AND i.indnkeyatts = i.indnatts ORDER BY i.indrelid, NOT i.indisprimary, i.indexrelid";

const BTREES: &str = "SELECT i.indrelid, i.indkey::int2[]::int4[] FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
     JOIN pg_am m ON m.oid = c.relam WHERE i.indrelid = ANY($1) AND m.amname = 'btree' AND i.indexprs IS NULL ORDER BY i.indexrelid";

/// Whoever refers to a listed table, listed or not; partitions stand for the table that they are of.
const REFERENCES: &str = "SELECT coalesce(pg_partition_root(k.conrelid)::oid, k.conrelid), coalesce(pg_partition_root(k.confrelid)::oid, k.confrelid), \
       ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u(n, o) JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY o), \
       ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u(n, o) JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY o) \
     FROM pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0 AND coalesce(pg_partition_root(k.confrelid)::oid, k.confrelid) = ANY($1) \
     ORDER BY 1, k.conname";

/// Columns that any unique index is over, with others or in an expression, and those of exclusion constraints.
const DISTINCT: &str = "SELECT i.indrelid, d.refobjsubid FROM pg_index i JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid \
       AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid > 0 \
     WHERE i.indrelid = ANY($1) AND (i.indisunique OR i.indisexclusion) \
     UNION SELECT k.conrelid, n FROM pg_constraint k, unnest(k.conkey) AS n WHERE k.conrelid = ANY($1) AND k.contype IN ('p', 'u', 'x')";

/// Those of the tables themselves and of tables in which their rows lie; switched off where they were made, clones follow.
const TRIGGERS: &str = "WITH RECURSIVE own(top, oid) AS (SELECT x, x FROM unnest($1::oid[]) AS x \
       UNION SELECT o.top, i.inhrelid FROM own o JOIN pg_inherits i ON i.inhparent = o.oid) \
     SELECT o.top, n.nspname::text, c.relname::text, t.tgname::text, t.tgenabled = 'A' FROM own o JOIN pg_trigger t ON t.tgrelid = o.oid \
       JOIN pg_class c ON c.oid = o.oid JOIN pg_namespace n ON n.oid = c.relnamespace \
     WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgenabled IN ('O', 'A') ORDER BY 1, 2, 3, 4";

const TYPES: &str = "SELECT oid, typbasetype, typcategory::text FROM pg_type";

/// A type: its base type, and its category.
type Types = BTreeMap<u32, (u32, char)>;

/// Lists everything; tables that may not be read are missed with the reason.
pub(super) fn list(client: &mut Session, source: &Place, places: &mut Places) -> Result<(Listing, BTreeMap<Place, Table>), Fault> {
    let map = |e: tokio_postgres::Error| fault(&e, source);
    let full = || Fault::new("too_many_datasets").with("source", source).with("most", TABLES_MAX);
    let found = client.query(TABLES, &[]).map_err(map)?;
    if found.len() > TABLES_MAX {
        return Err(full());
    }
    let mut listing = Listing::default();
    let mut sizes: BTreeMap<u32, i64> = BTreeMap::new();
    let mut named: BTreeMap<u32, (Place, String, String, String)> = BTreeMap::new();
    for row in &found {
        let (oid, schema, name, kind, may): (u32, String, String, String, bool) =
            (get(row, 0, source)?, get(row, 1, source)?, get(row, 2, source)?, get(row, 3, source)?, get(row, 4, source)?);
        let unfilled: bool = get(row, 5, source)?;
        let shown = if schema == "public" { name.clone() } else { format!("{schema}.{name}") };
        let place = places.of(source, 't', &shown).ok_or_else(full)?;
        sizes.insert(oid, get::<i64>(row, 6, source)?);
        let reason = match (kind.as_str(), may) {
            ("f", _) => Some("foreign_table"),
            (_, false) => Some("right_missing"),
            // Nothing can be read of it, and nothing is in it.
            _ if unfilled => Some("view_unfilled"),
            _ => None,
        };
        match reason {
            Some(reason) => listing.missed.push(Missed { place, reason: reason.to_owned(), bytes: 0 }),
            None => {
                let sql = format!("{}.{}", quoted(&schema), quoted(&name));
                named.insert(oid, (place, shown, sql, kind));
            }
        }
    }
    let oids: Vec<u32> = named.keys().copied().collect();
    let types = types(client, source)?;
    let columns = grouped(client.query(COLUMNS, &[&oids]).map_err(map)?, source)?;
    let indexes = grouped(client.query(INDEXES, &[&oids]).map_err(map)?, source)?;
    let btrees = grouped(client.query(BTREES, &[&oids]).map_err(map)?, source)?;
    let distinct = grouped(client.query(DISTINCT, &[&oids]).map_err(map)?, source)?;
    let triggers = grouped(client.query(TRIGGERS, &[&oids]).map_err(map)?, source)?;
    let references = client.query(REFERENCES, &[&oids]).map_err(map)?;
    let mut tables = BTreeMap::new();
    for (oid, (place, shown, sql, kind)) in &named {
        let (mut fields, names, layout) = fields(columns.get(oid).map(Vec::as_slice).unwrap_or_default(), &types, source)?;
        let keys = keys(indexes.get(oid).map(Vec::as_slice).unwrap_or_default(), &mut fields, source)?;
        for row in distinct.get(oid).into_iter().flatten() {
            let number: i32 = get(row, 1, source)?;
            fields.iter_mut().filter(|f| i32::from(f.attnum) == number).for_each(|f| f.distinct = true);
        }
        let declared = keys.iter().find(|k| k.iter().all(|i| fields.get(*i).is_some_and(|f| f.not_null))).cloned().unwrap_or_default();
        let btrees = btrees.get(oid).map(Vec::as_slice).unwrap_or_default();
        let table = Table {
            sql: sql.clone(),
            oid: *oid,
            kind: match kind.as_str() {
                "p" => Kind::Partitioned,
                "m" => Kind::View,
                _ => Kind::Plain,
            },
            bytes: sizes.get(oid).and_then(|n| u64::try_from(*n).ok()).unwrap_or_default(),
            triggers: triggers.get(oid).into_iter().flatten().map(|row| trigger(row, source)).collect::<Result<_, _>>()?,
            indexes: entries(btrees, &fields, &layout, source)?.into(),
            fields,
            key: declared,
            layout: layout.into(),
        };
        listing.datasets.push(dataset(place, shown, &table, &names));
        tables.insert(place.clone(), table);
    }
    large_objects(client, source, places, &mut listing, &mut tables)?;
    refer(&mut listing, &references, &named, &tables, source)?;
    listing.datasets.sort_by(|a, b| a.place.cmp(&b.place));
    Ok((listing, tables))
}

fn get<'a, T: tokio_postgres::types::FromSql<'a>>(row: &'a Row, i: usize, source: &Place) -> Result<T, Fault> {
    row.try_get(i).map_err(|e| fault(&e, source))
}

/// Rows by the table that their first column names.
fn grouped(rows: Vec<Row>, source: &Place) -> Result<BTreeMap<u32, Vec<Row>>, Fault> {
    let mut out: BTreeMap<u32, Vec<Row>> = BTreeMap::new();
    for row in rows {
        out.entry(get(&row, 0, source)?).or_default().push(row);
    }
    Ok(out)
}

fn types(client: &mut Session, source: &Place) -> Result<Types, Fault> {
    let mut out = Types::new();
    for row in client.query(TYPES, &[]).map_err(|e| fault(&e, source))? {
        let category: String = get(&row, 2, source)?;
        out.insert(get(&row, 0, source)?, (get(&row, 1, source)?, category.chars().next().unwrap_or('X')));
    }
    Ok(out)
}

fn trigger(row: &Row, source: &Place) -> Result<Trigger, Fault> {
    let (schema, table, name): (String, String, String) = (get(row, 1, source)?, get(row, 2, source)?, get(row, 3, source)?);
    Ok(Trigger { table: format!("{}.{}", quoted(&schema), quoted(&table)), sql: quoted(&name), always: get(row, 4, source)? })
}

/// Domains lead to the type that their values are stored as.
fn base(types: &Types, mut oid: u32) -> (u32, char) {
    for _ in 0..16 {
        match types.get(&oid) {
            Some((0, category)) => return (oid, *category),
            Some((under, _)) => oid = *under,
            None => break,
        }
    }
    (oid, 'X')
}

type Fields = (Vec<Field>, Vec<(String, String)>, Vec<Attribute>);

/// Columns in their order, their names and types as declared, and the layout with dropped columns in it.
fn fields(rows: &[Row], types: &Types, source: &Place) -> Result<Fields, Fault> {
    let (mut fields, mut names, mut layout) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        let (len, align, storage): (i16, String, String) = (get(row, 6, source)?, get(row, 7, source)?, get(row, 8, source)?);
        let dropped: bool = get(row, 9, source)?;
        let (type_oid, category) = base(types, get(row, 10, source)?);
        let align = match align.as_str() {
            "c" => 1,
            "s" => 2,
            "i" => 4,
            _ => 8,
        };
        let form = if dropped { Form::Unknown } else { Form::of(type_oid, category) };
        let column = (!dropped).then_some(fields.len());
        layout.push(Attribute { column, len, align, plain: storage == "p", form });
        if dropped {
            continue;
        }
        let (name, declared): (String, String) = (get(row, 2, source)?, get(row, 3, source)?);
        fields.push(Field {
            attnum: get(row, 1, source)?,
            sql: quoted(&name),
            type_sql: declared.clone(),
            collation: get::<Option<String>>(row, 12, source)?.map(|c| format!(" COLLATE {c}")).unwrap_or_default(),
            type_oid,
            category,
            not_null: get(row, 4, source)?,
            unique: false,
            distinct: false,
            generated: get(row, 5, source)?,
            modifier: get(row, 11, source)?,
        });
        names.push((name, declared));
    }
    Ok((fields, names, layout))
}

/// Ordinals of the columns of each unique index, the primary key first; columns that alone make one are marked.
fn keys(rows: &[Row], fields: &mut [Field], source: &Place) -> Result<Vec<Vec<usize>>, Fault> {
    let mut out = Vec::new();
    for row in rows {
        let numbers: Vec<i32> = get(row, 2, source)?;
        let key: Vec<usize> = numbers.iter().filter_map(|n| fields.iter().position(|f| i32::from(f.attnum) == *n)).collect();
        if let [only] = key.as_slice()
            && let Some(field) = fields.get_mut(*only)
        {
            field.unique = true;
        }
        out.push(key);
    }
    Ok(out)
}

/// How entries of indexes lie: the columns of each in its order.
fn entries(rows: &[Row], fields: &[Field], layout: &[Attribute], source: &Place) -> Result<Vec<Vec<Attribute>>, Fault> {
    let mut out = Vec::new();
    for row in rows {
        let numbers: Vec<i32> = get(row, 1, source)?;
        let column = |n: &i32| fields.iter().position(|f| i32::from(f.attnum) == *n);
        let attribute = |n: &i32| column(n).and_then(|c| layout.iter().find(|a| a.column == Some(c))).cloned();
        out.extend(numbers.iter().map(attribute).collect::<Option<Vec<_>>>());
    }
    Ok(out)
}

/// What the purge costs others: the rewrite locks readers out, and that of the catalogue keeps every query from being planned.
fn purge(table: &Table) -> Vec<PurgeStep> {
    match table.kind {
        Kind::View => Vec::new(),
        _ => vec![
            PurgeStep::rewriting("rewrite_table", Lock::Readers, table.bytes, REWRITE),
            PurgeStep::rewriting("rewrite_catalogue", Lock::Readers, 0, REWRITE),
        ],
    }
}

fn dataset(place: &Place, shown: &str, table: &Table, names: &[(String, String)]) -> Dataset {
    let column = |(i, (field, (name, declared))): (usize, (&Field, &(String, String)))| Column {
        name: name.clone(),
        declared: declared.clone(),
        key: table.key.contains(&i),
        not_null: field.not_null,
        unique: field.unique,
        generated: field.generated,
    };
    Dataset {
        place: place.clone(),
        name: shown.to_owned(),
        is_table: true,
        columns: table.fields.iter().zip(names).enumerate().map(column).collect(),
        points_to: Vec::new(),
        encoding: Encoding::Utf8,
        hidden: false,
        derived: table.kind == Kind::View,
        purge: purge(table),
        by_hand: None,
        mentions: false,
        referred: false,
        keyed: !table.key.is_empty(),
        lost: None,
        reading: 0,
    }
}

/// What the data set of large objects is called.
const LARGE: &str = "pg_largeobject";

/// Large objects, as a data set of their own.
fn large_objects(
    client: &mut Session,
    source: &Place,
    places: &mut Places,
    listing: &mut Listing,
    tables: &mut BTreeMap<Place, Table>,
) -> Result<(), Fault> {
    let row = client.query_one("SELECT count(*) FROM pg_largeobject_metadata", &[]).map_err(|e| fault(&e, source))?;
    // Where there were some, there are none now: they are no more than a table that was emptied.
    let known = places.names().any(|(place, name)| name == LARGE && place.source() == source.as_str());
    if get::<i64>(&row, 0, source)? == 0 && !known {
        return Ok(());
    }
    let full = || Fault::new("too_many_datasets").with("source", source).with("most", TABLES_MAX);
    let place = places.of(source, 't', LARGE).ok_or_else(full)?;
    let row = client.query_one(&rights::large_objects(rights::READABLE), &[]).map_err(|e| fault(&e, source))?;
    if !get::<bool>(&row, 0, source)? {
        listing.missed.push(Missed { place, reason: "right_missing".to_owned(), bytes: 0 });
        return Ok(());
    }
    let field = |attnum: i16, name: &str, type_oid: u32, category: char| Field {
        attnum,
        sql: quoted(name),
        type_sql: if type_oid == 26 { "oid".to_owned() } else { "bytea".to_owned() },
        collation: String::new(),
        type_oid,
        category,
        not_null: true,
        unique: type_oid == 26,
        distinct: type_oid == 26,
        generated: false,
        modifier: -1,
    };
    let bytes = |column: usize, form: Form| Attribute { column: Some(column), len: -1, align: 4, plain: false, form };
    let table = Table {
        sql: "pg_catalog.pg_largeobject_metadata".to_owned(),
        oid: 2_613,
        kind: Kind::LargeObjects,
        bytes: 0,
        triggers: Vec::new(),
        fields: vec![field(1, "oid", 26, 'N'), field(2, "data", 17, 'U')],
        key: vec![0],
        layout: [bytes(0, Form::Unknown), bytes(1, Form::Bytes)].into(),
        indexes: Arc::new([]),
    };
    let names: Vec<(String, String)> = [("oid", "oid"), ("data", "bytea")].map(|(a, b)| (a.to_owned(), b.to_owned())).into();
    listing.datasets.push(dataset(&place, LARGE, &table, &names));
    tables.insert(place, table);
    Ok(())
}

/// Foreign keys, column by column; who is not listed is only known to refer.
fn refer(
    listing: &mut Listing,
    references: &[Row],
    named: &BTreeMap<u32, (Place, String, String, String)>,
    tables: &BTreeMap<Place, Table>,
    source: &Place,
) -> Result<(), Fault> {
    for row in references {
        let (from, to): (u32, u32) = (get(row, 0, source)?, get(row, 1, source)?);
        let (columns, targets): (Vec<String>, Vec<String>) = (get(row, 2, source)?, get(row, 3, source)?);
        let Some((other, ..)) = named.get(&to) else { continue };
        let Some((own, ..)) = named.get(&from) else {
            listing.datasets.iter_mut().filter(|d| d.place == *other).for_each(|d| d.referred = true);
            continue;
        };
        let ordinal = |place: &Place, name: &str| -> Option<u32> {
            let at = tables.get(place)?.fields.iter().position(|f| f.sql == quoted(name))?;
            u32::try_from(at).ok()
        };
        let Some(dataset) = listing.datasets.iter_mut().find(|d| d.place == *own) else { continue };
        for (a, b) in columns.iter().zip(&targets) {
            if let (Some(a), Some(b)) = (ordinal(own, a), ordinal(other, b)) {
                dataset.points_to.push((a, other.clone(), b));
            }
        }
        dataset.points_to.sort();
        dataset.points_to.dedup();
    }
    Ok(())
}
