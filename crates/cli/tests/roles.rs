//! Scanning needs SELECT alone; erasing needs the rights that are asked for before the first deletion, and no more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Case, day, head};
use serde_json::Value;
use testbed::{Mariadb, Postgres};

const MEMBERS: &str = "CREATE TABLE member (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, mobile VARCHAR(20), email VARCHAR(60));
    INSERT INTO member VALUES (1, 'One', '13800130001', 'one@example.com'), (2, 'Two', '13800130002', 'two.two@example.com');
    CREATE TABLE secret (id INT PRIMARY KEY, mobile VARCHAR(20)); INSERT INTO secret VALUES (1, '13800139999');";

fn case_over(source: &str) -> Case {
    let case = Case::new();
    let sets = "datasets:\n  - {at: shop/member, class: marketing_list, groups: {contact: [name, mobile, email]}}\n";
    case.write("case.yaml", format!("{}sources:\n  - {source}\n{sets}vault: {{holder: keys/epoch-key}}\n", head(&day(-90), &day(60))));
    case
}

/// Asks, is told the statements, has them run, and erases; no more than was asked for is given.
fn asked_for(case: &Case, run: impl Fn(&str)) {
    case.prepared();
    let asked: Value = case.json_any(&["scan", "--rights"]);
    let grants: Vec<&str> = asked["rights"][0]["missing"].as_array().unwrap().iter().map(|g| g.as_str().unwrap()).collect();
    assert!(!grants.is_empty());
    assert_eq!(case.fault(&["apply"]), "rights_missing");
    run(&grants.join("\n"));
    assert_eq!(case.json(&["scan", "--rights"])["rights"][0]["missing"], Value::Array(Vec::new()));
    let done = case.json(&["apply"]);
    assert!(done["done"].as_array().unwrap().iter().all(|d| d["level"] == "L3"), "{done:#}");
}

#[test]
fn postgresql() {
    let postgres = Postgres::start();
    postgres.sql("postgres", "CREATE DATABASE shop; CREATE ROLE looker LOGIN");
    postgres.sql("shop", MEMBERS);
    postgres.sql("shop", "GRANT SELECT ON member TO looker");
    let case = case_over(&format!(
        "{{id: shop, kind: postgresql, path: \"{}\", server: {{files: \"{}\"}}}}",
        postgres.url("looker", "shop"),
        postgres.data().display()
    ));
    let scan = case.json(&["scan"]);
    let unread: Vec<&str> = scan["inventory"]["unread"].as_array().unwrap().iter().map(|u| u["reason"].as_str().unwrap()).collect();
    assert_eq!(unread, ["right_missing"], "a table that may not be read is said, not left out");
    let rights = case.json_any(&["scan", "--rights"])["rights"][0]["missing"].clone();
    assert!(rights.to_string().contains("GRANT SELECT ON public.secret TO looker;"), "{rights:#}");
    postgres.sql("shop", "DROP TABLE secret");
    case.ok(&["scan"]);
    asked_for(&case, |grants| drop(postgres.sql("shop", grants)));
    assert_eq!(postgres.sql("shop", "SELECT rolsuper FROM pg_roles WHERE rolname = 'looker'"), "f\n");
}

/// A large object of somebody else is unread by name and holds nothing up; statistics that somebody made of it go without being asked for.
#[test]
fn large_objects_of_others() {
    let postgres = Postgres::start();
    postgres.sql("postgres", "CREATE DATABASE shop; CREATE ROLE looker LOGIN");
    postgres.sql("shop", MEMBERS);
    let notes = "SELECT count(lo_from_bytea(0, convert_to('one@example.com, note ' || n, 'UTF8'))) FROM generate_series(1, 30) AS n";
    postgres.sql("shop", &format!("DROP TABLE secret; GRANT SELECT ON member TO looker; {notes}; ANALYZE"));
    let case = case_over(&format!(
        "{{id: shop, kind: postgresql, path: \"{}\", server: {{files: \"{}\"}}}}",
        postgres.url("looker", "shop"),
        postgres.data().display()
    ));
    case.prepared();
    let unread = case.json(&["scan"])["inventory"]["unread"].clone();
    assert_eq!((unread[0]["reason"].as_str(), unread.as_array().unwrap().len()), (Some("right_missing"), 1), "{unread:#}");
    let asked: Value = case.json_any(&["scan", "--rights"]);
    assert!(asked["rights"].to_string().contains("GRANT SELECT ON LARGE OBJECT"), "{asked:#}");
    postgres.sql("shop", "SELECT lo_unlink(oid) FROM pg_largeobject_metadata");
    asked_for(&case, |grants| drop(postgres.sql("shop", grants)));
}

/// A first look without the files, or with a login that is refused, fixes nothing: what the source is seen as now is what counts.
#[test]
fn a_source_is_registered_as_it_is_seen_now() {
    let postgres = Postgres::start();
    postgres.sql("postgres", "CREATE DATABASE shop; CREATE ROLE looker LOGIN");
    postgres.sql("shop", MEMBERS);
    let source = |more: &str| format!("{{id: shop, kind: postgresql, path: \"{}\"{more}}}", postgres.url("custody", "shop"));
    let case = case_over(&source("").replace("custody@", "nobody@"));
    let again = |source: &str| {
        let file = std::fs::read_to_string(case.folder.join("case.yaml")).unwrap();
        let (head, rest) = file.split_once("sources:\n  - ").unwrap();
        case.write("case.yaml", format!("{head}sources:\n  - {source}\n{}", rest.split_once('\n').unwrap().1));
        case.run(&["scan"]);
        let level = case.json(&["status"])["sources"][0]["level_at_most"].clone();
        (level, case.json(&["status"])["entries"].as_u64().unwrap())
    };
    case.run(&["scan"]);
    assert_eq!(again(&source("")).0, "L2", "without its files");
    let files = format!(", server: {{files: \"{}\"}}", postgres.data().display());
    let (level, entries) = again(&source(&files));
    assert_eq!(level, "L4", "with them");
    // What is as it was is not said again: a run, its end, a scan.
    assert_eq!(again(&source(&files)), ("L4".into(), entries + 3));
}

#[test]
fn mariadb() {
    let mariadb = Mariadb::start();
    mariadb.sql(&format!("CREATE DATABASE shop; USE shop; {MEMBERS} CREATE USER looker@'%'; GRANT SELECT ON shop.member TO looker@'%';"));
    let case = case_over(&format!(
        "{{id: shop, kind: mariadb, path: \"{}\", server: {{files: \"{}\"}}}}",
        mariadb.url("looker", "shop"),
        mariadb.data().display()
    ));
    case.ok(&["scan"]);
    asked_for(&case, |grants| drop(mariadb.sql(grants)));
}
