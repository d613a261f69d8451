//! JSON as text: as it is written, and every string once more with its escapes undone.

use serde_json::Value;

use crate::reason::Reason;

/// One value.
///
/// # Errors
/// If it is cut off, or nested deeper than is followed.
pub(crate) fn text(written: String) -> Result<String, Reason> {
    let value = parsed(&written)?;
    Ok(with_strings(written, &[value]))
}

/// A value a line: what was read, and whether every line was.
pub(crate) fn lines(written: String) -> (String, Result<(), Reason>) {
    let (mut values, mut sound) = (Vec::new(), Ok(()));
    for line in written.lines().filter(|l| !l.trim().is_empty()) {
        match parsed(line) {
            Ok(value) => values.push(value),
            Err(reason) => sound = Err(reason),
        }
    }
    (with_strings(written, &values), sound)
}

fn parsed(text: &str) -> Result<Value, Reason> {
    serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|e| match e.to_string().contains("recursion limit") {
        true => Reason::TooDeep,
        false => Reason::Damaged,
    })
}

/// JSON in strings of JSON, how deep at most.
const INNER_MAX: usize = 8;

fn with_strings(mut written: String, values: &[Value]) -> String {
    if written.contains('\\') {
        strings(values, &mut written, INNER_MAX);
    }
    written
}

/// Every string with its escapes undone; of those that are JSON themselves, every string as well.
fn strings(values: &[Value], out: &mut String, inner: usize) {
    let mut open: Vec<&Value> = values.iter().collect();
    while let Some(value) = open.pop() {
        match value {
            Value::String(s) => {
                out.extend(["\n", s.as_str()]);
                if let Some(value) = within(s).filter(|_| inner > 0) {
                    strings(&[value], out, inner - 1);
                }
            }
            Value::Array(items) => open.extend(items),
            Value::Object(fields) => {
                for (name, value) in fields {
                    out.extend(["\n", name.as_str()]);
                    open.push(value);
                }
            }
            _ => {}
        }
    }
}

/// The JSON that a string is, if it has escapes of its own.
fn within(text: &str) -> Option<Value> {
    (text.trim_start().starts_with(['{', '[', '"']) && text.contains('\\')).then(|| parsed(text).ok()).flatten()
}
