//! `custody scan` and `custody subjects`.

use std::collections::BTreeMap;

use serde_json::json;
use terms::{Fault, Inventory};

use super::Session;
use crate::bar::Bar;
use crate::say;

pub fn scan(session: &Session<'_>) -> Result<u8, Fault> {
    let mut workspace = session.workspace(true, false)?;
    let report = work::scan(&mut workspace, &Bar::new(session.lang))?;
    if session.args.json {
        say::print_json(&json!({"entry": report.n, "inventory": report.inventory}));
    } else {
        let ids: Vec<&str> = workspace.file.sources.iter().map(|s| s.id.value.as_str()).collect();
        sources(session, &report.inventory, &workspace.file.sources.value);
        coverage(session, &report.inventory, &ids);
        left_out(session, &report.inventory);
        supposed(session, &report.inventory, &ids);
        unread(session, &report.inventory);
        by_hand(session, &report.inventory);
        session.tell("下一步：custody subjects", "next: custody subjects");
    }
    Ok(if report.inventory.unread.is_empty() { 0 } else { 2 })
}

/// Rights that erasing would need and the users of the databases lack, as the statements to ask for.
pub fn rights(session: &Session<'_>) -> Result<u8, Fault> {
    let mut workspace = session.workspace(true, false)?;
    let all = work::missing_rights(&mut workspace)?;
    if session.args.json {
        let list: Vec<_> = all.iter().map(|(source, missing)| json!({"missing": missing, "source": source})).collect();
        say::print_json(&json!({"rights": list}));
    } else {
        for (source, missing) in &all {
            match missing.is_empty() {
                true => session.tell(&format!("{source}：权限齐全"), &format!("{source}: nothing is missing")),
                false => {
                    session.tell(&format!("{source}：请管理员执行"), &format!("{source}: ask an administrator to run"));
                    println!("    {}", missing.join("\n    "));
                }
            }
        }
    }
    Ok(if all.iter().all(|(_, missing)| missing.is_empty()) { 0 } else { 1 })
}

/// Every source of the case file, which the ledger numbers in their order: as it was met, or how it will be got at.
fn sources(session: &Session<'_>, inventory: &Inventory, said: &[case::file::SourceFile]) {
    let rows = said.iter().enumerate().map(|(i, file)| {
        let place = format!("src{}", i + 1);
        let (store, reach, cap) = match inventory.sources.iter().find(|s| s.source.as_str() == place) {
            Some(seen) => (seen.store.clone(), seen.reach, seen.cap.word()),
            // Nothing is known of a store that could not be opened.
            None if file.reach() == terms::Reach::Direct => ("–".to_owned(), file.reach(), "–"),
            None => ("–".to_owned(), file.reach(), file.reach().cap().word()),
        };
        vec![format!("{place} {}", file.id.value), store, reach.label().get(session.lang).to_owned(), cap.to_owned()]
    });
    let head = [("数据源", "source"), ("存储", "store"), ("触达", "reach"), ("级别上限", "level at most")];
    say::table(&head.map(|(zh, en)| session.pick(zh, en)), rows.collect());
}

fn coverage(session: &Session<'_>, inventory: &Inventory, ids: &[&str]) {
    let named = |place: &terms::Place| {
        let at = place.as_str().trim_start_matches("src").parse::<usize>().ok().and_then(|n| ids.get(n.checked_sub(1)?));
        format!("{place} {}", at.copied().unwrap_or_default())
    };
    files(session, inventory, &named);
    read(session, inventory);
    let mut rows = Vec::new();
    for d in &inventory.datasets {
        let hidden = if d.hidden { session.pick("（隐藏）", " (hidden)") } else { "" };
        let name = format!("{}{hidden}", d.shown());
        let mut first = true;
        let class = d.class.clone().unwrap_or_else(|| "?".to_owned());
        if d.columns.iter().all(|c| c.findings.is_empty() && c.group.is_none()) {
            rows.push(vec![name, d.rows.to_string(), class, "–".into(), String::new(), String::new(), String::new()]);
            continue;
        }
        for c in d.columns.iter().filter(|c| !c.findings.is_empty() || c.group.is_some()) {
            let head = if first { (name.clone(), d.rows.to_string(), class.clone()) } else { Default::default() };
            first = false;
            let found: Vec<String> = c
                .findings
                .iter()
                .map(|f| if f.values > 0 { format!("{} {}", f.category, f.values) } else { format!("{}*", f.category) })
                .collect();
            rows.push(vec![
                head.0,
                head.1,
                head.2,
                c.shown(),
                found.join(", "),
                c.tier.label().get(session.lang).to_owned(),
                c.group.clone().unwrap_or_default(),
            ]);
        }
    }
    let head = [
        ("数据集", "data set"),
        ("行", "rows"),
        ("类别", "class"),
        ("列", "column"),
        ("发现（* 仅凭列名）", "found (* by name)"),
        ("等级", "tier"),
        ("字段组", "group"),
    ];
    say::table(&head.map(|(zh, en)| session.pick(zh, en)), rows);
}

/// What could not be read, and why.
fn unread(session: &Session<'_>, inventory: &Inventory) {
    if inventory.unread.is_empty() {
        return;
    }
    let texts = |u: &terms::Unread| {
        let why = Fault::named(&u.reason).with("place", &u.place).with("source", &u.place);
        say::fault_texts(&why, session.lang)
    };
    let row = |u: &terms::Unread| vec![u.place.to_string(), texts(u).0, u.bytes.to_string()];
    let head = [("未读取", "not read"), ("原因", "reason"), ("字节", "bytes")];
    say::table(&head.map(|(zh, en)| session.pick(zh, en)), inventory.unread.iter().map(row).collect());
    // Once for each reason: there may be thousands of files of one.
    let first: BTreeMap<&str, &terms::Unread> = inventory.unread.iter().rev().map(|u| (u.reason.as_str(), u)).collect();
    let todo = first.values().map(|u| texts(u).1).filter(|todo| !todo.is_empty());
    todo.for_each(|todo| println!("{}{todo}", session.pick("怎么办：", "do: ")));
}

/// Data sets whose rows somebody has to erase by hand, and why.
fn by_hand(session: &Session<'_>, inventory: &Inventory) {
    let row = |d: &terms::DatasetSeen| {
        let (why, todo) = say::fault_texts(&Fault::named(d.by_hand.as_ref()?).with("place", &d.dataset), session.lang);
        Some(vec![d.shown(), why, todo])
    };
    let rows: Vec<Vec<String>> = inventory.datasets.iter().filter(|d| d.class.as_deref() != Some("none")).filter_map(row).collect();
    if !rows.is_empty() {
        let head = [("须人工处置（级别至多 L1）", "erased by hand alone (L1 at most)"), ("原因", "reason"), ("怎么办", "what to do")];
        say::table(&head.map(|(zh, en)| session.pick(zh, en)), rows);
    }
}

/// The files of each folder by what became of them: together they are all that it holds.
fn files(session: &Session<'_>, inventory: &Inventory, named: &dyn Fn(&terms::Place) -> String) {
    let of = |c: terms::FileCount| vec![c.files.to_string(), c.bytes.to_string()];
    let row = |s: &terms::SourceSeen| s.files.map(|f| [vec![named(&s.source)], of(f.read), of(f.partly), of(f.unread)].concat());
    let rows: Vec<Vec<String>> = inventory.sources.iter().filter_map(row).collect();
    if rows.is_empty() {
        return;
    }
    let head = [
        ("文件夹", "folder"),
        ("已读文件", "files read"),
        ("字节", "bytes"),
        ("部分已读", "read in part"),
        ("字节", "bytes"),
        ("未读文件", "not read"),
        ("字节", "bytes"),
    ];
    say::table(&head.map(|(zh, en)| session.pick(zh, en)), rows);
}

/// Columns that nobody decides about, and that stay.
fn left_out(session: &Session<'_>, inventory: &Inventory) {
    let mut rows = Vec::new();
    for d in &inventory.datasets {
        let names: Vec<String> = d.columns.iter().filter(|c| c.undecided).map(terms::ColumnSeen::shown).collect();
        if !names.is_empty() {
            rows.push(vec![d.shown(), names.join(", ")]);
        }
    }
    if rows.is_empty() {
        return;
    }
    say::table(&[session.pick("数据集", "data set"), session.pick("未归入字段组的列", "columns of no group")], rows);
    session.tell(
        "这些列不在任何字段组中：没有人对它们作决定，它们会原样保留。含个人信息的，在 case.yaml 的 groups 中归组，否则写入 not_personal: {列: 理由}（#3 这样的写作 \"#3\"）。",
        "these columns are in no group: nobody decides about them, and they stay as they are. Put those that tell of persons under groups in case.yaml, the others under not_personal: {COLUMN: why} (what is shown as #3 is written \"#3\").",
    );
}

/// Columns that seem to refer to something, to be confirmed or denied in the case file.
fn supposed(session: &Session<'_>, inventory: &Inventory, ids: &[&str]) {
    let column = |place: &terms::Place, ordinal: u32| {
        let seen = inventory.datasets.iter().find(|d| d.dataset == *place);
        seen.map_or_else(|| (place.to_string(), format!("#{ordinal}")), |d| (d.shown(), d.column_shown(ordinal)))
    };
    let mut rows = Vec::new();
    for d in &inventory.datasets {
        let source = d.dataset.source().trim_start_matches("src").parse::<usize>().ok().and_then(|n| ids.get(n.checked_sub(1)?));
        for s in &d.supposed {
            let ((table, name), (to, key)) = (column(&d.dataset, s.column), column(&s.to, s.to_column));
            let [own, of_key] = [&name, &key].map(|n| if n.starts_with('#') { format!("\"{n}\"") } else { n.clone() });
            let line = format!("references: [{{column: {own}, of: {}/{to}, key: {of_key}}}]", source.copied().unwrap_or_default());
            rows.push(vec![format!("{table}.{name}"), format!("{to}.{key}"), format!("{} / {}", s.met, s.values), line]);
        }
    }
    if rows.is_empty() {
        return;
    }
    let head =
        [("疑似引用", "seems to refer"), ("指向", "to"), ("吻合", "values met"), ("确认时在 case.yaml 写", "to confirm, in case.yaml")];
    say::table(&head.map(|(zh, en)| session.pick(zh, en)), rows);
    session.tell(
        "确认之前，被指向的行只清空字段、不删除整行。不是引用的：no_references: [列名]",
        "until that is answered, the rows that they lead to are emptied, never deleted. Where it is no reference: no_references: [COLUMN]",
    );
}

/// What was read of each data set: all of it, with its digest, or it stands in the list of what was not.
fn read(session: &Session<'_>, inventory: &Inventory) {
    let rows = inventory.datasets.iter().map(|d| {
        let name = d.shown();
        let digest: String = d.digest.to_string().chars().take(16).collect();
        vec![
            d.dataset.to_string(),
            name,
            d.columns.len().to_string(),
            d.rows.to_string(),
            d.bytes.to_string(),
            d.ragged.to_string(),
            digest,
        ]
    });
    let head = [
        ("位置", "place"),
        ("已读取的数据集", "data set read"),
        ("列", "columns"),
        ("行", "rows"),
        ("字节", "bytes"),
        ("列数不符的行", "ragged rows"),
        ("摘要", "digest"),
    ];
    say::table(&head.map(|(zh, en)| session.pick(zh, en)), rows.collect());
}

pub fn subjects(session: &Session<'_>) -> Result<u8, Fault> {
    let mut workspace = session.workspace(true, false)?;
    let report = work::subjects(&mut workspace, &Bar::new(session.lang))?;
    if session.args.json {
        let sealed: Vec<_> = report.sealed.iter().map(|(n, r)| json!({"holding": n, "rows": r})).collect();
        say::print_json(
            &json!({"archive": report.archive, "delta": report.delta, "refused_joins": report.refused, "rows": report.rows, "sealed": sealed, "subjects": report.subjects, "unassigned_rows": report.unassigned, "unread": report.unread}),
        );
        return Ok(incomplete(report.unread));
    }
    let rows = report.sealed.iter().map(|(n, r)| vec![n.clone(), r.to_string()]).collect();
    let sealed = if report.delta {
        session.pick("补充封存的行（封存后新增或改动）", "rows sealed as a delta (new or changed since)")
    } else {
        session.pick("已封存的行", "rows sealed")
    };
    say::table(&[session.pick("持有项", "holding"), sealed], rows);
    if report.unread > 0 {
        session.tell(
            &format!("{} 处未能读取（见 custody scan），其中的内容未封存，案件不能结案。", report.unread),
            &format!(
                "{} places could not be read (see custody scan): what is in them is not sealed, and the case cannot close.",
                report.unread
            ),
        );
    }
    session.tell(
        &format!(
            "{} 个个人；{} 行无归属；{} 次合并因身份证号不同被拒绝。\n下一步：custody questions",
            report.subjects, report.unassigned, report.refused
        ),
        &format!(
            "{} persons; {} rows of nobody; {} joins refused because identity numbers differ.\nnext: custody questions",
            report.subjects, report.unassigned, report.refused
        ),
    );
    Ok(incomplete(report.unread))
}

/// Exit code 2 while something was not read.
fn incomplete(unread: u64) -> u8 {
    if unread > 0 { 2 } else { 0 }
}
