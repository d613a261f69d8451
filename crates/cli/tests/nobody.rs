//! Data sets that hold nobody's data share towns and first names with persons: that is no remain, and nothing comes back by it. A number that points
//! to one person is a copy wherever it stands.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Case, day, head};

const READERS: usize = 300;

fn mobile(n: usize) -> u64 {
    13_500_000_000 + n as u64 * 7_919
}

/// A newsletter, and a catalogue whose actors are called like some readers, and whose shops stand in their towns; `more` is done to it.
fn case_with(more: &str) -> Case {
    case_of("TEXT", more)
}

/// The same with mobile numbers of a type.
fn case_of(numbers: &str, more: &str) -> Case {
    let case = Case::new();
    std::fs::create_dir(case.folder.join("data")).unwrap();
    // Letters alone: with digits a name would point to one person.
    let word = |n: usize| format!("{n:03}").bytes().map(|d| char::from(d - b'0' + b'a')).collect::<String>();
    let names = |n: usize| format!("'First{0}', 'Lastname{0}'", word(n));
    let reader = |n: usize| format!("({n}, {}, 'Longtown {}', '1{n:04}', '{}')", names(n), word(n), mobile(n));
    let actor = |n: usize| format!("({n}, {})", names(n));
    let shop = |n: usize| format!("({n}, 'Longtown {}', '1{n:04}', 'open')", word(n));
    let list = |row: &dyn Fn(usize) -> String, most: usize| (0..most).map(row).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "CREATE TABLE reader (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, town TEXT, postcode TEXT, mobile {numbers});
         CREATE TABLE actor (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT);
         CREATE TABLE shop (id INTEGER PRIMARY KEY, town TEXT, postcode TEXT, remark TEXT);
         INSERT INTO reader VALUES {}; INSERT INTO actor VALUES {}; INSERT INTO shop VALUES {}; {more}",
        list(&reader, READERS),
        list(&actor, 40),
        list(&shop, 60)
    );
    rusqlite::Connection::open(case.folder.join("data/shop.db")).unwrap().execute_batch(&sql).unwrap();
    case.write(
        "case.yaml",
        format!(
            "{}sources: [{{id: shop, kind: sqlite, path: data/shop.db}}]\ndatasets:\n  \
             - {{at: shop/reader, class: marketing_list, groups: {{contact: [first_name, last_name, town, postcode, mobile]}}}}\n  \
             - {{at: shop/actor, class: none, why: actors of films}}\n  - {{at: shop/shop, class: none, why: our branches}}\n{}vault: {{holder: keys/epoch-key}}\n",
            head(&day(-90), &day(60)),
            if more.contains("copy_") { "  - {at: \"shop/copy*\", class: none, why: whatever}\n" } else { "" }
        ),
    );
    case.prepared();
    case
}

#[test]
fn names_and_towns_of_nobody_are_no_remains() {
    let case = case_with("");
    let done = case.json(&["apply"]);
    assert_eq!((&done["done"][0]["rows_done"], &done["done"][0]["level"]), (&READERS.into(), &"L3".into()), "{done:#}");
    let again = case.json(&["recheck"]);
    assert!(again["rechecked"].as_array().unwrap().iter().all(|r| r["in_cells"] == 0 && r["in_files"] == 0), "{again:#}");
    assert_ne!(case.verified("case.dossier.zip")["result"], 1, "nothing is contradicted");
}

#[test]
fn a_number_that_points_to_one_person_is_a_copy_all_the_same() {
    let case = case_with(&format!("UPDATE shop SET remark = 'ask {}' WHERE id = 7;", mobile(7)));
    assert_eq!(case.fault(&["apply"]), "values_remain");
}

/// A number as text, whole, real, in escapes, in a packed file: each is a copy of another reader's, whatever form the reader's own has.
#[test]
fn a_copy_in_any_form_is_a_copy() {
    let gz = |text: &str| {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut out, text.as_bytes()).unwrap();
        out.finish().unwrap().iter().map(|b| format!("{b:02x}")).collect::<String>()
    };
    for numbers in ["TEXT", "INTEGER"] {
        let case = case_of(
            numbers,
            &format!(
                "CREATE TABLE copy_text (x TEXT); INSERT INTO copy_text VALUES ('call {} x');
                 CREATE TABLE copy_whole (x INTEGER); INSERT INTO copy_whole VALUES ({});
                 CREATE TABLE copy_real (x REAL); INSERT INTO copy_real VALUES ({}.0);
                 CREATE TABLE copy_escaped (x TEXT); INSERT INTO copy_escaped VALUES ('{{\"to\": \"\\u0031{}\"}}');
                 CREATE TABLE copy_grouped (x TEXT); INSERT INTO copy_grouped VALUES ('{}');
                 CREATE TABLE copy_packed (x BLOB); INSERT INTO copy_packed VALUES (x'{}');",
                mobile(1),
                mobile(2),
                mobile(3),
                &mobile(4).to_string()[1..],
                mobile(6).to_string().as_bytes().chunks(4).map(|c| std::str::from_utf8(c).unwrap()).collect::<Vec<_>>().join(" "),
                gz(&format!("call {} x", mobile(5)))
            ),
        );
        let out = case.run(&["--json", "apply"]);
        let said: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
        assert_eq!(said["error"]["code"], "values_remain", "{numbers}: {said:#}");
        assert_eq!(said["error"]["args"]["values"], "6", "{numbers}: {said:#}");
        // Each by the place of its table.
        let named = |place: &str| case.json(&["places", place])["places"][0]["name"].as_str().unwrap().to_owned();
        let places = said["error"]["args"]["structures"].as_str().unwrap().split(", ");
        let tables: Vec<String> = places.filter(|p| p.starts_with("src1/t")).map(named).collect();
        for table in ["copy_text", "copy_whole", "copy_real", "copy_escaped", "copy_grouped", "copy_packed"] {
            assert!(tables.iter().any(|t| t == table), "{numbers} {table}: {said:#}");
        }
    }
}

#[test]
fn a_number_inside_a_text_that_nobody_decided_on_is_a_copy_and_inside_one_that_stays_it_is_counted() {
    let rows: Vec<String> = (0..300).map(|n| format!("({n}, {}, 'x{}y')", mobile(n), mobile(n))).collect();
    let case_of = |groups: &str| {
        let case = Case::new();
        std::fs::create_dir(case.folder.join("data")).unwrap();
        let sql = format!(
            "CREATE TABLE invoice (id INTEGER PRIMARY KEY, mobile TEXT, remark TEXT); INSERT INTO invoice VALUES {}",
            rows.join(", ")
        );
        rusqlite::Connection::open(case.folder.join("data/shop.db")).unwrap().execute_batch(&sql).unwrap();
        case.write(
            "case.yaml",
            format!(
                "{}sources: [{{id: shop, kind: sqlite, path: data/shop.db}}]\ndatasets:\n  - {{at: shop/invoice, class: voucher, groups: {groups}}}\nvault: {{holder: keys/epoch-key}}\n",
                head(&day(-90), &day(60))
            ),
        );
        case.prepared();
        let said: serde_json::Value = serde_json::from_slice(&case.run(&["--json", "apply"]).stdout).unwrap();
        (case, said)
    };
    let (_, said) = case_of("{contact: [mobile]}, not_personal: {remark: shelf marks}");
    assert_eq!((&said["error"]["code"], &said["error"]["args"]["values"]), (&"values_remain".into(), &"300".into()), "{said:#}");
    let (case, said) = case_of("{contact: [mobile], voucher: [remark]}");
    assert_eq!(said["error"], serde_json::Value::Null, "{said:#}");
    let again = case.json(&["remains"]);
    assert_eq!(again["rechecked"][0]["lawfully_present"], 300, "{again:#}");
}

#[test]
fn what_stays_lawfully_is_no_copy_of_itself_otherwise_written() {
    // Each voucher has the mail of a member, in one way or another.
    let at = ["@", "%40", "&#64;", "\\u0040", "=40"];
    let case = Case::new();
    let rows = |head: &str, at: &[&str]| {
        let row = |n: usize| format!("A{n},Member.{n}{}Example.com\n", at[n % at.len()]);
        format!("{head}\n{}", (0..100).map(row).collect::<String>())
    };
    case.write("data/members.csv", rows("name,email", &["@"]));
    case.write("data/vouchers.csv", rows("no,email", &at));
    case.write(
        "case.yaml",
        format!(
            "{}sources:\n  - {{id: share, kind: files, path: data}}\ndatasets:\n  - {{at: share/members.csv, class: marketing_list}}\n  \
             - {{at: share/vouchers.csv, class: voucher, groups: {{voucher: [no, email]}}}}\nvault: {{holder: keys/epoch-key}}\n",
            head(&day(-90), &day(60))
        ),
    );
    case.prepared();
    let said: serde_json::Value = serde_json::from_slice(&case.run(&["--json", "apply"]).stdout).unwrap();
    assert_eq!((&said["error"], &said["done"][0]["level"]), (&serde_json::Value::Null, &"L3".into()), "{said:#}");
}
