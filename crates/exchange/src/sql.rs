//! SQL that somebody else runs: identifiers and values quoted for each dialect, in batches of keys, each batch a transaction that says what it did.

mod purge;

pub use purge::{PURGED, purge, steps_told};

/// A dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite 3.
    Sqlite,
    /// PostgreSQL.
    Postgresql,
    /// MySQL and MariaDB.
    Mysql,
    /// Microsoft SQL Server.
    Sqlserver,
}

impl Dialect {
    /// Words on the command line.
    pub const WORDS: [(&'static str, Dialect); 4] =
        [("sqlite", Dialect::Sqlite), ("postgresql", Dialect::Postgresql), ("mysql", Dialect::Mysql), ("sqlserver", Dialect::Sqlserver)];

    /// The one of that word.
    pub fn of_word(word: &str) -> Option<Dialect> {
        Dialect::WORDS.iter().find(|(w, _)| *w == word).map(|(_, d)| *d)
    }

    /// A quoted identifier, whole: a dot in it is a character like others, and the schema is whichever its reader set.
    pub fn name(self, name: &str) -> String {
        let (open, close) = match self {
            Dialect::Mysql => ('`', '`'),
            Dialect::Sqlserver => ('[', ']'),
            _ => ('"', '"'),
        };
        let doubled = |part: &str| part.replace(close, &format!("{close}{close}"));
        format!("{open}{}{close}", doubled(name))
    }

    /// A quoted text.
    pub fn text(self, text: &str) -> String {
        let doubled = text.replace('\'', "''");
        let escaped = || doubled.replace('\\', "\\\\").replace('\r', "\\r").replace('\n', "\\n");
        match self {
            Dialect::Mysql => format!("'{}'", escaped()),
            // Escapes, said to be such: what stands in `standard_conforming_strings` does not matter.
            Dialect::Postgresql if doubled.contains(['\\', '\r', '\n']) => format!("E'{}'", escaped()),
            Dialect::Postgresql => format!("'{doubled}'"),
            // Shells change the ends of lines inside a text, and sqlcmd puts variables in.
            Dialect::Sqlserver => {
                let parts = doubled.replace('\r', "'+NCHAR(13)+N'").replace('\n', "'+NCHAR(10)+N'").replace("$(", "$'+N'(");
                format!("N'{parts}'")
            }
            Dialect::Sqlite => format!("'{}'", doubled.replace('\r', "'||char(13)||'").replace('\n', "'||char(10)||'")),
        }
    }
}

/// What a column holds after erasing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blanked {
    /// Null.
    Null,
    /// A text.
    Text(String),
    /// A number, as it is written.
    Number(String),
}

/// What is done to the rows of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasing {
    /// The item of the plan.
    pub item: String,
    /// The key column.
    pub key: String,
    /// Rows: their keys, and what their columns hold afterwards; no columns: the row goes.
    pub rows: Vec<(Key, Vec<(String, Blanked)>)>,
    /// The table.
    pub table: String,
}

/// A key of a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
}

/// What one batch is expected to touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its number, from 1.
    pub number: u64,
    /// Rows.
    pub rows: u64,
}

/// The word with which every line of output begins that goes back.
pub const MARK: &str = "custody";

/// The dry run and the script, with the batches that both have; `errand` names the script in its output.
pub fn scripts(dialect: Dialect, errand: &str, of: &[Erasing], batch_rows: usize) -> (String, String, Vec<Batch>) {
    let head = |what: &str| format!("-- {errand}: {what}\n-- Run it whole and unchanged; send the whole output back.\n");
    let mut dry = head("dry run, changes nothing");
    let mut script = head("erases; run the dry run first and compare its counts");
    let mut batches = Vec::new();
    for e in of {
        // Rows that are blanked alike go together.
        let mut rows: Vec<&(Key, Vec<(String, Blanked)>)> = e.rows.iter().collect();
        rows.sort_by(|a, b| format!("{:?}", a.1).cmp(&format!("{:?}", b.1)).then(a.0.cmp(&b.0)));
        let mut rest = rows.as_slice();
        while let Some(first) = rest.first() {
            let alike = rest.iter().take(batch_rows.max(1)).take_while(|r| r.1 == first.1).count();
            let (own, after) = rest.split_at(alike);
            rest = after;
            let number = batches.len() as u64 + 1;
            let keys: Vec<&Key> = own.iter().map(|r| &r.0).collect();
            let at = format!("{} IN ({})", dialect.name(&e.key), keys.iter().map(|k| key(dialect, k)).collect::<Vec<_>>().join(", "));
            let table = dialect.name(&e.table);
            dry.push_str(&format!("SELECT '{MARK}-dry', '{errand}', {number}, COUNT(*) FROM {table} WHERE {at};\n"));
            script.push_str(&format!("-- {}: batch {number}, {} rows\n", e.item, own.len()));
            script.push_str(&batch(dialect, errand, number, &table, &once(dialect, &e.key, &table, &at), &first.1));
            batches.push(Batch { number, rows: own.len() as u64 });
        }
    }
    (dry, script, batches)
}

/// The rows of those keys, or none at all if a key stands for two rows: then something came in after the script was written.
///
/// The count stands in a table of its own, since MySQL does not read the table that it changes.
fn once(dialect: Dialect, key: &str, table: &str, at: &str) -> String {
    let key = dialect.name(key);
    format!("{at} AND (SELECT twice FROM (SELECT COUNT(*) - COUNT(DISTINCT {key}) AS twice FROM {table} WHERE {at}) AS counted) = 0")
}

fn key(dialect: Dialect, key: &Key) -> String {
    match key {
        Key::Number(n) => n.to_string(),
        Key::Text(t) => dialect.text(t),
    }
}

fn batch(dialect: Dialect, errand: &str, number: u64, table: &str, at: &str, set: &[(String, Blanked)]) -> String {
    let change = if set.is_empty() {
        format!("DELETE FROM {table} WHERE {at}")
    } else {
        let value = |b: &Blanked| match b {
            Blanked::Null => "NULL".to_owned(),
            Blanked::Text(t) => dialect.text(t),
            Blanked::Number(n) => n.clone(),
        };
        let set: Vec<String> = set.iter().map(|(c, b)| format!("{} = {}", dialect.name(c), value(b))).collect();
        format!("UPDATE {table} SET {} WHERE {at}", set.join(", "))
    };
    let told = |rows: &str| format!("SELECT '{MARK}', '{errand}', {number}, {rows};");
    match dialect {
        Dialect::Sqlite => format!(
            "CREATE TEMP TABLE IF NOT EXISTS custody_none (x);\nBEGIN IMMEDIATE;\nDELETE FROM custody_none;\n{change};\n{}\nCOMMIT;\n",
            told("changes()")
        ),
        Dialect::Mysql => format!("START TRANSACTION;\n{change};\n{}\nCOMMIT;\n", told("ROW_COUNT()")),
        Dialect::Sqlserver => format!("BEGIN TRANSACTION;\n{change};\n{}\nCOMMIT;\n", told("@@ROWCOUNT")),
        Dialect::Postgresql => {
            format!("BEGIN;\nWITH done AS ({change} RETURNING 1) SELECT '{MARK}', '{errand}', {number}, count(*) FROM done;\nCOMMIT;\n")
        }
    }
}

/// The batches that an output tells of: number and rows; other lines are of the program that ran it.
pub fn told(output: &str, errand: &str) -> Vec<(u64, u64)> {
    let parts = |line: &str| -> Option<(u64, u64)> {
        let cells: Vec<&str> =
            line.split(['|', ',', ';', '\t', ' ']).map(|c| c.trim_matches(['"', '\''])).filter(|c| !c.is_empty()).collect();
        let at = cells.iter().position(|c| *c == MARK)?;
        match cells.get(at + 1..at + 4)? {
            [who, number, rows] if *who == errand => Some((number.parse().ok()?, rows.parse().ok()?)),
            _ => None,
        }
    };
    output.lines().filter_map(parts).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_quoted_stays_inside_its_quotes() {
        assert_eq!(Dialect::Mysql.name("a`b.c"), "`a``b.c`");
        assert_eq!(Dialect::Postgresql.name("订单\""), "\"订单\"\"\"");
        assert_eq!(Dialect::Sqlserver.name("a]b"), "[a]]b]");
        assert_eq!(Dialect::Mysql.text("\\' OR 1=1"), "'\\\\'' OR 1=1'");
        assert_eq!(Dialect::Sqlite.text("O'Neil"), "'O''Neil'");
        assert_eq!(Dialect::Sqlite.text("a\r\n"), "'a'||char(13)||''||char(10)||''");
        assert_eq!(Dialect::Postgresql.text("a\\'b"), "E'a\\\\''b'");
        assert_eq!(Dialect::Sqlserver.text("$(HOME)"), "N'$'+N'(HOME)'");
    }

    #[test]
    fn rows_blanked_alike_go_in_batches_and_every_batch_says_its_rows() {
        let null = vec![("mobile".to_owned(), Blanked::Null)];
        let word = vec![("mobile".to_owned(), Blanked::Text("erased-7".to_owned()))];
        let rows = (0..5).map(|i| (Key::Number(i), null.clone())).chain([(Key::Text("x'".to_owned()), word)]).collect();
        let of = Erasing { item: "i-1".to_owned(), key: "id".to_owned(), rows, table: "people".to_owned() };
        let (dry, script, batches) = scripts(Dialect::Postgresql, "er-1", &[of], 2);
        assert_eq!(batches.iter().map(|b| b.rows).collect::<Vec<_>>(), [2, 2, 1, 1]);
        assert_eq!(script.matches("COMMIT").count(), 4);
        assert_eq!(dry.matches("SELECT").count(), 4);
        assert!(!dry.contains("UPDATE") && script.contains("\"id\" IN ('x''')") && script.contains("\"mobile\" = 'erased-7'"), "{script}");
    }

    #[test]
    fn an_output_is_read_whatever_program_printed_it() {
        let output =
            "BEGIN\n custody  | er-1 | 1 | 500\n(1 row)\ncustody|er-1|2|3\n\"custody\",\"er-1\",\"3\",\"0\"\ncustody|er-2|9|9\nERROR: x";
        assert_eq!(told(output, "er-1"), [(1, 500), (2, 3), (3, 0)]);
    }
}
