//! The text view of a value: what detection and people read; the source's bytes stay as they are.

use encoding_rs::{Encoding as Codec, GB18030, UTF_8, UTF_16BE, UTF_16LE};

use crate::batch::{CellRef, Tag};

/// Encoding of the text bytes of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// GB18030, and what is written as GBK or GB2312.
    Gb18030,
    /// UTF-16, little-endian.
    Utf16Le,
    /// UTF-16, big-endian.
    Utf16Be,
}

impl Encoding {
    /// The word as it stands in schema documents.
    pub fn word(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf_8",
            Encoding::Gb18030 => "gb18030",
            Encoding::Utf16Le => "utf_16le",
            Encoding::Utf16Be => "utf_16be",
        }
    }

    fn codec(self) -> &'static Codec {
        match self {
            Encoding::Utf8 => UTF_8,
            Encoding::Gb18030 => GB18030,
            Encoding::Utf16Le => UTF_16LE,
            Encoding::Utf16Be => UTF_16BE,
        }
    }

    /// The text of bytes; what is malformed becomes U+FFFD.
    pub fn decode(self, bytes: &[u8]) -> std::borrow::Cow<'_, str> {
        self.codec().decode_without_bom_handling(bytes).0
    }

    /// The bytes of a text; what an encoding does not have becomes a reference to its number.
    pub fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Encoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Encoding::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            Encoding::Utf8 | Encoding::Gb18030 => self.codec().encode(text).0.into_owned(),
        }
    }
}

/// Appends the text view of a value to `out`.
pub fn text_of(cell: CellRef<'_>, encoding: Encoding, out: &mut Vec<u8>) {
    match cell.tag {
        Tag::Null | Tag::Blob => {}
        Tag::Integer => out.extend(cell.integer().map(|n| n.to_string()).unwrap_or_default().as_bytes()),
        Tag::Real => out.extend(cell.real().map(|n| n.to_string()).unwrap_or_default().as_bytes()),
        Tag::Text | Tag::Other if encoding == Encoding::Utf8 => out.extend_from_slice(cell.bytes),
        Tag::Text | Tag::Other => out.extend_from_slice(encoding.decode(cell.bytes).as_bytes()),
    }
}
