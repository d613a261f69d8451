//! The index of a seal, in the vault: for every row in reading order its position, slot, branch, digest and locator.

use terms::{Fault, Place};

use crate::workspace::Workspace;

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
    pub digest: [u8; 16],
    pub locator: Vec<u8>,
}

/// The index of a seal.
#[derive(Clone, Debug, Default)]
pub(crate) struct SealIndex {
    /// The slot of the seal's K.
    pub key_slot: u32,
    pub rows: Vec<SealRow>,
}

impl SealIndex {
    pub(crate) fn name(scan_n: u64, place: &Place, delta: bool) -> String {
        format!("seal-{scan_n}-{}{}", place.as_str().replace('/', "_"), if delta { "-d" } else { "" })
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.rows.len() * 48);
        out.extend_from_slice(&self.key_slot.to_be_bytes());
        for r in &self.rows {
            out.extend_from_slice(&r.position.to_be_bytes());
            out.extend_from_slice(&r.slot.to_be_bytes());
            out.push(u8::from(r.nobody));
            out.extend_from_slice(&r.branch.to_be_bytes());
            out.extend_from_slice(&r.digest);
            out.extend_from_slice(&u32::try_from(r.locator.len()).unwrap_or_default().to_be_bytes());
            out.extend_from_slice(&r.locator);
        }
        out
    }

    fn from_bytes(bytes: &[u8]) -> Option<SealIndex> {
        let u32_of = |b: &[u8; 4]| u32::from_be_bytes(*b);
        let (key_slot, mut rest) = bytes.split_first_chunk::<4>()?;
        let mut rows = Vec::new();
        while !rest.is_empty() {
            let (position, tail) = rest.split_first_chunk::<4>()?;
            let (slot, tail) = tail.split_first_chunk::<4>()?;
            let (nobody, tail) = tail.split_first()?;
            let (branch, tail) = tail.split_first_chunk::<4>()?;
            let (digest, tail) = tail.split_first_chunk::<16>()?;
            let (len, tail) = tail.split_first_chunk::<4>()?;
            let (locator, tail) = tail.split_at_checked(u32_of(len) as usize)?;
            rows.push(SealRow {
                position: u32_of(position),
                slot: u32_of(slot),
                nobody: *nobody == 1,
                branch: u32_of(branch),
                digest: *digest,
                locator: locator.to_vec(),
            });
            rest = tail;
        }
        Some(SealIndex { key_slot: u32_of(key_slot), rows })
    }

    pub(crate) fn keep(&self, workspace: &mut Workspace, name: &str) -> Result<(), Fault> {
        let bytes = zeroize::Zeroizing::new(self.to_bytes());
        workspace.vault()?.index_put(name, &bytes)
    }

    pub(crate) fn load(workspace: &mut Workspace, name: &str) -> Result<SealIndex, Fault> {
        let bytes = workspace.vault()?.index_get(name)?.ok_or_else(|| Fault::new("index_missing"))?;
        SealIndex::from_bytes(&bytes).ok_or_else(|| Fault::new("vault_damaged"))
    }
}

/// The digest of a row's bytes under its seal's K.
pub(crate) fn row_digest(seal_key: &[u8; 32], row: &[u8]) -> [u8; 16] {
    let whole = ledger::keyed(seal_key, "row-digest", &[row]);
    let mut out = [0u8; 16];
    for (to, from) in out.iter_mut().zip(whole) {
        *to = from;
    }
    out
}
