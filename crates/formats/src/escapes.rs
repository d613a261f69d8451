//! Escapes in lines of text, undone: `\u0031`, `%40`, `=40`, `&#64;`.

use crate::encoding::decode;
use crate::html::unescape;

/// Signs by which a line may have escapes, and what undoes them.
pub(crate) const ESCAPES: [(&str, fn(&str) -> Option<String>); 5] =
    [("\\u", undone_unicode), ("\\x", undone_bytes), ("%", undone_percent), ("=", undone_quoted), ("&", undone_entities)];

/// `\u0031` → `1`; none if nothing is written so.
pub(crate) fn undone_unicode(line: &str) -> Option<String> {
    let mut parts = line.split("\\u");
    let (mut out, mut units, mut any) = (parts.next()?.to_owned(), Vec::new(), false);
    for part in parts {
        let code = part.get(..4).and_then(|d| u16::from_str_radix(d, 16).ok());
        let rest = if code.is_some() { part.get(4..).unwrap_or_default() } else { part };
        if code.is_some() && units.is_empty() {
            // Escaped once more, as JSON in JSON is.
            out.truncate(out.trim_end_matches('\\').len());
        }
        units.extend(code);
        any |= code.is_some();
        // Two of them can be one character.
        if !rest.is_empty() || code.is_none() {
            out.push_str(&String::from_utf16_lossy(&units));
            out.push_str(if code.is_none() { "\\u" } else { "" });
            out.push_str(rest);
            units.clear();
        }
    }
    out.push_str(&String::from_utf16_lossy(&units));
    any.then_some(out)
}

/// `a%40b` → `a@b`; none if nothing is written so.
pub(crate) fn undone_percent(line: &str) -> Option<String> {
    undone_hex(line, "%")
}

/// `a=40b` → `a@b` (quoted-printable, RFC 2045 §6.7, of one line); none if nothing is written so.
pub(crate) fn undone_quoted(line: &str) -> Option<String> {
    undone_hex(line, "=")
}

/// `a\x40b` → `a@b`; none if nothing is written so.
fn undone_bytes(line: &str) -> Option<String> {
    undone_hex(line, "\\x")
}

/// `a&#64;b` → `a@b`; none if nothing is written so.
fn undone_entities(line: &str) -> Option<String> {
    Some(unescape(line)).filter(|undone| undone != line)
}

/// Bytes that stand as two digits behind a sign.
fn undone_hex(line: &str, sign: &str) -> Option<String> {
    let mut parts = line.split(sign);
    let (mut out, mut any) = (parts.next()?.as_bytes().to_vec(), false);
    for part in parts {
        let code = part.get(..2).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit())).and_then(|d| u8::from_str_radix(d, 16).ok());
        any |= code.is_some();
        out.extend(code.map_or_else(|| sign.as_bytes().to_vec(), |code| vec![code]));
        out.extend_from_slice(part.get(if code.is_some() { 2 } else { 0 }..).unwrap_or_default().as_bytes());
    }
    // One byte of another encoding does not make all of the line something else.
    any.then(|| match std::str::from_utf8(&out) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("{}\n{}", String::from_utf8_lossy(&out), decode(&out, None)),
    })
}
