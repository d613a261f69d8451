//! Errands: an export is asked for, comes back, and is compared before anything of it is read; what was erased is asked for again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;
#[path = "common/company.rs"]
mod company;

use common::{Case, claim, day, head};
use serde_json::{Value, json};

const MEMBERS: &str =
    "no,mobile,email\r\n1,13800000001,kunde01@example.org\r\n2,13800000002,kunde02@example.org\r\n3,13800000003,kunde03@example.org\r\n";

fn shop() -> Case {
    let case = Case::new();
    case.write(
        "case.yaml",
        head(&day(-10), &day(100))
            + "sources: [{id: crm, kind: delimited, path: crm/data, reach: pack}]
datasets:
  - {at: crm/会员.csv, class: member_profile, groups: {contact: [mobile, email]}, not_personal: {no: a number}, key: no, tells: {region: \"=cn\"}}
safety_days: 0
",
    );
    case
}

/// Asks for an export and answers it with these rows and counts.
fn answered(case: &Case, folder: &str, 会员: &str, counts: &str) {
    case.ok(&["pack", "request", "crm", "--to", folder]);
    case.write(&format!("{folder}/data/会员.csv"), 会员);
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
    for (folder, 会员, counts, what) in [
        ("a", MEMBERS, "会员,4,\r\n", "4 rows reported, 3 are there"),
        ("b", MEMBERS, "会员,3,\r\n会员,9,\r\n", "reported twice"),
        ("c", "no,mobile\r\n1,13800000001\r\n", "会员,1,\r\n", "lacks the column email"),
        ("d", MEMBERS, "会员,3,\r\nothers,1,\r\n", "its file is not there"),
        ("e", MEMBERS, "会员,3,00ff\r\n", "SHA-256"),
        ("f", MEMBERS, "会员,many,\r\n", "no count was reported"),
    ] {
        answered(&case, folder, 会员, counts);
        let found = finding(&case, folder);
        assert!(found.contains(what), "{folder}: {found}");
        // All lies where it lay, and the source is not read.
        assert!(case.folder.join(folder).join("data/会员.csv").exists() && !case.folder.join("crm/data").exists());
    }
    let scan = case.json(&["scan"]);
    assert!(scan.to_string().contains("pack_not_imported"), "{scan:#}");
    // What lies there and came with no export is nobody's to remove; a link is no file that came.
    answered(&case, "f2", MEMBERS, "会员,3,\r\n");
    case.write("crm/data/contract.txt", "not an export");
    assert_eq!(case.fault(&["pack", "import", "crm", "f2"]), "export_in_the_way");
    assert!(case.folder.join("crm/data/contract.txt").exists() && case.folder.join("f2/data/会员.csv").exists());
    std::fs::remove_dir_all(case.folder.join("crm/data")).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/etc/hostname", case.folder.join("f2/data/more.csv")).unwrap();
        assert_eq!(case.fault(&["pack", "import", "crm", "f2"]), "pack_link");
    }
    // As a spreadsheet program in China saves it: GBK, quoted; and with the digest.
    let digest: String = ledger::sha256(&[MEMBERS.as_bytes()]).iter().map(|b| format!("{b:02x}")).collect();
    answered(&case, "g", MEMBERS, "");
    case.write(
        "g/counts.csv",
        [&b"\xb1\xed,\xd0\xd0,sha256\r\n\"\xbb\xe1\xd4\xb1\",\"3\","[..], digest.to_uppercase().as_bytes(), b"\r\n"].concat(),
    );
    let errand = std::fs::read_to_string(case.folder.join("g/errand.json")).unwrap();
    case.write("g/errand.json", errand.replace("会员", "員会"));
    assert_eq!(case.fault(&["pack", "import", "crm", "g"]), "errand_of_another");
    case.write("g/errand.json", errand);
    case.ok(&["pack", "import", "crm", "g"]);
    assert!(case.folder.join("crm/data/会员.csv").exists() && !case.folder.join("g/data").exists());
    // Taken once; and what moves after that is not what was compared.
    case.write("g/data/会员.csv", MEMBERS);
    assert_eq!(case.fault(&["pack", "import", "crm", "g"]), "errand_used");
    case.write("crm/data/会员.csv", MEMBERS.replace("13800000003", "13800000009"));
    let scan = case.json(&["scan"]);
    assert!(scan.to_string().contains("pack_moved"), "{scan:#}");
}

#[test]
fn a_second_export_that_still_has_what_was_to_go_keeps_the_case_open() {
    let case = shop();
    answered(&case, "first", MEMBERS, "会员,3,\r\n");
    case.ok(&["pack", "import", "crm", "first"]);
    // Asked for before anything was ordered: it says nothing of what comes after.
    answered(&case, "early", "no,mobile,email\r\n", "会员,0,\r\n");
    case.prepared();
    let source = &case.json(&["status"])["sources"][0];
    assert_eq!((&source["id"], &source["reach"], &source["level_at_most"]), (&json!("crm"), &json!("pack"), &json!("L2")));
    let applied = case.json(&["apply"]);
    assert_eq!(applied["waiting"][0]["why"], "by_hand", "{applied:#}");
    assert_eq!(case.json(&["status"])["next"], "custody pack erase crm");
    assert_eq!(case.fault(&["pack", "import", "crm", "early"]), "errand_before_order");
    // Who works in a console gets a list, not a script.
    case.ok(&["pack", "erase", "crm", "--platform", "youzan", "--to", "list"]);
    let list = std::fs::read_to_string(case.folder.join("list/rows.csv")).unwrap();
    let rows: Vec<&str> = list.lines().skip(1).collect();
    assert!(rows.len() == 3 && rows.iter().all(|r| r.starts_with("会员,no,") && r.ends_with("整条 whole")), "{list}");
    assert!(!case.folder.join("list/erase.sql").exists());
    // One of three is still there.
    let rest: String = MEMBERS.split_inclusive("\r\n").take(2).collect();
    answered(&case, "second", &rest, "会员,1,\r\n");
    case.ok(&["pack", "import", "crm", "second"]);
    assert_eq!(case.json(&["status"])["next"], "custody apply");
    let applied = case.json(&["apply"]);
    assert_eq!(applied["remaining"][0]["rows"], 1, "{applied:#}");
    let ledger =
        ["ledger.db", "ledger.db-wal"].map(|f| std::fs::read(case.folder.join("case.custody").join(f)).unwrap_or_default()).concat();
    let finding_of_it = br#""kind":"erased_rows_remain","rows":1"#;
    assert!(ledger.windows(finding_of_it.len()).any(|w| w == finding_of_it), "the row that is still there is no finding");
    assert_eq!(case.fault(&["dossier", "--close", "-o", "end.zip"]), "orders_open");
    answered(&case, "third", "no,mobile,email\r\n", "会员,0,\r\n");
    case.ok(&["pack", "import", "crm", "third"]);
    let seen = case.json(&["apply"]);
    assert_eq!(seen["done"].as_array().map(Vec::len), Some(1), "{seen:#}");
    case.ok(&["apply"]);
    // Whatever comes back later and does not fit is a finding, and no case closes over it.
    answered(&case, "odd", "no,mobile,email\r\n", "会员,7,\r\n");
    assert!(finding(&case, "odd").contains("7 rows reported, 0 are there"));
    assert_eq!(case.fault(&["dossier", "--close", "-o", "end.zip"]), "export_refused_last");
    answered(&case, "fourth", "no,mobile,email\r\n", "会员,0,\r\n");
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
    assert_eq!(case.fault(&["pack", "import", "erp", "errand"]), "source_no_pack");
    let result = case.run(&["--json", "pack", "result", "erp", "output.txt"]);
    let said: Value = serde_json::from_slice(&result.stdout).unwrap();
    let told: Vec<(u64, u64)> =
        said["batches"].as_array().unwrap().iter().map(|b| (b["asked"].as_u64().unwrap(), b["told"].as_u64().unwrap())).collect();
    assert_eq!(told, [(2, 0), (2, 2)], "{said:#}");
    case.run(&["apply"]);
    assert_eq!(case.fault(&["dossier", "--close", "-o", "end.zip"]), "orders_open");
}

#[test]
fn an_import_that_is_killed_loses_nothing_and_goes_on() {
    let case = shop();
    let mut took = std::time::Duration::ZERO;
    for round in 0..24u32 {
        let folder = format!("answer-{round}");
        let members = MEMBERS.replace("13800000003", &format!("138000001{round:02}"));
        answered(&case, &folder, &members, "会员,3,\r\n");
        if round == 0 {
            let began = std::time::Instant::now();
            case.ok(&["pack", "import", "crm", &folder]);
            took = began.elapsed();
            continue;
        }
        let mut child = case.command(&["pack", "import", "crm", &folder]).stdout(std::process::Stdio::null()).spawn().unwrap();
        // The files move near the end: after the passphrase was tried and the ledger was read.
        std::thread::sleep(took * (60 + 2 * round) / 100);
        let _ = child.kill();
        child.wait().unwrap();
        let again = case.run(&["--json", "pack", "import", "crm", &folder]);
        let said = String::from_utf8_lossy(&again.stdout).into_owned();
        assert!(again.status.success() || said.contains("errand_used"), "round {round}: {said}");
        let now = std::fs::read_to_string(case.folder.join("crm/data/会员.csv")).unwrap();
        assert_eq!(now, members, "round {round}");
        assert!(!case.folder.join(&folder).join("data").exists());
        assert!(!case.json(&["scan"]).to_string().contains("pack_"), "round {round}: what was taken cannot be read");
    }
}

#[test]
fn what_a_dead_import_left_is_brought_to_one_end() {
    let case = shop();
    let at = |name: &str| case.folder.join(name);
    answered(&case, "first", MEMBERS, "会员,3,\r\n");
    case.ok(&["pack", "import", "crm", "first"]);
    // Nobody's folder of that name is in the way, and stays.
    case.write("crm/data.before/会员.csv", "mine");
    answered(&case, "refused", MEMBERS, "会员,3,\r\n");
    assert_eq!(case.fault(&["pack", "import", "crm", "refused"]), "export_in_the_way");
    std::fs::remove_dir_all(at("crm/data.before")).unwrap();
    case.ok(&["pack", "import", "crm", "refused"]);
    // It died after the entry: the one before still stands aside.
    case.write("crm/data.before/会员.csv", "no,mobile,email\r\n");
    answered(&case, "second", MEMBERS, "会员,3,\r\n");
    case.ok(&["pack", "import", "crm", "second"]);
    assert!(!at("crm/data.before").exists());
    // It died when the old one stood aside and the new one had not come.
    std::fs::rename(at("crm/data"), at("crm/data.before")).unwrap();
    answered(&case, "third", MEMBERS, "会员,3,\r\n");
    case.ok(&["pack", "import", "crm", "third"]);
    assert!(at("crm/data/会员.csv").exists() && !at("crm/data.before").exists());
    // What stands aside and was never taken is not touched, and no stale export is put in the place of the one that counts.
    std::fs::rename(at("crm/data"), at("kept")).unwrap();
    case.write("crm/data.before/会员.csv", "no,mobile,email\r\n");
    answered(&case, "fourth", MEMBERS, "会员,3,\r\n");
    assert_eq!(case.fault(&["pack", "import", "crm", "fourth"]), "export_in_the_way");
    assert!(at("crm/data.before/会员.csv").exists() && at("fourth/data/会员.csv").exists() && !at("crm/data").exists());
}

#[test]
fn what_is_under_a_hold_is_replaced_by_no_export() {
    let case = shop();
    answered(&case, "first", MEMBERS, "会员,3,\r\n");
    case.ok(&["pack", "import", "crm", "first"]);
    case.prepared();
    let yaml = std::fs::read_to_string(case.folder.join("case.yaml")).unwrap();
    case.write("case.yaml", yaml + "holds: [{id: suit1, datasets: [\"crm/会员.csv\"]}]\n");
    case.run(&["plan"]);
    answered(&case, "second", "no,mobile,email\r\n", "会员,0,\r\n");
    assert_eq!(case.fault(&["pack", "import", "crm", "second"]), "source_held");
    assert_eq!(std::fs::read_to_string(case.folder.join("crm/data/会员.csv")).unwrap(), MEMBERS);
}
