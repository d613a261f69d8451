//! A container without some of its members, or with some of them empty: rewritten from the members that stay, never appended to.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Seek, Write};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::kind::{HEAD, Kind, kind, of_members};
use crate::leaves::{COMMENT, Limits, inner_name};
use crate::mail;
use crate::reason::Reason;

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

/// Writes the container without what goes.
///
/// # Errors
/// If it is of a kind whose members cannot be taken out one by one, or is damaged.
pub fn without(name: &str, mut input: impl Read + Seek, output: &mut dyn Write, fates: &Fates, limits: Limits) -> Result<(), Reason> {
    let mut bytes = Vec::new();
    let most = limits.total_bytes;
    let read = Read::take(&mut input, most + 1).read_to_end(&mut bytes)?;
    if read as u64 > most {
        return Err(Reason::TooLarge);
    }
    let out = rewritten(name, &bytes, fates, limits, 0)?;
    output.write_all(&out)?;
    Ok(())
}

fn rewritten(name: &str, bytes: &[u8], fates: &Fates, limits: Limits, depth: usize) -> Result<Vec<u8>, Reason> {
    if depth > limits.depth {
        return Err(Reason::TooDeep);
    }
    match kind(name, bytes.get(..bytes.len().min(HEAD)).unwrap_or_default()) {
        Kind::Zip => zip(bytes, fates, limits, depth),
        Kind::Tar => tar(bytes, fates, limits, depth),
        Kind::Gzip => gzip(name, bytes, fates, limits, depth),
        Kind::Mailbox => mailbox(bytes, fates),
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
    if of_members(names.iter().map(String::as_str)) != Kind::Zip {
        return Err(Reason::WholeFileOnly);
    }
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    if !fates.contains_key(std::slice::from_ref(&COMMENT.to_owned())) {
        writer.set_raw_comment(archive.comment().into()).map_err(damaged)?;
    }
    for i in 0..archive.len() {
        let file = archive.by_index_raw(i).map_err(damaged)?;
        let name = file.name().map_err(damaged)?.into_owned();
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        let (own, mut inside) = of(fates, &name);
        // A member that is written anew has no comment any more.
        let commented = inside.remove(std::slice::from_ref(&COMMENT.to_owned())).is_some();
        match own {
            Some(Fate::Gone) => {}
            Some(Fate::Emptied) => writer.start_file(&name, options).map_err(damaged)?,
            None if inside.is_empty() && !commented => writer.raw_copy_file(file).map_err(damaged)?,
            None => {
                drop(file);
                let mut member = Vec::new();
                archive.by_index(i).map_err(damaged)?.take(limits.member_bytes).read_to_end(&mut member)?;
                if !inside.is_empty() {
                    member = rewritten(&name, &member, &inside, limits, depth + 1)?;
                }
                writer.start_file(&name, options).map_err(damaged)?;
                writer.write_all(&member)?;
            }
        }
    }
    Ok(writer.finish().map_err(damaged)?.into_inner())
}

fn tar(bytes: &[u8], fates: &Fates, limits: Limits, depth: usize) -> Result<Vec<u8>, Reason> {
    let mut archive = tar::Archive::new(bytes);
    let mut writer = tar::Builder::new(Vec::new());
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let (own, inside) = of(fates, &name);
        let mut header = entry.header().clone();
        let mut member = Vec::new();
        Read::take(&mut entry, limits.member_bytes).read_to_end(&mut member)?;
        match own {
            Some(Fate::Gone) => continue,
            Some(Fate::Emptied) => member.clear(),
            None if inside.is_empty() => {}
            None => member = rewritten(&name, &member, &inside, limits, depth + 1)?,
        }
        if header.entry_type().is_symlink() || header.entry_type().is_hard_link() {
            let target = entry.link_name()?.ok_or(Reason::Damaged)?.into_owned();
            writer.append_link(&mut header, &name, target)?;
            continue;
        }
        header.set_size(member.len() as u64);
        writer.append_data(&mut header, &name, member.as_slice())?;
    }
    Ok(writer.into_inner()?)
}

fn gzip(name: &str, bytes: &[u8], fates: &Fates, limits: Limits, depth: usize) -> Result<Vec<u8>, Reason> {
    let inner = inner_name(name);
    let (own, inside) = of(fates, &inner);
    let mut member = Vec::new();
    MultiGzDecoder::new(bytes).take(limits.member_bytes).read_to_end(&mut member)?;
    match own {
        // A stream without its only member is an empty stream.
        Some(_) => member.clear(),
        None if inside.is_empty() => return Ok(bytes.to_vec()),
        None => member = rewritten(&inner, &member, &inside, limits, depth + 1)?,
    }
    let mut writer = GzEncoder::new(Vec::new(), Compression::default());
    writer.write_all(&member)?;
    Ok(writer.finish()?)
}

/// Letters go whole: with all their parts, or not at all.
fn mailbox(bytes: &[u8], fates: &Fates) -> Result<Vec<u8>, Reason> {
    let mut out = Vec::with_capacity(bytes.len());
    for (i, range) in mail::messages(bytes).into_iter().enumerate() {
        let (own, inside) = of(fates, &(i + 1).to_string());
        match (own, inside.is_empty()) {
            (Some(Fate::Gone), _) => {}
            (None, true) => out.extend_from_slice(bytes.get(range).unwrap_or_default()),
            _ => return Err(Reason::WholeFileOnly),
        }
    }
    Ok(out)
}
