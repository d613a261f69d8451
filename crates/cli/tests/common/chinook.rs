//! Chinook, a database that nobody here wrote: how its stores are described, and the golden case that all of them must give.

#![allow(dead_code)]

use std::collections::BTreeMap;

use serde_json::Value;

use crate::common::{Case, root};

/// What `cases/chinook/case.yaml` says of the data sets, for a source that names its tables otherwise.
pub fn data_sets(source: &str, prefix: &str, name: impl Fn(&str) -> String) -> String {
    let columns = |list: &[&str]| list.iter().map(|c| name(c)).collect::<Vec<_>>().join(", ");
    let none = ["InvoiceLine", "Artist", "Album", "Track", "Genre", "MediaType", "Playlist", "PlaylistTrack"];
    let mut out = format!(
        "  - at: {source}/{}
    name: {prefix}Customer
    class: customer_register
    groups: {{buyer: [{}], postal: [{}], contact: [{}]}}
    tells: {{region: {}}}
  - at: {source}/{}
    name: {prefix}Invoice
    class: voucher
    groups: {{buyer: [{}], voucher: [{}]}}
    tells: {{voucher_date: {}}}
  - at: {source}/{}
    name: {prefix}Employee
    class: employee
    groups: {{employment: [{}], contact: [{}], postal: [{}], birth: [{}]}}
    tells: {{region: {}}}
",
        name("Customer"),
        columns(&["FirstName", "LastName"]),
        columns(&["Address", "City", "State", "Country", "PostalCode"]),
        columns(&["Company", "Phone", "Fax", "Email"]),
        name("Country"),
        name("Invoice"),
        columns(&["BillingAddress", "BillingCity", "BillingState", "BillingCountry", "BillingPostalCode"]),
        columns(&["InvoiceId", "CustomerId", "InvoiceDate", "Total"]),
        name("InvoiceDate"),
        name("Employee"),
        columns(&["FirstName", "LastName", "Title", "HireDate", "ReportsTo"]),
        columns(&["Phone", "Fax", "Email"]),
        columns(&["Address", "City", "State", "Country", "PostalCode"]),
        columns(&["BirthDate"]),
        name("Country"),
    );
    for table in none {
        out.push_str(&format!("  - {{at: {source}/{}, class: none, why: catalogue and lines of vouchers}}\n", name(table)));
    }
    out
}

/// `InvoiceLine` as PostgreSQL's script calls it: `invoice_line`.
pub fn snake(name: &str) -> String {
    let mut out = String::new();
    for (i, c) in name.char_indices() {
        if c.is_ascii_uppercase() && i > 0 {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn expected() -> Value {
    serde_json::from_str(&std::fs::read_to_string(root().join("cases/golden/chinook.expected.json")).unwrap()).unwrap()
}

type Fates = BTreeMap<String, u64>;

fn key(place: &str, outcome: &str, dates: [&Value; 3], winners: &Value, losers: &Value) -> String {
    let [until, from, to] = dates.map(|d| d.as_str().unwrap_or("-").to_owned());
    format!("{place} {outcome} until {until} {from}..{to} win {winners} lose {losers}")
}

/// Scans, seals, and compares questions, answers, table and totals with the golden case.
pub fn is_golden(case: &Case) {
    let golden = expected();
    let at = ["--as-of", "2026-04-15"];
    case.ok(&["scan"]);
    let sealed = case.json(&["subjects"]);
    assert_eq!(sealed["subjects"], 67, "59 customers and 8 employees");
    for asked in golden["questions"].as_array().unwrap() {
        let open = case.json(&[at[0], at[1], "questions"]);
        let first = &open["questions"][0];
        assert_eq!((&first["fact"], first.get("holding")), (&asked["fact"], asked.get("holding")), "{open:#}");
        let place = asked.get("holding").map(|h| format!("@{}", h.as_str().unwrap())).unwrap_or_default();
        let value = asked["value"].to_string().trim_matches('"').to_owned();
        case.ok(&["answer", &format!("{}{place}={value}", asked["fact"].as_str().unwrap())]);
    }
    assert_eq!(case.json(&[at[0], at[1], "questions"])["questions"], Value::Array(Vec::new()));
    let plan = case.json(&[at[0], at[1], "plan", "--dry-run"]);
    let mut ours = Fates::new();
    for row in plan["plan"]["plan"]["rows"].as_array().unwrap() {
        let place = format!("{}.{}", row["holding"].as_str().unwrap(), row["group"].as_str().unwrap());
        for d in row["dates"].as_array().unwrap() {
            let k = key(
                &place,
                row["outcome"].as_str().unwrap(),
                [&d["until"], &d["not_before"], &d["not_after"]],
                &row["winners"],
                &row["losers"],
            );
            *ours.entry(k).or_default() += d["records"].as_u64().unwrap();
        }
    }
    let mut theirs = Fates::new();
    for cell in golden["cells"].as_array().unwrap() {
        let place = format!("{}.{}", cell["holding"].as_str().unwrap(), cell["group"].as_str().unwrap());
        let k = key(
            &place,
            cell["outcome"].as_str().unwrap(),
            [&cell["until"], &cell["not_before"], &cell["not_after"]],
            &cell["winners"],
            &cell["losers"],
        );
        *theirs.entry(k).or_default() += cell["records"].as_u64().unwrap();
    }
    assert_eq!(ours, theirs);
    assert_eq!(plan["plan"]["plan"]["totals"], golden["totals"]);
}
