//! A holder of epoch keys: a key file on another medium than the workspace.

use std::path::{Path, PathBuf};

use ledger::b64;
use terms::Fault;
use terms::json::{Json, Strictness, from_bytes, json, to_bytes};
use zeroize::Zeroizing;

use crate::sealed::{io, wipe, write_whole};

/// A file that holds the epoch key in force, and during a shred the next one beside it.
#[derive(Clone, Debug)]
pub struct Holder {
    path: PathBuf,
}

impl Holder {
    /// The holder at a path.
    pub fn at(path: &Path) -> Holder {
        Holder { path: path.to_owned() }
    }

    fn file(&self, epoch: u64) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!(".{epoch}"));
        PathBuf::from(name)
    }

    /// Stores the key of an epoch and reads it back.
    ///
    /// # Errors
    /// If it cannot be written or does not read back the same.
    pub fn give(&self, epoch: u64, key: &[u8; 32]) -> Result<(), Fault> {
        let value = json!({"epoch": epoch, "key": b64::url(key), "type": "custody.epoch", "v": 1});
        let bytes = Zeroizing::new(to_bytes(&value, Strictness::Document).map_err(|_| Fault::new("holder_damaged"))?);
        write_whole(&self.file(epoch), &bytes)?;
        match self.take(epoch)? {
            Some(back) if *back == *key => Ok(()),
            _ => Err(Fault::new("holder_damaged")),
        }
    }

    /// The key of an epoch, if the holder has it.
    ///
    /// # Errors
    /// If the file is there but damaged.
    pub fn take(&self, epoch: u64) -> Result<Option<Zeroizing<[u8; 32]>>, Fault> {
        let bytes = match std::fs::read(self.file(epoch)) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(io(&e)),
        };
        let damaged = || Fault::new("holder_damaged");
        let value: Json = from_bytes(&bytes, Strictness::Document).map_err(|_| damaged())?;
        let key = value.get("key").and_then(Json::as_str).and_then(b64::array_from_url::<32>).ok_or_else(damaged)?;
        let same = value.get("epoch").and_then(Json::as_u64) == Some(epoch);
        if same { Ok(Some(Zeroizing::new(key))) } else { Err(damaged()) }
    }

    /// Destroys the key of an epoch.
    ///
    /// # Errors
    /// If the file cannot be overwritten or removed.
    pub fn destroy(&self, epoch: u64) -> Result<(), Fault> {
        // What a crash left while the key was written holds it too.
        let mut unfinished = self.file(epoch).into_os_string();
        unfinished.push(".new");
        wipe(Path::new(&unfinished))?;
        wipe(&self.file(epoch))
    }

    /// Destroys keys of later epochs that never came into force.
    ///
    /// # Errors
    /// If a file cannot be removed.
    pub fn destroy_after(&self, epoch: u64) -> Result<(), Fault> {
        for later in epoch + 1..epoch + 4 {
            self.destroy(later)?;
        }
        Ok(())
    }
}
