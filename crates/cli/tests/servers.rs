//! Chinook on a PostgreSQL and a MariaDB server, in one case, from unknown data to destruction proven in the servers' files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Case, claim, day, head, shared};
use serde_json::Value;
use testbed::{Mariadb, Postgres, found_in};

const FIRST: [&str; 4] = ["luisg@embraer.com.br", "+55 (12) 3923-5555", "leonekohler@surfeu.de", "astrid.gruber@apple.at"];

fn data_sets(source: &str, name: impl Fn(&str) -> String) -> String {
    let columns = |list: &[&str]| list.iter().map(|c| name(c)).collect::<Vec<_>>().join(", ");
    let none = ["InvoiceLine", "Artist", "Album", "Track", "Genre", "MediaType", "Playlist", "PlaylistTrack"];
    let mut out = format!(
        "  - at: {source}/{}
    class: customer_register
    groups: {{buyer: [{}], postal: [{}], contact: [{}]}}
    tells: {{region: {}}}
  - at: {source}/{}
    class: voucher
    groups: {{buyer: [{}], voucher: [{}]}}
    tells: {{voucher_date: {}}}
  - at: {source}/{}
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
fn snake(name: &str) -> String {
    let mut out = String::new();
    for (i, c) in name.char_indices() {
        if c.is_ascii_uppercase() && i > 0 {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// Answers whatever is asked: the employees are kept, everything else is as in the golden case.
fn answer_all(case: &Case) {
    for _ in 0..40 {
        let open = case.json(&["questions"]);
        let Some(first) = open["questions"].as_array().unwrap().first() else { return };
        let fact = first["fact"].as_str().unwrap();
        let value = match fact {
            "holding.statutory_copy" | "case.offers_to_eu" => "yes".to_owned(),
            "case.opinion_eu" => "keep_restricted".to_owned(),
            "holding.ends_on" => day(150),
            _ => "no".to_owned(),
        };
        let at = first["holding"].as_str().map(|h| format!("@{h}")).unwrap_or_default();
        case.ok(&["answer", &format!("{fact}{at}={value}")]);
    }
    panic!("it asks for ever");
}

#[test]
fn chinook_on_both_servers_is_destroyed_to_l3() {
    let (Some(pg), Some(my)) = (shared("data/chinook/Chinook_PostgreSql.sql"), shared("data/chinook/Chinook_MySql.sql")) else { return };
    let (postgres, mariadb) = (Postgres::start(), Mariadb::start());
    postgres.sql("postgres", &std::fs::read_to_string(pg).unwrap());
    mariadb.sql(&std::fs::read_to_string(my).unwrap());
    let case = Case::new();
    let text = format!(
        "{}sources:
  - {{id: pg, kind: postgresql, path: \"{}\", server: {{files: \"{}\"}}}}
  - {{id: my, kind: mariadb, path: \"{}\", server: {{files: \"{}\"}}}}
datasets:
{}{}safety_days: 30
vault: {{holder: keys/epoch-key}}
",
        head(&day(-90), &day(150))
            .replace("sectors: [retail]", "sectors: [online_retail, media]")
            .replace("parties:\n", "parties:\n  counsel: {name: Counsel, key: keys/counsel.pub}\n"),
        postgres.url("custody", "chinook"),
        postgres.data().display(),
        mariadb.url("root", "Chinook"),
        mariadb.data().display(),
        data_sets("pg", snake),
        data_sets("my", str::to_owned),
    );
    case.write("case.yaml", text);
    let scan = case.json(&["scan"]);
    assert_eq!(scan["inventory"]["datasets"].as_array().unwrap().len(), 22, "{scan:#}");
    case.ok(&["subjects"]);
    case.answer_tasks();
    case.drill();
    answer_all(&case);
    case.ok(&["plan"]);
    case.approve();
    case.ok(&["backup"]);
    let applied = case.json(&["apply"]);
    let done = applied["done"].as_array().unwrap();
    assert!(!done.is_empty() && done.iter().all(|d| d["level"] == "L3"), "{applied:#}");
    assert_eq!(postgres.sql("chinook", "SELECT count(*), count(phone), count(nullif(email, '')), count(city) FROM customer"), "59|0|0|0\n");
    assert_eq!(mariadb.sql("SELECT count(*), count(Phone), count(nullif(Email, '')), count(City) FROM Chinook.Customer"), "59\t0\t0\t0\n");
    assert_eq!(postgres.sql("chinook", "SELECT count(*), count(billing_address) FROM invoice"), "412|412\n");
    assert_eq!(postgres.sql("chinook", "SELECT count(phone), count(fax), count(email) FROM employee"), "8|8|8\n");
    for value in FIRST {
        assert_eq!(found_in(&postgres.data(), value.as_bytes()), Vec::<std::path::PathBuf>::new(), "{value}");
        assert_eq!(found_in(&mariadb.data(), value.as_bytes()), Vec::<std::path::PathBuf>::new(), "{value}");
    }
    let report = case.verified("case.dossier.zip");
    assert_eq!(report["result"], 0, "{report:#}");
    assert_eq!(claim(&report, "plan_recomputed")["state"], "proved");
    let _: &Value = &report;
}
