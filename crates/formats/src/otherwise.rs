//! Text as a reader understands it who does not mind how it is written: small letters in addresses, narrow digits, nothing that cannot be
//! seen, folded lines in one piece, escapes undone, telephone and card numbers without what stands between their digits.

use std::borrow::Cow;

use crate::escapes::{ESCAPES, undone_quoted};
use crate::grouped::grouped;

/// Bytes that are heard at once, at least, unless there are no more.
const PIECE: usize = 1 << 16;

/// Hears a text as it reads otherwise written, in pieces; nothing if there is nothing to it.
pub fn otherwise(text: &str, hear: &mut dyn FnMut(&str)) {
    let folded = fold(text);
    folded.iter().for_each(|folded| hear(folded));
    let text = folded.as_deref().unwrap_or(text);
    let mut pieces = Pieces { text: String::new(), hear };
    for (sign, undo) in ESCAPES.iter().filter(|(sign, _)| text.contains(sign)) {
        for line in text.split('\n').flat_map(parts).filter(|l| l.contains(sign)).filter_map(undo) {
            grouped(&line, &mut |number| pieces.add(number));
            pieces.add(&fold(&line).unwrap_or(line));
        }
    }
    grouped(text, &mut |number| pieces.add(number));
    pieces.end();
}

/// Bytes of a line that are undone at once, at most, and those that are undone once more with what follows: more than a value has.
const LINE: usize = 1 << 20;
const OVERLAP: usize = 4 << 10;

/// A line in parts that overlap: what is undone takes several times the room.
fn parts(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let line = rest?;
        let part = line.get(..line.floor_char_boundary(LINE))?;
        rest = (part.len() < line.len()).then(|| line.get(line.floor_char_boundary(LINE - OVERLAP)..)).flatten();
        Some(part)
    })
}

/// Hears a value as it reads otherwise written, where that is all of it: as many letters and digits as it has itself.
pub fn wholly(value: &str, hear: &mut dyn FnMut(&str)) {
    let count = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
    let all = count(value);
    otherwise(value, &mut |piece| piece.lines().filter(|line| count(line) == all).for_each(&mut *hear));
}

/// Lines that are heard many at a time.
struct Pieces<'a> {
    text: String,
    hear: &'a mut dyn FnMut(&str),
}

impl Pieces<'_> {
    fn add(&mut self, line: &str) {
        self.text.extend([line, "\n"]);
        if self.text.len() >= PIECE {
            self.end();
        }
    }

    fn end(&mut self) {
        if !self.text.is_empty() {
            (self.hear)(&self.text);
            self.text.clear();
        }
    }
}

/// The same text otherwise written; none if there is nothing to it.
fn fold(text: &str) -> Option<String> {
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
    let undone = undone_quoted(&joined).unwrap_or_default();
    whole + "\n" + &undone
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let mut out = String::new();
        otherwise(text, &mut |piece| out.extend([piece, "\n"]));
        out
    }

    #[test]
    fn all_of_a_value_or_nothing() {
        let cases = [("+1 (403) 262-3443", "14032623443"), ("A.B@Example.com", "a.b@example.com"), ("110105-19491231-002x", "")];
        for (value, expected) in cases {
            let mut heard = Vec::new();
            wholly(value, &mut |line| heard.push(line.to_owned()));
            assert_eq!(heard.join(" "), expected, "{value}");
        }
    }

    #[test]
    fn a_long_line_is_undone_in_parts_of_which_none_cuts_a_value() {
        let value = "member.41%40example.com,";
        for before in [LINE - 40, LINE - 12, LINE - 1, LINE, 3 * LINE - OVERLAP] {
            let line = format!("{}{value}{}", "x%20".repeat(before / 4), "%20y".repeat(1_000));
            assert!(read(&line).contains("member.41@example.com,"), "{before}");
            assert!(parts(&line).all(|part| part.len() <= LINE) && parts(&line).map(str::len).sum::<usize>() >= line.len());
        }
    }

    #[test]
    fn what_reads_the_same_is_the_same() {
        let cases = [
            ("MEMBER.41@EXAMPLE.COM", "member.41@example.com"),
            ("\u{ff11}\u{ff13}\u{ff19}\u{ff10}\u{ff10}000007", "13900000007"),
            ("139\u{ad}0000\u{200b}0007", "13900000007"),
            ("BEGIN:VCARD\r\nNOTE:call 1390000\r\n 0007\r\n", "call 13900000007"),
            ("BEGIN:VCARD\nADR;ENCODING=QUOTED-PRINTABLE:=E4=B8=8A=\n=E6=B5=B7 7\n", "\u{4e0a}\u{6d77} 7"),
            ("7,member.41%40example.com\n", "member.41@example.com"),
            ("7,MEMBER.41\\u0040example.com\n", "member.41@example.com"),
            ("7,member.41=40example.com\n", "member.41@example.com"),
            ("7,member.41&#64;example.com\n", "member.41@example.com"),
            ("7,member.41\\x40example.com\n", "member.41@example.com"),
            ("7,member.41&commat;example.com&ref=caf%E9\n", "member.41@example.com"),
            ("{\"p\":\"{\\\"m\\\":\\\"member.41\\\\u0040example.com\\\"}\"}", "member.41@example.com"),
            ("to=%E4%B8%8A%E6%B5%B7+7&ref=caf%E9", "\u{4e0a}\u{6d77}+7"),
            ("139&nbsp;0000&nbsp;0007", "13900000007"),
            ("tel%3A139-0000-0007", "13900000007"),
            ("\u{ff11}39\u{ff0d}0000\u{ff0d}0007", "13900000007"),
        ];
        for (written, same) in cases {
            assert!(read(written).contains(same), "{written}: {}", read(written));
        }
        assert_eq!(read("Nothing to undo, 13900000007, 50% of = & more"), "");
    }
}
