//! `custody status`: where the case stands, what blocks, who holds which key.

use serde_json::json;
use terms::{Fault, Outcome};

use super::Session;
use crate::say;

pub fn run(session: &Session<'_>) -> Result<u8, Fault> {
    let workspace = session.workspace(false, true)?;
    let state = &workspace.state;
    let questions = work::open_questions(&workspace).map(|q| q.len()).ok();
    let plan = work::read_plan(&workspace).ok();
    let open: Vec<String> = state.open_orders().map(|(n, o)| format!("{} ({n})", o.kind.item())).collect();
    let approvals = people(&workspace);
    let archives = work::shred_due(&workspace).unwrap_or_default();
    let undecided = undecided(state, plan.as_ref().map(|(_, d)| d));
    let next = if state.subjects_n.is_none() {
        "custody subjects"
    } else if questions.unwrap_or(0) > 0 {
        "custody questions"
    } else if plan.is_none() {
        "custody plan"
    } else if approvals < 2 && !state.closed {
        "custody approve"
    } else if state.backups.is_empty() {
        "custody backup"
    } else if state.closed {
        "custody dossier"
    } else if !state.backups.is_empty() && state.backups.values().all(|b| b.end.is_some()) {
        "custody dossier --close"
    } else if !state.unsealed.is_empty() {
        "custody subjects"
    } else {
        "custody apply"
    };
    let keys: Vec<_> = state
        .keys
        .values()
        .filter(|k| k.record.purpose != case::KeyUse::Run)
        .map(|k| (k.record.kid.clone(), k.record.purpose.word(), holder(&workspace, k), k.revoked_from.is_some()))
        .collect();
    let blocks = blocks(session, &workspace);
    if session.args.json {
        let keys: Vec<_> = keys.iter().map(|(k, u, p, r)| json!({"kid": k, "person": p, "revoked": r, "use": u})).collect();
        let archives: Vec<_> = archives.iter().map(|(a, d)| json!({"archive": a, "until": d})).collect();
        say::print_json(&json!({
            "approvals": approvals, "archives": archives, "blocks": blocks, "case": state.case, "closed": state.closed, "entries": state.next, "keys": keys, "next": next,
            "open_holds": state.holds.len(), "open_orders": open, "plan": plan.as_ref().map(|(n, _)| n), "questions": questions, "undecided": undecided
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
            vec![p("处置方案（条目）", "plan (entry)"), plan.as_ref().map(|(n, _)| n.to_string()).unwrap_or_default()],
            vec![p("待定记录", "undecided"), undecided.to_string()],
            vec![p("有效审批（人）", "people whose approvals hold"), approvals.to_string()],
            vec![p("已命令、未核查", "ordered, not yet seen"), open.join(", ")],
            vec![p("保全", "open holds"), state.holds.len().to_string()],
            vec![p("归档及其销毁日", "archives and the day they end"), archives],
            vec![p("阻碍结案", "blocks closing"), blocks.join("; ")],
            vec![p("已结案", "closed"), yes(state.closed)],
            vec![p("下一步", "next"), next.to_owned()],
        ],
    );
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
    Ok(0)
}

/// Who holds a key: the party of the case file whose public key it is, else the pseudonym of the register.
fn holder(workspace: &work::Workspace, key: &case::KeyState) -> String {
    workspace.name_of(&key.record.kid).unwrap_or_else(|| key.record.person.to_string())
}

/// What keeps the case from closing, as far as the ledger knows.
fn blocks(session: &Session<'_>, workspace: &work::Workspace) -> Vec<String> {
    let state = &workspace.state;
    let mut out = Vec::new();
    let mut add = |n: u64, zh: &str, en: &str| {
        if n > 0 {
            out.push(format!("{n} {}", session.pick(zh, en)));
        }
    };
    let accepted = state.unread_accepted.is_some_and(|until| workspace.today().is_ok_and(|today| today <= until));
    let unread = state.scans.last().map_or(0, |(_, _, unread)| *unread);
    add(if accepted { 0 } else { unread }, "处未读取", "places unread");
    add(undecided(state, work::read_plan(workspace).ok().map(|(_, d)| d).as_ref()), "条待定", "undecided");
    add(state.unsealed.len() as u64, "个数据集有封存后的变动", "data sets moved after their seal");
    add(u64::from(state.unsealed_sets), "处有未封存的数据集", "finding of data sets that nobody sealed");
    add(state.open_orders().count() as u64, "项已命令、未核查", "orders not yet seen done");
    add(state.holds.len() as u64, "项保全", "holds");
    add(state.backups.values().filter(|b| b.end.is_none()).count() as u64, "份归档仍在", "archives alive");
    if state.closed { Vec::new() } else { out }
}

/// How many different people approved the plan in force, with approvals that hold today.
pub fn people(workspace: &work::Workspace) -> usize {
    let state = &workspace.state;
    let plan_n = state.plan.as_ref().filter(|p| !p.withdrawn).map(|p| p.n);
    let today = workspace.today().ok();
    let holds = |a: &&case::Approval| !a.ended && Some(a.plan_n) == plan_n && today.is_some_and(|t| t <= a.not_after);
    state.approvals.iter().filter(holds).map(|a| &a.person).collect::<std::collections::BTreeSet<_>>().len()
}

/// Record-cells that nobody decided: by the vectors once there are any, else by the plan.
fn undecided(state: &case::State, plan: Option<&plan::PlanDoc>) -> u64 {
    if state.vectors.is_empty() {
        return plan.map_or(0, |d| d.plan.totals.get(&Outcome::Undecided).copied().unwrap_or_default());
    }
    let of = |s: &case::Seal, g: &String| match state.vectors.get(&(s.n, s.copy.clone(), g.clone())) {
        Some(v) => v.totals.get(&Outcome::Undecided).copied().unwrap_or_default(),
        None => s.rows,
    };
    state.newest_seals().into_iter().map(|s| s.groups.iter().map(|g| of(s, g)).sum::<u64>()).sum()
}

/// What happens on the day the holder of a key leaves.
fn duty(session: &Session<'_>, purpose: &str) -> String {
    match purpose {
        "operator" => session.pick("须先换人：其口令是打开保险库所必需", "hand over first: this passphrase opens the vault"),
        "approver" => session
            .pick("custody record revoke；其审批即告终止，须另找一位", "custody record revoke; their approvals end, another must be found"),
        "log" => session.pick("随案件结束而销毁", "ends with the ledger"),
        _ => session.pick("custody record revoke", "custody record revoke"),
    }
    .to_owned()
}
