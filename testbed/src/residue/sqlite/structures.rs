//! Structures of a SQLite file: how each is planted, what of it is searched for, and what deletes it.

use crate::residue::{Sight, values};

/// Where a structure's values are counted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The database file, and the journals beside it.
    Files,
    /// The pages of `sqlite_stat4`; after the recipe, all files.
    Statistics,
    /// The file beside the database with this ending.
    Beside(&'static str),
    /// What `fts5vocab` lists.
    Vocabulary,
}

/// What is stored in a row.
#[derive(Clone, Copy)]
pub enum Value {
    Text,
    Word,
    Long,
    Integer,
    Real,
}

pub struct Structure {
    pub name: &'static str,
    /// Before anything else: settings of the file.
    pub settings: &'static str,
    /// Makes table `t`, and the indexes that are there from the beginning.
    pub create: &'static str,
    /// Takes the row's number and its value.
    pub insert: &'static str,
    pub value: Value,
    /// After the rows are in.
    pub after: &'static str,
    pub needle: fn(usize) -> Vec<u8>,
    pub delete: &'static str,
    /// All values go, not every third.
    pub all_go: bool,
    /// Before VACUUM, and how that is called.
    pub recipe: &'static str,
    pub how: &'static str,
    pub place: Place,
    pub sight: Sight,
    pub shows: &'static str,
}

/// Values of all structures come from one tag: each structure has a file of its own.
pub const TAG: &str = "sq";
/// Row numbers begin here, so that each takes two bytes.
pub const FIRST: usize = 3_000;

const PLAIN: Structure = Structure {
    name: "table, text",
    settings: "PRAGMA journal_mode = WAL",
    create: "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, note TEXT)",
    insert: "INSERT INTO t VALUES (?1, ?2, 'note ' || ?1)",
    value: Value::Text,
    after: "",
    needle: text,
    delete: "DELETE FROM t WHERE id % 3 = 0",
    all_go: false,
    recipe: "",
    how: "",
    place: Place::Files,
    sight: Sight::Whole,
    shows: "L3",
};

pub fn all() -> Vec<Structure> {
    vec![
        PLAIN,
        Structure { name: "index", after: "CREATE INDEX i ON t (v)", needle: indexed, ..PLAIN },
        Structure {
            name: "`WITHOUT ROWID`",
            create: "CREATE TABLE t (v TEXT PRIMARY KEY, id INTEGER, note TEXT) WITHOUT ROWID",
            insert: "INSERT INTO t VALUES (?2, ?1, 'note ' || ?1)",
            ..PLAIN
        },
        Structure { name: "expression index", after: "CREATE INDEX i ON t (upper(v))", needle: upper, ..PLAIN },
        Structure {
            name: "generated column, stored",
            create: "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, g TEXT AS (upper(v)) STORED)",
            insert: "INSERT INTO t (id, v) VALUES (?1, ?2)",
            needle: upper,
            ..PLAIN
        },
        Structure { name: "JSONB", insert: "INSERT INTO t VALUES (?1, jsonb(json_object('mail', ?2)), '')", ..PLAIN },
        Structure {
            name: "INTEGER, packed (big-endian, 1 to 8 bytes)",
            create: "CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER, note TEXT)",
            value: Value::Integer,
            needle: six,
            ..PLAIN
        },
        Structure {
            name: "REAL that holds whole numbers, packed as integer",
            create: "CREATE TABLE t (id INTEGER PRIMARY KEY, v REAL, note TEXT)",
            value: Value::Real,
            needle: six,
            ..PLAIN
        },
        Structure {
            name: "overflow pages (texts of 16 kB)",
            value: Value::Long,
            shows: "L3 if the recall says so: a value may straddle two pages",
            ..PLAIN
        },
        Structure { name: "dropped column", delete: "ALTER TABLE t DROP COLUMN v", all_go: true, shows: SEARCHED, ..PLAIN },
        Structure {
            name: "FTS5 with content",
            create: "CREATE VIRTUAL TABLE t USING fts5 (v)",
            insert: "INSERT INTO t (rowid, v) VALUES (?1, ?2)",
            delete: "DELETE FROM t WHERE rowid % 3 = 0",
            recipe: OPTIMIZE,
            how: "`optimize` first",
            shows: L2_WORDS,
            ..PLAIN
        },
        Structure {
            name: "FTS5 with content, its own `secure-delete` on",
            create: "CREATE VIRTUAL TABLE t USING fts5 (v); INSERT INTO t (t, rank) VALUES ('secure-delete', 1)",
            insert: "INSERT INTO t (rowid, v) VALUES (?1, ?2)",
            delete: "DELETE FROM t WHERE rowid % 3 = 0",
            recipe: OPTIMIZE,
            how: "`optimize` first",
            shows: L2_WORDS,
            ..PLAIN
        },
        Structure { name: "FTS5 index without content", ..contentless() },
        Structure { name: "the same, asked of `fts5vocab`", place: Place::Vocabulary, sight: Sight::Whole, ..contentless() },
        Structure {
            name: "`sqlite_stat4`",
            after: "CREATE INDEX i ON t (v); ANALYZE",
            needle: indexed,
            recipe: "ANALYZE",
            how: "`ANALYZE` first",
            place: Place::Statistics,
            sight: Sight::Share,
            ..PLAIN
        },
        Structure {
            name: "`sqlite_stat4`, the recipe without `ANALYZE`",
            after: "CREATE INDEX i ON t (v); ANALYZE",
            needle: indexed,
            place: Place::Statistics,
            sight: Sight::Share,
            shows: "",
            ..PLAIN
        },
        Structure { name: "WAL", place: Place::Beside("-wal"), shows: SEARCHED, ..PLAIN },
        Structure {
            name: "rollback journal, `journal_mode = persist`",
            settings: "PRAGMA journal_mode = PERSIST",
            delete: "DELETE FROM t WHERE id % 3 = 0",
            place: Place::Beside("-journal"),
            sight: Sight::Later,
            shows: SEARCHED,
            ..PLAIN
        },
        Structure { name: "`auto_vacuum = full`", settings: "PRAGMA auto_vacuum = FULL; PRAGMA journal_mode = WAL", ..PLAIN },
        Structure {
            name: "`auto_vacuum = incremental`",
            settings: "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL",
            delete: "DELETE FROM t WHERE id % 3 = 0; PRAGMA incremental_vacuum",
            ..PLAIN
        },
    ]
}

const SEARCHED: &str = "searched with the file";
const OPTIMIZE: &str = "INSERT INTO t (t) VALUES ('optimize')";
const L2_WORDS: &str = "L2: its words lie in pieces that the search does not see, so the columns that it is over stay there";

fn contentless() -> Structure {
    Structure {
        create: "CREATE VIRTUAL TABLE t USING fts5 (v, content = '', contentless_delete = 1)",
        insert: "INSERT INTO t (rowid, v) VALUES (?1, ?2)",
        value: Value::Word,
        needle: word,
        delete: "DELETE FROM t WHERE rowid % 3 = 0",
        recipe: OPTIMIZE,
        how: "`optimize` first",
        sight: Sight::Blind,
        shows: L2_WORDS,
        ..PLAIN
    }
}

fn text(n: usize) -> Vec<u8> {
    values::text(TAG, n).into_bytes()
}

fn upper(n: usize) -> Vec<u8> {
    values::text(TAG, n).to_uppercase().into_bytes()
}

fn word(n: usize) -> Vec<u8> {
    values::word(TAG, n).into_bytes()
}

fn six(n: usize) -> Vec<u8> {
    values::six(values::number(TAG, n))
}

/// In an index the row's number follows the text; in the table something else does.
fn indexed(n: usize) -> Vec<u8> {
    let row = u16::try_from(n).unwrap();
    [text(n), row.to_be_bytes().to_vec()].concat()
}
