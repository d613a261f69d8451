//! `custody approve`: the consequence first, then the signature.

use case::{ApprovalFile, Decision};
use serde_json::json;
use terms::{Fault, Outcome};
use vault::load_key_file;
use work::Workspace;

use super::Session;
use crate::args::ApproveArgs;
use crate::{say, secrets};

pub fn run(session: &Session<'_>, args: &ApproveArgs) -> Result<u8, Fault> {
    let path = &args.key;
    let write = args.out.is_none();
    let mut workspace = session.workspace(write, !write)?;
    let (_, doc) = work::read_plan(&workspace)?;
    let consequence: plan::Consequence = {
        let made = workspace.state.plan.as_ref().ok_or_else(|| Fault::new("no_plan"))?;
        workspace.get_json(&made.made.consequence_doc)?
    };
    if !session.args.json {
        let rows = consequence
            .irreversible()
            .map(|e| vec![e.item.to_string(), e.holding.clone(), e.groups.join(", "), how(session, e), e.rows.to_string()])
            .collect();
        session.tell("本次审批后不能恢复的处置：", "what this approval lets happen and nobody can undo:");
        say::table(
            &[
                session.pick("项", "item"),
                session.pick("持有项", "holding"),
                session.pick("字段组", "groups"),
                session.pick("方法", "how"),
                session.pick("行", "rows"),
            ],
            rows,
        );
        let handed = |h: &plan::Handing| {
            let to = workspace.party_name(&h.party).unwrap_or_else(|| h.party.to_string());
            vec![h.item.to_string(), to, h.holding.clone(), h.groups.join(", "), h.rows.to_string(), h.not_before.to_string()]
        };
        if !consequence.hand_overs.is_empty() {
            session.tell("本次审批后移交给他人的副本：", "copies that this approval lets be handed over:");
            let names =
                ["项", "接收方", "持有项", "字段组", "行", "不早于"].iter().zip(["item", "to", "holding", "groups", "rows", "not before"]);
            let names: Vec<&str> = names.map(|(zh, en)| session.pick(zh, en)).collect();
            say::table(&names, consequence.hand_overs.iter().map(handed).collect());
        }
        super::plan::outages(session, &workspace, &consequence);
        session.tell(
            &format!(
                "涉及 {} 个个人；留存 {} 条；待定 {} 条；适用法律日期 {}。",
                consequence.persons,
                consequence.total(Outcome::Retain),
                consequence.total(Outcome::Undecided),
                doc.inputs.as_of
            ),
            &format!(
                "{} persons; {} cells stored; {} undecided; date of law {}.",
                consequence.persons,
                consequence.total(Outcome::Retain),
                consequence.total(Outcome::Undecided),
                doc.inputs.as_of
            ),
        );
    }
    confirm(session, args)?;
    let decision = if args.refuse { Decision::Refuse } else { Decision::Approve };
    let whose = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let passphrase = secrets::passphrase(args.key_passphrase_file.as_ref(), "CUSTODY_KEY_PASSPHRASE", &whose, session.lang)?;
    let signer = load_key_file(path)?.signer(&passphrase)?;
    if let Some(out) = &args.out {
        let file = work::sign(&workspace, &signer, decision, &args.reason)?;
        let bytes = file.bytes().map_err(|_| Fault::new("document_form"))?;
        if out.exists() {
            return Err(Fault::new("file_exists").with("file", out.display()));
        }
        std::fs::write(out, bytes).map_err(|_| Fault::new("approval_file_damaged"))?;
        session.tell("已签名，请交给操作人：custody record approval 文件", "signed; hand it to the operator: custody record approval FILE");
        return Ok(0);
    }
    let (n, approval) = work::approve(&mut workspace, &signer, decision, &args.reason)?;
    done(session, &workspace, n, &approval)
}

/// Takes in an approval that was signed elsewhere.
pub fn take_in(session: &Session<'_>, file: &std::path::Path) -> Result<u8, Fault> {
    let bytes = std::fs::read(file).map_err(|_| Fault::new("approval_file_missing").with("file", file.display()))?;
    let text = bytes.trim_ascii_end();
    let approval = ApprovalFile::read(text).map_err(|_| Fault::new("approval_file_damaged"))?;
    let mut workspace = session.workspace(true, false)?;
    let n = work::record_approval(&mut workspace, &approval)?;
    done(session, &workspace, n, &approval)
}

fn confirm(session: &Session<'_>, args: &ApproveArgs) -> Result<(), Fault> {
    if args.yes {
        return Ok(());
    }
    let question = if args.refuse {
        session.pick("拒绝此方案？", "refuse this plan?")
    } else {
        session.pick("批准此方案？", "approve this plan?")
    };
    let asked = inquire::Confirm::new(question).with_default(false).prompt();
    match asked {
        Ok(true) => Ok(()),
        Ok(false) => Err(Fault::new("refused_by_user")),
        Err(_) => Err(Fault::new("not_interactive")),
    }
}

fn done(session: &Session<'_>, workspace: &Workspace, n: u64, approval: &ApprovalFile) -> Result<u8, Fault> {
    let check = approval.check_number().unwrap_or_default();
    let have = super::status::people(workspace);
    let refused = approval.statement().is_some_and(|s| s.decision == Decision::Refuse);
    if refused && !session.args.json {
        session.tell(
            &format!("拒绝已记录（条目 {n}，校验号 {check}）；现有 {have} 人审批有效。"),
            &format!("refusal recorded (entry {n}, check number {check}); approved by {have} people."),
        );
    } else if session.args.json {
        say::print_json(&json!({"approvals": have, "check_number": check, "entry": n}));
    } else {
        let next = match (have < 2, work::drilled(workspace)) {
            (true, _) => session.pick("还要另一人审批", "another person approves"),
            (false, false) => "custody backup, custody keeper drill, custody apply",
            (false, true) => "custody backup, custody apply",
        };
        session.tell(
            &format!("审批已记录（条目 {n}，校验号 {check}）；现有 {have} 人审批有效。\n下一步：{next}"),
            &format!("approval recorded (entry {n}, check number {check}); approved by {have} people.\nnext: {next}"),
        );
    }
    Ok(0)
}

/// How an item is carried out; where something coarser is left, how many rows are alike at least.
fn how(session: &Session<'_>, e: &plan::Effect) -> String {
    let alike = e.k.map(|k| session.pick(&format!("，每 {k} 行以上相同"), &format!(", {k} or more alike")).to_owned());
    format!("{}{}", e.method.label().get(session.lang), alike.unwrap_or_default())
}
