//! How a row may lie in a delimited file: with quotes where they are needed, around everything, or around all that is no number.

use rows::{CellRef, Encoding, text_of};

use super::sniff::Form;
use crate::raw::{RawForm, Record, points};

/// When a value stands between quotes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    Never,
    Needed,
    Words,
    Always,
}

/// The rows of a file of that form.
pub(super) fn raw_form(form: Form) -> RawForm {
    Box::new(move |cells| {
        let needs: Vec<bool> = cells.iter().map(|c| form.needs_quotes(c.bytes)).collect();
        let mut out = joined(cells, &needs, &form, Quotes::Never);
        let mut ways = Vec::new();
        if needs.contains(&true) {
            ways.push(Quotes::Needed);
        }
        if form.quotes {
            ways.push(Quotes::Always);
            ways.extend(cells.iter().any(|c| is_number(c.bytes)).then_some(Quotes::Words));
        }
        for quotes in ways {
            out = out.or_last(joined(cells, &needs, &form, quotes));
        }
        if form.encoding == Encoding::Utf8 { out } else { out.or_last(decoded(cells, form.encoding)) }
    })
}

fn joined(cells: &[CellRef<'_>], needs: &[bool], form: &Form, quotes: Quotes) -> Record {
    let (joint, quote) = (form.in_file(form.delimiter), form.in_file(b'"'));
    let mut out = Record::unseen(cells.len());
    for (i, cell) in cells.iter().enumerate() {
        if i > 0 {
            out.glue(&joint);
        }
        let quoted = match quotes {
            Quotes::Never => false,
            Quotes::Needed => needs.get(i).is_some_and(|n| *n),
            Quotes::Words => !is_number(cell.bytes),
            Quotes::Always => true,
        };
        if quoted {
            out.glue(&quote);
            out.value_of(i, &doubled(cell.bytes, &quote));
            out.glue(&quote);
        } else {
            out.value_of(i, cell.bytes);
        }
    }
    out
}

/// A number as a program writes it, in one byte a sign or in two.
fn is_number(bytes: &[u8]) -> bool {
    let signs: Vec<u8> = bytes.iter().copied().filter(|b| *b != 0).collect();
    signs.iter().any(u8::is_ascii_digit) && std::str::from_utf8(&signs).is_ok_and(|text| text.parse::<f64>().is_ok())
}

/// The same with each quote twice.
fn doubled(bytes: &[u8], quote: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for sign in bytes.chunks(quote.len()) {
        out.extend_from_slice(sign);
        if sign == quote {
            out.extend_from_slice(quote);
        }
    }
    out
}

/// The values of a row as another file has them: in UTF-8, each by itself.
fn decoded(cells: &[CellRef<'_>], encoding: Encoding) -> Record {
    let mut out = Record::unseen(cells.len());
    for (i, cell) in cells.iter().enumerate() {
        let mut text = Vec::new();
        text_of(*cell, encoding, &mut text);
        out.parts_of(i, Some(text).filter(|t| points(t)).into_iter().collect());
    }
    out
}
