//! What a cell reads as: its text, and what lies packed or escaped in it.

use std::io::{Cursor, Read, Seek};

use formats::{Kind, Limits, is_packed, kind, leaves, otherwise};
use rows::{CellRef, Encoding, Tag, text_of};

/// Hears every text that a cell reads as; gives the bytes of what is packed in it and cannot be read.
pub fn reads_as(cell: CellRef<'_>, encoding: Encoding, hear: &mut dyn FnMut(&[u8])) -> u64 {
    let mut text = Vec::new();
    match cell.tag {
        Tag::Blob => text.extend_from_slice(cell.bytes),
        _ => text_of(cell, encoding, &mut text),
    }
    heard(&text, hear);
    let escaped = matches!(text.first(), Some(b'{' | b'[' | b'"')) && text.contains(&b'\\');
    let name = match kind("", &text) {
        _ if escaped => "cell.json",
        Kind::Zip | Kind::Gzip | Kind::Tar | Kind::Pdf | Kind::Ole => "cell",
        // Pictures in cells are passed over; what is packed and not opened is counted.
        _ => return if is_packed(&text) { text.len() as u64 } else { 0 },
    };
    let unread = unpacked(name, Cursor::new(text.as_slice()), hear);
    // Text that only looks like JSON was heard as it is.
    if escaped { 0 } else { unread }
}

/// Hears a text, and once more as it reads otherwise written.
fn heard(text: &[u8], hear: &mut dyn FnMut(&[u8])) {
    hear(text);
    if let Ok(text) = std::str::from_utf8(text) {
        otherwise(text, &mut |text| hear(text.as_bytes()));
    }
}

/// Hears every text and every name in a file that is packed; gives the bytes that cannot be read.
pub(crate) fn unpacked(name: &str, input: impl Read + Seek, hear: &mut dyn FnMut(&[u8])) -> u64 {
    let mut unread = 0;
    let heard = leaves(name, input, Limits::default(), &mut |leaf| {
        leaf.path.iter().for_each(|name| heard(name.as_bytes(), hear));
        match leaf.text {
            Ok(text) => heard(text.as_bytes(), hear),
            Err(_) => unread += leaf.bytes.max(1),
        }
        Ok(())
    });
    unread + u64::from(heard.is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_escapes_and_packed_files_are_heard() {
        let heard = |tag, bytes: &[u8]| {
            let mut all = Vec::new();
            let unread = reads_as(CellRef { tag, bytes }, Encoding::Utf8, &mut |text| all.extend_from_slice(text));
            (String::from_utf8_lossy(&all).into_owned(), unread)
        };
        assert!(heard(Tag::Text, br#"{"to": "\u4e0a\u6d77 7"}"#).0.contains("\u{4e0a}\u{6d77} 7"));
        // `call 13900000007`, as gzip packs it.
        let packed =
            [31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 75, 78, 204, 201, 81, 48, 52, 182, 52, 128, 0, 115, 0, 213, 86, 91, 254, 16, 0, 0, 0];
        let (text, unread) = heard(Tag::Blob, &packed);
        assert!(text.contains("call 13900000007") && unread == 0, "{text} {unread}");
        assert_eq!(heard(Tag::Integer, &13_900_000_007_i64.to_be_bytes()), ("13900000007".to_owned(), 0));
    }
}
