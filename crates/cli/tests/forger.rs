//! The forger holds every private key and builds dossiers that are perfectly signed but break exactly one rule each:
//! the verifier names the broken rule in every one, and accepts the honest twin.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

#[path = "common/browser.rs"]
mod browser;
#[path = "common/mod.rs"]
mod common;
#[path = "common/company.rs"]
mod company;
#[path = "common/forge.rs"]
mod forge;

use std::path::Path;

use browser::Browser;
use common::{Case, claim, day, head};
use custody_verify::{State, Trust, verify};
use forge::Forge;
use serde_json::{Value, json};
use terms::Digest;

/// A small case of one shop, closed on the day on which it was opened.
fn honest() -> (Case, std::path::PathBuf) {
    let case = Case::new();
    let db = rusqlite::Connection::open(case.folder.join("shop.db")).unwrap();
    db.execute_batch("CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, mobile TEXT, email TEXT, region TEXT);
        CREATE TABLE fapiao (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), title TEXT, amount REAL, issued_on TEXT);").unwrap();
    for i in 0..12 {
        db.execute(
            "INSERT INTO customers VALUES (?1, ?2, ?3, ?4, 'CN')",
            (i + 1, format!("客户{i}"), format!("138{:08}", 13 * i + 7), format!("kh{i:03}@example.com")),
        )
        .unwrap();
        db.execute(
            "INSERT INTO fapiao (customer_id, title, amount, issued_on) VALUES (?1, ?2, 10.5, '2025-05-06')",
            (i + 1, format!("客户{i}")),
        )
        .unwrap();
    }
    drop(db);
    case.write("case.yaml", head(&day(-10), &day(100)) + "sources: [{id: shop, kind: sqlite, path: shop.db}]
datasets:
  - {at: shop/customers, class: customer_register, groups: {buyer: [name], contact: [mobile, email]}, not_personal: {region: a country}, tells: {region: region}}
  - {at: shop/fapiao, class: voucher, groups: {buyer: [title], voucher: [id, customer_id, amount, issued_on]}, tells: {voucher_date: issued_on}}
safety_days: 0
");
    case.ok(&["scan"]);
    case.ok(&["subjects"]);
    for _ in 0..4 {
        let open = case.json(&["questions"]);
        for q in open["questions"].as_array().unwrap() {
            let fact = q["fact"].as_str().unwrap();
            let place = q.get("holding").map(|h| format!("@{}", h.as_str().unwrap())).unwrap_or_default();
            let value = if fact == "holding.statutory_copy" { "yes" } else { "no" };
            case.ok(&["answer", &format!("{fact}{place}={value}")]);
        }
    }
    case.answer_tasks();
    case.drill();
    case.ok(&["plan"]);
    case.approve();
    case.ok(&["backup"]);
    let applied = case.json(&["apply"]);
    assert_eq!(applied["waiting"], json!([]), "{applied:#}");
    let made = case.json(&["dossier", "--close", "-o", "honest.zip"]);
    let report = case.json(&["verify", "honest.zip", "--policy-digest", made["policy_digest"].as_str().unwrap()]);
    assert_eq!(report["result"], 0, "{report:#}");
    assert_eq!(claim(&report, "closed")["state"], "proved");
    let path = case.folder.join("honest.zip");
    (case, path)
}

type Forgery = (&'static str, &'static str, fn(&mut Forge));

/// What is forged, the rule that must be named, and how.
const FORGERIES: &[Forgery] = &[
    ("backup of another set", "B2", |f| {
        let kept = f.facts("dataset.sealed", 1).clone();
        let n = f.find("dataset.sealed", 1);
        let root = ledger::root([ledger::leaf_hash(&kept["root"].as_str().unwrap().parse::<terms::Digest>().unwrap().0)]);
        let rows = kept["rows"].clone();
        let b = f.facts("backup.observed", 0);
        for name in ["rows_written", "rows_restored", "rows_equal"] {
            b.insert(name.into(), rows.clone());
        }
        b.insert("seal_ns".into(), json!([n]));
        b.insert("restored_root".into(), json!(terms::Digest(root)));
    }),
    ("backup that misses a row", "B1", |f| {
        let b = f.facts("backup.observed", 0);
        b["rows_equal"] = json!(b["rows_equal"].as_u64().unwrap() - 1);
    }),
    ("destroyed without a backup", "B2", |f| {
        f.facts("destroy.ordered", 0).remove("backup_n");
    }),
    ("approval of an older plan", "P4", |f| {
        let (at, plan) = (f.find("destroy.ordered", 0), f.lines[f.find("plan.made", 0)].clone());
        let run = f.lines[..at].iter().rposition(|l| l.kind == "run.opened").unwrap();
        f.insert(run, plan);
        let old = f.find("plan.made", 0) as u64;
        for l in f.lines.iter_mut().filter(|l| l.facts.get("plan_n") == Some(&json!(old)) && l.kind != "plan.approved") {
            l.facts["plan_n"] = json!(run);
        }
    }),
    ("statement over another plan", "P2", |f| set_statement(f, |s| s["plan"] = json!("00".repeat(32)))),
    ("statement over another consequence", "P2", |f| set_statement(f, |s| s["consequence"] = json!("00".repeat(32)))),
    ("statement of another case", "P2", |f| set_statement(f, |s| s["case"] = json!("c-other"))),
    ("statement that refuses", "P2", |f| set_statement(f, |s| s["decision"] = json!("refuse"))),
    ("statement that has expired", "P2", |f| set_statement(f, |s| s["not_after"] = json!("2020-01-01"))),
    ("head seen before the plan", "P2", |f| set_statement(f, |s| s["head"]["size"] = json!(1))),
    ("head that never was", "P2", |f| set_statement(f, |s| s["head"]["root"] = json!("ab".repeat(32)))),
    ("nonce used twice", "P2", |f| {
        fn same(s: &mut Value) {
            s["nonce"] = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        }
        for which in 0..2 {
            let i = f.find("plan.approved", which);
            f.lines[i].statement = Some(same);
        }
    }),
    ("two keys of one person", "P3", |f| {
        let keys = f.facts("case.opened", 0)["keys"].as_array_mut().unwrap();
        for k in keys.iter_mut().filter(|k| k["use"] == "approver") {
            k["person"] = json!("p-one");
        }
    }),
    ("one approval only", "P3", |f| {
        let i = f.find("plan.approved", 1);
        let note = f.operator_line(i, "exception.recorded", json!({"kind": "note"}));
        f.lines[i] = note;
    }),
    ("approver revoked before the order", "P4", |f| {
        let kid = f.facts("plan.approved", 0)["kid"].clone();
        let at = f.lines[..f.find("destroy.ordered", 0)].iter().rposition(|l| l.kind == "run.opened").unwrap();
        let line = f.operator_line(at, "key.revoked", json!({"from_n": 0, "kid": kid, "reason": "left"}));
        f.insert(at, line);
    }),
    ("destroyed under a hold", "P7", |f| {
        let at = f.find("plan.approved", 0);
        let line = f.operator_line(at, "hold.placed", json!({"datasets": ["*"], "hold": "h-suit"}));
        f.insert(at, line);
    }),
    ("a hold ends the approvals", "P4", |f| {
        let at = f.find("plan.approved", 1) + 1;
        let line = f.operator_line(at, "hold.placed", json!({"datasets": ["src1/t1"], "hold": "h-suit"}));
        f.insert(at, line);
    }),
    ("observed before ordered", "F3", |f| {
        let (o, s) = (f.find("destroy.ordered", 0), f.find("destroy.observed", 0));
        f.lines.swap(o, s);
        f.facts("destroy.observed", 0).insert("order_n".into(), json!(s));
    }),
    ("observed twice", "E1", |f| {
        let i = f.find("destroy.observed", 0);
        let again = f.lines[i].clone();
        f.insert(i + 1, again);
    }),
    ("count off by one", "E1", |f| {
        let o = f.facts("destroy.observed", 0);
        o["rows_done"] = json!(o["rows_done"].as_u64().unwrap() - 1);
    }),
    ("more rows than the seal has", "E1", |f| f.facts("destroy.ordered", 0)["rows"] = json!(5_000)),
    ("pack swapped", "W6", |f| {
        let doc = f.document(&json!({"files": [], "type": "custody.pack", "v": 1}));
        f.facts("plan.made", 0)["pack_docs"] = json!([doc]);
    }),
    ("plan that nobody computed", "W6", |f| {
        let doc = f.facts("plan.made", 0)["plan_doc"].clone();
        let mut plan = f.read(&doc);
        plan["plan"]["totals"] = json!({"destroy": 1});
        let doc = f.document(&plan);
        f.facts("plan.made", 0)["plan_doc"] = json!(doc);
    }),
    ("an answer that nobody gave", "W6", |f| {
        let doc = f.facts("answer.given", 0)["answers_doc"].clone();
        let mut sheet = f.read(&doc);
        let other = json!(!sheet["answers"][0]["value"].as_bool().unwrap());
        sheet["answers"][0]["value"] = other.clone();
        let doc = f.document(&sheet);
        let given = f.facts("answer.given", 0);
        given["answers_doc"] = json!(doc);
        given["value"] = other;
    }),
    ("consequence made smaller", "W6", |f| {
        let doc = f.facts("plan.made", 0)["consequence_doc"].clone();
        let mut c = f.read(&doc);
        c["persons"] = json!(1);
        let doc = f.document(&c);
        f.facts("plan.made", 0)["consequence_doc"] = json!(doc);
    }),
    ("a body that does not fit its commitment", "bc", |f| {
        f.bodies = format!("{{\"body\":\"{{}}\",\"n\":0,\"salt\":\"{}\"}}\n", ledger::b64::url(&[7; 32])).into_bytes();
    }),
    ("signed by a stranger", "K1", |f| {
        let i = f.find("scan.recorded", 0);
        f.lines[i].stranger = true;
    }),
    ("signed by the wrong role", "K1", |f| {
        let (i, approver) = (f.find("plan.made", 0), f.facts("plan.approved", 0)["kid"].as_str().unwrap().to_owned());
        f.lines[i].signers = vec![approver.clone()];
        f.lines[i].actor = approver;
        f.lines[i].role = "approver".into();
    }),
    ("role that is not the key's", "K1", |f| {
        let i = f.find("plan.made", 0);
        f.lines[i].role = "counsel".into();
    }),
    ("key registered twice", "K2", |f| {
        let record = f.facts("case.opened", 0)["keys"][0].clone();
        let at = f.find("plan.made", 0);
        let mut line = f.operator_line(at, "key.registered", json!({"key": record}));
        line.signers.push(f.facts("plan.approved", 0)["kid"].as_str().unwrap().to_owned());
        f.insert(at, line);
    }),
    ("a step that is not the run's", "K3", |f| {
        let at = f.lines[..f.find("destroy.ordered", 0)].iter().rposition(|l| l.kind == "run.opened").unwrap();
        f.lines[at].facts["steps"] = json!(["scan", "outcomes", "shred"]);
    }),
    ("a run whose time is over", "K3", |f| {
        let at = f.lines[..f.find("destroy.ordered", 0)].iter().rposition(|l| l.kind == "run.opened").unwrap();
        f.lines[at].facts["until"] = json!(f.lines[at].at + 1);
        for l in &mut f.lines[at + 1..] {
            l.at += 10_000;
        }
    }),
    ("two runs at once", "K3", |f| {
        let at = f.find("run.opened", 1);
        let before = f.lines[..at].iter().rposition(|l| l.kind == "run.closed").unwrap();
        let note = f.operator_line(before, "exception.recorded", json!({"kind": "note"}));
        f.lines[before] = note;
    }),
    ("a number left out", "F2", |f| {
        let i = f.find("plan.made", 0);
        f.lines[i].entry = Some(|e| e.n += 1);
    }),
    ("a chain that is cut", "F2", |f| {
        let i = f.find("plan.made", 0);
        f.lines[i].entry = Some(|e| e.prev = terms::Digest([9; 32]));
    }),
    ("time that runs back", "F2", |f| {
        let i = f.find("plan.made", 0);
        f.lines[i].at -= 3_600_000;
    }),
    ("the case opened twice", "F2", |f| {
        let line = f.lines[0].clone();
        f.insert(3, line);
    }),
    ("a fact that does not belong", "F1", |f| {
        f.facts("plan.made", 0).insert("hurry".into(), json!(true));
    }),
    ("a fact that is missing", "F1", |f| {
        f.facts("plan.made", 0).remove("undecided");
    }),
    ("before its day", "P5", |f| f.facts("destroy.ordered", 0)["not_before"] = json!("2999-01-01")),
    ("after its last day", "P5", |f| f.facts("destroy.ordered", 0)["not_after"] = json!("2020-01-01")),
    ("no demand", "P6", |f| f.facts("destroy.ordered", 0)["demand"] = json!("unknown")),
    ("a bar that nobody looked at", "P6", |f| f.facts("destroy.ordered", 0)["bars"]["retention"] = json!("unknown")),
    ("a plan on an old scan", "P1", |f| f.facts("plan.made", 0)["inventory_n"] = json!(f.find("scan.recorded", 0))),
    ("a plan that forgets a seal", "P1", |f| {
        let n = f.find("dataset.sealed", 0);
        f.facts("plan.made", 0)["seal_ns"] = json!([n]);
    }),
    ("an item that the plan does not have", "W2", |f| f.facts("destroy.ordered", 0)["item"] = json!("i-99")),
    ("another method than the plan's", "W2", |f| f.facts("destroy.ordered", 0)["method"] = json!("by_hand")),
    ("L4 while the archive lives", "E2", |f| f.facts("destroy.observed", 0)["level"] = json!("L4")),
    ("L3 with remains", "E2", |f| f.facts("destroy.observed", 0)["columns"][0]["hits"] = json!(1)),
    ("L3 without sight", "E2", |f| {
        let c = &mut f.facts("destroy.observed", 0)["columns"][0];
        c["found"] = json!(0);
    }),
    ("L3 with bytes unread", "E2", |f| f.facts("destroy.observed", 0)["bytes_unread"] = json!(4_096)),
    ("nothing out of scope", "E2", |f| f.facts("destroy.observed", 0)["out_of_scope"] = json!([])),
    ("L2 by an old scan", "E2", |f| f.facts("destroy.observed", 0)["scan_n"] = json!(f.find("scan.recorded", 0))),
    ("a cap above the reach", "E2", |f| f.facts("source.registered", 0)["reach"] = json!("pack")),
    ("a receipt with other figures", "W5", |f| {
        let doc = f.facts("destroy.observed", 0)["receipt_doc"].clone();
        let mut receipt = f.read(&doc);
        receipt["rows_done"] = json!(1);
        let doc = f.document(&receipt);
        f.facts("destroy.observed", 0)["receipt_doc"] = json!(doc);
    }),
    ("an inventory of something else", "W3", |f| {
        let doc = f.facts("scan.recorded", 1)["inventory_doc"].clone();
        let mut inventory = f.read(&doc);
        inventory["datasets"][0]["rows"] = json!(7);
        let doc = f.document(&inventory);
        f.facts("scan.recorded", 1)["inventory_doc"] = json!(doc);
    }),
    ("totals that do not add up", "S2", |f| f.facts("outcomes.recorded", 0)["totals"] = json!({"destroy": 11})),
    ("destroyed by word only", "S3", |f| {
        let i = f.lines.iter().position(|l| l.kind == "outcomes.recorded" && l.facts["uniform"] == 2).unwrap();
        let rows = 12;
        f.lines[i].facts.insert("totals".into(), json!({"destroy": rows}));
        f.lines[i].facts.insert("uniform".into(), json!(6));
        f.lines[i].facts.insert("root".into(), json!(terms::Digest(ledger::uniform_root(6, rows))));
    }),
    ("two full seals of one scan", "S1", |f| {
        let i = f.find("dataset.sealed", 1);
        let again = f.lines[i].clone();
        f.insert(i + 1, again);
    }),
    ("shredded inside the safety window", "B3", |f| f.facts("case.opened", 0)["safety_days"] = json!(30)),
    ("a key that was not zeroed", "E1", |f| {
        let o = f.facts("shred.observed", 0);
        o["slots_zero"] = json!(o["slots_zero"].as_u64().unwrap() - 1);
    }),
    ("a holder who kept the key", "E1", |f| f.facts("shred.observed", 0)["holders"][0]["gone"] = json!(false)),
    ("closed with a living archive", "C1", |f| {
        let i = f.find("case.closed", 0);
        f.lines[i].facts["archives"][0]["end"] = json!("kept");
    }),
    ("closed under a hold", "C1", |f| {
        let at = f.find("case.closed", 0);
        let line = f.operator_line(at, "hold.placed", json!({"datasets": ["*"], "hold": "h-suit"}));
        f.insert(at, line);
    }),
    ("work after the end", "F4", |f| {
        let at = f.find("case.closed", 0) + 1;
        let line = f.operator_line(at, "hold.placed", json!({"datasets": ["*"], "hold": "h-suit"}));
        f.insert(at, line);
    }),
    ("a line after the dossier", "C3", |f| {
        let at = f.lines.len();
        let line =
            f.operator_line(at, "act.recorded", json!({"about": [], "by": "p-x", "day": "2026-01-01", "evidence": [], "kind": "note"}));
        f.lines.push(line);
    }),
    ("lines that change places", "F2", |f| f.swapped = true),
    ("a head by another key", "head", |f| f.false_head = true),
];

/// An act that no rule asks for.
fn unneeded(f: &Forge) -> usize {
    f.lines.iter().position(|l| l.facts.get("kind") == Some(&json!("task_not_applicable"))).unwrap()
}

fn set_statement(f: &mut Forge, change: fn(&mut Value)) {
    let i = f.find("plan.approved", 0);
    f.lines[i].statement = Some(change);
}

#[test]
fn every_forgery_is_named_by_its_rule_and_the_honest_twin_passes() {
    let (case, path) = honest();
    let honest = Forge::take_apart(&path);
    let at = case.folder.join("forged.zip");
    honest.write(&at);
    let policy = honest.lines[0].facts["policy_doc"].as_str().unwrap().parse().unwrap();
    let trust = Trust { policy_digest: Some(policy) };
    let report = verify(&at, &trust).unwrap();
    assert_eq!(report.exit_code(), 0, "the honest twin: {:#?}", report.claims);
    let mut missed = Vec::new();
    for (name, rule, change) in FORGERIES {
        let mut forged = honest.clone();
        change(&mut forged);
        forged.write(&at);
        let report = verify(&at, &trust).unwrap();
        let named: Vec<_> = report
            .claims
            .iter()
            .filter(|c| c.state == State::Broken)
            .map(|c| (c.rule.clone().unwrap_or_default(), c.what.en.clone()))
            .collect();
        if report.exit_code() != 1 || !named.iter().any(|(r, _)| r == rule) {
            missed.push(format!("{name}: expected {rule}, got {named:?} (exit {})", report.exit_code()));
        }
    }
    assert!(missed.is_empty(), "{} of {}:\n{}", missed.len(), FORGERIES.len(), missed.join("\n"));
}

/// A company that handed a copy over, had one approval on paper, and had a script run by its DBA.
fn honest_reach() -> (Case, std::path::PathBuf) {
    let case = company::company();
    company::planned(&case);
    case.ok(&["approve", "--key", "keys/data-lead.key", "--yes"]);
    let number = company::check_number(&case, "approval-sheet-1.html");
    case.ok(&["record", "approval", "--check-number", &number, "--evidence", "scan.jpg", "--reader", "keys/counsel.key"]);
    case.ok(&["backup"]);
    let applied = case.json(&["apply"]);
    let package = applied["handed"][0]["file"].as_str().unwrap().to_owned();
    case.ok(&["receive", &package, "--key", "keys/buyer.key", "--looked", "-o", "receipt.json"]);
    case.ok(&["record", "receipt", "receipt.json"]);
    case.ok(&["pack", "erase", "erp", "--to", "errand"]);
    case.write("output.txt", company::run_script(&case, "errand/erase.sql"));
    case.ok(&["pack", "result", "erp", "output.txt"]);
    case.ok(&["apply"]);
    case.ok(&["apply"]);
    case.ok(&["dossier", "--close", "-o", "honest.zip"]);
    let path = case.folder.join("honest.zip");
    (case, path)
}

/// Lies about receipts, packages, agreements, records and paper.
const LIES: &[Forgery] = &[
    ("a receipt with other rows than its statement", "E3", |f| f.facts("receipt.received", 0)["rows"] = json!(3)),
    ("a receipt for fewer rows, and no difference named", "E3", |f| {
        f.facts("receipt.received", 0)["rows"] = json!(3);
        set_receipt(f, |s| s["rows"] = json!(3));
    }),
    ("a receipt over other files", "W5", |f| {
        f.facts("receipt.received", 0)["root"] = json!("00".repeat(32));
        set_receipt(f, |s| s["root"] = json!("00".repeat(32)));
    }),
    ("a receipt of another case", "E3", |f| set_receipt(f, |s| s["case"] = json!("c-other"))),
    ("a receipt of another package", "E3", |f| set_receipt(f, |s| s["package"] = json!("pkg-00000000000000000000"))),
    ("a receipt twice", "E3", |f| {
        let at = f.find("receipt.received", 0);
        let line = f.lines[at].clone();
        f.insert(at + 1, line);
    }),
    ("a receipt signed by who is no recipient", "E3", |f| {
        let approver = f.facts("plan.approved", 0)["kid"].clone();
        f.facts("receipt.received", 0)["recipient"] = approver;
    }),
    ("the source erased before anybody signed", "E3", |f| {
        let at = f.find("receipt.received", 0);
        let line = f.lines.remove(at);
        // After the last destruction: nothing that stands between refers to it.
        let last = f.last("destroy.observed");
        f.lines.insert(last, line);
        for l in &mut f.lines {
            moved_numbers(&mut l.facts, at as u64, last as u64);
        }
    }),
    ("handed over when the agreement was over", "E3", |f| {
        let from = f.facts("agreement.signed", 0)["from"].clone();
        f.facts("agreement.signed", 0)["to"] = from;
    }),
    ("handed over to another key than the party's", "E3", |f| {
        let approver = f.facts("plan.approved", 0)["kid"].clone();
        f.facts("hand_over.ordered", 0)["recipient"] = approver;
    }),
    ("a field that the agreement does not name", "E3", |f| {
        let doc = f.facts("agreement.signed", 0)["fields_doc"].clone();
        let mut terms = f.read(&doc);
        terms["fields"][0]["groups"] = json!(["postal"]);
        let doc = f.document(&terms);
        f.facts("agreement.signed", 0)["fields_doc"] = json!(doc);
    }),
    ("an agreement without its signed paper", "E3", |f| f.facts("agreement.signed", 0)["evidence"] = json!([])),
    ("a package with a column outside the plan", "W5", |f| {
        let doc = f.facts("hand_over.observed", 0)["receipt_doc"].clone();
        let mut handed = f.read(&doc);
        handed["datasets"][0]["columns"].as_array_mut().unwrap().push(json!(77));
        let doc = f.document(&handed);
        f.facts("hand_over.observed", 0)["receipt_doc"] = json!(doc);
    }),
    ("a notice that nobody recorded", "W6", |f| {
        let at = f.lines.iter().position(|l| l.facts.get("kind") == Some(&json!("notice_sent"))).unwrap();
        f.lines[at].facts["kind"] = json!("notice_bounced");
    }),
    ("an export that was refused, and none after it", "C1", |f| {
        let at = unneeded(f);
        f.lines[at].facts["kind"] = json!("pack_refused");
    }),
    ("a place unread that counsel did not name", "C1", |f| {
        let at = unneeded(f);
        let counsel = f.lines[0].facts["keys"].as_array().unwrap().iter().find(|k| k["use"] == "counsel").unwrap()["kid"].clone();
        let line = &mut f.lines[at];
        line.kind = "opinion.filed".into();
        line.actor = counsel.as_str().unwrap().to_owned();
        line.role = "counsel".into();
        line.signers = vec![line.actor.clone()];
        line.bc = None;
        let opinion = json!({"datasets": ["src1/t8"], "effect": "accept_unread", "evidence": [], "rule": "C1", "until": "2099-01-01"});
        line.facts = opinion.as_object().unwrap().clone();
        let last = f.last("scan.recorded");
        let mut inventory = f.read(&f.lines[last].facts["inventory_doc"]);
        inventory["unread"].as_array_mut().unwrap().push(json!({"place": "src1/t9", "reason": "not_a_workbook", "bytes": 3}));
        let doc = f.document(&inventory);
        f.lines[last].facts["inventory_doc"] = json!(doc);
        f.lines[last].facts["unread"] = json!(1);
    }),
    ("paper without a scan", "P2", |f| {
        let at = paper(f);
        f.lines[at].facts["evidence"] = json!([]);
    }),
    ("paper compared by one person twice", "K1", |f| {
        let at = paper(f);
        let operator = f.lines[at].actor.clone();
        f.lines[at].signers = vec![operator];
    }),
    ("paper of who compared it", "P2", |f| {
        let at = paper(f);
        let operator = f.lines[0].facts["keys"].as_array().unwrap().iter().find(|k| k["use"] == "operator").unwrap()["person"].clone();
        f.lines[at].facts["person"] = operator;
    }),
    ("two approvals on paper and none by key", "P3", |f| {
        // The approval by key was of an earlier day, and is gone.
        let at = f.find("plan.approved", 0);
        f.lines[at].kind = "exception.recorded".into();
        f.lines[at].facts = json!({"kind": "note"}).as_object().unwrap().clone();
        f.lines[at].bc = None;
    }),
];

/// The line of the approval on paper.
fn paper(f: &Forge) -> usize {
    f.lines.iter().position(|l| l.facts.get("kind") == Some(&json!("paper"))).unwrap()
}

fn set_receipt(f: &mut Forge, change: fn(&mut Value)) {
    let i = f.find("receipt.received", 0);
    f.lines[i].statement = Some(change);
}

/// Numbers of entries after one was taken from `from` and put in at `to`.
fn moved_numbers(facts: &mut serde_json::Map<String, Value>, from: u64, to: u64) {
    let mend = |v: &mut Value| {
        if let Some(n) = v.as_u64() {
            *v = json!(if n == from {
                to
            } else if n > from && n <= to {
                n - 1
            } else {
                n
            });
        }
    };
    for (name, value) in facts.iter_mut() {
        match value {
            Value::Array(a) if name.ends_with("_ns") => a.iter_mut().for_each(mend),
            v if name.ends_with("_n") => mend(v),
            _ => {}
        }
    }
}

#[test]
fn every_lie_about_receipts_packages_and_paper_is_named_in_program_and_page() {
    let (case, path) = honest_reach();
    let honest = Forge::take_apart(&path);
    let policy: Digest = honest.lines[0].facts["policy_doc"].as_str().unwrap().parse().unwrap();
    let at = case.folder.join("forged.zip");
    honest.write(&at);
    let report = verify(&at, &Trust { policy_digest: Some(policy) }).unwrap();
    assert_eq!(report.exit_code(), 0, "the honest twin: {:#?}", report.claims);
    let browser = Browser::start();
    let mut missed = Vec::new();
    for (name, rule, change) in LIES {
        let mut forged = honest.clone();
        change(&mut forged);
        forged.write(&at);
        let report = verify(&at, &Trust { policy_digest: Some(policy) }).unwrap();
        let broken = report.claims.iter().filter(|c| c.state == State::Broken);
        let named: Vec<_> = broken.map(|c| (c.rule.clone().unwrap_or_default(), c.what.en.clone())).collect();
        if report.exit_code() != 1 || !named.iter().any(|(r, _)| r == rule) {
            missed.push(format!("{name}: expected {rule}, got {named:?} (exit {})", report.exit_code()));
        }
        if in_page(&browser, &case, &at, &policy) != native(&at, &policy) {
            missed.push(format!("{name}: the page says something else"));
        }
    }
    assert!(missed.is_empty(), "{} of {}:\n{}", missed.len(), LIES.len(), missed.join("\n"));
}

/// The report's text as the page gives it.
fn in_page(browser: &Browser, case: &Case, at: &Path, policy: &Digest) -> String {
    browser.open(&case.folder.join("verify.html"));
    browser.give("#dossier", at);
    browser.type_in("#policy", &policy.to_string());
    browser.click("#check");
    browser.wait_for("return document.getElementById('report').textContent")
}

/// What `custody-verify --json` prints of a file under a policy.
fn native(at: &Path, policy: &Digest) -> String {
    format!("{}\n", verify(at, &Trust { policy_digest: Some(*policy) }).unwrap().json())
}

#[test]
fn the_page_gives_the_very_bytes_of_the_program_on_every_forgery() {
    let (case, path) = honest();
    let honest = Forge::take_apart(&path);
    let policy: Digest = honest.lines[0].facts["policy_doc"].as_str().unwrap().parse().unwrap();
    let browser = Browser::start();
    let mut differ = Vec::new();
    let at = case.folder.join("forged.zip");
    let same: Forgery = ("the honest twin", "", |_| ());
    for (name, _, change) in std::iter::once(&same).chain(FORGERIES) {
        let mut forged = honest.clone();
        change(&mut forged);
        forged.write(&at);
        let shown = in_page(&browser, &case, &at, &policy);
        let expected = native(&at, &policy);
        let result = browser.run("return document.getElementById('verdict').dataset.result");
        let exit: Value = serde_json::from_str(&expected).unwrap();
        if shown != expected || exit["result"].as_u64() != result.as_str().and_then(|r| r.parse().ok()) {
            differ.push(format!("{name}: verdict {result} for {}", exit["result"]));
        }
    }
    assert!(differ.is_empty(), "{differ:#?}");
    let log = browser.log();
    assert_eq!(log, json!([]), "the page asked for something that it does not carry");
}

#[test]
fn every_single_bit_of_a_small_dossier_counts() {
    let case = Case::new();
    case.write("lists/members.csv", "会员,手机号\r\n一,13800000001\r\n");
    case.write(
        "case.yaml",
        head("2026-01-01", "2026-12-01")
            + "sources: [{id: lists, kind: delimited, path: lists}]
",
    );
    case.ok(&["scan"]);
    case.ok(&["dossier", "-o", "small.zip"]);
    let bytes = std::fs::read(case.folder.join("small.zip")).unwrap();
    let bits = bytes.len() * 8;
    let parts = 2;
    let passed: Vec<usize> = std::thread::scope(|scope| {
        let flip_all = |part: usize| {
            let (mut flipped, at) = (bytes.clone(), case.folder.join(format!("flipped{part}.zip")));
            let mut passed = Vec::new();
            for bit in (part..bits).step_by(parts) {
                flipped[bit / 8] ^= 1 << (bit % 8);
                std::fs::write(&at, &flipped).unwrap();
                if verify(&at, &Trust::default()).unwrap().exit_code() != 1 {
                    passed.push(bit);
                }
                flipped[bit / 8] ^= 1 << (bit % 8);
            }
            passed
        };
        let running: Vec<_> = (0..parts).map(|part| scope.spawn(move || flip_all(part))).collect();
        running.into_iter().flat_map(|r| r.join().unwrap()).collect()
    });
    assert!(passed.is_empty(), "{} of {bits} bits do not count: {passed:?}", passed.len());
}

#[test]
fn flipped_bits_all_over_a_whole_dossier_are_caught() {
    let (case, path) = honest();
    let bytes = std::fs::read(&path).unwrap();
    let at = case.folder.join("flipped.zip");
    // Spread over the whole file, denser outside documents, which all lie under the same sums; all bits of a small archive
    // are flipped in the tests of the ledger's zip.
    let members = ledger::zip::scan(&mut bytes.as_slice()).unwrap();
    let document =
        |byte: usize| members.iter().any(|m| m.name.starts_with("documents/") && (m.at as usize..(m.at + m.len) as usize).contains(&byte));
    let mut passed = Vec::new();
    let mut flips = 0u32;
    for bit in (0..bytes.len() * 8).filter(|bit| !document(bit / 8) || bit % 13 == 0).step_by(29) {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&at, &flipped).unwrap();
        flips += 1;
        if verify(&at, &Trust::default()).unwrap().exit_code() != 1 {
            passed.push(bit);
        }
    }
    assert!(passed.is_empty() && flips > 1_000, "{passed:?} of {flips}");
}
