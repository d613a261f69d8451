//! The plan linter: graded notes that stand before anybody may approve; an error bars approval.

use law::LawBook;
use serde::{Deserialize, Serialize};
use terms::{Holdings, Inventory, Outcome};

use crate::gates::Shown;
use crate::item::Method;
use crate::table::Plan;

/// How grave a note is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Nobody may approve.
    Error,
    /// Read before approving.
    Warning,
    /// Good to know.
    Note,
}

/// A graded note.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// How grave.
    pub grade: Grade,
    /// Stable code.
    pub code: String,
    /// Holding, place or rule that it speaks of.
    pub about: String,
    /// In words, Chinese.
    pub zh: String,
    /// In words, English.
    pub en: String,
}

fn note(grade: Grade, code: &str, about: impl Into<String>, zh: impl Into<String>, en: impl Into<String>) -> Note {
    Note { grade, code: code.to_owned(), about: about.into(), zh: zh.into(), en: en.into() }
}

/// All notes on a plan, gravest first.
pub fn lint(plan: &Plan, holdings: &Holdings, inventory: &Inventory, book: &LawBook) -> Vec<Note> {
    let mut out = Vec::new();
    undecided(plan, &mut out);
    columns(holdings, inventory, &mut out);
    items(plan, holdings, &mut out);
    rules(plan, book, &mut out);
    gates(plan, &mut out);
    coverage(inventory, &mut out);
    supposed(inventory, &mut out);
    out.sort();
    out.dedup();
    out
}

fn undecided(plan: &Plan, out: &mut Vec<Note>) {
    for row in plan.rows.iter().filter(|r| r.outcome == Outcome::Undecided) {
        let why: Vec<&str> = row.unknown.iter().chain(&row.waits).map(String::as_str).collect();
        out.push(note(
            Grade::Warning,
            "undecided",
            row.id.clone(),
            format!("{} 条记录待定，缺：{}。案件不能结案。", row.records, why.join("、")),
            format!("{} records undecided for want of: {}. The case cannot close.", row.records, why.join(", ")),
        ));
    }
    for row in plan.rows.iter().filter(|r| r.dates.iter().any(|d| d.overdue)) {
        out.push(note(Grade::Warning, "overdue", row.id.clone(), "处置期限已过，应立即处理。", "its last day has passed: act at once."));
    }
}

fn columns(holdings: &Holdings, inventory: &Inventory, out: &mut Vec<Note>) {
    for seen in &inventory.datasets {
        let found = |c: &&terms::ColumnSeen| !c.findings.is_empty();
        let held = holdings.holdings.iter().find(|h| h.dataset == seen.dataset);
        let loose: Vec<String> = seen
            .columns
            .iter()
            .filter(found)
            .filter(|c| !held.is_some_and(|h| h.groups.iter().any(|g| g.columns.contains(&c.ordinal))))
            .map(terms::ColumnSeen::shown)
            .collect();
        let about = seen.shown();
        match held {
            None if seen.class.as_deref() == Some("none") => {}
            None if !loose.is_empty() => out.push(note(
                Grade::Error,
                "unclassified_dataset",
                about,
                format!("{} 中发现个人信息，但未说明记录类别。请在 case.yaml 的 datasets 中为其指定 class（或 class: none 并写明 why）。", seen.dataset),
                format!("personal data found in {}, but no record class is given. Name its `class` under `datasets` in case.yaml (or `class: none` with a `why`).", seen.dataset),
            )),
            None if seen.class.is_none() && seen.rows > 0 => out.push(note(
                Grade::Warning,
                "unclassified_dataset",
                about,
                format!("{} 未说明记录类别，案件因此不能结案。请现在就在 case.yaml 中指定 class（或 class: none 并写明 why），再运行 subjects。", seen.dataset),
                format!("{} has no record class, and so the case cannot close. Name its `class` in case.yaml now (or `class: none` with a `why`), and run subjects again.", seen.dataset),
            )),
            Some(_) if !loose.is_empty() => out.push(note(
                Grade::Error,
                "loose_column",
                about,
                format!("以下列中发现个人信息，但不属于任何字段组：{}。请在 case.yaml 中归组。", loose.join("、")),
                format!("personal data found in columns that belong to no field group: {}. Put them into a group in case.yaml.", loose.join(", ")),
            )),
            _ => {}
        }
    }
}

/// References that names and values speak for, and nobody has confirmed or denied.
fn supposed(inventory: &Inventory, out: &mut Vec<Note>) {
    for seen in inventory.datasets.iter().filter(|d| !d.supposed.is_empty()) {
        for s in &seen.supposed {
            let about = format!("{}.{}", seen.dataset, s.column);
            out.push(note(
                Grade::Warning,
                "supposed_reference",
                about,
                format!("看起来指向 {} 的第 {} 列（{} 个值中 {} 个吻合），未声明。请在 case.yaml 写 references 或 no_references；在此之前被指向的行只清空字段。", s.to, s.to_column, s.values, s.met),
                format!("seems to refer to column {} of {} ({} of {} values), undeclared. Say `references` or `no_references` in case.yaml; until then the rows it leads to are emptied, never deleted.", s.to_column, s.to, s.met, s.values),
            ));
        }
    }
}

fn items(plan: &Plan, holdings: &Holdings, out: &mut Vec<Note>) {
    for item in &plan.items {
        let holding = holdings.holdings.iter().find(|h| h.name == item.holding);
        let groups = holding.map(|h| h.groups.as_slice()).unwrap_or_default();
        let keys = groups.iter().any(|g| item.groups.contains(&g.name) && !g.key_columns.is_empty());
        if matches!(item.method, Method::EraseFields | Method::Anonymise) && keys {
            out.push(note(
                Grade::Error,
                "key_column",
                item.item.as_str(),
                "要清空的字段组含主键列，不能单独清空。请把该列移出字段组，或使整行一并销毁。",
                "the group holds a key column, which cannot be emptied alone. Move it out of the group, or let whole rows go.",
            ));
        }
        if item.method == Method::ByHand && item.irreversible() {
            out.push(note(
                Grade::Note,
                "by_hand",
                item.item.as_str(),
                "此项由他人按说明处理（脚本、平台或人工）并记录证据；级别以数据源的取得方式为限，人工最高 L1，脚本和导出最高 L2。",
                "done by others by instruction (script, platform, by hand), with evidence recorded; at most the level of the reach: by hand L1, script and export L2.",
            ));
        }
        if item.outcome == Outcome::Retain {
            out.push(note(
                Grade::Note,
                "storage_only",
                item.item.as_str(),
                "仅存储：到期日前不得用于存储和安全保护以外的用途，须有保管人。",
                "storage only: no use but storage and protection until its end date, with a keeper.",
            ));
        }
    }
}

fn rules(plan: &Plan, book: &LawBook, out: &mut Vec<Note>) {
    let destroying: Vec<&str> = plan.items.iter().filter(|i| i.irreversible()).flat_map(|i| i.rules.iter().map(String::as_str)).collect();
    let used: std::collections::BTreeSet<&str> =
        plan.rows.iter().flat_map(|r| r.winners.iter().chain(&r.losers)).map(String::as_str).collect();
    for rule in used.iter().filter_map(|id| book.get(id)) {
        let destroys = destroying.contains(&rule.id.as_str());
        if destroys && rule.from_memory {
            out.push(note(
                Grade::Error,
                "from_memory",
                &rule.id,
                "凭记忆写成的规则不得作为销毁依据。",
                "a rule known from memory only cannot ground a destruction.",
            ));
        }
        if destroys && !rule.quote_checked {
            out.push(note(
                Grade::Error,
                "unchecked_quote",
                &rule.id,
                "规则引文尚未与法律文本核对，不得作为销毁依据。",
                "its words were not compared with the text: it cannot ground a destruction.",
            ));
        } else if !rule.quote_checked {
            out.push(note(
                Grade::Warning,
                "unchecked_quote",
                &rule.id,
                "规则引文尚未与法律文本核对。",
                "its words were not compared with the text.",
            ));
        }
        if let Some(counsel) = &rule.needs_counsel {
            out.push(note(
                Grade::Warning,
                "needs_counsel",
                &rule.id,
                format!("请律师确认：{}", counsel.zh),
                format!("ask counsel: {}", counsel.en),
            ));
        }
        if destroys && rule.due_is_default {
            out.push(note(
                Grade::Note,
                "product_default",
                &rule.id,
                "法律未规定天数，期限为产品默认。",
                "the law names no number of days: the dates are a product default.",
            ));
        }
    }
}

fn gates(plan: &Plan, out: &mut Vec<Note>) {
    for gate in plan.gates.iter().filter(|g| g.shown != Shown::Yes) {
        let steps = gate.before.join(", ");
        out.push(note(
            Grade::Warning,
            "gate_open",
            &gate.rule,
            format!("在「{steps}」之前须出示：{}。", gate.shown_by),
            format!("to be shown before {steps}: {}.", gate.shown_by),
        ));
    }
}

fn coverage(inventory: &Inventory, out: &mut Vec<Note>) {
    for unread in &inventory.unread {
        out.push(note(
            Grade::Warning,
            "unread",
            unread.place.as_str(),
            format!("未读取（{}）：未知不等于没有，案件不能结案。", unread.reason),
            format!("not read ({}): unknown is not none, and keeps the case open.", unread.reason),
        ));
    }
}
