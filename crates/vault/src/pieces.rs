//! Texts cut into pieces that may be alike in many rows: runs of digits in their usual groups, what stands between them, and its characters.

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A group of digits.
    Digits(&'a [u8]),
    /// What stands between digits.
    Between(&'a [u8]),
}

/// The pieces of a text, in order; joined they are the text.
pub(crate) fn pieces(text: &[u8]) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.first() {
        let digit = first.is_ascii_digit();
        let len = rest.iter().position(|b| b.is_ascii_digit() != digit).unwrap_or(rest.len());
        let (run, tail) = rest.split_at(len);
        rest = tail;
        if digit {
            groups(run, &mut out);
        } else {
            out.push(Piece::Between(run));
        }
    }
    out
}

/// Longest group of digits.
pub(crate) const GROUP_MAX: usize = 9;

/// A run of digits in the groups that its length suggests: mobile, resident identity number, day, instant.
fn groups<'a>(run: &'a [u8], out: &mut Vec<Piece<'a>>) {
    let lens: &[usize] = match run.len() {
        8 => &[4, 2, 2],
        11 => &[3, 8],
        14 => &[4, 2, 2, 2, 2, 2],
        17 => &[6, 4, 2, 2, 3],
        18 => &[6, 4, 2, 2, 4],
        _ => &[],
    };
    let mut rest = run;
    for len in lens {
        let (group, tail) = rest.split_at((*len).min(rest.len()));
        out.push(Piece::Digits(group));
        rest = tail;
    }
    out.extend(rest.chunks(GROUP_MAX).map(Piece::Digits));
}

/// The words and characters of what stands between digits: letters together, every other character (of UTF-8, or two bytes as in
/// GB 18030) by itself.
pub(crate) fn fine(between: &[u8]) -> Vec<&[u8]> {
    let mut out = Vec::new();
    let mut rest = between;
    while let Some(first) = rest.first() {
        let len = match first {
            b if b.is_ascii_alphabetic() => rest.iter().position(|b| !b.is_ascii_alphabetic()).unwrap_or(rest.len()),
            b if b.is_ascii() => 1,
            _ => (2..=4).find(|n| rest.get(..*n).is_some_and(|c| std::str::from_utf8(c).is_ok())).unwrap_or(2),
        };
        let (word, tail) = rest.split_at(len.min(rest.len()));
        out.push(word);
        rest = tail;
    }
    out
}
