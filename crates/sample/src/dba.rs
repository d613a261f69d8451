//! A database that only its administrator may write to, and the administrator, who runs what is asked and sends back what it printed.

use std::path::Path;

use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::{Batch, Connection, params, types::ValueRef};
use terms::Fault;

use crate::people::person;

const CONTACTS: u32 = 240;

pub(crate) fn make(path: &Path) -> rusqlite::Result<()> {
    let mut connection = Connection::open(path)?;
    connection.execute_batch("CREATE TABLE visitors (no TEXT PRIMARY KEY, name TEXT, mobile TEXT, email TEXT, came_on TEXT)")?;
    let tx = connection.transaction()?;
    for i in 1..=CONTACTS {
        let p = person(90_000 + i, 1_965, 40);
        let row = params![format!("V{i:05}"), p.name, p.mobile, p.email, format!("2025-{:02}-15", 1 + i % 12)];
        tx.execute("INSERT INTO visitors VALUES (?, ?, ?, ?, ?)", row)?;
    }
    tx.commit()
}

/// Runs a script as its administrator would, and gives what it prints.
///
/// # Errors
/// If the database or a statement fails.
pub fn run_script(database: &Path, script: &str) -> Result<String, Fault> {
    ran(database, script).map_err(|_| Fault::new("sample_unwritable"))
}

fn ran(database: &Path, script: &str) -> rusqlite::Result<String> {
    let connection = Connection::open(database)?;
    let mut out = String::new();
    let mut batch = Batch::new(&connection, script);
    while let Some(mut statement) = batch.next()? {
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let mut cells = Vec::new();
            for i in 0..columns {
                cells.push(match row.get_ref(i)? {
                    ValueRef::Integer(n) => n.to_string(),
                    other => other.as_str().unwrap_or_default().to_owned(),
                });
            }
            out.push_str(&cells.join("|"));
            out.push('\n');
        }
    }
    Ok(out)
}
