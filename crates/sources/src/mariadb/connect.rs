//! Connections to MariaDB and MySQL: TLS unless the server is this machine, and settings by which every value reads the same everywhere.

use std::time::Duration;

use mysql::prelude::Queryable as _;
use mysql::{Conn, Opts, OptsBuilder, SslOpts};
use terms::{Fault, Place};

use super::faults::fault;
use crate::server::{Limits, ServerAt, is_local};

/// Connects and sets what every reading needs.
///
/// # Errors
/// If the server cannot be reached or refuses.
pub(super) fn connect(at: &ServerAt, source: &Place) -> Result<Conn, Fault> {
    let bad = || Fault::new("server_address").with("source", source);
    let url = at.url.strip_prefix("mariadb://").map_or_else(|| at.url.clone(), |rest| format!("mysql://{rest}"));
    let opts = Opts::from_url(&url).map_err(|_| bad())?;
    if opts.get_db_name().is_none() {
        return Err(bad());
    }
    let local = is_local(&opts.get_ip_or_hostname());
    let mut builder = OptsBuilder::from_opts(opts)
        .prefer_socket(false)
        .tcp_connect_timeout(Some(Duration::from_secs(10)))
        .stmt_cache_size(Some(16))
        .init(settings(&at.limits));
    if let Some(secret) = &at.secret {
        builder = builder.pass(Some(secret.as_str()));
    }
    if !local {
        builder = builder.ssl_opts(SslOpts::default().with_root_cert_path(at.ca.clone()));
    }
    let mut conn = Conn::new(builder).map_err(|e| fault(&e, source))?;
    limits(&mut conn, &at.limits);
    unlogged(&mut conn);
    Ok(conn)
}

/// Values read the same whatever the server's settings.
fn settings(limits: &Limits) -> Vec<String> {
    let lock = limits.lock.as_secs().max(1);
    vec![
        "SET NAMES utf8mb4".to_owned(),
        "SET SESSION time_zone = '+00:00'".to_owned(),
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ".to_owned(),
        format!("SET SESSION lock_wait_timeout = {lock}, innodb_lock_wait_timeout = {lock}"),
        "SET SESSION net_write_timeout = 600, net_read_timeout = 600".to_owned(),
    ]
}

/// What Custody asks is bound, and written out in the server's general and slow log all the same, wherever they lie: keys of rows are values of
/// persons. Who may not switch that off leaves them to the purge, or to the task about logs elsewhere.
fn unlogged(conn: &mut Conn) {
    let _ = conn.query_drop("SET SESSION sql_log_off = 1");
    let _ = conn.query_drop("SET SESSION slow_query_log = 0");
}

/// A statement ends after the longest snapshot; MariaDB and MySQL call the setting differently.
fn limits(conn: &mut Conn, limits: &Limits) {
    let seconds = limits.max_snapshot.as_secs().max(1);
    if conn.query_drop(format!("SET SESSION max_statement_time = {seconds}")).is_err() {
        // MySQL limits only what reads; a server that knows neither is limited by its locks.
        let _ = conn.query_drop(format!("SET SESSION max_execution_time = {}", seconds.saturating_mul(1_000)));
    }
}

/// The program and its version, e.g. `mariadb`, `10.11.19`.
pub(super) fn version(conn: &mut Conn, source: &Place) -> Result<(&'static str, String), Fault> {
    let full: Option<String> = conn.query_first("SELECT VERSION()").map_err(|e| fault(&e, source))?;
    let full = full.unwrap_or_default();
    let name = if full.contains("MariaDB") { "mariadb" } else { "mysql" };
    Ok((name, full.split('-').next().unwrap_or_default().to_owned()))
}
