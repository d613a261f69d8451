//! Numbers: resident identity, mobile, bank card, all from one walk over the digit runs of the buffer.

use std::collections::{HashMap, HashSet};

use crate::Detector;
use crate::digits::{birth_date_ok, luhn_ok, resident_check};
use crate::kind::Kind;
use crate::texts::{Hits, Texts};

/// Detector of resident numbers, mobiles and bank cards.
pub(crate) struct Numbers {
    areas: HashSet<[u8; 6]>,
    bins: HashMap<Vec<u8>, Vec<usize>>,
}

/// A group of digits inside a run: offsets in the buffer.
type Group = (usize, usize);

impl Numbers {
    pub(crate) fn new() -> Numbers {
        let mut areas = HashSet::new();
        for line in include_str!("../data/areas.txt").lines() {
            let mut words = line.split(' ');
            let Some(head) = words.next() else { continue };
            areas.extend(words.filter_map(|tail| <[u8; 6]>::try_from(format!("{head}{tail}").as_bytes()).ok()));
        }
        let mut bins: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
        for (bin, len) in include_str!("../data/bins.txt").lines().filter_map(|l| l.split_once(' ')) {
            bins.entry(bin.as_bytes().to_vec()).or_default().extend(len.parse::<usize>());
        }
        Numbers { areas, bins }
    }

    /// Province digits that exist, whatever the county.
    fn province(&self, digits: &[u8]) -> bool {
        let number = digits.iter().take(2).fold(0, |n, d| n * 10 + i32::from(d.wrapping_sub(b'0')));
        matches!(number, 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83)
    }

    fn resident(&self, digits: &[u8], x: bool) -> Option<(Vec<u8>, bool)> {
        let area = |d: &[u8]| d.get(..6).and_then(|a| <[u8; 6]>::try_from(a).ok()).is_some_and(|a| self.areas.contains(&a));
        match (digits.len(), x) {
            (17, true) | (18, false) => {
                let body = digits.get(..17)?;
                let check = if x { b'X' } else { *digits.get(17)? };
                let ok = self.province(body) && birth_date_ok(body.get(6..14)?) && resident_check(body) == check;
                let mut value = body.to_vec();
                value.push(check);
                ok.then(|| (value, area(body)))
            }
            (15, false) => {
                let mut body = digits.get(..6)?.to_vec();
                body.extend_from_slice(b"19");
                body.extend_from_slice(digits.get(6..)?);
                let ok = area(&body) && birth_date_ok(body.get(6..14)?);
                body.push(resident_check(&body));
                ok.then_some((body, true))
            }
            _ => None,
        }
    }

    fn card(&self, digits: &[u8]) -> bool {
        let known = (1..=6).any(|n| digits.get(..n).and_then(|bin| self.bins.get(bin)).is_some_and(|lens| lens.contains(&digits.len())));
        known && luhn_ok(digits)
    }

    /// Tries windows of neighbouring groups, longest first, and marks what was used.
    fn classify(&self, texts: &Texts, groups: &[Group], x: bool, foreign: bool, hits: &mut Hits) {
        let mut used = vec![false; groups.len()];
        for width in (1..=groups.len().min(6)).rev() {
            for from in 0..=groups.len() - width {
                let Some(window) = groups.get(from..from + width) else { continue };
                if used.iter().skip(from).take(width).any(|u| *u) {
                    continue;
                }
                let last = from + width == groups.len();
                if self.window(texts, window, x && last, foreign, hits) {
                    used.iter_mut().skip(from).take(width).for_each(|u| *u = true);
                }
            }
        }
    }

    fn window(&self, texts: &Texts, window: &[Group], x: bool, foreign: bool, hits: &mut Hits) -> bool {
        let (Some(first), Some(last)) = (window.first(), window.last()) else { return false };
        let total: usize = window.iter().map(|(a, b)| b - a).sum();
        if !(11..=19).contains(&total) {
            return false;
        }
        let digits: Vec<u8> = window.iter().flat_map(|(a, b)| texts.bytes().get(*a..*b).unwrap_or_default()).copied().collect();
        let shape: Vec<usize> = window.iter().map(|(a, b)| b - a).collect();
        let cell = texts.cell_at(first.0);
        let plain = decimal_free(texts, first.0, last.1);
        if !plain {
            return false;
        }
        let resident_shape = shape.len() == 1 || matches!(shape.as_slice(), [6, 8, 3 | 4]);
        if let Some((value, sure)) = self.resident(&digits, x).filter(|_| resident_shape) {
            hits.add(cell, Kind::ResidentId, sure, &value);
            return true;
        }
        if x {
            return false;
        }
        if let Some(mobile) = mobile(&digits, &shape).filter(|_| !foreign) {
            hits.add(cell, Kind::Mobile, true, mobile);
            return true;
        }
        let card_shape = shape.iter().all(|n| *n >= 3) && shape.first().is_some_and(|n| *n >= 4);
        if card_shape && self.card(&digits) {
            hits.add(cell, Kind::BankCard, true, &digits);
            return true;
        }
        false
    }
}

/// The eleven digits of a mobile number in one of the ways in which people write it.
fn mobile<'d>(digits: &'d [u8], shape: &[usize]) -> Option<&'d [u8]> {
    let skip = match (shape, digits) {
        ([11] | [3, 4, 4] | [4, 4, 3] | [3, 8] | [7, 4], _) => 0,
        ([13], [b'8', b'6', ..]) => 2,
        ([15], [b'0', b'0', b'8', b'6', ..]) => 4,
        ([2, 11] | [2, 3, 4, 4] | [2, 4, 4, 3], [b'8', b'6', ..]) => 2,
        ([4, 11] | [4, 3, 4, 4] | [4, 4, 4, 3], [b'0', b'0', b'8', b'6', ..]) => 4,
        _ => return None,
    };
    let number = digits.get(skip..)?;
    matches!(number, [b'1', b'3'..=b'9', ..] if number.len() == 11).then_some(number)
}

/// No letter or digit touches the number, and it is no part of a decimal.
fn decimal_free(texts: &Texts, from: usize, to: usize) -> bool {
    let (before, after) = (texts.before(from), texts.at(to));
    let two_before = from.checked_sub(2).map_or(b'\n', |i| texts.at(i));
    let decimal_before = matches!(before, b'.' | b',') && two_before.is_ascii_digit();
    let decimal_after = matches!(after, b'.' | b',') && texts.at(to + 1).is_ascii_digit();
    let masked = before == b'*' || after == b'*';
    !before.is_ascii_alphanumeric() && !decimal_before && !decimal_after && !masked
}

impl Detector for Numbers {
    fn find(&self, texts: &Texts, hits: &mut Hits) {
        let bytes = texts.bytes();
        let mut i = 0;
        let mut groups: Vec<Group> = Vec::new();
        while let Some(next) = bytes.get(i..).and_then(|rest| rest.iter().position(u8::is_ascii_digit)) {
            groups.clear();
            let mut at = i + next;
            let start = at;
            loop {
                let from = at;
                while texts.at(at).is_ascii_digit() {
                    at += 1;
                }
                groups.push((from, at));
                let joined = matches!(texts.at(at), b' ' | b'-') && texts.at(at + 1).is_ascii_digit();
                if !joined {
                    break;
                }
                at += 1;
            }
            i = at + 1;
            let x = matches!(texts.at(at), b'X' | b'x') && !texts.at(at + 1).is_ascii_alphanumeric();
            let letter_after = texts.at(at).is_ascii_alphabetic() && !x;
            if letter_after || texts.before(start).is_ascii_alphabetic() {
                continue;
            }
            let foreign = texts.before(start) == b'+' && !bytes.get(start..).is_some_and(|b| b.starts_with(b"86"));
            if groups.iter().map(|(a, b)| b - a).sum::<usize>() >= 11 {
                self.classify(texts, &groups, x, foreign, hits);
            }
        }
    }
}
