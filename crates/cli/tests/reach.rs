//! A case run by three people's parts with files only: the owner uses pages and paper, the DBA a script, the buyer a page; the regulator's page proves it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

#[path = "common/browser.rs"]
mod browser;
mod common;
#[path = "common/company.rs"]
mod company;

use std::path::PathBuf;

use browser::Browser;
use common::{Case, claim};
use company::{check_number, company, planned, run_script};
use serde_json::Value;

const PASSPHRASE: &str = common::PASSPHRASE;

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

/// The buyer makes a key in a page and sends its public half.
fn buyers_key(case: &Case, browser: &Browser) {
    case.ok(&["page", "receive"]);
    assert_eq!(case.fault(&["page", "receive"]), "file_exists");
    browser.open(&case.folder.join("receive.html"));
    browser.click("#newkey");
    browser.type_in("#newpass", PASSPHRASE);
    browser.type_in("#newpass2", PASSPHRASE);
    browser.click("#makekey");
    browser.wait_for("return document.getElementById('made').hidden ? '' : 'made'");
    browser.click("#save-key");
    browser.click("#save-pub");
    for end in [".key", ".pub"] {
        std::fs::copy(browser.saved(end), case.folder.join(format!("keys/buyer{end}"))).unwrap();
    }
}

#[test]
fn owner_dba_and_buyer_do_their_parts_with_files_and_the_page_proves_it() {
    let case = company();
    let browser = Browser::start();
    buyers_key(&case, &browser);
    planned(&case);

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

    // What is signed on paper names what leaves, and to whom.
    let sheet = std::fs::read_to_string(case.folder.join("approval-sheet-1.html")).unwrap();
    assert!(sheet.contains("以下副本交给他人") && sheet.contains("Buyer") && sheet.contains("newsletter"));

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
