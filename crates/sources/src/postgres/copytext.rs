//! The text format of COPY: fields of a line, their escapes undone (PostgreSQL documentation, *COPY*, "Text Format").

use std::ops::Range;

/// The fields of a line, read into one buffer.
#[derive(Default)]
pub(super) struct Line {
    bytes: Vec<u8>,
    fields: Vec<Option<Range<usize>>>,
}

impl Line {
    /// Reads a line without its end.
    pub(super) fn read(&mut self, line: &[u8]) {
        self.bytes.clear();
        self.fields.clear();
        for field in line.split(|b| *b == b'\t') {
            if field == br"\N" {
                self.fields.push(None);
                continue;
            }
            let from = self.bytes.len();
            unescape(field, &mut self.bytes);
            self.fields.push(Some(from..self.bytes.len()));
        }
    }

    /// A field; none if it is null.
    pub(super) fn field(&self, i: usize) -> Option<&[u8]> {
        self.fields.get(i)?.clone().and_then(|r| self.bytes.get(r))
    }
}

fn unescape(field: &[u8], out: &mut Vec<u8>) {
    let mut rest = field;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        let byte = rest.get(at + 1).copied().unwrap_or(b'\\');
        out.push(match byte {
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            other => other,
        });
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_told_apart_and_escapes_undone() {
        let mut line = Line::default();
        line.read(br"1	\N		a\tb\\c\nd	\\N");
        assert_eq!(line.fields.len(), 5);
        let read: Vec<Option<&[u8]>> = (0..5).map(|i| line.field(i)).collect();
        assert_eq!(read, [Some(&b"1"[..]), None, Some(b""), Some(b"a\tb\\c\nd"), Some(br"\N")]);
    }
}
