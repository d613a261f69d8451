//! Values of a column as they are stored, by physical type.

use std::borrow::Cow;

use parquet::basic::Type;
use parquet::column::reader::ColumnReader;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, FixedLenByteArray, Int96};
use parquet::errors::Result;

use super::open::refused;

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar<'a> {
    Bool(bool),
    Int32(i32),
    Int64(i64),
    /// Nanoseconds of a day, in two words, and the day.
    Int96([u32; 3]),
    Float(f32),
    Double(f64),
    Bytes(Cow<'a, [u8]>),
}

impl<'a> Scalar<'a> {
    /// The value whose plain bytes these are, without a length before them.
    pub(super) fn of(kind: Type, bytes: &'a [u8]) -> Option<Scalar<'a>> {
        Some(match kind {
            Type::BOOLEAN => Scalar::Bool(*bytes.first()? != 0),
            Type::INT32 => Scalar::Int32(i32::from_le_bytes(bytes.try_into().ok()?)),
            Type::INT64 => Scalar::Int64(i64::from_le_bytes(bytes.try_into().ok()?)),
            Type::FLOAT => Scalar::Float(f32::from_le_bytes(bytes.try_into().ok()?)),
            Type::DOUBLE => Scalar::Double(f64::from_le_bytes(bytes.try_into().ok()?)),
            Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY => Scalar::Bytes(Cow::Borrowed(bytes)),
            Type::INT96 => {
                let word = |from: usize| bytes.get(from..from + 4)?.try_into().ok().map(u32::from_le_bytes);
                Scalar::Int96([word(0)?, word(4)?, word(8)?])
            }
        })
    }
}

/// Values one after the other.
pub(super) enum Values {
    Bool(Vec<bool>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Int96(Vec<Int96>),
    Float(Vec<f32>),
    Double(Vec<f64>),
    Bytes(Vec<ByteArray>),
    Fixed(Vec<FixedLenByteArray>),
}

/// Does the same with the values of each type.
macro_rules! each {
    ($values:expr, $own:ident => $does:expr) => {
        match $values {
            Values::Bool($own) => $does,
            Values::Int32($own) => $does,
            Values::Int64($own) => $does,
            Values::Int96($own) => $does,
            Values::Float($own) => $does,
            Values::Double($own) => $does,
            Values::Bytes($own) => $does,
            Values::Fixed($own) => $does,
        }
    };
}

impl Values {
    pub(super) fn of(kind: Type) -> Values {
        match kind {
            Type::BOOLEAN => Values::Bool(Vec::new()),
            Type::INT32 => Values::Int32(Vec::new()),
            Type::INT64 => Values::Int64(Vec::new()),
            Type::INT96 => Values::Int96(Vec::new()),
            Type::FLOAT => Values::Float(Vec::new()),
            Type::DOUBLE => Values::Double(Vec::new()),
            Type::BYTE_ARRAY => Values::Bytes(Vec::new()),
            Type::FIXED_LEN_BYTE_ARRAY => Values::Fixed(Vec::new()),
        }
    }

    pub(super) fn clear(&mut self) {
        each!(self, own => own.clear());
    }

    pub(super) fn len(&self) -> usize {
        each!(self, own => own.len())
    }

    /// Whether each has its bytes: one that a damaged dictionary does not have was never set.
    pub(super) fn whole(&self) -> bool {
        match self {
            Values::Bytes(own) => own.iter().all(|v| *v != ByteArray::new()),
            Values::Fixed(own) => own.iter().all(|v| **v != ByteArray::new()),
            _ => true,
        }
    }

    pub(super) fn get(&self, at: usize) -> Option<Scalar<'_>> {
        Some(match self {
            Values::Bool(own) => Scalar::Bool(*own.get(at)?),
            Values::Int32(own) => Scalar::Int32(*own.get(at)?),
            Values::Int64(own) => Scalar::Int64(*own.get(at)?),
            Values::Int96(own) => Scalar::Int96(own.get(at)?.data().try_into().ok()?),
            Values::Float(own) => Scalar::Float(*own.get(at)?),
            Values::Double(own) => Scalar::Double(*own.get(at)?),
            Values::Bytes(own) => Scalar::Bytes(Cow::Borrowed(own.get(at)?.data())),
            Values::Fixed(own) => Scalar::Bytes(Cow::Borrowed(own.get(at)?.data())),
        })
    }

    /// Adds a value of others of the same type, without looking into it.
    pub(super) fn copy(&mut self, from: &Values, at: usize) -> Option<()> {
        match (self, from) {
            (Values::Bool(own), Values::Bool(from)) => own.push(*from.get(at)?),
            (Values::Int32(own), Values::Int32(from)) => own.push(*from.get(at)?),
            (Values::Int64(own), Values::Int64(from)) => own.push(*from.get(at)?),
            (Values::Int96(own), Values::Int96(from)) => own.push(*from.get(at)?),
            (Values::Float(own), Values::Float(from)) => own.push(*from.get(at)?),
            (Values::Double(own), Values::Double(from)) => own.push(*from.get(at)?),
            (Values::Bytes(own), Values::Bytes(from)) => own.push(from.get(at)?.clone()),
            (Values::Fixed(own), Values::Fixed(from)) => own.push(from.get(at)?.clone()),
            _ => return None,
        }
        Some(())
    }

    /// Adds a value; none if it is of another type.
    pub(super) fn add(&mut self, value: &Scalar<'_>) -> Option<()> {
        match (self, value) {
            (Values::Bool(own), Scalar::Bool(v)) => own.push(*v),
            (Values::Int32(own), Scalar::Int32(v)) => own.push(*v),
            (Values::Int64(own), Scalar::Int64(v)) => own.push(*v),
            (Values::Int96(own), Scalar::Int96(words)) => own.push(Int96::from(words.to_vec())),
            (Values::Float(own), Scalar::Float(v)) => own.push(*v),
            (Values::Double(own), Scalar::Double(v)) => own.push(*v),
            (Values::Bytes(own), Scalar::Bytes(v)) => own.push(ByteArray::from(v.to_vec())),
            (Values::Fixed(own), Scalar::Bytes(v)) => own.push(FixedLenByteArray::from(v.to_vec())),
            _ => return None,
        }
        Some(())
    }
}

/// Reads records to the end of the values and levels; gives their number.
pub(super) fn read(
    reader: &mut ColumnReader,
    records: usize,
    levels: (&mut Vec<i16>, &mut Vec<i16>),
    values: &mut Values,
) -> Result<usize> {
    let (def, rep) = (Some(levels.0), Some(levels.1));
    let read = match (reader, values) {
        (ColumnReader::BoolColumnReader(r), Values::Bool(v)) => r.read_records(records, def, rep, v),
        (ColumnReader::Int32ColumnReader(r), Values::Int32(v)) => r.read_records(records, def, rep, v),
        (ColumnReader::Int64ColumnReader(r), Values::Int64(v)) => r.read_records(records, def, rep, v),
        (ColumnReader::Int96ColumnReader(r), Values::Int96(v)) => r.read_records(records, def, rep, v),
        (ColumnReader::FloatColumnReader(r), Values::Float(v)) => r.read_records(records, def, rep, v),
        (ColumnReader::DoubleColumnReader(r), Values::Double(v)) => r.read_records(records, def, rep, v),
        (ColumnReader::ByteArrayColumnReader(r), Values::Bytes(v)) => r.read_records(records, def, rep, v),
        (ColumnReader::FixedLenByteArrayColumnReader(r), Values::Fixed(v)) => r.read_records(records, def, rep, v),
        _ => return Err(refused(formats::Reason::Damaged)),
    };
    read.map(|(records, _, _)| records)
}

/// Writes values with their levels, where the column has such.
pub(super) fn write(writer: &mut ColumnWriter<'_>, values: &Values, def: Option<&[i16]>, rep: Option<&[i16]>) -> Result<()> {
    let written = match (writer, values) {
        (ColumnWriter::BoolColumnWriter(w), Values::Bool(v)) => w.write_batch(v.as_slice(), def, rep),
        (ColumnWriter::Int32ColumnWriter(w), Values::Int32(v)) => w.write_batch(v.as_slice(), def, rep),
        (ColumnWriter::Int64ColumnWriter(w), Values::Int64(v)) => w.write_batch(v.as_slice(), def, rep),
        (ColumnWriter::Int96ColumnWriter(w), Values::Int96(v)) => w.write_batch(v.as_slice(), def, rep),
        (ColumnWriter::FloatColumnWriter(w), Values::Float(v)) => w.write_batch(v.as_slice(), def, rep),
        (ColumnWriter::DoubleColumnWriter(w), Values::Double(v)) => w.write_batch(v.as_slice(), def, rep),
        (ColumnWriter::ByteArrayColumnWriter(w), Values::Bytes(v)) => w.write_batch(v.as_slice(), def, rep),
        (ColumnWriter::FixedLenByteArrayColumnWriter(w), Values::Fixed(v)) => w.write_batch(v.as_slice(), def, rep),
        _ => return Err(refused(formats::Reason::Damaged)),
    };
    written.map(|_| ())
}
