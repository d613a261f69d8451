//! The main shape of what survives deletion in SQLite, on a few values: the figures that the rest of the page stands on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use testbed::residue::{Count, Figures, Measured, Page, Row, Sight, Store, written_into};

fn row<'a>(measured: &'a Measured, structure: &str) -> &'a Row {
    measured.rows.iter().find(|r| r.structure.starts_with(structure)).unwrap_or_else(|| panic!("no row {structure}"))
}

/// The figures of the three ways of deleting: `secure_delete` off, fast, on.
fn naive(row: &Row) -> Vec<&str> {
    let all: Vec<&str> = row.naive.split(" / ").collect();
    if all.len() == 1 { vec![all[0]; 3] } else { all }
}

#[test]
fn sqlite_keeps_what_was_deleted_until_the_recipe_runs() {
    let measured = Store::Sqlite.measure(300).unwrap();
    for structure in ["table, text", "index", "INTEGER", "REAL"] {
        let row = row(&measured, structure);
        assert_eq!(row.live, "300 of 300", "{structure}");
        assert_ne!(naive(row)[0], "0", "{structure}: off leaves values");
        assert_eq!(naive(row)[2], "0", "{structure}: on leaves none in the rows");
    }
    for structure in ["`sqlite_stat4`", "WAL", "rollback journal"] {
        assert!(naive(row(&measured, structure)).iter().all(|n| *n != "0"), "{structure}: no way of deleting reaches it");
    }
    let without = row(&measured, "`sqlite_stat4`, the recipe without");
    assert!(!without.recipe.starts_with('0'), "statistics that are not made anew stay");
    for row in measured.rows.iter().filter(|r| r.structure != without.structure) {
        assert!(row.recipe.starts_with('0'), "{}: {}", row.structure, row.recipe);
    }
    let reader = &measured.lookers[0];
    assert_eq!((reader.with_them, reader.after_them.found), (Count { found: 100, of: 100 }, 0));
}

#[test]
fn what_was_not_seen_while_it_was_there_is_no_figure() {
    let count = |found| vec![Count { found, of: 300 }];
    let figures = |live, kept| Figures { live: count(live), naive: count(0), recipe: count(0), kept: count(kept), seconds: 0.0 };
    assert!(Row::checked("heap", Sight::Whole, &figures(300, 300), "", "").is_ok());
    assert!(Row::checked("heap", Sight::Whole, &figures(0, 300), "", "").unwrap_err().starts_with("heap: not seen while it was there"));
    assert!(Row::checked("heap", Sight::Whole, &figures(300, 0), "", "").unwrap_err().starts_with("heap: what stays is not seen any more"));
    assert!(Row::checked("log", Sight::Later, &figures(300, 300), "", "").is_err());
    assert!(Row::checked("packed", Sight::Blind, &figures(0, 0), "", "").is_ok_and(|r| r.recipe.starts_with("0 (unseen)")));
}

#[test]
fn a_way_that_had_nothing_to_clean_is_no_figure() {
    let count = |found| Count { found, of: 300 };
    let row = Row::other_way("after nothing", count(300), count(20), 0.5).unwrap();
    assert_eq!((row.structure.as_str(), row.naive.as_str(), row.recipe.as_str()), ("… after nothing", "300 of 300", "20 of 300: 0.50 s"));
    assert!(Row::other_way("after nothing", count(0), count(0), 0.5).unwrap_err().contains("nothing there before it"));
}

#[test]
fn the_page_has_a_place_for_every_store() {
    let now = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/why/residue.md")).unwrap();
    let measured = Store::ALL.map(|store| nothing(store, &format!("{store:?} 0")));
    let new = written_into(&now, &Page::of(&measured, "today", &now)).unwrap();
    for store in Store::ALL {
        assert!(new.contains(&format!("today: {store:?} 0, by `cargo xtask residue`.")), "{store:?}");
    }
}

fn nothing(store: Store, version: &str) -> Measured {
    Measured { store, version: version.to_owned(), naive: String::new(), rows: vec![], lookers: vec![], notes: vec![] }
}

#[test]
fn a_run_on_one_store_leaves_the_tables_of_the_others() {
    let now = "before\n<!-- residue:sqlite -->\nold\n<!-- /residue:sqlite -->\n<!-- residue:lookers -->\n| SQLite | gone | | |\n| MariaDB | kept | | |\n\
               <!-- /residue:lookers -->\n<!-- residue:mariadb -->\nkept too\n<!-- /residue:mariadb -->\nafter\n";
    let new = written_into(now, &Page::of(&[nothing(Store::Sqlite, "SQLite 0")], "today", now)).unwrap();
    assert!(new.starts_with("before\n") && new.ends_with("after\n") && new.contains("today: SQLite 0"), "{new}");
    assert!(
        new.contains("| MariaDB | kept | | |")
            && new.contains("\nkept too\n")
            && !new.contains("\nold\n")
            && !new.contains("| SQLite | gone |"),
        "{new}"
    );
}
