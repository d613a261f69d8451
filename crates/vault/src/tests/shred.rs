//! What a death leaves in the index stands in no shred's way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use keys::Passphrase;

use crate::shred::{ShredPlan, shred};
use crate::vault::Vault;

#[test]
fn a_file_whose_writing_died_goes_with_the_old_index() {
    let room = tempfile::tempdir().unwrap();
    let at = |name: &str| room.path().join(name);
    let passphrase = Passphrase::new(b"eight or more".to_vec());
    Vault::create(&at("vault"), &at("archives"), &at("holder"), &passphrase).unwrap();
    let mut vault = Vault::open(&at("vault"), &at("archives"), &at("holder"), &passphrase).unwrap();
    vault.index_put("scan-3", b"persons").unwrap();
    vault.index_put("scan-4", b"others").unwrap();
    std::fs::write(at("vault/index/scan-5.new"), b"CUSTSEAL half").unwrap();
    let keep: &dyn Fn(&str, &[u8]) -> Result<Option<Vec<u8>>, terms::Fault> = &|name, bytes| Ok((name == "scan-4").then(|| bytes.to_vec()));
    let seen = shred(&mut vault, &ShredPlan { slots: &[], epoch: 1, rewrite: keep }).unwrap();
    assert!(seen.holder_gone && seen.epoch == 2);
    assert_eq!(vault.index_get("scan-4").unwrap().unwrap().as_slice(), b"others");
    assert!(vault.index_get("scan-3").unwrap().is_none());
    let left: Vec<_> = std::fs::read_dir(at("vault/index")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["scan-4"]);
    assert!(!at("vault/index.old").exists());
}
