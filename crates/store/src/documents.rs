//! Documents: immutable files under their SHA-256, written before the entry that names them.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ledger::sha256;
use terms::{Digest, Fault};

/// The folder of documents.
#[derive(Clone, Debug)]
pub struct Documents {
    folder: PathBuf,
}

fn io(error: &std::io::Error) -> Fault {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded | std::io::ErrorKind::FileTooLarge => {
            Fault::new("disk_full").with("place", "documents").retry()
        }
        _ => Fault::new("documents_io").retry(),
    }
}

impl Documents {
    /// The documents in a folder, made if it is not there.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn open(folder: &Path) -> Result<Documents, Fault> {
        fs::create_dir_all(folder).map_err(|e| io(&e))?;
        Ok(Documents { folder: folder.to_owned() })
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(digest.to_string())
    }

    /// Writes a document, synced (file and folder) and read back; writing it twice is writing it once.
    ///
    /// # Errors
    /// If it cannot be written or reads back otherwise.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest, Fault> {
        let digest = Digest(sha256(&[bytes]));
        let path = self.path(&digest);
        if fs::read(&path).is_ok_and(|have| have == bytes) {
            return Ok(digest);
        }
        let new = self.folder.join(format!("{digest}.new"));
        let mut file = File::create(&new).map_err(|e| io(&e))?;
        file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|e| io(&e))?;
        fs::rename(&new, &path).map_err(|e| io(&e))?;
        #[cfg(unix)]
        File::open(&self.folder).and_then(|f| f.sync_all()).map_err(|e| io(&e))?;
        let back = fs::read(&path).map_err(|e| io(&e))?;
        if sha256(&[&back]) == digest.0 { Ok(digest) } else { Err(Fault::new("documents_io").retry()) }
    }

    /// The bytes of a document, if it is there and whole.
    ///
    /// # Errors
    /// If it is there but damaged.
    pub fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Fault> {
        match fs::read(self.path(digest)) {
            Ok(bytes) if sha256(&[&bytes]) == digest.0 => Ok(Some(bytes)),
            Ok(_) => Err(Fault::new("document_damaged").with("document", digest)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(io(&e)),
        }
    }

    /// All documents.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn all(&self) -> Result<BTreeSet<Digest>, Fault> {
        let mut out = BTreeSet::new();
        for entry in fs::read_dir(&self.folder).map_err(|e| io(&e))? {
            let name = entry.map_err(|e| io(&e))?.file_name();
            out.extend(name.to_str().and_then(|n| n.parse::<Digest>().ok()));
        }
        Ok(out)
    }

    /// Removes what no entry names and is older than a day: content that an interrupted step left.
    ///
    /// # Errors
    /// If the folder cannot be read or a file not removed.
    pub fn sweep(&self, named: &BTreeSet<Digest>) -> Result<u64, Fault> {
        let day = Duration::from_secs(86_400);
        let mut swept = 0;
        for entry in fs::read_dir(&self.folder).map_err(|e| io(&e))? {
            let entry = entry.map_err(|e| io(&e))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let kept = name.parse::<Digest>().is_ok_and(|d| named.contains(&d));
            let age = entry.metadata().and_then(|m| m.modified()).ok().and_then(|m| SystemTime::now().duration_since(m).ok());
            if !kept && age.is_some_and(|a| a > day) {
                fs::remove_file(entry.path()).map_err(|e| io(&e))?;
                swept += 1;
            }
        }
        Ok(swept)
    }
}
