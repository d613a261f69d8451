//! Offline pages that other commands write for people without a terminal.

use std::path::{Path, PathBuf};

use papers::Kind;
use serde_json::{Value, json};
use terms::Fault;
use work::Workspace;

use super::Session;
use crate::args::PageOf;
use crate::say;

/// `custody page`.
pub fn run(session: &Session<'_>, which: PageOf, out: Option<&Path>) -> Result<u8, Fault> {
    let (kind, name) = match which {
        PageOf::Receive => (Kind::Receive, "receive.html"),
        PageOf::Verify => (Kind::Verify, "verify.html"),
    };
    let out = out.unwrap_or_else(|| Path::new(name));
    if out.exists() {
        return Err(Fault::new("file_exists").with("file", out.display()));
    }
    write(out, kind, &json!({"lang": session.lang.code()}))?;
    if session.args.json {
        say::print_json(&json!({"page": out}));
    } else {
        session.tell(
            &format!("已写出：{}（离线网页，双击打开）", out.display()),
            &format!("written: {} (an offline page; open it by a double click)", out.display()),
        );
    }
    Ok(0)
}

/// Writes a page; one of an earlier time is replaced.
pub fn write(path: &Path, kind: Kind, data: &Value) -> Result<(), Fault> {
    std::fs::write(path, papers::page(kind, data)).map_err(|_| Fault::new("file_unwritable").with("file", path.display()))
}

/// A sheet of paper that was written.
pub struct Written {
    /// Its check number.
    pub check_number: String,
    /// Whose it is.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
}

/// A sheet of paper for each approver, if the case allows paper; gives their names.
pub fn sheets(workspace: &mut Workspace) -> Result<Vec<Written>, Fault> {
    let sheets = work::sheets(workspace)?;
    if sheets.is_empty() {
        return Ok(Vec::new());
    }
    let mut context = work::paper_context(workspace)?;
    let mut out = Vec::new();
    for (i, sheet) in (1..).zip(sheets) {
        let of = json!({
            "check_number": sheet.check_number, "consequence": sheet.statement.consequence, "fingerprint": sheet.fingerprint,
            "name": sheet.name, "not_after": sheet.statement.not_after, "plan": sheet.statement.plan,
            "qr": papers::qr(&sheet.fingerprint.to_string()),
        });
        if let Some(object) = context.as_object_mut() {
            object.insert("sheet".to_owned(), of);
        }
        let path = workspace.paths.base.join(format!("approval-sheet-{i}.html"));
        std::fs::write(&path, papers::paper("approval_sheet.html", &context)?)
            .map_err(|_| Fault::new("file_unwritable").with("file", path.display()))?;
        out.push(Written { check_number: sheet.check_number, name: sheet.name, path });
    }
    Ok(out)
}

/// `approve.html` for the plan in force, beside the case file; gives its name.
pub fn approval(session: &Session<'_>, workspace: &Workspace) -> Result<PathBuf, Fault> {
    let briefing = work::briefing(workspace)?.bytes().map_err(|_| Fault::new("document_form"))?;
    let path = workspace.paths.base.join("approve.html");
    let words: serde_json::Map<String, Value> =
        workspace.packs.words.all().map(|(code, both)| (code.to_owned(), json!({"en": both.en, "zh": both.zh}))).collect();
    write(&path, Kind::Approve, &json!({"briefing": String::from_utf8_lossy(&briefing), "lang": session.lang.code(), "words": words}))?;
    Ok(path)
}
