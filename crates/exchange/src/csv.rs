//! CSV as spreadsheets read it without harm: UTF-8 with a mark, CRLF, and cells that a spreadsheet would calculate are guarded.

/// The mark by which spreadsheets know UTF-8.
pub(crate) const MARK: &[u8] = b"\xef\xbb\xbf";

/// Whether a spreadsheet would take the text for a formula (OWASP, CSV injection).
pub fn guarded(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

/// Appends one field; what could run is preceded by an apostrophe, which spreadsheets do not show.
pub fn field(out: &mut Vec<u8>, text: &str, first: bool) {
    if !first {
        out.push(b',');
    }
    // A text that begins with an apostrophe gets one more, so that reading takes off just the one that writing put there.
    let guard = guarded(text) || text.starts_with('\'');
    let quoted = guard || text.contains([',', '"', '\r', '\n']) || text.starts_with(' ') || text.ends_with(' ');
    if !quoted {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    if guard {
        out.push(b'\'');
    }
    out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    out.push(b'"');
}

/// Ends a row.
#[cfg(feature = "parquet")]
pub(crate) fn end(out: &mut Vec<u8>) {
    out.extend_from_slice(b"\r\n");
}

/// The rows of a CSV file of ours, the head among them; `from` and `most` choose which are kept, all are counted.
pub fn read_rows(bytes: &[u8], from: usize, most: usize) -> (usize, Vec<Vec<String>>) {
    let text = bytes.strip_prefix(MARK).unwrap_or(bytes);
    let (mut count, mut rows) = (0, Vec::new());
    let (mut row, mut cell, mut quoted, mut was_quoted) = (Vec::new(), Vec::new(), false, false);
    let mut keep = |row: &mut Vec<String>, count: &mut usize| {
        if *count >= from && rows.len() < most {
            rows.push(std::mem::take(row));
        }
        row.clear();
        *count += 1;
    };
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match (byte, quoted) {
            (b'"', true) if text.get(at + 1) == Some(&b'"') => {
                cell.push(b'"');
                at += 1;
            }
            (b'"', _) => (quoted, was_quoted) = (!quoted, true),
            (b',', false) => row.push(taken(&mut cell, &mut was_quoted)),
            (b'\r', false) if text.get(at + 1) == Some(&b'\n') => {}
            (b'\n', false) => {
                row.push(taken(&mut cell, &mut was_quoted));
                keep(&mut row, &mut count);
            }
            _ => cell.push(*byte),
        }
        at += 1;
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(taken(&mut cell, &mut was_quoted));
        keep(&mut row, &mut count);
    }
    (count, rows)
}

/// A cell without the guard that writing put before it.
fn taken(cell: &mut Vec<u8>, was_quoted: &mut bool) -> String {
    let text = String::from_utf8_lossy(cell).into_owned();
    cell.clear();
    let guard = std::mem::take(was_quoted);
    match text.strip_prefix('\'') {
        Some(rest) if guard => rest.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_reads_back_and_nothing_in_it_runs(rows in proptest::collection::vec(proptest::collection::vec("[=+@,\"\r\n'a中 -]{0,6}", 2), 1..6)) {
            let mut out = super::MARK.to_vec();
            for row in &rows {
                row.iter().enumerate().for_each(|(i, cell)| super::field(&mut out, cell, i == 0));
                super::end(&mut out);
            }
            let (count, back) = super::read_rows(&out, 0, usize::MAX);
            prop_assert_eq!(count, rows.len());
            prop_assert_eq!(back, rows);
        }
    }
}
