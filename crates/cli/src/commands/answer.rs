//! `custody questions` and `custody answer`.

use serde_json::json;
use terms::{Answer, Fault};

use super::Session;
use crate::args::AnswerArgs;
use crate::say;

pub fn questions(session: &Session<'_>) -> Result<u8, Fault> {
    let workspace = session.workspace(false, true)?;
    let list = work::open_questions(&workspace)?;
    if session.args.json {
        say::print_json(&json!({"questions": list}));
        return Ok(if list.is_empty() { 0 } else { 2 });
    }
    let words = &workspace.packs.words;
    let rows = list
        .iter()
        .map(|q| {
            let branch = q.branch.map(|b| format!("#{b}")).unwrap_or_default();
            let place = q.holding.as_ref().map(|h| format!("@{h}{branch}")).unwrap_or_default();
            let default = q.default.as_ref().map(|d| words.value(d, session.lang)).unwrap_or_default();
            let of: Vec<String> =
                q.of.iter()
                    .map(|w| format!("{w}{}", session.pick("（{}）", " ({})").replace("{}", &words.word(w, session.lang))))
                    .collect();
            vec![
                format!("{}{place}", q.fact),
                q.ask.get(session.lang).to_owned(),
                q.who.clone(),
                default,
                of.join(session.pick("、", ", ")),
                q.records.to_string(),
            ]
        })
        .collect();
    let head = [
        ("问题", "question"),
        ("内容", "in words"),
        ("谁能回答", "who"),
        ("默认（须确认）", "default (to be accepted)"),
        ("取值", "values"),
        ("涉及记录", "records"),
    ];
    let undecided = |doc: plan::PlanDoc| doc.plan.totals.get(&terms::Outcome::Undecided).is_some_and(|n| *n > 0);
    if list.is_empty() && work::plan_now(&workspace).is_ok_and(undecided) {
        super::plan::undecided(session, &workspace)?;
        return Ok(2);
    }
    if list.is_empty() {
        session.tell("没有待答问题。下一步：custody plan", "no open questions. next: custody plan");
        return Ok(0);
    }
    say::table(&head.map(|(zh, en)| session.pick(zh, en)), rows);
    session.tell("用 custody answer 事实@持有项=值 回答。", "answer with: custody answer fact@holding=value");
    Ok(2)
}

pub fn answer(session: &Session<'_>, args: &AnswerArgs) -> Result<u8, Fault> {
    let mut workspace = session.workspace_with(true, false, args.counsel_passphrase_file.as_ref())?;
    let mut sheet = Vec::new();
    for text in &args.answers {
        let syntax = || Fault::new("answer_syntax");
        let (question, value) = text.split_once('=').ok_or_else(syntax)?;
        let (fact, place) = question.split_once('@').map_or((question, None), |(f, p)| (f, Some(p)));
        let known = workspace.packs.table.get(fact).ok_or_else(|| Fault::new("no_such_fact").with("fact", fact))?;
        let value = known.read(value).ok_or_else(|| Fault::new("answer_does_not_fit").with("fact", fact))?;
        let by = args.by.clone().or_else(|| known.who.clone()).unwrap_or_default();
        let (holding, branch) = match place.map(|p| p.split_once('#').map_or((p, None), |(h, b)| (h, Some(b)))) {
            None => (None, None),
            Some((h, b)) => (Some(h.to_owned()), b.map(|b| b.parse::<u32>().map_err(|_| syntax())).transpose()?),
        };
        // A fact of holdings without a place is one answer for each holding of which the case file does not say it.
        let places: Vec<Option<String>> = if holding.is_none() && fact.starts_with("holding.") {
            work::holdings_lacking(&workspace, fact)?.into_iter().map(Some).collect()
        } else {
            vec![holding]
        };
        sheet.extend(places.into_iter().map(|holding| Answer {
            fact: fact.to_owned(),
            holding,
            branch,
            value: value.clone(),
            by: by.clone(),
        }));
    }
    if sheet.iter().any(|a| a.fact.starts_with("case.opinion_")) {
        workspace.unlock_counsel(&mut session.asker(args.counsel_passphrase_file.as_ref()))?;
    }
    let count = sheet.len();
    let numbers = work::answer(&mut workspace, sheet)?;
    let left = work::open_questions(&workspace)?.len();
    if session.args.json {
        say::print_json(&json!({"entries": numbers, "open": left}));
    } else {
        session.tell(
            &format!("已签名记录 {count} 个回答，还有 {left} 个问题。"),
            &format!("{count} answers signed and recorded, {left} questions left."),
        );
    }
    Ok(0)
}
