//! What no reader of formats opens: streams of zlib, archives behind other bytes, members too large to be held; and what nobody here opens.

use std::io::{self, Read, Seek, SeekFrom};

use flate2::read::{MultiGzDecoder, ZlibDecoder};
use formats::{HEAD, Kind, is_packed, kind};
use zip::ZipArchive;
use zip::result::ZipError;

use super::look::Look;

/// Bytes from the end of a file within which the end record of an archive begins: the record and its longest comment (APPNOTE 4.3.16).
const END: u64 = 22 + 0xffff;

/// Whether what begins so holds more than its bytes show: it is packed in a way that is not opened, or escapes its letters.
pub(super) fn is_kept_shut(head: &[u8]) -> bool {
    is_packed(head) && !head.starts_with(b"SQLite format 3\0") || head.starts_with(b"{\\rtf")
}

/// Looks through a stream of zlib (RFC 1950) as it unpacks.
pub(super) fn unzlib(look: &mut Look<'_>, input: &mut (impl Read + Seek), head: &[u8]) -> io::Result<()> {
    let begins = matches!(head, [0x78, flags, ..] if (0x7800 | u16::from(*flags)) % 31 == 0);
    let mut first = Vec::new();
    // Two bytes that fit are not much: a stream gives something at once.
    if !begins || ZlibDecoder::new(head).take(1).read_to_end(&mut first).is_err() || first.is_empty() {
        return Ok(());
    }
    input.rewind()?;
    let head = beginning(ZlibDecoder::new(&mut *input))?;
    input.rewind()?;
    if look.stream(ZlibDecoder::new(input)) && !is_plain("", &head) {
        look.seen.unread.insert("packed");
    }
    Ok(())
}

/// An archive whose end record stands at the end of something that is none itself; an error if it cannot be opened.
pub(super) fn behind<R: Read + Seek>(mut input: R) -> io::Result<Option<Result<ZipArchive<R>, ZipError>>> {
    let size = input.seek(SeekFrom::End(0))?;
    input.seek(SeekFrom::Start(size.saturating_sub(END)))?;
    let mut tail = Vec::new();
    (&mut input).take(END).read_to_end(&mut tail)?;
    // Its disk numbers are those of an archive in one piece.
    let ends = tail.windows(8).any(|w| w == b"PK\x05\x06\0\0\0\0");
    Ok(ends.then(|| ZipArchive::new(input)))
}

/// Looks through a member, or through all that a file unpacks to, which is too large to be held: as it unpacks, and no deeper. Whether that
/// was all of it.
pub(super) fn large_member(look: &mut Look<'_>, name: &str, input: &mut (impl Read + Seek), path: &[String]) -> io::Result<bool> {
    input.rewind()?;
    let mut head = Vec::new();
    input.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(match (kind(name, &head), path) {
        (Kind::Gzip, []) => {
            input.rewind()?;
            let inner = beginning(MultiGzDecoder::new(&mut *input));
            input.rewind()?;
            let whole = look.stream(MultiGzDecoder::new(input));
            whole && inner.is_ok_and(|head| is_plain(name.strip_suffix(".gz").unwrap_or(name), &head))
        }
        (Kind::Zip, [member]) => {
            let Ok(mut archive) = ZipArchive::new(input) else { return Ok(false) };
            let inner = archive.by_name(member).map_err(io::Error::from).and_then(beginning);
            let whole = archive.by_name(member).is_ok_and(|member| look.stream(member));
            whole && inner.is_ok_and(|head| is_plain(member, &head))
        }
        // It was looked through as it lies.
        (_, []) => is_plain(name, &head),
        _ => false,
    })
}

/// Whether the bytes of what begins so are all that there is to it.
fn is_plain(name: &str, head: &[u8]) -> bool {
    matches!(kind(name, head), Kind::Text | Kind::Delimited | Kind::JsonLines | Kind::Json | Kind::Unknown) && !is_kept_shut(head)
}

fn beginning(input: impl Read) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    input.take(HEAD as u64).read_to_end(&mut out)?;
    Ok(out)
}
