//! What a column's values mean, and how they read: each of its own, so that nothing is lost, and texts as other stores give them.

use std::borrow::Cow;

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::schema::types::ColumnDescriptor;
use rows::{CellRef, Tag};

use super::numbers::{half, interval, pointed, unpointed, uuid, uuid_bytes, whole};
use super::time;
use super::values::Scalar;

/// Longest decimal (bytes) and most digits behind its point that are written as a number.
const DECIMAL_MAX: usize = 64;
const SCALE_MAX: i32 = 1_000;
/// 1900-01-01, which stands for a day where there must be one.
const NO_DAY: i32 = -25_567;

/// How a column stores its values, and what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    kind: Type,
    len: usize,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// Numbers, and bytes that may be text.
    Plain,
    Unsigned,
    Text,
    Json,
    Date,
    /// Digits of a second.
    Time(u32),
    /// The same, and whether it is the time of Greenwich.
    Stamp(u32, bool),
    /// Digits behind the point.
    Decimal(usize),
    Uuid,
    Half,
    /// Months, days and milliseconds.
    Interval,
    /// Bytes of another format.
    Opaque,
}

impl Form {
    pub(super) fn of(descr: &ColumnDescriptor) -> Form {
        let kind = descr.physical_type();
        let len = usize::try_from(descr.type_length()).unwrap_or_default();
        let meant = match descr.logical_type_ref() {
            Some(logical) => of_logical(logical),
            None => of_converted(descr.converted_type(), descr.type_scale()),
        };
        let what = if fits(meant, kind, len) { meant } else { What::Plain };
        Form { kind, len, what }
    }

    /// A word for the type, as inventories have it.
    pub(super) fn word(&self) -> &'static str {
        match (self.what, self.kind) {
            (What::Text | What::Json, _) => "TEXT",
            (What::Date, _) => "DATE",
            (What::Stamp(..), _) | (_, Type::INT96) => "TIMESTAMP",
            (What::Time(_), _) => "TIME",
            (What::Decimal(_), _) => "DECIMAL",
            (What::Uuid, _) => "UUID",
            (What::Half, _) | (_, Type::FLOAT) => "FLOAT",
            (_, Type::BOOLEAN) => "BOOLEAN",
            (_, Type::INT32) => "INT",
            (_, Type::INT64) => "BIGINT",
            (_, Type::DOUBLE) => "DOUBLE",
            (_, Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY) => "BLOB",
        }
    }

    /// How a value reads.
    pub(super) fn cell(&self, value: &Scalar<'_>) -> (Tag, Vec<u8>) {
        match (self.what, value) {
            (_, Scalar::Bool(b)) => other(b.to_string()),
            (What::Date, Scalar::Int32(n)) => other(time::date(i64::from(*n))),
            (What::Time(digits), Scalar::Int32(n)) => time::time(i64::from(*n), digits).map_or_else(|| integer(i64::from(*n)), other),
            (What::Time(digits), Scalar::Int64(n)) => time::time(*n, digits).map_or_else(|| integer(*n), other),
            (What::Stamp(digits, utc), Scalar::Int64(n)) => other(time::stamp(*n, digits, utc)),
            (What::Decimal(scale), Scalar::Int32(n)) => other(pointed(&n.to_string(), scale)),
            (What::Decimal(scale), Scalar::Int64(n)) => other(pointed(&n.to_string(), scale)),
            (What::Decimal(scale), Scalar::Bytes(b)) if (1..=DECIMAL_MAX).contains(&b.len()) => other(pointed(&whole(b), scale)),
            (What::Unsigned, Scalar::Int32(n)) => integer(i64::from(*n as u32)),
            (What::Unsigned, Scalar::Int64(n)) if *n < 0 => other((*n as u64).to_string()),
            (_, Scalar::Int32(n)) => integer(i64::from(*n)),
            (_, Scalar::Int64(n)) => integer(*n),
            (_, Scalar::Int96(words)) => {
                time::julian(*words).map_or_else(|| (Tag::Blob, words.iter().flat_map(|w| w.to_le_bytes()).collect()), other)
            }
            (_, Scalar::Float(n)) => real(f64::from(*n)),
            (_, Scalar::Double(n)) => real(*n),
            (What::Half, Scalar::Bytes(b)) => half(b).map_or_else(|| (Tag::Blob, b.to_vec()), real),
            (What::Uuid, Scalar::Bytes(b)) => other(uuid(b)),
            (What::Interval, Scalar::Bytes(b)) => interval(b).map_or_else(|| (Tag::Blob, b.to_vec()), other),
            (What::Text | What::Json, Scalar::Bytes(b)) => (Tag::Text, b.to_vec()),
            (What::Plain, Scalar::Bytes(b)) if is_text(b) => (Tag::Text, b.to_vec()),
            (_, Scalar::Bytes(b)) => (Tag::Blob, b.to_vec()),
        }
    }

    /// A value that says nothing, for columns that must have one.
    pub(super) fn nothing(&self) -> Scalar<'static> {
        let bytes = |b: Vec<u8>| Scalar::Bytes(Cow::Owned(b));
        match (self.what, self.kind) {
            (What::Date, _) => Scalar::Int32(NO_DAY),
            (What::Stamp(digits, _), _) => Scalar::Int64(i64::from(NO_DAY) * 86_400 * 10i64.saturating_pow(digits)),
            (What::Json, _) => bytes(b"null".to_vec()),
            (What::Decimal(_), Type::BYTE_ARRAY) => bytes(vec![0]),
            (_, Type::BOOLEAN) => Scalar::Bool(false),
            (_, Type::INT32) => Scalar::Int32(0),
            (_, Type::INT64) => Scalar::Int64(0),
            (_, Type::INT96) => Scalar::Int96([0, 0, 2_440_588u32.saturating_add_signed(NO_DAY)]),
            (_, Type::FLOAT) => Scalar::Float(0.0),
            (_, Type::DOUBLE) => Scalar::Double(0.0),
            (_, Type::BYTE_ARRAY) => bytes(Vec::new()),
            (_, Type::FIXED_LEN_BYTE_ARRAY) => bytes(vec![0; self.len]),
        }
    }

    /// The value that reads like this; none if the column has no such value.
    pub(super) fn value(&self, tag: Tag, bytes: &[u8]) -> Option<Scalar<'static>> {
        let nothing = self.nothing();
        let reads = |value: &Scalar<'static>| {
            let (own, text) = self.cell(value);
            own == tag && text == bytes
        };
        if reads(&nothing) { Some(nothing) } else { self.made(CellRef { tag, bytes }).filter(reads) }
    }

    fn made(&self, cell: CellRef<'_>) -> Option<Scalar<'static>> {
        let text = || std::str::from_utf8(cell.bytes).ok();
        let own = || Scalar::Bytes(Cow::Owned(cell.bytes.to_vec()));
        Some(match (self.what, self.kind) {
            (What::Date, _) => Scalar::Int32(i32::try_from(time::days(text()?)?).ok()?),
            (What::Time(digits), Type::INT32) => Scalar::Int32(i32::try_from(time::count(text()?, digits)?).ok()?),
            (What::Time(digits), _) => Scalar::Int64(time::count(text()?, digits)?),
            (What::Stamp(digits, utc), _) => Scalar::Int64(time::stamp_count(text()?, digits, utc)?),
            (What::Decimal(scale), kind) => self.decimal(unpointed(text()?, scale)?, kind)?,
            (What::Unsigned, Type::INT32) => Scalar::Int32(u32::try_from(cell.integer()?).ok()? as i32),
            (What::Unsigned, _) => Scalar::Int64(cell.integer().or_else(|| Some(text()?.parse::<u64>().ok()? as i64))?),
            (What::Uuid, _) => Scalar::Bytes(Cow::Owned(uuid_bytes(text()?)?)),
            (_, Type::BOOLEAN) => Scalar::Bool(text()?.parse().ok()?),
            (_, Type::INT32) => Scalar::Int32(i32::try_from(cell.integer()?).ok()?),
            (_, Type::INT64) => Scalar::Int64(cell.integer()?),
            (_, Type::INT96) => Scalar::Int96(time::julian_words(text()?)?),
            (_, Type::FLOAT) => Scalar::Float(cell.real()? as f32),
            (_, Type::DOUBLE) => Scalar::Double(cell.real()?),
            (_, Type::BYTE_ARRAY) => own(),
            (_, Type::FIXED_LEN_BYTE_ARRAY) if cell.bytes.len() == self.len => own(),
            _ => return None,
        })
    }

    fn decimal(&self, n: i128, kind: Type) -> Option<Scalar<'static>> {
        let bytes = n.to_be_bytes();
        let sign = if n < 0 { 0xff } else { 0 };
        match kind {
            Type::INT32 => i32::try_from(n).ok().map(Scalar::Int32),
            Type::INT64 => i64::try_from(n).ok().map(Scalar::Int64),
            Type::BYTE_ARRAY => Some(Scalar::Bytes(Cow::Owned(bytes.to_vec()))),
            _ if self.len >= bytes.len() => {
                let padded = std::iter::repeat_n(sign, self.len - bytes.len()).chain(bytes).collect();
                Some(Scalar::Bytes(Cow::Owned(padded)))
            }
            // What is cut away must have said the sign alone: reading it back shows that.
            _ => Some(Scalar::Bytes(Cow::Owned(bytes.get(bytes.len() - self.len..)?.to_vec()))),
        }
    }
}

/// The JSON of a value.
pub(super) fn json(form: &Form, value: &Scalar<'_>, out: &mut String) {
    let (tag, bytes) = form.cell(value);
    let cell = CellRef { tag, bytes: &bytes };
    let hex = || bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let text = match (tag, std::str::from_utf8(&bytes)) {
        (Tag::Integer, _) => cell.integer().unwrap_or_default().to_string(),
        (Tag::Real, _) => match cell.real().unwrap_or_default() {
            n if n.is_finite() => n.to_string(),
            n => quoted(&n.to_string()),
        },
        (Tag::Other, Ok(text)) if form.kind == Type::BOOLEAN => text.to_owned(),
        (Tag::Text | Tag::Other, Ok(text)) => quoted(text),
        _ => format!("{{\"hex\":\"{}\"}}", hex()),
    };
    out.push_str(&text);
}

fn of_logical(logical: &LogicalType) -> What {
    match logical {
        LogicalType::String | LogicalType::Enum => What::Text,
        LogicalType::Json => What::Json,
        LogicalType::Date => What::Date,
        LogicalType::Time(time) => What::Time(digits(time.unit)),
        LogicalType::Timestamp(time) => What::Stamp(digits(time.unit), time.is_adjusted_to_u_t_c),
        LogicalType::Decimal(decimal) => decimal_of(decimal.scale),
        LogicalType::Integer(int) if !int.is_signed => What::Unsigned,
        LogicalType::Integer(_) | LogicalType::Unknown => What::Plain,
        LogicalType::Uuid => What::Uuid,
        LogicalType::Float16 => What::Half,
        _ => What::Opaque,
    }
}

fn of_converted(converted: ConvertedType, scale: i32) -> What {
    match converted {
        ConvertedType::UTF8 | ConvertedType::ENUM => What::Text,
        ConvertedType::JSON => What::Json,
        ConvertedType::BSON => What::Opaque,
        ConvertedType::DATE => What::Date,
        ConvertedType::TIME_MILLIS => What::Time(3),
        ConvertedType::TIME_MICROS => What::Time(6),
        // Of old they are all of Greenwich.
        ConvertedType::TIMESTAMP_MILLIS => What::Stamp(3, true),
        ConvertedType::TIMESTAMP_MICROS => What::Stamp(6, true),
        ConvertedType::DECIMAL => decimal_of(scale),
        ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64 => What::Unsigned,
        ConvertedType::INTERVAL => What::Interval,
        _ => What::Plain,
    }
}

fn digits(unit: TimeUnit) -> u32 {
    match unit {
        TimeUnit::MILLIS => 3,
        TimeUnit::MICROS => 6,
        TimeUnit::NANOS => 9,
    }
}

fn decimal_of(scale: i32) -> What {
    usize::try_from(scale).ok().filter(|_| scale <= SCALE_MAX).map_or(What::Opaque, What::Decimal)
}

/// Whether a meaning can be stored so.
fn fits(what: What, kind: Type, len: usize) -> bool {
    let bytes = kind == Type::BYTE_ARRAY;
    match what {
        What::Plain => true,
        What::Unsigned => matches!(kind, Type::INT32 | Type::INT64),
        What::Text | What::Json => bytes,
        What::Date | What::Time(3) => kind == Type::INT32,
        What::Time(_) | What::Stamp(..) => kind == Type::INT64,
        What::Decimal(_) => bytes || matches!(kind, Type::INT32 | Type::INT64) || (kind == Type::FIXED_LEN_BYTE_ARRAY && len > 0),
        What::Uuid => kind == Type::FIXED_LEN_BYTE_ARRAY && len == 16,
        What::Half => kind == Type::FIXED_LEN_BYTE_ARRAY && len == 2,
        What::Interval => kind == Type::FIXED_LEN_BYTE_ARRAY && len == 12,
        What::Opaque => bytes || kind == Type::FIXED_LEN_BYTE_ARRAY,
    }
}

fn other(text: String) -> (Tag, Vec<u8>) {
    (Tag::Other, text.into_bytes())
}

fn integer(n: i64) -> (Tag, Vec<u8>) {
    (Tag::Integer, n.to_be_bytes().to_vec())
}

fn real(n: f64) -> (Tag, Vec<u8>) {
    (Tag::Real, n.to_be_bytes().to_vec())
}

/// Many writers do not say that a text is one.
fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(kind: Type, len: usize, what: What) -> Form {
        Form { kind, len, what }
    }

    #[test]
    fn what_is_read_is_what_can_be_written_again() {
        let bytes = |b: &[u8]| Scalar::Bytes(Cow::Owned(b.to_vec()));
        let cases = [
            (form(Type::INT32, 0, What::Decimal(2)), Scalar::Int32(-5), "-0.05"),
            (form(Type::INT64, 0, What::Decimal(0)), Scalar::Int64(i64::MIN), "-9223372036854775808"),
            (form(Type::FIXED_LEN_BYTE_ARRAY, 5, What::Decimal(3)), bytes(&[0xff, 0xff, 0xff, 0xfe, 0xff]), "-0.257"),
            (form(Type::FIXED_LEN_BYTE_ARRAY, 20, What::Decimal(1)), bytes(&[[0xff; 18].as_slice(), &[0x80, 0]].concat()), "-3276.8"),
            (form(Type::INT32, 0, What::Date), Scalar::Int32(6_279), "1987-03-12"),
            (form(Type::INT64, 0, What::Unsigned), Scalar::Int64(-1), "18446744073709551615"),
            (form(Type::BOOLEAN, 0, What::Plain), Scalar::Bool(true), "true"),
            (form(Type::FIXED_LEN_BYTE_ARRAY, 16, What::Uuid), bytes(&[0xab; 16]), "abababab-abab-abab-abab-abababababab"),
            (form(Type::INT96, 0, What::Plain), Scalar::Int96([1, 0, 2_440_588]), "1970-01-01 00:00:00.000000001"),
        ];
        for (form, value, text) in cases {
            let (tag, read) = form.cell(&value);
            assert_eq!(String::from_utf8_lossy(&read), text);
            assert_eq!(form.value(tag, &read), Some(value), "{text}");
            let (tag, nothing) = form.cell(&form.nothing());
            assert_eq!(form.value(tag, &nothing), Some(form.nothing()), "{form:?}");
        }
        let short = form(Type::FIXED_LEN_BYTE_ARRAY, 1, What::Decimal(0));
        assert_eq!(short.value(Tag::Other, b"200"), None, "no room");
        assert_eq!(short.value(Tag::Other, b"erased"), None, "no number");
    }
}
