//! `rows/v1`: the canonical bytes of a row, which seals, comparisons and digests use (EVIDENCE §2).

use crate::batch::{CellRef, Tag};

const HEAD: &[u8; 8] = b"rows/v1\0";

/// Writes the canonical bytes of a row into `out` (cleared before).
pub fn canonical_row<'a>(cells: impl IntoIterator<Item = CellRef<'a>>, out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(HEAD);
    out.extend_from_slice(&[0; 4]);
    let mut count: u32 = 0;
    for cell in cells {
        out.extend_from_slice(&count.to_be_bytes());
        out.push(cell.tag as u8);
        out.extend_from_slice(&(cell.bytes.len() as u64).to_be_bytes());
        out.extend_from_slice(cell.bytes);
        count += 1;
    }
    for (to, from) in out.iter_mut().skip(HEAD.len()).zip(count.to_be_bytes()) {
        *to = from;
    }
}

/// The values of canonical row bytes; none if they are not canonical.
pub fn read_row(bytes: &[u8]) -> Option<Vec<CellRef<'_>>> {
    let rest = bytes.strip_prefix(HEAD)?;
    let (count, mut rest) = rest.split_first_chunk::<4>()?;
    let count = u32::from_be_bytes(*count);
    let mut out = Vec::new();
    for i in 0..count {
        let (ordinal, tail) = rest.split_first_chunk::<4>()?;
        let (tag, tail) = tail.split_first()?;
        let (len, tail) = tail.split_first_chunk::<8>()?;
        let len = usize::try_from(u64::from_be_bytes(*len)).ok()?;
        let (value, tail) = tail.split_at_checked(len)?;
        let tag = Tag::of(*tag)?;
        let fits = match tag {
            Tag::Null => len == 0,
            Tag::Integer | Tag::Real => len == 8,
            _ => true,
        };
        if u32::from_be_bytes(*ordinal) != i || !fits {
            return None;
        }
        out.push(CellRef { tag, bytes: value });
        rest = tail;
    }
    rest.is_empty().then_some(out)
}
