//! The root key: it wraps the vault key and the operator's signing key, lives nowhere, and is split so that any two of three shares give it back.

use std::path::Path;

use keys::SHARE_BYTES;
use ledger::keyed;
use terms::Fault;
use vsss_rs::Gf256;
use zeroize::Zeroizing;

use crate::random::random_key;
use crate::sealed::{open_bytes, seal_bytes, write_whole};

/// Shares that are needed, and made.
const NEED: usize = 2;
/// Shares that are made of a root key; any two bring it back.
pub const MADE: usize = 3;

/// What two shares bring back.
pub struct Wrapped {
    /// The vault key.
    pub vault: Zeroizing<[u8; 32]>,
    /// The seed of the operator's key.
    pub operator: Zeroizing<[u8; 32]>,
}

/// A share: its number and a byte for each of the root key's.
pub type Share = Zeroizing<[u8; SHARE_BYTES]>;

/// Splits a fresh root key that wraps both keys; shares of an earlier one open nothing any more.
///
/// # Errors
/// If the system gives no randomness, or the file cannot be written.
pub fn split_root(folder: &Path, wrapped: &Wrapped) -> Result<Vec<Share>, Fault> {
    let root = random_key()?;
    let rng = getrandom::rand_core::UnwrapErr(getrandom::SysRng);
    let failed = || Fault::new("splitting_failed");
    let parts = Gf256::split_bytes(NEED, MADE, *root, rng).map_err(|_| failed())?;
    let parts = Zeroizing::new(parts);
    let shares: Option<Vec<Share>> = parts.iter().map(|p| p.as_slice().try_into().ok().map(Zeroizing::new)).collect();
    let plain: Zeroizing<Vec<u8>> = Zeroizing::new(wrapped.vault.iter().chain(&*wrapped.operator).copied().collect());
    write_whole(&folder.join("root"), &seal_bytes(&keyed(&root, "root-wrap", &[]), &plain)?)?;
    shares.ok_or_else(failed)
}

/// What two shares bring back.
///
/// # Errors
/// If they are one share twice, of different splits, or of another vault.
pub fn join_root(folder: &Path, shares: &[Share]) -> Result<Wrapped, Fault> {
    let other = || Fault::new("shares_do_not_fit");
    let parts: Vec<Vec<u8>> = shares.iter().map(|s| s.to_vec()).collect();
    let root: [u8; 32] = Gf256::combine_bytes(&parts).map_err(|_| other())?.try_into().map_err(|_| other())?;
    let root = Zeroizing::new(root);
    let sealed = std::fs::read(folder.join("root")).map_err(|_| Fault::new("no_root"))?;
    // Shares that do not belong together give some key, but not the one that opens this.
    let plain = Zeroizing::new(open_bytes(&keyed(&root, "root-wrap", &[]), &sealed).ok_or_else(other)?);
    let (vault, operator) = plain.split_first_chunk::<32>().ok_or_else(other)?;
    let operator: [u8; 32] = operator.try_into().map_err(|_| other())?;
    Ok(Wrapped { vault: Zeroizing::new(*vault), operator: Zeroizing::new(operator) })
}

/// Whether a root key was ever split here.
pub fn has_root(folder: &Path) -> bool {
    folder.join("root").exists()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn wrapped() -> Wrapped {
        Wrapped { vault: Zeroizing::new([1; 32]), operator: Zeroizing::new([2; 32]) }
    }

    #[test]
    fn any_two_of_three_bring_both_keys_back_and_one_brings_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let shares = split_root(folder.path(), &wrapped()).unwrap();
        for pair in [[0, 1], [0, 2], [1, 2], [2, 0]] {
            let two = pair.map(|i| shares[i].clone());
            let back = join_root(folder.path(), &two).unwrap();
            assert_eq!((*back.vault, *back.operator), ([1; 32], [2; 32]));
        }
        let one = || shares[0].clone();
        assert_eq!(join_root(folder.path(), &[one()]).err().unwrap().code(), "shares_do_not_fit");
        assert_eq!(join_root(folder.path(), &[one(), one()]).err().unwrap().code(), "shares_do_not_fit");
        let later = split_root(folder.path(), &wrapped()).unwrap();
        assert_eq!(join_root(folder.path(), &[one(), later[1].clone()]).err().unwrap().code(), "shares_do_not_fit");
    }

    #[test]
    fn one_share_tells_nothing_every_secret_is_as_likely_as_any_other() {
        // With one share fixed, the second can be anything, and each choice gives another secret: none is ruled out.
        let first = vec![1u8, 0x5a];
        let secrets: std::collections::BTreeSet<Vec<u8>> =
            (0u8..=255).map(|y| Gf256::combine_bytes([first.clone(), vec![2, y]]).unwrap()).collect();
        assert_eq!(secrets.len(), 256);
    }
}
