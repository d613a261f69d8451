//! A company whose newsletter is sold, and whose clients lie in a database that only its DBA may write to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs, dead_code)]

use rusqlite::fallible_iterator::FallibleIterator;

use crate::common::{Case, day, head};

/// A newsletter that is sold, and clients in a database that only its DBA may write to.
pub fn company() -> Case {
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

pub fn planned(case: &Case) {
    case.ok(&["subjects"]);
    case.answer_tasks();
    case.drill();
    case.ok(&["record", "key", "keys/buyer.pub", "--name", "Buyer", "--countersign", "keys/liquidator.key", "--present"]);
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

/// What the sheet prints as its check number.
pub fn check_number(case: &Case, sheet: &str) -> String {
    let html = std::fs::read_to_string(case.folder.join(sheet)).unwrap();
    let at = html.find("<b>").unwrap() + 3;
    html[at..at + 12].to_owned()
}

/// The DBA runs a script statement by statement, and keeps what it prints.
pub fn run_script(case: &Case, script: &str) -> String {
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
