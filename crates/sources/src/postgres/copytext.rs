//! The text format of COPY: fields of a line, their escapes undone (PostgreSQL documentation, *COPY*, "Text Format").

use memchr::{Memchr2, memchr, memchr2_iter};

/// The fields of a line without its end, one after the other, as they stand there.
pub(super) struct Fields<'a> {
    line: &'a [u8],
    marks: Memchr2<'a>,
    /// Where the next field begins; none after the last.
    from: Option<usize>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(line: &'a [u8]) -> Fields<'a> {
        Fields { line, marks: memchr2_iter(b'\t', b'\\', line), from: Some(0) }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Raw<'a>;

    fn next(&mut self) -> Option<Raw<'a>> {
        let from = self.from?;
        let mut escaped = false;
        for at in self.marks.by_ref() {
            if self.line.get(at) == Some(&b'\t') {
                self.from = Some(at + 1);
                return Some(Raw { text: self.line.get(from..at)?, from, escaped });
            }
            escaped = true;
        }
        self.from = None;
        Some(Raw { text: self.line.get(from..)?, from, escaped })
    }
}

/// A field as it stands in a line.
pub(super) struct Raw<'a> {
    pub text: &'a [u8],
    /// Where it begins in the line.
    pub from: usize,
    /// Whether there are escapes to undo.
    pub escaped: bool,
}

impl Raw<'_> {
    pub(super) fn is_null(&self) -> bool {
        self.escaped && self.text == br"\N"
    }
}

/// Appends a field with its escapes undone.
pub(super) fn unescape(field: &[u8], out: &mut Vec<u8>) {
    let mut rest = field;
    while let Some(at) = memchr(b'\\', rest) {
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

    fn read(line: &[u8]) -> Vec<Option<Vec<u8>>> {
        let undone = |field: Raw<'_>| {
            let mut out = Vec::new();
            unescape(field.text, &mut out);
            assert_eq!(field.escaped, out != field.text);
            assert_eq!(line.get(field.from..field.from + field.text.len()), Some(field.text));
            out
        };
        Fields::of(line).map(|field| (!field.is_null()).then(|| undone(field))).collect()
    }

    #[test]
    fn fields_are_told_apart_and_escapes_undone() {
        let fields = read(br"1	\N		a\tb\\c\nd	\\N");
        let of = |text: &[u8]| Some(text.to_vec());
        assert_eq!(fields, [of(b"1"), None, of(b""), of(b"a\tb\\c\nd"), of(br"\N")]);
    }

    #[test]
    fn a_line_without_anything_is_one_empty_field() {
        assert_eq!(read(b""), [Some(Vec::new())]);
        assert_eq!(read(b"\t"), [Some(Vec::new()), Some(Vec::new())]);
    }
}
