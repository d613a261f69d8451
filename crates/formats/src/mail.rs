//! Mails as text and attachments; mailboxes as mails.

use std::collections::BTreeMap;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::parsers::MessageStream;
use mail_parser::{Encoding, Header, HeaderValue, Message, MessageParser, MessagePart, MimeHeaders, PartType};

use crate::encoding::decode;
use crate::reason::Reason;
use crate::text::strictly;

/// Most parts of one mail.
const PARTS_MAX: usize = 1_000;

/// A mail.
pub(crate) struct Mail {
    /// Headers, decoded.
    pub headers: String,
    /// Parts: name, and either their text or their bytes.
    pub parts: Vec<(String, Part)>,
}

/// A part of a mail.
pub(crate) enum Part {
    /// Text, or HTML as text.
    Text(String),
    /// Anything else: an attachment.
    Bytes(Vec<u8>),
    /// What could not be undone.
    Fault(Reason),
}

/// Reads a mail.
///
/// # Errors
/// If it is none, or has too many parts.
pub(crate) fn read(bytes: &[u8]) -> Result<Mail, Reason> {
    let message = MessageParser::default().parse(bytes).ok_or(Reason::Damaged)?;
    if message.parts.len() > PARTS_MAX {
        return Err(Reason::TooManyMembers);
    }
    let mut headers = String::new();
    for header in message.parts.iter().flat_map(|p| &p.headers) {
        written(header, &message.raw_message, &mut headers);
    }
    let mut parts = Vec::new();
    for (i, part) in message.parts.iter().enumerate() {
        // A transfer encoding that is broken: what could not be undone is not read.
        if part.is_encoding_problem && !matches!(part.body, PartType::Multipart(_)) {
            parts.push(((i + 1).to_string(), Part::Fault(Reason::Damaged)));
        }
        if part.text_contents().is_some_and(|t| t.contains('\u{fffd}')) {
            parts.push(((i + 1).to_string(), otherwise(part, &message.raw_message)));
        }
        let name = part.attachment_name().map_or_else(|| (i + 1).to_string(), str::to_owned);
        match &part.body {
            PartType::Text(t) if part.attachment_name().is_none() => {
                uuencoded(t, &mut parts);
                parts.push((name, Part::Text(t.to_string())));
            }
            PartType::Html(t) => parts.push((name, Part::Text(crate::html::text(t.as_bytes())))),
            PartType::Text(t) => parts.push((name, Part::Bytes(t.as_bytes().to_vec()))),
            PartType::Binary(b) | PartType::InlineBinary(b) => parts.push((name, Part::Bytes(b.to_vec()))),
            PartType::Message(m) => parts.push((name, Part::Bytes(m.raw_message().to_vec()))),
            PartType::Multipart(_) => {}
        }
    }
    parts.push(("0".to_owned(), Part::Text(beside(&message))));
    Ok(Mail { headers, parts })
}

/// A text that is not of the encoding that it says.
fn otherwise(part: &MessagePart<'_>, raw: &[u8]) -> Part {
    let at = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    let body = raw.get(at(part.offset_body)..at(part.offset_end)).unwrap_or_default();
    let bytes = match part.encoding {
        Encoding::Base64 => base64_decode(body),
        Encoding::QuotedPrintable => quoted_printable_decode(body),
        Encoding::None => Some(body.to_vec()),
    };
    bytes.ok_or(Reason::Damaged).and_then(|bytes| strictly(&bytes)).map_or_else(Part::Fault, Part::Text)
}

/// A header on one line, and once more with its encoded words undone.
fn written(header: &Header<'_>, raw: &[u8], out: &mut String) {
    let at = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    let Some(own) = raw.get(at(header.offset_field)..at(header.offset_end)) else { return };
    let lines: Vec<String> = decode(own, None).lines().map(|l| l.trim().to_owned()).collect();
    out.extend([lines.join(" ").as_str(), "\n"]);
    if own.windows(2).any(|w| w == b"=?")
        && let HeaderValue::Text(text) = MessageStream::new(&[own, b"\n"].concat()).parse_unstructured()
    {
        out.extend([text.as_ref(), "\n"]);
    }
}

/// What belongs to no part: before the first, behind the last.
fn beside(message: &Message<'_>) -> String {
    let at = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    let of = |p: &MessagePart<'_>| {
        let end = if matches!(p.body, PartType::Multipart(_)) { p.offset_body } else { p.offset_end };
        at(p.offset_header)..at(end)
    };
    let mut ranges: Vec<_> = message.parts.iter().map(of).collect();
    ranges.sort_unstable_by_key(|r| r.start);
    let (mut out, mut from, raw) = (String::new(), 0, message.raw_message.as_ref());
    for range in ranges.into_iter().chain(std::iter::once(raw.len()..raw.len())) {
        let gap = raw.get(from..range.start).unwrap_or_default();
        out.push_str(&decode(gap, None));
        from = from.max(range.end);
    }
    out
}

/// Files that stand in a text line by line (`begin 644 name`), each as a part of its own.
fn uuencoded(text: &str, parts: &mut Vec<(String, Part)>) {
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if parts.len() > PARTS_MAX {
            parts.push(("begin".to_owned(), Part::Fault(Reason::TooManyMembers)));
            return;
        }
        let Some((mode, name)) = line.strip_prefix("begin ").and_then(|l| l.split_once(' ')) else { continue };
        if !(3..=4).contains(&mode.len()) || !mode.bytes().all(|b| (b'0'..=b'7').contains(&b)) {
            continue;
        }
        let mut bytes = Some(Vec::new());
        for line in lines.by_ref().take_while(|l| *l != "end") {
            bytes = bytes.and_then(|before| undone(line, before));
        }
        parts.push((name.trim().to_owned(), bytes.map_or(Part::Fault(Reason::Damaged), Part::Bytes)));
    }
}

/// One line: how many bytes it holds, and six bits a character.
fn undone(line: &str, mut before: Vec<u8>) -> Option<Vec<u8>> {
    let (first, rest) = line.as_bytes().split_first()?;
    let bits = |b: Option<&u8>| b.map_or(Some(0), |b| b.checked_sub(b' ').filter(|n| *n <= 64)).map(|n| u32::from(n & 63));
    let mut out = Vec::new();
    for four in rest.chunks(4) {
        let all = (0..4).try_fold(0, |all, i| bits(four.get(i)).map(|n| all << 6 | n))?;
        out.extend(all.to_be_bytes().into_iter().skip(1));
    }
    out.truncate(usize::try_from(bits(Some(first))?).ok()?);
    before.extend(out);
    Some(before)
}

/// What stands before the first mail of a mailbox, as if it were one.
pub(crate) const BEFORE: &str = "(before)";

/// Each mail of a mailbox: a name that stays whatever becomes of the others, made of its bytes, and where it lies.
pub(crate) fn letters(bytes: &[u8]) -> Vec<(String, std::ops::Range<usize>)> {
    let mut times: BTreeMap<u32, usize> = BTreeMap::new();
    let named = |range: std::ops::Range<usize>| {
        let mut crc = flate2::Crc::new();
        crc.update(bytes.get(range.clone()).unwrap_or_default());
        let nth = times.entry(crc.sum()).or_default();
        *nth += 1;
        let name = if *nth == 1 { format!("{:08x}", crc.sum()) } else { format!("{:08x}-{nth}", crc.sum()) };
        (name, range)
    };
    messages(bytes).into_iter().map(named).collect()
}

/// Where each mail of a mailbox lies: lines that begin with `From ` after an empty line begin one.
fn messages(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut starts = Vec::new();
    let mut at = 0;
    let mut empty_before = true;
    while at < bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        let end = rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |n| n + 1);
        let line = rest.get(..end).unwrap_or_default();
        if empty_before && line.starts_with(b"From ") {
            starts.push(at);
        }
        empty_before = line.iter().all(u8::is_ascii_whitespace);
        at += end;
    }
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    starts.iter().copied().zip(ends).map(|(from, to)| from..to).collect()
}
