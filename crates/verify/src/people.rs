//! The report for people.

use crate::verdict::{Report, State};

/// The report as lines, Chinese or English.
pub fn print(report: &Report, zh: bool) -> String {
    let mut out = String::new();
    for c in &report.claims {
        let (mark, word) = match (c.state, zh) {
            (State::Proved, true) => ("✔", "已证明".to_owned()),
            (State::Proved, false) => ("✔", "proved".to_owned()),
            (State::Attested, true) => ("○", format!("声明（{}）", c.by.clone().unwrap_or_default())),
            (State::Attested, false) => ("○", format!("attested by {}", c.by.clone().unwrap_or_default())),
            (State::NotShown, true) => ("–", "未出示".to_owned()),
            (State::NotShown, false) => ("–", "not shown".to_owned()),
            (State::Broken, true) => ("✘", "不成立".to_owned()),
            (State::Broken, false) => ("✘", "broken".to_owned()),
        };
        let level = c.level.as_ref().map(|l| format!(" {l}")).unwrap_or_default();
        let rule = c.rule.as_ref().map(|r| format!(" [{r}]")).unwrap_or_default();
        let entry = c.entry.map(|n| if zh { format!(" 条目 {n}") } else { format!(" entry {n}") }).unwrap_or_default();
        let bytes = c.bytes.map(|n| if zh { format!(" 字节 {n}") } else { format!(" byte {n}") }).unwrap_or_default();
        out.push_str(&format!("{mark} {}{level}: {word}{rule}{entry}{bytes}: {}\n", c.id, c.what));
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
