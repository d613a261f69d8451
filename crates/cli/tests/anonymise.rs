//! A group of which something coarser is left is anonymised, if every row is then one of k alike; else it is refused, and nothing is changed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::collections::BTreeMap;

use common::{Case, day, head};
use serde_json::Value;
use testbed::{Mariadb, Postgres};

const PERSONS: usize = 400;
const CITIES: [&str; 4] = ["上海市浦东新区", "上海市徐汇区", "北京市海淀区", "北京市朝阳区"];

/// Name, mobile, day of birth, place, a mail that must be there and differ.
fn person(n: usize) -> [String; 5] {
    [
        format!("Person {n}"),
        (13_900_000_000 + n * 7_919).to_string(),
        format!("19{}{}-0{}-1{}", 7 + n % 2, n % 10, 1 + n % 9, n % 9),
        CITIES[n % 4].to_owned(),
        format!("person.{n}@shop.cn"),
    ]
}

fn rows() -> String {
    let row = |n: usize| format!("({n}, '{}')", person(n).join("', '"));
    (1..=PERSONS).map(row).collect::<Vec<_>>().join(", ")
}

const TABLE: &str = "CREATE TABLE client (id INTEGER PRIMARY KEY, name VARCHAR(40), mobile VARCHAR(20), born DATE, city VARCHAR(40) NOT NULL, email VARCHAR(60) NOT NULL UNIQUE);";

/// A case over one source in which so many rows must be alike.
fn case_of(case: &Case, source: &str, set: &str, k: u64) {
    case.write(
        "case.yaml",
        format!(
            "{}sources:\n  - {source}\ndatasets:\n  - {{at: shop/{set}, class: marketing_list, groups: {{contact: [name, mobile, born, city, email]}},\n      \
             leave: {{name: suppress, mobile: \"=000\", born: decade, city: first 3, email: suppress}}}}\nk: {k}\nvault: {{holder: keys/epoch-key}}\n",
            head(&day(-90), &day(60))
        ),
    );
}

/// Carries it out; gives the crowd that the receipt has.
fn anonymised(case: &Case) -> Value {
    case.prepared();
    let rehearsed = case.json(&["apply", "--dry-run"]);
    assert_eq!(rehearsed["due"][0]["rows"], PERSONS, "{rehearsed:#}");
    let k = |of: &Value| of["alike"].as_object().and_then(|all| all.values().next()?["k"].as_u64());
    assert!(k(&rehearsed).is_some_and(|k| k >= 2), "{rehearsed:#}");
    let done = case.json(&["apply"]);
    assert_eq!(done["done"][0]["rows_done"], PERSONS, "{done:#}");
    assert_eq!(k(&done), k(&rehearsed), "what was foretold is what is left");
    let receipt = case.receipts().into_iter().find(|r| r["method"] == "anonymise").unwrap();
    assert!(case.receipts().iter().all(|r| r["columns"].as_array().unwrap().iter().all(|c| c["hits"] == 0)));
    assert_ne!(case.verified("case.dossier.zip")["result"], 1, "nothing is contradicted");
    receipt["crowd"].clone()
}

/// Born in two decades, in two cities: four classes of a hundred.
fn is_left(left: &[Vec<String>]) {
    let mut classes: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for row in left {
        let [name, mobile, born, city, email] = row.as_slice() else { panic!("{row:?}") };
        assert!(name.is_empty() && mobile == "000" && !email.contains("person"), "{row:?}");
        *classes.entry((born, city)).or_default() += 1;
    }
    let known = |(born, city): &(&str, &str)| ["1970-01-01", "1980-01-01"].contains(born) && ["上海市", "北京市"].contains(city);
    assert!(classes.keys().all(known) && classes.values().all(|n| *n >= 100), "{classes:?}");
}

fn cells(text: &str, separator: char) -> Vec<Vec<String>> {
    text.lines().filter(|l| !l.is_empty()).map(|l| l.split(separator).map(|c| c.replace("NULL", "")).collect()).collect()
}

const LEFT: &str = "SELECT name, mobile, born, city, email FROM client ORDER BY id";

#[test]
fn in_a_database_of_one_file() {
    let case = Case::new();
    std::fs::create_dir_all(case.folder.join("data")).unwrap();
    let db = rusqlite::Connection::open(case.folder.join("data/shop.db")).unwrap();
    db.execute_batch(&format!("{TABLE} INSERT INTO client VALUES {};", rows())).unwrap();
    // Every table may call something `id`: that leads to nobody.
    db.execute_batch("CREATE TABLE goods (id INTEGER, name TEXT); INSERT INTO goods VALUES (1, 'Tea');").unwrap();
    drop(db);
    case_of(&case, "{id: shop, kind: sqlite, path: data/shop.db}", "client", 500);
    case.planned();
    assert_eq!(case.fault(&["apply", "--dry-run"]), "below_k", "known before anybody signs");
    case.prepared();
    let before = std::fs::read(case.folder.join("data/shop.db")).unwrap();
    assert_eq!(case.fault(&["apply", "--dry-run"]), "below_k");
    assert_eq!(case.fault(&["apply"]), "below_k");
    assert_eq!(std::fs::read(case.folder.join("data/shop.db")).unwrap(), before, "nothing was changed");
    case_of(&case, "{id: shop, kind: sqlite, path: data/shop.db}", "client", 5);
    let crowd = anonymised(&case);
    assert!(crowd["k"].as_u64().unwrap() >= 100 && crowd["rows"] == PERSONS, "{crowd}");
    let db = rusqlite::Connection::open(case.folder.join("data/shop.db")).unwrap();
    let mut asked = db.prepare(LEFT).unwrap();
    let read = asked.query_map([], |r| (0..5).map(|i| Ok(r.get::<_, Option<String>>(i)?.unwrap_or_default())).collect());
    is_left(&read.unwrap().map(Result::unwrap).collect::<Vec<Vec<String>>>());
}

#[test]
fn in_a_file_of_lines() {
    let case = Case::new();
    let line = |n: usize| format!("{}\n", person(n).join(","));
    let lines: String = std::iter::once("name,mobile,born,city,email\n".to_owned()).chain((1..=PERSONS).map(line)).collect();
    std::fs::create_dir_all(case.folder.join("data")).unwrap();
    std::fs::write(case.folder.join("data/client.csv"), lines).unwrap();
    case_of(&case, "{id: shop, kind: delimited, path: data}", "client.csv", 5);
    let crowd = anonymised(&case);
    assert!(crowd["k"].as_u64().unwrap() >= 100 && crowd["classes"].as_u64().unwrap() <= 4, "{crowd}");
    let left = std::fs::read_to_string(case.folder.join("data/client.csv")).unwrap();
    is_left(&cells(left.split_once('\n').unwrap().1, ','));
}

#[test]
fn on_servers() {
    let (postgres, mariadb) = (Postgres::start(), Mariadb::start());
    postgres.sql("postgres", "CREATE DATABASE shop");
    postgres.sql("shop", &format!("{TABLE} INSERT INTO client VALUES {};", rows()));
    mariadb.sql(&format!("CREATE DATABASE shop; USE shop; {TABLE} INSERT INTO client VALUES {};", rows()));
    let (pg, my) = (postgres.url("custody", "shop"), mariadb.url("root", "shop"));
    let sources = [("postgresql", pg, postgres.data()), ("mariadb", my, mariadb.data())];
    for (kind, url, files) in sources {
        let case = Case::new();
        let source = format!("{{id: shop, kind: {kind}, path: \"{url}\", server: {{files: \"{}\"}}}}", files.display());
        case_of(&case, &source, "client", 5);
        let crowd = anonymised(&case);
        assert!(crowd["k"].as_u64().unwrap() >= 100 && crowd["rows"] == PERSONS, "{kind}: {crowd}");
    }
    is_left(&cells(&postgres.sql("shop", LEFT), '|'));
    is_left(&cells(&mariadb.sql(&format!("USE shop; {LEFT}")), '\t'));
}

#[test]
fn a_column_that_tells_persons_apart_is_never_passed_over() {
    let case = Case::new();
    std::fs::create_dir_all(case.folder.join("data")).unwrap();
    let db = rusqlite::Connection::open(case.folder.join("data/shop.db")).unwrap();
    db.execute_batch(&format!("{TABLE} INSERT INTO client VALUES {}; ALTER TABLE client ADD badge VARCHAR(20);", rows())).unwrap();
    db.execute_batch("UPDATE client SET badge = 'b' || id;").unwrap();
    drop(db);
    case_of(&case, "{id: shop, kind: sqlite, path: data/shop.db}", "client", 5);
    let text = std::fs::read_to_string(case.folder.join("case.yaml")).unwrap();
    case.write("case.yaml", text.replace("leave: {", "not_personal: {badge: a number of the till}, leave: {"));
    case.prepared();
    assert_eq!(case.fault(&["apply"]), "below_k", "the badge stays, and is another in each row");
}

/// A number to which another table refers leads to a person, whatever it is called there.
#[test]
fn a_key_that_another_table_holds_under_any_name_tells_persons_apart() {
    let others = [
        (
            "fapiao",
            "buyer_id",
            "CREATE TABLE fapiao (title TEXT, buyer_id INTEGER); INSERT INTO fapiao SELECT 'Fapiao', id * 3 FROM client WHERE id <= 100;",
        ),
        (
            "orders",
            "client",
            "CREATE TABLE orders (total INTEGER, client INTEGER); INSERT INTO orders SELECT 5, id * 3 FROM client WHERE id <= 100;",
        ),
        (
            "vip",
            "person_id",
            "CREATE TABLE vip (since TEXT, person_id INTEGER); INSERT INTO vip SELECT '2020-01-01', id * 7 FROM client WHERE id <= 5;",
        ),
        (
            "client_ext",
            "id",
            "CREATE TABLE client_ext (id INTEGER PRIMARY KEY, hue TEXT); INSERT INTO client_ext SELECT id, 'red' FROM client;",
        ),
        (
            "visits",
            "kunde",
            "CREATE TABLE visits (kunde INTEGER, hue TEXT); INSERT INTO visits SELECT id * 7, 'red' FROM client WHERE id <= 5;",
        ),
        ("passes", "who", "CREATE TABLE passes (who TEXT); INSERT INTO passes SELECT 'M-' || (id * 7) FROM client WHERE id <= 5;"),
        (
            "events",
            "body",
            "CREATE TABLE events (body TEXT); INSERT INTO events SELECT '{\"of\": ' || (id * 7) || '}' FROM client WHERE id <= 5;",
        ),
    ];
    let case = Case::new();
    std::fs::create_dir_all(case.folder.join("data")).unwrap();
    let db = rusqlite::Connection::open(case.folder.join("data/shop.db")).unwrap();
    db.execute_batch(&format!("{TABLE} INSERT INTO client VALUES {};", rows())).unwrap();
    case_of(&case, "{id: shop, kind: sqlite, path: data/shop.db}", "client", 5);
    case.planned();
    let text = std::fs::read_to_string(case.folder.join("case.yaml")).unwrap();
    let tried = || {
        case.ok(&["scan"]);
        String::from_utf8(case.run(&["apply", "--dry-run"]).stderr).unwrap()
    };
    for (table, column, sql) in others {
        db.execute_batch(sql).unwrap();
        let out = tried();
        assert!(out.contains("below_k") && out.contains(&format!("← {table}.{column}")), "{table}.{column}: {out}");
        // Who knows better says so.
        let said = format!("datasets:\n  - {{at: shop/{table}, class: none, why: goods alone, no_references: [{column}]}}\n");
        case.write("case.yaml", text.replace("datasets:\n", &said));
        case.ok(&["scan"]);
        let denied = case.json_any(&["apply", "--dry-run"]);
        assert!(denied["alike"].as_object().is_some_and(|all| all.len() == 1), "{table}.{column}: {denied:#}");
        case.write("case.yaml", &text);
        db.execute_batch(&format!("DROP TABLE {table}")).unwrap();
    }
    // One value says nothing, but the case file may say whose it is.
    db.execute_batch("CREATE TABLE memo (wem INTEGER, hue TEXT); INSERT INTO memo VALUES (7, 'red');").unwrap();
    assert!(!tried().contains("below_k"));
    let said = "datasets:\n  - {at: shop/memo, class: none, why: goods alone, owner: {column: wem, of: shop/client, key: id}}\n";
    case.write("case.yaml", text.replace("datasets:\n", said));
    assert!(tried().contains("below_k"));
}

/// A part of a key of several columns is no key: it tells rows apart like any other column.
#[test]
fn parts_of_a_key_tell_persons_apart() {
    let case = Case::new();
    std::fs::create_dir_all(case.folder.join("data")).unwrap();
    let db = rusqlite::Connection::open(case.folder.join("data/shop.db")).unwrap();
    db.execute_batch(&format!("{TABLE} INSERT INTO client VALUES {};", rows())).unwrap();
    db.execute_batch("CREATE TABLE two AS SELECT * FROM client; DROP TABLE client;").unwrap();
    let columns: String = db.query_row("SELECT group_concat(name || ' ' || type) FROM pragma_table_info('two')", [], |r| r.get(0)).unwrap();
    db.execute_batch(&format!(
        "CREATE TABLE client ({columns}, area INT, PRIMARY KEY (area, id)); INSERT INTO client SELECT *, id / 3 FROM two; DROP TABLE two;"
    ))
    .unwrap();
    case_of(&case, "{id: shop, kind: sqlite, path: data/shop.db}", "client", 5);
    case.planned();
    assert_eq!(case.fault(&["apply", "--dry-run"]), "below_k");
}

/// What rows are found by, and others refer to, is never written over.
#[test]
fn a_key_is_refused_before_anything_is_tried() {
    let case = Case::new();
    std::fs::create_dir_all(case.folder.join("data")).unwrap();
    let db = rusqlite::Connection::open(case.folder.join("data/shop.db")).unwrap();
    db.execute_batch(&format!("{TABLE} INSERT INTO client VALUES {};", rows())).unwrap();
    drop(db);
    case_of(&case, "{id: shop, kind: sqlite, path: data/shop.db}", "client", 5);
    let text = std::fs::read_to_string(case.folder.join("case.yaml")).unwrap();
    case.write("case.yaml", text.replace("contact: [name,", "contact: [id, name,").replace("leave: {name", "leave: {id: suppress, name"));
    case.answered();
    assert_eq!(case.run(&["plan"]).status.code(), Some(1), "the plan says it already");
    assert_eq!(case.run(&["approve", "--key", "keys/liquidator.key", "--yes"]).status.code(), Some(64), "nobody signs it");
    assert_eq!(case.fault(&["apply", "--dry-run"]), "key_column");
}
