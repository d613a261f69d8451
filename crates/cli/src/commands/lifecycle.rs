//! `custody backup`, `apply`, `restore`, `dossier`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use terms::Fault;
use work::ApplyReport;

use papers::Kind;

use super::{Session, pages};
use crate::bar::Bar;
use crate::say;

pub fn backup(session: &Session<'_>) -> Result<u8, Fault> {
    let mut workspace = session.workspace(true, false)?;
    let report = work::backup(&mut workspace, &Bar::new(session.lang))?;
    if session.args.json {
        say::print_json(&json!({"archives": report.archives, "bytes": report.bytes, "entries": report.entries, "rows": report.rows}));
    } else {
        let names = report.archives.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        session.tell(
            &format!("归档 {names} 已恢复并逐行比对：{} 行，{} 字节。", report.rows, report.bytes),
            &format!("archive {names} restored and compared row by row: {} rows, {} bytes.", report.rows, report.bytes),
        );
    }
    Ok(0)
}

pub fn apply(session: &Session<'_>, dry_run: bool) -> Result<u8, Fault> {
    let mut workspace = session.workspace(true, dry_run)?;
    let report = work::apply(&mut workspace, dry_run, &Bar::new(session.lang))?;
    let page = workspace.paths.base.join("packages/receive.html");
    if !report.handed.is_empty() {
        pages::write(&page, Kind::Receive, &json!({"lang": session.lang.code()}))?;
    }
    let incomplete = if report.blocked.is_empty() { 0 } else { 2 };
    if session.args.json {
        say::print_json(&as_json(&report, session.lang));
        return Ok(incomplete);
    }
    if dry_run {
        show_due(session, &report);
        show_rehearsed(session, &report);
        show_alike(session, &report);
    } else {
        show_done(session, &workspace, &report);
        for place in &report.cleaned {
            session.tell(
                &format!("{place} 曾有已销毁的信息重新出现，其文件和日志已再次清理；请运行 `custody recheck` 再查一次。"),
                &format!(
                    "something had come back in {place}: its files and logs were cleaned once more; run `custody recheck` to look again."
                ),
            );
        }
        show_alike(session, &report);
        show_handed(session, &report, &page);
        show_left_alone(session, &report);
    }
    show_waiting(session, &report);
    Ok(incomplete)
}

fn as_json(report: &ApplyReport, lang: terms::Lang) -> Value {
    let done: Vec<_> = report
        .done
        .iter()
        .map(|d| json!({"item": d.item, "level": d.level, "rows_done": d.rows, "rows_kept": d.kept, "short_of_l3": d.short_of}))
        .collect();
    let handed: Vec<_> = report.handed.iter().map(|h| json!({"file": h.path, "package": h.package, "rows": h.rows})).collect();
    let due: Vec<_> = report.due.iter().map(|(i, r)| json!({"item": i, "rows": r})).collect();
    let tried: Vec<_> = report.rehearsed.iter().map(|(place, r)| json!({"dataset": place, "rehearsal": r})).collect();
    let waits: Vec<_> = report.waiting.iter().map(|w| json!({"item": w.item, "until": w.until, "why": w.why})).collect();
    let blocked: Vec<Value> = report.blocked.iter().map(|f| say::fault_json(f, lang)).collect();
    json!({"alike": report.alike, "blocked": blocked, "cleaned": report.cleaned, "done": done, "archives_ended": report.ended, "due": due, "handed": handed, "lawfully_present": report.lawful, "late": report.late, "rehearsed": tried, "remaining": report.remaining.iter().map(|(i, r)| json!({"item": i, "rows": r})).collect::<Vec<_>>(), "undecided": report.undecided, "waiting": waits})
}

fn show_due(session: &Session<'_>, report: &ApplyReport) {
    let rows = report.due.iter().map(|(i, r)| vec![i.to_string(), r.to_string()]).collect();
    say::table(&[session.pick("现在到期的项", "items due now"), session.pick("行", "rows")], rows);
    for fault in &report.blocked {
        let (what, todo) = say::fault_texts(fault, session.lang);
        session.tell(&format!("尚不能执行：{what}。{todo}"), &format!("not to be carried out yet: {what}. {todo}"));
    }
    for archive in &report.ended {
        session.tell(
            &format!("归档 {archive} 的密钥将被销毁，不能恢复。"),
            &format!("the keys of archive {archive} would be destroyed; nobody can undo it."),
        );
    }
}

/// What was tried with the first rows and taken back.
fn show_rehearsed(session: &Session<'_>, report: &ApplyReport) {
    let number = |n: u64| n.to_string();
    let row = |(place, r): &(terms::Place, work::Rehearsal)| {
        vec![place.to_string(), number(r.tried), number(r.met), number(r.orphans), number(r.cascades), number(r.triggers)]
    };
    let head = [
        ("试行（已撤回）", "tried and taken back"),
        ("行", "rows"),
        ("命中", "met"),
        ("断开的引用", "broken references"),
        ("其他表中随之变化", "changed elsewhere with them"),
        ("触发器", "triggers"),
    ];
    say::table(&head.map(|(zh, en)| session.pick(zh, en)), report.rehearsed.iter().map(row).collect());
    if report.rehearsed.iter().any(|(_, r)| r.triggers_off) {
        session.tell("销毁时触发器不会运行。", "triggers do not run while it is erased.");
    }
}

/// How many rows are alike where something is left of them (k-anonymity).
fn show_alike(session: &Session<'_>, report: &ApplyReport) {
    if report.alike.is_empty() {
        return;
    }
    let row = |(place, c): (&terms::Place, &case::CrowdSeen)| {
        vec![place.to_string(), c.k.to_string(), c.classes.to_string(), c.rows.to_string(), c.columns.to_string()]
    };
    let head = [
        ("匿名化的数据集", "anonymised"),
        ("k（最小组的行数）", "k (rows of the smallest class)"),
        ("组", "classes"),
        ("行", "rows"),
        ("比较的列", "columns compared"),
    ];
    say::table(&head.map(|(zh, en)| session.pick(zh, en)), report.alike.iter().map(row).collect());
}

fn show_done(session: &Session<'_>, workspace: &work::Workspace, report: &ApplyReport) {
    let rows = report
        .done
        .iter()
        .map(|d| {
            let level = if d.rows > 0 { d.level.label().get(session.lang).to_owned() } else { String::new() };
            vec![d.item.to_string(), d.rows.to_string(), d.kept.to_string(), level, short_of(session, workspace, d)]
        })
        .collect();
    say::table(
        &[
            session.pick("已处置的项", "items done"),
            session.pick("行", "rows"),
            session.pick("跳过", "kept"),
            session.pick("级别", "level"),
            session.pick("为何未达 L3", "why not L3"),
        ],
        rows,
    );
}

/// A structure in words: `src1/t4#1` is an index of that table.
fn structure(session: &Session<'_>, name: &str) -> String {
    match name.split_once('#') {
        Some((place, "fulltext")) => format!("{} {place}", session.pick("全文索引", "the full-text index of")),
        Some((place, n)) if session.lang == terms::Lang::Zh => format!("{place} 的第 {n} 个索引"),
        Some((place, n)) => format!("index {n} of {place}"),
        None => name.to_owned(),
    }
}

/// Why a level is no higher, in words.
fn short_of(session: &Session<'_>, workspace: &work::Workspace, done: &work::Done) -> String {
    let word = |why: &str| match why {
        "level_cap" => session.pick("触达方式或存储所限", "as its reach or store allows").to_owned(),
        "not_searched" => session.pick("未查找原始文件", "raw files were not searched").to_owned(),
        "bytes_unread" => session.pick("有未能查看的文件", "files that could not be looked into").to_owned(),
        "few_looked_for" => session.pick("可查找的值太少", "too few values could be looked for").to_owned(),
        "sight_lost" => session.pick("事后看不见事前所见", "what was seen before was not seen after").to_owned(),
        other => format!("{} {}", session.pick("看不见", "cannot be seen:"), structure(session, other.trim_start_matches("unseen "))),
    };
    // A word that is so for several columns is said once.
    let mut columns: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for why in &done.short_of {
        let (why, column) = why.rsplit_once(" #").map_or((why.as_str(), None), |(why, column)| (why, column.parse().ok()));
        columns.entry(why).or_default().extend(column.map(|c| work::column_shown(workspace, &done.dataset, c)));
    }
    let said = columns.into_iter().map(|(why, of)| match of.is_empty() {
        true => word(why),
        false => format!("{} ({})", word(why), of.join(", ")),
    });
    if done.rows == 0 { String::new() } else { said.collect::<Vec<_>>().join("; ") }
}

fn show_handed(session: &Session<'_>, report: &ApplyReport, page: &Path) {
    let page = page.display();
    for handed in &report.handed {
        session.tell(
            &format!(
                "移交包：{}（{} 行）。连同 {} 交给接收方；收回回执后 custody record receipt",
                handed.path.display(),
                handed.rows,
                page
            ),
            &format!(
                "package: {} ({} rows). Give it to its recipient with {}; record what comes back with custody record receipt",
                handed.path.display(),
                handed.rows,
                page
            ),
        );
    }
}

/// Archives that ended, and what was not touched, with the reason.
fn show_left_alone(session: &Session<'_>, report: &ApplyReport) {
    for archive in &report.ended {
        session.tell(&format!("归档 {archive} 的密钥已销毁。"), &format!("the keys of archive {archive} were destroyed."));
    }
    if report.lawful > 0 {
        session.tell(
            &format!("{} 个值仍依法存在于保留的记录中。", report.lawful),
            &format!("{} values still stand lawfully in records that stay.", report.lawful),
        );
    }
    if !report.undecided.is_empty() {
        let places = report.undecided.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        session.tell(
            &format!("尚未封存、无人决定的数据集：{places}。请在 case.yaml 中说明后运行 custody subjects。"),
            &format!("data sets that nobody sealed or decided on: {places}. Name them in case.yaml, then run custody subjects."),
        );
    }
    for (item, rows) in &report.remaining {
        session.tell(
            &format!("✘ {item}：应已删除的 {rows} 行还在交回的导出里；已记为发现，命令仍未完成。请再删除并再导出一次。"),
            &format!("✘ {item}: {rows} rows that were to go are still in the export; it is on record, and the order stays open. Have them deleted and exported again."),
        );
    }
    if report.late > 0 {
        session.tell(
                &format!("{} 行在封存之后新增或改动，未作处置。请运行：custody subjects，再 plan、approve、backup、apply。", report.late),
                &format!("{} rows came or changed after they were sealed and were left alone. Next: custody subjects, then plan, approve, backup, apply.", report.late),
            );
    }
}

fn show_waiting(session: &Session<'_>, report: &ApplyReport) {
    let rows = report
        .waiting
        .iter()
        .map(|w| {
            let why = match w.why {
                "not_before" => session.pick("未到日期", "its day has not come"),
                "gate" => session.pick("须先出示文件或行为", "something must be shown first"),
                "undecided" => session
                    .pick("仍有未决或新增的行：请再运行 subjects、plan", "rows are undecided or came late: run subjects and plan again"),
                "by_hand" => session.pick(
                    "由他人处理（脚本、平台、人工），处理后再运行 apply",
                    "done by others (script, platform, by hand); run apply again afterwards",
                ),
                "hold" => session.pick("处于保全之下", "under a hold"),
                "notice" => {
                    session.pick("须先告知个人（custody record notice_sent）", "persons must be told first (custody record notice_sent)")
                }
                "hand_over" => session.pick("先移交副本", "a copy is handed over first"),
                "recipient" => session.pick(
                    "接收方的密钥已停用：另行了结（custody record dispute_settled）",
                    "its recipient's key is revoked: settle it otherwise (custody record dispute_settled)",
                ),
                "receipt" => session.pick("等接收方签收", "its recipient has not signed for it"),
                "destructions" => session.pick("尚有处置未完成", "destructions are not done yet"),
                _ => session.pick("归档安全窗口", "safety window of the archive"),
            };
            vec![w.item.to_string(), w.until.map(|d| d.to_string()).unwrap_or_default(), why.to_owned()]
        })
        .collect::<Vec<_>>();
    if !rows.is_empty() {
        say::table(&[session.pick("等待", "waiting"), session.pick("至", "until"), session.pick("原因", "why")], rows);
    }
}

pub fn restore(session: &Session<'_>, to: Option<&Path>, into: Option<&str>) -> Result<u8, Fault> {
    let mut workspace = session.workspace(true, false)?;
    let bar = Bar::new(session.lang);
    let report = match (to, into.and_then(|s| s.split_once('='))) {
        (Some(folder), _) => work::restore(&mut workspace, folder, &bar)?,
        (None, Some((id, path))) => work::restore_into(&mut workspace, id.trim(), path.trim(), &bar)?,
        (None, None) => return Err(Fault::new("usage")),
    };
    if session.args.json {
        let rows: Vec<_> = report.iter().map(|(p, r, d)| json!({"dataset": p, "rows": r, "units_without_key": d})).collect();
        say::print_json(&json!({"restored": rows}));
    } else {
        let rows = report.iter().map(|(p, r, d)| vec![p.to_string(), r.to_string(), d.to_string()]).collect();
        say::table(
            &[
                session.pick("数据集", "data set"),
                session.pick("恢复的行", "rows restored"),
                session.pick("无密钥的单元", "units without key"),
            ],
            rows,
        );
    }
    Ok(0)
}

pub fn dossier(session: &Session<'_>, out: &Path, close: bool) -> Result<u8, Fault> {
    if out.exists() {
        return Err(Fault::new("dossier_exists"));
    }
    let mut workspace = session.workspace(true, false)?;
    if close {
        work::close(&mut workspace, &Bar::new(session.lang))?;
    }
    let made = work::dossier(&mut workspace, out)?;
    let policy = workspace.state.opened.as_ref().map(|o| o.policy_doc.to_string()).unwrap_or_default();
    // Beside the dossier, not in it: a program that checks a thing does not come out of that thing.
    let page = out.with_file_name("verify.html");
    pages::write(&page, Kind::Verify, &json!({"lang": session.lang.code()}))?;
    if session.args.json {
        say::print_json(
            &json!({"bytes": made.bytes, "entry": made.n, "file": out, "members": made.members, "page": page, "policy_digest": policy}),
        );
    } else {
        session.tell(
            &format!(
                "案卷：{}（{} 字节，{} 个成员）\n核验：custody verify {} --policy-digest {policy}\n没有命令行的人：用浏览器打开 {}，离线核验",
                out.display(),
                made.bytes,
                made.members,
                out.display(),
                page.display()
            ),
            &format!(
                "dossier: {} ({} bytes, {} members)\nverify: custody verify {} --policy-digest {policy}\nwithout a terminal: open {} in a browser; it checks offline",
                out.display(),
                made.bytes,
                made.members,
                out.display(),
                page.display()
            ),
        );
    }
    Ok(0)
}
