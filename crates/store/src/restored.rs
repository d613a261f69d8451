//! A plain SQLite database into which an archive is restored: columns `c1`, `c2`, … of the sealed values.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use terms::Fault;

/// A database being filled.
pub struct RestoredDatabase {
    connection: Connection,
    made: BTreeSet<String>,
}

fn fault(error: &rusqlite::Error) -> Fault {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => Fault::new("disk_full").with("place", "restore").retry(),
        _ => Fault::new("restore_failed"),
    }
}

impl RestoredDatabase {
    /// A new database `restored.db` in a folder.
    ///
    /// # Errors
    /// If there is one already or it cannot be created.
    pub fn create(folder: &Path) -> Result<RestoredDatabase, Fault> {
        let path = folder.join("restored.db");
        if path.exists() {
            return Err(Fault::new("restore_exists"));
        }
        std::fs::create_dir_all(folder).map_err(|_| Fault::new("restore_failed"))?;
        let connection = Connection::open(crate::ledger_table::c_path(&path)).map_err(|e| fault(&e))?;
        connection.execute_batch("BEGIN").map_err(|e| fault(&e))?;
        Ok(RestoredDatabase { connection, made: BTreeSet::new() })
    }

    /// Adds a row: (tag, bytes) of each value, as `rows/v1` has them.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add(&mut self, table: &str, position: u32, values: &[(u8, &[u8])]) -> Result<(), Fault> {
        let quoted = format!("\"{}\"", table.replace('"', "\"\""));
        if self.made.insert(table.to_owned()) {
            let columns: Vec<String> = (1..=values.len()).map(|i| format!("c{i}")).collect();
            let comma = if columns.is_empty() { "" } else { ", " };
            let sql = format!("CREATE TABLE {quoted} (position INTEGER PRIMARY KEY{comma}{})", columns.join(", "));
            self.connection.execute_batch(&sql).map_err(|e| fault(&e))?;
        }
        let marks: Vec<&str> = values.iter().map(|_| "?").collect();
        let comma = if marks.is_empty() { "" } else { ", " };
        let sql = format!("INSERT INTO {quoted} VALUES (?{comma}{})", marks.join(", "));
        let row = std::iter::once(Value::Integer(i64::from(position))).chain(values.iter().map(|(tag, bytes)| value(*tag, bytes)));
        let mut statement = self.connection.prepare_cached(&sql).map_err(|e| fault(&e))?;
        statement.execute(params_from_iter(row)).map_err(|e| fault(&e))?;
        Ok(())
    }

    /// Makes it durable.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn finish(self) -> Result<(), Fault> {
        self.connection.execute_batch("COMMIT").map_err(|e| fault(&e))
    }
}

fn value(tag: u8, bytes: &[u8]) -> Value {
    match (tag, <[u8; 8]>::try_from(bytes), std::str::from_utf8(bytes)) {
        (0, ..) => Value::Null,
        (1, Ok(b), _) => Value::Integer(i64::from_be_bytes(b)),
        (2, Ok(b), _) => Value::Real(f64::from_be_bytes(b)),
        (3 | 5, _, Ok(text)) => Value::Text(text.to_owned()),
        _ => Value::Blob(bytes.to_vec()),
    }
}
