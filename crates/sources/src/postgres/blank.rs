//! What erasing leaves in a column of PostgreSQL: null, or where that is refused a value of the column's type that says nothing.

use rows::{CellRef, Tag};
use terms::{Fault, Place};

use super::faults::fault;
use super::list::{Field, Table};
use super::read::as_read;
use super::{Postgres, insert};
use crate::blank::{Blank, Said};
use crate::fit::{Check, fit};

/// What erasing these columns leaves.
pub(super) fn fitting(postgres: &mut Postgres, place: &Place, erased: &[u32], said: &Said) -> Result<Vec<Blank>, Fault> {
    let table = postgres.table(place)?.clone();
    let mut blanks: Vec<Blank> = table.fields.iter().map(of).collect();
    for (field, blank) in table.fields.iter().zip(&mut blanks).filter(|(f, _)| f.not_null && f.category == 'E') {
        let label = postgres.client.query_opt(LABEL, &[&field.type_oid]).map_err(|e| fault(&e, place))?;
        *blank = label.and_then(|r| r.try_get::<_, String>(0).ok()).map_or(Blank::Text, |l| Blank::text(&l));
    }
    let checks = checks(postgres, place, &table)?;
    let together: Vec<u32> = erased.iter().chain(said.keys()).copied().collect();
    fit(place, &mut blanks, (erased, said, &checks), &|i| table.fields.get(i).map(others).unwrap_or_default(), &mut |check, blanks| {
        takes(postgres, &table, check, &together, blanks).map_err(|e| fault(&e, place))
    })?;
    for (i, field) in table.fields.iter().enumerate().filter(|(i, _)| erased.iter().any(|c| *c as usize == *i)) {
        let Some(blank) = blanks.get_mut(i) else { continue };
        match kept(postgres, place, field, blank)? {
            Some(value) => *blank = value,
            None => return Err(Fault::new("no_value_fits").with("place", place).with("column", format!("#{i}"))),
        }
    }
    Ok(blanks)
}

/// A constant as the server keeps it (`1` in `numeric(8,2)` is `1.00`); none if the type does not take it, or must differ from row to row.
fn kept(postgres: &mut Postgres, place: &Place, field: &Field, blank: &Blank) -> Result<Option<Blank>, Fault> {
    if !blank.constant() || *blank == Blank::Null {
        return Ok(Some(blank.clone()));
    }
    let (tag, bytes) = blank.leaves(CellRef { tag: Tag::Text, bytes: &[] }, 1);
    let Some(text) = insert::written(CellRef { tag, bytes: &bytes }).filter(|_| !field.unique) else { return Ok(None) };
    // Only an array is written by the type's own means: a cast to text would strip `char(n)` of its blanks.
    let sql = match field.category {
        'A' => format!("SELECT ($1::text::{})::text", field.type_sql),
        _ => format!("SELECT array_to_string(ARRAY[$1::text::{}], '')", field.type_sql),
    };
    match postgres.client.query_one(&sql, &[&text]).and_then(|r| r.try_get::<_, Option<String>>(0)) {
        Ok(written) => {
            let (tag, bytes) = as_read(field, &written.unwrap_or_default());
            Ok(Some(Blank::Value(tag, bytes)))
        }
        Err(e) if e.as_db_error().is_some_and(|e| matches!(e.code().code().get(..2), Some("22" | "23" | "42"))) => Ok(None),
        Err(e) => Err(fault(&e, place)),
    }
}

const LABEL: &str = "SELECT enumlabel::text FROM pg_enum WHERE enumtypid = $1 ORDER BY enumsortorder LIMIT 1";

/// Constraints of a table, and of the domains of its columns, as conditions over the names of the columns.
const CHECKS: &str = "SELECT conkey, pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE contype = 'c' AND conrelid = $1 AND NOT connoinherit \
     UNION ALL SELECT ARRAY[a.attnum], replace(pg_get_expr(c.conbin, 0), 'VALUE', quote_ident(a.attname)) FROM pg_attribute a \
     JOIN pg_constraint c ON c.contypid = a.atttypid AND c.contype = 'c' WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped";

fn checks(postgres: &mut Postgres, place: &Place, table: &Table) -> Result<Vec<Check>, Fault> {
    let map = |e: tokio_postgres::Error| fault(&e, place);
    let mut out = Vec::new();
    for row in postgres.client.query(CHECKS, &[&table.oid]).map_err(map)? {
        let (numbers, sql): (Vec<i16>, Option<String>) = (row.try_get(0).map_err(map)?, row.try_get(1).map_err(map)?);
        let columns = numbers.iter().filter_map(|n| table.fields.iter().position(|f| f.attnum == *n)).collect();
        out.extend(sql.map(|sql| Check { columns, sql }));
    }
    Ok(out)
}

/// Whether a constraint takes all rows that are there, once they are erased like this; without writing any.
fn takes(postgres: &mut Postgres, table: &Table, check: &Check, erased: &[u32], blanks: &[Blank]) -> Result<bool, tokio_postgres::Error> {
    let mut bound: Vec<Option<String>> = Vec::new();
    let column = |(i, field): (usize, &Field)| match blanks.get(i).filter(|_| erased.iter().any(|c| *c as usize == i)) {
        Some(blank) => {
            let (tag, bytes) = blank.leaves(CellRef { tag: Tag::Text, bytes: &[] }, 1);
            bound.push(insert::written(CellRef { tag, bytes: &bytes }));
            let value = format!("${}::text::{}", bound.len(), field.type_sql);
            // What is null stays so.
            if blank.keeps_null() {
                format!("CASE WHEN {0} IS NOT NULL THEN {value} END AS {0}", field.sql)
            } else {
                format!("{value} AS {}", field.sql)
            }
        }
        None => field.sql.clone(),
    };
    let columns: Vec<String> = table.fields.iter().enumerate().filter(|(i, _)| check.columns.contains(i)).map(column).collect();
    let sql =
        format!("SELECT NOT EXISTS (SELECT FROM (SELECT {} FROM {}) AS t WHERE ({}) IS FALSE)", columns.join(", "), table.sql, check.sql);
    let bound: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
        bound.iter().map(|v| v as &(dyn tokio_postgres::types::ToSql + Sync)).collect();
    match postgres.client.query_one(&sql, &bound).and_then(|r| r.try_get(0)) {
        // A domain refuses in the cast, a function in itself.
        Err(e) if e.as_db_error().is_some_and(|e| matches!(e.code().code().get(..2), Some("22" | "23"))) => Ok(false),
        other => other,
    }
}

/// What is tried in a column, in order.
fn others(field: &Field) -> Vec<Blank> {
    let plain = of(field);
    let more: Vec<Blank> = match (field.category, field.distinct) {
        ('N', true) if field.type_oid == 1700 => Vec::new(),
        ('N', true) => Blank::distinct_numbers().into(),
        ('S', true) if field.type_oid == 1042 => Vec::new(),
        ('S', true) => Blank::distinct_words().into(),
        (_, true) => Vec::new(),
        ('N', _) => Blank::numbers().collect(),
        ('S', _) => Blank::words().collect(),
        ('B', _) => ["f", "t"].map(Blank::text).into(),
        ('D', _) => ["1900-01-01", "1970-01-01", "2000-01-01"].map(Blank::text).into(),
        _ => vec![of(&Field { not_null: true, ..field.clone() })],
    };
    [plain].into_iter().chain(more).collect()
}

/// The blank of a column.
pub(super) fn of(field: &Field) -> Blank {
    if field.generated {
        return Blank::Stays;
    }
    if !field.not_null {
        return Blank::Null;
    }
    let value = |tag: Tag, text: &str| Blank::Value(tag, text.as_bytes().to_vec());
    match (field.type_oid, field.distinct) {
        (20, false) | (21 | 23 | 26, false) => Blank::Zero,
        (20, true) => Blank::Number,
        (21 | 23 | 26, true) => Blank::SmallNumber,
        (700 | 701, false) => Blank::ZeroReal,
        (700 | 701, true) => Blank::NumberReal,
        (17, _) => Blank::Blob,
        (16, _) => value(Tag::Other, "f"),
        (1700, true) => decimal(field.modifier),
        (1700, _) => value(Tag::Other, &zero(field.modifier)),
        (1082, _) => value(Tag::Other, "0001-01-01"),
        (1083, _) | (1186, _) => value(Tag::Other, "00:00:00"),
        (1114, _) => value(Tag::Other, "0001-01-01 00:00:00"),
        (1184, _) => value(Tag::Other, "0001-01-01 00:00:00+00"),
        (2950, true) => Blank::Uuid,
        (2950, _) => value(Tag::Other, "00000000-0000-0000-0000-000000000000"),
        (869, _) => value(Tag::Other, "0.0.0.0"),
        (114 | 3802, _) => value(Tag::Text, "{}"),
        // `char(n)` is filled up with blanks.
        (1042, false) => value(Tag::Text, &" ".repeat(usize::try_from(field.modifier - 4).unwrap_or_default())),
        (1042, true) => Blank::Filled(room(field)),
        (_, true) if field.category == 'S' => Blank::Word(room(field)),
        _ if field.category == 'A' => value(Tag::Other, "{}"),
        _ => Blank::Text,
    }
}

/// Characters that `varchar(n)` and `char(n)` take.
fn room(field: &Field) -> u32 {
    match (field.type_oid, u32::try_from(field.modifier - 4)) {
        (1042 | 1043, Ok(n)) => n,
        _ => 26,
    }
}

/// Numbers that differ, where `numeric(p,s)` has room for ten digits before the point; else zero, which is refused.
fn decimal(modifier: i32) -> Blank {
    let (precision, scale) = ((modifier - 4) >> 16 & 0xffff, (modifier - 4) & 0x7ff);
    match u32::try_from(scale) {
        _ if modifier < 4 => Blank::Decimal(0),
        Ok(scale) if scale <= 1_000 && precision - scale.cast_signed() >= 10 => Blank::Decimal(scale),
        _ => Blank::Zero,
    }
}

/// Zero as `numeric(p,s)` writes it.
fn zero(modifier: i32) -> String {
    let scale = usize::try_from((modifier - 4) & 0x7ff).unwrap_or_default();
    match modifier >= 4 && scale > 0 && scale <= 1_000 {
        true => format!("0.{}", "0".repeat(scale)),
        false => "0".to_owned(),
    }
}
