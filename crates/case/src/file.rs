//! `case.yaml`: text in, a checked case with line spans out, or every fault with line, field and remedy.

mod at;
mod check;
mod facts;
mod shape;
mod way;

use serde_saphyr::{Error, MessageFormatter, UserMessageFormatter};
use terms::Both;

pub use at::At;
pub use facts::{ALIKE_MIN, column_named, fits};
pub use shape::*;
pub use way::Way;

/// A fault in `case.yaml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseFault {
    /// 1-based line; 0 where the fault is not at one line.
    pub line: u64,
    /// The field, as a path.
    pub field: String,
    /// What is wrong.
    pub what: Both,
    /// What to do.
    pub todo: Both,
}

/// Most bytes of a case file.
pub const BYTES_MAX: usize = 1 << 20;

/// Reads and checks a case file.
///
/// # Errors
/// One fault for a file that is not of the form, else all faults found.
pub fn read(text: &str) -> Result<CaseFile, Vec<CaseFault>> {
    if text.len() > BYTES_MAX {
        return Err(vec![whole(("文件过大", "the file is too large"), ("案件文件应小于 1 MB。", "keep the case file under 1 MB."))]);
    }
    let said = |l: &str| !l.trim_start_matches('\u{feff}').trim().is_empty() && !l.trim_start().starts_with('#');
    if !text.lines().any(said) {
        return Err(vec![whole(("文件是空的", "the file is empty"), ("用 `custody init` 写一份。", "write one with `custody init`."))]);
    }
    let options = serde_saphyr::options! { with_snippet: false, strict_booleans: true, merge_keys: serde_saphyr::MergeKeyPolicy::Error };
    let mut path = String::new();
    let file: Result<CaseFile, Error> = serde_saphyr::with_deserializer_from_str_with_options(text, options, |de| {
        serde_path_to_error::deserialize(de).map_err(|e| {
            path = e.path().to_string();
            e.into_inner()
        })
    });
    let file = file.map_err(|e| vec![form_fault(text, &path, &e)])?;
    let faults = check::check(&file);
    if faults.is_empty() { Ok(file) } else { Err(faults) }
}

/// Reads and checks the bytes of a case file.
///
/// # Errors
/// As [`read`]; bytes that are not UTF-8 are named with their line.
pub fn read_bytes(bytes: &[u8]) -> Result<CaseFile, Vec<CaseFault>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => read(text),
        Err(e) => {
            let line = bytes.get(..e.valid_up_to()).unwrap_or_default().iter().filter(|b| **b == b'\n').count() as u64 + 1;
            let fault = whole(
                ("文件不是 UTF-8 编码", "the file is not UTF-8"),
                ("用编辑器另存为 UTF-8（不要用 GBK 或 UTF-16）。", "save it as UTF-8 in your editor (not GBK, not UTF-16)."),
            );
            Err(vec![CaseFault { line, ..fault }])
        }
    }
}

/// A fault of the document as a whole.
fn whole(what: (&str, &str), todo: (&str, &str)) -> CaseFault {
    let both = |t: (&str, &str)| Both { zh: t.0.to_owned(), en: t.1.to_owned() };
    CaseFault { line: 0, field: "case.yaml".to_owned(), what: both(what), todo: both(todo) }
}

/// The JSON Schema of a case file.
pub fn schema() -> String {
    let schema = schemars::schema_for!(CaseFile);
    serde_json::to_string_pretty(&schema).unwrap_or_default()
}

fn form_fault(text: &str, path: &str, error: &Error) -> CaseFault {
    let mut line = error.location().map_or(0, |l| l.line());
    let mut inner = error;
    while let Error::WithSnippet { error, .. } | Error::AliasError { error, .. } = inner {
        inner = error;
    }
    let mut field = field_of(path);
    let mut what = UserMessageFormatter.format_message(inner).to_string();
    if let Error::SerdeMissingField { field: name, .. } = inner {
        // A field that is missing at the top has no line of its own.
        line = if field.is_empty() { 0 } else { line };
        field = if field.is_empty() { (*name).to_owned() } else { format!("{field}.{name}") };
    }
    let source = usize::try_from(line).ok().and_then(|l| text.lines().nth(l.checked_sub(1)?)).unwrap_or_default();
    // Faults of syntax have only the place where the parser stopped; faults of the document have none.
    const SYNTAX: [&str; 4] = ["mapping values are not", "illegal placement", "unclosed", "simple key"];
    const DOCUMENT: [&str; 3] = ["only single YAML", "expected mapping start", "too large or too complex"];
    let says = |list: &[&str]| list.iter().any(|m| what.contains(m));
    if says(&DOCUMENT) && (field.is_empty() || !what.contains("expected")) {
        field = "case.yaml".to_owned();
    } else if field.is_empty() || says(&SYNTAX) {
        field = key_on(source);
    }
    if what.contains("too large or too complex") {
        line = 0;
        what = "the YAML is too large or too complex (too many aliases or levels)".to_owned();
    }
    if source.contains(['：', '，', '“', '”']) && !source.trim_start().starts_with('#') {
        what = format!("full-width punctuation: use `: `, `, ` and straight quotes ({what})");
    }
    CaseFault {
        line,
        field,
        what: Both { zh: format!("格式不符：{what}"), en: what },
        todo: Both {
            zh: "对照 `custody schema case` 的说明改正该字段；含逗号或冒号的文字要加引号；也可用 `custody init` 生成带注释的模板。".into(),
            en: "mend the field after `custody schema case`; text with a comma or colon belongs in quotes; or write a commented template with `custody init`.".into(),
        },
    }
}

/// The path of a field without indices and wrappers: `sources[0].path.value` is `sources.path`.
fn field_of(path: &str) -> String {
    let parts = path.split('.').map(|p| p.split('[').next().unwrap_or_default()).filter(|p| !matches!(*p, "" | "value" | "?"));
    parts.collect::<Vec<_>>().join(".")
}

/// The key that stands on a line, for faults of syntax.
fn key_on(line: &str) -> String {
    let start = line.trim_start_matches(['-', ' ', '{', '\u{feff}']);
    let key = start.split([':', '：']).next().unwrap_or_default().trim();
    let plain = key.len() < start.trim().len() && !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if plain { key.to_owned() } else { "case.yaml".to_owned() }
}
