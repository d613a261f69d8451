//! What papers say: every figure of the case, taken from ledger and documents; words in both languages.

use std::collections::BTreeMap;

use case::{EffectObserved, EffectOrdered, Event};
use ledger::Entry;
use plan::{Cited, Method, Row};
use terms::json::{Json, json};
use terms::{Both, Day, Fault, Holdings, Inventory, Lang, Outcome};

use crate::planning::{read_plan, recorded_holdings};
use crate::recording::unaccepted;
use crate::tasks::tasks;
use crate::workspace::Workspace;

/// An entry with its day and its event.
type Told = (Entry, Day, Event);

/// The context of every paper.
///
/// # Errors
/// If the ledger or a document cannot be read.
pub fn paper_context(workspace: &Workspace) -> Result<Json, Fault> {
    let opened = workspace.state.opened.as_ref().ok_or_else(|| Fault::new("no_workspace"))?;
    let told = entries(workspace)?;
    let (size, root) = workspace.head();
    let root: String = root.iter().map(|b| format!("{b:02x}")).collect();
    let file = &workspace.file;
    let dates = &file.dates;
    let scenario = opened.scenario;
    Ok(json!({
        "case": {
            "id": workspace.state.case, "company": file.company.name.value, "uscc": file.company.uscc.value,
            "scenario": coded(scenario.word(), &scenario.label()), "zone": opened.zone, "law_date": opened.law_date,
            "opened_on": told.first().map(|(_, day, _)| day), "today": workspace.today()?, "safety_days": opened.safety_days,
            "simulated": file.simulated, "closed": workspace.state.closed,
        },
        "dates": {
            "cause_on": dates.cause_on.as_ref().map(|d| &d.value), "service_stop": dates.service_stop.as_ref().map(|d| &d.value),
            "last_day": dates.last_day.as_ref().map(|d| &d.value), "revoked_on": dates.revoked_on.as_ref().map(|d| &d.value),
        },
        "parties": parties(workspace),
        "sources": sources(workspace)?,
        "holdings": holdings(workspace)?,
        "totals": totals(workspace),
        "plan": plan_part(workspace)?,
        "approvals": approvals(workspace, &told),
        "backups": backups(workspace, &told),
        "effects": effects(workspace, &told),
        "handovers": handovers(workspace, &told),
        "acts": acts(workspace, &told),
        "tasks": open_tasks(workspace)?,
        "keys": keys(workspace),
        "head": {"size": size, "root": root, "origin": opened.origin, "policy_digest": opened.policy_doc},
        "open": blocking(workspace)?,
    }))
}

fn coded(code: &str, words: &Both) -> Json {
    json!({"code": code, "zh": words.zh, "en": words.en})
}

/// A word of the packs in both languages.
fn word(workspace: &Workspace, code: &str) -> Json {
    let words = &workspace.packs.words;
    json!({"code": code, "name": code, "zh": words.word(code, Lang::Zh), "en": words.word(code, Lang::En)})
}

fn entries(workspace: &Workspace) -> Result<Vec<Told>, Fault> {
    let mut out = Vec::new();
    for (n, line) in (0u64..).zip(workspace.lines()?) {
        let damaged = || Fault::new("ledger_damaged").with("entry", n);
        let entry = Entry::parse(&line).map_err(|_| damaged())?;
        let event = Event::read(&entry.kind, &entry.facts).ok().flatten().ok_or_else(damaged)?;
        let day = workspace.state.day_of(entry.at).ok_or_else(damaged)?;
        out.push((entry, day, event));
    }
    Ok(out)
}

fn parties(workspace: &Workspace) -> Json {
    let p = &workspace.file.parties;
    let one = |x: &case::file::Party| json!({"name": x.name.value, "contact": x.contact, "id": x.name.value});
    let maybe = |x: &Option<case::file::Party>| x.as_ref().map(one);
    json!({
        "operator": one(&p.operator), "approvers": p.approvers.iter().map(one).collect::<Vec<_>>(), "counsel": maybe(&p.counsel),
        "keeper": maybe(&p.keeper), "verifier": maybe(&p.verifier), "recipients": p.recipients.iter().map(one).collect::<Vec<_>>(),
    })
}

/// What stands for a column on screens, as the last scan saw it.
pub fn column_shown(workspace: &Workspace, dataset: &terms::Place, ordinal: u32) -> String {
    let seen = inventory(workspace).ok().and_then(|i| i.datasets.into_iter().find(|d| d.dataset == *dataset));
    seen.map_or_else(|| format!("#{ordinal}"), |d| d.column_shown(ordinal))
}

/// What the last scan saw; nothing before the first.
pub(crate) fn inventory(workspace: &Workspace) -> Result<Inventory, Fault> {
    match workspace.state.scans.last() {
        Some((_, doc, _)) => workspace.get_json(doc),
        None => Ok(Inventory::default()),
    }
}

fn sources(workspace: &Workspace) -> Result<Vec<Json>, Fault> {
    let inventory = inventory(workspace)?;
    let of = |s: &terms::SourceSeen| {
        let own = inventory.datasets.iter().filter(|d| d.dataset.source() == s.source.as_str());
        let datasets: Vec<Json> = own.map(|d| json!({"place": d.dataset, "name": d.shown(), "rows": d.rows})).collect();
        json!({
            "place": s.source, "store": s.store, "reach": coded(s.reach.word(), &s.reach.label()), "cap": s.cap.word(), "live": s.live,
            "datasets": datasets,
        })
    };
    Ok(inventory.sources.iter().map(of).collect())
}

/// Rules with article and words.
fn cited(workspace: &Workspace, rules: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<Json> {
    let of = |id: &str| Cited::of(&workspace.packs.book, id);
    rules
        .into_iter()
        .filter_map(|id| of(id.as_ref()))
        .map(|c| json!({"id": c.rule, "article": c.article, "quote": c.says.zh, "zh": c.article.zh, "en": c.article.en}))
        .collect()
}

fn holdings(workspace: &Workspace) -> Result<Vec<Json>, Fault> {
    let (Ok(all), Ok((_, doc))) = (recorded_holdings(workspace), read_plan(workspace)) else { return Ok(Vec::new()) };
    let of = |h: &terms::Holding| {
        let groups: Vec<Json> = h.groups.iter().map(|g| group(workspace, &doc.plan.rows, h, g)).collect();
        let class = match h.given.get("holding.class") {
            Some(terms::Value::One(class)) => class.clone(),
            _ => String::new(),
        };
        json!({"name": h.name, "place": h.dataset, "rows": h.records(), "class": word(workspace, &class), "groups": groups})
    };
    let Holdings { holdings, .. } = all;
    Ok(holdings.iter().map(of).collect())
}

fn group(workspace: &Workspace, rows: &[Row], holding: &terms::Holding, group: &terms::GroupIn) -> Json {
    let own = rows.iter().filter(|r| r.holding == holding.name && r.group == group.name && r.copy == "live");
    let cells: Vec<Json> = own
        .flat_map(|r| r.dates.iter().map(move |d| (r, d)))
        .map(|(r, d)| {
            json!({
                "outcome": coded(r.outcome.word(), &r.outcome.label()), "rows": d.records, "until": d.until, "not_before": d.not_before,
                "not_after": d.not_after, "why": why(workspace, &r.winners), "rules": cited(workspace, &r.winners),
            })
        })
        .collect();
    let mut out = word(workspace, &group.name);
    if let Some(object) = out.as_object_mut() {
        object.insert("columns".to_owned(), json!(group.columns.len()));
        object.insert("cells".to_owned(), json!(cells));
    }
    out
}

/// Record-cells by outcome: from the vectors once there are any, else from the plan.
fn totals(workspace: &Workspace) -> Vec<Json> {
    let mut sums: BTreeMap<Outcome, u64> = BTreeMap::new();
    for seal in workspace.state.newest_seals() {
        for group in &seal.groups {
            let vector = workspace.state.vectors.get(&(seal.n, seal.copy.clone(), group.clone()));
            vector.into_iter().flat_map(|v| &v.totals).for_each(|(o, n)| *sums.entry(*o).or_default() += n);
        }
    }
    if sums.is_empty() {
        sums = read_plan(workspace).map(|(_, d)| d.plan.totals).unwrap_or_default();
    }
    let of = |(o, n): (&Outcome, &u64)| json!({"code": o.word(), "zh": o.label().zh, "en": o.label().en, "rows": n});
    sums.iter().filter(|(_, n)| **n > 0).map(of).collect()
}

fn groups(workspace: &Workspace, names: &[String]) -> Vec<Json> {
    names.iter().map(|g| word(workspace, g)).collect()
}

fn plan_part(workspace: &Workspace) -> Result<Json, Fault> {
    let Ok((n, doc)) = read_plan(workspace) else { return Ok(Json::Null) };
    let made = workspace.state.plan.as_ref().map(|p| &p.made);
    let rows: Vec<Json> = doc
        .plan
        .items
        .iter()
        .map(|i| {
            json!({
                "item": i.item, "holding": i.holding, "place": i.dataset, "groups": groups(workspace, &i.groups),
                "outcome": coded(i.outcome.word(), &i.outcome.label()), "method": coded(i.method.word(), &i.method.label()), "rows": i.records,
                "not_before": i.not_before, "not_after": i.not_after, "until": i.until, "rules": cited(workspace, &i.rules),
                "irreversible": i.irreversible(),
            })
        })
        .collect();
    let hand_overs: Vec<Json> = doc
        .plan
        .hand_overs
        .iter()
        .map(|h| {
            json!({
                "item": h.item, "holding": h.holding, "place": h.dataset, "groups": groups(workspace, &h.groups), "rows": h.records,
                "to": workspace.party_name(&h.party), "agreement": h.agreement, "not_before": h.not_before, "not_after": h.not_after,
                "rules": cited(workspace, &h.rules),
            })
        })
        .collect();
    Ok(json!({
        "hand_overs": hand_overs, "n": n, "digest": made.map(|m| m.plan_doc), "items": doc.plan.items.len(), "irreversible": made.map(|m| m.irreversible),
        "undecided": made.map(|m| m.undecided), "rows": rows,
    }))
}

/// The articles of rules that win, in words.
fn why(workspace: &Workspace, winners: &std::collections::BTreeSet<String>) -> Json {
    let articles: Vec<String> = winners.iter().filter_map(|id| Cited::of(&workspace.packs.book, id)).map(|c| c.article.zh).collect();
    if articles.is_empty() { Json::Null } else { json!(articles.join("；")) }
}

/// Approvals of the plan in force.
fn approvals(workspace: &Workspace, told: &[Told]) -> Vec<Json> {
    let plan_n = workspace.state.plan.as_ref().map(|p| p.n);
    let words = |kind: case::ApprovalKind| match kind {
        case::ApprovalKind::Paper => ("paper", "纸质签字盖章", "on paper"),
        _ => ("key", "密钥签名", "by key"),
    };
    let of = |(entry, day, event): &Told| {
        let Event::PlanApproved(a) = event else { return None };
        let statement = ledger::b64::from_url(&a.statement)?;
        let (code, zh, en) = words(a.kind);
        let by = |k: &String| workspace.name_of(k);
        let name = a.kid.as_ref().and_then(by).or_else(|| a.person.as_ref().and_then(|p| workspace.party_name(p)));
        (Some(a.plan_n) == plan_n).then(|| {
            json!({
                "name": name, "kid": a.kid, "kind": {"code": code, "zh": zh, "en": en}, "day": day,
                "check_number": ledger::check_number(&ledger::approval_message(&statement)), "n": entry.n,
            })
        })
    };
    told.iter().filter_map(of).collect()
}

fn backups(workspace: &Workspace, told: &[Told]) -> Vec<Json> {
    let of = |(entry, day, event): &Told| {
        let Event::BackupObserved(b) = event else { return None };
        let ended = workspace.state.backups.get(&entry.n).is_some_and(|b| b.end.is_some());
        Some(json!({"archive": b.archive, "rows": b.rows_equal, "n": entry.n, "day": day, "ended": ended}))
    };
    told.iter().filter_map(of).collect()
}

fn effects(workspace: &Workspace, told: &[Told]) -> Vec<Json> {
    let order = |n: u64| {
        told.iter().find_map(|(entry, _, event)| match event {
            Event::DestroyOrdered(o) | Event::AnonymiseOrdered(o) if entry.n == n => Some(o),
            _ => None,
        })
    };
    let of = |(entry, day, event): &Told| match event {
        Event::DestroyObserved(o) | Event::AnonymiseObserved(o) => Some(effect(workspace, order(o.order_n)?, o, entry.n, *day)),
        _ => None,
    };
    told.iter().filter_map(of).collect()
}

fn effect(workspace: &Workspace, order: &EffectOrdered, o: &EffectObserved, n: u64, day: Day) -> Json {
    let plan = read_plan(workspace).ok();
    let item = plan.as_ref().and_then(|(_, d)| d.plan.items.iter().find(|i| i.item == order.item && i.dataset == order.dataset));
    let sum = |f: &dyn Fn(&case::ColumnLook) -> u64| o.columns.iter().map(f).sum::<u64>();
    let words: Vec<Json> = o.out_of_scope.iter().map(|w| word(workspace, w)).collect();
    let how = [Method::DeleteRows, Method::EraseFields, Method::Anonymise, Method::ByHand]
        .into_iter()
        .find(|m| m.word() == order.method)
        .map(Method::label);
    json!({
        "item": order.item, "holding": item.map_or_else(|| order.dataset.to_string(), |i| i.holding.clone()), "place": order.dataset,
        "groups": groups(workspace, &order.groups), "rows_done": o.rows_done, "rows_kept": o.rows_kept.values().sum::<u64>(),
        "level": coded(o.level.word(), &o.level.label()), "method": coded(&order.method, &how.unwrap_or_default()), "day": day,
        "ordered_n": o.order_n, "observed_n": n, "backup_until": o.backup_until, "asked": sum(&|c| c.asked), "found": sum(&|c| c.found),
        "hits": sum(&|c| c.hits), "out_of_scope": words,
        "sanitisation": word(workspace, o.level.sanitisation(order.method == Method::ByHand.word())),
    })
}

/// Packages with what is in them, to whom, and whether they were signed for.
fn handovers(workspace: &Workspace, told: &[Told]) -> Vec<Json> {
    let of = |(id, package): (&terms::Id, &case::Package)| {
        let orders = told.iter().filter_map(|(entry, day, event)| match event {
            Event::HandOverOrdered(o) if package.orders.contains(&entry.n) => Some((entry.n, *day, o)),
            _ => None,
        });
        let orders: Vec<_> = orders.collect();
        let (ordered_n, day, first) = orders.first()?;
        let agreement = workspace.state.agreements.get(&first.agreement_n)?;
        let done = |n: u64| workspace.state.orders.get(&n).and_then(|o| o.observed.as_ref());
        let persons = |order_n: u64| {
            let of = |(_, _, event): &Told| match event {
                Event::HandOverObserved(o) if o.order_n == order_n => workspace.get_json::<Json>(&o.receipt_doc).ok(),
                _ => None,
            };
            let doc = told.iter().find_map(of)?;
            let own = doc.get("datasets")?.as_array()?.iter().find(|d| d.get("order_n").and_then(Json::as_u64) == Some(order_n))?.clone();
            // Below ten the number itself is written nowhere.
            own.get("persons").map(|p| if p.as_str() == Some("lt10") { json!("少于 10") } else { p.clone() })
        };
        let datasets: Vec<Json> = orders
            .iter()
            .map(|(n, _, o)| json!({"holding": o.dataset, "groups": groups(workspace, &o.groups), "rows": done(*n).map_or(0, |d| d.rows_done), "persons": persons(*n)}))
            .collect();
        let receipt = told
            .iter()
            .find(|(entry, _, _)| Some(entry.n) == package.receipt_n)
            .map(|(entry, day, _)| json!({"day": day, "n": entry.n, "differences": package.differences}));
        Some(json!({
            "package": id, "recipient": workspace.name_of(&first.recipient), "day": day, "ordered_n": ordered_n, "receipt": receipt,
            "agreement": {"id": agreement.agreement, "from": agreement.from, "to": agreement.to, "doc": agreement.doc},
            "observed_n": done(*ordered_n).map(|d| d.n), "datasets": datasets,
            "dispute": if package.settled || package.receipt_n.is_none() { Json::Null } else { json!({"until": null}) },
        }))
    };
    workspace.state.packages.iter().filter_map(of).collect()
}

fn act_words(workspace: &Workspace, kind: &str) -> Json {
    let name = workspace.packs.acts.get(kind).map_or_else(|| Both { zh: kind.to_owned(), en: kind.to_owned() }, law::ActKind::name);
    coded(kind, &name)
}

fn acts(workspace: &Workspace, told: &[Told]) -> Vec<Json> {
    let of = |(entry, _, event): &Told| {
        let Event::ActRecorded(a) = event else { return None };
        let kind = act_words(workspace, &a.kind);
        Some(
            json!({"kind": kind, "day": a.day, "by": workspace.party_name(&a.by).unwrap_or_else(|| a.by.to_string()), "about": a.about, "evidence": a.evidence.len(), "n": entry.n}),
        )
    };
    told.iter().filter_map(of).collect()
}

fn open_tasks(workspace: &Workspace) -> Result<Vec<Json>, Fault> {
    let of = |t: crate::tasks::Task| json!({"kind": act_words(workspace, &t.kind), "source": t.source, "open": t.answered.is_none()});
    Ok(tasks(workspace)?.into_iter().map(of).collect())
}

fn keys(workspace: &Workspace) -> Vec<Json> {
    use case::{KeyUse, Seen};
    let used = |u: KeyUse| match u {
        KeyUse::Operator => ("操作人", "operator"),
        KeyUse::Approver => ("审批人", "approver"),
        KeyUse::Counsel => ("律师", "counsel"),
        KeyUse::Keeper => ("保管人", "keeper"),
        KeyUse::Recipient => ("接收方", "recipient"),
        KeyUse::Log => ("日志", "log"),
        _ => ("其他", "other"),
    };
    let seen = |s: Seen| match s {
        Seen::InPerson => ("in_person", "当面", "in person"),
        Seen::Countersigned => ("countersigned", "经会签", "countersigned"),
        Seen::Certificate => ("certificate", "凭证书", "by certificate"),
        Seen::None => ("none", "未确认", "not seen"),
    };
    let of = |k: &case::KeyState| {
        let ((zh, en), (code, seen_zh, seen_en)) = (used(k.record.purpose), seen(k.record.seen));
        json!({
            "kid": k.record.kid, "use": {"code": k.record.purpose.word(), "zh": zh, "en": en}, "name": workspace.name_of(&k.record.kid),
            "seen": {"code": code, "zh": seen_zh, "en": seen_en},
        })
    };
    workspace.state.keys.values().filter(|k| k.record.purpose != KeyUse::Run).map(of).collect()
}

/// What keeps the case open, in words.
///
/// # Errors
/// If the ledger cannot be read.
pub fn blocking(workspace: &Workspace) -> Result<Vec<Both>, Fault> {
    let state = &workspace.state;
    let mut out = Vec::new();
    let mut add = |n: u64, zh: &str, en: &str| {
        if n > 0 {
            out.push(Both { zh: format!("{n} {zh}"), en: format!("{n} {en}") });
        }
    };
    if state.closed {
        return Ok(out);
    }
    let unread = if state.scans.is_empty() { 0 } else { unaccepted(workspace)?.len() as u64 };
    add(unread, "处未读取", "places unread");
    add(undecided(workspace), "条尚未了结", "not settled yet");
    add(state.unsealed.len() as u64, "个数据集有封存后的变动", "data sets moved after their seal");
    add(u64::from(state.unsealed_sets), "处有未封存的数据集", "finding of data sets that nobody sealed");
    add(state.came_back.len() as u64, "项销毁后又出现（custody recheck）", "destructions of which something came back (custody recheck)");
    add(state.open_orders().count() as u64, "项已命令、未核查", "orders not yet seen done");
    add(state.refused.len() as u64, "个数据源的导出被退回", "sources whose last export was refused");
    add(state.holds.len() as u64, "项保全", "holds");
    let unsettled = state.packages.values().filter(|p| !p.settled).count();
    add(unsettled as u64, "个移交包未签收或差异未了结", "packages not signed for, or with a difference that is not settled");
    let open = tasks(workspace)?.iter().filter(|t| t.answered.is_none()).count();
    add(open as u64, "项人工任务（custody status --tasks）", "tasks by hand (custody status --tasks)");
    add(state.backups.values().filter(|b| b.end.is_none()).count() as u64, "份归档仍在", "archives alive");
    Ok(out)
}

/// Record-cells that nobody decided: by the vectors once there are any, else by the plan.
pub fn undecided(workspace: &Workspace) -> u64 {
    let state = &workspace.state;
    if state.vectors.is_empty() {
        let plan = read_plan(workspace).ok();
        return plan.map_or(0, |(_, d)| d.plan.totals.get(&Outcome::Undecided).copied().unwrap_or_default());
    }
    let of = |s: &case::Seal, g: &String| match state.vectors.get(&(s.n, s.copy.clone(), g.clone())) {
        Some(v) => v.totals.get(&Outcome::Undecided).copied().unwrap_or_default(),
        None => s.rows,
    };
    state.newest_seals().into_iter().map(|s| s.groups.iter().map(|g| of(s, g)).sum::<u64>()).sum()
}
