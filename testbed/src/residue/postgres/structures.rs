//! Structures of a PostgreSQL server: tables to plant, sets to search for, and the rows of the page that they become.

use crate::residue::server::{Set, Structure, Table};
use crate::residue::{Sight, values};

/// Rows of fewer bytes stay in the page; these go out of it.
const LONG: std::ops::Range<usize> = 0..12_000;
const SHORT_LONG: std::ops::Range<usize> = 0..6_000;

fn quoted(text: &str) -> String {
    format!("'{text}'")
}

macro_rules! texts {
    ($tag:literal) => {
        |n| quoted(&values::text($tag, n))
    };
}

macro_rules! needles {
    ($name:literal) => {
        Set { name: $name, needle: |n| values::text($name, n).into_bytes(), all_go: false }
    };
}

pub fn tables() -> Vec<Table> {
    let text = ", v TEXT";
    vec![
        Table {
            after: "CREATE INDEX heap_v ON heap (v)".to_owned(),
            ..Table::new("heap", ", v TEXT, a TEXT[], j JSONB", |n| {
                let (v, a, j) = (values::text("heap", n), values::text("array", n), values::text("jsonb", n));
                format!("'{v}', ARRAY['{a}', 'x'], '{{\"mail\": \"{j}\"}}'")
            })
        },
        Table::new("nums", ", b BIGINT, d NUMERIC", |n| format!("{}, {}", values::number("bigint", n), values::number("numeric", n))),
        Table {
            after: "CREATE INDEX gin_j ON gin USING gin (j); CREATE INDEX gin_w ON gin USING gin (to_tsvector('simple', w))".to_owned(),
            ..Table::new("gin", ", j JSONB, w TEXT", |n| {
                format!("'{{\"mail\": \"{}\"}}', '{}'", values::text("ginj", n), values::word("ginw", n))
            })
        },
        Table {
            after: "CREATE INDEX lean_trigram ON lean USING gin (v gin_trgm_ops); CREATE INDEX lean_hash ON lean USING hash (v); \
                    CREATE INDEX lean_brin ON lean USING brin (v)"
                .to_owned(),
            ..Table::new("lean", text, texts!("lean"))
        },
        Table::new("pglz_in", text, |n| quoted(&values::repetitive("pglzin", n, 3_000))),
        Table::new("pglz_out", text, |n| quoted(&values::hidden("pglzout", n, LONG))),
        Table::new("lz4_out", ", v TEXT COMPRESSION lz4", |n| quoted(&values::hidden("lz4", n, LONG))),
        Table {
            create: "CREATE TABLE external (id INT, v TEXT); ALTER TABLE external ALTER v SET STORAGE EXTERNAL".to_owned(),
            ..Table::new("external", text, |n| quoted(&values::hidden("external", n, SHORT_LONG)))
        },
        Table { delete: "ALTER TABLE dropped DROP COLUMN v".to_owned(), ..Table::new("dropped", text, texts!("dropped")) },
        Table { create: "CREATE UNLOGGED TABLE unlogged (id INT, v TEXT)".to_owned(), ..Table::new("unlogged", text, texts!("unlogged")) },
        Table { after: "CREATE MATERIALIZED VIEW view AS SELECT v FROM base".to_owned(), ..Table::new("base", text, texts!("base")) },
        Table {
            delete: "SELECT count(lo_unlink(o)) FROM large WHERE id % 3 = 0".to_owned(),
            ..Table::new("large", ", o OID", |n| format!("lo_from_bytea(0, '{}')", values::text("large", n)))
        },
        Table {
            delete: "SELECT count(lo_unlink(o)) FROM repeated WHERE id % 3 = 0".to_owned(),
            ..Table::new("repeated", ", o OID", |n| format!("lo_from_bytea(0, '{}')", values::repetitive("repeated", n, 4_000)))
        },
        Table { after: "ANALYZE known".to_owned(), ..Table::new("known", text, |n| quoted(&values::brief("known", n))) },
        Table { after: "ANALYZE wide".to_owned(), ..Table::new("wide", text, texts!("wide")) },
        Table {
            after: "ANALYZE emptied".to_owned(),
            delete: "DELETE FROM emptied".to_owned(),
            ..Table::new("emptied", text, |n| quoted(&values::brief("emptied", n)))
        },
        // Last, so that nothing comes after it in the log.
        Table::new("logged", text, texts!("logged")),
    ]
}

pub fn sets() -> Vec<Set> {
    vec![
        needles!("heap"),
        needles!("array"),
        needles!("jsonb"),
        Set { name: "bigint", needle: |n| values::little(values::number("bigint", n)), all_go: false },
        Set { name: "numeric", needle: |n| values::groups_of_four(values::number("numeric", n)), all_go: false },
        Set { name: "digits", needle: |n| values::number("bigint", n).to_string().into_bytes(), all_go: false },
        needles!("ginj"),
        Set { name: "ginw", needle: |n| values::word("ginw", n).into_bytes(), all_go: false },
        needles!("lean"),
        needles!("pglzin"),
        needles!("pglzout"),
        needles!("lz4"),
        needles!("external"),
        Set { all_go: true, ..needles!("dropped") },
        needles!("unlogged"),
        needles!("base"),
        needles!("large"),
        needles!("repeated"),
        Set { name: "known", needle: |n| values::brief("known", n).into_bytes(), all_go: false },
        needles!("wide"),
        Set { name: "emptied", needle: |n| values::brief("emptied", n).into_bytes(), all_go: true },
        needles!("logged"),
        needles!("counted"),
        needles!("failing"),
    ]
}

const FULL: &str = "`VACUUM FULL`";
const L3: &str = "L3";
const NOTHING_ASKED: &str = "nothing is asked of them";

/// Most structures: cleaned by rewriting their table.
fn of(name: &'static str, set: &'static str, table: &str, places: &'static [&'static str], sight: Sight, shows: &'static str) -> Structure {
    Structure { name, set, places, sight, step: format!("full {table}"), how: FULL, shows }
}

pub fn structures(statements: bool) -> Vec<Structure> {
    use Sight::{Blind, Passing, Share, Whole};
    let mut out = vec![
        of("heap: text", "heap", "heap", &["heap"], Whole, L3),
        of("heap: array of texts", "array", "heap", &["heap"], Whole, L3),
        of("heap: small JSONB", "jsonb", "heap", &["heap"], Whole, L3),
        of(
            "`bigint`, packed",
            "bigint",
            "nums",
            &["nums"],
            Whole,
            "L3; so are reals, dates, timestamps and `uuid`, searched as the server packs them. Types that are not packed here (`inet`, ranges, …): L2",
        ),
        of("`numeric`, packed", "numeric", "nums", &["nums"], Whole, L3),
        of("`bigint`, searched for as digits", "digits", "nums", &["nums"], Blind, "not searched so"),
        of("B-tree", "heap", "heap", &["heap_v"], Whole, L3),
        of("GIN, `jsonb_ops`", "ginj", "gin", &["gin_j"], Whole, L3),
        of("GIN, `tsvector`", "ginw", "gin", &["gin_w"], Whole, L3),
        of("trigram, hash", "lean", "lean", &["lean_trigram", "lean_hash"], Blind, NOTHING_ASKED),
        of("BRIN: minima and maxima", "lean", "lean", &["lean_brin"], Share, NOTHING_ASKED),
        of("pglz in the row", "pglzin", "pglz_in", &["pglz_in"], Blind, "L3: Custody's search unpacks it"),
        of("pglz outside the row (TOAST)", "pglzout", "pglz_out", &["pglz_out"], Blind, "L3: the same, pieces joined"),
        of("lz4 outside the row", "lz4", "lz4_out", &["lz4_out"], Whole, "L3: pieces joined"),
        of("TOAST `EXTERNAL`", "external", "external", &["external"], Whole, "L3 if the recall says so: a value may straddle two chunks"),
        of("dropped column", "dropped", "dropped", &["dropped"], Whole, L3),
        of(
            "unlogged table, after a clean restart",
            "unlogged",
            "unlogged",
            &["unlogged"],
            Whole,
            "L2, unless the server was restarted cleanly before the order",
        ),
        Structure {
            step: "refresh".to_owned(),
            how: "`REFRESH`",
            ..of("materialised view", "base", "", &["view"], Whole, "searched with the other tables")
        },
        Structure {
            step: "full large".to_owned(),
            how: "`VACUUM FULL pg_largeobject`",
            ..of("large objects, short", "large", "", &["pg_largeobject"], Whole, "L3 if the recall says so")
        },
        Structure {
            step: "full large".to_owned(),
            how: "`VACUUM FULL pg_largeobject`",
            ..of("large objects, repetitive, 4 kB", "repeated", "", &["pg_largeobject"], Blind, "L2, as the recall says")
        },
    ];
    let statistics =
        |name, set, sight, how, shows| Structure { name, set, places: &["pg_statistic"], sight, step: "statistics".to_owned(), how, shows };
    out.extend([
        statistics("`pg_statistic`, short texts", "known", Share, "`ANALYZE`, `VACUUM FULL pg_statistic`", L3),
        statistics(
            "`pg_statistic`, longer texts",
            "wide",
            Blind,
            "the same",
            "lists long enough to be packed (the e-mails of a large table): unpacked by Custody's search",
        ),
        statistics("`pg_statistic` of a table that was emptied", "emptied", Share, "its columns given their own types again, the same", L3),
    ]);
    let log = |name, set, sight, shows| Structure {
        name,
        set,
        places: &["pg_wal"],
        sight,
        step: "log".to_owned(),
        how: "no recycling, three times `pg_switch_wal` and `CHECKPOINT`",
        shows,
    };
    out.extend([
        log("write-ahead log, texts", "logged", Passing, "L3: its pages are read a second time without their headers"),
        log("write-ahead log, what is packed", "pglzout", Blind, "unpacked by Custody's search"),
    ]);
    if statements {
        out.push(Structure {
            name: "`pg_stat_statements`, texts of `DO`",
            set: "counted",
            places: &["pg_stat_tmp", "pg_stat"],
            sight: Sight::Share,
            step: "statements".to_owned(),
            how: "`pg_stat_statements_reset()`",
            shows: L3,
        });
    }
    out.push(Structure {
        name: "server log, failing statements",
        set: "failing",
        places: &["log"],
        sight: Sight::Share,
        step: "server log".to_owned(),
        how: "overwritten in place, emptied",
        shows: "L3 where it lies in the data directory and can be written from here: the purge does the same; elsewhere it is not looked at",
    });
    out
}
