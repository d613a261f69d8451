//! The text of PDF documents, read apart from everything else: broken files have crashed readers before.

use std::io::Read as _;
use std::sync::mpsc;
use std::time::Duration;

use flate2::read::ZlibDecoder;
use pdf_extract::{Document, Object, Stream};

use crate::reason::Reason;

/// Longest reading of one document.
const PATIENCE: Duration = Duration::from_secs(60);

/// A document.
pub(crate) struct Pdf {
    /// What stands on its pages.
    pub text: Result<String, Reason>,
    /// Notes, fields, links, properties: every other string of it.
    pub beside: String,
    /// Files in it; none if one cannot be unpacked.
    pub attached: Vec<Option<Vec<u8>>>,
    /// Bytes of pictures.
    pub pictures: u64,
}

/// Reads a document.
///
/// # Errors
/// If it is locked or damaged, or takes too long.
pub(crate) fn read(bytes: &[u8]) -> Result<Pdf, Reason> {
    if bytes.windows(9).any(|w| w == b"/Encrypt " || w == b"/Encrypt\n" || w == b"/Encrypt<") {
        return Err(Reason::PasswordProtected);
    }
    let (done, result) = mpsc::channel();
    let own = bytes.to_vec();
    let reading = std::thread::Builder::new().name("pdf".to_owned()).stack_size(64 << 20);
    let spawned = reading.spawn(move || {
        let read = std::panic::catch_unwind(|| pages(&own));
        // Whoever asked may have gone already.
        let _ = done.send(read.ok().flatten());
    });
    spawned.map_err(|_| Reason::Unreadable)?;
    match result.recv_timeout(PATIENCE) {
        Ok(Some(pdf)) => Ok(pdf),
        Ok(None) => Err(Reason::Damaged),
        Err(_) => Err(Reason::TooLarge),
    }
}

fn pages(bytes: &[u8]) -> Option<Pdf> {
    let text = pdf_extract::extract_text_from_mem(bytes).ok()?;
    let text = if text.trim().is_empty() { Err(Reason::NoText) } else { Ok(text) };
    let mut out = Pdf { text, beside: String::new(), attached: Vec::new(), pictures: 0 };
    let document = Document::load_mem(bytes).ok()?;
    document.trailer.iter().for_each(|(_, value)| object(value, &mut out));
    document.objects.values().for_each(|value| object(value, &mut out));
    Some(out)
}

/// Strings of an object and of what lies in it, and what it holds as a stream.
fn object(value: &Object, out: &mut Pdf) {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Object::String(bytes, _) => {
                out.beside.push('\n');
                out.beside.push_str(&string(bytes));
            }
            Object::Array(all) => open.extend(all),
            Object::Dictionary(fields) => open.extend(fields.iter().map(|(_, value)| value)),
            Object::Stream(own) => {
                open.extend(own.dict.iter().map(|(_, value)| value));
                stream(own, out);
            }
            _ => {}
        }
    }
}

/// A string of no page: two bytes a character behind a mark, else one.
fn string(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, rest @ ..] => encoding_rs::UTF_16BE.decode_without_bom_handling(rest).0.into_owned(),
        [0xff, 0xfe, rest @ ..] => encoding_rs::UTF_16LE.decode_without_bom_handling(rest).0.into_owned(),
        plain => crate::encoding::decode(plain, None),
    }
}

fn stream(own: &Stream, out: &mut Pdf) {
    let is = |name: &[u8], word: &[u8]| own.dict.get(name).and_then(Object::as_name).is_ok_and(|v| v == word);
    let side = |name: &[u8]| own.dict.get(name).and_then(Object::as_i64).unwrap_or_default();
    if is(b"Type", b"Metadata") {
        match content(own) {
            Some(bytes) => out.beside.push_str(&crate::html::text(&bytes)),
            None => out.attached.push(None),
        }
    } else if is(b"Type", b"EmbeddedFile") || own.dict.has(b"Params") {
        out.attached.push(content(own));
    } else if is(b"Subtype", b"Image") && side(b"Width").min(side(b"Height")) >= PICTURE_MIN {
        out.pictures += own.content.len() as u64;
    }
}

/// Shortest side of a picture in which something may be written; what is smaller is an ornament.
const PICTURE_MIN: i64 = 64;

/// Most bytes of a stream.
const STREAM_MAX: u64 = 64 << 20;

/// The bytes of a stream, if it is packed in the usual way or not at all.
fn content(own: &Stream) -> Option<Vec<u8>> {
    let filters = own.filters().unwrap_or_default();
    if filters.is_empty() {
        return Some(own.content.clone());
    }
    if filters != [b"FlateDecode"] || own.dict.has(b"DecodeParms") {
        return None;
    }
    let mut out = Vec::new();
    let read = ZlibDecoder::new(own.content.as_slice()).take(STREAM_MAX + 1).read_to_end(&mut out);
    read.ok().filter(|n| *n as u64 <= STREAM_MAX).map(|_| out)
}
