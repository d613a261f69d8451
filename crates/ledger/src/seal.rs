//! Seals: shuffled positions, keyed row commitments, subject leaves (EVIDENCE §6).

use crate::bytes::keyed;

/// A row's commitment c_p.
pub type Commitment = [u8; 32];

/// The order key of row `i` in reading order under the seal's K.
pub fn order_key(seal_key: &[u8; 32], i: u64) -> [u8; 32] {
    keyed(seal_key, "order", &[&i.to_be_bytes()])
}

/// Position of each row in reading order: the rank of its order key.
pub fn positions(seal_key: &[u8; 32], rows: u32) -> Vec<u32> {
    let mut keys: Vec<(u64, u32)> = (0..rows).map(|i| (head(&order_key(seal_key, u64::from(i))), i)).collect();
    keys.sort_unstable_by(|a, b| {
        let whole = |i: u32| order_key(seal_key, u64::from(i));
        a.0.cmp(&b.0).then_with(|| whole(a.1).cmp(&whole(b.1)))
    });
    let mut out = vec![0u32; keys.len()];
    for (p, (_, i)) in (0u32..).zip(keys) {
        if let Some(slot) = out.get_mut(i as usize) {
            *slot = p;
        }
    }
    out
}

fn head(key: &[u8; 32]) -> u64 {
    key.iter().take(8).fold(0, |n, b| (n << 8) | u64::from(*b))
}

/// k_p: the key of the row at position `p`, from the seal's K and the person's key (32 zero bytes for nobody).
pub fn row_key(seal_key: &[u8; 32], p: u64, person_key: &[u8; 32]) -> [u8; 32] {
    keyed(seal_key, "row-key", &[&p.to_be_bytes(), person_key])
}

/// c_p: the commitment of the `rows/v1` bytes of a row under its k_p.
pub fn commitment(row_key: &[u8; 32], row: &[u8]) -> Commitment {
    keyed(row_key, "row", &[row])
}

/// The key of a subject's leaf at subject position `t` under K_s.
pub fn subject_key(subjects_key: &[u8; 32], t: u64) -> [u8; 32] {
    keyed(subjects_key, "subject-key", &[&t.to_be_bytes()])
}

/// The leaf of a subject: its row list (u64 n ‖ u64 p ‖ c_p for each row by (n, p)) under its subject key.
pub fn subject_leaf(subject_key: &[u8; 32], row_list: &[u8]) -> [u8; 32] {
    keyed(subject_key, "subject", &[row_list])
}
