//! A container without some of its members, or with some of them empty: rewritten from the members that stay, never appended to.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read, Seek, Write};

use flate2::read::{GzDecoder, MultiGzDecoder};
use flate2::{Compression, GzBuilder};
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::kind::{HEAD, Kind, kind, of_members};
use crate::leaves::{COMMENT, Limits, beside_stream, extended, inner_name};
use crate::reason::Reason;
use crate::{mail, tarred, zipped};

/// What becomes of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is left out.
    Gone,
    /// It keeps its name and loses its bytes.
    Emptied,
}

/// Members by the names that lead to them, as [`crate::leaves`] tells them.
pub type Fates = BTreeMap<Vec<String>, Fate>;

/// Writes the container without what goes; gives whether anything of it stays. A stream of one document is nothing without it: then nothing is
/// written, and the file itself has to go.
///
/// # Errors
/// If it is of a kind whose members cannot be taken out one by one, or is damaged.
pub fn without(name: &str, mut input: impl Read + Seek, output: &mut dyn Write, fates: &Fates, limits: Limits) -> Result<bool, Reason> {
    let mut bytes = Vec::new();
    let most = limits.total_bytes;
    let read = Read::take(&mut input, most + 1).read_to_end(&mut bytes)?;
    if read as u64 > most {
        return Err(Reason::TooLarge);
    }
    let out = rewritten(name, &bytes, fates, limits, 0)?;
    output.write_all(out.as_deref().unwrap_or_default())?;
    Ok(out.is_some())
}

/// A container without what goes; none if it is nothing without it.
fn rewritten(name: &str, bytes: &[u8], fates: &Fates, limits: Limits, depth: usize) -> Result<Option<Vec<u8>>, Reason> {
    if depth > limits.depth {
        return Err(Reason::TooDeep);
    }
    match kind(name, bytes.get(..bytes.len().min(HEAD)).unwrap_or_default()) {
        Kind::Zip => zip(bytes, fates, limits, depth).map(Some),
        Kind::Tar => tar(bytes, fates, limits, depth).map(Some),
        Kind::Gzip => gzip(name, bytes, fates, limits, depth),
        Kind::Mailbox => mailbox(bytes, fates).map(Some),
        _ => Err(Reason::WholeFileOnly),
    }
}

/// What is said of a member itself, and of what lies in it.
fn of(fates: &Fates, member: &str) -> (Option<Fate>, Fates) {
    let own = fates.get(std::slice::from_ref(&member.to_owned())).copied();
    let inside = fates.iter().filter(|(path, _)| path.len() > 1 && path.first().is_some_and(|p| p == member));
    (own, inside.map(|(path, fate)| (path.get(1..).unwrap_or_default().to_vec(), *fate)).collect())
}

fn zip(bytes: &[u8], fates: &Fates, limits: Limits, depth: usize) -> Result<Vec<u8>, Reason> {
    let damaged = |_| Reason::Damaged;
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    let names: Vec<String> = archive.file_names().map(|n| n.map_or_else(|_| String::new(), std::borrow::Cow::into_owned)).collect();
    // What belongs to no member would be lost: another archive in the same file, say.
    if of_members(names.iter().map(String::as_str)) != Kind::Zip || zipped::beside(Cursor::new(bytes))? > 0 {
        return Err(Reason::WholeFileOnly);
    }
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    if !fates.contains_key(std::slice::from_ref(&COMMENT.to_owned())) {
        writer.set_raw_comment(archive.comment().into()).map_err(damaged)?;
    }
    for i in 0..archive.len() {
        let file = archive.by_index_raw(i).map_err(damaged)?;
        let name = file.name().map_err(damaged)?.into_owned();
        let (own, mut inside) = of(fates, &name);
        let commented = inside.remove(std::slice::from_ref(&COMMENT.to_owned())).is_some();
        // What is written anew keeps its date, its rights and, unless that is what goes, its comment.
        let mut options = file.options().compression_method(CompressionMethod::Deflated).into_full_options();
        let comment = std::str::from_utf8(file.comment_raw()).ok().filter(|_| !commented).map(str::to_owned);
        if let Some(comment) = comment.as_ref().filter(|c| !c.is_empty()) {
            options = options.with_file_comment(comment.as_str());
        }
        match own {
            Some(Fate::Gone) => {}
            None if inside.is_empty() && !commented => writer.raw_copy_file(file).map_err(damaged)?,
            Some(Fate::Emptied) if name.ends_with('/') => writer.raw_copy_file(file).map_err(damaged)?,
            // A comment in another encoding cannot be written as it was.
            _ if comment.is_none() && !commented => return Err(Reason::WholeFileOnly),
            Some(Fate::Emptied) => writer.start_file(&name, options).map_err(damaged)?,
            None => {
                drop(file);
                let mut member = whole(archive.by_index(i).map_err(damaged)?, limits)?;
                if !inside.is_empty() {
                    let Some(inner) = rewritten(&name, &member, &inside, limits, depth + 1)? else { continue };
                    member = inner;
                }
                writer.start_file(&name, options).map_err(damaged)?;
                writer.write_all(&member)?;
            }
        }
    }
    Ok(writer.finish().map_err(damaged)?.into_inner())
}

/// Members that stay keep their blocks as they are, with every header of theirs.
fn tar(bytes: &[u8], fates: &Fates, limits: Limits, depth: usize) -> Result<Vec<u8>, Reason> {
    let layout = tarred::layout(Cursor::new(bytes))?;
    if layout.trailing > 0 {
        return Err(Reason::WholeFileOnly);
    }
    let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let mut out = Vec::with_capacity(bytes.len());
    let mut named = BTreeSet::new();
    for entry in tar::Archive::new(bytes).entries()? {
        let mut entry = entry?;
        let blocks = layout.members.get(&entry.raw_header_position()).ok_or(Reason::Damaged)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let (own, mut inside) = of(fates, &name);
        // A member that was added under a name that is there already: nobody can say which of them is meant.
        if !named.insert(name.clone()) && (own.is_some() || !inside.is_empty()) {
            return Err(Reason::WholeFileOnly);
        }
        let commented = inside.remove(std::slice::from_ref(&COMMENT.to_owned())).is_some();
        match (own, inside) {
            (Some(Fate::Gone), _) => {}
            (None, inside) if inside.is_empty() && !commented => {
                out.extend_from_slice(bytes.get(at(blocks.start)..at(blocks.end)).unwrap_or_default())
            }
            // Attributes that stay cannot be written anew.
            _ if !commented && extended(&mut entry).is_some() => return Err(Reason::WholeFileOnly),
            (own, inside) => {
                let mut header = entry.header().clone();
                let mut member = whole(&mut entry, limits)?;
                match own {
                    Some(_) => member.clear(),
                    None if inside.is_empty() => {}
                    None => match rewritten(&name, &member, &inside, limits, depth + 1)? {
                        Some(inner) => member = inner,
                        None => continue,
                    },
                }
                header.set_size(member.len() as u64);
                let mut writer = tar::Builder::new(Vec::new());
                writer.append_data(&mut header, &name, member.as_slice())?;
                let written = writer.into_inner()?;
                // Without the end of this archive of one member.
                out.extend_from_slice(written.get(..written.len().saturating_sub(1_024)).unwrap_or_default());
            }
        }
    }
    out.extend_from_slice(bytes.get(at(layout.end)..).unwrap_or_default());
    Ok(out)
}

fn gzip(name: &str, bytes: &[u8], fates: &Fates, limits: Limits, depth: usize) -> Result<Option<Vec<u8>>, Reason> {
    let inner = inner_name(name);
    let (own, inside) = of(fates, &inner);
    let mut member =
        whole(MultiGzDecoder::new(bytes), limits).map_err(|e| if e == Reason::TooLarge { e } else { Reason::TrailingBytes })?;
    let commented = fates.contains_key(std::slice::from_ref(&COMMENT.to_owned()));
    let says = !commented && !beside_stream(&mut Cursor::new(bytes), &inner, limits.member_bytes)?.0.is_empty();
    match own {
        Some(Fate::Gone) if !says => return Ok(None),
        // What its header says is a row of its own, and stays.
        Some(_) => member.clear(),
        None if inside.is_empty() && !commented => return Ok(Some(bytes.to_vec())),
        None if inside.is_empty() => {}
        None => match rewritten(&inner, &member, &inside, limits, depth + 1)? {
            Some(stays) => member = stays,
            None if !says => return Ok(None),
            None => member.clear(),
        },
    }
    let mut builder = GzBuilder::new();
    let old = GzDecoder::new(bytes);
    // What the header says stays where neither it goes nor what it is said of.
    if let Some(header) = old.header().filter(|_| !commented && (own.is_none() || says)) {
        builder = builder.mtime(header.mtime());
        builder = header.filename().into_iter().fold(builder, GzBuilder::filename);
        builder = header.comment().into_iter().fold(builder, GzBuilder::comment);
        builder = header.extra().into_iter().fold(builder, GzBuilder::extra);
    }
    let mut writer = builder.write(Vec::new(), Compression::default());
    writer.write_all(&member)?;
    Ok(Some(writer.finish()?))
}

/// All that a reader gives: what was cut off would be lost.
fn whole(input: impl Read, limits: Limits) -> Result<Vec<u8>, Reason> {
    let mut out = Vec::new();
    let read = input.take(limits.member_bytes + 1).read_to_end(&mut out).map_err(|_| Reason::Damaged)?;
    if read as u64 > limits.member_bytes { Err(Reason::TooLarge) } else { Ok(out) }
}

/// Letters go whole: with all their parts, or not at all.
fn mailbox(bytes: &[u8], fates: &Fates) -> Result<Vec<u8>, Reason> {
    let letters = mail::letters(bytes);
    let first = letters.first().ok_or(Reason::WholeFileOnly)?.1.start;
    let mut out = Vec::with_capacity(bytes.len());
    if of(fates, mail::BEFORE).0.is_none() {
        out.extend_from_slice(bytes.get(..first).unwrap_or_default());
    }
    for (name, range) in letters {
        let (own, inside) = of(fates, &name);
        match (own, inside.is_empty()) {
            (Some(Fate::Gone), _) => {}
            (None, true) => out.extend_from_slice(bytes.get(range).unwrap_or_default()),
            _ => return Err(Reason::WholeFileOnly),
        }
    }
    Ok(out)
}
