//! Connections to PostgreSQL: TLS unless the server is this machine, settings by which every value reads the same everywhere, warnings kept.

use std::str::FromStr as _;
use std::sync::{Arc, Mutex};

use terms::{Fault, Place};
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::DbError;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::faults::fault;
use super::session::Session;
use crate::server::{Limits, ServerAt, is_local, tls};

/// SQLSTATE of every warning that the server gave on a connection: a step that was skipped is a warning and "success".
#[derive(Clone, Default)]
pub(super) struct Warnings(Arc<Mutex<Vec<String>>>);

impl Warnings {
    /// Warnings since the last call.
    pub(super) fn take(&self) -> Vec<String> {
        self.0.lock().map(|mut w| std::mem::take(&mut *w)).unwrap_or_default()
    }
}

/// Connects and sets what every reading needs.
///
/// # Errors
/// If the server cannot be reached or refuses.
pub(super) fn connect(at: &ServerAt, source: &Place) -> Result<(Session, Warnings), Fault> {
    let bad = || Fault::new("server_address").with("source", source);
    let mut config = Config::from_str(&at.url).map_err(|_| bad())?;
    if let Some(secret) = &at.secret {
        config.password(secret.as_bytes());
    }
    let local = config.get_hosts().iter().all(|h| match h {
        tokio_postgres::config::Host::Tcp(host) => is_local(host),
        #[cfg(unix)]
        tokio_postgres::config::Host::Unix(_) => true,
    });
    config.application_name("custody").connect_timeout(std::time::Duration::from_secs(10)).keepalives(true);
    if !at.url.contains("sslmode=") {
        config.ssl_mode(if local { SslMode::Disable } else { SslMode::Require });
    }
    let warnings = Warnings::default();
    let heard = warnings.clone();
    let hear = move |n: DbError| {
        if let (true, Ok(mut all)) = (n.severity() == "WARNING", heard.0.lock()) {
            all.push(n.code().code().to_owned());
        }
    };
    let tls = tls(at.ca.as_deref()).ok_or_else(|| Fault::new("server_certificates").with("source", source))?;
    let client = Session::open(&config, MakeRustlsConnect::new(tls), hear, source)?;
    client.batch_execute(&settings(&at.limits)).map_err(|e| fault(&e, source))?;
    Ok((client, warnings))
}

/// Values read the same whatever the server's settings, rows that a policy would hide are refused instead of hidden; no statement and no transaction is open for ever.
fn settings(limits: &Limits) -> String {
    let (snapshot, lock) = (limits.max_snapshot.as_millis(), limits.lock.as_millis());
    format!(
        "SET client_encoding = 'UTF8'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; SET timezone = 'UTC'; \
         SET bytea_output = 'hex'; SET extra_float_digits = 1; SET xmloption = 'content'; SET search_path = pg_catalog; \
         SET synchronize_seqscans = off; SET max_parallel_workers_per_gather = 0; SET standard_conforming_strings = on; \
         SET row_security = off; SET jit = off; \
         SET statement_timeout = {snapshot}; SET lock_timeout = {lock}; SET idle_in_transaction_session_timeout = {snapshot}"
    )
}

/// Settings of a connection that changes rows: its keys are few and exact, so rows are fetched by where they lie; a plan that knows them
/// looks them up in a hash, one for all batches goes through them for each row (before 12 the server chooses).
pub(super) fn for_writing(client: &mut Session, limits: &Limits, source: &Place) -> Result<(), Fault> {
    let sql = format!(
        "SET statement_timeout = {}; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_seqscan = off; \
         SELECT set_config(name, 'force_custom_plan', false) FROM pg_settings WHERE name = 'plan_cache_mode'",
        limits.statement.as_millis()
    );
    client.batch_execute(&sql).map_err(|e| fault(&e, source))
}

/// The server's version, e.g. `15.18`.
pub(super) fn version(client: &mut Session, source: &Place) -> Result<String, Fault> {
    let row = client.query_one("SELECT current_setting('server_version')", &[]).map_err(|e| fault(&e, source))?;
    let full: String = row.try_get(0).map_err(|e| fault(&e, source))?;
    Ok(full.split_whitespace().next().unwrap_or_default().to_owned())
}
