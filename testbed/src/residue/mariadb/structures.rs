//! Structures of a MariaDB server: tables to plant, sets to search for, and the rows of the page that they become.

use crate::residue::server::{Set, Structure, Table};
use crate::residue::{Sight, values};

const KEYED: &str = " PRIMARY KEY, v VARCHAR(80)";
const INDEXED: &str = " PRIMARY KEY, v VARCHAR(80), KEY (v)";

/// Longer than a page of 16 kB.
const LONG: std::ops::Range<usize> = 0..20_000;
const MIDDLE: std::ops::Range<usize> = 0..2_000;

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

/// With further words after the columns.
fn with(name: &'static str, columns: &str, words: &str, fields: fn(usize) -> String) -> Table {
    let table = Table::new(name, columns, fields);
    Table { create: format!("{} {words}", table.create), ..table }
}

pub fn tables() -> Vec<Table> {
    vec![
        Table::new("people", " PRIMARY KEY, v VARCHAR(80), w VARCHAR(80), j JSON, KEY (v)", |n| {
            let (v, w, j) = (values::text("second", n), values::text("first", n), values::text("json", n));
            format!("'{v}', '{w}', '{{\"mail\": \"{j}\"}}'")
        }),
        Table::new("nums", " PRIMARY KEY, b BIGINT, d DECIMAL(18, 0)", |n| {
            format!("{}, {}", values::number("bigint", n), values::number("decimal", n))
        }),
        Table::new("blobs", " PRIMARY KEY, v MEDIUMTEXT", |n| quoted(&values::hidden("blob", n, LONG))),
        with("packed_rows", " PRIMARY KEY, v TEXT", "ROW_FORMAT = COMPRESSED", |n| quoted(&values::repetitive("packrow", n, 300))),
        with("packed_pages", " PRIMARY KEY, v TEXT", "PAGE_COMPRESSED = 1", |n| quoted(&values::repetitive("packpage", n, 300))),
        Table::new("packed_column", " PRIMARY KEY, v TEXT COMPRESSED", |n| quoted(&values::repetitive("packcol", n, 300))),
        Table {
            after: "ALTER TABLE full_text ADD FULLTEXT (v)".to_owned(),
            ..Table::new("full_text", KEYED, |n| quoted(&values::word("fulltext", n)))
        },
        Table {
            delete: "ALTER TABLE dropped DROP COLUMN v, ALGORITHM = INSTANT".to_owned(),
            ..Table::new("dropped", " PRIMARY KEY, v VARCHAR(80), w INT DEFAULT 1", |n| format!("'{}', 1", values::text("dropped", n)))
        },
        with("myisam", INDEXED, "ENGINE = MyISAM", texts!("myisam")),
        with("myisam_long", " PRIMARY KEY, v TEXT", "ENGINE = MyISAM", |n| quoted(&values::hidden("mylong", n, MIDDLE))),
        with("aria", INDEXED, "ENGINE = Aria", texts!("aria")),
        Table { after: "ANALYZE TABLE known PERSISTENT FOR ALL".to_owned(), ..Table::new("known", KEYED, texts!("known")) },
        Table {
            after: "SET SESSION histogram_type = JSON_HB; ANALYZE TABLE known_json PERSISTENT FOR ALL".to_owned(),
            ..Table::new("known_json", KEYED, texts!("knownjson"))
        },
        // What the engine keeps for those who might still want the old version.
        Table {
            delete: "UPDATE undone SET v = 'other' WHERE id % 3 = 0; DELETE FROM undone WHERE id % 3 = 0".to_owned(),
            ..Table::new("undone", KEYED, texts!("undone"))
        },
        Table::new("logged", KEYED, texts!("logged")),
        Table::new("twice", " PRIMARY KEY, v VARCHAR(80), n INT", |n| format!("'{}', 0", values::text("twice", n))),
    ]
}

/// In a secondary index the row's key follows the text; in the table another column does.
fn second(n: usize) -> Vec<u8> {
    let key = u32::try_from(n).unwrap() | 1 << 31;
    [values::text("second", n).into_bytes(), key.to_be_bytes().to_vec()].concat()
}

pub fn sets() -> Vec<Set> {
    vec![
        needles!("first"),
        needles!("json"),
        Set { name: "second", needle: second, all_go: false },
        Set { name: "bigint", needle: |n| values::flipped(values::number("bigint", n)), all_go: false },
        Set { name: "decimal", needle: |n| values::nines(values::number("decimal", n)), all_go: false },
        needles!("blob"),
        needles!("packrow"),
        needles!("packpage"),
        needles!("packcol"),
        Set { name: "fulltext", needle: |n| values::word("fulltext", n).into_bytes(), all_go: false },
        Set { all_go: true, ..needles!("dropped") },
        needles!("myisam"),
        needles!("mylong"),
        needles!("aria"),
        needles!("known"),
        needles!("knownjson"),
        needles!("undone"),
        needles!("logged"),
        needles!("twice"),
        needles!("general"),
    ]
}

const L3: &str = "L3";

/// Most structures: cleaned by rewriting their table.
fn of(name: &'static str, set: &'static str, table: &str, places: &'static [&'static str], sight: Sight, shows: &'static str) -> Structure {
    Structure { name, set, places, sight, step: format!("optimise {table}"), how: "`OPTIMIZE`", shows }
}

/// Structures that a running server can be rid of.
pub fn structures() -> Vec<Structure> {
    use Sight::{Blind, Later, Passing, Share, Whole};
    let step = |name, set, places, sight, step: &str, how, shows| Structure { name, set, places, sight, step: step.to_owned(), how, shows };
    vec![
        of(
            "clustered index, text",
            "first",
            "people",
            &["people"],
            Whole,
            "L3, searched in the column's character set (UTF-8, UTF-16, UTF-32, GBK, GB18030, Big5, Latin-1)",
        ),
        of("clustered index, JSON", "json", "people", &["people"], Whole, L3),
        of("secondary index", "second", "people", &["people"], Whole, "L3; of an index over a prefix L2"),
        of("`BIGINT`, packed (big-endian, sign turned over)", "bigint", "nums", &["nums"], Whole, "L3; dates and reals packed too"),
        of("`DECIMAL`, packed (nine digits in four bytes)", "decimal", "nums", &["nums"], Whole, L3),
        of(
            "BLOB, TEXT outside the row (20 kB)",
            "blob",
            "blobs",
            &["blobs"],
            Whole,
            "L3 if the recall says so: a value may straddle two pages",
        ),
        of("`ROW_FORMAT=COMPRESSED`", "packrow", "packed_rows", &["packed_rows"], Blind, "L2"),
        of("`PAGE_COMPRESSED`", "packpage", "packed_pages", &["packed_pages"], Blind, "L2"),
        of("`COMPRESSED` column, table and redo log", "packcol", "packed_column", &["packed_column", "ib_logfile0"], Blind, "L2"),
        step(
            "`COMPRESSED` column, binary log (statements are written beside the rows)",
            "packcol",
            &["binlog"],
            Passing,
            "binary log",
            "as below",
            "L2 with its column",
        ),
        of(FULL_TEXT, "fulltext", "full_text", &["fulltext"], Whole, L3),
        of("instant DROP COLUMN", "dropped", "dropped", &["dropped"], Whole, L3),
        of("MyISAM data, short rows", "myisam", "myisam", &["myisam.MYD"], Whole, L3),
        of("MyISAM data, rows of 2 kB", "mylong", "myisam_long", &["myisam_long.MYD"], Whole, L3),
        of("MyISAM index", "myisam", "myisam", &["myisam.MYI"], Blind, "indexed columns L2"),
        of("Aria data", "aria", "aria", &["aria.MAD"], Whole, L3),
        of("Aria index", "aria", "aria", &["aria.MAI"], Blind, "indexed columns L2"),
        step(DOUBLEWRITE, "twice", &["doublewrite"], Passing, "write over", FILLER, "searched"),
        step(UNDO, "undone", &["ibdata1"], Later, "write over", FILLER, "searched"),
        step("redo log", "logged", &["ib_logfile0"], Passing, "redo", "another `innodb_log_file_size`, online", L3),
        step(
            "binary log, `FULL` row images",
            "logged",
            &["binlog"],
            Passing,
            "binary log",
            "`FLUSH` and `PURGE BINARY LOGS`",
            "L3; outside of the data directory it counts as unread, and all stays at L2",
        ),
        step(COLUMN_STATS, "known", &["column_stats"], Share, "statistics", STATISTICS, L3),
        step(
            "`mysql.column_stats`, `JSON_HB` histograms",
            "knownjson",
            &["column_stats"],
            Share,
            "statistics",
            STATISTICS,
            "L3 if the recall says so",
        ),
        step(
            "general log",
            "general",
            &["general"],
            Passing,
            "general log",
            "off, overwritten in place, emptied",
            "L3 where it lies in the data directory and can be written from here: the purge does the same",
        ),
    ]
}

/// What needs a stop.
pub fn stopped() -> Structure {
    Structure {
        name: "`aria_log.*`",
        set: "aria",
        places: &["aria_log"],
        sight: Sight::Share,
        step: "aria log".to_owned(),
        how: "removed while the server is stopped cleanly",
        shows: "the purge cycles it instead (small files, quick checkpoints, 32 MB of rows of its own); what is left makes the step fail",
    }
}

pub const COLUMN_STATS: &str = "`mysql.column_stats`";
pub const DOUBLEWRITE: &str = "doublewrite buffer (in `ibdata1`)";
pub const FULL_TEXT: &str = "full-text auxiliary tables";
pub const UNDO: &str = "undo (in `ibdata1`), of rows changed and deleted beside an old read view that ended since";
const FILLER: &str = "8 MB of existing pages updated eight times";
const STATISTICS: &str = "its rows deleted, `OPTIMIZE`";
