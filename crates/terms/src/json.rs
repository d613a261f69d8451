//! Canonical JSON: JCS (RFC 8785), narrower, as EVIDENCE §2 fixes it for lines and for documents.

use serde::Serialize;
use serde::de::DeserializeOwned;
pub use serde_json::{Map, Value as Json, json};

/// 2^53 − 1, the largest integer that canonical JSON may hold.
pub const INTEGER_MAX: u64 = (1 << 53) - 1;

/// Deepest nesting that a reader accepts.
const DEPTH_MAX: usize = 64;

/// Where the bytes stand: a ledger line has stricter strings than a document or body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// Strings are printable ASCII without `"` and `\`.
    Line,
    /// Strings are UTF-8 without U+0000.
    Document,
}

/// Why bytes are not canonical JSON, or a value cannot be written as such.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotCanonical(pub String);

impl std::fmt::Display for NotCanonical {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotCanonical {}

fn no<T>(why: impl Into<String>) -> Result<T, NotCanonical> {
    Err(NotCanonical(why.into()))
}

/// The canonical bytes of a value.
///
/// # Errors
/// If the value holds floats, negative or too large integers, null, or strings and keys that are not allowed there.
pub fn to_bytes<T: Serialize + ?Sized>(value: &T, strict: Strictness) -> Result<Vec<u8>, NotCanonical> {
    let value = serde_json::to_value(value).map_err(|e| NotCanonical(e.to_string()))?;
    let mut out = Vec::new();
    write(&value, strict, 0, &mut out)?;
    Ok(out)
}

/// The value of canonical bytes.
///
/// # Errors
/// If the bytes are not their own canonical form (doubled keys, other order, spaces, trailing bytes, …).
pub fn from_bytes(bytes: &[u8], strict: Strictness) -> Result<Json, NotCanonical> {
    let value: Json = serde_json::from_slice(bytes).map_err(|e| NotCanonical(plain(&e)))?;
    let mut again = Vec::with_capacity(bytes.len());
    write(&value, strict, 0, &mut again)?;
    if again == bytes { Ok(value) } else { no("the bytes are not their own canonical form") }
}

/// The typed value of canonical bytes; unknown members are refused by the type.
///
/// # Errors
/// As [`from_bytes`], and if the value does not have the type's members.
pub fn read<T: DeserializeOwned>(bytes: &[u8], strict: Strictness) -> Result<T, NotCanonical> {
    serde_json::from_value(from_bytes(bytes, strict)?).map_err(|e| NotCanonical(e.to_string()))
}

fn plain(error: &serde_json::Error) -> String {
    format!("not JSON at byte column {}", error.column())
}

fn write(value: &Json, strict: Strictness, depth: usize, out: &mut Vec<u8>) -> Result<(), NotCanonical> {
    if depth > DEPTH_MAX {
        return no("nested too deeply");
    }
    match value {
        Json::Null => no("null is not allowed"),
        Json::Bool(b) => {
            out.extend_from_slice(if *b { b"true" } else { b"false" });
            Ok(())
        }
        Json::Number(n) => match n.as_u64().filter(|n| *n <= INTEGER_MAX) {
            Some(n) => {
                out.extend_from_slice(n.to_string().as_bytes());
                Ok(())
            }
            None => no("a number is an integer from 0 to 2^53 - 1"),
        },
        Json::String(s) => write_string(s, strict, out),
        Json::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write(item, strict, depth + 1, out)?;
            }
            out.push(b']');
            Ok(())
        }
        Json::Object(members) => write_object(members, strict, depth, out),
    }
}

fn write_object(members: &Map<String, Json>, strict: Strictness, depth: usize, out: &mut Vec<u8>) -> Result<(), NotCanonical> {
    let mut sorted: Vec<(&String, &Json)> = members.iter().collect();
    sorted.sort_by(|a, b| a.0.cmp(b.0));
    out.push(b'{');
    for (i, (key, value)) in sorted.into_iter().enumerate() {
        let mut bytes = key.bytes();
        let ok = bytes.next().is_some_and(|b| b.is_ascii_lowercase())
            && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !ok {
            return no("a key is written [a-z][a-z0-9_]*");
        }
        if i > 0 {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(b"\":");
        write(value, strict, depth + 1, out)?;
    }
    out.push(b'}');
    Ok(())
}

fn write_string(text: &str, strict: Strictness, out: &mut Vec<u8>) -> Result<(), NotCanonical> {
    let ok = match strict {
        Strictness::Line => text.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b'"' && b != b'\\'),
        Strictness::Document => !text.contains('\0'),
    };
    if !ok {
        return no("a string holds characters that are not allowed here");
    }
    let quoted = serde_json::to_string(text).map_err(|e| NotCanonical(e.to_string()))?;
    out.extend_from_slice(quoted.as_bytes());
    Ok(())
}
