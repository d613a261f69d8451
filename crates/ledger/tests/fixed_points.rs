//! The fixed points of EVIDENCE §12: what settles doubts about bytes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use ledger::{Signer, commitment, keyed, pae, positions, root, row_key, sha256, tagged_hash, zip};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn ends(bytes: &[u8], head: &str, tail: &str) {
    let text = hex(bytes);
    assert!(text.starts_with(head) && text.ends_with(tail), "{text} is not {head}…{tail}");
}

#[test]
fn pae_of_a_small_object() {
    let text = pae(ledger::ENTRY_TYPE, b"{\"a\":1}");
    assert_eq!(text, b"DSSEv1 37 application/vnd.custody.entry.v1+json 7 {\"a\":1}");
}

#[test]
fn a_row_sealed_four_times_takes_positions_in_this_order() {
    let k: [u8; 32] = std::array::from_fn(|i| i as u8);
    let person = [0xaa; 32];
    let mut row = b"rows/v1\0\x00\x00\x00\x03".to_vec();
    for (ordinal, tag, bytes) in [(0u32, 1u8, 7u64.to_be_bytes().to_vec()), (1, 3, "张三".as_bytes().to_vec()), (2, 0, vec![])] {
        row.extend(ordinal.to_be_bytes());
        row.push(tag);
        row.extend((bytes.len() as u64).to_be_bytes());
        row.extend(bytes);
    }
    assert_eq!(row.len(), 65);
    ends(&sha256(&[&row]), "8d54606c", "f9716d06");
    ends(&row_key(&k, 0, &person), "1a26b011", "cef5320c");
    ends(&commitment(&row_key(&k, 0, &person), &row), "7483bee6", "fedc90cd");
    let at = positions(&k, 4);
    let mut order = [0usize; 4];
    for (i, p) in at.iter().enumerate() {
        order[*p as usize] = i;
    }
    assert_eq!(order, [1, 2, 0, 3]);
    let seal = root((0..4).map(|p| ledger::leaf_hash(&commitment(&row_key(&k, p, &person), &row))));
    ends(&seal, "992647e8", "fef4c323");
}

#[test]
fn a_vector_of_three_hundred_destroyed() {
    ends(&ledger::page_root(&[6; 300]), "b8227b60", "df3f7e83");
    assert_eq!(ledger::uniform_root(6, 300), ledger::page_root(&[6; 300]));
    for n in [0u64, 1, 255, 256, 257, 512] {
        assert_eq!(ledger::uniform_root(2, n), ledger::page_root(&vec![2; n as usize]));
    }
}

#[test]
fn key_id_and_nonce_commitment() {
    let key: [u8; 32] = std::array::from_fn(|i| i as u8);
    assert_eq!(ledger::kid_of(&key), "k-ffe1c7414628a18b2b45");
    ends(&tagged_hash("nonce", &[&key]), "2774febc", "171483c8");
    assert_eq!(Signer::from_seed(&key).public().bytes().len(), 32);
    assert_ne!(keyed(&key, "a", &[b"b"]), keyed(&key, "b", &[b"b"]));
}

#[test]
fn the_smallest_zip() {
    let mut out = zip::Writer::new(Vec::new());
    out.add("manifest.json", b"{}").unwrap();
    out.add("a.txt", b"hi").unwrap();
    let bytes = out.finish().unwrap();
    assert_eq!(bytes.len(), 214);
    ends(&sha256(&[&bytes]), "d48c381e", "1ad5406b");
    assert_eq!(zip::scan(&mut bytes.as_slice()).unwrap().len(), 2);
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(zip::scan(&mut flipped.as_slice()).is_err(), "bit {bit}");
    }
}
