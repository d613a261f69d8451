//! Rows put into a table, each value in the server's own text form.

use rows::{Batch, CellRef, Tag};
use terms::{Fault, Place};
use tokio_postgres::types::ToSql;

use super::Postgres;
use super::faults::fault;
use super::list::{Field, Kind};

/// Inserts a batch; columns that the server computes are left to it.
pub(super) fn insert(postgres: &mut Postgres, place: &Place, batch: &Batch) -> Result<(), Fault> {
    let table = postgres.table(place)?.clone();
    if !matches!(table.kind, Kind::Plain | Kind::Partitioned) {
        return Err(Fault::new("restore_elsewhere").with("place", place));
    }
    let own: Vec<(usize, &Field)> = table.fields.iter().enumerate().filter(|(_, f)| !f.generated).collect();
    let list = |of: &dyn Fn(usize, &Field) -> String| own.iter().enumerate().map(|(n, (_, f))| of(n + 1, f)).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM unnest({}) AS v({})",
        table.sql,
        list(&|_, f| f.sql.clone()),
        list(&|n, f| format!("v.a{n}::{}", f.type_sql)),
        list(&|n, _| format!("${n}::text[]")),
        list(&|n, _| format!("a{n}")),
    );
    let values: Vec<Vec<Option<String>>> =
        own.iter().map(|(c, _)| (0..batch.rows()).map(|row| written(batch.cell(row, *c))).collect()).collect();
    let bound: Vec<&(dyn ToSql + Sync)> = values.iter().map(|v| v as &(dyn ToSql + Sync)).collect();
    postgres.let_go()?;
    postgres.client.execute(&sql, &bound).map(|_| ()).map_err(|e| fault(&e, place))
}

/// A value as the server reads it; none if it is null.
pub(super) fn written(cell: CellRef<'_>) -> Option<String> {
    match cell.tag {
        Tag::Null => None,
        Tag::Integer => cell.integer().map(|n| n.to_string()),
        Tag::Real => cell.real().map(|n| n.to_string()),
        Tag::Blob => Some(format!("\\x{}", cell.bytes.iter().map(|b| format!("{b:02x}")).collect::<String>())),
        Tag::Text | Tag::Other => Some(String::from_utf8_lossy(cell.bytes).into_owned()),
    }
}
