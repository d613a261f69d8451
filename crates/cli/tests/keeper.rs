//! Root key shares: two of three bring a case back on a clean machine under a new passphrase; one tells nothing, a wrong word is named.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::path::Path;

use common::{Case, day, head};

fn shop() -> Case {
    let case = Case::new();
    let list: String = (0..40).map(|i| format!("客户{i},138{:08}\r\n", 31 * i + 7)).collect();
    case.write("lists/members.csv", format!("姓名,手机号\r\n{list}"));
    case.write(
        "case.yaml",
        head(&day(-10), &day(100))
            + "sources: [{id: lists, kind: delimited, path: lists}]
datasets:
  - {at: \"lists/members.csv\", class: member_profile, groups: {contact: [姓名, 手机号]}, tells: {region: \"=cn\"}}
vault: {share_holders: [Data lead, Liquidation lead, Keeper]}
safety_days: 0
",
    );
    case
}

fn copied(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let at = to.join(path.file_name().unwrap());
        if path.is_dir() {
            std::fs::create_dir_all(&at).unwrap();
            copied(&path, &at);
        } else {
            std::fs::copy(&path, &at).unwrap();
        }
    }
}

#[test]
fn two_shares_bring_the_case_back_on_a_clean_machine() {
    let case = shop();
    case.prepared();
    // Another machine: workspace, epoch key and public files; neither the operator's key nor the passphrase.
    let other = Case::new();
    std::fs::remove_dir_all(other.folder.join("keys")).unwrap();
    copied(&case.folder, &other.folder);
    for gone in ["keys/operator.key", "share-1.txt", "share-3.txt"] {
        std::fs::remove_file(other.folder.join(gone)).unwrap();
    }
    std::fs::remove_dir_all(other.folder.join("shares")).unwrap();
    let recover = |first: &str, second: &str| {
        other.write("a.txt", first);
        other.write("b.txt", second);
        let mut command = other.command(&["--json", "keeper", "recover", "--share", "a.txt", "--share", "b.txt"]);
        let out = command.env("CUSTODY_PASSPHRASE", "another passphrase").output().unwrap();
        (out.status.code().unwrap(), String::from_utf8_lossy(&out.stdout).into_owned())
    };
    let (one, two, three) = (case.words(1), case.words(2), case.words(3));
    assert!(recover(&one, &one).1.contains("shares_do_not_fit"));
    let mut words: Vec<&str> = one.split(' ').collect();
    words[6] = two.split(' ').find(|w| *w != words[6]).unwrap();
    let wrong = words.join(" ");
    let (_, said) = recover(&wrong, &two);
    assert!(said.contains("share_words") && said.contains("7: "), "{said}");
    // Good shares, but the case file names another operator: nothing changes, the old passphrase opens as before.
    other.ok(&["keygen", "keys/somebody"]);
    let file = std::fs::read_to_string(other.folder.join("case.yaml")).unwrap();
    other.write("case.yaml", file.replace("keys/operator.pub", "keys/somebody.pub"));
    assert!(recover(&two, &three).1.contains("shares_of_another_operator"));
    other.write("case.yaml", file);
    std::fs::copy(case.folder.join("keys/operator.key"), other.folder.join("keys/operator.key")).unwrap();
    other.ok(&["backup"]);
    let (code, said) = recover(&two, &three);
    assert_eq!(code, 0, "{said}");
    // The old passphrase opens nothing there, the new one goes on: backup, and the archive comes back.
    assert_eq!(other.fault(&["backup"]), "wrong_passphrase");
    for args in [&["backup"][..], &["restore", "--to", "restored"]] {
        let out = other.command(args).env("CUSTODY_PASSPHRASE", "another passphrase").output().unwrap();
        assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    }
    assert!(other.folder.join("restored/restored.db").exists());
    let out = other.command(&["apply"]).env("CUSTODY_PASSPHRASE", "another passphrase").output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn nothing_is_erased_before_two_shares_were_tried_and_a_new_split_wants_a_new_drill() {
    let case = shop();
    case.prepared();
    let old = case.words(1);
    case.ok(&["keeper", "split"]);
    assert_eq!(case.fault(&["apply"]), "drill_missing");
    case.write("old.txt", old);
    case.write("new.txt", case.words(2));
    assert_eq!(case.fault(&["keeper", "drill", "--share", "old.txt", "--share", "new.txt"]), "shares_do_not_fit");
    assert_eq!(case.fault(&["keeper", "drill", "--share", "new.txt"]), "two_shares");
    case.write("sheet.html", "<!DOCTYPE html><title>share</title>");
    assert_eq!(case.fault(&["keeper", "drill", "--share", "sheet.html", "--share", "new.txt"]), "share_is_sheet");
    case.drill();
    case.ok(&["apply"]);
}
