//! What a row looks like in the raw files of its store: values side by side in runs, cut where unknown bytes lie between them.

use std::ops::Range;

use rows::CellRef;

/// How a data set's rows lie in the raw files.
pub type RawForm = Box<dyn Fn(&[CellRef<'_>]) -> Record>;

/// A row as it lies in the raw files, as far as that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    runs: Vec<Vec<u8>>,
    /// By column: run and bytes in it; none if nothing of the value can be foretold.
    at: Vec<Option<(usize, Range<usize>)>>,
}

impl Record {
    /// A row of that many columns of which nothing is known yet.
    pub fn unseen(columns: usize) -> Record {
        Record { runs: vec![Vec::new()], at: vec![None; columns] }
    }

    /// Values as they are, with the same bytes between each two.
    pub fn joined(cells: &[CellRef<'_>], joint: &[u8]) -> Record {
        let mut out = Record::unseen(cells.len());
        for (i, cell) in cells.iter().enumerate() {
            if i > 0 {
                out.glue(joint);
            }
            out.value_of(i, cell.bytes);
        }
        out
    }

    /// The next bytes are those of a column's value.
    pub(crate) fn value_of(&mut self, column: usize, bytes: &[u8]) {
        let run = self.runs.len().saturating_sub(1);
        if let (Some(last), Some(room)) = (self.runs.last_mut(), self.at.get_mut(column)) {
            *room = Some((run, last.len()..last.len() + bytes.len()));
            last.extend_from_slice(bytes);
        }
    }

    /// The next bytes belong to no value: headers, padding, separators.
    pub(crate) fn glue(&mut self, bytes: &[u8]) {
        if let Some(last) = self.runs.last_mut() {
            last.extend_from_slice(bytes);
        }
    }

    /// Unknown bytes follow.
    pub(crate) fn cut(&mut self) {
        if self.runs.last().is_some_and(|r| !r.is_empty()) {
            self.runs.push(Vec::new());
        }
    }

    /// A column's value; empty if nothing of it can be foretold.
    pub fn value(&self, column: usize) -> &[u8] {
        self.around(column, 0, 0)
    }

    /// A column's value with as many bytes before and after it as are known, up to those numbers.
    pub fn around(&self, column: usize, before: usize, after: usize) -> &[u8] {
        let Some((run, range)) = self.at.get(column).and_then(Option::as_ref) else { return &[] };
        let run = self.runs.get(*run).map(Vec::as_slice).unwrap_or_default();
        run.get(range.start.saturating_sub(before)..(range.end + after).min(run.len())).unwrap_or_default()
    }

    /// The runs, one after the other.
    pub fn runs(&self) -> impl Iterator<Item = &[u8]> {
        self.runs.iter().map(Vec::as_slice)
    }
}
