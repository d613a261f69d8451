//! Data sets that hold nobody's data share towns and first names with persons: that is no remain, and nothing comes back by it. A number that points
//! to one person is a copy wherever it stands.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Case, day, head};

const READERS: usize = 300;

/// A newsletter, and a catalogue whose actors are called like some readers, and whose shops stand in their towns; `more` is done to it.
fn case_with(more: &str) -> Case {
    let case = Case::new();
    std::fs::create_dir(case.folder.join("data")).unwrap();
    // Letters alone: with digits a name would point to one person.
    let word = |n: usize| format!("{n:03}").bytes().map(|d| char::from(d - b'0' + b'a')).collect::<String>();
    let names = |n: usize| format!("'First{0}', 'Lastname{0}'", word(n));
    let reader = |n: usize| format!("({n}, {}, 'Longtown {}', '1{n:04}', '{}')", names(n), word(n), 13_500_000_000 + n * 7_919);
    let actor = |n: usize| format!("({n}, {})", names(n));
    let shop = |n: usize| format!("({n}, 'Longtown {}', '1{n:04}', 'open')", word(n));
    let list = |row: &dyn Fn(usize) -> String, most: usize| (0..most).map(row).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "CREATE TABLE reader (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, town TEXT, postcode TEXT, mobile TEXT);
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
             - {{at: shop/actor, class: none, why: actors of films}}\n  - {{at: shop/shop, class: none, why: our branches}}\nvault: {{holder: keys/epoch-key}}\n",
            head(&day(-90), &day(60))
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
    let case = case_with(&format!("UPDATE shop SET remark = 'ask {}' WHERE id = 7;", 13_500_000_000u64 + 7 * 7_919));
    let out = case.run(&["--json", "apply"]);
    let text = String::from_utf8(out.stdout).unwrap() + &String::from_utf8(out.stderr).unwrap();
    assert!(text.contains("values_remain"), "{text}");
}
