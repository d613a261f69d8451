//! Rights that erasing and purging need (docs/why/residue.md): asked for before the first deletion, named as the statement that gives them.

use std::collections::BTreeSet;

use mysql::Conn;
use mysql::prelude::Queryable as _;
use terms::{Fault, Place};

use super::faults::fault;
use super::list::Table;
use super::quoted;

const GLOBAL: &str = "SELECT PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES";
const SCHEMA: &str = "SELECT PRIVILEGE_TYPE FROM information_schema.SCHEMA_PRIVILEGES WHERE ? LIKE TABLE_SCHEMA";
const TABLE: &str = "SELECT PRIVILEGE_TYPE FROM information_schema.TABLE_PRIVILEGES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?";

/// Tables of Custody's own, made for a moment: to be written over, and to be looked for.
const OWN_TABLES: [&str; 2] = ["custody_filler", "custody_probe"];
const OWN_RIGHTS: [&str; 5] = ["CREATE", "DROP", "INSERT", "SELECT", "UPDATE"];

/// Whether the server follows another; none if the user may not ask. MariaDB has several primaries and a statement of its own, MySQL
/// another since 8.0.22.
pub(super) fn follows(conn: &mut Conn, source: &Place) -> Result<Option<bool>, Fault> {
    let mut unknown = None;
    for sql in ["SHOW ALL SLAVES STATUS", "SHOW REPLICA STATUS", "SHOW SLAVE STATUS"] {
        match conn.query::<mysql::Row, _>(sql) {
            Ok(rows) => return Ok(Some(!rows.is_empty())),
            Err(mysql::Error::MySqlError(e)) if e.code == 1064 => unknown = Some(mysql::Error::MySqlError(e)),
            Err(mysql::Error::MySqlError(e)) if e.code == 1227 => return Ok(None),
            Err(e) => return Err(fault(&e, source)),
        }
    }
    unknown.map_or(Ok(None), |e| Err(fault(&e, source)))
}

/// The statement that lets the user ask for it.
pub(super) fn may_ask(conn: &mut Conn, source: &Place) -> Result<String, Fault> {
    let version: Option<String> = conn.query_first("SELECT VERSION()").map_err(|e| fault(&e, source))?;
    let right = if version.is_some_and(|v| v.contains("MariaDB")) { "REPLICA MONITOR" } else { "REPLICATION CLIENT" };
    Ok(format!("GRANT {right} ON *.* TO {};", user(conn, source)?))
}

/// The user as statements name it.
fn user(conn: &mut Conn, source: &Place) -> Result<String, Fault> {
    let user: Option<String> = conn.query_first("SELECT CURRENT_USER()").map_err(|e| fault(&e, source))?;
    let user = user.unwrap_or_default();
    let (name, host) = user.rsplit_once('@').unwrap_or((user.as_str(), "%"));
    Ok(format!("{}@{}", quoted(name), quoted(host)))
}

/// Statements that give what is missing.
/// `logged` are the tables of logs that have to be emptied.
pub(super) fn missing(conn: &mut Conn, source: &Place, (tables, logged): (&[Table], &[&str]), deep: bool) -> Result<Vec<String>, Fault> {
    let map = |e: mysql::Error| fault(&e, source);
    let user = user(conn, source)?;
    let global: BTreeSet<String> = conn.query(GLOBAL).map_err(map)?.into_iter().collect();
    let mut out = Vec::new();
    let mut given: BTreeSet<String> = BTreeSet::new();
    for table in tables {
        let (database, own) = table.names();
        let schema: Vec<String> = conn.exec(SCHEMA, (&database,)).map_err(map)?;
        let of_table: Vec<String> = conn.exec(TABLE, (&database, &own)).map_err(map)?;
        let has: BTreeSet<&str> = global.iter().chain(&schema).chain(&of_table).map(String::as_str).collect();
        // OPTIMIZE makes the table anew: it inserts, alters, creates and drops.
        let lacks: Vec<&str> =
            ["SELECT", "UPDATE", "DELETE", "INSERT", "ALTER", "CREATE", "DROP"].into_iter().filter(|r| !has.contains(r)).collect();
        if !lacks.is_empty() {
            out.push(format!("GRANT {} ON {} TO {user};", lacks.join(", "), table.sql));
        }
        for own in OWN_TABLES.iter().filter(|_| deep) {
            let of_own: Vec<String> = conn.exec(TABLE, (&database, own)).map_err(map)?;
            let has = |r: &&str| global.contains(*r) || schema.iter().chain(&of_own).any(|s| s == r);
            if !OWN_RIGHTS.iter().all(has) {
                given.insert(format!("GRANT {} ON {}.{} TO {user};", OWN_RIGHTS.join(", "), quoted(&database), quoted(own)));
            }
        }
    }
    out.extend(given);
    if deep {
        let lacks: Vec<&str> = ["RELOAD", "PROCESS", "SUPER", "BINLOG ADMIN"].into_iter().filter(|r| !global.contains(*r)).collect();
        if !lacks.is_empty() {
            out.push(format!("GRANT {} ON *.* TO {user};", lacks.join(", ")));
        }
        for log in logged {
            let of_log: Vec<String> = conn.exec(TABLE, ("mysql", log)).map_err(map)?;
            let of_mysql: Vec<String> = conn.exec(SCHEMA, ("mysql",)).map_err(map)?;
            if !global.contains("DROP") && !of_log.iter().chain(&of_mysql).any(|r| r == "DROP") {
                out.push(format!("GRANT DROP ON mysql.{log} TO {user};"));
            }
        }
        let statistics: Vec<String> = conn.exec(TABLE, ("mysql", "column_stats")).map_err(map)?;
        let of_mysql: Vec<String> = conn.exec(SCHEMA, ("mysql",)).map_err(map)?;
        let has = |r: &str| global.contains(r) || of_mysql.iter().chain(&statistics).any(|s| s == r);
        if !["SELECT", "DELETE", "INSERT"].into_iter().all(has) {
            out.push(format!("GRANT SELECT, INSERT, DELETE ON mysql.column_stats TO {user};"));
        }
    }
    Ok(out)
}
