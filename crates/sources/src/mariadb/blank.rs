//! What erasing leaves in a column of MariaDB: null, or where that is refused a value of the column's type that says nothing.

use mysql::prelude::Queryable as _;
use mysql::{Params, Value};
use rows::{CellRef, Tag};
use terms::{Fault, Place};

use super::list::{Field, Table};
use super::{Mariadb, erase, faults::fault};
use crate::blank::{Blank, Said};
use crate::fit::{Check, fit};

/// What erasing these columns leaves.
pub(super) fn fitting(mariadb: &mut Mariadb, place: &Place, erased: &[u32], said: &Said) -> Result<Vec<Blank>, Fault> {
    let table = mariadb.table(place)?.clone();
    let mut blanks: Vec<Blank> = table.fields.iter().map(of).collect();
    let checks = checks(mariadb, &table).map_err(|e| fault(&e, place))?;
    let together: Vec<u32> = erased.iter().chain(said.keys()).copied().collect();
    fit(place, &mut blanks, (erased, said, &checks), &|i| table.fields.get(i).map(others).unwrap_or_default(), &mut |check, blanks| {
        takes(mariadb, &table, check, &together, blanks).map_err(|e| fault(&e, place))
    })?;
    for (i, field) in table.fields.iter().enumerate().filter(|(i, _)| erased.iter().any(|c| *c as usize == *i)) {
        let Some(blank) = blanks.get_mut(i) else { continue };
        let equal = field.unique && blank.constant() && *blank != Blank::Null;
        if equal || (unwritable(field) && *blank != Blank::Null && *blank != Blank::Stays) {
            return Err(Fault::new("no_value_fits").with("place", place).with("column", format!("#{i}")));
        }
        *blank = kept(field, std::mem::replace(blank, Blank::Null));
    }
    Ok(blanks)
}

/// Types of which no value says nothing.
fn unwritable(field: &Field) -> bool {
    ["geometry", "point", "line", "polygon", "collection"].iter().any(|t| field.data_type.contains(t))
}

/// A constant as the server keeps it: `1` in `decimal(8,2)` is `1.00`.
fn kept(field: &Field, blank: Blank) -> Blank {
    let Blank::Value(tag, bytes) = &blank else { return blank };
    let number = CellRef { tag: *tag, bytes }.integer();
    let text = String::from_utf8_lossy(bytes).into_owned();
    let other = |text: String| Blank::Value(Tag::Other, text.into_bytes());
    match (field.data_type.as_str(), number) {
        ("decimal", Some(n)) => other(format!("{n}{}", fraction(field.scale))),
        ("float" | "double", Some(n)) => Blank::Value(Tag::Real, (n as f64).to_be_bytes().to_vec()),
        ("date", None) => other(text),
        ("datetime" | "timestamp", None) if text.len() == 10 => other(format!("{text} 00:00:00{}", fraction(field.fraction))),
        ("datetime" | "timestamp", None) => other(text),
        _ => blank,
    }
}

/// A point and so many zeros.
fn fraction(digits: u64) -> String {
    if digits == 0 { String::new() } else { format!(".{}", "0".repeat(usize::try_from(digits).unwrap_or_default())) }
}

/// Bits of `bit(n)`.
fn bits(declared: &str) -> usize {
    let digits: String = declared.chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(1)
}

/// Constraints of a table: which columns one names shows in its words.
const CHECKS: &str = "SELECT CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = ? AND TABLE_NAME = ?";

fn checks(mariadb: &mut Mariadb, table: &Table) -> Result<Vec<Check>, mysql::Error> {
    // MySQL keeps them without the table's name: there they are met when it is written.
    if mariadb.name != "mariadb" {
        return Ok(Vec::new());
    }
    let (database, name) = table.names();
    let all: Vec<String> = mariadb.conn.exec(CHECKS, (database, name))?;
    let of = |sql: String| {
        let named = |f: &Field| sql.contains(&f.sql);
        let columns = table.fields.iter().enumerate().filter(|(_, f)| named(f)).map(|(i, _)| i).collect();
        Check { columns, sql }
    };
    Ok(all.into_iter().map(of).collect())
}

/// Whether a constraint takes all rows that are there, once they are erased like this; without writing any.
fn takes(mariadb: &mut Mariadb, table: &Table, check: &Check, erased: &[u32], blanks: &[Blank]) -> Result<bool, mysql::Error> {
    let mut bound: Vec<Value> = Vec::new();
    let column = |(i, field): (usize, &Field)| match blanks.get(i).filter(|_| erased.iter().any(|c| *c as usize == i)) {
        Some(blank) => {
            let (tag, bytes) = blank.leaves(CellRef { tag: Tag::Text, bytes: &[] }, 1);
            bound.push(erase::value(CellRef { tag, bytes: &bytes }));
            // What is null stays so.
            if blank.keeps_null() { format!("IF({0} IS NOT NULL, ?, NULL) AS {0}", field.sql) } else { format!("? AS {}", field.sql) }
        }
        None => field.sql.clone(),
    };
    let columns: Vec<String> = table.fields.iter().enumerate().filter(|(i, _)| check.columns.contains(i)).map(column).collect();
    let sql =
        format!("SELECT EXISTS (SELECT 1 FROM (SELECT {} FROM {}) AS t WHERE ({}) IS FALSE)", columns.join(", "), table.sql, check.sql);
    let bound = if bound.is_empty() { Params::Empty } else { Params::Positional(bound) };
    Ok(mariadb.conn.exec_first::<u64, _, _>(sql, bound)?.unwrap_or_default() == 0)
}

/// What is tried in a column, in order.
fn others(field: &Field) -> Vec<Blank> {
    let plain = of(field);
    let more: Vec<Blank> = match (field.data_type.as_str(), field.distinct) {
        ("int" | "bigint", true) => Blank::distinct_numbers().into(),
        ("char" | "varchar", true) => Blank::distinct_words().into(),
        (_, true) => Vec::new(),
        ("tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "decimal" | "float" | "double", _) => Blank::numbers().collect(),
        ("char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext", _) => Blank::words().collect(),
        ("date" | "datetime" | "timestamp", _) => ["1971-01-01", "2000-01-01"].map(Blank::text).into(),
        ("enum", _) => labels(&field.declared).iter().map(|l| Blank::text(l)).collect(),
        _ => vec![of(&Field { not_null: true, ..field.clone() })],
    };
    [plain].into_iter().chain(more).collect()
}

/// The labels of `enum('a','b''c')`.
fn labels(declared: &str) -> Vec<String> {
    let inside = declared.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')).map_or("", |(inside, _)| inside);
    let mut out = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = inside.chars().peekable();
    while let Some(c) = letters.next() {
        match (&mut word, c) {
            (None, '\'') => word = Some(String::new()),
            (None, _) => {}
            (Some(own), '\'') if letters.peek() == Some(&'\'') => {
                own.push('\'');
                letters.next();
            }
            (Some(_), '\'') => out.extend(word.take()),
            (Some(own), c) => own.push(c),
        }
    }
    out
}

/// The blank of a column.
pub(super) fn of(field: &Field) -> Blank {
    if field.generated {
        return Blank::Stays;
    }
    if !field.not_null {
        return Blank::Null;
    }
    let value = |tag: Tag, text: String| Blank::Value(tag, text.into_bytes());
    let fraction = || fraction(field.fraction);
    match (field.data_type.as_str(), field.distinct) {
        ("tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "year", false) => Blank::Zero,
        ("bigint", true) if field.unsigned() => Blank::Unsigned,
        ("bigint", true) => Blank::Number,
        ("int", true) if field.unsigned() => Blank::SmallUnsigned,
        ("int", true) => Blank::SmallNumber,
        ("float" | "double", false) => Blank::ZeroReal,
        ("float" | "double", true) => Blank::NumberReal,
        ("decimal", true) if field.whole_digits() >= 10 => Blank::Decimal(u32::try_from(field.scale).unwrap_or_default()),
        ("decimal", _) => value(Tag::Other, format!("0{}", self::fraction(field.scale))),
        ("bit", _) => Blank::Value(Tag::Blob, vec![0; bits(&field.declared).div_ceil(8)]),
        ("date", _) => value(Tag::Other, "1000-01-01".to_owned()),
        ("datetime", _) => value(Tag::Other, format!("1000-01-01 00:00:00{}", fraction())),
        ("timestamp", _) => value(Tag::Other, format!("1970-01-01 00:00:01{}", fraction())),
        ("time", _) => value(Tag::Other, format!("00:00:00{}", fraction())),
        ("json", _) => value(Tag::Text, "{}".to_owned()),
        ("binary", _) => Blank::Value(Tag::Blob, vec![0; usize::try_from(field.length).unwrap_or_default()]),
        ("varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob", _) => Blank::Blob,
        ("enum", _) => labels(&field.declared).first().map_or(Blank::Text, |l| Blank::text(l)),
        ("uuid", true) => Blank::Uuid,
        ("uuid", _) => value(Tag::Other, "00000000-0000-0000-0000-000000000000".to_owned()),
        ("inet4", _) => value(Tag::Other, "0.0.0.0".to_owned()),
        ("inet6", _) => value(Tag::Other, "::".to_owned()),
        // Four bytes a character at most.
        (_, true) => Blank::Word(u32::try_from(field.length / 4).unwrap_or(26)),
        _ => Blank::Text,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn labels_are_told_apart() {
        assert_eq!(super::labels("enum('a','b''c',',')"), ["a", "b'c", ","]);
    }
}
