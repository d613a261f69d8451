//! A share of a root key in forty words: every word a byte, with a check, and enough redundancy to name the words that were copied wrongly.

use ledger::{b64, keyed};
use reed_solomon::{Decoder, Encoder};
use terms::{Both, Lang};
use zeroize::Zeroizing;

const ZH: &str = include_str!("../../../packs/words/zh.txt");
const EN: &str = include_str!("../../../packs/words/en.txt");

/// Bytes of a share: its number, and one byte for each of the secret's.
pub const SHARE_BYTES: usize = 33;
/// Bytes of the check: a share that was mended wrongly is found out.
const CHECK: usize = 3;
/// Bytes that let two wrong words, or four unreadable ones, be found (Reed and Solomon 1960).
const EXTRA: usize = 4;
/// Words on a sheet.
const WORDS: usize = SHARE_BYTES + CHECK + EXTRA;
/// How the text of a QR code begins.
const HEAD: &str = "CUST-SHARE:1:";

/// A word that cannot be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordFault {
    /// Its number on the sheet, from 1; 0 if the whole is wrong.
    pub at: usize,
    /// What stands there.
    pub got: String,
    /// What should, if that can be told.
    pub meant: Option<Both>,
}

fn list(lang: Lang) -> Vec<&'static str> {
    match lang {
        Lang::Zh => ZH,
        Lang::En => EN,
    }
    .lines()
    .collect()
}

fn word(byte: u8) -> Both {
    let of = |lang| list(lang).get(usize::from(byte)).copied().unwrap_or_default().to_owned();
    Both { zh: of(Lang::Zh), en: of(Lang::En) }
}

/// The byte of a word in either language.
fn byte(word: &str) -> Option<u8> {
    let word = word.to_lowercase();
    let of = |lang| list(lang).iter().position(|w| *w == word).and_then(|i| u8::try_from(i).ok());
    of(Lang::Zh).or_else(|| of(Lang::En))
}

/// Share and check.
fn checked(share: &[u8; SHARE_BYTES]) -> Zeroizing<Vec<u8>> {
    let check = keyed(&[0; 32], "share-check", &[share]);
    Zeroizing::new(share.iter().chain(check.iter().take(CHECK)).copied().collect())
}

fn unchecked(bytes: &[u8]) -> Option<[u8; SHARE_BYTES]> {
    let share: [u8; SHARE_BYTES] = bytes.get(..SHARE_BYTES)?.try_into().ok()?;
    (checked(&share).as_slice() == bytes).then_some(share)
}

/// The words of a share, in one language.
pub fn to_words(share: &[u8; SHARE_BYTES], lang: Lang) -> Vec<&'static str> {
    let coded = Encoder::new(EXTRA).encode(&checked(share));
    let words = list(lang);
    coded.iter().filter_map(|b| words.get(usize::from(*b)).copied()).collect()
}

/// The text of a share's QR code.
pub fn share_text(share: &[u8; SHARE_BYTES]) -> Zeroizing<String> {
    Zeroizing::new(format!("{HEAD}{}", b64::url(&checked(share))))
}

/// Chinese words have two characters each, and are often written without room between them.
fn split(run: &str) -> Vec<String> {
    let chars: Vec<char> = run.chars().collect();
    if run.is_ascii() { vec![run.to_owned()] } else { chars.chunks(2).map(|c| c.iter().collect()).collect() }
}

/// The share of forty words in either language.
///
/// # Errors
/// The words that are wrong: by number, with what should stand there as far as that can be told.
pub fn from_words(text: &str) -> Result<[u8; SHARE_BYTES], Vec<WordFault>> {
    let words: Vec<String> = text.split(|c: char| !(c.is_alphabetic() || c == '?')).filter(|w| !w.is_empty()).flat_map(split).collect();
    let whole = |got: String| vec![WordFault { at: 0, got, meant: None }];
    if words.len() != WORDS {
        return Err(whole(format!("{} / {WORDS}", words.len())));
    }
    let bytes: Vec<Option<u8>> = words.iter().map(|w| byte(w)).collect();
    let unknown: Vec<u8> = (0u8..).zip(&bytes).filter(|(_, b)| b.is_none()).map(|(i, _)| i).collect();
    let given: Zeroizing<Vec<u8>> = Zeroizing::new(bytes.iter().map(|b| b.unwrap_or_default()).collect());
    let fault =
        |(i, meant): (usize, Option<u8>)| WordFault { at: i + 1, got: words.get(i).cloned().unwrap_or_default(), meant: meant.map(word) };
    let erased = (!unknown.is_empty()).then_some(unknown.as_slice());
    let mended = if unknown.len() > EXTRA { None } else { Decoder::new(EXTRA).correct(&given, erased).ok() };
    // Mended into something that has not the share's own check is mended wrongly.
    let mended = mended.filter(|m| unchecked(m.data()).is_some());
    match mended {
        Some(m) => {
            let wrong: Vec<WordFault> =
                m.iter().zip(&bytes).enumerate().filter(|(_, (a, b))| Some(**a) != **b).map(|(i, (a, _))| fault((i, Some(*a)))).collect();
            if wrong.is_empty() { unchecked(m.data()).ok_or_else(|| whole(String::new())) } else { Err(wrong) }
        }
        None if !unknown.is_empty() => Err(unknown.iter().map(|i| fault((usize::from(*i), None))).collect()),
        None => Err(whole("—".to_owned())),
    }
}

/// The share of what somebody gave: the text of the QR code, or the words.
///
/// # Errors
/// As [`from_words`].
pub fn share_from_text(text: &str) -> Result<[u8; SHARE_BYTES], Vec<WordFault>> {
    match text.trim().strip_prefix(HEAD) {
        Some(rest) => {
            let share = b64::from_url(rest.trim()).and_then(|b| unchecked(&b));
            share.ok_or_else(|| vec![WordFault { at: 0, got: String::new(), meant: None }])
        }
        None => from_words(text),
    }
}

#[cfg(test)]
#[path = "tests/words.rs"]
mod tests;
