//! Words for people: faults, tables, JSON; Chinese or English.

use std::collections::BTreeMap;

use case::file::CaseFault;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Deserialize;
use serde_json::{Value, json};
use terms::{Fault, Lang};

use crate::args::{Args, LangArg};

#[derive(Deserialize, Clone)]
struct Text {
    zh: String,
    en: String,
    todo_zh: String,
    todo_en: String,
}

/// A shipped YAML file as a value; null if it is damaged.
pub fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_default()
}

/// The language of the screen.
pub fn language(args: &Args) -> Lang {
    let system = || {
        let of = |name: &str| std::env::var(name).unwrap_or_default();
        let locale = [of("LC_ALL"), of("LC_MESSAGES"), of("LANG")].into_iter().find(|v| !v.is_empty()).unwrap_or_default();
        if locale.starts_with("zh") { Lang::Zh } else { Lang::En }
    };
    match args.lang {
        Some(LangArg::Zh) => Lang::Zh,
        Some(LangArg::En) => Lang::En,
        // Also a faulty case file says in which language its faults are to be told.
        None => {
            let text = std::fs::read(&args.case).map(|b| String::from_utf8_lossy(&b).into_owned()).unwrap_or_default();
            match text.lines().find_map(|l| l.strip_prefix("lang:")).map(str::trim) {
                Some(l) if l.starts_with("en") => Lang::En,
                Some(l) if l.starts_with("zh") => Lang::Zh,
                _ => system(),
            }
        }
    }
}

/// One of two texts.
pub fn pick<'a>(lang: Lang, zh: &'a str, en: &'a str) -> &'a str {
    match lang {
        Lang::Zh => zh,
        Lang::En => en,
    }
}

/// What happened and what to do, in words.
pub fn fault_texts(fault: &Fault, lang: Lang) -> (String, String) {
    let texts: BTreeMap<String, Text> = serde_json::from_value(yaml(include_str!("../texts/faults.yaml"))).unwrap_or_default();
    let filled =
        |template: &str| fault.args().iter().fold(template.to_owned(), |t, (name, value)| t.replace(&format!("{{{name}}}"), value));
    match texts.get(fault.code()) {
        Some(t) => (filled(pick(lang, &t.zh, &t.en)), filled(pick(lang, &t.todo_zh, &t.todo_en))),
        None => (fault.to_string(), String::new()),
    }
}

/// A fault for programs.
pub fn fault_json(fault: &Fault, lang: Lang) -> Value {
    let (what, todo) = fault_texts(fault, lang);
    let args: BTreeMap<&str, &String> = fault.args().iter().map(|(n, v)| (*n, v)).collect();
    json!({"args": args, "code": fault.code(), "retry": fault.may_retry(), "todo": todo, "what": what})
}

/// Prints a fault on standard error.
pub fn fault(fault: &Fault, lang: Lang, as_json: bool) {
    if as_json {
        println!("{}", json!({"error": fault_json(fault, lang)}));
    } else {
        let (what, todo) = fault_texts(fault, lang);
        eprintln!("{}: {what}", pick(lang, "错误", "error"));
        if !todo.is_empty() {
            eprintln!("  {}: {todo}", pick(lang, "怎么办", "do"));
        }
        let retry = if fault.may_retry() { pick(lang, "，可重试", ", trying again can help") } else { "" };
        eprintln!("  [{}{retry}]", fault.code());
    }
}

/// Prints faults of the case file with line, field and remedy.
pub fn case_faults(path: &std::path::Path, faults: &[CaseFault], lang: Lang, as_json: bool) {
    if as_json {
        let list: Vec<Value> =
            faults.iter().map(|f| json!({"field": f.field, "line": f.line, "todo": f.todo.get(lang), "what": f.what.get(lang)})).collect();
        println!("{}", json!({"case_faults": list}));
        return;
    }
    for f in faults {
        eprintln!("{}:{}: {}: {}", path.display(), f.line, f.field, f.what.get(lang));
        eprintln!("    {}: {}", pick(lang, "怎么办", "do"), f.todo.get(lang));
    }
}

/// Prints a table.
pub fn table(head: &[&str], rows: Vec<Vec<String>>) {
    let mut t = Table::new();
    t.load_style(presets::UTF8_HORIZONTAL_ONLY);
    // On a terminal no wider than it; elsewhere as wide as the text is.
    t.set_content_arrangement(ContentArrangement::Dynamic);
    t.set_header(head.iter().copied());
    for row in rows {
        t.add_row(row);
    }
    println!("{t}");
}

/// A number of bytes as people read it.
pub fn bytes(n: u64) -> String {
    match n {
        0..1_000_000 => format!("{} kB", n.div_ceil(1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", n.div_ceil(1_000_000)),
        _ => format!("{:.1} GB", n as f64 / 1e9),
    }
}

/// Prints JSON.
pub fn print_json(value: &Value) {
    println!("{}", serde_json::to_string_pretty(value).unwrap_or_default());
}
