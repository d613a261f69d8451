//! A rehearsal: the first rows are erased in a transaction without triggers, and the server's own counters say what that changed elsewhere.

use terms::{Fault, Place};

use super::erase::Batch;
use super::faults::fault;
use super::list::{Kind, Table};
use super::read::read_versions;
use super::session::Transaction;
use super::{Postgres, connect};
use crate::dataset::Rehearsal;
use crate::{Pick, REHEARSED};

/// Says to the reader that there are rows enough; nobody else sees it.
const ENOUGH: &str = "enough";

/// Tries it, and takes it back.
pub(super) fn rehearse(postgres: &Postgres, place: &Place, pick: Pick<'_>) -> Result<Rehearsal, Fault> {
    let table = postgres.table(place)?.clone();
    if matches!(table.kind, Kind::View | Kind::LargeObjects) {
        return Ok(Rehearsal::default());
    }
    let mut batch = Batch::new(&table, place, REHEARSED);
    // A connection of its own: it is dropped in the middle of the table when there are rows enough.
    let (mut reader, _) = connect::connect(&postgres.at, &postgres.source)?;
    let enough = || Fault::new(ENOUGH);
    let read = read_versions(&mut reader, place, &table, &mut |rows, versions| {
        for (row, version) in versions.iter().enumerate() {
            if batch.add(version, pick(place, rows, row)?) {
                return Err(enough());
            }
        }
        Ok(())
    });
    drop(reader);
    read.map(|_| ()).or_else(|e| if e.code() == enough().code() { Ok(()) } else { Err(e) })?;
    if batch.rows == 0 {
        return Ok(Rehearsal::default());
    }
    let (mut writer, _) = postgres.writer()?;
    // A rule does something else or more than what was said, and would keep what goes.
    let ruled = writer.query_opt(RULES, &[&table.oid]).map_err(|e| fault(&e, place))?;
    if ruled.is_some() {
        return Err(Fault::new("copies_kept").with("place", place));
    }
    // Rows that references change elsewhere are counted by the server, unless somebody told it not to; only a superuser may tell it otherwise.
    let counts = writer.query_one("SELECT current_setting('track_counts') = 'on'", &[]).and_then(|r| r.try_get::<_, bool>(0));
    if !counts.map_err(|e| fault(&e, place))? {
        writer.batch_execute("SET track_counts = on").map_err(|e| fault(&e, place))?;
    }
    let mut transaction = writer.transaction().map_err(|e| fault(&e, place))?;
    let done = tried(&mut transaction, place, &table, &batch);
    transaction.rollback().map_err(|e| fault(&e, place))?;
    done
}

const RULES: &str = "SELECT 1 FROM pg_rewrite WHERE ev_class = $1 AND ev_type IN ('2', '4') AND ev_enabled <> 'D' LIMIT 1";

fn tried(transaction: &mut Transaction<'_>, place: &Place, table: &Table, batch: &Batch<'_>) -> Result<Rehearsal, Fault> {
    let map = |e: tokio_postgres::Error| fault(&e, place);
    let mut out = Rehearsal { tried: batch.rows as u64, triggers: table.triggers.len() as u64, triggers_off: true, ..Rehearsal::default() };
    let before = elsewhere(transaction, table).map_err(map)?;
    out.met = batch.statements(transaction)?;
    // References that wait for the end of the transaction are looked at now.
    transaction.batch_execute("SET CONSTRAINTS ALL IMMEDIATE").map_err(map)?;
    out.cascades = elsewhere(transaction, table).map_err(map)? - before;
    Ok(out)
}

const ELSEWHERE: &str = "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::int8 FROM pg_stat_xact_user_tables \
     WHERE relid NOT IN (SELECT $1::oid UNION SELECT relid FROM pg_partition_tree($1::oid))";

/// Rows that the transaction wrote or deleted in other tables so far.
fn elsewhere(transaction: &mut Transaction<'_>, table: &Table) -> Result<u64, tokio_postgres::Error> {
    let row = transaction.query_one(ELSEWHERE, &[&table.oid])?;
    row.try_get::<_, i64>(0).map(|n| u64::try_from(n).unwrap_or_default())
}
