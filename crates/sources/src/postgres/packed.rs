//! Values that lie packed in the pages of a table, or in pieces outside of it, made whole again so that the search can see them
//! (PostgreSQL source, `varatt.h`, `storage/bufpage.h`, `common/pg_lzcompress.c`, `access/toast_internals.h`).
//!
//! The decoders are our own, for remains may be cut: they give what there is up to the first byte that makes no sense.

use crate::files::Unpack;

/// Bytes of a page; servers built with another size are searched as they are.
pub(super) const PAGE: usize = 8_192;
/// Longest value that is unpacked.
const VALUE_MAX: usize = 16 << 20;
/// Neither method makes more of a byte.
const RATIO_MAX: usize = 255;
/// What is kept of a piece, so that a value across its end is seen.
const BORDER: usize = 64;

/// The pages of a file one after another.
#[derive(Default)]
pub(super) struct Packed {
    /// The value that pieces are being read of, its next piece, and what was read so far.
    value: u32,
    next: u32,
    pieces: Vec<u8>,
}

impl Unpack for Packed {
    fn page(&mut self, page: &[u8], hear: &mut dyn FnMut(&[u8])) {
        for at in (0..page.len()).step_by(4) {
            if let Some(value) = page.get(at..).and_then(inline) {
                hear(&value);
            }
        }
        for tuple in tuples(page) {
            if let Some((value, number, piece)) = piece_of(tuple) {
                self.piece((value, number), piece, hear);
            }
        }
    }

    fn anywhere(&mut self, bytes: &[u8], hear: &mut dyn FnMut(&[u8])) {
        for at in 0..bytes.len() {
            if let Some(value) = bytes.get(at..).and_then(inline) {
                hear(&value);
            }
        }
    }

    fn end(&mut self, hear: &mut dyn FnMut(&[u8])) {
        self.whole(hear);
    }
}

impl Packed {
    fn piece(&mut self, (value, number): (u32, u32), piece: &[u8], hear: &mut dyn FnMut(&[u8])) {
        if (value, number) == (self.value, self.next) {
            let border: Vec<u8> = self.pieces.iter().rev().take(BORDER).rev().chain(piece.iter().take(BORDER)).copied().collect();
            hear(&border);
        } else {
            self.whole(hear);
            self.value = value;
            self.pieces.clear();
        }
        self.next = number.saturating_add(1);
        if number == 0 || !self.pieces.is_empty() {
            self.pieces.extend_from_slice(piece);
            self.pieces.truncate(VALUE_MAX);
        }
    }

    /// The pieces so far, should they be those of a packed value.
    fn whole(&mut self, hear: &mut dyn FnMut(&[u8])) {
        let packed = std::mem::take(&mut self.pieces);
        if let Some((out, _)) = packed.split_first_chunk().and_then(|(info, bytes)| unpack(u32::from_le_bytes(*info), bytes)) {
            hear(&out);
        }
    }
}

/// A packed value with its header at the beginning of these bytes: only one that ends where its header says.
fn inline(bytes: &[u8]) -> Option<Vec<u8>> {
    let (header, rest) = bytes.split_first_chunk()?;
    let (info, rest) = rest.split_first_chunk()?;
    let header = u32::from_le_bytes(*header);
    let length = usize::try_from(header >> 2).ok()?.checked_sub(8)?;
    if header & 3 != 2 || length < 8 {
        return None;
    }
    let (out, whole) = unpack(u32::from_le_bytes(*info), rest.get(..length)?)?;
    whole.then_some(out)
}

/// What `tcinfo` says is packed here: its size in 30 bits, and the method; whether all of it came out.
fn unpack(info: u32, bytes: &[u8]) -> Option<(Vec<u8>, bool)> {
    let most = VALUE_MAX.min(bytes.len().saturating_mul(RATIO_MAX));
    let size = usize::try_from(info & 0x3fff_ffff).ok().filter(|n| (bytes.len() + 1..=most).contains(n))?;
    let out = match info >> 30 {
        0 => pglz(bytes, size),
        1 => lz4(bytes, size),
        _ => return None,
    };
    let whole = out.len() == size;
    (out.len() >= 8).then_some((out, whole))
}

/// Control bytes of eight items each: a byte as it is, or a piece of what came before.
fn pglz(bytes: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut input = bytes.iter().copied();
    'all: while out.len() < size {
        let Some(control) = input.next() else { break };
        for bit in 0..8 {
            if out.len() >= size {
                break 'all;
            }
            let Some(first) = input.next() else { break 'all };
            if control >> bit & 1 == 0 {
                out.push(first);
                continue;
            }
            let Some(second) = input.next() else { break 'all };
            let offset = usize::from(first & 0xf0) << 4 | usize::from(second);
            let mut length = usize::from(first & 0x0f) + 3;
            if length == 18 {
                let Some(more) = input.next() else { break 'all };
                length += usize::from(more);
            }
            if !repeat(&mut out, offset, length, size) {
                break 'all;
            }
        }
    }
    out
}

/// The block format of LZ4 (lz4_Block_format.md): bytes as they are, then a piece of what came before.
fn lz4(bytes: &[u8], size: usize) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::new();
    let mut rest = bytes;
    while let Some((token, after)) = rest.split_first() {
        rest = after;
        let Some(plain) = lz4_length(usize::from(token >> 4), &mut rest) else { break };
        let Some((some, after)) = rest.split_at_checked(plain.min(rest.len())) else { break };
        out.extend_from_slice(some.get(..some.len().min(size.saturating_sub(out.len()))).unwrap_or_default());
        rest = after;
        let Some((offset, after)) = rest.split_first_chunk() else { break };
        rest = after;
        let Some(length) = lz4_length(usize::from(token & 15), &mut rest) else { break };
        if !repeat(&mut out, usize::from(u16::from_le_bytes(*offset)), length + 4, size) {
            break;
        }
    }
    out
}

fn lz4_length(mut length: usize, rest: &mut &[u8]) -> Option<usize> {
    if length < 15 {
        return Some(length);
    }
    loop {
        let (more, after) = rest.split_first()?;
        *rest = after;
        length += usize::from(*more);
        if length > VALUE_MAX {
            return None;
        }
        if *more < 255 {
            return Some(length);
        }
    }
}

/// Repeats what stands so far back; whether that makes sense.
fn repeat(out: &mut Vec<u8>, offset: usize, length: usize, size: usize) -> bool {
    let Some(from) = out.len().checked_sub(offset).filter(|_| offset > 0) else { return false };
    for i in from..from + length.min(size.saturating_sub(out.len())) {
        let byte = out.get(i).copied().unwrap_or_default();
        out.push(byte);
    }
    true
}

/// Bytes of a page's header, and of a row's.
const PAGE_HEADER: usize = 24;
const ROW_HEADER: usize = 23;

/// The rows to which a page still points.
fn tuples(page: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lower = page.get(12..14).and_then(|b| b.first_chunk()).map_or(0, |b| usize::from(u16::from_le_bytes(*b)));
    let pointers = page.get(PAGE_HEADER..lower.min(page.len())).unwrap_or_default();
    pointers.chunks_exact(4).filter_map(|p| p.first_chunk()).map(|p| u32::from_le_bytes(*p)).filter_map(|p| {
        let (offset, length) = (usize::try_from(p & 0x7fff).ok()?, usize::try_from(p >> 17).ok()?);
        page.get(offset..offset.checked_add(length)?).filter(|t| t.len() > ROW_HEADER)
    })
}

/// A row of a table of pieces: which value, which piece, its bytes.
fn piece_of(tuple: &[u8]) -> Option<(u32, u32, &[u8])> {
    let attributes = u16::from_le_bytes(*tuple.get(18..20)?.first_chunk()?) & 0x07ff;
    let data = tuple.get(usize::from(*tuple.get(22)?)..).filter(|_| attributes == 3)?;
    let word = |at: usize| data.get(at..).and_then(|d| d.first_chunk()).map(|b| u32::from_le_bytes(*b));
    let (value, number, header) = (word(0)?, word(4)?, word(8)?);
    // A short piece, the last of a value, may have a header of one byte.
    let piece = match header & 3 {
        0 => data.get(12..8 + usize::try_from(header >> 2).ok()?)?,
        1 | 3 => data.get(9..8 + usize::try_from(header >> 1 & 0x7f).ok()?)?,
        _ => return None,
    };
    Some((value, number, piece))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_values_come_out() {
        // "abcabcabcabcabcabc": three bytes as they are, then fifteen from three back.
        let packed = [0b0000_1000, b'a', b'b', b'c', 12, 3];
        assert_eq!(pglz(&packed, 18), b"abcabcabcabcabcabc");
        assert_eq!(pglz(&packed[..4], 18), b"abc", "what is cut off gives what there is");
        let packed = [0x3b, b'a', b'b', b'c', 3, 0];
        assert_eq!(lz4(&packed, 18), b"abcabcabcabcabcabc");
        assert_eq!(lz4(&[0x3b, b'a', b'b', b'c', 9, 0], 18), b"abc", "nothing stands nine back");
        let mut value = ((8u32 + 8) << 2 | 2).to_le_bytes().to_vec();
        value.extend(18u32.to_le_bytes());
        value.extend([0b0000_1000, b'a', b'b', b'c', 12, 3, 0, 0]);
        assert_eq!(inline(&value), Some(b"abcabcabcabcabcabc".to_vec()));
    }

    #[test]
    fn nothing_makes_the_decoders_fail() {
        let mut seed = 7u64;
        let mut noise = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as u8
        };
        for _ in 0..200 {
            let page: Vec<u8> = (0..PAGE).map(|_| noise()).collect();
            let mut packed = Packed::default();
            packed.page(&page, &mut |out| assert!(out.len() <= VALUE_MAX));
            packed.end(&mut |_| {});
        }
    }
}
