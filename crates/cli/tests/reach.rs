//! A case run by three people's parts with files only: the owner uses pages and paper, the DBA a script, the buyer a page; the regulator's page proves it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

#[path = "common/browser.rs"]
mod browser;
mod common;

use std::path::PathBuf;

use browser::Browser;
use common::{Case, claim, day, head};
use rusqlite::fallible_iterator::FallibleIterator;
use serde_json::Value;

const PASSPHRASE: &str = common::PASSPHRASE;

/// A newsletter that is sold, and clients in a database that only its DBA may write to.
fn company() -> Case {
    let case = Case::new();
    case.ok(&["keygen", "keys/buyer", "--use", "recipient"]);
    let db = rusqlite::Connection::open(case.folder.join("shop.db")).unwrap();
    db.execute_batch("CREATE TABLE newsletter (id INTEGER PRIMARY KEY, email TEXT, region TEXT, agreed TEXT)").unwrap();
    let erp = rusqlite::Connection::open(case.folder.join("erp.db")).unwrap();
    erp.execute_batch("CREATE TABLE \"客户 [1]\" (no TEXT PRIMARY KEY, mobile TEXT, email TEXT NOT NULL UNIQUE, city TEXT)").unwrap();
    for i in 0..30 {
        db.execute(
            "INSERT INTO newsletter VALUES (?1, ?2, 'CN', ?3)",
            (i + 1, format!("leser{i:02}@example.com"), if i % 3 == 2 { "no" } else { "yes" }),
        )
        .unwrap();
        erp.execute(
            "INSERT INTO \"客户 [1]\" VALUES (?1, ?2, ?3, '上海')",
            (format!("C'{i}"), format!("138{:08}", 91 * i + 3), format!("kunde{i:02}@example.org")),
        )
        .unwrap();
    }
    let head = head(&day(-10), &day(100)).replace(
        "approvers:",
        "recipients: [{name: Buyer, key: keys/buyer.pub}]\n  counsel: {name: Counsel, key: keys/counsel.pub}\n  approvers:",
    );
    case.write(
        "case.yaml",
        head + "sources:
  - {id: shop, kind: sqlite, path: shop.db}
  - {id: erp, kind: sqlite, path: erp.db, reach: script}
datasets:
  - {at: shop/newsletter, class: marketing_list, purpose: news by mail, route: art23, groups: {contact: [email]}, not_personal: {region: a country, agreed: yes or no}, tells: {region: region, consent_23: agreed, under14: \"=no\"}}
  - {at: \"erp/客户 [1]\", name: clients, class: customer_register, groups: {contact: [mobile, email]}, not_personal: {no: a number, city: a city}, tells: {region: \"=cn\", under14: \"=no\"}}
approval: {kinds: [key, paper]}
safety_days: 0
",
    );
    case.write(
        "agreement.yaml",
        format!(
            "version: 1
id: sale1
role: recipient
party: Buyer
from: {}
to: {}
fields: [{{holding: newsletter, groups: [contact], also: [region]}}]
purposes: [news by mail]
onward: none
end: {{then: keep}}
",
            day(-5),
            day(60)
        ),
    );
    case.write("scan.jpg", "a picture of a signed page");
    case
}

fn planned(case: &Case) {
    case.ok(&["subjects"]);
    case.answer_tasks();
    case.drill();
    case.ok(&["record", "key", "keys/buyer.pub", "--countersign", "keys/liquidator.key", "--present"]);
    case.ok(&["record", "agreement", "agreement.yaml", "--evidence", "scan.jpg"]);
    case.ok(&["record", "notice_sent", "--about", "src1/t1", "--evidence", "scan.jpg", "--on", &day(-40)]);
    case.ok(&["record", "pipia_done", "--evidence", "scan.jpg"]);
    for fact in
        ["holding.open_matter=no", "holding.statutory_copy=yes", "case.important_data=no", "case.platform=no", "case.opinion_13_2=no"]
    {
        case.ok(&["answer", fact]);
    }
    let plan = case.json(&["plan"]);
    assert_eq!(plan["sheets"].as_array().unwrap().len(), 2, "{plan:#}");
}

/// The owner reads and signs in a page; gives the approval that the page saved.
fn approved_in_a_page(case: &Case, browser: &Browser) -> PathBuf {
    browser.open(&case.folder.join("approve.html"));
    let shown = browser.run("return document.body.innerText").as_str().unwrap().to_owned();
    assert!(shown.contains("clients") && shown.contains("newsletter") && shown.contains("hand over"), "{shown}");
    browser.give("#keyfile", &case.folder.join("keys/data-lead.key"));
    browser.type_in("#passphrase", PASSPHRASE);
    browser.type_in("#reason", "I read it <b>and</b> agree");
    browser.click("#approve");
    browser.click("#read");
    browser.click("#sign");
    browser.wait_for("return document.getElementById('result').value");
    browser.saved(".approval.json")
}

/// What the sheet prints as its check number.
fn check_number(case: &Case, sheet: &str) -> String {
    let html = std::fs::read_to_string(case.folder.join(sheet)).unwrap();
    let at = html.find("<b>").unwrap() + 3;
    html[at..at + 12].to_owned()
}

/// The DBA runs a script statement by statement, and keeps what it prints.
fn run_script(case: &Case, script: &str) -> String {
    let db = rusqlite::Connection::open(case.folder.join("erp.db")).unwrap();
    let text = std::fs::read_to_string(case.folder.join(script)).unwrap();
    let mut out = String::new();
    let mut batch = rusqlite::Batch::new(&db, &text);
    while let Some(mut statement) = batch.next().unwrap() {
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let cell = |i: usize| match row.get_ref(i).unwrap() {
                rusqlite::types::ValueRef::Integer(n) => n.to_string(),
                other => other.as_str().unwrap_or_default().to_owned(),
            };
            out.push_str(&((0..columns).map(cell).collect::<Vec<_>>().join("|") + "\n"));
        }
    }
    out
}

#[test]
fn owner_dba_and_buyer_do_their_parts_with_files_and_the_page_proves_it() {
    let case = company();
    planned(&case);
    let browser = Browser::start();

    // The owner: one approval in a page, the other on paper, compared by counsel.
    let approval = approved_in_a_page(&case, &browser);
    case.ok(&["record", "approval", approval.to_str().unwrap()]);
    assert_eq!(case.fault(&["record", "approval", approval.to_str().unwrap()]), "rule_broken", "twice");
    let number = check_number(&case, "approval-sheet-1.html");
    let paper = ["record", "approval", "--check-number", &number, "--evidence", "scan.jpg", "--reader"];
    assert_eq!(case.fault(&[&paper[..], &["keys/liquidator.key"]].concat()), "rule_broken", "nobody compares their own paper");
    case.ok(&[&paper[..], &["keys/counsel.key"]].concat());
    assert_eq!(case.json(&["status"])["approvals"], 2);
    case.ok(&["backup"]);

    // The buyer receives by page.
    let applied = case.json(&["apply"]);
    let package = case.folder.join(applied["handed"][0]["file"].as_str().unwrap());
    assert!(applied["waiting"].as_array().unwrap().iter().any(|w| w["why"] == "by_hand"), "{applied:#}");
    browser.open(&case.folder.join("packages/receive.html"));
    browser.give("#package", &package);
    browser.give("#keyfile", &case.folder.join("keys/buyer.key"));
    browser.type_in("#passphrase", PASSPHRASE);
    browser.click("#open");
    browser.wait_for("return document.getElementById('opened').hidden ? '' : document.getElementById('sets').textContent");
    let problems = browser.run("return document.getElementById('problems').textContent").as_str().unwrap().to_owned();
    assert!(!problems.contains('✕'), "{problems}");
    browser.click("#looked");
    browser.run("for (const f of document.querySelectorAll('input[type=password]')) { f.value = ''; }");
    browser.type_in("#signform input[type=password], #passphrase", PASSPHRASE);
    browser.click("#sign");
    browser.wait_for("return document.getElementById('result').value");
    let receipt = browser.saved(".receipt.json");
    assert!(std::fs::metadata(&receipt).unwrap().len() < 2_048);
    case.ok(&["record", "receipt", receipt.to_str().unwrap()]);

    // The DBA gets a script, counts first, erases, and sends back what was printed.
    let errand = case.json(&["pack", "erase", "erp", "--dialect", "sqlite", "--batch", "7", "--to", "errand"]);
    assert_eq!(errand["rows"], 30, "{errand:#}");
    let dry = run_script(&case, "errand/dry-run.sql");
    assert_eq!(
        dry.lines().filter(|l| l.starts_with("custody-dry|")).map(|l| l.rsplit('|').next().unwrap().parse::<u64>().unwrap()).sum::<u64>(),
        30
    );
    let clients =
        |sql: &str| rusqlite::Connection::open(case.folder.join("erp.db")).unwrap().query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap();
    assert_eq!(clients("SELECT count(*) FROM \"客户 [1]\" WHERE mobile IS NOT NULL"), 30, "the dry run changed something");
    case.write("output.txt", run_script(&case, "errand/erase.sql"));
    let result = case.json(&["pack", "result", "erp", "output.txt"]);
    assert!(result["batches"].as_array().unwrap().iter().all(|b| b["asked"] == b["told"]), "{result:#}");
    assert_eq!(clients("SELECT count(*) FROM \"客户 [1]\" WHERE mobile IS NOT NULL OR email LIKE 'kunde%'"), 0);

    let applied = case.json(&["apply"]);
    let levels: Vec<&Value> = applied["done"].as_array().unwrap().iter().map(|d| &d["level"]).collect();
    assert!(levels.contains(&&Value::from("L2")), "{applied:#}");
    case.ok(&["apply"]);
    let made = case.json(&["dossier", "--close", "-o", "end.zip"]);
    assert_eq!(case.json(&["verify", "end.zip", "--policy-digest", made["policy_digest"].as_str().unwrap()])["result"], 0);

    // The regulator's page.
    browser.open(&case.folder.join("verify.html"));
    browser.give("#dossier", &case.folder.join("end.zip"));
    browser.type_in("#policy", made["policy_digest"].as_str().unwrap());
    browser.click("#check");
    let report: Value = serde_json::from_str(&browser.wait_for("return document.getElementById('report').textContent")).unwrap();
    assert_eq!(report["result"], 0, "{report:#}");
    assert_eq!(claim(&report, "paper")["state"], "attested");
    assert_eq!(claim(&report, "closed")["state"], "proved");
    assert_eq!(browser.log(), serde_json::json!([]), "a page asked for something that it does not carry");
}
