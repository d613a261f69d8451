//! Errands: an export is asked for, comes back, and is compared before anything of it is read; what was erased is asked for again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;
#[path = "common/company.rs"]
mod company;

use common::{Case, claim, day, head};
use serde_json::Value;

const MEMBERS: &str =
    "no,mobile,email\r\n1,13800000001,kunde01@example.org\r\n2,13800000002,kunde02@example.org\r\n3,13800000003,kunde03@example.org\r\n";

fn shop() -> Case {
    let case = Case::new();
    case.write(
        "case.yaml",
        head(&day(-10), &day(100))
            + "sources: [{id: crm, kind: delimited, path: crm/data, reach: pack}]
datasets:
  - {at: crm/members.csv, class: member_profile, groups: {contact: [mobile, email]}, not_personal: {no: a number}, key: no, tells: {region: \"=cn\"}}
safety_days: 0
",
    );
    case
}

/// Asks for an export and answers it with these rows and counts.
fn answered(case: &Case, folder: &str, members: &str, counts: &str) {
    case.ok(&["pack", "request", "crm", "--to", folder]);
    case.write(&format!("{folder}/data/members.csv"), members);
    case.write(&format!("{folder}/counts.csv"), format!("table,rows,sha256\r\n{counts}"));
}

/// Imports and expects that it is refused with a finding; gives the findings.
fn finding(case: &Case, folder: &str) -> String {
    let out = case.run(&["--json", "pack", "import", "crm", folder]);
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert_eq!(out.status.code(), Some(1), "{text}");
    let said: Value = serde_json::from_str(&text).unwrap();
    said["findings"].to_string()
}

#[test]
fn what_came_back_is_read_only_once_it_is_what_was_asked_and_counted() {
    let case = shop();
    for (folder, members, counts, what) in [
        ("a", MEMBERS, "members,4,\r\n", "4 rows reported, 3 are there"),
        ("b", MEMBERS, "members,3,\r\nmembers,9,\r\n", "reported twice"),
        ("c", "no,mobile\r\n1,13800000001\r\n", "members,1,\r\n", "lacks the column email"),
        ("d", MEMBERS, "members,3,\r\nothers,1,\r\n", "its file is not there"),
        ("e", MEMBERS, "members,3,00ff\r\n", "SHA-256"),
        ("f", MEMBERS, "members,many,\r\n", "no count was reported"),
    ] {
        answered(&case, folder, members, counts);
        let found = finding(&case, folder);
        assert!(found.contains(what), "{folder}: {found}");
        // All lies where it lay, and the source is not read.
        assert!(case.folder.join(folder).join("data/members.csv").exists() && !case.folder.join("crm/data").exists());
    }
    let scan = case.json(&["scan"]);
    assert!(scan.to_string().contains("pack_not_imported"), "{scan:#}");
    answered(&case, "g", MEMBERS, "members,3,\r\n");
    let errand = std::fs::read_to_string(case.folder.join("g/errand.json")).unwrap();
    case.write("g/errand.json", errand.replace("members", "others1"));
    assert_eq!(case.fault(&["pack", "import", "crm", "g"]), "errand_of_another");
    case.write("g/errand.json", errand);
    case.ok(&["pack", "import", "crm", "g"]);
    assert!(case.folder.join("crm/data/members.csv").exists() && !case.folder.join("g/data").exists());
    // Taken once; and what moves after that is not what was compared.
    case.write("g/data/members.csv", MEMBERS);
    assert_eq!(case.fault(&["pack", "import", "crm", "g"]), "errand_used");
    case.write("crm/data/members.csv", MEMBERS.replace("13800000003", "13800000009"));
    let scan = case.json(&["scan"]);
    assert!(scan.to_string().contains("pack_moved"), "{scan:#}");
}

#[test]
fn a_second_export_that_still_has_what_was_to_go_keeps_the_case_open() {
    let case = shop();
    answered(&case, "first", MEMBERS, "members,3,\r\n");
    case.ok(&["pack", "import", "crm", "first"]);
    // Asked for before anything was ordered: it says nothing of what comes after.
    answered(&case, "early", "no,mobile,email\r\n", "members,0,\r\n");
    case.prepared();
    let applied = case.json(&["apply"]);
    assert_eq!(applied["waiting"][0]["why"], "by_hand", "{applied:#}");
    assert_eq!(case.fault(&["pack", "import", "crm", "early"]), "errand_before_order");
    // One of three is still there.
    let rest: String = MEMBERS.split_inclusive("\r\n").take(2).collect();
    answered(&case, "second", &rest, "members,1,\r\n");
    case.ok(&["pack", "import", "crm", "second"]);
    case.run(&["--json", "apply"]);
    assert_eq!(case.fault(&["dossier", "--close", "-o", "end.zip"]), "orders_open");
    answered(&case, "third", "no,mobile,email\r\n", "members,0,\r\n");
    case.ok(&["pack", "import", "crm", "third"]);
    for _ in 0..3 {
        case.run(&["apply"]);
    }
    // Whatever comes back later and does not fit is a finding, and no case closes over it.
    answered(&case, "odd", "no,mobile,email\r\n", "members,7,\r\n");
    assert!(finding(&case, "odd").contains("7 rows reported, 0 are there"));
    assert_eq!(case.fault(&["dossier", "--close", "-o", "end.zip"]), "export_refused_last");
    answered(&case, "fourth", "no,mobile,email\r\n", "members,0,\r\n");
    case.ok(&["pack", "import", "crm", "fourth"]);
    let made = case.json(&["dossier", "--close", "-o", "end.zip"]);
    let report = case.json(&["verify", "end.zip", "--policy-digest", made["policy_digest"].as_str().unwrap()]);
    assert_eq!((report["result"].as_u64(), claim(&report, "closed")["state"].as_str()), (Some(0), Some("proved")), "{report:#}");
    let levels: Vec<&Value> = report["claims"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| c["id"].as_str().unwrap().starts_with("destroyed"))
        .map(|c| &c["level"])
        .collect();
    assert!(
        !levels.is_empty() && levels.iter().all(|l| *l == "L2"),
        "an export that others make shows no more than a fresh full look: {levels:?}"
    );
}

#[test]
fn a_script_touches_nothing_of_a_batch_whose_keys_point_to_other_rows_by_now() {
    let case = Case::new();
    let db = || rusqlite::Connection::open(case.folder.join("erp.db")).unwrap();
    db().execute_batch("CREATE TABLE clients (no TEXT, mobile TEXT); INSERT INTO clients VALUES ('a', '13800000001'), ('b', '13800000002'), ('c', '13800000003'), ('d', '13800000004')").unwrap();
    case.write(
        "case.yaml",
        head(&day(-10), &day(100))
            + "sources: [{id: erp, kind: sqlite, path: erp.db, reach: script}]
datasets:
  - {at: erp/clients, class: member_profile, groups: {contact: [mobile]}, not_personal: {no: a number}, key: no, tells: {region: \"=cn\"}}
safety_days: 0
",
    );
    case.prepared();
    case.json(&["apply"]);
    case.ok(&["pack", "erase", "erp", "--dialect", "sqlite", "--batch", "2", "--to", "errand"]);
    // Somebody takes on a new client under a number that the script has.
    db().execute_batch("INSERT INTO clients VALUES ('a', '13900000009')").unwrap();
    case.write("output.txt", company::run_script(&case, "errand/erase.sql"));
    let left: i64 = db().query_row("SELECT count(*) FROM clients WHERE mobile IS NOT NULL", [], |r| r.get(0)).unwrap();
    assert_eq!(left, 3, "the batch with the number that two rows have is untouched, the other one is done");
    let result = case.run(&["--json", "pack", "result", "erp", "output.txt"]);
    let said: Value = serde_json::from_slice(&result.stdout).unwrap();
    let told: Vec<(u64, u64)> =
        said["batches"].as_array().unwrap().iter().map(|b| (b["asked"].as_u64().unwrap(), b["told"].as_u64().unwrap())).collect();
    assert_eq!(told, [(2, 0), (2, 2)], "{said:#}");
    case.run(&["apply"]);
    assert_eq!(case.fault(&["dossier", "--close", "-o", "end.zip"]), "orders_open");
}
