//! Sealed files: a random file id, then pieces of at most 1 MiB under a key of that file alone (AES-256-GCM-SIV).

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use aes_gcm_siv::aead::{Aead, Payload};
use aes_gcm_siv::{Aes256GcmSiv, KeyInit};
use ledger::keyed;
use terms::Fault;

use crate::random::random;

const MAGIC: &[u8; 8] = b"CUSTSEAL";
const PIECE: usize = 1 << 20;
/// The end of a file's name while it is written; no name in the vault ends so.
pub(crate) const UNFINISHED: &str = ".new";

/// One AEAD sealing.
pub(crate) fn seal(key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, Fault> {
    Aes256GcmSiv::new(key.into()).encrypt(nonce.into(), Payload { msg: plain, aad }).map_err(|_| Fault::new("sealing_failed"))
}

/// One AEAD opening; none if anything was changed or the key is another.
pub(crate) fn open(key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    Aes256GcmSiv::new(key.into()).decrypt(nonce.into(), Payload { msg: sealed, aad }).ok()
}

fn nonce(piece: u64, last: bool) -> [u8; 12] {
    let mut out = [0u8; 12];
    for (to, from) in out.iter_mut().skip(4).zip(piece.to_be_bytes()) {
        *to = from;
    }
    if let Some(first) = out.first_mut() {
        *first = u8::from(last);
    }
    out
}

/// The sealed form of bytes under a key.
pub(crate) fn seal_bytes(key: &[u8; 32], plain: &[u8]) -> Result<Vec<u8>, Fault> {
    let id: [u8; 16] = random()?;
    let file_key = keyed(key, "sealed-file", &[&id]);
    let mut out = Vec::with_capacity(plain.len() + 64);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&id);
    let pieces = plain.len().div_ceil(PIECE).max(1);
    for i in 0..pieces {
        let piece = plain.get(i * PIECE..(i * PIECE + PIECE).min(plain.len())).unwrap_or_default();
        let sealed = seal(&file_key, &nonce(i as u64, i + 1 == pieces), &id, piece)?;
        out.extend_from_slice(&u32::try_from(sealed.len()).unwrap_or_default().to_be_bytes());
        out.extend_from_slice(&sealed);
    }
    Ok(out)
}

/// The bytes of a sealed form; none if it was cut, changed, or sealed under another key.
pub(crate) fn open_bytes(key: &[u8; 32], sealed: &[u8]) -> Option<Vec<u8>> {
    let rest = sealed.strip_prefix(MAGIC)?;
    let (id, mut rest) = rest.split_first_chunk::<16>()?;
    let file_key = keyed(key, "sealed-file", &[id]);
    let mut out = Vec::with_capacity(sealed.len());
    let mut i = 0u64;
    loop {
        let (len, tail) = rest.split_first_chunk::<4>()?;
        let (piece, tail) = tail.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?)?;
        out.extend_from_slice(&open(&file_key, &nonce(i, tail.is_empty()), id, piece)?);
        if tail.is_empty() {
            return Some(out);
        }
        rest = tail;
        i += 1;
    }
}

/// The fault of an I/O error in the vault.
pub(crate) fn io(error: &std::io::Error) -> Fault {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded | std::io::ErrorKind::FileTooLarge => {
            Fault::new("disk_full").with("place", "vault").retry()
        }
        std::io::ErrorKind::PermissionDenied => Fault::new("vault_denied"),
        std::io::ErrorKind::NotFound => Fault::new("vault_missing"),
        _ => Fault::new("vault_io").retry(),
    }
}

/// Makes the entries of a folder durable, where the system allows it.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), Fault> {
    #[cfg(unix)]
    File::open(folder).and_then(|f| f.sync_all()).map_err(|e| io(&e))?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// Writes a file whole or not at all: beside it, synced, renamed, folder synced.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|e| io(&e))?;
    let mut name = path.as_os_str().to_owned();
    name.push(UNFINISHED);
    let new = Path::new(&name);
    let written = private(new).and_then(|mut f| f.write_all(bytes).and_then(|()| f.sync_all()));
    if let Err(e) = written {
        // What was written is sealed; it is removed so that nothing half-done stays.
        let _ = fs::remove_file(new);
        return Err(io(&e));
    }
    fs::rename(new, path).map_err(|e| io(&e))?;
    sync_folder(folder)
}

/// Writes a file whole or not at all, for its owner alone.
///
/// # Errors
/// If it cannot be written.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    write_whole(path, bytes)
}

/// Creates a file that only its owner may read.
pub(crate) fn private(path: &Path) -> std::io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Overwrites a file with zeros, syncs, removes it; a file that is not there is fine.
pub(crate) fn wipe(path: &Path) -> Result<(), Fault> {
    let Ok(meta) = fs::metadata(path) else { return Ok(()) };
    let mut file = fs::OpenOptions::new().write(true).open(path).map_err(|e| io(&e))?;
    let zeros = vec![0u8; 1 << 16];
    let mut left = meta.len();
    while left > 0 {
        let part = usize::try_from(left.min(zeros.len() as u64)).unwrap_or_default();
        file.write_all(zeros.get(..part).unwrap_or_default()).map_err(|e| io(&e))?;
        left -= part as u64;
    }
    file.sync_all().map_err(|e| io(&e))?;
    fs::remove_file(path).map_err(|e| io(&e))?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}
