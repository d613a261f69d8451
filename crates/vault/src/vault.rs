//! The vault of a workspace: vault key, slots, sealed blobs, the index that each shred writes anew.

use std::fs;
use std::path::{Path, PathBuf};

use keys::{KeyFile, Passphrase};
use ledger::keyed;
use terms::Fault;
use zeroize::Zeroizing;

use crate::archive::{ArchiveReader, ArchiveWriter};
use crate::holder::Holder;
use crate::keyfiles::{load_key_file, save_key_file};
use crate::random::{random, random_key};
use crate::root::{Share, Wrapped, join_root, split_root};
use crate::sealed::{io, open_bytes, seal_bytes, write_whole};
use crate::shred::finish_renames;
use crate::slots::{Key, Slots};

/// The key of a file under its name: under another name it does not open.
pub(crate) fn named(key: &[u8; 32], name: &str) -> Key {
    Zeroizing::new(keyed(key, "file-name", &[name.as_bytes()]))
}

/// An open vault.
pub struct Vault {
    folder: PathBuf,
    archives: PathBuf,
    holder: Holder,
    key: Key,
    slots: Slots,
}

/// Stands in a vault that is being made.
const UNFINISHED: &str = "unfinished";

impl Vault {
    /// Makes a vault: a vault key under the passphrase, slots of epoch 1, the epoch key with the holder.
    ///
    /// # Errors
    /// If there is one already, or a file cannot be written.
    pub fn create(folder: &Path, archives: &Path, holder: &Path, passphrase: &Passphrase) -> Result<(), Fault> {
        if folder.join("vault.key").exists() {
            return Err(Fault::new("vault_exists"));
        }
        let holder = Holder::at(holder);
        if holder.take(1)?.is_some() {
            return Err(Fault::new("holder_taken"));
        }
        fs::create_dir_all(folder.join("index")).map_err(|e| io(&e))?;
        fs::create_dir_all(archives).map_err(|e| io(&e))?;
        // The key with the holder is this vault's from here on, and no other's.
        fs::write(folder.join(UNFINISHED), b"").map_err(|e| io(&e))?;
        let epoch_key = random_key()?;
        holder.give(1, &epoch_key)?;
        Slots::create(&folder.join("slots"), 1, &epoch_key)?;
        // The key file comes last: a vault is whole once it is there.
        let file = KeyFile::seal("vault", "vault", &*random_key()?, passphrase, &random()?)?;
        save_key_file(&file, &folder.join("vault.key"))?;
        fs::remove_file(folder.join(UNFINISHED)).map_err(|e| io(&e))
    }

    /// Whether there is a whole vault.
    pub fn exists(folder: &Path) -> bool {
        folder.join("vault.key").exists()
    }

    /// Removes what a creation that was cut off left behind; a key with the holder that no creation here gave it is another case's.
    ///
    /// # Errors
    /// If something cannot be removed.
    pub fn clear_unfinished(folder: &Path, holder: &Path) -> Result<(), Fault> {
        let unfinished = folder.join(UNFINISHED);
        if Vault::exists(folder) || !unfinished.exists() {
            return Ok(());
        }
        Holder::at(holder).destroy(1)?;
        crate::sealed::wipe(&folder.join("slots"))?;
        fs::remove_file(unfinished).map_err(|e| io(&e))
    }

    /// Opens a vault.
    ///
    /// # Errors
    /// If the passphrase is wrong, the holder has no key for the epoch, or a file is damaged.
    pub fn open(folder: &Path, archives: &Path, holder: &Path, passphrase: &Passphrase) -> Result<Vault, Fault> {
        let key = load_key_file(&folder.join("vault.key"))?.open(passphrase)?;
        finish_renames(folder)?;
        let holder = Holder::at(holder);
        let slots = Slots::open(&folder.join("slots"), |epoch| holder.take(epoch))?;
        Ok(Vault { folder: folder.to_owned(), archives: archives.to_owned(), holder, key, slots })
    }

    /// Splits a fresh root key that wraps this vault's key and the operator's; gives its shares.
    ///
    /// # Errors
    /// As [`crate::split_root`].
    pub fn split_root(&self, operator: &Key) -> Result<Vec<Share>, Fault> {
        split_root(&self.folder, &Wrapped { vault: self.key.clone(), operator: operator.clone() })
    }

    /// Whether two shares bring this very vault's key back.
    ///
    /// # Errors
    /// As [`crate::join_root`].
    pub fn shares_fit(&self, shares: &[Share]) -> Result<bool, Fault> {
        Ok(join_root(&self.folder, shares)?.vault == self.key)
    }

    /// Puts the vault key under a new passphrase, by the word of two shares, once `take` has seen to the operator's seed.
    ///
    /// # Errors
    /// If the shares do not fit, `take` refuses, or a file cannot be written; then the vault opens as before.
    pub fn recover(
        folder: &Path,
        shares: &[Share],
        passphrase: &Passphrase,
        take: impl FnOnce(&Key) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let wrapped = join_root(folder, shares)?;
        let file = KeyFile::seal("vault", "vault", &wrapped.vault, passphrase, &random()?)?;
        take(&wrapped.operator)?;
        save_key_file(&file, &folder.join("vault.key"))
    }

    /// The slots.
    pub fn slots(&mut self) -> &mut Slots {
        &mut self.slots
    }

    pub(crate) fn parts(&mut self) -> (&Path, &Holder, &mut Slots) {
        (&self.folder, &self.holder, &mut self.slots)
    }

    pub(crate) fn reopen(&mut self) -> Result<(), Fault> {
        let holder = self.holder.clone();
        self.slots = Slots::open(&self.folder.join("slots"), |epoch| holder.take(epoch))?;
        Ok(())
    }

    fn blob_path(&self, name: &str) -> PathBuf {
        let hash = keyed(&self.key, "blob-name", &[name.as_bytes()]);
        let hex: String = hash.iter().take(16).map(|b| format!("{b:02x}")).collect();
        self.folder.join("blobs").join(hex)
    }

    /// Stores bytes about nobody in particular, sealed under the vault key.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        write_whole(&self.blob_path(name), &seal_bytes(&named(&self.key, name), bytes)?)
    }

    /// The bytes of that name.
    ///
    /// # Errors
    /// If they are there but damaged.
    pub fn get(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Fault> {
        match fs::read(self.blob_path(name)) {
            Ok(sealed) => {
                open_bytes(&named(&self.key, name), &sealed).map(|b| Some(Zeroizing::new(b))).ok_or_else(|| Fault::new("vault_damaged"))
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(io(&e)),
        }
    }

    /// Stores bytes about persons, sealed under the index key; `name` is letters, digits, hyphens.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn index_put(&mut self, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        let key = self.slots.key(0)?.ok_or_else(|| Fault::new("slots_damaged"))?;
        write_whole(&self.folder.join("index").join(name), &seal_bytes(&named(&key, name), bytes)?)
    }

    /// The bytes about persons of that name.
    ///
    /// # Errors
    /// If they are there but damaged.
    pub fn index_get(&mut self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Fault> {
        let key = self.slots.key(0)?.ok_or_else(|| Fault::new("slots_damaged"))?;
        match fs::read(self.folder.join("index").join(name)) {
            Ok(sealed) => {
                open_bytes(&named(&key, name), &sealed).map(|b| Some(Zeroizing::new(b))).ok_or_else(|| Fault::new("vault_damaged"))
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(io(&e)),
        }
    }

    /// Where a segment lies.
    pub fn segment(&self, archive: &str, name: &str) -> PathBuf {
        self.archives.join(archive).join(name)
    }

    /// Begins a segment of an archive.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn write_segment(&self, archive: &str, name: &str, columns: usize) -> Result<ArchiveWriter, Fault> {
        ArchiveWriter::create(&self.segment(archive, name), &self.key, columns)
    }

    /// Opens a segment of an archive.
    ///
    /// # Errors
    /// If it is missing or damaged.
    pub fn read_segment(&self, archive: &str, name: &str) -> Result<ArchiveReader, Fault> {
        ArchiveReader::open(&self.segment(archive, name), &self.key)
    }

    /// A key for digests that stay inside the vault.
    pub fn digest_key(&self, purpose: &str) -> Key {
        Zeroizing::new(keyed(&self.key, "digest-key", &[purpose.as_bytes()]))
    }
}
