//! What people say that no scan can see: acts, counsel's opinion, revoked keys, and a case file that was changed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Case, claim, day, head};

fn shop() -> Case {
    let case = shop_unprepared();
    case.prepared();
    case
}

fn shop_unprepared() -> Case {
    let case = Case::new();
    case.write("lists/members.csv", "姓名,手机号\r\n一,13800000001\r\n二,13800000002\r\n");
    case.write("lists/photo.jpg", [0xff, 0xd8]);
    let head = head(&day(-10), &day(100)).replace("parties:", "parties:\n  counsel: {name: Counsel, key: keys/counsel.pub}");
    case.write(
        "case.yaml",
        head + "sources: [{id: lists, kind: delimited, path: lists}]
datasets:
  - {at: \"lists/members.csv\", class: member_profile, groups: {contact: [姓名, 手机号]}, tells: {region: \"=cn\"}}
safety_days: 0
",
    );
    case
}

#[test]
fn what_was_not_read_keeps_the_case_open_until_counsel_accepts_it() {
    let case = shop();
    case.ok(&["apply"]);
    assert_eq!(case.fault(&["dossier", "--close", "-o", "end.zip"]), "places_unread");
    assert_eq!(case.fault(&["record", "accept-unread", "--until", &day(-1)]), "day_passed");
    case.ok(&["record", "accept-unread", "--until", &day(30)]);
    // What cannot be read since then is not what counsel accepted.
    case.write("lists/later.bin", b"\x00\x01\x02");
    case.ok(&["scan"]);
    assert_eq!(case.fault(&["dossier", "--close", "-o", "end.zip"]), "places_unread");
    case.ok(&["record", "accept-unread", "--until", &day(30)]);
    let made = case.json(&["dossier", "--close", "-o", "end.zip"]);
    let report = case.json(&["verify", "end.zip", "--policy-digest", made["policy_digest"].as_str().unwrap()]);
    assert_eq!((report["result"].as_u64(), claim(&report, "closed")["state"].as_str()), (Some(0), Some("proved")), "{report:#}");
}

#[test]
fn what_was_cleaned_before_something_was_erased_is_cleaned_once_more() {
    let case = shop_unprepared();
    case.ok(&["subjects"]);
    case.write("searched.png", "a picture");
    // A shadow copy made between the cleaning and the erasing holds what was erased.
    case.ok(&["record", "sync_folders_cleaned", "--about", "src1", "--evidence", "searched.png"]);
    case.prepared();
    let open = || case.run(&["status", "--tasks"]).status.code();
    assert_eq!(open(), Some(0));
    case.ok(&["apply"]);
    case.ok(&["record", "accept-unread", "--until", &day(30)]);
    assert_eq!(open(), Some(2));
    assert_eq!(case.fault(&["dossier", "--close", "-o", "end.zip"]), "tasks_open");
    case.ok(&["record", "sync_folders_cleaned", "--about", "src1", "--evidence", "searched.png"]);
    assert_eq!(open(), Some(0));
    case.ok(&["dossier", "--close", "-o", "end.zip"]);
}

#[test]
fn a_revoked_approver_approved_nothing() {
    let case = shop();
    let status = case.json(&["status"]);
    let approver = status["keys"].as_array().unwrap().iter().find(|k| k["use"] == "approver").unwrap()["kid"].as_str().unwrap().to_owned();
    case.ok(&["record", "revoke", &approver, "--reason", "left"]);
    assert_eq!(case.fault(&["apply"]), "not_approved");
    assert_eq!(case.json(&["status"])["approvals"], 1);
    assert!(std::fs::read_to_string(case.folder.join("lists/members.csv")).unwrap().contains("13800000001"));
}

#[test]
fn a_changed_case_file_is_signed_by_two_before_it_counts() {
    let case = shop();
    let yaml = std::fs::read_to_string(case.folder.join("case.yaml")).unwrap();
    case.write("case.yaml", yaml.clone() + "tolerance: {live_percent: 90}\n");
    assert_eq!(case.fault(&["apply"]), "case_moved");
    case.ok(&["record", "amend", "--key", "keys/liquidator.key"]);
    // Approvals given before end with the amendment.
    assert_eq!(case.fault(&["apply"]), "not_approved");
    assert_eq!(case.fault(&["record", "amend", "--key", "keys/liquidator.key"]), "nothing_moved");
    case.ok(&["plan"]);
    case.approve();
    case.ok(&["apply"]);
}

#[test]
fn only_acts_that_something_asks_for_are_recorded_and_nobody_is_named() {
    let case = shop();
    case.write("bulletin-77.png", "a picture");
    let record = |args: &[&str]| case.fault(&[&["record"], args].concat());
    assert_eq!(record(&["party"]), "no_such_act");
    assert_eq!(record(&["announcement", "--on", &day(-1)]), "evidence_demanded");
    assert_eq!(record(&["announcement", "--on", &day(3), "--evidence", "bulletin-77.png"]), "day_ahead");
    assert_eq!(record(&["announcement", "--evidence", "bulletin-77.png", "--about", "张三"]), "about_unknown");
    assert_eq!(record(&["announcement", "--evidence", "nothing.png"]), "evidence_missing");
    assert_eq!(record(&["sync_folders_cleaned", "--evidence", "bulletin-77.png"]), "about_demanded");
    assert_eq!(record(&["task_not_applicable", "--about", "src1"]), "about_task");
    case.ok(&["record", "announcement", "--on", &day(-1), "--about", "src1/f1", "--evidence", "bulletin-77.png", "--by", "王五"]);
    // Neither who did it nor what the file is called stands anywhere in the clear.
    for part in ["ledger.db", "documents", "vault"] {
        let found = std::process::Command::new("grep")
            .args(["-rqaE", "王五|bulletin-77"])
            .arg(case.folder.join("case.custody").join(part))
            .status();
        assert!(!found.unwrap().success(), "{part}");
    }
}

#[test]
fn approvals_end_and_say_so() {
    let case = Case::new();
    case.write("lists/members.csv", "姓名,手机号\r\n一,13800000001\r\n");
    case.write(
        "case.yaml",
        head("2026-05-01", "2027-05-01")
            + "simulated: true
sources: [{id: lists, kind: delimited, path: lists}]
datasets:
  - {at: \"lists/members.csv\", class: member_profile, groups: {contact: [姓名, 手机号]}, tells: {region: \"=cn\"}}
",
    );
    let at = |day: &str, args: &[&str]| case.ok(&[&["--as-of", day], args].concat());
    at("2026-05-10", &["subjects"]);
    for fact in ["holding.open_matter=no", "holding.statutory_copy=yes", "case.important_data=no"] {
        at("2026-05-10", &["answer", fact]);
    }
    at("2026-05-10", &["plan"]);
    at("2026-05-10", &["approve", "--key", "keys/liquidator.key", "--yes"]);
    at("2026-05-10", &["approve", "--key", "keys/data-lead.key", "--yes"]);
    at("2026-05-10", &["backup"]);
    assert_eq!(case.fault(&["--as-of", "2026-09-10", "apply"]), "approvals_expired");
    assert_eq!(case.fault(&["--as-of", "2026-05-09", "apply"]), "clock_back");
}

#[test]
fn nobody_approves_on_paper_whom_no_approver_let_in() {
    let case = Case::new();
    case.write("lists/members.csv", "姓名,手机号\r\n一,13800000001\r\n");
    let paper = head(&day(-10), &day(100))
        + "approval: {need: 2, kinds: [key, paper]}
sources: [{id: lists, kind: delimited, path: lists}]
datasets:
  - {at: \"lists/members.csv\", class: member_profile, groups: {contact: [姓名, 手机号]}, tells: {region: \"=cn\"}}
";
    case.write("case.yaml", &paper);
    case.ok(&["subjects"]);
    case.answer_tasks();
    case.drill();
    for fact in ["holding.open_matter=no", "holding.statutory_copy=yes", "case.important_data=no", "case.platform=no"] {
        case.ok(&["answer", fact]);
    }
    case.ok(&["plan"]);
    // The operator, alone with the case file, adds somebody.
    case.write("case.yaml", paper.replace("approvers: [", "approvers: [{name: Ghost}, "));
    assert_eq!(case.fault(&["plan"]), "case_moved");
    assert_eq!(case.fault(&["apply"]), "case_moved");
    assert_ne!(case.run(&["record", "amend", "--key", "keys/operator.key"]).status.code(), Some(0));
    case.ok(&["record", "amend", "--key", "keys/liquidator.key"]);
    case.ok(&["plan"]);
}

#[test]
fn who_refuses_takes_an_own_approval_back() {
    let case = shop();
    case.prepared();
    assert_eq!(case.json(&["status"])["approvals"], 2);
    case.ok(&["approve", "--key", "keys/liquidator.key", "--refuse", "--reason", "the list is wrong", "--yes"]);
    assert_eq!(case.json(&["status"])["approvals"], 1);
    assert_eq!(case.fault(&["apply"]), "not_approved");
}

#[test]
fn what_was_shredded_is_said_of_the_source_that_has_no_rows() {
    let case = Case::new();
    case.write("lists/members.csv", "姓名,手机号\r\n一,13800000001\r\n");
    case.write("list.jpg", [0xff, 0xd8]);
    let sources =
        "sources:\n  - {id: lists, kind: delimited, path: lists}\n  - {id: cabinet, kind: paper, reach: by_hand, path: second floor}\n";
    case.write("case.yaml", head(&day(-10), &day(100)) + sources);
    case.ok(&["scan"]);
    case.ok(&["record", "paper_shredded", "--about", "src2", "--evidence", "list.jpg", "--by", "王五"]);
    assert_eq!(case.fault(&["record", "paper_shredded", "--about", "src1", "--evidence", "list.jpg"]), "about_demanded");
    let listed = case.json(&["status", "--tasks"]);
    let cabinet = listed["tasks"].as_array().unwrap().iter().filter(|t| t["source"] == "src2").count();
    assert!(cabinet > 0, "{listed:#}");
    assert_eq!(case.fault(&["record", "task_not_applicable", "--about", "src1", "--about", "t-sync_folders_cleaned"]), "note_demanded");
    assert_eq!(case.fault(&["record", "backup_waiver", "--about", "src2"]), "no_such_act");
}
