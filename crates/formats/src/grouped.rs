//! Numbers that people write in groups of digits, in one piece: telephones and cards.

use std::ops::RangeInclusive;

/// Digits of a number that points to one person, at least and at most.
const DIGITS: RangeInclusive<usize> = 10..=19;
/// Groups of digits that one number is written in at most.
const GROUPS_MAX: usize = 6;
/// Signs between two of its groups at most: ` - `.
const BETWEEN_MAX: usize = 3;
/// Digits of a resident identity number before its last sign, which may be an `X` (GB 11643-1999).
const RESIDENT: usize = 17;

/// A group of digits, and what stands between it and the one before it.
struct Group<'a> {
    between: &'a str,
    digits: &'a str,
}

/// Hears numbers that are written in groups (`139-0123-4567`, `+86 139 0123 4567`, `(0755) 2345 6789`) in one piece, from each group on to each
/// that may be their last; and resident identity numbers that end with a small letter, with a capital one.
pub(crate) fn grouped(text: &str, hear: &mut dyn FnMut(&str)) {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let (mut rest, mut number) = (text, String::new());
    while let Some(from) = rest.bytes().position(|b| b.is_ascii_digit()) {
        let (between, digits) = rest.split_at(from);
        let len = digits.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, after) = digits.split_at(len);
        if !joins(between) || len > *DIGITS.end() {
            groups.clear();
        } else if groups.len() == GROUPS_MAX {
            groups.remove(0);
        }
        groups.push(Group { between, digits });
        each_that_ends_here(&groups, &mut number, hear);
        if len == RESIDENT && after.starts_with('x') {
            hear(&format!("{digits}X"));
        }
        rest = after;
    }
}

/// Hears the numbers whose last group is the last one.
fn each_that_ends_here(groups: &[Group<'_>], number: &mut String, hear: &mut dyn FnMut(&str)) {
    for first in 0..groups.len().saturating_sub(1) {
        let own = groups.get(first..).unwrap_or_default();
        let len: usize = own.iter().map(|g| g.digits.len()).sum();
        // Points part the groups of some telephones, and decimals from whole numbers: the former have nothing else between them.
        let mut between = own.iter().skip(1).map(|g| g.between);
        let points = between.clone().any(|b| b == ".");
        if DIGITS.contains(&len) && (!points || between.all(|b| b == ".")) {
            number.clear();
            number.extend(own.iter().map(|g| g.digits));
            hear(number);
        }
    }
}

/// Whether groups of one number may have this between them.
fn joins(between: &str) -> bool {
    let sign = |c: char| {
        matches!(
            c,
            ' ' | '-' | '.' | '/' | '(' | ')' | '+' | '\u{a0}' | '\u{2007}' | '\u{2009}'
                ..='\u{2014}' | '\u{202f}' | '\u{2212}' | '\u{3000}'
        )
    };
    !between.is_empty() && between.chars().count() <= BETWEEN_MAX && between.chars().all(sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_heard_in_one_piece() {
        let heard = |text: &str| {
            let mut out = Vec::new();
            grouped(text, &mut |n| out.push(n.to_owned()));
            out
        };
        let whole = [
            ("139-0123-4567", "13901234567"),
            ("+86 139 0123 4567", "13901234567"),
            ("+86 139 0123 4567", "8613901234567"),
            ("(0755) 2345 6789", "075523456789"),
            ("+49 (0)151 23456789", "15123456789"),
            ("555.123.4567", "5551234567"),
            ("6222 0212 3456 7890 123", "6222021234567890123"),
            ("2024-01-15 139-0123-4567", "13901234567"),
            ("139\u{a0}0123\u{2013}4567", "13901234567"),
            ("139 - 0123 - 4567", "13901234567"),
            ("t=139+0123+4567", "13901234567"),
            ("139\u{3000}0123\u{2212}4567", "13901234567"),
            ("11010519491231002x", "11010519491231002X"),
        ];
        for (text, number) in whole {
            assert!(heard(text).iter().any(|n| n == number), "{text}: {:?}", heard(text));
        }
        for apart in ["13901234567", "139,0123,4567", "139\n0123\n4567", "113.264385 23.129112", "12 34 56"] {
            assert!(heard(apart).is_empty(), "{apart}: {:?}", heard(apart));
        }
    }

    #[test]
    fn what_is_heard_grows_with_the_text() {
        for text in ["1 2 3 4 5 6 7 8 9 ".repeat(1_000), "12 ".repeat(3_000), "1234 ".repeat(3_000), "1234567 ".repeat(3_000)] {
            let mut bytes = 0;
            grouped(&text, &mut |n| bytes += n.len());
            assert!(bytes < text.len() * 16, "{bytes} of {}", text.len());
        }
    }
}
