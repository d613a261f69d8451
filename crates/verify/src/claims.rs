//! All claims of a dossier, in the order in which a reader asks for them.

use std::collections::{BTreeMap, BTreeSet};

use case::{Event, OrderKind, Seen};
use terms::json::Json;
use terms::{Level, Outcome};

use crate::archive::Dossier;
use crate::replay::{Replay, replay};
use crate::verdict::{Claim, Report, State, Trust};
use crate::{documents, recompute};

/// Checks everything.
pub(crate) fn check(dossier: &mut Dossier<'_>, trust: &Trust, report: &mut Report) {
    let complete = dossier.check_manifest();
    let stop = complete.state == State::Broken;
    report.add(complete);
    if stop {
        return;
    }
    let Some(replay) = replay(dossier, report) else { return };
    policy(&replay, trust, report);
    documents::check(dossier, &replay, report);
    recompute::check(dossier, &replay, report);
    approvals(dossier, &replay, report);
    backup(&replay, report);
    totals(&replay, report);
    undecided(&replay, report);
    destroyed(&replay, recompute::newest_packs(dossier, &replay).as_ref(), report);
    handed_over(&replay, report);
    archives(&replay, report);
    copies(&replay, report);
    closed(&replay, report);
    time(dossier, &replay, report);
}

fn policy(replay: &Replay, trust: &Trust, report: &mut Report) {
    let Some(opened) = &replay.state.opened else { return };
    let digest = opened.policy_doc;
    report.add(match &trust.policy_digest {
        Some(d) if *d == digest => {
            Claim::new("policy", State::Proved, "政策就是读者被告知的那一份", "the policy is the one that the reader was told")
        }
        Some(_) => Claim::broken("policy", "policy", Some(0), "the policy is not the one that the reader was told"),
        None => Claim::new(
            "policy",
            State::NotShown,
            format!("信任只来自案卷本身；请将政策摘要 {digest} 与各方告知的核对"),
            format!("trust rests on the dossier itself; compare the policy digest {digest} with what the parties say"),
        ),
    });
}

fn approvals(dossier: &mut Dossier<'_>, replay: &Replay, report: &mut Report) {
    for a in &replay.state.approvals {
        let Some((entry, Event::PlanApproved(p))) = usize::try_from(a.n).ok().and_then(|n| replay.entries.get(n)) else { continue };
        let statement = ledger::b64::from_url(&p.statement).and_then(|b| case::Statement::read(&b).ok());
        let seen = statement.as_ref().is_some_and(|s| replay.root_at(s.head.size) == Some(s.head.root.0));
        if !seen {
            report.add(Claim::broken("approvals", "P2", Some(entry.n), "the head that the approver saw is not the log's"));
            return;
        }
    }
    if replay.state.approvals.is_empty() {
        return;
    }
    let keyed = replay.state.approvals.iter().filter(|a| a.kid.is_some());
    let (keys, persons) = (keyed.clone().count(), keyed.map(|a| a.person.as_str()).collect::<BTreeSet<_>>().len());
    let orders = replay.state.orders.values().filter(|o| !matches!(o.kind, OrderKind::Shred(_))).count();
    report.add(Claim::new(
        "approvals",
        State::Proved,
        format!("{orders} 项命令，每项在下达时都有政策要求的有效审批；全案由 {persons} 人的已登记密钥签署审批 {keys} 份"),
        format!("{orders} orders, each given under the approvals in force that the policy demands; {keys} approvals in the case are signed by registered keys of {persons} persons"),
    ));
    let approvers = replay.state.approvals.iter().filter_map(|a| a.kid.as_ref()).filter_map(|k| replay.state.keys.get(k));
    let seen: BTreeMap<&str, Seen> = approvers.map(|k| (k.record.kid.as_str(), k.record.seen)).collect();
    let (zh, en) = if seen.values().any(|s| *s == Seen::None) {
        ("无人：有密钥未经当面确认即登记", "nobody: a key was registered without being seen")
    } else {
        ("登记密钥的操作人", "the operator, who registered the keys")
    };
    let policy = replay.state.opened.as_ref().and_then(|o| documents::document::<Json>(dossier, &o.policy_doc));
    let said = |name: &str| policy.as_ref().and_then(|p| p.get(name));
    let capacities: Vec<&str> = said("approvers_as").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect();
    let (mut what_zh, mut what_en) = ("不同的密钥属于不同的人".to_owned(), "that different keys are different people".to_owned());
    if !capacities.is_empty() {
        what_zh.push_str(&format!("；审批人的身份：{}", capacities.join("、")));
        what_en.push_str(&format!("; approvers act as: {}", capacities.join(", ")));
    }
    if said("one_person") == Some(&Json::Bool(true)) {
        what_zh.push_str("；一人公司，第二位审批人是其代理机构或律师");
        what_en.push_str("; a one-person company, whose second approver is its agency or counsel");
    }
    report.add(Claim::new("two_people", State::Attested, what_zh, what_en).by(zh, en));
    let paper = replay.state.approvals.iter().filter(|a| a.kind == case::ApprovalKind::Paper).count();
    if paper > 0 {
        let (zh, en) = (format!("{paper} 份纸质审批与所签方案相符"), format!("{paper} approvals on paper are of this plan"));
        report.add(Claim::new("paper", State::Attested, zh, en).by("比对过扫描件的两把密钥", "the two keys that compared the scan"));
    }
}

fn backup(replay: &Replay, report: &mut Report) {
    if replay.state.backups.is_empty() {
        return;
    }
    let rows: u64 = replay.state.backups.values().flat_map(|b| &b.seal_ns).filter_map(|n| replay.state.seals.get(n)).map(|s| s.rows).sum();
    let (zh, en) = (format!("{rows} 行已恢复并逐行相等"), format!("{rows} sealed rows restored and equal"));
    report.add(Claim::new("backup", State::Attested, zh, en).by("执行恢复的运行", "the run that restored them"));
}

fn totals(replay: &Replay, report: &mut Report) {
    let mut shown: BTreeMap<String, BTreeMap<Outcome, u64>> = BTreeMap::new();
    for seal in replay.state.newest_seals() {
        for group in &seal.groups {
            if let Some(v) = replay.state.vectors.get(&(seal.n, seal.copy.clone(), group.clone())) {
                let sums = shown.entry(format!("totals.{}", seal.dataset)).or_default();
                v.totals.iter().for_each(|(o, n)| *sums.entry(*o).or_default() += n);
            }
        }
    }
    for (id, sums) in shown {
        let words = |word: &dyn Fn(Outcome) -> String| sums.iter().map(|(o, n)| format!("{} {n}", word(*o))).collect::<Vec<_>>();
        let zh = format!("封存数 = 各结局之和：{}", words(&|o| o.label().zh).join("，"));
        let en = format!("sealed = sum of outcomes: {}", words(&|o| o.word().to_owned()).join(", "));
        report.add(Claim::new(id, State::Proved, zh, en));
    }
}

/// What nobody decided on.
fn undecided(replay: &Replay, report: &mut Report) {
    let Some(plan) = replay.state.plan.as_ref().filter(|p| p.made.undecided > 0) else { return };
    let n = plan.made.undecided;
    let claim =
        Claim::new("undecided", State::NotShown, format!("方案中有 {n} 条待定"), format!("{n} record-cells of the plan are undecided"));
    report.add(Claim { entry: Some(plan.n), ..claim });
}

/// What was destroyed, and what was anonymised.
fn destroyed(replay: &Replay, packs: Option<&law::Packs>, report: &mut Report) {
    for (n, order) in &replay.state.orders {
        let (e, id) = match &order.kind {
            OrderKind::Destroy(e) => (e, format!("destroyed.{}", e.item)),
            OrderKind::Anonymise(e) => (e, format!("anonymised.{}", e.item)),
            OrderKind::HandOver(_) | OrderKind::Shred(_) => continue,
        };
        let rules = usize::try_from(*n).ok().and_then(|n| replay.entries.get(n)).map(|(entry, _)| &entry.rules);
        let law: Vec<plan::Cited> = rules.into_iter().flatten().filter_map(|id| plan::Cited::of(&packs?.book, id)).collect();
        if let Some(finding) = replay.state.came_back.get(n) {
            let (zh, en) = ("回执已被取代：后来又发现了已销毁的内容", "the receipt is superseded: what was destroyed was found again");
            report.add(Claim { entry: Some(*finding), law, ..Claim::new(id, State::NotShown, zh, en) });
            continue;
        }
        report.add(match &order.observed {
            None => {
                Claim { entry: Some(*n), law, ..Claim::new(id, State::NotShown, "已命令，尚未核查", "ordered, not yet seen done") }
            }
            Some(o) => {
                let groups = e.groups.join(", ");
                let (k_zh, k_en) = match e.k {
                    Some(k) => (format!("，每 {k} 行以上彼此相同"), format!(", in classes of {k} or more that are alike")),
                    None => Default::default(),
                };
                let zh = format!("{}：{} 行中的 {} 行（{groups}）{k_zh}", e.dataset, e.rows, o.rows_done);
                let en = format!("{} of {} rows in {} ({groups}){k_en}", o.rows_done, e.rows, e.dataset);
                let claim = Claim::new(id, State::Attested, zh, en).by("再次查看的运行", "the run that looked again");
                let level = (o.rows_done > 0).then(|| o.level.word().to_owned());
                Claim { law, level, ..claim }
            }
        });
    }
}

/// Packages: to whom, and whether they were signed for.
fn handed_over(replay: &Replay, report: &mut Report) {
    for (id, package) in &replay.state.packages {
        let rows: u64 = package.orders.iter().filter_map(|n| replay.state.orders.get(n)?.observed.as_ref()).map(|o| o.rows_done).sum();
        let name = format!("handed_over.{id}");
        let open = package.orders.iter().any(|n| replay.state.orders.get(n).is_none_or(|o| o.observed.is_none()));
        let observed = package.orders.iter().filter_map(|n| replay.state.orders.get(n)?.observed.as_ref());
        let withdrawn = observed.clone().count() > 0 && observed.clone().all(|o| o.withdrawn);
        let (by, n) = (("操作人", "the operator"), package.differences);
        let claim = match (open, package.receipt_n, package.settled) {
            (true, ..) => Claim::new(name, State::NotShown, "已命令，尚未核查", "ordered, not yet seen done"),
            (false, None, true) if withdrawn => {
                Claim::new(name, State::Attested, "已撤回，什么也没有交出", "taken back before anything left")
                    .by("执行移交的运行", "the run that gave it up")
            }
            (false, None, true) => Claim::new(
                name,
                State::Attested,
                format!("{rows} 行已移交，接收方从未签收；未签收一事已了结"),
                format!("{rows} rows handed over, never signed for by the recipient; what became of it was settled"),
            )
            .by(by.0, by.1),
            (false, None, false) => Claim::new(
                name,
                State::NotShown,
                format!("{rows} 行已移交，接收方尚未签收"),
                format!("{rows} rows handed over, not signed for yet"),
            ),
            (false, Some(_), true) if n > 0 => Claim::new(
                name,
                State::Attested,
                format!("接收方的密钥签收时指出 {n} 处差异；差异已了结"),
                format!("the recipient's key signed with {n} differences; that they are settled"),
            )
            .by(by.0, by.1),
            (false, Some(_), true) => {
                let (zh, en) = (
                    format!("{rows} 行已移交，接收方的密钥已签收"),
                    format!("{rows} rows handed over and signed for by the recipient's key"),
                );
                Claim::new(name, State::Attested, zh, en).by("接收方与执行移交的运行", "the recipient, and the run that wrote it")
            }
            (false, Some(_), false) => Claim::new(
                name,
                State::NotShown,
                format!("回执有 {n} 处差异，尚未了结"),
                format!("the receipt names {n} differences that are not settled"),
            ),
        };
        report.add(Claim { entry: package.settled_n.or(package.receipt_n).or(package.orders.first().copied()), ..claim });
    }
}

fn archives(replay: &Replay, report: &mut Report) {
    for b in replay.state.backups.values() {
        let (archive, level) = (&b.archive, Level::L3.word());
        report.add(match b.end {
            Some(_) => {
                let (zh, en) = (format!("归档 {archive}：其密钥已销毁"), format!("archive {archive}: its keys were destroyed"));
                Claim::new("archives", State::Attested, zh, en).by("执行销毁的运行与密钥保管方", "the run that shredded, and the holder")
            }
            None => {
                let zh = format!("归档 {archive} 仍在，其中内容的销毁至多为 {level}");
                let en = format!("archive {archive} lives; nothing that it holds is destroyed above {level}");
                Claim::new("archives", State::Attested, zh, en).by("恢复并比对它的运行", "the run that restored and compared it")
            }
        });
    }
}

/// Plain copies that were restored from an archive: what became of them is somebody's word.
fn copies(replay: &Replay, report: &mut Report) {
    let restored = |e: &Event| matches!(e, Event::ExceptionRecorded(x) if x.kind == "restored_copy");
    let Some(last) = replay.entries.iter().rfind(|(_, e)| restored(e)).map(|(entry, _)| entry.n) else { return };
    let gone = replay.state.acts.get("restored_copy_destroyed").is_some_and(|ns| ns.iter().any(|n| *n > last));
    report.add(if gone {
        Claim::new("copies", State::Attested, "由归档恢复的副本已销毁", "copies restored from an archive were destroyed")
            .by("操作人", "the operator")
    } else {
        let en = "a copy was restored from an archive; what became of it is not shown";
        Claim { entry: Some(last), ..Claim::new("copies", State::NotShown, "曾由归档恢复出副本，其下落未出示", en) }
    });
}

fn closed(replay: &Replay, report: &mut Report) {
    report.add(if replay.state.closed {
        Claim::new(
            "closed",
            State::Proved,
            "账簿所知各事均已了结；人工任务均已答复，由操作人所称",
            "nothing that the ledger knows of is open; that tasks by hand were answered is the operator's word",
        )
    } else {
        Claim::new("closed", State::NotShown, "案件尚未结案", "the case is still open")
    });
}

fn time(dossier: &mut Dossier<'_>, replay: &Replay, report: &mut Report) {
    let simulated = replay
        .state
        .opened
        .as_ref()
        .and_then(|o| documents::document::<Json>(dossier, &o.policy_doc))
        .is_some_and(|p| p.get("simulated") == Some(&Json::Bool(true)));
    report.add(if simulated {
        Claim::new("time", State::NotShown, "演练案件：日期为模拟", "a practice case: its days are simulated")
    } else {
        Claim::new("time", State::Attested, "时间均为签名者所称", "every time is a claim of who signed it")
            .by("操作人的时钟", "the operator's clock")
    });
}
