//! One decision in words, Chinese or English: what becomes of it, which article wins, which loses, what is unknown.

use std::fmt::Write as _;

use facts::{Table, Words};
use law::{LawBook, Rule};
use terms::{Lang, Outcome};

use crate::table::{Row, Side};

/// A year long before any retention that still runs.
const LONG_AGO: i16 = 1_500;

/// What a text needs besides the row.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// The rules.
    pub book: &'a LawBook,
    /// Names of facts.
    pub table: &'a Table,
    /// Words for values.
    pub words: &'a Words,
    /// The language.
    pub lang: Lang,
}

impl Reader<'_> {
    fn pick<'t>(&self, zh: &'t str, en: &'t str) -> &'t str {
        match self.lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }

    /// A fact's name for people.
    pub fn fact(&self, name: &str) -> String {
        match name.strip_prefix("opinion:") {
            Some(rule) => format!("{} {rule}", self.pick("律师意见：", "opinion of counsel on")),
            None => self.table.get(name).map_or_else(|| name.to_owned(), |f| f.label().get(self.lang).to_owned()),
        }
    }

    /// For whom a row holds.
    pub fn condition(&self, row: &Row) -> String {
        let parts = row.condition.iter().map(|(name, sides)| {
            let values: Vec<String> = sides
                .iter()
                .map(|s| match s {
                    // Long before any retention that still runs: the entry completes no voucher at all.
                    Side::Days { from, to } if from == to && to.year() < LONG_AGO => self.pick("无", "none").to_owned(),
                    Side::Days { from, to } if from.year() < LONG_AGO => format!("{} {to}", self.pick("无，或至", "none, or up to")),
                    Side::Known(v) => self.words.value(v, self.lang),
                    Side::Days { from, to } if from == to => from.to_string(),
                    Side::Days { from, to } => format!("{from} … {to}"),
                    Side::Unknown { .. } => self.pick("未知", "unknown").to_owned(),
                })
                .collect();
            format!("{}{}{}", self.fact(name), self.pick("：", ": "), values.join(self.pick("、", ", ")))
        });
        let parts: Vec<String> = parts.collect();
        if parts.is_empty() { self.pick("全部", "all").to_owned() } else { parts.join(self.pick("；", "; ")) }
    }

    /// The dates of a row.
    pub fn dates(&self, row: &Row) -> String {
        let many = row.dates.len() > 1;
        let parts: Vec<String> = row
            .dates
            .iter()
            .map(|d| {
                let when = match (d.until, d.not_before, d.not_after) {
                    (Some(until), ..) => format!("{} {until}", self.pick("至", "until")),
                    (_, Some(from), Some(to)) => format!("{from} … {to}"),
                    (_, Some(from), None) => format!("{} {from}", self.pick("自", "from")),
                    _ => String::new(),
                };
                if many { format!("{when}: {}", d.records) } else { when }
            })
            .collect();
        parts.join(self.pick("；", "; "))
    }

    fn rule(&self, rule: &Rule) -> String {
        let says = rule.says.get(self.lang);
        let quote = match self.lang {
            Lang::Zh => format!("《{}》{}「{}」", rule.law_title.zh, rule.article, says),
            Lang::En => format!("{}, {} (\"{}\")", rule.law_title.en, rule.article, says),
        };
        let checked = if rule.quote_checked { "" } else { self.pick("（引文未核对）", " (quote not compared with the text)") };
        format!("{} {quote}{checked}，{}", rule.id, rule.tier.label().get(self.lang)).replace('，', self.pick("，", ", "))
    }
}

/// The decision of a row in words.
pub fn explain(row: &Row, reader: &Reader<'_>) -> String {
    let r = reader;
    let mut out = String::new();
    let group = r.words.word(&row.group, r.lang);
    let _ = match r.lang {
        Lang::Zh => {
            writeln!(out, "{} · {group}（{}），{} 条记录：{}。", row.holding, r.condition(row), row.records, row.outcome.label().zh)
        }
        Lang::En => writeln!(out, "{} · {group} ({}), {} records: {}.", row.holding, r.condition(row), row.records, row.outcome.label().en),
    };
    if !row.dates.is_empty() {
        let _ = writeln!(out, "{}{}", r.pick("日期：", "Dates: "), r.dates(row));
    }
    if row.outcome == Outcome::Retain {
        let _ = writeln!(
            out,
            "{}",
            r.pick(
                "只存储和保护，不作其他处理；到期后再次适用删除义务。",
                "Only stored and protected, no other use; when the period ends the duty to erase applies again."
            )
        );
    }
    section(&mut out, r, r.pick("依据：", "Because of:"), row.winners.iter());
    section(&mut out, r, r.pick("未被采纳或被中止：", "Outweighed or suspended:"), row.losers.iter());
    let open: Vec<String> = row.unknown.iter().map(|u| r.fact(u)).collect();
    if !open.is_empty() {
        let _ = writeln!(out, "{}{}", r.pick("尚不清楚：", "Still unknown: "), open.join(r.pick("、", "; ")));
    }
    let waits: Vec<String> = row.waits.iter().map(|u| r.fact(u)).collect();
    if !waits.is_empty() {
        let _ = writeln!(out, "{}{}", r.pick("等待：", "Waits for: "), waits.join(r.pick("、", "; ")));
    }
    out
}

fn section<'a>(out: &mut String, r: &Reader<'_>, title: &str, ids: impl Iterator<Item = &'a String>) {
    let lines: Vec<String> = ids.filter_map(|id| r.book.get(id)).map(|rule| r.rule(rule)).collect();
    if !lines.is_empty() {
        let _ = writeln!(out, "{title}");
        for line in lines {
            let _ = writeln!(out, "  - {line}");
        }
    }
}
