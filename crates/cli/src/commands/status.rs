//! `custody status`: where the case stands, what blocks, who holds which key.

mod next;

use serde_json::json;
use terms::Fault;

use super::Session;
use crate::say;
use next::{Asked, next};

pub fn run(session: &Session<'_>, list_tasks: bool) -> Result<u8, Fault> {
    let workspace = session.workspace(false, true)?;
    if list_tasks {
        return tasks(session, &workspace);
    }
    let state = &workspace.state;
    let open: Vec<String> = state.open_orders().map(|(n, o)| format!("{} ({n})", o.kind.item())).collect();
    let plan_n = state.plan.as_ref().filter(|p| !p.withdrawn).map(|p| p.n);
    let asked = Asked {
        questions: state.subjects_n.map(|_| work::open_questions(&workspace).map(|q| q.len())).transpose()?,
        approvals: people(&workspace),
        archives: plan_n.map(|_| work::shred_due(&workspace)).transpose()?.unwrap_or_default(),
    };
    let (next, from) = next(&workspace, &asked)?;
    let Asked { questions, approvals, archives } = asked;
    let undecided = work::undecided(&workspace);
    let keys: Vec<_> = state
        .keys
        .values()
        .filter(|k| k.record.purpose != case::KeyUse::Run)
        .map(|k| (k.record.kid.clone(), k.record.purpose.word(), holder(&workspace, k), k.revoked_from.is_some()))
        .collect();
    let blocks: Vec<String> = work::blocking(&workspace)?.iter().map(|b| b.get(session.lang).to_owned()).collect();
    let failed = work::failures(&workspace)?;
    if session.args.json {
        let failed: Vec<_> = failed.iter().map(|(n, receipt)| json!({"order_n": n, "receipt": receipt})).collect();
        let keys: Vec<_> = keys.iter().map(|(k, u, p, r)| json!({"kid": k, "person": p, "revoked": r, "use": u})).collect();
        let archives: Vec<_> = archives.iter().map(|(a, d)| json!({"archive": a, "until": d})).collect();
        let shares: Vec<_> = share_holders(&workspace).into_iter().map(|(n, holder)| json!({"holder": holder, "share": n})).collect();
        say::print_json(&json!({
            "sources": reached(&workspace).iter().map(|s| json!({"id": s.0, "level_at_most": s.3, "reach": s.2, "source": s.1})).collect::<Vec<_>>(),
            "approvals": approvals, "archives": archives, "drilled": work::drilled(&workspace), "shares": shares, "blocks": blocks, "case": state.case, "closed": state.closed, "entries": state.next, "failed": failed, "keys": keys, "next": next, "next_from": from,
            "open_holds": state.holds.len(), "open_orders": open, "plan": plan_n, "questions": questions, "undecided": undecided
        }));
        return Ok(0);
    }
    let p = |zh: &'static str, en: &'static str| session.pick(zh, en).to_owned();
    let yes = |b: bool| if b { session.pick("是", "yes") } else { session.pick("否", "no") }.to_owned();
    let archives =
        archives.iter().map(|(a, d)| format!("{a} {}", d.map(|d| d.to_string()).unwrap_or_default())).collect::<Vec<_>>().join(", ");
    say::table(
        &[session.pick("案件", "case"), &state.case],
        vec![
            vec![p("日志条目", "entries"), state.next.to_string()],
            vec![p("待答问题", "open questions"), questions.map(|q| q.to_string()).unwrap_or_default()],
            vec![p("处置方案（条目）", "plan (entry)"), plan_n.map(|n| n.to_string()).unwrap_or_default()],
            vec![p("尚未了结的记录", "not settled yet"), undecided.to_string()],
            vec![p("有效审批（人）", "people whose approvals hold"), approvals.to_string()],
            vec![p("已命令、未核查", "ordered, not yet seen"), open.join(", ")],
            vec![p("失败、可重试", "failed, to be tried again"), failed.iter().map(|(n, r)| why(*n, r)).collect::<Vec<_>>().join("; ")],
            vec![p("保全", "open holds"), state.holds.len().to_string()],
            vec![p("归档及其销毁日", "archives and the day they end"), archives],
            vec![p("阻碍结案", "blocks closing"), blocks.join("; ")],
            vec![p("已结案", "closed"), yes(state.closed)],
            vec![p("下一步", "next"), from.map_or_else(|| next.clone(), |day| format!("{next} ({day})"))],
        ],
    );
    sources(session, &workspace);
    let rows = keys
        .into_iter()
        .map(|(k, u, person, r)| {
            vec![k, u.to_owned(), person, if r { p("已撤销", "revoked") } else { p("有效", "in force") }, duty(session, u)]
        })
        .collect();
    say::table(
        &[
            session.pick("密钥", "key"),
            session.pick("用途", "use"),
            session.pick("持有人", "held by"),
            session.pick("状态", "state"),
            session.pick("其人离开之日", "the day they leave"),
        ],
        rows,
    );
    shares(session, &workspace);
    Ok(0)
}

/// Which order failed, by what, and who was in the way.
fn why(order_n: u64, receipt: &serde_json::Value) -> String {
    let text = |v: Option<&serde_json::Value>| v.and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let with = |k: &str| text(receipt.get("with").and_then(|w| w.get(k)));
    let who: Vec<String> = ["who", "which", "structures"].iter().map(|k| with(k)).filter(|t| !t.is_empty()).collect();
    format!("({order_n}) {} {}", text(receipt.get("code")), who.join(" ")).trim_end().to_owned()
}

/// Id, place, reach and highest level of every source that the ledger knows.
fn reached(workspace: &work::Workspace) -> Vec<(String, terms::Place, terms::Reach, terms::Level)> {
    let of = |(n, file): (usize, &case::file::SourceFile)| {
        let place = terms::Place::new(format!("src{n}"))?;
        let known = workspace.state.sources.get(&place)?;
        Some((file.id.value.clone(), place, known.reach, known.cap))
    };
    (1..).zip(workspace.file.sources.iter()).filter_map(of).collect()
}

/// How Custody gets at each source, and the highest level that this allows.
pub(super) fn sources(session: &Session<'_>, workspace: &work::Workspace) {
    let row = |(id, place, reach, cap): (String, terms::Place, terms::Reach, terms::Level)| {
        vec![format!("{place} {id}"), reach.label().get(session.lang).to_owned(), cap.label().get(session.lang).to_owned()]
    };
    let head = [("数据源", "source"), ("触达", "reach"), ("级别上限", "level at most")];
    say::table(&head.map(|(zh, en)| session.pick(zh, en)), reached(workspace).into_iter().map(row).collect());
}

/// The shares of the root key, by number, with the holders that the case file names.
fn share_holders(workspace: &work::Workspace) -> Vec<(usize, Option<String>)> {
    let named = &workspace.file.vault.share_holders;
    (1..=vault::MADE).map(|n| (n, named.get(n - 1).cloned())).collect()
}

/// Who holds a share, and what is done on the day they leave.
fn shares(session: &Session<'_>, workspace: &work::Workspace) {
    let nobody = session.pick("未登记（vault.share_holders）", "not named (vault.share_holders)");
    let leaving = session.pick(
        "收回此份；custody keeper split 重新拆分，旧的三份作废；再演练一次",
        "take the sheet back; `custody keeper split` makes three new ones, the old open nothing; then a drill",
    );
    let row = |(n, holder): (usize, Option<String>)| vec![n.to_string(), holder.unwrap_or_else(|| nobody.to_owned()), leaving.to_owned()];
    say::table(
        &[
            session.pick("根密钥份额", "share of the root key"),
            session.pick("持有人", "held by"),
            session.pick("其人离开之日", "the day they leave"),
        ],
        share_holders(workspace).into_iter().map(row).collect(),
    );
    for folder in super::keeper::folders(workspace) {
        let lying = (1..=vault::MADE).filter(|n| folder.join(format!("share-{n}.html")).exists()).count();
        if lying > 0 {
            let name = folder.file_name().unwrap_or_default().display();
            session.tell(
                &format!("注意：{lying} 张份额还在 {name} 文件夹里。打印交给各持有人后删除：放在一起等于没有拆分。"),
                &format!("mind: {lying} sheets still lie in the folder {name}. Print them for their holders, then delete them: together they are the key."),
            );
        }
    }
    if work::drilled(workspace) {
        session.tell("已用其中两份演练恢复。", "two of them were tried in a drill.");
    } else {
        session.tell(
            "尚未演练：custody keeper drill（第一次处置之前必须做）",
            "not tried yet: custody keeper drill (due before the first effect)",
        );
    }
}

/// The standing tasks, those that are open first, with what each asks for.
fn tasks(session: &Session<'_>, workspace: &work::Workspace) -> Result<u8, Fault> {
    let mut all = work::tasks(workspace)?;
    all.sort_by_key(|t| t.answered.is_some());
    let open = all.iter().filter(|t| t.answered.is_none()).count();
    if session.args.json {
        let rows: Vec<_> = all.iter().map(|t| json!({"answered": t.answered, "source": t.source, "task": t.kind, "who": t.who})).collect();
        say::print_json(&json!({"open": open, "tasks": rows}));
        return Ok(if open > 0 { 2 } else { 0 });
    }
    let act = |kind: &str| workspace.packs.acts.get(kind);
    let rows = all
        .iter()
        .map(|t| {
            let name = act(&t.kind).map(|a| a.name().get(session.lang).to_owned()).unwrap_or_default();
            let state =
                t.answered.map_or_else(|| session.pick("待办", "open").to_owned(), |n| format!("{} {n}", session.pick("条目", "entry")));
            vec![t.source.to_string(), t.kind.clone(), name, t.who.clone(), state]
        })
        .collect();
    say::table(
        &[
            session.pick("数据源", "source"),
            session.pick("任务", "task"),
            session.pick("内容", "what"),
            session.pick("谁", "whose"),
            session.pick("状态", "state"),
        ],
        rows,
    );
    let mut told = std::collections::BTreeSet::new();
    for task in all.iter().filter(|t| t.answered.is_none()) {
        if let Some(a) = act(&task.kind).filter(|_| told.insert(task.kind.clone())) {
            session.tell(
                &format!("\n{}（{}）\n  {}\n  证据：{}", a.zh, task.kind, a.does.zh, a.demands.note.zh),
                &format!("\n{} ({})\n  {}\n  evidence: {}", a.en, task.kind, a.does.en, a.demands.note.en),
            );
        }
    }
    if open > 0 {
        session.tell(
            "\n完成一项：custody record 任务 --about 数据源 --evidence 文件 --by 何人\n不适用：custody record task_not_applicable --about 数据源 --about t-任务 --note 原因",
            "\ndone: custody record TASK --about SOURCE --evidence FILE --by WHO\ndoes not apply: custody record task_not_applicable --about SOURCE --about t-TASK --note WHY",
        );
    }
    Ok(if open > 0 { 2 } else { 0 })
}

/// Who holds a key: the party of the case file whose public key it is, else the pseudonym of the register.
fn holder(workspace: &work::Workspace, key: &case::KeyState) -> String {
    workspace.name_of(&key.record.kid).unwrap_or_else(|| key.record.person.to_string())
}

/// How many different people approved the plan in force, with approvals that hold today.
pub fn people(workspace: &work::Workspace) -> usize {
    let state = &workspace.state;
    let plan_n = state.plan.as_ref().filter(|p| !p.withdrawn).map(|p| p.n);
    let today = workspace.today().ok();
    let holds = |a: &&case::Approval| !a.ended && Some(a.plan_n) == plan_n && today.is_some_and(|t| t <= a.not_after);
    state.approvals.iter().filter(holds).map(|a| &a.person).collect::<std::collections::BTreeSet<_>>().len()
}

/// What happens on the day the holder of a key leaves.
fn duty(session: &Session<'_>, purpose: &str) -> String {
    match purpose {
        "operator" => session.pick(
            "先交接；口令带走了也不要紧：两份根密钥份额换新口令（custody keeper recover）",
            "hand over first; a passphrase that left with them is no loss: two shares set a new one (custody keeper recover)",
        ),
        "approver" => session
            .pick("custody record revoke；其审批即告终止，须另找一位", "custody record revoke; their approvals end, another must be found"),
        "log" => session.pick("随案件结束而销毁", "ends with the ledger"),
        _ => session.pick("custody record revoke", "custody record revoke"),
    }
    .to_owned()
}
