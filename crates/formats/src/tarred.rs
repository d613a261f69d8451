//! Where the members of a TAR lie, block by block, and what stands behind its end.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use crate::reason::Reason;

/// Bytes of a block.
const BLOCK: u64 = 512;

/// The blocks of an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    /// By the position of a member's header: its blocks, with the headers before it that belong to it (long names, extended attributes).
    pub members: BTreeMap<u64, Range<u64>>,
    /// Where the last member ends.
    pub end: u64,
    /// Bytes behind the end that are not zero: another archive, say.
    pub trailing: u64,
}

/// Walks the headers.
///
/// # Errors
/// If one of them cannot be read.
pub(crate) fn layout(mut input: impl Read + Seek) -> Result<Layout, Reason> {
    let size = input.seek(SeekFrom::End(0))?;
    let (mut out, mut at, mut begun) = (Layout::default(), 0, 0);
    let mut block = [0u8; BLOCK as usize];
    while at + BLOCK <= size {
        input.seek(SeekFrom::Start(at))?;
        input.read_exact(&mut block)?;
        if block.iter().all(|b| *b == 0) {
            break;
        }
        let header = tar::Header::from_byte_slice(&block);
        let bytes = header.entry_size().map_err(|_| Reason::Damaged)?;
        let kind = header.entry_type();
        let position = at;
        at = at.saturating_add(BLOCK).saturating_add(bytes.div_ceil(BLOCK).saturating_mul(BLOCK));
        if !(kind.is_pax_local_extensions() || kind.is_gnu_longname() || kind.is_gnu_longlink()) {
            out.members.insert(position, begun..at.min(size));
            begun = at;
        }
    }
    out.end = begun.min(size);
    input.seek(SeekFrom::Start(out.end))?;
    let mut rest = vec![0u8; 1 << 16];
    loop {
        match input.read(&mut rest)? {
            0 => return Ok(out),
            n => out.trailing += rest.iter().take(n).filter(|b| **b != 0).count() as u64,
        }
    }
}
