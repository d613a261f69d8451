//! A folder of files of any kind: everything in it is read or named, and what goes is gone from files, archives and mails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::collections::BTreeSet;

use common::{Case, copy, day, head, root, sheet_row, workbook};
use serde_json::Value;

fn case_over(files: &[&str]) -> Case {
    case_with(files, "  - {at: \"share/*\", class: marketing_list}\n")
}

fn case_with(files: &[&str], others: &str) -> Case {
    let case = Case::new();
    for file in files {
        let to = case.folder.join("data").join(file);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        copy(&root().join("cases/files").join(file), &to);
    }
    case.write(
        "case.yaml",
        format!(
            "{}sources:
  - {{id: share, kind: files, path: data}}
datasets:
  - {{at: share/documents, class: marketing_list, groups: {{contact: [path, text]}}}}
{others}vault: {{holder: keys/epoch-key}}
",
            head(&day(-90), &day(60))
        ),
    );
    case
}

#[test]
fn everything_in_the_folder_is_read_or_named() {
    let all: Value = serde_json::from_slice(&std::fs::read(root().join("cases/files/expected.json")).unwrap()).unwrap();
    let nodes: Vec<&Value> = all["files"].as_array().unwrap().iter().filter(|f| f["made"] != "on_demand").collect();
    let paths: Vec<&str> = nodes.iter().map(|f| f["path"].as_str().unwrap()).collect();
    let case = case_over(&paths);
    let inventory = case.json(&["scan"])["inventory"].clone();
    let documents = inventory["datasets"].as_array().unwrap().iter().find(|d| d["name"] == "documents").unwrap();
    assert!(documents["rows"].as_u64().unwrap() > 50, "{documents:#}");
    let reasons: BTreeSet<&str> = inventory["unread"].as_array().unwrap().iter().map(|u| u["reason"].as_str().unwrap()).collect();
    for reason in [
        "password_protected",
        "no_text",
        "too_deep",
        "unknown_kind",
        "link",
        "path_traversal",
        "damaged",
        "duplicate_member",
        "size_forged",
    ] {
        assert!(reasons.contains(reason), "{reason} is not in {reasons:?}");
    }
    // What was read, in part or not at all is all that the folder holds.
    let seen = &inventory["sources"][0]["files"];
    let sum = |of: &str| ["read", "partly", "unread"].iter().map(|how| seen[how][of].as_u64().unwrap()).sum::<u64>();
    let held = held(&case.folder.join("data"));
    assert_eq!((sum("files"), sum("bytes")), held, "{seen:#}");
    assert!(["read", "partly", "unread"].iter().all(|how| seen[how]["files"].as_u64().unwrap() > 0), "{seen:#}");
    // Places stand for names: no file or member is called by its own.
    let text = inventory.to_string();
    for name in ["letter.docx", "evil.csv", "周砚秋", "members.xlsx"] {
        assert!(!text.contains(name), "{name}");
    }
}

/// Files and bytes below a folder.
fn held(folder: &std::path::Path) -> (u64, u64) {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let one = entries.map(|entry| match entry.file_type().unwrap() {
        kind if kind.is_dir() => held(&entry.path()),
        kind if kind.is_file() => (1, entry.metadata().unwrap().len()),
        _ => (1, 0),
    });
    one.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

/// A list whose rows go, beside other files; what applying says.
fn beside(files: &[(&str, Vec<u8>)]) -> (Case, Value) {
    let case = Case::new();
    let rows = |n: usize| format!("Member {n},1390000{n:04},member.{n}@example.com\n");
    case.write("data/members.csv", format!("name,mobile,email\n{}", (0..50).map(rows).collect::<String>()));
    files.iter().for_each(|(name, bytes)| case.write(&format!("data/{name}"), bytes));
    case.write(
        "case.yaml",
        format!(
            "{}sources:\n  - {{id: share, kind: files, path: data}}\ndatasets:\n  - {{at: share/members.csv, class: marketing_list}}\n  - {{at: \
             \"share/*\", class: none, why: nobody}}\nvault: {{holder: keys/epoch-key}}\n",
            head(&day(-90), &day(60))
        ),
    );
    case.ok(&["subjects"]);
    case.prepared();
    let said = String::from_utf8(case.run(&["--json", "apply"]).stdout).unwrap();
    let said = serde_json::from_str(&said).unwrap();
    (case, said)
}

#[test]
fn a_copy_in_any_other_file_is_found() {
    let zip = |inner: &str, bytes: &[u8]| {
        let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        out.start_file(inner, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut out, bytes).unwrap();
        out.finish().unwrap().into_inner()
    };
    let utf16 = |text: &str| [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect::<Vec<u8>>();
    let mail = "From: a@example.org\nTo: b@example.org\nSubject: x\nContent-Transfer-Encoding: quoted-printable\n\ncall 139000=\n00006\n";
    // Each has the number of another member.
    let copies = [
        ("note.txt", b"call 13900000001 tomorrow".to_vec()),
        ("note16.txt", utf16("call 13900000002 tomorrow")),
        ("list16.csv", utf16("a\tb\n1\t13900000003\n")),
        ("page.html", b"<html><body><p>call &#49;3900000004</p></body></html>".to_vec()),
        ("nested.zip", zip("inner.zip", &zip("note.txt", b"call 13900000005 tomorrow"))),
        ("letter.eml", mail.as_bytes().to_vec()),
        ("own.json", b"[{\"n\": \"13900000007\"}]".to_vec()),
        ("shout.txt", b"write to MEMBER.8@EXAMPLE.COM".to_vec()),
        ("wide.txt", "\u{ff11}\u{ff13}\u{ff19}\u{ff10}\u{ff10}\u{ff10}\u{ff10}\u{ff10}\u{ff10}\u{ff10}\u{ff19}".as_bytes().to_vec()),
        ("soft.html", b"<p>139&shy;00000&#8203;010</p>".to_vec()),
        ("percent.csv", b"id,mail\n1,member.12%40example.com\n".to_vec()),
        ("slash.csv", b"id,mail\n1,member.13\\u0040example.com\n".to_vec()),
        ("quoted.csv", b"id,mail\n1,member.14=40example.com\n".to_vec()),
        ("entity.csv", b"id,mail\n1,member.15&#64;example.com\n".to_vec()),
        ("grouped.csv", b"id,call\n1,139-0000-0016\n".to_vec()),
        ("grouped.txt", b"call +86 139 0000 0017 tomorrow".to_vec()),
        ("card.vcf", b"BEGIN:VCARD\r\nVERSION:3.0\r\nNOTE:his number is 1390000\r\n 0011\r\nEND:VCARD\r\n".to_vec()),
    ];
    let (case, said) = beside(&copies);
    assert_eq!(
        (&said["error"]["code"], &said["error"]["args"]["values"]),
        (&"values_remain".into(), &copies.len().to_string().into()),
        "{said:#}"
    );
    // It says in which files, by their places; `places` says which those are.
    let structures = said["error"]["args"]["structures"].as_str().unwrap();
    let named = |place: &str| case.json(&["places", place])["places"][0]["name"].as_str().unwrap().to_owned();
    let found: BTreeSet<String> = structures.split(", ").map(named).collect();
    assert_eq!(found, copies.iter().map(|(name, _)| (*name).to_owned()).collect());
}

/// Two workbooks are alike in what their program writes into each: nobody's, wherever it stands.
#[test]
fn a_workbook_in_an_archive_goes_beside_one_that_stays() {
    let case = case_with(&[], "  - {at: \"share/*\", class: none, why: goods}\n");
    let folder = case.folder.join("data");
    std::fs::create_dir_all(&folder).unwrap();
    let rows = |word: &str| sheet_row(1, &["what"]) + &sheet_row(2, &[word]);
    workbook(&folder.join("goods.xlsx"), "S", "visible", &rows("Lantern 100-200-300"));
    workbook(&case.folder.join("people.xlsx"), "S", "visible", &rows("13900000042"));
    let mut pack = zip::ZipWriter::new(std::fs::File::create(folder.join("pack.zip")).unwrap());
    pack.start_file("people.xlsx", zip::write::SimpleFileOptions::default()).unwrap();
    std::io::copy(&mut std::fs::File::open(case.folder.join("people.xlsx")).unwrap(), &mut pack).unwrap();
    pack.finish().unwrap();
    case.ok(&["scan"]);
    case.prepared();
    let done = case.json(&["apply"]);
    let rows: Vec<&Value> = done["done"].as_array().unwrap().iter().map(|d| &d["rows_done"]).collect();
    assert!(!rows.is_empty() && rows.iter().all(|n| **n != 0), "{done:#}");
    let left = zip::ZipArchive::new(std::fs::File::open(folder.join("pack.zip")).unwrap()).unwrap();
    assert_eq!(left.len(), 0);
    case.ok(&["recheck"]);
}

#[test]
fn files_without_a_copy_keep_nobody_from_l3() {
    let files = [("page.html", b"<p>nothing</p>".to_vec()), ("old.xls", std::fs::read(root().join("cases/files/good/old.xls")).unwrap())];
    let (_, said) = beside(&files);
    assert_eq!(said["done"][0]["level"], "L3", "{said:#}");
}

#[test]
fn what_goes_is_gone_from_files_and_from_inside_of_archives() {
    let files = [
        "good/letter.docx",
        "good/note_utf16le.txt",
        "good/bundle.tar",
        "good/nested.zip",
        // A workbook in an archive, beside another workbook: both have parts of the same names.
        "good/unicode-name.zip",
        "good/data.gz",
        "good/box.mbox",
        "good/members.csv",
        "good/members.xlsx",
        "good/people.json",
        "good/events.jsonl",
    ];
    let case = case_over(&files);
    case.ok(&["scan"]);
    case.prepared();
    let done = case.json(&["apply"]);
    let (mut kept, mut short) = (Vec::new(), BTreeSet::new());
    for seen in case.receipts() {
        kept.extend(seen["kept"].as_object().unwrap().keys().cloned());
        short.extend(seen["short_of_l3"].as_array().unwrap().iter().map(|why| why.as_str().unwrap().to_owned()));
    }
    assert_eq!((kept, &done["remaining"]), (Vec::<String>::new(), &serde_json::json!([])), "{done:#}");
    // What was computed or cut into runs, objects and short values in JSON: L2 by name. Documents and their paths are not among them.
    let named = ["few_looked_for #1", "few_looked_for #3", "few_looked_for #6", "unseen src1/f3 #1", "unseen src1/f3 #4"];
    let computed = ["unseen src1/f4.s1 #7", "unseen src1/f4.s1 #8", "unseen src1/f4.s1 #9"];
    assert_eq!(short, named.into_iter().chain(computed).map(str::to_owned).collect(), "{done:#}");
    let inventory = case.json(&["scan"])["inventory"].clone();
    for set in inventory["datasets"].as_array().unwrap() {
        assert_eq!(set["rows"], 0, "{set:#}");
    }
    assert!(!case.folder.join("data/good/data.gz").exists(), "a stream of one document is nothing without it");
    case.ok(&["recheck"]);
    assert_eq!(std::fs::read_to_string(case.folder.join("data/good/people.json")).unwrap().trim_start().chars().next(), Some('['));
    let report = case.verified("case.dossier.zip");
    assert_eq!(report["result"], 0, "{report:#}");
}

/// Short values are seen by what stands around them, whatever a program quotes, counts or keeps as a day.
#[test]
fn lists_as_programs_write_them_reach_l3() {
    let case = case_with(
        &["good/note_utf8.txt"],
        "  - {at: \"share/*\", class: marketing_list, groups: {contact: [no, name, sex, street, born]}}\n",
    );
    let row = |n: usize| {
        (
            n,
            ["Ann", "Bo", "\u{738b}\u{4f1f}", "O \"Al\" K"][n % 4],
            ["\u{7537}", "\u{5973}"][n % 2],
            format!("{n} Long Street, Town"),
            day(-9_000 - n as i64),
        )
    };
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let needed = |text: &str| if text.contains([',', '"']) { quoted(text) } else { text.to_owned() };
    let lists: [(&str, &dyn Fn(&str) -> String, bool); 3] =
        [("all.csv", &quoted, true), ("words.csv", &quoted, false), ("needed.csv", &needed, false)];
    for (file, word, numbers) in lists {
        let line = |n: usize| {
            let (no, name, sex, street, born) = row(n);
            let no = if numbers { quoted(&no.to_string()) } else { no.to_string() };
            [no, word(name), word(sex), word(&street), word(&born)].join(",") + "\n"
        };
        let head = ["no", "name", "sex", "street", "born"].map(word).join(",");
        case.write(&format!("data/{file}"), head + "\n" + &(0..40).map(line).collect::<String>());
    }
    let cell = |n: usize| {
        let (no, name, sex, street, _) = row(n);
        let text = |t: &str| format!("<c t=\"inlineStr\"><is><t>{t}</t></is></c>");
        format!("<row r=\"{}\"><c><v>{no}</v></c>{}{}{}<c><v>{}</v></c></row>", n + 2, text(name), text(sex), text(&street), 36_525 + n)
    };
    let rows = sheet_row(1, &["no", "name", "sex", "street", "born"]) + &(0..40).map(cell).collect::<String>();
    workbook(&case.folder.join("data/book.xlsx"), "S", "visible", &rows);
    case.prepared();
    let done = case.json(&["apply"]);
    let seen: Vec<_> = done["done"].as_array().unwrap().iter().map(|d| (&d["level"], &d["rows_done"], &d["short_of_l3"])).collect();
    let (level, nothing) = (Value::from("L3"), serde_json::json!([]));
    let rows = [1, 40, 40, 40, 40].map(Value::from);
    assert_eq!(seen, rows.iter().map(|n| (&level, n, &nothing)).collect::<Vec<_>>(), "{done:#}");
    let again = case.json(&["recheck"]);
    let found: Vec<_> = again["rechecked"].as_array().unwrap().iter().map(|r| (&r["in_cells"], &r["in_files"])).collect();
    assert_eq!(found, [(&Value::from(0), &Value::from(0)); 5], "{again:#}");
}

/// What stays does not hide what goes: a 5 is no 15, `Bo` no `Li Bo`. Nor is it taken for what went: a price with its seventeen digits, a truth
/// value, a heading, a number that a formula says as a text.
#[test]
fn a_short_value_is_not_taken_for_another_one() {
    let (old, new) = (day(-12 * 366), day(-400));
    let (price, truth, said) = ("<c><v>4.3499999999999996</v></c>", "<c t=\"b\"><v>1</v></c>", "<c t=\"str\"><f>TEXT(6,0)</f><v>6</v></c>");
    let members =
        [(5, "Bo", &old, price), (6, "Al", &old, truth), (1, "name", &old, price), (15, "Li Bo", &new, truth), (16, "Li Al", &new, said)];
    let text = |t: &str| format!("<c t=\"inlineStr\"><is><t>{t}</t></is></c>");
    let row =
        |(no, name, ended, more): &(u32, &str, &String, &str)| format!("<row><c><v>{no}</v></c>{}{}{more}</row>", text(name), text(ended));
    let case = Case::new();
    std::fs::create_dir_all(case.folder.join("data")).unwrap();
    let rows = sheet_row(1, &["no", "name", "ended", "more"]) + &members.iter().map(row).collect::<String>();
    workbook(&case.folder.join("data/book.xlsx"), "S", "visible", &rows);
    case.write(
        "case.yaml",
        format!(
            "{}sources: [{{id: share, kind: files, path: data}}]\ndatasets:\n  - {{at: share/book.xlsx#S, class: kyc, groups: {{identity: [no, name]}}, \
             not_personal: {{more: goods}}, tells: {{relation_end: ended}}}}\nvault: {{holder: keys/epoch-key}}\n",
            head(&day(-30), &day(120)).replace("sectors: [retail]", "sectors: [retail, precious_metals]")
        ),
    );
    case.prepared();
    let done = case.json(&["apply"]);
    let done = &done["done"][0];
    assert_eq!((&done["level"], &done["rows_done"], &done["short_of_l3"]), (&"L3".into(), &3.into(), &serde_json::json!([])), "{done:#}");
}

#[test]
fn a_document_that_cannot_be_read_now_is_not_gone() {
    let case = case_with(&["good/note_gb18030.txt", "good/nested.zip"], "");
    case.prepared();
    let (letter, archive) = (case.folder.join("data/good/note_gb18030.txt"), case.folder.join("data/good/nested.zip"));
    let said = || {
        let out: Value = serde_json::from_slice(&case.run(&["--json", "apply"]).stdout).unwrap();
        (out["error"]["code"].clone(), out["error"]["args"]["place"].clone())
    };
    let named = |place: &Value| case.json(&["places", place.as_str().unwrap()])["places"][0]["name"].clone();
    // It has a second name; then it is damaged. Nothing is erased meanwhile.
    let other = case.folder.join("other");
    std::fs::hard_link(&archive, &other).unwrap();
    let (code, place) = said();
    assert_eq!((code, named(&place)), ("rows_unreadable".into(), "good/nested.zip".into()));
    std::fs::remove_file(&other).unwrap();
    let whole = std::fs::read(&archive).unwrap();
    std::fs::write(&archive, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(said().0, "rows_unreadable");
    assert!(letter.is_file());
    // What came since and cannot be read holds up nothing.
    std::fs::write(&archive, &whole).unwrap();
    case.write("data/new.zip", &whole[..whole.len() / 2]);
    assert_eq!(said().0, Value::Null);
    assert!(!letter.exists());
}

/// What went before anything was ordered is gone; the name by which the case file knew it is not misspelt for that.
#[test]
fn a_list_that_somebody_else_deleted_is_gone() {
    let case = case_over(&["good/members.csv", "good/note_utf8.txt"]);
    case.prepared();
    std::fs::remove_file(case.folder.join("data/good/members.csv")).unwrap();
    assert_eq!(case.fault(&["apply"]), "beyond_tolerance");
    case.ok(&["subjects"]);
    case.ok(&["plan"]);
    case.approve();
    case.ok(&["backup"]);
    case.ok(&["apply"]);
    assert!(!case.folder.join("data/good/note_utf8.txt").exists());
    assert_eq!(case.verified("case.dossier.zip")["result"], 0);
}

/// A list that goes away while its order is open went with whatever it still had: gone, and nobody says destroyed.
#[test]
fn a_list_that_went_away_under_an_open_order_is_gone() {
    let (case, said) = beside(&[("note.txt", b"call 13900000001 tomorrow".to_vec())]);
    assert_eq!(said["error"]["code"], "values_remain", "{said:#}");
    for name in ["members.csv", "note.txt"] {
        std::fs::remove_file(case.folder.join("data").join(name)).unwrap();
    }
    case.write("data/other.txt", "Nothing in here.\n");
    let settled = case.json(&["apply"]);
    assert_eq!((&settled["done"][0]["rows_done"], &settled["done"][0]["rows_kept"]), (&0.into(), &50.into()), "{settled:#}");
}

/// A case over one list of fifty members, all of whom go.
fn members_in(name: &str) -> Case {
    let case = Case::new();
    list_of(&case, name, 0..50);
    let source = "sources:\n  - {id: share, kind: files, path: data}\n";
    let at = if name.ends_with("xlsx") { format!("share/{name}#S") } else { format!("share/{name}") };
    case.write(
        "case.yaml",
        format!(
            "{}{source}datasets:\n  - {{at: \"{at}\", class: marketing_list, groups: {{contact: [name, mobile]}}}}\nvault: {{holder: keys/epoch-key}}\n",
            head(&day(-90), &day(60))
        ),
    );
    case.prepared();
    case
}

/// A list of these members, as its name says.
fn list_of(case: &Case, name: &str, members: std::ops::Range<usize>) {
    let (person, mobile) = (|n: usize| format!("Member {n}"), |n: usize| format!("1390000{n:04}"));
    match name.rsplit_once('.').unwrap().1 {
        "xlsx" => {
            let rows: String = members.map(|n| sheet_row(u32::try_from(n).unwrap() + 2, &[&person(n), &mobile(n)])).collect();
            std::fs::create_dir_all(case.folder.join("data")).unwrap();
            workbook(&case.folder.join("data").join(name), "S", "visible", &(sheet_row(1, &["name", "mobile"]) + &rows));
        }
        "jsonl" => {
            let rows = members.map(|n| format!("{{\"name\": \"{}\", \"mobile\": \"{}\"}}\n", person(n), mobile(n)));
            case.write(&format!("data/{name}"), rows.collect::<String>());
        }
        _ => {
            let rows = members.map(|n| format!("{},{}\n", person(n), mobile(n)));
            case.write(&format!("data/{name}"), format!("name,mobile\n{}", rows.collect::<String>()));
        }
    }
}

/// Rows done and kept.
fn ended(settled: &Value) -> (u64, u64) {
    let of = |name: &str| settled["done"][0][name].as_u64().unwrap();
    (of("rows_done"), of("rows_kept"))
}

/// A run that ends before it erases anything: its notes cannot be written.
fn broken_before(case: &Case) {
    let notes = case.folder.join("case.custody/rewritten");
    std::fs::create_dir(&notes).unwrap();
    case.fault(&["apply"]);
    std::fs::remove_dir(&notes).unwrap();
}

/// A run that ends between the erasure and what is kept of it.
fn broken_after(case: &Case) {
    broken_before(case);
    let index = case.folder.join("case.custody/vault/index");
    let begun = std::fs::read_dir(&index).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).find(|f| f.starts_with("begun-"));
    let kept = index.join(begun.unwrap().replace("begun-", "erased-") + ".new");
    std::fs::create_dir(&kept).unwrap();
    case.fault(&["apply"]);
    std::fs::remove_dir(&kept).unwrap();
}

const LISTS: [&str; 3] = ["members.csv", "members.jsonl", "members.xlsx"];

/// A list that somebody puts in the place of another one while its order is open says nothing of the other one's rows: what Custody did not
/// erase itself is never called destroyed.
#[test]
fn a_list_that_was_replaced_under_an_open_order_is_gone() {
    for name in LISTS {
        let case = members_in(name);
        broken_before(&case);
        std::fs::rename(case.folder.join("data").join(name), case.folder.join("elsewhere")).unwrap();
        list_of(&case, name, 40..50);
        // Ten rows were there and went, forty lie in the list that was moved away.
        assert_eq!(ended(&case.json(&["apply"])), (10, 40), "{name}");
        let case = members_in(name);
        broken_after(&case);
        list_of(&case, name, 40..50);
        assert_eq!(ended(&case.json(&["apply"])), (10, 40), "{name}: which list was erased is not known any more");
    }
}

/// A run that ends between the erasure and what is kept of it is taken up by the next: the list is as it was left.
#[test]
fn what_was_erased_before_a_run_ended_is_known_by_the_list_that_it_left() {
    for name in LISTS {
        let case = members_in(name);
        broken_after(&case);
        assert!(!std::fs::read(case.folder.join("data").join(name)).unwrap().windows(11).any(|w| w == b"13900000049"), "{name}: erased");
        assert_eq!(ended(&case.json(&["apply"])), (50, 0), "{name}");
    }
}

#[test]
fn a_file_that_is_named_as_a_list_and_reads_as_a_letter_is_refused() {
    let case = case_with(&[], "  - {at: share/members.html, class: member_profile, groups: {contact: [name]}}\n");
    std::fs::create_dir_all(case.folder.join("data")).unwrap();
    case.write("data/members.html", "<p>Dear customer\nthank you for your long and friendly letter of last week.\n");
    case.write("data/note.txt", "Nothing in here.\n");
    assert_eq!(case.fault(&["scan"]), "named_file_is_document");
}
