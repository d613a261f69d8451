//! `custody demo`: a made-up retailer taken through dissolution, ending with a verified dossier.

use std::path::{Path, PathBuf};
use std::time::Instant;

use custody_verify::{Trust, print, verify};
use keys::Passphrase;
use law::Packs;
use serde_json::json;
use terms::{Answer, Day, Fault, Lang, Value};
use vault::load_key_file;
use work::{Clock, Secrets, Workspace};

use super::Session;
use crate::bar::Bar;
use crate::{packs, say};

const CASE: &str = include_str!("../../texts/demo-case.yaml");
/// The day on which the practice case is planned.
const PLANNED: &str = "2026-04-15";
/// The day after staff records and safety window: everything due is done.
const LATER: &str = "2026-05-20";

/// A practice passphrase: there is nothing to protect, and the folder says so.
struct Practice;

impl Secrets for Practice {
    fn passphrase(&mut self, _: &str) -> Result<Passphrase, Fault> {
        Ok(Passphrase::new(b"practice only".to_vec()))
    }
}

pub fn run(session: &Session<'_>, into: &Path) -> Result<u8, Fault> {
    let began = Instant::now();
    if into.exists() {
        return Err(Fault::new("file_exists").with("file", into.display()));
    }
    std::fs::create_dir_all(into.join("keys")).map_err(|_| Fault::new("sample_unwritable"))?;
    sample::make(into, sample::Size::default())?;
    let case_path = into.join("case.yaml");
    std::fs::write(&case_path, CASE).map_err(|_| Fault::new("sample_unwritable"))?;
    for (name, purpose) in [
        ("operator", case::KeyUse::Operator),
        ("liquidator", case::KeyUse::Approver),
        ("data-lead", case::KeyUse::Approver),
        ("counsel", case::KeyUse::Counsel),
    ] {
        let at = |tail: &str| into.join("keys").join(format!("{name}.{tail}"));
        work::keygen(&at("key"), &at("pub"), purpose, &Practice.passphrase(name)?)?;
    }
    session.tell(
        "一家虚构的零售公司：5,000 名客户，订单、发票、营销、尽调，一份 GB18030 会员文件，一份含儿童的名单。",
        "a made-up retailer: 5,000 customers, orders, fapiao, marketing, KYC, a GB18030 loyalty file, a list with children.",
    );
    let bar = Bar::new(session.lang);
    let mut w = open(&case_path, PLANNED)?;
    w.unlock(&mut Practice)?;
    let shares = w.take_shares();
    super::keeper::sheets(&w, &shares, &into.join("shares"))?;
    work::drill(&mut w, shares.get(1..).unwrap_or_default())?;
    step(session, "根密钥：拆成三份，已用其中两份演练恢复", "root key: split into three shares, recovery tried with two");
    let scan = work::scan(&mut w, &bar)?;
    step(
        session,
        &format!("扫描：{} 个数据集", scan.inventory.datasets.len()),
        &format!("scan: {} data sets", scan.inventory.datasets.len()),
    );
    let subjects = work::subjects(&mut w, &bar)?;
    step(
        session,
        &format!("个人：{}，已封存 {} 行", subjects.subjects, subjects.rows),
        &format!("persons: {}, {} rows sealed", subjects.subjects, subjects.rows),
    );
    answers(&mut w)?;
    let plan = work::make_plan(&mut w)?;
    step(
        session,
        &format!("方案：{} 项处置，条目 {}", plan.doc.plan.items.len(), plan.n),
        &format!("plan: {} items, entry {}", plan.doc.plan.items.len(), plan.n),
    );
    for name in ["liquidator", "data-lead"] {
        let key = load_key_file(&into.join("keys").join(format!("{name}.key")))?.signer(&Practice.passphrase(name)?)?;
        work::approve(&mut w, &key, "practice")?;
    }
    let backup = work::backup(&mut w, &bar)?;
    step(session, &format!("备份：{} 行已恢复并比对", backup.rows), &format!("backup: {} rows restored and compared", backup.rows));
    let first = work::apply(&mut w, false, &bar)?;
    step(
        session,
        &format!("处置：{} 项已核查，{} 项等待", first.done.len(), first.waiting.len()),
        &format!("apply: {} items seen done, {} wait", first.done.len(), first.waiting.len()),
    );
    // The workbook is handled by hand: its keeper deletes it, and the next run looks again.
    std::fs::remove_file(into.join("data/lists/members.xlsx")).map_err(|_| Fault::new("sample_unwritable"))?;
    drop(w);
    let mut w = open(&case_path, PLANNED)?;
    w.unlock(&mut Practice)?;
    let by_hand = work::apply(&mut w, false, &bar)?;
    step(
        session,
        &format!("人工处理的名单：{} 项已核查", by_hand.done.len()),
        &format!("the list handled by hand: {} items seen done", by_hand.done.len()),
    );
    drop(w);
    let mut w = open(&case_path, LATER)?;
    w.unlock(&mut Practice)?;
    work::apply(&mut w, false, &bar)?;
    tasks(&mut w, into)?;
    let shredded = w.state.backups.values().all(|b| b.end.is_some());
    if shredded {
        step(session, "安全窗口已过：归档密钥已销毁", "the safety window is over: the archive's keys are destroyed");
        work::close(&mut w, &bar)?;
        step(session, "案件已结案", "the case is closed");
    }
    let out = into.join("case.dossier.zip");
    let made = work::dossier(&mut w, &out)?;
    let policy = w.state.opened.as_ref().map(|o| o.policy_doc);
    drop(w);
    let report = verify(&out, &Trust { policy_digest: policy }).map_err(|_| Fault::new("dossier_unreadable"))?;
    let seconds = began.elapsed().as_secs_f64();
    if session.args.json {
        say::print_json(
            &json!({"dossier": out, "entries": made.n + 1, "policy_digest": policy, "report": report.json(), "seconds": seconds}),
        );
    } else {
        println!();
        print!("{}", print(&report, session.lang == Lang::Zh));
        session.tell(
            &format!(
                "\n案卷：{}（{:.1} 秒）\n再次核验：custody verify {} --policy-digest {}",
                out.display(),
                seconds,
                out.display(),
                policy.map(|p| p.to_string()).unwrap_or_default()
            ),
            &format!(
                "\ndossier: {} ({:.1} s)\nverify again: custody verify {} --policy-digest {}",
                out.display(),
                seconds,
                out.display(),
                policy.map(|p| p.to_string()).unwrap_or_default()
            ),
        );
    }
    Ok(report.exit_code())
}

fn step(session: &Session<'_>, zh: &str, en: &str) {
    if !session.args.json {
        println!("  · {}", session.pick(zh, en));
    }
}

fn open(case_path: &PathBuf, day: &str) -> Result<Workspace, Fault> {
    let packs: Packs = packs::shipped()?;
    let text = std::fs::read_to_string(case_path).map_err(|_| Fault::new("case_file_missing").with("file", case_path.display()))?;
    let file = case::file::read(&text).map_err(|f| {
        say::case_faults(case_path, &f, Lang::Zh, false);
        Fault::new("case_file_faulty").with("count", f.len()).with("file", case_path.display())
    })?;
    Workspace::open(case_path, file, packs, Clock { simulated: day.parse::<Day>().ok() }, true)
}

/// What no program can look at: one task of each source is answered with a file that shows it, the others do not apply here.
fn tasks(w: &mut Workspace, into: &Path) -> Result<(), Fault> {
    let shown = into.join("shadow-copies.txt");
    std::fs::write(&shown, "vssadmin list shadows: none found\n").map_err(|_| Fault::new("sample_unwritable"))?;
    let open: Vec<work::Task> = work::tasks(w)?.into_iter().filter(|t| t.answered.is_none()).collect();
    let sources: std::collections::BTreeSet<terms::Place> = open.iter().map(|t| t.source.clone()).collect();
    for source in sources {
        let done = work::Said {
            kind: "shadow_copies_removed".to_owned(),
            about: vec![source.to_string()],
            evidence: vec![shown.clone()],
            ..work::Said::default()
        };
        work::record_act(w, done)?;
        let rest = open.iter().filter(|t| t.source == source && t.kind != "shadow_copies_removed").map(|t| work::Task::word(&t.kind));
        let none = work::Said {
            kind: "task_not_applicable".to_owned(),
            about: std::iter::once(source.to_string()).chain(rest).collect(),
            note: Some("practice".to_owned()),
            ..work::Said::default()
        };
        work::record_act(w, none)?;
    }
    Ok(())
}

/// What the roles of the practice company answer.
fn answers(w: &mut Workspace) -> Result<(), Fault> {
    w.unlock_counsel(&mut Practice)?;
    loop {
        let open = work::open_questions(w)?;
        let Some(q) = open.first() else { return Ok(()) };
        let value = match q.fact.as_str() {
            "holding.open_matter" | "case.platform" | "case.important_data" => Value::YesNo(false),
            "holding.statutory_copy" => Value::YesNo(true),
            _ => q.default.clone().ok_or_else(|| Fault::new("answer_does_not_fit").with("fact", &q.fact))?,
        };
        let sheet = vec![Answer { fact: q.fact.clone(), holding: q.holding.clone(), branch: q.branch, value, by: q.who.clone() }];
        work::answer(w, sheet)?;
    }
}
