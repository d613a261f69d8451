//! Test vector 13 of EVIDENCE §12, made by a second implementation: units, slots, slot files, and every state in which a shred may be cut off.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::Path;

use ledger::keyed;
use serde_json::Value;

use crate::archive::unit_aad;
use crate::holder::Holder;
use crate::sealed::{open, seal};
use crate::shred::{ShredPlan, shred};
use crate::slots::{Slots, read_header, seal_slot};
use crate::vault::Vault;
use keys::Passphrase;

fn cases(kind: &str) -> Vec<Value> {
    let path = format!("{}/../../vectors/13-vault.json", env!("CARGO_MANIFEST_DIR"));
    let value: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    value["cases"].as_array().unwrap().iter().filter(|c| c["kind"] == kind).cloned().collect()
}

fn hex(v: &Value) -> Vec<u8> {
    let text = v.as_str().unwrap();
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
}

fn hex32(v: &Value) -> [u8; 32] {
    hex(v).try_into().unwrap()
}

/// A whole file: header, 3,992 zeros, body; or as it is.
fn file(v: &Value) -> Vec<u8> {
    match v.get("file") {
        Some(whole) => hex(whole),
        None => [hex(&v["header"]), vec![0; 3_992], hex(&v["body"])].concat(),
    }
}

#[test]
fn units() {
    for c in cases("unit") {
        let segment: [u8; 16] = hex(&c["segment"]).try_into().unwrap();
        let unit = c["unit"].as_u64().unwrap();
        let key = keyed(&hex32(&c["person_key"]), "unit", &[&segment, &unit.to_be_bytes()]);
        assert_eq!(key.to_vec(), hex(&c["unit_key"]), "{}", c["name"]);
        let aad = unit_aad(&segment, unit);
        assert_eq!(seal(&key, &[0; 12], &aad, &hex(&c["plaintext"])).unwrap(), hex(&c["sealed"]), "{}", c["name"]);
    }
    let broken = cases("unit_broken");
    assert!(!broken.is_empty());
    for c in broken {
        let segment: [u8; 16] = hex(&c["segment"]).try_into().unwrap();
        let unit = c["unit"].as_u64().unwrap();
        let key = keyed(&hex32(&c["person_key"]), "unit", &[&segment, &unit.to_be_bytes()]);
        assert!(open(&key, &[0; 12], &unit_aad(&segment, unit), &hex(&c["sealed"])).is_none(), "{}", c["name"]);
    }
}

#[test]
fn slots_and_files() {
    let room = tempfile::tempdir().unwrap();
    let path = room.path().join("slots");
    for c in cases("slot") {
        let id: [u8; 16] = hex(&c["file_id"]).try_into().unwrap();
        let (epoch, index) = (c["epoch"].as_u64().unwrap(), u32::try_from(c["index"].as_u64().unwrap()).unwrap());
        let slot = seal_slot(&hex32(&c["epoch_key"]), &id, epoch, index, &hex32(&c["person_key"])).unwrap();
        assert_eq!(slot, hex(&c["slot"]), "{}", c["name"]);
    }
    for c in cases("file") {
        std::fs::write(&path, file(&c)).unwrap();
        let key = hex32(&c["epoch_key"]);
        let mut slots = Slots::open(&path, |_| Ok(Some(zeroize::Zeroizing::new(key)))).unwrap();
        assert_eq!(u64::from(slots.count()), c["slot_count"].as_u64().unwrap(), "{}", c["name"]);
        for (i, expected) in (0u32..).zip(c["keys"].as_array().unwrap()) {
            let found = slots.key(i).unwrap();
            assert_eq!(found.map(|k| k.to_vec()), expected.as_str().map(|_| hex(expected)), "{} slot {i}", c["name"]);
        }
    }
    for c in cases("file_refused") {
        std::fs::write(&path, file(&c)).unwrap();
        let key = c.get("epoch_key").filter(|k| k.is_string()).map_or([0; 32], hex32);
        assert!(Slots::open(&path, |_| Ok(Some(zeroize::Zeroizing::new(key)))).is_err(), "{}", c["name"]);
    }
    for c in cases("file_damaged") {
        std::fs::write(&path, file(&c)).unwrap();
        let key = hex32(&c["epoch_key"]);
        let mut slots = Slots::open(&path, |_| Ok(Some(zeroize::Zeroizing::new(key)))).unwrap();
        for (i, expected) in (0u32..).zip(c["slots"].as_array().unwrap()) {
            let found = match slots.key(i) {
                Ok(Some(_)) => "live",
                Ok(None) => "zero",
                Err(_) => "broken",
            };
            assert_eq!(found, expected.as_str().unwrap(), "{} slot {i}", c["name"]);
        }
    }
}

/// Lays out a state of the files and the holder as a crash left it.
fn lay_out(c: &Value, vault: &Path, holder: &Path) {
    for (name, on_disk) in [("slots", "slots"), ("slots_next", "slots.next"), ("slots_old", "slots.old")] {
        if !c["files"][name].is_null() {
            std::fs::write(vault.join(on_disk), file(&c["files"][name])).unwrap();
        }
    }
    // The index goes with the slots: anew beside `slots.next`, the old one beside `slots.old`.
    std::fs::create_dir_all(vault.join("index")).unwrap();
    if !c["files"]["slots_next"].is_null() {
        std::fs::create_dir_all(vault.join("index.next")).unwrap();
    }
    for (epoch, key) in c["holder"].as_object().unwrap() {
        Holder::at(holder).give(epoch.parse().unwrap(), &hex32(key)).unwrap();
    }
}

#[test]
fn a_shred_that_was_cut_off_anywhere_reaches_its_end() {
    let room = tempfile::tempdir().unwrap();
    let passphrase = Passphrase::new(b"eight or more".to_vec());
    let at = |name: &str| room.path().join(name);
    Vault::create(&at("first"), &at("archives"), &at("first-holder"), &passphrase).unwrap();
    let crashes = cases("crash");
    assert!(crashes.len() >= 8);
    for (i, c) in crashes.iter().enumerate() {
        let name = c["name"].as_str().unwrap();
        let (folder, holder) = (at(&format!("vault{i}")), at(&format!("holder{i}")));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::copy(at("first").join("vault.key"), folder.join("vault.key")).unwrap();
        lay_out(c, &folder, &holder);
        let listed: Vec<u32> = c["listed"].as_array().unwrap().iter().map(|n| u32::try_from(n.as_u64().unwrap()).unwrap()).collect();
        let mut vault = Vault::open(&folder, &at("archives"), &holder, &passphrase).unwrap_or_else(|e| panic!("{name}: {e}"));
        let seen = shred(&mut vault, &ShredPlan { slots: &listed, epoch: 41, rewrite: &|_, _| Ok(None) })
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        let restart = &c["restart"];
        assert_eq!(seen.zero, listed.len() as u64, "{name}");
        assert!(seen.holder_gone, "{name}");
        let epoch = |field: &str| restart.get(field).and_then(Value::as_u64);
        assert!(seen.epoch >= epoch("epoch_min").unwrap(), "{name}: epoch {}", seen.epoch);
        assert!(epoch("epoch_max").is_none_or(|most| seen.epoch <= most), "{name}: epoch {}", seen.epoch);
        for (slot, expected) in (1u32..).zip(restart["live"].as_array().unwrap()) {
            let key = vault.slots().key(slot).unwrap();
            assert_eq!(key.map(|k| k.to_vec()), expected.as_str().map(|_| hex(expected)), "{name}: slot {slot}");
        }
        let index_key = vault.slots().key(0).unwrap().unwrap().to_vec();
        assert_ne!(index_key, hex(&restart["gone_index_key"]), "{name}");
        for gone in restart["holder_without"].as_array().unwrap() {
            let has = (30..60).any(|e| Holder::at(&holder).take(e).unwrap().is_some_and(|k| k.to_vec() == hex(gone)));
            assert!(!has, "{name}: the holder still has an old key");
        }
        for file in restart["file_gone"].as_array().unwrap() {
            let path = folder.join(file.as_str().unwrap().replace('_', "."));
            assert!(!path.exists(), "{name}: {path:?} is still there");
        }
        let header = std::fs::read(folder.join("slots")).unwrap();
        assert_eq!(read_header(&header[..4_096]).unwrap().1, seen.epoch, "{name}");
    }
}
