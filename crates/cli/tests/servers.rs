//! Chinook on a PostgreSQL and a MariaDB server, in one case, from unknown data to destruction proven in the servers' files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;
#[path = "common/chinook.rs"]
mod golden;

use common::{Case, claim, day, head, shared};
use serde_json::Value;
use testbed::{Mariadb, Postgres, met_in};

/// Column of `Customer`, values destroyed, different ones of them that an invoice still holds; all of them were asked for and found before.
const FIGURES: [(u64, u64, u64); 9] =
    [(3, 10, 0), (4, 59, 59), (5, 59, 53), (6, 30, 25), (7, 59, 24), (8, 55, 55), (9, 58, 0), (10, 12, 0), (11, 59, 0)];

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
        golden::data_sets("pg", "pg", golden::snake),
        golden::data_sets("my", "my", str::to_owned),
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
    // Phone, fax, mail, company: every value, in every file of both.
    let gone = all_values(&["Phone", "Fax", "Email", "Company"]);
    assert_eq!(gone.len(), 58 + 12 + 59 + 10);
    for data in [postgres.data(), mariadb.data()] {
        assert_eq!(met_in(&data, &gone), Vec::<String>::new(), "{}", data.display());
    }
    for source in ["src1/", "src2/"] {
        assert_eq!(figures(&case, source), FIGURES, "{source}");
    }
    let report = case.verified("case.dossier.zip");
    assert_eq!(report["result"], 0, "{report:#}");
    assert_eq!(claim(&report, "plan_recomputed")["state"], "proved");
}

/// Values of columns of Chinook's customers, in the order of the columns.
fn all_values(columns: &[&str]) -> Vec<String> {
    let db = rusqlite::Connection::open(shared("data/chinook/Chinook_Sqlite.sqlite").unwrap()).unwrap();
    let mut out = Vec::new();
    for column in columns {
        let mut rows = db.prepare(&format!("SELECT {column} FROM Customer WHERE {column} IS NOT NULL")).unwrap();
        out.extend(rows.query_map([], |r| r.get::<_, String>(0)).unwrap().map(Result::unwrap));
    }
    out
}

/// What the receipts of a source's customers say: column, values destroyed, values that stay lawfully. Sight must have been of every value.
fn figures(case: &Case, source: &str) -> Vec<(u64, u64, u64)> {
    let mut out = Vec::new();
    for receipt in case.receipts() {
        if receipt["recall"][0]["structure"].as_str().is_none_or(|s| s != format!("{source}t3")) {
            continue;
        }
        for column in receipt["columns"].as_array().unwrap() {
            let of = |key: &str| column[key].as_u64().unwrap();
            assert_eq!((of("asked"), of("found"), of("hits")), (of("live"), of("live"), 0), "{receipt:#}");
            let lawful = receipt["lawfully_present"].as_array().unwrap().iter().find(|l| l["col"] == column["col"]).unwrap();
            out.push((of("col"), of("live"), lawful["values"].as_u64().unwrap()));
        }
    }
    out.sort_unstable();
    out
}

/// Chinook's tables as CSV files of the same rows; nulls are empty fields.
fn export(sqlite: &std::path::Path, folder: &std::path::Path) {
    std::fs::create_dir_all(folder).unwrap();
    let db = rusqlite::Connection::open(sqlite).unwrap();
    let mut names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'").unwrap();
    let names: Vec<String> = names.query_map([], |r| r.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    for name in names {
        let mut rows = db.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let mut out = rows.column_names().collect::<Vec<_>>().join(",") + "\r\n";
        let columns = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let cell = |i: usize| match row.get_ref(i).unwrap() {
                rusqlite::types::ValueRef::Null => String::new(),
                rusqlite::types::ValueRef::Integer(n) => n.to_string(),
                rusqlite::types::ValueRef::Real(x) => x.to_string(),
                other => quoted(other.as_str().unwrap()),
            };
            out += &((0..columns).map(cell).collect::<Vec<_>>().join(",") + "\r\n");
        }
        std::fs::write(folder.join(format!("{name}.csv")), out).unwrap();
    }
}

#[test]
fn four_stores_of_the_same_rows_have_the_same_inventory() {
    let (Some(pg), Some(my)) = (shared("data/chinook/Chinook_PostgreSql.sql"), shared("data/chinook/Chinook_MySql.sql")) else { return };
    let (postgres, mariadb) = (Postgres::start(), Mariadb::start());
    postgres.sql("postgres", &std::fs::read_to_string(pg).unwrap());
    mariadb.sql(&std::fs::read_to_string(my).unwrap());
    let case = Case::new();
    let sqlite = case.folder.join("chinook.sqlite");
    common::copy(&shared("data/chinook/Chinook_Sqlite.sqlite").unwrap(), &sqlite);
    export(&sqlite, &case.folder.join("lists"));
    case.write(
        "case.yaml",
        format!(
            "{}sources:
  - {{id: pg, kind: postgresql, path: \"{}\"}}
  - {{id: my, kind: mariadb, path: \"{}\"}}
  - {{id: db, kind: sqlite, path: chinook.sqlite}}
  - {{id: lists, kind: delimited, path: lists}}
vault: {{holder: keys/epoch-key}}
",
            head(&day(-90), &day(150)),
            postgres.url("custody", "chinook"),
            mariadb.url("root", "Chinook"),
        ),
    );
    let scan = case.json(&["scan"]);
    let inventory = |source: &str| {
        let all = scan["inventory"]["datasets"].as_array().unwrap().iter();
        let own = all.filter(|d| d["dataset"].as_str().unwrap().starts_with(source));
        own.map(what_it_holds).collect::<std::collections::BTreeSet<_>>()
    };
    let one = inventory("src1/");
    assert_eq!(one.len(), 11);
    for (source, what) in [("src2/", "MariaDB"), ("src3/", "SQLite"), ("src4/", "CSV")] {
        assert_eq!(inventory(source), one, "{what}");
    }
}

#[test]
fn each_server_gives_the_golden_case() {
    let (Some(pg), Some(my)) = (shared("data/chinook/Chinook_PostgreSql.sql"), shared("data/chinook/Chinook_MySql.sql")) else { return };
    let (postgres, mariadb) = (Postgres::start(), Mariadb::start());
    postgres.sql("postgres", &std::fs::read_to_string(pg).unwrap());
    mariadb.sql(&std::fs::read_to_string(my).unwrap());
    let golden = std::fs::read_to_string(common::root().join("cases/chinook/case.yaml")).unwrap();
    let head = golden.split("sources:\n").next().unwrap();
    for (kind, url, sets) in [
        ("postgresql", postgres.url("custody", "chinook"), golden::data_sets("db", "", golden::snake)),
        ("mariadb", mariadb.url("root", "Chinook"), golden::data_sets("db", "", str::to_owned)),
    ] {
        let case = Case::new();
        let source = format!("sources:\n  - {{id: db, kind: {kind}, path: \"{url}\"}}\ndatasets:\n{sets}");
        case.write("case.yaml", format!("{head}{source}safety_days: 30\nvault: {{holder: keys/epoch-key}}\n"));
        golden::is_golden(&case);
    }
}

/// What an inventory says of persons in a data set, without what is the store's own: rows, then for each column its name, how many values it has,
/// what they are, group and tier.
fn what_it_holds(dataset: &Value) -> String {
    let name = |c: &Value| c["name"].as_str().unwrap().replace('_', "").to_lowercase();
    let told = |c: &Value| format!("{} {} {} {} {} {}", name(c), c["filled"], c["categories"], c["findings"], c["group"], c["tier"]);
    let columns: Vec<String> = dataset["columns"].as_array().unwrap().iter().map(told).collect();
    format!("{} {} {}\n{}", dataset["class"], dataset["rows"], dataset["ragged"], columns.join("\n"))
}
