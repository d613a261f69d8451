//! The index of a seal, in the vault: for every row in reading order its position, slot, branch, digests and locator.

use rows::{Batch, CellRef, Tag, canonical_row};
use terms::{Fault, Place};

use crate::workspace::Workspace;

/// A short keyed digest of a row.
pub(crate) type RowDigest = [u8; 16];

/// One row of a seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SealRow {
    pub position: u32,
    /// The slot whose key seals it: the person's, or the data set's.
    pub slot: u32,
    /// Whether it is a row of nobody.
    pub nobody: bool,
    pub branch: u32,
    /// Keyed digest of its bytes: tells whether it changed.
    pub digest: RowDigest,
    /// What its digest will be once the fields of these groups (a bit each, in the order of the seal's groups) were erased.
    pub after: Vec<(u32, RowDigest)>,
    pub locator: Vec<u8>,
}

/// The index of a seal.
#[derive(Clone, Debug, Default)]
pub(crate) struct SealIndex {
    /// The slot of the seal's K.
    pub key_slot: u32,
    /// The archive in which the rows lie.
    pub archive: String,
    pub rows: Vec<SealRow>,
}

impl SealIndex {
    pub(crate) fn name(scan_n: u64, place: &Place) -> String {
        format!("seal-{scan_n}-{}", segment(place))
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.rows.len() * 52);
        let mut room = |bytes: &[u8]| out.extend_from_slice(bytes);
        let len = |n: usize| u32::try_from(n).unwrap_or_default().to_be_bytes();
        room(&self.key_slot.to_be_bytes());
        room(&len(self.archive.len()));
        room(self.archive.as_bytes());
        for r in &self.rows {
            room(&r.position.to_be_bytes());
            room(&r.slot.to_be_bytes());
            room(&[u8::from(r.nobody)]);
            room(&r.branch.to_be_bytes());
            room(&r.digest);
            room(&len(r.after.len()));
            for (groups, digest) in &r.after {
                room(&groups.to_be_bytes());
                room(digest);
            }
            room(&len(r.locator.len()));
            room(&r.locator);
        }
        out
    }

    fn from_bytes(bytes: &[u8]) -> Option<SealIndex> {
        let mut rest = bytes;
        let key_slot = number(&mut rest)?;
        let archive = String::from_utf8(counted(&mut rest)?).ok()?;
        let mut rows = Vec::new();
        while !rest.is_empty() {
            let (position, slot) = (number(&mut rest)?, number(&mut rest)?);
            let nobody = *take::<1>(&mut rest)? == [1];
            let branch = number(&mut rest)?;
            let digest = *take::<16>(&mut rest)?;
            let after = (0..number(&mut rest)?).map(|_| Some((number(&mut rest)?, *take::<16>(&mut rest)?))).collect::<Option<_>>()?;
            rows.push(SealRow { position, slot, nobody, branch, digest, after, locator: counted(&mut rest)? });
        }
        Some(SealIndex { key_slot, archive, rows })
    }

    pub(crate) fn keep(&self, workspace: &mut Workspace, name: &str) -> Result<(), Fault> {
        let bytes = zeroize::Zeroizing::new(self.to_bytes());
        workspace.vault()?.index_put(name, &bytes)
    }

    pub(crate) fn load(workspace: &mut Workspace, name: &str) -> Result<SealIndex, Fault> {
        let bytes = workspace.vault()?.index_get(name)?.ok_or_else(|| Fault::new("index_missing").with("list", name))?;
        SealIndex::from_bytes(&bytes).ok_or_else(|| Fault::new("vault_damaged"))
    }
}

/// Hears the rows of a seal, by position, as they were when it was sealed: those that lie under some of its slots, if anybody can open these still.
pub(crate) fn archived(
    workspace: &mut Workspace,
    (place, index): (&Place, &SealIndex),
    slots: &dyn Fn(u32) -> bool,
    hear: &mut dyn FnMut(u32, &[CellRef<'_>]),
) -> Result<(), Fault> {
    let vault = workspace.vault()?;
    let mut reader = vault.read_segment(&index.archive, &segment(place))?;
    reader.units(vault.slots(), &|slot| slots(slot), &mut |unit| {
        for (position, cells) in &unit.rows {
            let cells: Vec<CellRef<'_>> = cells.iter().map(|(tag, bytes)| CellRef { tag: *tag, bytes }).collect();
            hear(*position, &cells);
        }
        Ok(())
    })?;
    Ok(())
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(head)
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    take::<4>(rest).map(|b| u32::from_be_bytes(*b))
}

fn counted(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let len = number(rest)? as usize;
    let (head, tail) = rest.split_at_checked(len)?;
    *rest = tail;
    Some(head.to_vec())
}

/// The name of a data set's segment in an archive.
pub(crate) fn segment(place: &Place) -> String {
    place.as_str().replace('/', "_")
}

/// Digests rows under a seal's K; columns that the store computes are left out.
pub(crate) struct Digester {
    key: zeroize::Zeroizing<[u8; 32]>,
    computed: Vec<bool>,
    bytes: Vec<u8>,
}

impl Digester {
    pub(crate) fn new(key: zeroize::Zeroizing<[u8; 32]>, computed: Vec<bool>) -> Digester {
        Digester { key, computed, bytes: Vec::new() }
    }

    pub(crate) fn row(&mut self, batch: &Batch, row: usize) -> RowDigest {
        self.cells(batch.row(row))
    }

    pub(crate) fn cells<'a>(&mut self, cells: impl Iterator<Item = CellRef<'a>>) -> RowDigest {
        let nothing = CellRef { tag: Tag::Null, bytes: &[] };
        let computed = &self.computed;
        let known = cells.enumerate().map(|(i, c)| if computed.get(i).copied().unwrap_or(false) { nothing } else { c });
        canonical_row(known, &mut self.bytes);
        let whole = ledger::keyed(&self.key, "row-digest", &[&self.bytes]);
        let mut out = [0u8; 16];
        out.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
        out
    }
}
