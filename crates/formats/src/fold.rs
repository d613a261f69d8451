//! Text as a reader understands it who does not mind how it is written: small letters in addresses, narrow digits, nothing that cannot be
//! seen, folded lines in one piece.

use std::borrow::Cow;

/// The same text otherwise written; none if there is nothing to it.
pub fn fold(text: &str) -> Option<String> {
    let card = text.contains("BEGIN:V");
    let unfolded: Cow<'_, str> = if card { Cow::Owned(card_lines(text)) } else { Cow::Borrowed(text) };
    let small = unfolded.contains('@');
    let narrow = |c: char| match c {
        // Soft hyphen, zero-width space and joiners, word joiner, mark of byte order.
        '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => None,
        // Full-width forms of ASCII.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
        c if small => Some(c.to_ascii_lowercase()),
        c => Some(c),
    };
    let otherwise = unfolded.chars().any(|c| narrow(c) != Some(c));
    (card || otherwise).then(|| unfolded.chars().filter_map(narrow).collect())
}

/// Lines of a card or a calendar, whole again (RFC 5545 §3.1, RFC 6350 §3.2), and what is written in quoted-printable (vCard 2.1).
fn card_lines(text: &str) -> String {
    let whole = text.replace("\r\n ", "").replace("\r\n\t", "").replace("\n ", "").replace("\n\t", "");
    if !whole.contains("QUOTED-PRINTABLE") {
        return whole;
    }
    let joined = whole.replace("=\r\n", "").replace("=\n", "");
    let mut out = Vec::with_capacity(joined.len());
    let mut rest = joined.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.first_chunk::<2>().and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        match hex.filter(|_| *first == b'=') {
            Some(byte) => {
                out.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    whole + "\n" + &String::from_utf8_lossy(&out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_the_same_is_the_same() {
        let cases = [
            ("MEMBER.41@EXAMPLE.COM", "member.41@example.com"),
            ("\u{ff11}\u{ff13}\u{ff19}\u{ff10}\u{ff10}000007", "13900000007"),
            ("139\u{ad}0000\u{200b}0007", "13900000007"),
            ("BEGIN:VCARD\r\nNOTE:call 1390000\r\n 0007\r\n", "call 13900000007"),
            ("BEGIN:VCARD\nADR;ENCODING=QUOTED-PRINTABLE:=E4=B8=8A=\n=E6=B5=B7 7\n", "\u{4e0a}\u{6d77} 7"),
        ];
        for (written, read) in cases {
            assert!(fold(written).is_some_and(|text| text.contains(read)), "{written}");
        }
        assert_eq!(fold("Nothing To Fold, 13900000007"), None);
    }
}
