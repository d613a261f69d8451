//! What erasing leaves in a column of MariaDB: null, or where that is refused a value of the column's type that says nothing.

use rows::Tag;

use super::list::Field;
use crate::blank::Blank;

/// The blank of a column.
pub(super) fn of(field: &Field) -> Blank {
    if field.generated {
        return Blank::Stays;
    }
    if !field.not_null {
        return Blank::Null;
    }
    let value = |tag: Tag, text: String| Blank::Value(tag, text.into_bytes());
    let fraction = || match field.fraction {
        0 => String::new(),
        n => format!(".{}", "0".repeat(usize::try_from(n).unwrap_or_default())),
    };
    match (field.data_type.as_str(), field.unique) {
        ("tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "year", false) => Blank::Zero,
        ("bigint", true) => Blank::Number,
        ("int", true) => Blank::SmallNumber,
        ("float" | "double", false) => Blank::ZeroReal,
        ("float" | "double", true) => Blank::NumberReal,
        ("decimal", _) if field.scale > 0 => {
            value(Tag::Other, format!("0.{}", "0".repeat(usize::try_from(field.scale).unwrap_or_default())))
        }
        ("decimal", _) => value(Tag::Other, "0".to_owned()),
        ("date", _) => value(Tag::Other, "1000-01-01".to_owned()),
        ("datetime", _) => value(Tag::Other, format!("1000-01-01 00:00:00{}", fraction())),
        ("timestamp", _) => value(Tag::Other, format!("1970-01-01 00:00:01{}", fraction())),
        ("time", _) => value(Tag::Other, format!("00:00:00{}", fraction())),
        ("json", _) => value(Tag::Text, "{}".to_owned()),
        ("binary", _) => Blank::Value(Tag::Blob, vec![0; usize::try_from(field.length).unwrap_or_default()]),
        ("varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob", _) => Blank::Blob,
        (_, true) => Blank::Word,
        _ => Blank::Text,
    }
}
