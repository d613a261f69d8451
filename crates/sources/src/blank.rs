//! What an emptied field holds: known before anything is erased, so that the erased row can be told from any other.

use rows::{CellRef, Tag};

use crate::dataset::Column;

/// What erasing leaves in one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blank {
    /// Null.
    Null,
    /// A text without characters, where the file has the field at all.
    Text,
    /// A blob without bytes: the store refuses nulls.
    Blob,
    /// Zero: the store refuses nulls.
    Zero,
    /// Zero, in a column of reals.
    ZeroReal,
    /// A value of the column's own type that says nothing: the store refuses nulls.
    Value(Tag, Vec<u8>),
    /// A negative number of four bytes, made of the row's: the store refuses nulls and equal values.
    SmallNumber,
    /// The row's number, negative: the store refuses nulls and equal values.
    Number,
    /// The same in a column of reals.
    NumberReal,
    /// `erased-` and the row's number: the store refuses nulls and equal values.
    Word,
    /// What the store computes: nobody writes it.
    Stays,
}

impl Blank {
    /// The field of a row after erasing; `number` is unique among the rows of the data set and says nothing about anybody.
    pub fn leaves(&self, before: CellRef<'_>, number: u64) -> (Tag, Vec<u8>) {
        let negative = || i64::try_from(number).map_or(i64::MIN, |n| -n);
        // Numbers grow from seal and position: exact as a real up to 2^53, and merely close beyond.
        let negative_real = || negative() as f64;
        match self {
            Blank::Null => (Tag::Null, Vec::new()),
            Blank::Text if before.tag == Tag::Null => (Tag::Null, Vec::new()),
            Blank::Text => (Tag::Text, Vec::new()),
            Blank::Blob => (Tag::Blob, Vec::new()),
            Blank::Value(tag, bytes) => (*tag, bytes.clone()),
            // Seals of one data set are spread by a prime, so that their rows do not meet.
            Blank::SmallNumber => {
                let mixed = (number & 0xffff_ffff).wrapping_add((number >> 32).wrapping_mul(1_000_003)) & 0x7fff_ffff;
                (Tag::Integer, i64::try_from(mixed).map_or(i64::MIN, |n| -1 - n).to_be_bytes().to_vec())
            }
            Blank::Zero => (Tag::Integer, 0i64.to_be_bytes().to_vec()),
            Blank::ZeroReal => (Tag::Real, 0f64.to_be_bytes().to_vec()),
            Blank::Number => (Tag::Integer, negative().to_be_bytes().to_vec()),
            Blank::NumberReal => (Tag::Real, negative_real().to_be_bytes().to_vec()),
            Blank::Word => (Tag::Text, format!("erased-{number}").into_bytes()),
            Blank::Stays => (before.tag, before.bytes.to_vec()),
        }
    }

    /// For a column of SQLite: null, or where that is refused what its affinity takes (sqlite.org/datatype3, §3.1).
    pub(crate) fn of_sqlite(column: &Column) -> Blank {
        let declared = column.declared.to_ascii_uppercase();
        let has = |words: &[&str]| words.iter().any(|w| declared.contains(w));
        let (integer, text) = (has(&["INT"]), has(&["CHAR", "CLOB", "TEXT"]));
        let real = !integer && !text && has(&["REAL", "FLOA", "DOUB"]);
        let numeric = integer || (!text && !real && has(&["NUM", "DEC"]));
        match (column.generated, column.not_null, column.unique) {
            (true, ..) => Blank::Stays,
            (_, false, _) => Blank::Null,
            (_, true, false) if numeric => Blank::Zero,
            (_, true, false) if real => Blank::ZeroReal,
            (_, true, false) if declared == "BLOB" => Blank::Blob,
            (_, true, false) => Blank::Text,
            (_, true, true) if numeric => Blank::Number,
            (_, true, true) if real => Blank::NumberReal,
            (_, true, true) => Blank::Word,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(declared: &str, not_null: bool, unique: bool) -> Column {
        Column { declared: declared.to_owned(), not_null, unique, ..Column::default() }
    }

    #[test]
    fn an_emptied_field_fits_what_the_column_takes() {
        let cases = [
            ("TEXT", false, false, Blank::Null),
            ("TEXT", true, false, Blank::Text),
            ("VARCHAR(20)", true, true, Blank::Word),
            ("BIGINT", true, false, Blank::Zero),
            ("INTEGER", true, true, Blank::Number),
            ("DECIMAL(10,2)", true, false, Blank::Zero),
            ("DOUBLE", true, false, Blank::ZeroReal),
            ("BLOB", true, false, Blank::Blob),
            ("DATE", true, false, Blank::Text),
        ];
        for (declared, not_null, unique, blank) in cases {
            assert_eq!(Blank::of_sqlite(&column(declared, not_null, unique)), blank, "{declared}");
        }
    }
}
