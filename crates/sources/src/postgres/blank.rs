//! What erasing leaves in a column of PostgreSQL: null, or where that is refused a value of the column's type that says nothing.

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
    let value = |tag: Tag, text: &str| Blank::Value(tag, text.as_bytes().to_vec());
    match (field.type_oid, field.unique) {
        (20, false) | (21 | 23 | 26, false) => Blank::Zero,
        (20, true) => Blank::Number,
        (21 | 23 | 26, true) => Blank::SmallNumber,
        (700 | 701, false) => Blank::ZeroReal,
        (700 | 701, true) => Blank::NumberReal,
        (17, _) => Blank::Blob,
        (16, _) => value(Tag::Other, "f"),
        (1700, _) => value(Tag::Other, &zero(field.modifier)),
        (1082, _) => value(Tag::Other, "0001-01-01"),
        (1083, _) | (1186, _) => value(Tag::Other, "00:00:00"),
        (1114, _) => value(Tag::Other, "0001-01-01 00:00:00"),
        (1184, _) => value(Tag::Other, "0001-01-01 00:00:00+00"),
        (2950, _) => value(Tag::Other, "00000000-0000-0000-0000-000000000000"),
        (869, _) => value(Tag::Other, "0.0.0.0"),
        (114 | 3802, _) => value(Tag::Text, "{}"),
        // `char(n)` is filled up with blanks.
        (1042, false) => value(Tag::Text, &" ".repeat(usize::try_from(field.modifier - 4).unwrap_or_default())),
        (_, true) if field.category == 'S' => Blank::Word,
        _ if field.category == 'A' => value(Tag::Other, "{}"),
        _ => Blank::Text,
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
