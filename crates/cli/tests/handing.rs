//! Handing over: a marketing list goes to a buyer under an agreement, for those who consented, after they were told; the buyer signs; then the source is erased.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Case, claim, day, head};
use serde_json::Value;

const AGREEMENT: &str = "version: 1
id: sale1
role: recipient
party: Buyer
from: FROM
to: TO
fields:
  - {holding: newsletter, groups: [contact]}
purposes: [news by mail]
persons: person.region == cn
onward: none
end: {then: keep}
dispute_days: 10
";

/// Twelve readers: every third did not consent, every fourth lives abroad.
pub fn shop() -> Case {
    let case = Case::new();
    case.ok(&["keygen", "keys/buyer", "--use", "recipient"]);
    let db = rusqlite::Connection::open(case.folder.join("shop.db")).unwrap();
    db.execute_batch("CREATE TABLE newsletter (id INTEGER PRIMARY KEY, email TEXT, mobile TEXT, note TEXT, region TEXT, agreed TEXT)")
        .unwrap();
    for i in 0..12 {
        let (region, agreed) = (if i % 4 == 3 { "US" } else { "CN" }, if i % 3 == 2 { "no" } else { "yes" });
        db.execute(
            "INSERT INTO newsletter VALUES (?1, ?2, ?3, '=1+1', ?4, ?5)",
            (i + 1, format!("leser{i:02}@example.com"), format!("139{:08}", 77 * i + 5), region, agreed),
        )
        .unwrap();
    }
    let head = head(&day(-10), &day(100)).replace(
        "approvers:",
        "recipients: [{name: Buyer, key: keys/buyer.pub}]\n  counsel: {name: Counsel, key: keys/counsel.pub}\n  approvers:",
    );
    case.write(
        "case.yaml",
        head + "sources: [{id: shop, kind: sqlite, path: shop.db}]
datasets:
  - {at: shop/newsletter, class: marketing_list, purpose: news by mail, route: art23, groups: {contact: [email, mobile], profile: [note]}, not_personal: {region: a country, agreed: yes or no}, tells: {region: region, consent_23: agreed, under14: \"=no\"}}
safety_days: 0
",
    );
    case.write("agreement.yaml", AGREEMENT.replace("FROM", &day(-5)).replace("TO", &day(60)));
    case.write("signed.pdf", "both signed");
    case.write("mail.txt", "we told them");
    case
}

/// Up to two approvals and a backup: the agreement filed, the buyer's key registered, persons told long enough ago.
pub fn ready(case: &Case) {
    case.ok(&["subjects"]);
    case.ok(&["answer", "case.opinion_13_2=no"]);
    case.ok(&["record", "pipia_done", "--about", "src1/t1", "--evidence", "signed.pdf"]);
    case.ok(&["record", "key", "keys/buyer.pub", "--name", "Buyer", "--countersign", "keys/liquidator.key", "--present"]);
    case.ok(&["record", "agreement", "agreement.yaml", "--evidence", "signed.pdf"]);
    case.ok(&["record", "notice_sent", "--about", "src1/t1", "--evidence", "mail.txt", "--on", &day(-40)]);
    case.prepared();
}

fn rows(case: &Case, sql: &str) -> i64 {
    rusqlite::Connection::open(case.folder.join("shop.db")).unwrap().query_row(sql, [], |r| r.get(0)).unwrap()
}

fn package(applied: &Value) -> String {
    applied["handed"][0]["file"].as_str().unwrap_or_else(|| panic!("{applied:#}")).to_owned()
}

#[test]
fn who_consented_and_was_told_is_handed_over_signed_for_and_then_erased() {
    let case = shop();
    ready(&case);
    let applied = case.json(&["apply"]);
    let file = package(&applied);
    // Until the buyer signed, the source stays.
    let again = case.json(&["apply"]);
    assert!(again["waiting"].as_array().unwrap().iter().any(|w| w["why"] == "receipt"), "{again:#}");
    assert_eq!(rows(&case, "SELECT count(*) FROM newsletter WHERE email IS NOT NULL"), 12);
    assert_eq!(case.fault(&["receive", &file, "--key", "keys/buyer.key"]), "look_first");
    let received = case.json(&["receive", &file, "--key", "keys/buyer.key", "--looked", "--into", "received"]);
    assert!(case.folder.join("received/manifest.json").exists());
    assert_eq!((received["rows"].as_u64(), received["problems"].as_array().map(Vec::len)), (Some(6), Some(0)), "{received:#}");
    let text = std::fs::read_to_string(case.folder.join("received/data/src1_t1.0001.csv")).unwrap();
    assert!(text.starts_with('\u{feff}') && text.contains("leser00@example.com"), "{text}");
    // Not who lives abroad, not who did not consent, not a field that the terms do not name.
    for absent in ["leser02", "leser03", "leser07", "=1+1", "region"] {
        assert!(!text.contains(absent), "{absent}:\n{text}");
    }
    let bases = std::fs::read_to_string(case.folder.join("received/bases.csv")).unwrap();
    assert_eq!(bases.lines().count(), 7, "{bases}");
    assert!(bases.contains("CN-PIPL-23-1") && bases.contains("第23条"), "{bases}");
    let receipt = received["receipt"].as_str().unwrap().to_owned();
    assert!(std::fs::metadata(case.folder.join(&receipt)).unwrap().len() < 2_048);
    case.ok(&["record", "receipt", &receipt]);
    assert_eq!(case.fault(&["record", "receipt", &receipt]), "rule_broken");
    let applied = case.json(&["apply"]);
    assert_eq!(applied["handed"], serde_json::json!([]), "handed over twice: {applied:#}");
    assert_eq!(rows(&case, "SELECT count(*) FROM newsletter"), 0);
    case.ok(&["apply"]);
    let made = case.json(&["dossier", "--close", "-o", "end.zip"]);
    let report = case.json(&["verify", "end.zip", "--policy-digest", made["policy_digest"].as_str().unwrap()]);
    assert_eq!(report["result"], 0, "{report:#}");
    let handed = report["claims"].as_array().unwrap().iter().find(|c| c["id"].as_str().unwrap().starts_with("handed_over.")).unwrap();
    assert_eq!(handed["state"], "attested", "{handed:#}");
}

#[test]
fn a_difference_opens_a_dispute_that_keeps_source_and_case() {
    let case = shop();
    ready(&case);
    let file = package(&case.json(&["apply"]));
    let out = case.run(&["--json", "receive", &file, "--key", "keys/buyer.key", "--difference", "newsletter=missing:1", "-o", "r.json"]);
    assert_eq!(out.status.code(), Some(1), "{}", String::from_utf8_lossy(&out.stdout));
    let out = case.run(&["--json", "record", "receipt", "r.json"]);
    assert_eq!(out.status.code(), Some(1));
    let said: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(said["dispute_until"], day(10));
    let applied = case.json(&["apply"]);
    assert!(applied["waiting"].as_array().unwrap().iter().any(|w| w["why"] == "receipt"), "{applied:#}");
    assert_eq!(rows(&case, "SELECT count(*) FROM newsletter"), 12);
    assert_eq!(case.fault(&["dossier", "--close", "-o", "end.zip"]), "rule_broken");
    let id = file.rsplit('/').next().unwrap().trim_end_matches(".custody").to_owned();
    case.write("settled.pdf", "both agree");
    case.ok(&["record", "dispute_settled", "--about", &id, "--evidence", "settled.pdf"]);
    case.ok(&["apply"]);
    assert_eq!(rows(&case, "SELECT count(*) FROM newsletter"), 0);
}

#[test]
fn nothing_leaves_before_persons_are_told_or_without_an_agreement_in_force() {
    let case = shop();
    case.ok(&["subjects"]);
    assert_eq!(case.fault(&["record", "agreement", "agreement.yaml", "--evidence", "signed.pdf"]), "party_not_registered");
    case.ok(&["record", "key", "keys/buyer.pub", "--name", "Buyer", "--countersign", "keys/liquidator.key", "--present"]);
    case.ok(&["record", "agreement", "agreement.yaml", "--evidence", "signed.pdf"]);
    case.ok(&["record", "pipia_done", "--about", "src1/t1", "--evidence", "signed.pdf"]);
    case.ok(&["answer", "case.opinion_13_2=no"]);
    case.prepared();
    let applied = case.json(&["apply"]);
    assert!(applied["waiting"].as_array().unwrap().iter().any(|w| w["why"] == "notice"), "{applied:#}");
    assert_eq!(applied["handed"], serde_json::json!([]));
    // Told today: thirty days go by first.
    case.ok(&["record", "notice_sent", "--about", "src1/t1", "--evidence", "mail.txt"]);
    assert_eq!(case.fault(&["apply"]), "plan_moved");
    case.ok(&["plan"]);
    case.approve();
    let applied = case.json(&["apply"]);
    let waiting = applied["waiting"].as_array().unwrap().iter().find(|w| w["why"] == "not_before").unwrap();
    assert_eq!(waiting["until"], day(30), "{applied:#}");
}

#[test]
fn a_package_opens_for_its_recipient_alone_and_only_whole() {
    let case = shop();
    ready(&case);
    let file = package(&case.json(&["apply"]));
    case.ok(&["keygen", "keys/stranger", "--use", "recipient"]);
    assert_eq!(case.fault(&["receive", &file, "--key", "keys/stranger.key"]), "package_of_another");
    let mut bytes = std::fs::read(case.folder.join(&file)).unwrap();
    bytes.truncate(bytes.len() - 40);
    case.write("cut.custody", &bytes);
    assert_eq!(case.fault(&["receive", "cut.custody", "--key", "keys/buyer.key"]), "package_damaged");
    // The dossier says what was handed over and that nobody signed for it yet.
    let report = case.verified("now.zip");
    let handed = report["claims"].as_array().unwrap().iter().find(|c| c["id"].as_str().unwrap().starts_with("handed_over.")).unwrap();
    assert_eq!((handed["state"].as_str(), report["result"].as_u64()), (Some("not_shown"), Some(2)));
    assert_eq!(claim(&report, "documents")["state"], "proved");
    let found = std::process::Command::new("grep")
        .args(["-rqa", "leser00"])
        .arg(case.folder.join("case.custody"))
        .arg(case.folder.join(&file))
        .status();
    assert!(!found.unwrap().success(), "a value lies in the clear");
}

#[test]
fn what_a_crash_left_open_leaves_only_while_it_may() {
    let case = shop();
    ready(&case);
    // Ordered, and then the disk says no.
    case.write("packages", "in the way");
    assert_eq!(case.fault(&["apply"]), "file_unwritable");
    std::fs::remove_file(case.folder.join("packages")).unwrap();
    let public: Value = serde_json::from_slice(&std::fs::read(case.folder.join("keys/buyer.pub")).unwrap()).unwrap();
    case.ok(&["record", "revoke", public["key"]["kid"].as_str().unwrap(), "--reason", "stolen"]);
    let applied = case.run(&["--json", "apply"]);
    assert!(!String::from_utf8_lossy(&applied.stdout).contains("packages/"), "{}", String::from_utf8_lossy(&applied.stdout));
    let left = std::fs::read_dir(case.folder.join("packages")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "a package for a stolen key");
    assert_eq!(rows(&case, "SELECT count(*) FROM newsletter"), 12);
}

#[test]
fn an_agreement_that_was_ended_or_replaced_stays_so() {
    let case = shop();
    ready(&case);
    for later in [
        AGREEMENT.replace("FROM", &day(-5)).replace("TO", &day(-1)),
        AGREEMENT
            .replace("role: recipient", "role: processor")
            .replace("keep", "destroy")
            .replace("FROM", &day(-5))
            .replace("TO", &day(60)),
    ] {
        case.write("later.yaml", later);
        case.ok(&["record", "agreement", "later.yaml", "--evidence", "signed.pdf"]);
        case.ok(&["plan"]);
        case.approve();
        assert_eq!(case.json(&["apply"])["handed"], serde_json::json!([]));
    }
}

#[test]
fn who_was_told_of_one_data_set_was_not_told_of_another() {
    let case = shop();
    let db = rusqlite::Connection::open(case.folder.join("shop.db")).unwrap();
    db.execute_batch("CREATE TABLE second AS SELECT id + 100 AS id, 'zweit' || email AS email, region, agreed FROM newsletter").unwrap();
    drop(db);
    let file = std::fs::read_to_string(case.folder.join("case.yaml")).unwrap();
    let more = "  - {at: shop/second, class: marketing_list, purpose: news by mail, route: art23, groups: {contact: [email]}, not_personal: {region: a country, agreed: yes or no}, tells: {region: region, consent_23: agreed, under14: \"=no\"}}\nsafety_days";
    case.write("case.yaml", file.replace("safety_days", more));
    let both = AGREEMENT.replace("fields:", "fields:\n  - {holding: second, groups: [contact]}");
    case.write("agreement.yaml", both.replace("FROM", &day(-5)).replace("TO", &day(60)));
    ready(&case);
    let applied = case.json(&["apply"]);
    assert_eq!(applied["handed"][0]["rows"], 6, "{applied:#}");
    assert!(applied["waiting"].as_array().unwrap().iter().any(|w| w["why"] == "notice"), "{applied:#}");
}

#[test]
fn a_recipient_who_cannot_sign_any_more_does_not_keep_the_case_open_for_ever() {
    let case = shop();
    ready(&case);
    let file = package(&case.json(&["apply"]));
    let id = file.rsplit('/').next().unwrap().trim_end_matches(".custody").to_owned();
    case.write("settled.pdf", "received on paper");
    case.ok(&["record", "dispute_settled", "--about", &id, "--evidence", "settled.pdf"]);
    assert_eq!(case.fault(&["record", "dispute_settled", "--about", &id, "--evidence", "settled.pdf"]), "nothing_to_settle");
    case.ok(&["apply"]);
    assert_eq!(rows(&case, "SELECT count(*) FROM newsletter"), 0);
}
