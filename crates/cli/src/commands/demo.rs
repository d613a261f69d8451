//! `custody demo`: a made-up retailer taken through dissolution with all four reaches, a buyer, an approval by page and one on paper, to a verified dossier.

mod others;

use std::path::{Path, PathBuf};
use std::time::Instant;

use case::ApprovalFile;
use custody_verify::{Trust, print, verify};
use exchange::sql::Dialect;
use keys::Passphrase;
use law::Packs;
use ledger::Signer;
use serde_json::json;
use terms::{Answer, Day, Fault, Lang, Value};
use vault::load_key_file;
use work::{Clock, Said, Secrets, Workspace};

use super::Session;
use crate::args::PapersArgs;
use crate::bar::Bar;
use crate::{packs, say};

const CASE: &str = include_str!("../../texts/demo-case.yaml");
const AGREEMENT: &str = include_str!("../../texts/demo-agreement.yaml");
/// The day on which the practice case is planned.
const PLANNED: &str = "2026-04-15";
/// The day on which persons were told of the hand-over: more than thirty days before.
const TOLD: &str = "2026-03-10";
/// The day after staff records and safety window: everything due is done.
const LATER: &str = "2026-05-20";
/// A practice passphrase: there is nothing to protect, and the folder says so.
const PASSPHRASE: &str = "practice only";

struct Practice;

impl Secrets for Practice {
    fn passphrase(&mut self, _: &str) -> Result<Passphrase, Fault> {
        Ok(Passphrase::new(PASSPHRASE.as_bytes().to_vec()))
    }
}

/// The practice case while it goes on.
struct Demo<'a> {
    session: &'a Session<'a>,
    into: &'a Path,
    case: PathBuf,
    bar: Bar,
}

pub fn run(session: &Session<'_>, into: &Path) -> Result<u8, Fault> {
    let began = Instant::now();
    if into.exists() {
        return Err(Fault::new("file_exists").with("file", into.display()));
    }
    let demo = Demo { session, into, case: into.join("case.yaml"), bar: Bar::new(session.lang) };
    demo.company()?;
    session.tell(
        "一家虚构的零售公司：5,000 名客户，订单、发票、营销、尽调，平台上的会员、只有管理员能改的来访登记、含儿童的名单、一柜纸质档案，还有一位买方。",
        "a made-up retailer: 5,000 customers, orders, fapiao, marketing, KYC; members on a platform, a register that only its DBA may write to, a list with children, a cabinet of paper, and a buyer.",
    );
    let mut w = demo.open(PLANNED)?;
    demo.look(&mut w)?;
    demo.plan_and_approve(&mut w)?;
    demo.carry_out(&mut w)?;
    drop(w);
    let mut w = demo.open(LATER)?;
    demo.end(&mut w)?;
    demo.dossier(w, began)
}

impl Demo<'_> {
    fn step(&self, zh: &str, en: &str) {
        if !self.session.args.json {
            println!("  · {}", self.session.pick(zh, en));
        }
    }

    fn write(&self, name: &str, text: &str) -> Result<PathBuf, Fault> {
        let path = self.into.join(name);
        std::fs::write(&path, text).map_err(|_| Fault::new("sample_unwritable"))?;
        Ok(path)
    }

    fn key(&self, name: &str) -> PathBuf {
        self.into.join("keys").join(format!("{name}.key"))
    }

    fn signer(&self, name: &str) -> Result<Signer, Fault> {
        load_key_file(&self.key(name))?.signer(&Practice.passphrase(name)?)
    }

    /// Data, keys and case file.
    fn company(&self) -> Result<(), Fault> {
        std::fs::create_dir_all(self.into.join("keys")).map_err(|_| Fault::new("sample_unwritable"))?;
        sample::make(self.into, sample::Size::default())?;
        self.write("case.yaml", CASE)?;
        self.write("agreement.yaml", AGREEMENT)?;
        for (name, purpose) in [
            ("operator", case::KeyUse::Operator),
            ("liquidator", case::KeyUse::Approver),
            ("data-lead", case::KeyUse::Approver),
            ("counsel", case::KeyUse::Counsel),
            ("buyer", case::KeyUse::Recipient),
        ] {
            work::keygen(&self.key(name), &self.key(name).with_extension("pub"), purpose, &Practice.passphrase(name)?)?;
        }
        Ok(())
    }

    fn open(&self, day: &str) -> Result<Workspace, Fault> {
        let packs: Packs = packs::shipped()?;
        let text = std::fs::read_to_string(&self.case).map_err(|_| Fault::new("case_file_missing").with("file", self.case.display()))?;
        let file = case::file::read(&text).map_err(|f| {
            say::case_faults(&self.case, &f, Lang::Zh, false);
            Fault::new("case_file_faulty").with("count", f.len()).with("file", self.case.display())
        })?;
        let mut w = Workspace::open(&self.case, file, packs, Clock { simulated: day.parse::<Day>().ok() }, true)?;
        w.unlock(&mut Practice)?;
        Ok(w)
    }

    /// Shares and drill; the platform exports; scan, match, seal.
    fn look(&self, w: &mut Workspace) -> Result<(), Fault> {
        let shares = w.take_shares();
        super::keeper::sheets(w, &shares, &self.into.join("shares"))?;
        work::drill(w, shares.get(1..).unwrap_or_default())?;
        self.step("根密钥：拆成三份，已用其中两份演练恢复", "root key: split into three shares, recovery tried with two");
        let folder = self.into.join("from-platform");
        work::request_export(w, "loyalty", None, "", &folder)?;
        others::exports(&self.into.join("data/loyalty"), &folder)?;
        let came = work::import(w, "loyalty", &folder)?;
        taken(&came)?;
        let rows: u64 = came.tables.iter().map(|(_, _, rows)| rows).sum();
        self.step(
            &format!("平台会员：签名文件夹发出，导出交回，{rows} 行与所报相符"),
            &format!("members on the platform: a signed folder went out, the export came back, {rows} rows as reported"),
        );
        let scan = work::scan(w, &self.bar)?;
        let n = scan.inventory.datasets.len();
        self.step(&format!("扫描：{n} 个数据集"), &format!("scan: {n} data sets"));
        let s = work::subjects(w, &self.bar)?;
        self.step(&format!("个人：{}，已封存 {} 行", s.subjects, s.rows), &format!("persons: {}, {} rows sealed", s.subjects, s.rows));
        Ok(())
    }

    /// What no scan sees is recorded; agreement, answers, plan; one approval by page, one on paper.
    fn plan_and_approve(&self, w: &mut Workspace) -> Result<(), Fault> {
        let paper = self.write("signed-by-hand.txt", "a scan of what was signed by hand\n")?;
        let buyer = work::load_public(&self.key("buyer").with_extension("pub"))?;
        work::register_key(w, buyer, "买方公司", true, &self.signer("liquidator")?)?;
        work::record_agreement(w, &self.into.join("agreement.yaml"), std::slice::from_ref(&paper)).map_err(|e| match e {
            Err(fault) => fault,
            Ok(faults) => Fault::new("case_file_faulty").with("count", faults.len()).with("file", "agreement.yaml"),
        })?;
        let said = |kind: &str, on: &str, about: &[&str]| Said {
            kind: kind.to_owned(),
            on: on.parse().ok(),
            about: about.iter().map(|a| (*a).to_owned()).collect(),
            evidence: vec![paper.clone()],
            ..Said::default()
        };
        let newsletter = self.place(w, "Newsletter")?;
        work::record_act(w, said("notice_sent", TOLD, &[&newsletter]))?;
        work::record_act(w, said("pipia_done", TOLD, &[]))?;
        w.unlock_counsel(&mut Practice)?;
        work::accept_unread(w, LATER.parse().map_err(|_| Fault::new("usage"))?)?;
        answers(w)?;
        let plan = work::make_plan(w)?;
        let (items, handed) = (plan.doc.plan.items.len(), plan.doc.plan.hand_overs.len());
        self.step(
            &format!("方案：{items} 项处置、{handed} 项移交，条目 {}", plan.n),
            &format!("plan: {items} items, {handed} hand-over, entry {}", plan.n),
        );
        super::pages::approval(self.session, w)?;
        let briefing = work::briefing(w)?.bytes().map_err(|_| Fault::new("document_form"))?;
        let file = others::approves_in_page(&briefing, &self.key("data-lead"), self.into)?;
        let bytes = std::fs::read(file).map_err(|_| Fault::new("sample_unwritable"))?;
        work::record_approval(w, &ApprovalFile::read(&bytes).map_err(|_| Fault::new("approval_file_damaged"))?)?;
        let sheets = super::pages::sheets(w)?;
        let number = sheets.iter().find(|s| s.name == "清算组负责人").map(|s| s.check_number.clone()).unwrap_or_default();
        work::record_paper(w, &number, &[paper], &self.signer("counsel")?)?;
        self.step(
            "审批：一份在 approve.html 中签名，一份纸上签字、由律师比对",
            "approved: one signed in approve.html, one on paper that counsel compared",
        );
        let backup = work::backup(w, &self.bar)?;
        self.step(&format!("备份：{} 行已恢复并比对", backup.rows), &format!("backup: {} rows restored and compared", backup.rows));
        Ok(())
    }

    fn place(&self, w: &Workspace, holding: &str) -> Result<String, Fault> {
        let context = work::paper_context(w)?;
        let all = context.get("sources").and_then(terms::json::Json::as_array).cloned().unwrap_or_default();
        let sets = all.iter().filter_map(|s| s.get("datasets")?.as_array()).flatten();
        let own = |d: &&terms::json::Json| d.get("name").and_then(|n| n.as_str()).is_some_and(|n| n.eq_ignore_ascii_case(holding));
        let found = sets.into_iter().find(own).and_then(|d| d.get("place")?.as_str().map(str::to_owned));
        found.ok_or_else(|| Fault::new("no_such_holding").with("holding", holding))
    }

    /// Everybody's part: Custody erases, the buyer receives, the DBA runs a script, the clerk deletes, the list is deleted by hand.
    fn carry_out(&self, w: &mut Workspace) -> Result<(), Fault> {
        let first = work::apply(w, false, &self.bar)?;
        self.step(
            &format!("处置：{} 项已核查，{} 项等待", first.done.len(), first.waiting.len()),
            &format!("apply: {} items seen done, {} wait", first.done.len(), first.waiting.len()),
        );
        super::pages::write(&self.into.join("packages/receive.html"), papers::Kind::Receive, &json!({"lang": self.session.lang.code()}))?;
        for handed in &first.handed {
            let (receipt, rows) = others::receives_in_page(&handed.path, &self.key("buyer"), self.into)?;
            let bytes = std::fs::read(receipt).map_err(|_| Fault::new("sample_unwritable"))?;
            work::record_receipt(w, &case::ReceiptFile::read(&bytes).map_err(|_| Fault::new("receipt_damaged"))?)?;
            self.step(
                &format!("移交：买方在 receive.html 中核对 {rows} 行并签收"),
                &format!("handed over: the buyer counted {rows} rows in receive.html and signed"),
            );
        }
        let errand = self.into.join("for-dba");
        let asked = work::request_erase(w, "erp", Some(Dialect::Sqlite), 100, "", &errand)?;
        let script = std::fs::read_to_string(errand.join("erase.sql")).map_err(|_| Fault::new("sample_unwritable"))?;
        let printed = sample::run_script(&self.into.join("data/erp.db"), &script)?;
        work::script_result(w, "erp", &self.write("dba-output.txt", &printed)?)?;
        self.step(
            &format!("脚本：管理员执行，{} 行，输出已交回", asked.rows),
            &format!("script: run by the DBA over {} rows, its output came back", asked.rows),
        );
        others::deletes(&self.into.join("data/loyalty"))?;
        let folder = self.into.join("again-from-platform");
        work::request_export(w, "loyalty", None, "", &folder)?;
        others::exports(&self.into.join("data/loyalty"), &folder)?;
        taken(&work::import(w, "loyalty", &folder)?)?;
        std::fs::remove_file(self.into.join("data/lists/members.xlsx")).map_err(|_| Fault::new("sample_unwritable"))?;
        let by_others = work::apply(w, false, &self.bar)?;
        self.step(
            &format!("再看一次：他人处理的 {} 项已核查（脚本、第二次导出、人工）", by_others.done.len()),
            &format!("looked again: {} items of other people seen done (script, second export, by hand)", by_others.done.len()),
        );
        let searched = self.write("searched-by-hand.txt", "a list of places that were searched for copies\n")?;
        self.tasks(w, &searched)
    }

    /// What no program can look at: one task of each source is answered with a file that shows it, the others do not apply here.
    fn tasks(&self, w: &mut Workspace, shown: &Path) -> Result<(), Fault> {
        let open: Vec<work::Task> = work::tasks(w)?.into_iter().filter(|t| t.answered.is_none()).collect();
        let sources: std::collections::BTreeSet<terms::Place> = open.iter().map(|t| t.source.clone()).collect();
        for source in sources {
            let own: Vec<&work::Task> = open.iter().filter(|t| t.source == source).collect();
            let first = own.first().map(|t| t.kind.clone()).unwrap_or_default();
            let about = |more: Vec<String>| std::iter::once(source.to_string()).chain(more).collect();
            let done = Said { kind: first.clone(), about: about(Vec::new()), evidence: vec![shown.to_owned()], ..Said::default() };
            work::record_act(w, done)?;
            let rest: Vec<String> = own.iter().filter(|t| t.kind != first).map(|t| work::Task::word(&t.kind)).collect();
            let note = Some("practice".to_owned());
            work::record_act(w, Said { kind: "task_not_applicable".to_owned(), about: about(rest), note, ..Said::default() })?;
        }
        Ok(())
    }

    /// The safety window is over: keys die, the case closes.
    fn end(&self, w: &mut Workspace) -> Result<(), Fault> {
        work::apply(w, false, &self.bar)?;
        if w.state.backups.values().all(|b| b.end.is_some()) {
            self.step("安全窗口已过：归档密钥已销毁", "the safety window is over: the archive's keys are destroyed");
            work::close(w, &self.bar)?;
            self.step("案件已结案", "the case is closed");
        }
        Ok(())
    }

    fn dossier(&self, mut w: Workspace, began: Instant) -> Result<u8, Fault> {
        let (session, out) = (self.session, self.into.join("case.dossier.zip"));
        let made = work::dossier(&mut w, &out)?;
        super::pages::write(&self.into.join("verify.html"), papers::Kind::Verify, &json!({"lang": session.lang.code()}))?;
        let context = work::paper_context(&w)?;
        let policy = w.state.opened.as_ref().map(|o| o.policy_doc);
        drop(w);
        let all = PapersArgs { names: vec!["all".to_owned()], to: self.into.join("papers") };
        let written = super::papers::write(&papers::papers()?, &all.names, &all.to, &context)?;
        self.step(&format!("文书：{} 份", written.len()), &format!("papers: {}", written.len()));
        let report = verify(&out, &Trust { policy_digest: policy }).map_err(|_| Fault::new("dossier_unreadable"))?;
        let (seconds, policy) = (began.elapsed().as_secs_f64(), policy.map(|p| p.to_string()).unwrap_or_default());
        if session.args.json {
            say::print_json(
                &json!({"dossier": out, "entries": made.n + 1, "policy_digest": policy, "report": report.json(), "seconds": seconds}),
            );
            return Ok(report.exit_code());
        }
        println!();
        print!("{}", print(&report, session.lang == Lang::Zh));
        let (out, page) = (out.display(), self.into.join("verify.html"));
        session.tell(
            &format!("\n案卷：{out}（{seconds:.1} 秒）\n再次核验：custody verify {out} --policy-digest {policy}\n或用浏览器打开 {}；文书在 {}", page.display(), all.to.display()),
            &format!("\ndossier: {out} ({seconds:.1} s)\nverify again: custody verify {out} --policy-digest {policy}\nor open {} in a browser; the papers are in {}", page.display(), all.to.display()),
        );
        Ok(report.exit_code())
    }
}

/// An export that is not what was reported ends the practice.
fn taken(came: &work::Imported) -> Result<(), Fault> {
    let first = came.findings.first().map(|f| f.en.clone()).unwrap_or_default();
    if came.n.is_some() { Ok(()) } else { Err(Fault::new("export_refused").with("what", first)) }
}

/// What the roles of the practice company answer.
fn answers(w: &mut Workspace) -> Result<(), Fault> {
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
