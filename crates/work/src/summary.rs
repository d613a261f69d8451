//! The summary of a case for people: one page, Chinese and English, every figure from entries and documents.

use std::fmt::Write as _;

use case::{Event, OrderKind};
use ledger::Entry;
use terms::{Both, Fault};

use crate::planning::read_plan;
use crate::workspace::Workspace;

const STYLE: &str = "body{font:15px/1.6 system-ui,'Noto Sans CJK SC','Microsoft YaHei',sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2430}\
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem;border-bottom:1px solid #cfd6df}table{border-collapse:collapse;width:100%}\
td,th{border-bottom:1px solid #e3e8ee;padding:.35rem .5rem;text-align:left;vertical-align:top}small{color:#5b6675}@media print{body{margin:0}}";

fn both(zh: &str, en: &str) -> Both {
    Both { zh: zh.to_owned(), en: en.to_owned() }
}

fn heading(out: &mut String, text: &Both) {
    let _ = write!(out, "<h2>{} <small>{}</small></h2>", escape(&text.zh), escape(&text.en));
}

fn table(out: &mut String, head: &[Both], rows: &[Vec<String>]) {
    out.push_str("<table><tr>");
    for h in head {
        let _ = write!(out, "<th>{}<br><small>{}</small></th>", escape(&h.zh), escape(&h.en));
    }
    out.push_str("</tr>");
    for row in rows {
        out.push_str("<tr>");
        for cell in row {
            let _ = write!(out, "<td>{}</td>", escape(cell));
        }
        out.push_str("</tr>");
    }
    out.push_str("</table>");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The summary page.
///
/// # Errors
/// If a document is missing.
pub(crate) fn summary(workspace: &Workspace) -> Result<String, Fault> {
    let mut out = String::new();
    let state = &workspace.state;
    let opened = state.opened.as_ref().ok_or_else(|| Fault::new("no_workspace"))?;
    let (size, root) = workspace.head();
    let root: String = root.iter().map(|b| format!("{b:02x}")).collect();
    let _ = write!(
        out,
        "<!doctype html><html lang=\"zh\"><meta charset=\"utf-8\"><title>善后 · Custody</title><style>{STYLE}</style><h1>案卷摘要 <small>Summary of the dossier</small></h1>"
    );
    let scenario = opened.scenario.label();
    table(
        &mut out,
        &[both("项目", "item"), both("内容", "content")],
        &[
            vec!["案件 case".into(), state.case.clone()],
            vec!["情形 scenario".into(), format!("{} · {}", scenario.zh, scenario.en)],
            vec!["日志 origin".into(), opened.origin.clone()],
            vec!["条目 entries".into(), size.to_string()],
            vec!["根 root".into(), root],
            vec!["安全窗口 safety window".into(), format!("{} 天 days", opened.safety_days)],
        ],
    );
    plan_section(workspace, &mut out)?;
    effects_section(workspace, &mut out)?;
    let rows: Vec<Vec<String>> = state
        .keys
        .values()
        .filter(|k| k.record.purpose != case::KeyUse::Run)
        .map(|k| vec![k.record.kid.clone(), k.record.purpose.word().to_owned(), k.record.person.to_string()])
        .collect();
    heading(&mut out, &both("密钥", "keys"));
    table(&mut out, &[both("编号", "id"), both("用途", "use"), both("人（代号）", "person (pseudonym)")], &rows);
    heading(&mut out, &both("本案卷不能证明的事项", "what this does not prove"));
    out.push_str(
        "<p>数学不能证明世上没有别的副本；「查过、没有」是操作者的声明，两把密钥是否确为两个人是登记者的声明，时间是操作者的声明。<br>\
         <small>Mathematics never proves that no further copy exists. That rows were gone when looked for, that two keys are two people, and that the clock was right are attested, not proved.</small></p></html>\n",
    );
    Ok(out)
}

fn plan_section(workspace: &Workspace, out: &mut String) -> Result<(), Fault> {
    let Ok((n, doc)) = read_plan(workspace) else { return Ok(()) };
    heading(out, &both(&format!("处置方案（条目 {n}）"), &format!("disposition plan (entry {n})")));
    let rows: Vec<Vec<String>> = doc
        .plan
        .rows
        .iter()
        .map(|r| {
            let label = r.outcome.label();
            let until = r.dates.iter().filter_map(|d| d.until.or(d.not_after)).max().map(|d| d.to_string()).unwrap_or_default();
            let join = |s: &std::collections::BTreeSet<String>| s.iter().cloned().collect::<Vec<_>>().join(", ");
            vec![r.id.clone(), r.records.to_string(), format!("{} · {}", label.zh, label.en), until, join(&r.winners), join(&r.losers)]
        })
        .collect();
    let head = [
        both("持有项", "holding"),
        both("记录", "records"),
        both("结果", "outcome"),
        both("至", "until"),
        both("依据", "because of"),
        both("未采纳", "outweighed"),
    ];
    table(out, &head, &rows);
    Ok(())
}

fn effects_section(workspace: &Workspace, out: &mut String) -> Result<(), Fault> {
    let mut rows = Vec::new();
    for line in workspace.lines()? {
        let Ok(entry) = Entry::parse(&line) else { continue };
        if let Ok(Some(Event::DestroyObserved(o) | Event::AnonymiseObserved(o))) = Event::read(&entry.kind, &entry.facts) {
            let order = workspace.state.orders.get(&o.order_n).and_then(|x| match &x.kind {
                OrderKind::Destroy(e) | OrderKind::Anonymise(e) => Some(e.clone()),
                _ => None,
            });
            let Some(e) = order else { continue };
            let kept: u64 = o.rows_kept.values().sum();
            rows.push(vec![
                e.item.to_string(),
                e.dataset.to_string(),
                e.groups.join(", "),
                e.method,
                format!("{} / {}", o.rows_done, e.rows),
                kept.to_string(),
                o.level.word().to_owned(),
                o.out_of_scope.join(", "),
            ]);
        }
    }
    heading(out, &both("销毁及核查", "destructions and what was seen"));
    let head = [
        both("项", "item"),
        both("数据集", "data set"),
        both("字段组", "groups"),
        both("方法", "method"),
        both("已销毁", "done"),
        both("跳过", "kept"),
        both("级别", "level"),
        both("不在核查范围", "out of scope"),
    ];
    table(out, &head, &rows);
    Ok(())
}
