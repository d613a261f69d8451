//! `case.yaml`: text in, a checked case with line spans out, or every fault with line, field and remedy.

mod at;
mod check;
mod facts;
mod shape;

use serde_saphyr::{Error, MessageFormatter, UserMessageFormatter};
use terms::Both;

pub use at::At;
pub use facts::fits;
pub use shape::*;

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
        let what = Both { zh: "文件过大".into(), en: "the file is too large".into() };
        let todo = Both { zh: "案件文件应小于 1 MB。".into(), en: "keep the case file under 1 MB.".into() };
        return Err(vec![CaseFault { line: 0, field: "case.yaml".into(), what, todo }]);
    }
    let options = serde_saphyr::options! { with_snippet: false, strict_booleans: true };
    let file: CaseFile = serde_saphyr::from_str_with_options(text, options).map_err(|e| vec![form_fault(text, &e)])?;
    let faults = check::check(&file);
    if faults.is_empty() { Ok(file) } else { Err(faults) }
}

/// The JSON Schema of a case file.
pub fn schema() -> String {
    let schema = schemars::schema_for!(CaseFile);
    serde_json::to_string_pretty(&schema).unwrap_or_default()
}

fn form_fault(text: &str, error: &Error) -> CaseFault {
    let line = error.location().map_or(0, |l| l.line());
    let mut inner = error;
    while let Error::WithSnippet { error, .. } | Error::AliasError { error, .. } = inner {
        inner = error;
    }
    let what = UserMessageFormatter.format_message(inner).to_string();
    let field = usize::try_from(line)
        .ok()
        .and_then(|l| text.lines().nth(l.checked_sub(1)?))
        .and_then(|l| l.trim_start_matches(['-', ' ', '{']).split(':').next())
        .map_or_else(String::new, |f| f.trim().to_owned());
    CaseFault {
        line,
        field,
        what: Both { zh: format!("格式不符：{what}"), en: what },
        todo: Both {
            zh: "对照 `custody schema case` 的说明改正该字段，或用 `custody init` 生成一份带注释的模板。".into(),
            en: "mend the field after `custody schema case`, or write a commented template with `custody init`.".into(),
        },
    }
}
