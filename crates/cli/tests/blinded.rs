//! The company makes a filter under an agreement; whoever has filter and key sees whether a copy still holds what was destroyed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Case, day, head};
use remains::{BlindKey, BlindSearch, Blinded};

const AGREEMENT: &str = "version: 1
id: search1
role: processor
party: Auditor
from: FROM
to: TO
fields:
  - {holding: member, groups: [contact]}
purposes: [remains]
onward: none
end: {then: destroy}
";

fn case() -> Case {
    let case = Case::new();
    case.ok(&["keygen", "keys/auditor", "--use", "recipient"]);
    let db = rusqlite::Connection::open(case.folder.join("shop.db")).unwrap();
    db.execute_batch("CREATE TABLE member (id INTEGER PRIMARY KEY, name TEXT, mobile TEXT, email TEXT, home TEXT);\n         CREATE TABLE guest (id INTEGER PRIMARY KEY, mobile TEXT);").unwrap();
    for n in 0..50 {
        let of = (n, format!("Member {n}"), format!("1390000{n:04}"), format!("member.{n}@example.com"), format!("上海市世纪大道{n}号"));
        db.execute("INSERT INTO member VALUES (?1, ?2, ?3, ?4, ?5)", of).unwrap();
        db.execute("INSERT INTO guest VALUES (?1, ?2)", (n, format!("1370000{n:04}"))).unwrap();
    }
    let head = head(&day(-90), &day(60)).replace("approvers:", "recipients: [{name: Auditor, key: keys/auditor.pub}]\n  approvers:");
    case.write(
        "case.yaml",
        format!(
            "{head}sources: [{{id: shop, kind: sqlite, path: shop.db}}]\ndatasets:\n  - {{at: shop/member, class: marketing_list, \
             purpose: news by mail, groups: {{contact: [name, mobile, email, home]}}}}\n  - {{at: shop/guest, class: marketing_list, \
             purpose: news by mail, groups: {{contact: [mobile]}}}}\nvault: {{holder: keys/epoch-key}}\n"
        ),
    );
    case.write("agreement.yaml", AGREEMENT.replace("FROM", &day(-5)).replace("TO", &day(60)));
    case.write("signed.pdf", "both signed");
    case
}

/// A character as GBK has it.
fn gbk(c: char) -> Vec<u8> {
    let all = [
        ('上', [0xc9, 0xcf]),
        ('海', [0xba, 0xa3]),
        ('市', [0xca, 0xd0]),
        ('世', [0xca, 0xc0]),
        ('纪', [0xbc, 0xcd]),
        ('大', [0xb4, 0xf3]),
        ('道', [0xb5, 0xc0]),
        ('号', [0xba, 0xc5]),
    ];
    all.iter().find(|(own, _)| *own == c).map_or_else(|| vec![u8::try_from(c).unwrap()], |(_, bytes)| bytes.to_vec())
}

fn met(case: &Case, file: &str) -> usize {
    let blinded = Blinded::read(std::fs::File::open(case.folder.join("out.filter")).unwrap()).unwrap();
    let digits = std::fs::read_to_string(case.folder.join("out.key")).unwrap();
    let mut search = BlindSearch::new(blinded, &BlindKey::from_digits(&digits).unwrap()).unwrap();
    search.look_in(std::fs::File::open(case.folder.join(file)).unwrap()).unwrap().1.len()
}

#[test]
fn a_filter_is_for_one_search_under_one_agreement() {
    let case = case();
    let make = ["remains", "--filter-to", "out.filter", "--key-to", "out.key", "--agreement", "search1"];
    case.ok(&["subjects"]);
    case.ok(&["record", "key", "keys/auditor.pub", "--name", "Auditor", "--countersign", "keys/liquidator.key", "--present"]);
    case.prepared();
    assert_eq!(case.fault(&make), "agreement_not_in_force");
    case.ok(&["record", "agreement", "agreement.yaml", "--evidence", "signed.pdf"]);
    assert_eq!(case.fault(&make), "nothing_to_look_for");
    common::copy(&case.folder.join("shop.db"), &case.folder.join("old.db"));
    case.write("guests.txt", (0..50).map(|n| format!("guest 1370000{n:04}\n")).collect::<String>());
    case.ok(&["plan"]);
    case.approve();
    case.ok(&["apply"]);
    let entries = case.json(&["status"])["entries"].clone();
    case.write("out.statement.json", "somebody's");
    assert_eq!(case.fault(&make), "file_exists");
    std::fs::remove_file(case.folder.join("out.statement.json")).unwrap();
    let same = ["remains", "--filter-to", "out.filter", "--key-to", "./out.filter", "--agreement", "search1"];
    assert_eq!(case.fault(&same), "filter_file_twice");
    let of_statement = ["remains", "--filter-to", "out.filter", "--key-to", "out.statement.json", "--agreement", "search1"];
    assert_eq!(case.fault(&of_statement), "filter_file_twice");
    assert!(!case.folder.join("out.filter").exists() && !case.folder.join("out.key").exists(), "refused before anything is written");
    assert_eq!(case.json(&["status"])["entries"], entries, "and before anything is recorded");
    let made = case.json(&make);
    assert!(made["fingerprints"].as_u64().unwrap() >= 100, "{made}");
    assert_eq!(met(&case, "guests.txt"), 0, "guests were destroyed too, but the agreement does not name them");
    assert!(met(&case, "old.db") >= 100, "the old copy holds what was destroyed");
    assert_eq!(met(&case, "shop.db"), 0, "the source does not");
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let elsewhere: [(&str, Vec<u8>); 4] = [
        ("packed", 13_900_000_007i64.to_le_bytes().to_vec()),
        ("turned", (13_900_000_007u64 ^ 1 << 63).to_be_bytes().to_vec()),
        ("wide", wide("member.7@example.com")),
        ("gbk", "上海市世纪大道7号".chars().flat_map(gbk).collect()),
    ];
    for (form, bytes) in elsewhere {
        case.write(form, [b"..".as_slice(), &bytes, b".."].concat());
        assert_eq!(met(&case, form), 1, "{form}: another store's form of what was destroyed");
    }
    let filter = std::fs::read(case.folder.join("out.filter")).unwrap();
    assert!(!filter.windows(8).any(|w| w == b"member.1" || w == b"13900000"), "the filter says nothing");
    let again = ["remains", "--filter-to", "two.filter", "--key-to", "two.key", "--agreement", "search1"];
    assert_eq!(case.fault(&again), "filter_not_destroyed");
    case.ok(&["record", "remains_searched_outside", "--about", "g-search1", "--evidence", "signed.pdf"]);
    case.ok(&["record", "remains_filter_destroyed", "--about", "g-search1", "--evidence", "signed.pdf"]);
    assert!(case.fault(&["record", "remains_filter_made", "--about", "g-search1"]) == "act_of_program");
    case.ok(&again);
    assert_eq!(case.fault(&make), "filter_not_destroyed");
    assert_ne!(case.verified("case.dossier.zip")["result"], 1);
}
