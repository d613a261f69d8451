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

fn with_strings(mut written: String, values: &[Value]) -> String {
    if !written.contains('\\') {
        return written;
    }
    let mut open: Vec<&Value> = values.iter().collect();
    while let Some(value) = open.pop() {
        match value {
            Value::String(s) => {
                written.push('\n');
                written.push_str(s);
            }
            Value::Array(items) => open.extend(items),
            Value::Object(fields) => {
                for (name, value) in fields {
                    written.push('\n');
                    written.push_str(name);
                    open.push(value);
                }
            }
            _ => {}
        }
    }
    written
}
