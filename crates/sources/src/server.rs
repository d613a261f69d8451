//! What database servers have in common: where they are, limits on what they are asked for, who is looking, which right is missing.

use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use terms::{Fault, Place};
use zeroize::Zeroizing;

/// Where a database server is, and how gently it is treated.
#[derive(Clone)]
pub struct ServerAt {
    /// Address without a password, e.g. `postgres://custody@127.0.0.1:5432/shop`.
    pub url: String,
    /// The password.
    pub secret: Option<Zeroizing<String>>,
    /// The server's data directory, where this machine can read it; without it nothing above L2 can be shown.
    pub files: Option<PathBuf>,
    /// A file of certificates (PEM) that vouch for the server, beside the public ones.
    pub ca: Option<PathBuf>,
    /// Limits.
    pub limits: Limits,
}

impl std::fmt::Debug for ServerAt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerAt").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// What a server is asked for at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest transaction that reads: an old snapshot is itself a reason for remains.
    pub max_snapshot: Duration,
    /// Longest wait for a lock.
    pub lock: Duration,
    /// Longest statement that changes rows.
    pub statement: Duration,
    /// Longest wait for others who are looking, before a purge.
    pub lookers: Duration,
    /// Rows that one transaction erases.
    pub batch_rows: usize,
    /// Rest between two batches.
    pub pause: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_snapshot: Duration::from_secs(3_600),
            lock: Duration::from_secs(5),
            statement: Duration::from_secs(60),
            lookers: Duration::from_secs(10),
            batch_rows: 1_000,
            pause: Duration::ZERO,
        }
    }
}

/// Waits for the purges of other cases of this machine on the same server, and keeps them waiting as long as what is given is held: they change the same
/// settings, and would put back each other's. None where no file for that can be had.
///
/// # Errors
/// If another purge takes longer than lookers are waited for.
pub(crate) fn turn(at: &ServerAt, source: &Place) -> Result<Option<File>, Fault> {
    let Some(folder) = at.files.as_ref().and_then(|f| f.canonicalize().ok()) else { return Ok(None) };
    let mut hash = DefaultHasher::new();
    folder.hash(&mut hash);
    let path = std::env::temp_dir().join(format!("custody-purge-{:016x}.lock", hash.finish()));
    // Another user's file is opened as it is.
    let Ok(file) = File::open(&path).or_else(|_| File::create_new(&path)).or_else(|_| File::open(&path)) else { return Ok(None) };
    let began = Instant::now();
    while file.try_lock().is_err() {
        if began.elapsed() >= at.limits.lookers {
            let fault = Fault::new("somebody_is_looking").with("source", source);
            return Err(fault.with("who", "another_purge").with("which", "").with("count", 1).retry());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(Some(file))
}

/// Longest value that is read; longer ones would not leave room for anything else.
pub(crate) const VALUE_MAX: u64 = 64 << 20;

/// Whether an address leads to this very machine.
pub(crate) fn is_local(host: &str) -> bool {
    host.is_empty() || host.starts_with('/') || host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// TLS with the public authorities and those of a file.
pub(crate) fn tls(ca: Option<&std::path::Path>) -> Option<rustls::ClientConfig> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = ca {
        for cert in CertificateDer::pem_file_iter(path).ok()? {
            roots.add(cert.ok()?).ok()?;
        }
    }
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
    Some(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn one_purge_waits_for_another_of_the_same_server() {
        let [one, other] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let limits = Limits { lookers: Duration::ZERO, ..Limits::default() };
        let at = |folder: &tempfile::TempDir| ServerAt {
            url: String::new(),
            secret: None,
            files: Some(folder.path().to_owned()),
            ca: None,
            limits,
        };
        let source = Place::new("src1".to_owned()).unwrap();
        let held = turn(&at(&one), &source).unwrap();
        assert!(held.is_some());
        assert_eq!(turn(&at(&one), &source).unwrap_err().code(), "somebody_is_looking");
        assert!(turn(&at(&other), &source).is_ok());
        drop(held);
        assert!(turn(&at(&one), &source).unwrap().is_some());
    }
}
