//! Strings taken some at a time, to be hashed together.

/// Strings of a batch.
const STRINGS: usize = 1 << 10;

/// Some strings, one after the other in one text.
#[derive(Default)]
pub(super) struct Batch {
    text: Vec<u8>,
    lens: Vec<usize>,
}

impl Batch {
    /// Hears all strings, batch by batch.
    pub(super) fn each<'a>(mut all: impl Iterator<Item = &'a [u8]>, hear: &mut dyn FnMut(&Batch)) {
        loop {
            let mut batch = Batch::default();
            for string in all.by_ref().take(STRINGS) {
                batch.text.extend_from_slice(string);
                batch.lens.push(string.len());
            }
            if batch.lens.is_empty() {
                return;
            }
            hear(&batch);
        }
    }

    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Where in the text each string begins, and the string.
    pub(super) fn strings(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.lens.iter().scan(0, |next, len| {
            let start = *next;
            *next += len;
            Some((start, self.text.get(start..*next)?))
        })
    }
}
