//! The report for people.

use crate::verdict::{Report, State};

/// The report as lines, Chinese or English.
pub fn print(report: &Report, zh: bool) -> String {
    let mut out = String::new();
    for c in &report.claims {
        let (mark, word) = match (c.state, zh) {
            (State::Proved, true) => ("✔", "已证明".to_owned()),
            (State::Proved, false) => ("✔", "proved".to_owned()),
            (State::Attested, true) => ("○", format!("由{}声明", c.by.as_ref().map_or("", |b| &b.zh))),
            (State::Attested, false) => ("○", format!("attested by {}", c.by.as_ref().map_or("", |b| &b.en))),
            (State::NotShown, true) => ("–", "未出示".to_owned()),
            (State::NotShown, false) => ("–", "not shown".to_owned()),
            (State::Broken, true) => ("✘", "不成立".to_owned()),
            (State::Broken, false) => ("✘", "broken".to_owned()),
        };
        let level = c.level.as_ref().map(|l| format!(" {l}")).unwrap_or_default();
        let rule = c.rule.as_ref().map(|r| format!(" [{r}]")).unwrap_or_default();
        let entry = c.entry.map(|n| if zh { format!(" 条目 {n}") } else { format!(" entry {n}") }).unwrap_or_default();
        let bytes = c.bytes.map(|n| if zh { format!(" 字节 {n}") } else { format!(" byte {n}") }).unwrap_or_default();
        let (id, colon) = if zh { (id_in_chinese(&c.id), "：") } else { (c.id.clone(), ": ") };
        let what = if zh { &c.what.zh } else { &c.what.en };
        out.push_str(&format!("{mark} {id}{level}{colon}{word}{rule}{entry}{bytes}{colon}{what}\n"));
    }
    let result = match (report.exit_code(), zh) {
        (0, true) => "结果：成立",
        (0, false) => "result: yes",
        (1, true) => "结果：不成立",
        (1, false) => "result: no",
        (_, true) => "结果：不完整",
        (_, false) => "result: incomplete",
    };
    out.push_str(result);
    out.push('\n');
    out
}

/// A claim's name in Chinese; what comes after the dot stays.
fn id_in_chinese(id: &str) -> String {
    let (head, tail) = id.split_once('.').map_or((id, None), |(h, t)| (h, Some(t)));
    let name = match head {
        "complete" => "案卷完整",
        "ledger" => "日志",
        "chain" => "条目链",
        "signatures" => "签名",
        "rules" => "规则",
        "policy" => "政策",
        "documents" => "文档",
        "plan_recomputed" => "方案重算",
        "approvals" => "审批",
        "two_people" => "两位不同的人",
        "paper" => "纸质审批",
        "backup" => "备份",
        "totals" => "合计",
        "undecided" => "待定",
        "destroyed" => "已销毁",
        "handed_over" => "已移交",
        "archives" => "归档",
        "copies" => "恢复的副本",
        "closed" => "结案",
        "time" => "时间",
        other => other,
    };
    tail.map_or_else(|| name.to_owned(), |t| format!("{name} {t}"))
}
