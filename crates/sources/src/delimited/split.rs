//! Splitting delimited text into records and fields by byte ranges, in any of the encodings, quoted line breaks included.

use std::borrow::Cow;
use std::io::Read;

use rows::Encoding;
use terms::{Fault, Place};

use super::sniff::Form;
use crate::walk::io_fault;

/// Longest record: beyond it a quote was never closed.
const RECORD_MAX: usize = 16 << 20;
const CHUNK: usize = 1 << 20;

/// A field's range in the record, without its quotes.
#[derive(Clone, Copy, Debug)]
struct Field {
    from: usize,
    to: usize,
    quoted: bool,
}

/// Reads records one after the other.
pub(super) struct Splitter<R> {
    input: R,
    place: Place,
    encoding: Encoding,
    delimiter: u32,
    buffer: Vec<u8>,
    /// Where the next record begins in the buffer.
    next: usize,
    /// Where the current record begins in the buffer.
    start: usize,
    /// File offset of the buffer's first byte.
    base: u64,
    ended: bool,
    fields: Vec<Field>,
    record: u64,
}

impl<R: Read> Splitter<R> {
    /// A splitter over text after the byte order mark.
    pub(super) fn new(input: R, form: &Form, place: Place) -> Splitter<R> {
        Splitter {
            input,
            place,
            encoding: form.encoding,
            delimiter: u32::from(form.delimiter),
            buffer: Vec::new(),
            next: 0,
            start: 0,
            base: form.bom,
            ended: false,
            fields: Vec::new(),
            record: 0,
        }
    }

    /// Moves to the next record that is not an empty line; false at the end.
    pub(super) fn next(&mut self) -> Result<bool, Fault> {
        loop {
            self.start = self.next;
            let rest = self.buffer.get(self.start..).unwrap_or_default();
            if rest.is_empty() && self.ended {
                return Ok(false);
            }
            self.fields.clear();
            match parse(rest, self.encoding, self.delimiter, self.ended, &mut self.fields) {
                Parsed::Record(len) => {
                    self.next = self.start + len;
                    let blank = self.fields.len() == 1 && self.fields.first().is_some_and(|f| f.from == f.to && !f.quoted);
                    if !blank {
                        self.record += 1;
                        return Ok(true);
                    }
                }
                Parsed::OpenQuote => return Err(self.open_quote()),
                Parsed::More => self.fill()?,
            }
        }
    }

    fn open_quote(&self) -> Fault {
        Fault::new("csv_open_quote").with("place", &self.place).with("record", self.record + 1)
    }

    fn fill(&mut self) -> Result<(), Fault> {
        self.buffer.drain(..self.start);
        self.base += self.start as u64;
        self.next = 0;
        self.start = 0;
        if self.buffer.len() > RECORD_MAX {
            let fault = Fault::new("record_too_long").with("place", &self.place).with("record", self.record + 1);
            return Err(fault.with("most", RECORD_MAX >> 20));
        }
        let had = self.buffer.len();
        self.buffer.resize(had + CHUNK, 0);
        let room = self.buffer.get_mut(had..).unwrap_or_default();
        let read = self.input.read(room).map_err(|e| io_fault(&e, &self.place))?;
        self.buffer.truncate(had + read);
        self.ended = read == 0;
        Ok(())
    }

    /// Ordinal of the current record, from 0, empty lines not counted.
    pub(super) fn ordinal(&self) -> u64 {
        self.record.saturating_sub(1)
    }

    /// Fields of the current record.
    pub(super) fn fields(&self) -> usize {
        self.fields.len()
    }

    /// Whether a field stands between quotes.
    pub(super) fn is_quoted(&self, i: usize) -> bool {
        self.fields.get(i).is_some_and(|f| f.quoted)
    }

    /// The bytes of a field: quotes taken off, doubled quotes halved.
    pub(super) fn value(&self, i: usize) -> Cow<'_, [u8]> {
        let Some(f) = self.fields.get(i) else { return Cow::Borrowed(&[]) };
        let raw = self.raw().get(f.from..f.to).unwrap_or_default();
        if f.quoted { unquoted(raw, self.encoding) } else { Cow::Borrowed(raw) }
    }

    /// The raw bytes of the current record, its line end included.
    pub(super) fn raw(&self) -> &[u8] {
        self.buffer.get(self.start..self.next).unwrap_or_default()
    }

    /// Range of a field in [`Splitter::raw`] with its quotes, so that it can be cut out.
    pub(super) fn span(&self, i: usize) -> (usize, usize) {
        let unit = width(self.encoding);
        let whole = |f: &Field| if f.quoted { (f.from - unit, (f.to + unit).min(self.raw().len())) } else { (f.from, f.to) };
        self.fields.get(i).map_or((0, 0), whole)
    }

    /// Byte range of the current record in the file.
    pub(super) fn range(&self) -> (u64, u64) {
        (self.base + self.start as u64, self.base + self.next as u64)
    }

    /// Bytes per code unit.
    pub(super) fn unit(&self) -> usize {
        width(self.encoding)
    }
}

fn width(encoding: Encoding) -> usize {
    match encoding {
        Encoding::Utf16Le | Encoding::Utf16Be => 2,
        _ => 1,
    }
}

enum Parsed {
    /// A record of that many bytes.
    Record(usize),
    /// The record may go on beyond the buffer.
    More,
    /// A quote is open at the end of the file.
    OpenQuote,
}

/// The code unit at an offset and its width: multi-byte characters count as one unit that is no sign.
fn unit(bytes: &[u8], at: usize, encoding: Encoding) -> Option<(u32, usize)> {
    const OTHER: u32 = u32::MAX;
    let first = *bytes.get(at)?;
    Some(match encoding {
        Encoding::Utf8 => (u32::from(first), 1),
        Encoding::Gb18030 if first < 0x80 => (u32::from(first), 1),
        Encoding::Gb18030 => match bytes.get(at + 1) {
            Some(0x30..=0x39) => (OTHER, 4),
            Some(_) => (OTHER, 2),
            None => (OTHER, 1),
        },
        Encoding::Utf16Le => (u32::from(u16::from_le_bytes([first, *bytes.get(at + 1)?])), 2),
        Encoding::Utf16Be => (u32::from(u16::from_be_bytes([first, *bytes.get(at + 1)?])), 2),
    })
}

const QUOTE: u32 = 0x22;
const CR: u32 = 0x0d;
const LF: u32 = 0x0a;

fn parse(bytes: &[u8], encoding: Encoding, delimiter: u32, ended: bool, fields: &mut Vec<Field>) -> Parsed {
    let mut at = 0;
    loop {
        let quoted = unit(bytes, at, encoding).is_some_and(|(c, _)| c == QUOTE);
        let field =
            if quoted { quoted_field(bytes, at, encoding, delimiter, ended) } else { plain_field(bytes, at, encoding, delimiter, ended) };
        let field = match field {
            Ok(f) => f,
            Err(parsed) => return parsed,
        };
        at = if quoted { field.to + width(encoding) } else { field.to };
        fields.push(field);
        match unit(bytes, at, encoding) {
            Some((c, w)) if c == delimiter => at += w,
            Some((CR, w)) => match unit(bytes, at + w, encoding) {
                Some((LF, w2)) => return Parsed::Record(at + w + w2),
                None if !ended => return Parsed::More,
                _ => return Parsed::Record(at + w),
            },
            Some((_, w)) => return Parsed::Record(at + w),
            None if ended => return Parsed::Record(bytes.len()),
            None => return Parsed::More,
        }
    }
}

fn quoted_field(bytes: &[u8], begins: usize, encoding: Encoding, delimiter: u32, ended: bool) -> Result<Field, Parsed> {
    let from = begins + width(encoding);
    let mut at = from;
    loop {
        let Some((c, w)) = unit(bytes, at, encoding) else {
            return Err(if ended { Parsed::OpenQuote } else { Parsed::More });
        };
        if c != QUOTE {
            at += w;
            continue;
        }
        match unit(bytes, at + w, encoding) {
            Some((QUOTE, w2)) => at += w + w2,
            None if !ended => return Err(Parsed::More),
            // A quote inside the text that nobody doubled: people write so, and the field goes on.
            Some((c, _)) if c != delimiter && c != CR && c != LF => at += w,
            _ => return Ok(Field { from, to: at, quoted: true }),
        }
    }
}

fn plain_field(bytes: &[u8], from: usize, encoding: Encoding, delimiter: u32, ended: bool) -> Result<Field, Parsed> {
    let mut at = from;
    while let Some((c, w)) = unit(bytes, at, encoding) {
        if c == delimiter || c == CR || c == LF {
            return Ok(Field { from, to: at, quoted: false });
        }
        at += w;
    }
    if ended { Ok(Field { from, to: bytes.len().max(from), quoted: false }) } else { Err(Parsed::More) }
}

fn unquoted(raw: &[u8], encoding: Encoding) -> Cow<'_, [u8]> {
    let mut out: Option<Vec<u8>> = None;
    let mut at = 0;
    while let Some((c, w)) = unit(raw, at, encoding) {
        let doubled = c == QUOTE && unit(raw, at + w, encoding).is_some_and(|(c, _)| c == QUOTE);
        if doubled && out.is_none() {
            out = Some(raw.get(..at).unwrap_or_default().to_vec());
        }
        if let Some(o) = &mut out {
            o.extend_from_slice(raw.get(at..(at + w).min(raw.len())).unwrap_or_default());
        }
        at += if doubled { 2 * w } else { w };
    }
    out.map_or(Cow::Borrowed(raw), Cow::Owned)
}
