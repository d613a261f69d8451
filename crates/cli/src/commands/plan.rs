//! `custody plan` and `custody explain`.

use plan::{Grade, PlanDoc, Reader};
use serde_json::json;
use terms::Fault;
use work::Workspace;

use super::{Session, pages};
use crate::args::PlanArgs;
use crate::say;

fn reader<'a>(session: &Session<'_>, workspace: &'a Workspace) -> Reader<'a> {
    let packs = &workspace.packs;
    Reader { book: &packs.book, table: &packs.table, words: &packs.words, lang: session.lang }
}

pub fn plan(session: &Session<'_>, args: &PlanArgs) -> Result<u8, Fault> {
    let mut workspace = session.workspace(!args.dry_run, args.dry_run)?;
    let (n, doc, changes) = if args.dry_run {
        (None, work::plan_now(&workspace)?, None)
    } else {
        let report = work::make_plan(&mut workspace)?;
        (Some(report.n), report.doc, report.changes)
    };
    let errors = doc.notes.iter().any(|n| n.grade == Grade::Error);
    let page = if n.is_some() && !errors { Some(pages::approval(session, &workspace)?) } else { None };
    let sheets = if page.is_some() { pages::sheets(&mut workspace)? } else { Vec::new() };
    if session.args.json {
        say::print_json(
            &json!({"changes": changes, "entry": n, "page": page, "plan": doc, "sheets": sheets.iter().map(|s| &s.path).collect::<Vec<_>>()}),
        );
    } else {
        show(session, &workspace, &doc);
        if let Some(changes) = changes {
            let rows = changes
                .iter()
                .map(|c| vec![c.place.clone(), c.before.clone().unwrap_or_default(), c.after.clone().unwrap_or_default()])
                .collect();
            if changes.is_empty() {
                session.tell("与上一方案相同。", "the same as the plan before.");
            } else {
                say::table(&[session.pick("变化", "changed"), session.pick("原", "before"), session.pick("现", "after")], rows);
            }
        }
        if errors {
            session.tell("方案检查有错误，不能审批。", "the linter found errors: nobody may approve.");
        } else if doc.plan.totals.get(&terms::Outcome::Undecided).is_some_and(|n| *n > 0) {
            undecided(session, &workspace)?;
        } else if let Some(page) = page {
            session.tell(
                &format!("下一步：custody approve --key 密钥文件；没有命令行的审批人：请其用浏览器打开 {}", page.display()),
                &format!("next: custody approve --key KEYFILE; approvers without a terminal open {} in a browser", page.display()),
            );
            for sheet in sheets {
                session.tell(
                    &format!("纸质审批单：{}（打印、签字、盖章，再 custody record approval --check-number …）", sheet.path.display()),
                    &format!(
                        "sheet for approval on paper: {} (print, sign, stamp; then custody record approval --check-number …)",
                        sheet.path.display()
                    ),
                );
            }
        }
    }
    Ok(if errors { 1 } else { 0 })
}

/// What to do about records that are undecided: an answer, or where there is no question a column that tells what is missing.
pub(super) fn undecided(session: &Session<'_>, workspace: &Workspace) -> Result<(), Fault> {
    match work::open_questions(workspace)?.is_empty() {
        false => session.tell("尚有待定记录。下一步：custody questions", "some records are undecided. next: custody questions"),
        true => session.tell(
            "尚有待定记录，但没有待答问题：所缺的是每条记录自己的事实。在 case.yaml 用 tells 指明由哪一列说明（如 tells: {voucher_date: InvoiceDate}），再运行 custody subjects 和 custody plan；custody explain 持有项 说明缺什么。",
            "some records are undecided though no question is open: what is missing are facts of each record. Say in case.yaml under tells which column has them (e.g. tells: {voucher_date: InvoiceDate}), then run custody subjects and custody plan; custody explain HOLDING says what is missing.",
        ),
    }
    Ok(())
}

/// What cleaning up costs others: it is approved with the plan.
pub(super) fn outages(session: &Session<'_>, workspace: &Workspace, consequence: &plan::Consequence) {
    let mut rows = Vec::new();
    for outage in &consequence.outages {
        for step in &outage.steps {
            let what = workspace.packs.words.word(&step.step, session.lang);
            let lock = step.lock.label().get(session.lang).to_owned();
            rows.push(vec![outage.holding.clone(), what.to_owned(), lock, say::bytes(step.bytes), format!("{} s", step.seconds)]);
        }
    }
    if !rows.is_empty() {
        let head =
            [("清除时", "while cleaning"), ("步骤", "step"), ("谁等待", "who waits"), ("所需空间", "space needed"), ("约需", "about")];
        say::table(&head.map(|(zh, en)| session.pick(zh, en)), rows);
    }
}

fn show(session: &Session<'_>, workspace: &Workspace, doc: &PlanDoc) {
    let r = reader(session, workspace);
    let join = |s: &std::collections::BTreeSet<String>| s.iter().cloned().collect::<Vec<_>>().join(" ");
    let rows = doc
        .plan
        .rows
        .iter()
        .map(|row| {
            let open: Vec<String> = row.unknown.iter().chain(&row.waits).map(|u| r.fact(u)).collect();
            vec![
                row.id.clone(),
                r.condition(row),
                row.records.to_string(),
                row.outcome.label().get(session.lang).to_owned(),
                r.dates(row),
                join(&row.winners),
                join(&row.losers),
                open.join("; "),
            ]
        })
        .collect();
    let head = [
        ("编号", "id"),
        ("对象", "for"),
        ("记录", "records"),
        ("结果", "outcome"),
        ("日期", "dates"),
        ("依据", "win"),
        ("未采纳", "lose"),
        ("尚不清楚", "unknown"),
    ];
    say::table(&head.map(|(zh, en)| session.pick(zh, en)), rows);
    super::status::sources(session, workspace);
    let handed = |h: &plan::HandOver| {
        let to = workspace.party_name(&h.party).unwrap_or_else(|| h.party.to_string());
        let days = format!("{} … {}", h.not_before, h.not_after);
        vec![h.item.to_string(), to, h.holding.clone(), h.groups.join(", "), h.records.to_string(), days, h.rules.join(" ")]
    };
    if !doc.plan.hand_overs.is_empty() {
        let head = [
            ("移交", "hand-over"),
            ("接收方", "to"),
            ("持有项", "holding"),
            ("字段组", "groups"),
            ("行", "rows"),
            ("日期", "dates"),
            ("依据", "rests on"),
        ];
        say::table(&head.map(|(zh, en)| session.pick(zh, en)), doc.plan.hand_overs.iter().map(handed).collect());
    }
    if let Ok(consequence) = work::consequence(workspace) {
        outages(session, workspace, &consequence);
    }
    let notes = doc
        .notes
        .iter()
        .map(|n| {
            let grade = match n.grade {
                Grade::Error => session.pick("错误", "error"),
                Grade::Warning => session.pick("警告", "warning"),
                Grade::Note => session.pick("说明", "note"),
            };
            vec![grade.to_owned(), n.about.clone(), session.pick(&n.zh, &n.en).to_owned()]
        })
        .collect();
    say::table(&[session.pick("检查", "linter"), session.pick("关于", "about"), session.pick("内容", "note")], notes);
}

pub fn explain(session: &Session<'_>, id: &str) -> Result<u8, Fault> {
    let workspace = session.workspace(false, true)?;
    let doc = work::read_plan(&workspace).map(|(_, d)| d).or_else(|_| work::plan_now(&workspace))?;
    let r = reader(session, &workspace);
    if let Some(h) = doc.plan.hand_overs.iter().find(|h| h.item.as_str() == id) {
        return explain_hand_over(session, &workspace, h);
    }
    if doc.plan.items.iter().any(|i| i.item.as_str() == id) {
        return explain_item(session, id);
    }
    let rows: Vec<_> = doc.plan.rows.iter().filter(|row| row.id == id || row.id.starts_with(&format!("{id}."))).collect();
    if rows.is_empty() {
        return Err(Fault::new("row_not_found").with("id", id));
    }
    let texts: Vec<String> = rows.iter().map(|row| plan::explain(row, &r)).collect();
    if session.args.json {
        say::print_json(&json!({"decisions": rows, "texts": texts}));
    } else {
        println!("{}", texts.join("\n"));
        let meet = |row: &plan::Row, item: &plan::Item| row.branches.iter().any(|b| item.branches.contains(b));
        let same = |row: &plan::Row, item: &plan::Item| row.holding == item.holding && row.copy == item.copy && meet(row, item);
        let is_of = |item: &&plan::Item| rows.iter().any(|row| same(row, item) && item.groups.contains(&row.group));
        for item in doc.plan.items.iter().filter(is_of) {
            let (id, rows) = (&item.item, item.records);
            session.tell(
                &format!("由 {id} 执行（{rows} 行）；会运行的语句、会改动的部分：custody explain {id}"),
                &format!("carried out as {id} ({rows} rows); the statements, or the parts of the file that change: custody explain {id}"),
            );
        }
    }
    Ok(0)
}

/// What carrying out an item would do to its store.
fn explain_item(session: &Session<'_>, id: &str) -> Result<u8, Fault> {
    let mut workspace = session.workspace(true, false)?;
    let (item, said) = work::would(&mut workspace, id)?;
    if session.args.json {
        say::print_json(&json!({"item": item, "would": said}));
        return Ok(0);
    }
    let (holding, groups, rows) = (&item.holding, item.groups.join(", "), item.records);
    session.tell(&format!("{id}：{holding}（{groups}），{rows} 行"), &format!("{id}: {holding} ({groups}), {rows} rows"));
    match said.is_empty() {
        true => not_by_custody(session, item.method),
        false => said.iter().for_each(|line| println!("    {line}")),
    }
    Ok(0)
}

/// Why Custody itself would change nothing.
fn not_by_custody(session: &Session<'_>, method: plan::Method) {
    match method {
        plan::Method::Store => session.tell("不作改动：只存储，由保管人保管。", "nothing is changed: it is only stored, with its keeper."),
        plan::Method::Leave => session.tell("不作改动：继续使用。", "nothing is changed: it stays in use."),
        _ => session.tell(
            "由他人执行：custody pack erase 数据源 写出脚本或清单，或在下令后按 custody status 的任务办理并用 custody record 记录。",
            "done by somebody else: `custody pack erase SOURCE` writes the script or the list; or after the order as the task of `custody status` says, and recorded with `custody record`.",
        ),
    }
}

/// To whom a copy goes, and on which rules that rests.
fn explain_hand_over(session: &Session<'_>, workspace: &Workspace, h: &plan::HandOver) -> Result<u8, Fault> {
    if session.args.json {
        say::print_json(&json!({"hand_over": h}));
        return Ok(0);
    }
    let to = workspace.party_name(&h.party).unwrap_or_else(|| h.party.to_string());
    let (holding, groups, rows) = (&h.holding, h.groups.join(", "), h.records);
    session.tell(
        &format!(
            "{holding}（{groups}）的 {rows} 行副本移交给 {to}，依据协议 {}，{} 至 {}。\n依据：",
            h.agreement, h.not_before, h.not_after
        ),
        &format!(
            "A copy of {rows} rows of {holding} ({groups}) goes to {to} under agreement {}, {} … {}.\nBecause of:",
            h.agreement, h.not_before, h.not_after
        ),
    );
    for cited in h.rules.iter().filter_map(|id| plan::Cited::of(&workspace.packs.book, id)) {
        println!("  - {} {}（{}）", cited.rule, cited.article.get(session.lang), cited.says.get(session.lang));
    }
    Ok(0)
}
