//! Archives: one segment a data set, one unit a person, each unit under a key that only that person's slot gives (EVIDENCE §8).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use ledger::keyed;
use rows::{Tag, read_row};
use terms::Fault;

use crate::coding::{Shared, UnitRows};
use crate::random::random;
use crate::sealed::{io, open, private, seal, sync_folder};
use crate::slots::{Key, Slots};
use crate::varint::{take, unvarint, varint};

const MAGIC: &[u8; 8] = b"CUSTARC2";
/// Bytes of rows that are gathered before a block is written.
const BLOCK: usize = 96 << 20;
/// A row in a unit: its position in the seal and its values.
pub type UnitRow = (u32, Vec<(Tag, Vec<u8>)>);

/// The rows of one subject, opened.
#[derive(Debug)]
pub struct Unit {
    /// The slot whose key opened it.
    pub slot: u32,
    /// That key.
    pub key: Key,
    /// Its rows.
    pub rows: Vec<UnitRow>,
}

/// Writes a segment.
pub struct ArchiveWriter {
    out: BufWriter<File>,
    path: PathBuf,
    segment: [u8; 16],
    vault_key: [u8; 32],
    columns: usize,
    block: u64,
    unit: u64,
    rows: u64,
    gathered: BTreeMap<u32, Vec<(u32, Vec<u8>)>>,
    bytes: usize,
}

fn block_key(vault_key: &[u8; 32], segment: &[u8; 16], block: u64) -> [u8; 32] {
    keyed(vault_key, "segment-block", &[segment, &block.to_be_bytes()])
}

pub(crate) fn unit_aad(segment: &[u8; 16], unit: u64) -> Vec<u8> {
    let mut out = segment.to_vec();
    out.extend_from_slice(&unit.to_be_bytes());
    out
}

impl ArchiveWriter {
    /// A segment at a path, written beside it until it is whole.
    ///
    /// # Errors
    /// If the folder cannot be made or the file cannot be created.
    pub fn create(path: &Path, vault_key: &[u8; 32], columns: usize) -> Result<ArchiveWriter, Fault> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|e| io(&e))?;
        }
        let mut out = BufWriter::new(private(&part(path)).map_err(|e| io(&e))?);
        let segment: [u8; 16] = random()?;
        out.write_all(MAGIC).and_then(|()| out.write_all(&segment)).map_err(|e| io(&e))?;
        Ok(ArchiveWriter {
            out,
            path: path.to_owned(),
            segment,
            vault_key: *vault_key,
            columns,
            block: 0,
            unit: 0,
            rows: 0,
            gathered: BTreeMap::new(),
            bytes: 0,
        })
    }

    /// Adds a row of the person (or data set) of that slot.
    ///
    /// # Errors
    /// If a block cannot be written.
    pub fn add(&mut self, slots: &mut Slots, slot: u32, position: u32, row: &[u8]) -> Result<(), Fault> {
        self.gathered.entry(slot).or_default().push((position, row.to_vec()));
        self.bytes += row.len() + 48;
        self.rows += 1;
        if self.bytes > BLOCK { self.flush(slots) } else { Ok(()) }
    }

    fn flush(&mut self, slots: &mut Slots) -> Result<(), Fault> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let gathered = std::mem::take(&mut self.gathered);
        let units: Option<Vec<UnitRows<'_>>> = gathered.values().map(|rows| read_rows(rows)).collect();
        let units = units.ok_or_else(|| Fault::new("sealing_failed"))?;
        let shared = Shared::of(self.columns, &units);
        let mut head = Vec::new();
        let bytes = shared.to_bytes();
        varint(bytes.len() as u64, &mut head);
        head.extend_from_slice(&bytes);
        varint(units.len() as u64, &mut head);
        let mut body = Vec::new();
        let mut last = 0;
        for (slot, rows) in gathered.keys().zip(&units) {
            let key = slots.key(*slot)?.ok_or_else(|| Fault::new("slot_shredded"))?;
            let unit_key = keyed(&key, "unit", &[&self.segment, &self.unit.to_be_bytes()]);
            let sealed = seal(&unit_key, &[0; 12], &unit_aad(&self.segment, self.unit), &shared.encode(rows))?;
            // Units lie in the order of their slots.
            varint(u64::from(*slot - last), &mut head);
            last = *slot;
            varint(sealed.len() as u64, &mut head);
            body.extend_from_slice(&sealed);
            self.unit += 1;
        }
        let head = seal(&block_key(&self.vault_key, &self.segment, self.block), &[0; 12], &self.segment, &head)?;
        let len = u32::try_from(head.len()).map_err(|_| Fault::new("archive_too_large"))?;
        self.out
            .write_all(&len.to_be_bytes())
            .and_then(|()| self.out.write_all(&head))
            .and_then(|()| self.out.write_all(&body))
            .map_err(|e| io(&e))?;
        self.block += 1;
        self.bytes = 0;
        Ok(())
    }

    /// Finishes the segment, synced and in place; gives the rows written.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn finish(mut self, slots: &mut Slots) -> Result<u64, Fault> {
        self.flush(slots)?;
        self.out.write_all(&0u32.to_be_bytes()).map_err(|e| io(&e))?;
        let file = self.out.into_inner().map_err(|e| io(e.error()))?;
        file.sync_all().map_err(|e| io(&e))?;
        fs::rename(part(&self.path), &self.path).map_err(|e| io(&e))?;
        sync_folder(self.path.parent().unwrap_or(Path::new(".")))?;
        Ok(self.rows)
    }
}

fn part(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

/// Reads a segment.
pub struct ArchiveReader {
    input: BufReader<File>,
    segment: [u8; 16],
    vault_key: [u8; 32],
    block: u64,
    unit: u64,
}

impl ArchiveReader {
    /// Opens a segment.
    ///
    /// # Errors
    /// If it is missing or not a segment.
    pub fn open(path: &Path, vault_key: &[u8; 32]) -> Result<ArchiveReader, Fault> {
        let mut input = BufReader::new(File::open(path).map_err(|_| Fault::new("archive_missing"))?);
        let mut head = [0u8; 24];
        input.read_exact(&mut head).map_err(|_| damaged())?;
        let (magic, segment) = head.split_at(8);
        let segment: [u8; 16] = segment.try_into().map_err(|_| damaged())?;
        if magic != MAGIC {
            return Err(damaged());
        }
        Ok(ArchiveReader { input, segment, vault_key: *vault_key, block: 0, unit: 0 })
    }

    /// Opens every unit whose slot is wanted and whose key lives; gives the units that nobody can open any more.
    ///
    /// # Errors
    /// If the segment was cut or changed, or `each` fails.
    pub fn units(
        &mut self,
        slots: &mut Slots,
        wanted: &dyn Fn(u32) -> bool,
        each: &mut dyn FnMut(Unit) -> Result<(), Fault>,
    ) -> Result<u64, Fault> {
        let mut dead = 0;
        loop {
            let mut len = [0u8; 4];
            self.input.read_exact(&mut len).map_err(|_| damaged())?;
            let len = u32::from_be_bytes(len);
            if len == 0 {
                return Ok(dead);
            }
            let head = self.bytes(len as usize)?;
            let head = open(&block_key(&self.vault_key, &self.segment, self.block), &[0; 12], &self.segment, &head).ok_or_else(damaged)?;
            let (shared, table) = read_head(&head).ok_or_else(damaged)?;
            for (slot, len) in table {
                let sealed = self.bytes(len)?;
                let unit = self.unit;
                self.unit += 1;
                if !wanted(slot) {
                    continue;
                }
                let Some(key) = slots.key(slot)? else {
                    dead += 1;
                    continue;
                };
                let unit_key = keyed(&key, "unit", &[&self.segment, &unit.to_be_bytes()]);
                let plain = open(&unit_key, &[0; 12], &unit_aad(&self.segment, unit), &sealed).ok_or_else(damaged)?;
                let rows = shared.decode(&plain).ok_or_else(damaged)?;
                each(Unit { slot, key, rows })?;
            }
            self.block += 1;
        }
    }

    fn bytes(&mut self, len: usize) -> Result<Vec<u8>, Fault> {
        let mut out = Vec::new();
        let read = Read::by_ref(&mut self.input).take(len as u64).read_to_end(&mut out).map_err(|e| io(&e))?;
        if read == len { Ok(out) } else { Err(damaged()) }
    }
}

fn read_rows(rows: &[(u32, Vec<u8>)]) -> Option<UnitRows<'_>> {
    rows.iter().map(|(position, row)| Some((*position, read_row(row)?))).collect()
}

fn read_head(mut head: &[u8]) -> Option<(Shared, Vec<(u32, usize)>)> {
    let input = &mut head;
    let len = usize::try_from(unvarint(input)?).ok()?;
    let shared = Shared::from_bytes(take(input, len)?)?;
    let mut table = Vec::new();
    let mut slot = 0u32;
    for _ in 0..unvarint(input)? {
        slot = slot.checked_add(u32::try_from(unvarint(input)?).ok()?)?;
        table.push((slot, usize::try_from(unvarint(input)?).ok()?));
    }
    Some((shared, table))
}

fn damaged() -> Fault {
    Fault::new("archive_damaged")
}
