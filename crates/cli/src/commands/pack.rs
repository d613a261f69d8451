//! `custody pack`: signed folders for people who have access to what Custody cannot reach, and what comes back from them.

use std::path::Path;

use exchange::sql::Dialect;
use serde::Deserialize;
use serde_json::json;
use terms::{Both, Fault, StoreKind};

use super::Session;
use crate::args::Pack;
use crate::{packs, say};

/// Instructions for a platform (`packs/platforms/`).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)] // the whole shape is closed; kind, source and checked are for who maintains the files
struct Platform {
    id: String,
    name: Both,
    kind: String,
    export: Vec<Both>,
    form: Both,
    count: Vec<Both>,
    erase: Vec<Both>,
    look: Vec<Both>,
    left: Vec<Both>,
    statement: Both,
    source: Vec<String>,
    checked: Option<String>,
    #[serde(default)]
    unknown: bool,
}

pub fn run(session: &Session<'_>, pack: &Pack) -> Result<u8, Fault> {
    match pack {
        Pack::Platforms => platforms(session),
        Pack::Request { source, platform, dialect, to } => {
            let (name, dialect) = (platform.as_deref().unwrap_or("generic_database"), dialect_of(dialect.as_deref())?);
            let steps = steps(&read(name)?, false);
            let folder = to.clone().unwrap_or_else(|| Path::new(&format!("pack-{source}")).to_owned());
            let mut workspace = session.workspace(true, false)?;
            let errand = work::request_export(&mut workspace, source, dialect, &steps, &folder)?;
            told(session, &errand, &folder)
        }
        Pack::Import { source, folder } => import(session, source, folder),
        Pack::Erase { source, platform, dialect, batch, to } => {
            let dialect = dialect_of(dialect.as_deref())?;
            let steps = steps(&read(platform.as_deref().unwrap_or("generic_database"))?, true);
            let folder = to.clone().unwrap_or_else(|| Path::new(&format!("erase-{source}")).to_owned());
            let mut workspace = session.workspace(true, false)?;
            // A database gets a script; who works in a console gets a list.
            let sqlite = workspace.file.sources.iter().any(|s| s.id.value == *source && s.kind() == StoreKind::Sqlite);
            let dialect = dialect.or((platform.is_none() && sqlite).then_some(Dialect::Sqlite));
            let errand = work::request_erase(&mut workspace, source, dialect, *batch, &steps, &folder)?;
            told(session, &errand, &folder)
        }
        Pack::Result { source, file } => result(session, source, file),
    }
}

fn dialect_of(word: Option<&str>) -> Result<Option<Dialect>, Fault> {
    let known = || Dialect::WORDS.map(|(w, _)| w).join(", ");
    word.map(|w| Dialect::of_word(w).ok_or_else(|| Fault::new("no_such_dialect").with("dialect", w).with("known", known()))).transpose()
}

fn read(id: &str) -> Result<Platform, Fault> {
    let files = packs::platforms();
    let known = || files.iter().map(|(id, _)| *id).collect::<Vec<_>>().join(", ");
    let text = files.iter().find(|(own, _)| *own == id).map(|(_, t)| *t);
    let text = text.ok_or_else(|| Fault::new("no_such_platform").with("platform", id).with("known", known()))?;
    serde_saphyr::from_str(text).map_err(|_| Fault::new("pack_fault").with("file", id).with("line", 0).with("what", ""))
}

/// The steps in words, both languages.
fn steps(p: &Platform, erasing: bool) -> String {
    let mut out = format!("{} · {}\r\n\r\n", p.name.zh, p.name.en);
    let mut part = |zh: &str, en: &str, steps: &[Both]| {
        out.push_str(&format!("{zh} / {en}\r\n"));
        for (n, step) in (1..).zip(steps) {
            out.push_str(&format!("  {n}. {}\r\n     {}\r\n", step.zh, step.en));
        }
        out.push_str("\r\n");
    };
    if erasing {
        part("删除", "erasing", &p.erase);
        part("再看一次", "looking again", &p.look);
    } else {
        part("导出", "export", &p.export);
        part("文件的样子", "form of the files", std::slice::from_ref(&p.form));
        part("报数", "counts", &p.count);
    }
    part("会留下什么", "what stays behind", &p.left);
    part("请平台说明", "ask the provider to state", std::slice::from_ref(&p.statement));
    out
}

fn platforms(session: &Session<'_>) -> Result<u8, Fault> {
    let mut rows = Vec::new();
    for (id, _) in packs::platforms() {
        let p = read(id)?;
        let checked = p.checked.clone().unwrap_or_else(|| session.pick("未查文档", "not read in documentation").to_owned());
        rows.push(vec![p.id.clone(), p.name.get(session.lang).to_owned(), checked]);
    }
    if session.args.json {
        say::print_json(&json!({"platforms": rows.iter().map(|r| json!({"checked": r.get(2), "id": r.first()})).collect::<Vec<_>>()}));
    } else {
        say::table(&[session.pick("平台", "platform"), session.pick("名称", "name"), session.pick("文档", "documentation")], rows);
    }
    Ok(0)
}

fn told(session: &Session<'_>, errand: &work::Errand, folder: &Path) -> Result<u8, Fault> {
    if session.args.json {
        say::print_json(
            &json!({"digest": errand.digest, "errand": errand.id, "files": errand.files, "folder": folder, "rows": errand.rows}),
        );
    } else {
        session.tell(
            &format!(
                "已写出 {}（{}，{} 行）。整个文件夹交给有权限的人；摘要 {} 另行告知。",
                folder.display(),
                errand.id,
                errand.rows,
                errand.digest
            ),
            &format!(
                "wrote {} ({}, {} rows). Give the whole folder to who has access, and its digest {} by another way.",
                folder.display(),
                errand.id,
                errand.rows,
                errand.digest
            ),
        );
    }
    Ok(0)
}

fn import(session: &Session<'_>, source: &str, folder: &Path) -> Result<u8, Fault> {
    let mut workspace = session.workspace(true, false)?;
    let done = work::import(&mut workspace, source, folder)?;
    let code = u8::from(done.n.is_none());
    if session.args.json {
        let tables: Vec<_> = done.tables.iter().map(|(t, s, c)| json!({"counted": c, "stated": s, "table": t})).collect();
        say::print_json(&json!({"digests": done.digests, "entry": done.n, "findings": done.findings, "left": done.left, "tables": tables}));
        return Ok(code);
    }
    let rows = done.tables.iter().map(|(t, s, c)| vec![t.clone(), s.map(|n| n.to_string()).unwrap_or_default(), c.to_string()]).collect();
    say::table(&[session.pick("表", "table"), session.pick("对方所报", "reported"), session.pick("实有", "counted")], rows);
    let (with, all) = (done.digests, done.tables.len());
    session.tell(&format!("{all} 张表中 {with} 张报了 SHA-256"), &format!("{with} of {all} tables came with a SHA-256"));
    if let Some(left) = &done.left {
        session.tell(
            &format!("上一次的导出还在 {}：关闭打开它的程序；下一次导入或结案时会删除。", left.display()),
            &format!(
                "the export of before still lies in {}: close what has it open; the next import, or closing, removes it.",
                left.display()
            ),
        );
    }
    done.findings.iter().for_each(|f| println!("✘ {}", f.get(session.lang)));
    match done.n {
        Some(n) => session.tell(
            &format!("已核对（条目 {n}）。下一步：custody scan；擦除之后的第二次导出：custody apply"),
            &format!("compared (entry {n}). next: custody scan; for a second export after erasing: custody apply"),
        ),
        None => session.tell(
            "与所报不符，未采用；已记录。请对方改正后重新导入。",
            "it is not what was reported and is not used; this is recorded. Ask for a corrected one.",
        ),
    }
    Ok(code)
}

fn result(session: &Session<'_>, source: &str, file: &Path) -> Result<u8, Fault> {
    let mut workspace = session.workspace(true, false)?;
    let done = work::script_result(&mut workspace, source, file)?;
    let wrong = done.batches.iter().filter(|(_, asked, told)| Some(*asked) != *told).count();
    if session.args.json {
        let batches: Vec<_> = done.batches.iter().map(|(n, a, t)| json!({"asked": a, "batch": n, "told": t})).collect();
        say::print_json(
            &json!({"batches": batches, "entry": done.n, "purge": done.purge.iter().map(|(s, ran)| json!({"ran": ran, "step": s})).collect::<Vec<_>>()}),
        );
        return Ok(u8::from(wrong > 0));
    }
    let rows = done
        .batches
        .iter()
        .map(|(n, a, t)| vec![n.to_string(), a.to_string(), t.map_or_else(|| "–".to_owned(), |t| t.to_string())])
        .collect();
    say::table(&[session.pick("批", "batch"), session.pick("应有的行", "rows asked"), session.pick("所报的行", "rows told")], rows);
    let missing: Vec<&str> = done.purge.iter().filter(|(_, ran)| !ran).map(|(s, _)| s.as_str()).collect();
    if !missing.is_empty() {
        let list = missing.join(", ");
        session.tell(
            &format!("残留清除中未见执行的步骤：{list}。请运行 purge.sql，连同其输出再交回一次。"),
            &format!(
                "steps of the purge that the output does not show: {list}. Have purge.sql run, and send the output back with it once more."
            ),
        );
    }
    session.tell(
        &format!("已记录（条目 {}），{wrong} 批不符。这是对方的陈述；下一步 custody apply 会再看一次。", done.n),
        &format!("recorded (entry {}); {wrong} batches differ. It is somebody's word; custody apply looks again.", done.n),
    );
    Ok(u8::from(wrong > 0))
}
