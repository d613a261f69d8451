//! A stream of pages without their headers, so that values cut at a border are whole again.

use std::io::{self, Read};

/// Cuts so many bytes off the beginning of every page; the first page of the stream may have another number.
pub struct Cut<R> {
    input: R,
    page: usize,
    first: usize,
    other: usize,
    at: usize,
    begun: bool,
}

impl<R: Read> Cut<R> {
    /// Pages of `page` bytes, without the first `first` bytes of the first and the first `other` bytes of every other.
    pub fn new(input: R, page: usize, first: usize, other: usize) -> Cut<R> {
        Cut { input, page, first, other, at: 0, begun: false }
    }

    /// Reads over a header; whether the stream goes on.
    fn skip(&mut self, mut bytes: usize) -> io::Result<bool> {
        let mut waste = [0u8; 64];
        while bytes > 0 {
            let part = waste.get_mut(..bytes.min(64)).unwrap_or_default();
            let n = self.input.read(part)?;
            if n == 0 {
                return Ok(false);
            }
            bytes -= n;
        }
        Ok(true)
    }
}

impl<R: Read> Read for Cut<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == 0 {
            let header = if self.begun { self.other } else { self.first };
            self.begun = true;
            if !self.skip(header)? {
                return Ok(0);
            }
            self.at = header;
        }
        let left = (self.page - self.at).min(out.len());
        let n = self.input.read(out.get_mut(..left).unwrap_or_default())?;
        self.at += n;
        if self.at >= self.page {
            self.at = 0;
        }
        Ok(n)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_a_border_cut_is_whole_again() {
        let mut out = Vec::new();
        Cut::new(&b"HHabcHdefgHhi"[..], 5, 2, 1).read_to_end(&mut out).unwrap();
        assert_eq!(out, b"abcdefghi");
    }
}
