//! E-mail addresses: a dot-atom, `@`, and a domain of two labels or more (RFC 5322 without quoted parts).

use crate::Detector;
use crate::kind::Kind;
use crate::texts::{Hits, Texts};

/// Endings that name files, not domains.
const FILES: [&str; 14] = ["png", "jpg", "jpeg", "gif", "svg", "webp", "bmp", "ico", "css", "js", "pdf", "zip", "mp4", "json"];
/// A domain that nobody has (RFC 2606): what was written over a mail that is gone.
const NOBODYS: &str = "erased.invalid";
const LOCAL_MAX: usize = 64;
const LABEL_MAX: usize = 63;

/// Detector of e-mail addresses.
pub(crate) struct Email;

fn local_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric()
        || matches!(b, b'.' | b'_' | b'%' | b'+' | b'-' | b'\'' | b'&' | b'!' | b'#' | b'$' | b'~' | b'^' | b'`' | b'{' | b'|' | b'}')
}

impl Detector for Email {
    fn find(&self, texts: &Texts, hits: &mut Hits) {
        let bytes = texts.bytes();
        for at in memchr::memchr_iter(b'@', bytes) {
            let Some(local) = local(texts, at) else { continue };
            let Some(domain) = bytes.get(at + 1..).and_then(domain) else { continue };
            if texts.at(at + 1 + domain.len()) == b'@' {
                continue;
            }
            let mut value = local.to_ascii_lowercase();
            value.push(b'@');
            value.extend_from_slice(domain.to_lowercase().as_bytes());
            hits.add(texts.cell_at(at), Kind::Email, true, &value);
        }
    }
}

/// The local part that ends before an `@`.
fn local(texts: &Texts, at: usize) -> Option<&[u8]> {
    let mut from = at;
    while from > 0 && strict_byte(texts.before(from)) && at - from <= LOCAL_MAX {
        from -= 1;
    }
    while texts.at(from) == b'\'' {
        from += 1;
    }
    let local = texts.bytes().get(from..at)?;
    let edge = texts.before(from);
    let ok = (1..=LOCAL_MAX).contains(&local.len())
        && !matches!(edge, b'@' | b'*')
        && !matches!(local, [b'.', ..] | [.., b'.'])
        && !local.windows(2).any(|w| w == b"..");
    ok.then_some(local)
}

/// Bytes taken into a local part: the common ones, so that `x={a@b.cn}` and `<a@b.cn>` end where people see them end.
fn strict_byte(b: u8) -> bool {
    local_byte(b) && !matches!(b, b'&' | b'!' | b'#' | b'$' | b'~' | b'^' | b'`' | b'{' | b'|' | b'}')
}

/// The domain at the beginning of the bytes.
fn domain(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..bytes.len().min(1_024))?;
    let line = head.split(|b| *b == b'\n').next().unwrap_or_default();
    let text = match std::str::from_utf8(line) {
        Ok(t) => t,
        Err(e) => std::str::from_utf8(line.get(..e.valid_up_to())?).ok()?,
    };
    let mut labels: Vec<&str> = Vec::new();
    let mut rest = text;
    loop {
        let label = label(rest)?;
        labels.push(label);
        rest = rest.get(label.len()..)?;
        match rest.strip_prefix('.') {
            Some(more) if label_begins(more) => rest = more,
            Some(more) if more.starts_with('.') || more.starts_with('-') => return None,
            _ => break,
        }
    }
    let top = labels.last()?.to_lowercase();
    let wild = rest.starts_with(['_', '*', '[']);
    let ok = labels.len() >= 2
        && top.chars().count() >= 2
        && !top.chars().all(|c| c.is_ascii_digit())
        && top.chars().next().is_some_and(|c| !c.is_ascii_digit())
        && !FILES.contains(&top.as_str())
        && !wild;
    ok.then(|| labels.join(".")).filter(|domain| domain != NOBODYS)
}

fn label_begins(text: &str) -> bool {
    text.chars().next().is_some_and(char::is_alphanumeric)
}

/// One label: letters, digits, hyphens inside; all ASCII or all beyond it.
fn label(text: &str) -> Option<&str> {
    let ascii = text.chars().next()?.is_ascii();
    let fits = |c: char| if ascii { c.is_ascii_alphanumeric() || c == '-' } else { !c.is_ascii() && c.is_alphanumeric() };
    let end = text.find(|c| !fits(c)).unwrap_or(text.len());
    let label = text.get(..end)?;
    let ok = (1..=LABEL_MAX).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-');
    ok.then_some(label)
}
