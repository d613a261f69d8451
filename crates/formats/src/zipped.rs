//! What a ZIP archive says of itself, twice: the directory at its end against the header before each member. Where they differ, one of them lies.

use std::collections::BTreeSet;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use zip::ZipArchive;

use crate::reason::Reason;

/// Most bytes of a directory.
const DIRECTORY_MAX: u64 = 64 << 20;

/// A member as the directory has it.
struct Told {
    name: Vec<u8>,
    header: u64,
    packed: u64,
    size: u64,
}

/// Compares directory and headers.
///
/// # Errors
/// Why the archive is not to be believed.
pub(crate) fn sound(mut input: impl Read + Seek) -> Result<(), Reason> {
    let mut told = Vec::new();
    let mut archive = ZipArchive::new(&mut input).map_err(|_| Reason::Damaged)?;
    let directory = archive.central_directory_start();
    for i in 0..archive.len() {
        let file = archive.by_index_raw(i).map_err(|_| Reason::Damaged)?;
        told.push(Told { name: file.name_raw().to_vec(), header: file.header_start(), packed: file.compressed_size(), size: file.size() });
    }
    drop(archive);
    let listed = listed(&mut input, directory)?;
    let distinct: BTreeSet<&Vec<u8>> = listed.iter().collect();
    if distinct.len() != listed.len() {
        return Err(Reason::DuplicateMember);
    }
    let mut ranges = Vec::new();
    // Names as the directory has them, byte for byte: an extra field may say another.
    for (member, name) in told.iter_mut().zip(&listed) {
        member.name.clone_from(name);
        ranges.push(header(&mut input, member)?);
    }
    ranges.sort_unstable();
    let overlap = ranges.windows(2).any(|w| matches!(w, [a, b] if b.0 < a.1));
    if overlap { Err(Reason::OverlappingMembers) } else { Ok(()) }
}

/// Bytes that belong to no member and are not zero: before the first, between two, or behind the last (another archive, say).
///
/// # Errors
/// If the archive cannot be read.
pub(crate) fn beside(mut input: impl Read + Seek) -> Result<u64, Reason> {
    let mut out = 0;
    for gap in gaps(&mut input)? {
        input.seek(SeekFrom::Start(gap.start))?;
        let (mut gap, mut buffer) = ((&mut input).take(gap.end - gap.start), vec![0u8; 1 << 16]);
        loop {
            match gap.read(&mut buffer)? {
                0 => break,
                n => out += buffer.iter().take(n).filter(|b| **b != 0).count() as u64,
            }
        }
    }
    Ok(out)
}

/// Where an archive has bytes that belong to no member, nor to its directory.
///
/// # Errors
/// If the archive cannot be read.
pub(crate) fn gaps(mut input: impl Read + Seek) -> Result<Vec<Range<u64>>, Reason> {
    let mut archive = ZipArchive::new(&mut input).map_err(|_| Reason::Damaged)?;
    let (directory, comment, mut taken) = (archive.central_directory_start(), archive.comment().len() as u64, Vec::new());
    for i in 0..archive.len() {
        let file = archive.by_index_raw(i).map_err(|_| Reason::Damaged)?;
        taken.push((file.header_start(), file.data_start().unwrap_or_default().saturating_add(file.compressed_size()), file.size()));
    }
    drop(archive);
    taken.sort_unstable();
    let (mut out, mut from) = (Vec::new(), 0);
    let nexts: Vec<u64> = taken.iter().skip(1).map(|t| t.0).chain([directory]).collect();
    out.push(from..taken.first().map_or(directory, |t| t.0));
    for ((begins, end, size), next) in taken.into_iter().zip(nexts) {
        from = end.saturating_add(descriptor(&mut input, begins, end, size, next)?);
        out.push(from..next);
    }
    out.push(end(&mut input, directory, comment)?..input.seek(SeekFrom::End(0))?);
    out.retain(|gap| gap.start < gap.end);
    Ok(out)
}

/// Bytes of the sizes and checksum that stand behind data of which they were not known before (APPNOTE 4.3.9).
fn descriptor(input: &mut (impl Read + Seek), begins: u64, end: u64, size: u64, next: u64) -> Result<u64, Reason> {
    if little(&bytes_at(input, begins + 6, 2)?) & 8 == 0 {
        return Ok(0);
    }
    let bytes = bytes_at(input, end, 24)?;
    let part = |at: usize, len: usize| little(bytes.get(at..at + len).unwrap_or_default());
    let marked = if bytes.starts_with(b"PK\x07\x08") { 4 } else { 0 };
    // Sizes of four bytes, or of eight in large archives.
    let long = size != 0 && part(marked + 8, 4) != size & 0xffff_ffff;
    let len = marked as u64 + if long { 20 } else { 12 };
    Ok(len.min(next.saturating_sub(end)))
}

/// Where the directory ends, with what is said behind it: the end record, that of large archives, and the comment.
fn end(input: &mut (impl Read + Seek), directory: u64, comment: u64) -> Result<u64, Reason> {
    let (_, mut at) = entries(input, directory)?;
    loop {
        let bytes = bytes_at(input, at, 12)?;
        at += match bytes.get(..4) {
            Some(b"PK\x06\x06") => 12 + little(bytes.get(4..12).unwrap_or_default()).min(DIRECTORY_MAX),
            Some(b"PK\x06\x07") => 20,
            Some(b"PK\x05\x06") => return Ok(at + 22 + comment),
            // Whatever stands there is not known.
            _ => return Ok(at),
        };
    }
}

fn bytes_at(input: &mut (impl Read + Seek), at: u64, len: u64) -> Result<Vec<u8>, Reason> {
    let mut out = Vec::new();
    input.seek(SeekFrom::Start(at))?;
    input.take(len).read_to_end(&mut out)?;
    Ok(out)
}

fn little(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b))
}

/// Names in the directory, one for each of its entries.
fn listed(input: &mut (impl Read + Seek), start: u64) -> Result<Vec<Vec<u8>>, Reason> {
    entries(input, start).map(|(names, _)| names)
}

/// Names in the directory, and where its last entry ends.
fn entries(input: &mut (impl Read + Seek), start: u64) -> Result<(Vec<Vec<u8>>, u64), Reason> {
    let bytes = bytes_at(input, start, DIRECTORY_MAX)?;
    let number = |at: usize, len: usize| usize::try_from(little(bytes.get(at..at + len).unwrap_or_default())).unwrap_or_default();
    let (mut at, mut out) = (0, Vec::new());
    while bytes.get(at..at + 4) == Some(b"PK\x01\x02") {
        let (name, extra, comment) = (number(at + 28, 2), number(at + 30, 2), number(at + 32, 2));
        out.push(bytes.get(at + 46..at + 46 + name).unwrap_or_default().to_vec());
        at += 46 + name + extra + comment;
    }
    Ok((out, start + at as u64))
}

/// The bytes that a member takes, from its header to its end.
fn header(input: &mut (impl Read + Seek), member: &Told) -> Result<(u64, u64), Reason> {
    let mut head = [0u8; 30];
    input.seek(SeekFrom::Start(member.header))?;
    input.read_exact(&mut head).map_err(|_| Reason::Damaged)?;
    let number = |at: usize, len: usize| little(head.get(at..at + len).unwrap_or_default());
    if head.get(..4) != Some(b"PK\x03\x04") {
        return Err(Reason::Damaged);
    }
    let (flags, packed, size, name_len, extra) = (number(6, 2), number(18, 4), number(22, 4), number(26, 2), number(28, 2));
    let mut name = vec![0u8; usize::try_from(name_len).unwrap_or_default()];
    input.read_exact(&mut name).map_err(|_| Reason::Damaged)?;
    if name != member.name {
        return Err(Reason::NameForged);
    }
    // Sizes may stand behind the data, or in the extra field of large archives.
    let elsewhere = flags & 8 != 0 || packed == 0xffff_ffff || size == 0xffff_ffff;
    if !elsewhere && (packed != member.packed || size != member.size) {
        return Err(Reason::SizeForged);
    }
    Ok((member.header, (member.header + 30 + name_len + extra).saturating_add(member.packed)))
}
