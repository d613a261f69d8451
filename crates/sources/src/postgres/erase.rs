//! Erasing in batches: each a transaction of its own over row versions that were seen just before; what was written since is left alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rows::CellRef;
use terms::{Fault, Place};
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

use super::faults::fault;
use super::list::{Kind, Table};
use super::read::read_versions;
use super::session::{Bound, Session, Transaction};
use super::version::{Tid, Version, Xid};
use super::{Postgres, insert};
use crate::dataset::{Action, Left};
use crate::{Mark, Pick, Source as _};

/// Erases what `pick` says, table by table.
pub(super) fn erase(postgres: &mut Postgres, places: &[Place], pick: Pick<'_>) -> Result<(), Fault> {
    let (mut writer, _) = postgres.writer()?;
    for place in places {
        let table = postgres.table(place)?.clone();
        if table.kind == Kind::View {
            return Err(Fault::new("dataset_derived").with("place", place));
        }
        let mut batch = Batch::new(&table, place, postgres.at.limits.batch_rows);
        let pause = postgres.at.limits.pause;
        postgres.hold_still()?;
        read_versions(&mut postgres.client, place, &table, &mut |rows, versions| {
            for (row, version) in versions.iter().enumerate() {
                let action = pick(place, rows, row)?;
                if batch.add(version, action) {
                    batch.carry_out(&mut writer)?;
                    std::thread::sleep(pause);
                }
            }
            Ok(())
        })?;
        batch.carry_out(&mut writer)?;
        postgres.let_go()?;
    }
    Ok(())
}

/// Rows of a table that will go whole, and the file in which they were seen: where it is another one, they lie elsewhere.
pub(super) struct Marked {
    file: u32,
    versions: Vec<Version>,
}

/// Reads a table and remembers the versions of rows that will go whole; none of what is no table of its own.
pub(super) fn mark(postgres: &mut Postgres, place: &Place, mark: Mark<'_>) -> Result<Option<Marked>, Fault> {
    let table = postgres.table(place)?.clone();
    let Some(file) = file(&mut postgres.client, place, &table)? else { return Ok(None) };
    let mut out = Marked { file, versions: Vec::new() };
    read_versions(&mut postgres.client, place, &table, &mut |rows, versions| {
        out.versions.extend(versions.iter().enumerate().filter(|(row, _)| mark(rows, *row)).map(|(_, version)| *version));
        Ok(())
    })?;
    Ok(Some(out))
}

/// Erases rows that were marked, unless the table lies in another file now.
pub(super) fn erase_marked(
    postgres: &mut Postgres,
    place: &Place,
    marked: &Marked,
    still: &mut dyn FnMut(usize) -> Result<bool, Fault>,
) -> Result<bool, Fault> {
    let (mut writer, _) = postgres.writer()?;
    let table = postgres.table(place)?.clone();
    if file(&mut writer, place, &table)? != Some(marked.file) {
        return Ok(false);
    }
    let mut batch = Batch::new(&table, place, postgres.at.limits.batch_rows);
    batch.file = Some(marked.file);
    for (number, version) in marked.versions.iter().enumerate() {
        if still(number)? && batch.add(version, Action::Delete) {
            batch.carry_out(&mut writer)?;
            std::thread::sleep(postgres.at.limits.pause);
        }
    }
    batch.carry_out(&mut writer)?;
    Ok(true)
}

/// The number of the file in which a table lies; none of what lies in several or in none.
fn file(client: &mut Session, place: &Place, table: &Table) -> Result<Option<u32>, Fault> {
    if table.kind != Kind::Plain {
        return Ok(None);
    }
    let row = client.query_one("SELECT pg_relation_filenode($1::oid::regclass)", &[&table.oid]).map_err(|e| fault(&e, place))?;
    row.try_get(0).map_err(|e| fault(&e, place))
}

const UNLINK: &str = "SELECT lo_unlink(x) FROM unnest($1::oid[]) AS x";
const EMPTY: &str = "SELECT lo_truncate(lo_open(x, 131072), 0) FROM unnest($1::oid[]) AS x";

/// Runs the statement that deletes with bound values; gives how many rows it met.
type Run<'a> = &'a mut dyn FnMut(&[Bound<'_>]) -> Result<u64, tokio_postgres::Error>;

/// Row versions that one transaction erases.
pub(super) struct Batch<'a> {
    table: &'a Table,
    place: &'a Place,
    most: usize,
    deleted: Vec<Version>,
    emptied: BTreeMap<Arc<[u32]>, Vec<(Version, Vec<Left>)>>,
    pub(super) rows: usize,
    /// The statement that deletes, planned once for all batches.
    delete: Option<Statement>,
    /// The file in which the versions were seen, where no snapshot is held that keeps the table in it.
    file: Option<u32>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(table: &'a Table, place: &'a Place, most: usize) -> Batch<'a> {
        Batch { table, place, most: most.max(1), deleted: Vec::new(), emptied: BTreeMap::new(), rows: 0, delete: None, file: None }
    }

    /// Whether the batch is full now.
    pub(super) fn add(&mut self, version: &Version, action: Action) -> bool {
        match action {
            Action::Keep => return false,
            Action::Delete => self.deleted.push(*version),
            Action::Overwrite(columns, left) => self.emptied.entry(columns).or_default().push((*version, left)),
        }
        self.rows += 1;
        self.rows >= self.most
    }

    fn carry_out(&mut self, writer: &mut Session) -> Result<(), Fault> {
        if self.rows == 0 {
            return Ok(());
        }
        self.rows = 0;
        if self.delete.is_none() && !self.deleted.is_empty() && self.table.kind != Kind::LargeObjects {
            self.delete = Some(writer.prepare(&delete(self.table, self.file)).map_err(|e| fault(&e, self.place))?);
        }
        match &self.delete {
            // One statement is a transaction by itself.
            Some(planned) if self.is_one_statement() => {
                self.delete(&self.deleted, &mut |bound| writer.execute(planned, bound)).map_err(|e| fault(&e, self.place))?;
            }
            _ => {
                let mut transaction = writer.transaction().map_err(|e| fault(&e, self.place))?;
                self.statements(&mut transaction)?;
                transaction.commit().map_err(|e| fault(&e, self.place))?;
            }
        }
        self.deleted.clear();
        self.emptied.clear();
        Ok(())
    }

    fn is_one_statement(&self) -> bool {
        let first = self.deleted.first().map(|v| v.table);
        self.table.triggers.is_empty() && self.emptied.is_empty() && self.deleted.iter().all(|v| Some(v.table) == first)
    }

    /// Erases the rows of the batch; gives how many were met.
    pub(super) fn statements(&self, transaction: &mut Transaction<'_>) -> Result<u64, Fault> {
        let map = |e: tokio_postgres::Error| fault(&e, self.place);
        if self.table.kind == Kind::LargeObjects {
            return self.unlink(transaction);
        }
        let mut met = 0;
        // Triggers would write the values once more, into places that nobody ordered anything about.
        let triggers = self.table.triggers.as_slice();
        triggers.iter().try_for_each(|t| transaction.batch_execute(&t.switch(false)).map_err(map))?;
        // Rows come table by table, where a table lies in several.
        for versions in self.deleted.chunk_by(|a, b| a.table == b.table) {
            let mut run = |bound: &[Bound<'_>]| match &self.delete {
                Some(planned) => transaction.execute(planned, bound),
                None => transaction.execute(&delete(self.table, self.file), bound),
            };
            met += self.delete(versions, &mut run).map_err(map)?;
        }
        for (columns, rows) in &self.emptied {
            let set = Set::new(self.table, columns, rows);
            if set.assignments.is_empty() {
                continue;
            }
            let sql = set.update(self.table);
            let tables: Vec<u32> = rows.iter().map(|(v, _)| v.table).collect();
            let tids: Vec<Tid> = rows.iter().map(|(v, _)| Tid::of(v)).collect();
            let xmins: Vec<Xid> = rows.iter().map(|(v, _)| Xid(v.xmin)).collect();
            let mut bound: Vec<&(dyn ToSql + Sync)> = vec![&tables, &tids, &xmins];
            bound.extend(set.values.iter().map(|v| v as &(dyn ToSql + Sync)));
            met += transaction.execute(&sql, &bound).map_err(map)?;
        }
        triggers.iter().try_for_each(|t| transaction.batch_execute(&t.switch(true)).map_err(map))?;
        Ok(met)
    }

    /// Deletes rows of one table.
    fn delete(&self, versions: &[Version], run: Run<'_>) -> Result<u64, tokio_postgres::Error> {
        let table = versions.first().map_or(self.table.oid, |v| v.table);
        let tids: Vec<Tid> = versions.iter().map(Tid::of).collect();
        let xmins: Vec<Xid> = versions.iter().map(|v| v.xmin).collect::<BTreeSet<u32>>().into_iter().map(Xid).collect();
        let mut bound: Vec<&(dyn ToSql + Sync)> = vec![&table, &tids, &xmins];
        bound.extend(self.file.as_ref().map(|file| file as &(dyn ToSql + Sync)));
        run(&bound)
    }

    /// Large objects go whole; emptied ones keep their number, which rows may name.
    fn unlink(&self, transaction: &mut Transaction<'_>) -> Result<u64, Fault> {
        let map = |e: tokio_postgres::Error| fault(&e, self.place);
        let ids: Vec<u32> = self.deleted.iter().map(|v| v.block).collect();
        transaction.query(UNLINK, &[&ids]).map_err(map)?;
        let emptied: Vec<u32> = self.emptied.values().flatten().map(|(v, _)| v.block).collect();
        transaction.query(EMPTY, &[&emptied]).map_err(map)?;
        Ok((ids.len() + emptied.len()) as u64)
    }
}

/// The very versions that were seen, without telling which place had which writer: whoever writes into one of these places later, and whatever
/// replaces a version while the statement waits for its writer, is none of the writers whom the snapshot saw (parts of a transaction and frozen
/// rows keep the number that they were written under). Only a table that is written anew gives places to other rows of the same writers: while
/// the snapshot is held it cannot be; else it lies in another file.
fn delete(table: &Table, file: Option<u32>) -> String {
    let only = if table.kind == Kind::Partitioned { "" } else { "ONLY " };
    let same = if file.is_some() { " AND pg_relation_filenode($1::oid::regclass) = $4" } else { "" };
    format!("DELETE FROM {only}{} t WHERE t.tableoid = $1 AND t.ctid = ANY($2) AND t.xmin = ANY($3){same}", table.sql)
}

/// The statements of a batch, as they are sent.
pub(super) fn would(table: &Table, overwrite: Option<(&[u32], &[Left])>) -> Vec<String> {
    let triggers = |on: bool| table.triggers.iter().map(move |t| t.switch(on));
    let own = match (table.kind, overwrite) {
        (Kind::View, _) => return vec![format!("REFRESH MATERIALIZED VIEW {}", table.sql)],
        (Kind::LargeObjects, None) => UNLINK.to_owned(),
        (Kind::LargeObjects, Some(_)) => EMPTY.to_owned(),
        (_, None) => delete(table, (table.kind == Kind::Plain).then_some(0)),
        (_, Some((columns, left))) => Set::new(table, columns, &[(Version::default(), left.to_vec())]).update(table),
    };
    triggers(false).chain([own]).chain(triggers(true)).collect()
}

/// The very version that was seen: its place, and the transaction that wrote it.
const SAME: &str = "t.ctid = v.c AND t.xmin = v.x AND t.tableoid = v.o";

/// The rows of a batch, with values that differ from row to row.
fn unnest(arrays: &[usize]) -> String {
    let more: Vec<String> = arrays.iter().map(|n| format!(", ${n}::text[]")).collect();
    let names: Vec<String> = arrays.iter().map(|n| format!(", a{n}")).collect();
    format!("unnest($1::oid[], $2::tid[], $3::xid[]{}) AS v(o, c, x{})", more.concat(), names.concat())
}

/// What emptying columns writes: one bound array for each column that is not null in all rows.
struct Set {
    assignments: Vec<String>,
    /// Numbers of the bound arrays, from 4.
    arrays: Vec<usize>,
    values: Vec<Vec<Option<String>>>,
}

impl Set {
    fn update(&self, table: &Table) -> String {
        format!("UPDATE {} t SET {} FROM {} WHERE {SAME}", table.sql, self.assignments.join(", "), unnest(&self.arrays))
    }

    fn new(table: &Table, columns: &[u32], rows: &[(Version, Vec<Left>)]) -> Set {
        let mut out = Set { assignments: Vec::new(), arrays: Vec::new(), values: Vec::new() };
        for (i, field) in columns.iter().enumerate().filter_map(|(i, c)| Some((i, table.fields.get(*c as usize)?))) {
            if field.generated {
                continue;
            }
            let values: Vec<Option<String>> = rows.iter().map(|(_, left)| left.get(i).and_then(written)).collect();
            if values.iter().all(Option::is_none) {
                out.assignments.push(format!("{} = NULL", field.sql));
                continue;
            }
            let n = out.arrays.len() + 4;
            out.arrays.push(n);
            out.assignments.push(format!("{} = v.a{n}::{}", field.sql, field.type_sql));
            out.values.push(values);
        }
        out
    }
}

/// A value as the server reads it.
fn written((tag, bytes): &Left) -> Option<String> {
    insert::written(CellRef { tag: *tag, bytes })
}
