//! The slot file: the only place of keys that must die (EVIDENCE §8).

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use ledger::{keyed, sha256};
use terms::Fault;
use zeroize::Zeroizing;

use crate::random::{random, random_key};
use crate::sealed::{io, open, private, seal, write_whole};

/// Bytes of the header and of a slot.
const HEADER: u64 = 4_096;
const SLOT: u64 = 48;
/// Stands for a row of nobody where a slot is meant.
pub const SLOT_NOBODY: u32 = u32::MAX;

/// A key from a slot, wiped when it goes.
pub type Key = Zeroizing<[u8; 32]>;

/// An open slot file.
pub struct Slots {
    file: File,
    id: [u8; 16],
    epoch: u64,
    epoch_key: Key,
    count: u32,
}

/// The header of a slot file.
pub fn slot_file_header(id: &[u8; 16], epoch: u64, epoch_key: &[u8; 32]) -> Vec<u8> {
    let mut out = Vec::with_capacity(4_096);
    out.extend_from_slice(b"CUSTSLOT");
    out.extend_from_slice(&1u32.to_be_bytes());
    out.extend_from_slice(&48u32.to_be_bytes());
    out.extend_from_slice(id);
    out.extend_from_slice(&epoch.to_be_bytes());
    out.extend_from_slice(&keyed(epoch_key, "epoch-check", &[id, &epoch.to_be_bytes()]));
    let check = sha256(&[&out]);
    out.extend_from_slice(&check);
    out.resize(4_096, 0);
    out
}

/// File id and epoch of a header; none if it is damaged.
pub(crate) fn read_header(header: &[u8]) -> Option<([u8; 16], u64, [u8; 32])> {
    let body = header.get(..72)?;
    let ok = body.starts_with(b"CUSTSLOT")
        && header.get(8..16) == Some(&[0, 0, 0, 1, 0, 0, 0, 48])
        && header.get(72..104) == Some(sha256(&[body]).as_slice())
        && header.get(104..)?.iter().all(|b| *b == 0);
    let id = header.get(16..32)?.try_into().ok()?;
    let epoch = u64::from_be_bytes(header.get(32..40)?.try_into().ok()?);
    let check = header.get(40..72)?.try_into().ok()?;
    ok.then_some((id, epoch, check))
}

/// The epoch of the slot file at a path, if there is a whole one.
pub(crate) fn epoch_at(path: &Path) -> Option<u64> {
    let mut header = vec![0u8; 4_096];
    File::open(path).ok()?.read_exact(&mut header).ok()?;
    read_header(&header).map(|(_, epoch, _)| epoch)
}

fn slot_nonce(index: u32) -> [u8; 12] {
    let mut out = [0u8; 12];
    for (to, from) in out.iter_mut().skip(4).zip(u64::from(index).to_be_bytes()) {
        *to = from;
    }
    out
}

fn aad(id: &[u8; 16], epoch: u64) -> [u8; 24] {
    let mut out = [0u8; 24];
    for (to, from) in out.iter_mut().zip(id.iter().copied().chain(epoch.to_be_bytes())) {
        *to = from;
    }
    out
}

/// A slot's bytes.
pub(crate) fn seal_slot(epoch_key: &[u8; 32], id: &[u8; 16], epoch: u64, index: u32, key: &[u8; 32]) -> Result<Vec<u8>, Fault> {
    seal(epoch_key, &slot_nonce(index), &aad(id, epoch), key)
}

fn open_slot(epoch_key: &[u8; 32], id: &[u8; 16], epoch: u64, index: u32, slot: &[u8]) -> Option<Key> {
    let plain = Zeroizing::new(open(epoch_key, &slot_nonce(index), &aad(id, epoch), slot)?);
    plain.as_slice().try_into().ok().map(Zeroizing::new)
}

impl Slots {
    /// A new slot file of epoch 1 with a fresh index key in slot 0.
    pub(crate) fn create(path: &Path, epoch: u64, epoch_key: &[u8; 32]) -> Result<(), Fault> {
        let id = random()?;
        let mut bytes = slot_file_header(&id, epoch, epoch_key);
        bytes.extend_from_slice(&seal_slot(epoch_key, &id, epoch, 0, &*random_key()?)?);
        write_whole(path, &bytes)
    }

    /// Opens a slot file with the epoch key of its header; a torn append is cut.
    pub(crate) fn open(path: &Path, epoch_key: impl FnOnce(u64) -> Result<Option<Key>, Fault>) -> Result<Slots, Fault> {
        let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(|e| io(&e))?;
        let mut header = vec![0u8; 4_096];
        file.read_exact(&mut header).map_err(|_| Fault::new("slots_damaged"))?;
        let (id, epoch, check) = read_header(&header).ok_or_else(|| Fault::new("slots_damaged"))?;
        let epoch_key = epoch_key(epoch)?.ok_or_else(|| Fault::new("epoch_key_missing").with("epoch", epoch))?;
        if keyed(&epoch_key, "epoch-check", &[&id, &epoch.to_be_bytes()]) != check {
            return Err(Fault::new("epoch_key_wrong").with("epoch", epoch));
        }
        let len = file.metadata().map_err(|e| io(&e))?.len();
        let count = (len - HEADER) / SLOT;
        if !(len - HEADER).is_multiple_of(SLOT) {
            file.set_len(HEADER + count * SLOT).map_err(|e| io(&e))?;
        }
        let count = u32::try_from(count).map_err(|_| Fault::new("slots_damaged"))?;
        Ok(Slots { file, id, epoch, epoch_key, count })
    }

    /// The epoch.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Slots, free and shredded ones included.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Appends fresh random keys, synced; gives the index of the first.
    ///
    /// # Errors
    /// If the file cannot be written; a torn append is cut at the next opening.
    pub fn append(&mut self, keys: u32) -> Result<u32, Fault> {
        let first = self.count;
        let mut bytes = Vec::with_capacity(keys as usize * 48);
        for i in 0..keys {
            bytes.extend_from_slice(&seal_slot(&self.epoch_key, &self.id, self.epoch, first + i, &*random_key()?)?);
        }
        self.file.seek(SeekFrom::Start(HEADER + u64::from(first) * SLOT)).map_err(|e| io(&e))?;
        self.file.write_all(&bytes).and_then(|()| self.file.sync_data()).map_err(|e| io(&e))?;
        self.count += keys;
        Ok(first)
    }

    fn raw(&mut self, index: u32) -> Result<[u8; 48], Fault> {
        let mut slot = [0u8; 48];
        if index >= self.count {
            return Ok(slot);
        }
        self.file.seek(SeekFrom::Start(HEADER + u64::from(index) * SLOT)).map_err(|e| io(&e))?;
        self.file.read_exact(&mut slot).map_err(|e| io(&e))?;
        Ok(slot)
    }

    /// The key of a slot; none if it was shredded.
    ///
    /// # Errors
    /// If the slot cannot be read or was changed.
    pub fn key(&mut self, index: u32) -> Result<Option<Key>, Fault> {
        let slot = self.raw(index)?;
        if slot.iter().all(|b| *b == 0) {
            return Ok(None);
        }
        open_slot(&self.epoch_key, &self.id, self.epoch, index, &slot).map(Some).ok_or_else(|| Fault::new("slots_damaged"))
    }

    /// Overwrites slots with zeros in place, synced.
    pub(crate) fn zero(&mut self, list: &[u32]) -> Result<(), Fault> {
        for index in list.iter().filter(|i| **i < self.count && **i != 0) {
            self.file.seek(SeekFrom::Start(HEADER + u64::from(*index) * SLOT)).map_err(|e| io(&e))?;
            self.file.write_all(&[0; 48]).map_err(|e| io(&e))?;
        }
        self.file.sync_all().map_err(|e| io(&e))
    }

    /// How many of the listed slots are zero.
    pub(crate) fn zeros(&mut self, list: &[u32]) -> Result<u64, Fault> {
        let mut count = 0;
        // A slot that the file does not have was not seen to be zero.
        let there = self.count;
        for index in list.iter().filter(|i| **i < there) {
            count += u64::from(self.raw(*index)?.iter().all(|b| *b == 0));
        }
        Ok(count)
    }

    /// Writes the file anew beside it: new file id, next epoch, live keys wrapped again, slot 0 with a fresh index key. Every slot is read back.
    pub(crate) fn write_next(&mut self, next: &Path, epoch: u64, epoch_key: &[u8; 32]) -> Result<Key, Fault> {
        let id: [u8; 16] = random()?;
        let index_key = random_key()?;
        let mut file = std::io::BufWriter::new(private(next).map_err(|e| io(&e))?);
        file.write_all(&slot_file_header(&id, epoch, epoch_key)).map_err(|e| io(&e))?;
        for index in 0..self.count {
            let key = if index == 0 { Some(index_key.clone()) } else { self.key(index)? };
            let slot = match key {
                Some(key) => seal_slot(epoch_key, &id, epoch, index, &key)?,
                None => vec![0; 48],
            };
            file.write_all(&slot).map_err(|e| io(&e))?;
        }
        let file = file.into_inner().map_err(|e| io(e.error()))?;
        file.sync_all().map_err(|e| io(&e))?;
        let mut written = Slots::open(next, |_| Ok(Some(Zeroizing::new(*epoch_key))))?;
        for index in 0..self.count {
            let same = match (index, self.key(index)?, written.key(index)?) {
                (0, _, Some(key)) => *key == *index_key,
                (_, old, new) => old.as_deref() == new.as_deref(),
            };
            if !same {
                return Err(Fault::new("slots_damaged"));
            }
        }
        Ok(index_key)
    }
}
