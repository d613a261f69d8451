//! Mails as text and attachments; mailboxes as mails.

use mail_parser::{MessageParser, MimeHeaders, PartType};

use crate::reason::Reason;

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
    for header in message.headers() {
        let value = match header.value() {
            mail_parser::HeaderValue::Text(t) => t.to_string(),
            mail_parser::HeaderValue::TextList(all) => all.join(", "),
            mail_parser::HeaderValue::Address(all) => {
                let one = |a: &mail_parser::Addr<'_>| [a.name().unwrap_or_default(), a.address().unwrap_or_default()].join(" ");
                all.iter().map(one).collect::<Vec<_>>().join(", ")
            }
            _ => String::new(),
        };
        if !value.is_empty() {
            headers.push_str(&format!("{}: {value}\n", header.name()));
        }
    }
    let mut parts = Vec::new();
    for (i, part) in message.parts.iter().enumerate() {
        let name = part.attachment_name().map_or_else(|| (i + 1).to_string(), str::to_owned);
        match &part.body {
            PartType::Text(t) if part.attachment_name().is_none() => parts.push((name, Part::Text(t.to_string()))),
            PartType::Html(t) => parts.push((name, Part::Text(crate::html::text(t.as_bytes())))),
            PartType::Text(t) => parts.push((name, Part::Bytes(t.as_bytes().to_vec()))),
            PartType::Binary(b) | PartType::InlineBinary(b) => parts.push((name, Part::Bytes(b.to_vec()))),
            PartType::Message(m) => parts.push((name, Part::Bytes(m.raw_message().to_vec()))),
            PartType::Multipart(_) => {}
        }
    }
    Ok(Mail { headers, parts })
}

/// What stands before the first mail of a mailbox, as if it were one.
pub(crate) const BEFORE: &str = "(before)";

/// Where each mail of a mailbox lies: lines that begin with `From ` after an empty line begin one.
pub(crate) fn messages(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
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
