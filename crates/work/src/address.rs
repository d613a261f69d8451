//! Where a source of the case file is: a path beside it, or a server with its secret.

use std::path::Path;
use std::time::Duration;

use case::file::SourceFile;
use sources::{At, Limits, ServerAt};
use terms::{Fault, Place, StoreKind};
use zeroize::Zeroizing;

/// The address of a source; the secret is read now.
///
/// # Errors
/// If the secret is not where the case file says.
pub(crate) fn address(base: &Path, file: &SourceFile, place: &Place) -> Result<At, Fault> {
    if !matches!(file.kind(), StoreKind::Postgresql | StoreKind::Mariadb) {
        return Ok(At::Path(base.join(&file.path.value)));
    }
    let said = file.server.as_ref().map(|s| s.value.clone()).unwrap_or_default();
    let seconds = |n: Option<u64>, default: Duration| n.map_or(default, Duration::from_secs);
    let d = Limits::default();
    let limits = Limits {
        max_snapshot: seconds(said.max_snapshot_minutes.map(|m| m.saturating_mul(60)), d.max_snapshot),
        lock: seconds(said.lock_seconds, d.lock),
        statement: seconds(said.statement_seconds, d.statement),
        lookers: seconds(said.lookers_seconds, d.lookers),
        batch_rows: said.batch_rows.and_then(|n| usize::try_from(n).ok()).unwrap_or(d.batch_rows),
        pause: said.pause_ms.map_or(d.pause, Duration::from_millis),
    };
    Ok(At::Server(ServerAt {
        url: file.path.value.clone(),
        secret: secret(base, file, place)?,
        files: said.files.map(|f| base.join(f)),
        ca: said.ca.map(|f| base.join(f)),
        limits,
    }))
}

fn secret(base: &Path, file: &SourceFile, place: &Place) -> Result<Option<Zeroizing<String>>, Fault> {
    let Some(said) = &file.secret else { return Ok(None) };
    let missing = || Fault::new("secret_missing").with("source", place);
    let found = match said.value.split_once(':') {
        Some(("env", name)) => std::env::var(name).ok(),
        Some(("file", path)) => std::fs::read_to_string(base.join(path)).ok(),
        _ => None,
    };
    let text = Zeroizing::new(found.ok_or_else(missing)?);
    Ok(Some(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned())))
}
