//! The test vectors of EVIDENCE §12, made by a second implementation (`vectors/`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use ledger::{
    Entry, PublicKey, SignedNote, Signer, Vkey, body_commitment, consistency_holds, consistency_proof, domain, inclusion_holds,
    inclusion_proof, keyed, kid_of, leaf_hash, leaf_of, pae, page_root, positions, root, row_key, tagged_hash, uniform_root, zip,
};
use serde_json::Value;
use terms::json::{Strictness, from_bytes};

fn cases(file: &str) -> Vec<Value> {
    let path = format!("{}/../../vectors/{file}.json", env!("CARGO_MANIFEST_DIR"));
    let value: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    value["cases"].as_array().unwrap().clone()
}

fn hex(v: &Value) -> Vec<u8> {
    let text = v.as_str().unwrap_or_else(|| panic!("{v} is not hex"));
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
}

fn hex32(v: &Value) -> [u8; 32] {
    hex(v).try_into().unwrap()
}

fn name(c: &Value) -> &str {
    c["name"].as_str().unwrap()
}

#[test]
fn canonical_json() {
    for c in cases("01-canonical-json") {
        let strict = if c["kind"] == "line" { Strictness::Line } else { Strictness::Document };
        let read = from_bytes(&hex(&c["bytes"]), strict);
        assert_eq!(read.is_ok(), c["expect"] == "accept", "{}: {read:?}", name(&c));
    }
}

#[test]
fn entries_and_chains() {
    for c in cases("02-entries") {
        match c["kind"].as_str().unwrap() {
            "pae" => assert_eq!(pae(c["payload_type"].as_str().unwrap(), &hex(&c["payload"])), hex(&c["pae"]), "{}", name(&c)),
            "sign" => {
                let line = c["line"].as_str().unwrap().as_bytes();
                let entry = Entry::parse(line).unwrap();
                assert_eq!(entry.message().unwrap(), hex(&c["pae"]), "{}", name(&c));
                assert_eq!(leaf_of(line).0.to_vec(), hex(&c["leaf"]), "{}", name(&c));
                let mut again = Entry { sigs: Vec::new(), ..entry };
                for s in c["signatures"].as_array().unwrap() {
                    let key = c["keys"].as_array().unwrap().iter().find(|k| k["kid"] == s["kid"]).unwrap();
                    again.sign(&Signer::from_seed(&hex32(&key["seed"]))).unwrap();
                }
                assert_eq!(again.line().unwrap(), line, "{}", name(&c));
                if c.get("body").is_some() {
                    assert_eq!(body_commitment(&hex32(&c["salt"]), &hex(&c["body"])).to_string(), c["bc"].as_str().unwrap());
                }
            }
            "chain" => {
                let lines: Vec<&str> = c["lines"].as_array().unwrap().iter().map(|l| l.as_str().unwrap()).collect();
                for (line, (prev, leaf)) in lines.iter().zip(c["prevs"].as_array().unwrap().iter().zip(c["leaves"].as_array().unwrap())) {
                    assert_eq!(Entry::parse(line.as_bytes()).unwrap().prev.to_string(), prev.as_str().unwrap());
                    assert_eq!(leaf_of(line.as_bytes()).to_string(), leaf.as_str().unwrap());
                }
                assert_eq!(root(lines.iter().map(|l| leaf_of(l.as_bytes()).0)).to_vec(), hex(&c["root"]));
            }
            // What only the state can refuse (F2, K1) is the business of `admit`; a broken form is refused here.
            _ if c["rule"] == "F1" && c.get("rule_open").is_none() && c.get("open").is_none() => {
                let line = c["line"].as_str().unwrap();
                let refused = Entry::parse(line.as_bytes()).is_err();
                let unknown = c["reason"].as_str().unwrap().contains("type") || c["reason"].as_str().unwrap().contains("facts");
                assert!(refused || unknown, "{}: {line}", name(&c));
            }
            _ => {}
        }
    }
}

#[test]
fn strict_ed25519() {
    for c in cases("03-ed25519-strict") {
        let key: Option<PublicKey> = hex(&c["public"]).try_into().ok().and_then(PublicKey::from_bytes);
        let sig: Option<[u8; 64]> = hex(&c["signature"]).try_into().ok();
        let holds = matches!((&key, sig), (Some(k), Some(s)) if k.verifies(&hex(&c["message"]), &s));
        assert_eq!(holds, c["expect"] == "accept", "{}", name(&c));
    }
}

#[test]
fn key_ids() {
    for c in cases("04-key-ids").iter().filter(|c| c["what"] == "key" && c["expect"] == "accept" && c["alg"] == "ed25519") {
        assert_eq!(kid_of(&hex32(&c["public"])), c["kid"].as_str().unwrap(), "{}", name(c));
    }
}

#[test]
fn commitments() {
    for c in cases("05-commitments") {
        let bytes = c.get("bytes").map(hex).unwrap_or_default();
        match c["kind"].as_str().unwrap() {
            "body" => assert_eq!(body_commitment(&hex32(&c["salt"]), &bytes).to_string(), c["value"].as_str().unwrap()),
            kind @ ("fact" | "openings") => assert_eq!(keyed(&hex32(&c["salt"]), kind, &[&bytes]).to_vec(), hex(&c["value"])),
            "nonce" => assert_eq!(tagged_hash("nonce", &[&bytes]).to_vec(), hex(&c["value"])),
            "domain" => assert_eq!(domain(c["domain"].as_str().unwrap()), hex(&c["value"]), "{}", name(&c)),
            "attachment" => {
                let value: String = keyed(&hex32(&c["salt"]), "attachment", &[&bytes]).iter().map(|b| format!("{b:02x}")).collect();
                assert_eq!(format!("a-{value}"), c["value"].as_str().unwrap());
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn merkle_trees() {
    let hashes = |v: &Value| -> Vec<[u8; 32]> { v.as_array().unwrap().iter().map(hex32).collect() };
    let leaves = |n: u64| -> Vec<[u8; 32]> { (0..n).map(|i| leaf_hash(&vec![i as u8; i as usize])).collect() };
    for c in cases("07-merkle") {
        let size = c["size"].as_u64().unwrap();
        match c["kind"].as_str().unwrap() {
            "root" => assert_eq!(root(leaves(size)).to_vec(), hex(&c["root"]), "{}", name(&c)),
            "inclusion" => {
                for p in c["proofs"].as_array().unwrap() {
                    let (i, path) = (p["index"].as_u64().unwrap(), hashes(&p["path"]));
                    assert_eq!(inclusion_proof(i as usize, &leaves(size)).unwrap(), path);
                    assert!(inclusion_holds(i, size, &hex32(&p["leaf_hash"]), &path, &hex32(&c["root"])));
                }
            }
            "consistency" => {
                for p in c["proofs"].as_array().unwrap() {
                    let (first, proof) = (p["first"].as_u64().unwrap(), hashes(&p["proof"]));
                    assert_eq!(consistency_proof(first as usize, &leaves(size)).unwrap(), proof);
                    assert!(consistency_holds(first, &hex32(&p["first_root"]), size, &hex32(&c["root"]), &proof));
                }
            }
            "refuse_inclusion" => assert!(
                !inclusion_holds(c["index"].as_u64().unwrap(), size, &hex32(&c["leaf_hash"]), &hashes(&c["path"]), &hex32(&c["root"])),
                "{}",
                name(&c)
            ),
            _ => assert!(
                !consistency_holds(c["first"].as_u64().unwrap(), &hex32(&c["first_root"]), size, &hex32(&c["root"]), &hashes(&c["proof"])),
                "{}",
                name(&c)
            ),
        }
    }
}

#[test]
fn seals() {
    for c in cases("08-seal") {
        let (key, list) = (hex32(&c["key"]), c["rows"].as_array().unwrap().clone());
        let at = positions(&key, list.len() as u32);
        let mut commitments = vec![[0u8; 32]; list.len()];
        for (i, r) in list.iter().enumerate() {
            assert_eq!(u64::from(at[i]), r["position"].as_u64().unwrap(), "{}", name(&c));
            let k = row_key(&key, u64::from(at[i]), &hex32(&r["person_key"]));
            assert_eq!(k.to_vec(), hex(&r["row_key"]));
            commitments[at[i] as usize] = ledger::commitment(&k, &hex(&r["row"]));
        }
        assert_eq!(root(commitments.iter().map(|c| leaf_hash(c))).to_vec(), hex(&c["root"]), "{}", name(&c));
    }
}

#[test]
fn outcome_vectors() {
    for c in cases("10-outcomes") {
        match c["kind"].as_str().unwrap() {
            "vector" => assert_eq!(page_root(&hex(&c["codes"])).to_vec(), hex(&c["root"]), "{}", name(&c)),
            "uniform" => assert_eq!(
                uniform_root(c["code"].as_u64().unwrap() as u8, c["count"].as_u64().unwrap()).to_vec(),
                hex(&c["root"]),
                "{}",
                name(&c)
            ),
            "transition" => {
                let outcome = |f: &str| terms::Outcome::of_code(c[f].as_u64().unwrap() as u8).unwrap();
                let allowed = outcome("from") == outcome("to") || !outcome("from").is_final();
                assert_eq!(allowed, c["expect"] == "accept", "{}", name(&c));
            }
            _ => {}
        }
    }
}

#[test]
fn checkpoints() {
    for c in cases("14-checkpoint") {
        match c["kind"].as_str().unwrap() {
            "vkey" if c["signature_type"] == 1 => {
                let vkey = Vkey::parse(c["vkey"].as_str().unwrap()).unwrap();
                assert_eq!((vkey.hash().to_vec(), vkey.key.bytes().to_vec()), (hex(&c["key_hash"]), hex(&c["public"])));
                assert_eq!(vkey.text(), c["vkey"].as_str().unwrap());
            }
            "head" => {
                let note = SignedNote::parse(c["note"].as_str().unwrap()).unwrap();
                assert_eq!(note.checkpoint.text(), c["text"].as_str().unwrap());
                let log = Signer::from_seed(&hex32(&c["log_seed"]));
                assert!(note.signed_by(&Vkey { name: c["origin"].as_str().unwrap().into(), key: log.public() }));
                assert!(note.checkpoint.sign(&log).ends_with(c["log_line"].as_str().unwrap()), "{}", name(&c));
            }
            "refuse_head" => {
                let note = String::from_utf8(hex(&c["note"])).ok().and_then(|t| SignedNote::parse(&t).ok());
                let vkeys: Vec<Vkey> = c["vkeys"].as_array().unwrap().iter().filter_map(|v| Vkey::parse(v.as_str()?)).collect();
                let origin = c["origin"].as_str().unwrap();
                let good = note.is_some_and(|n| {
                    let known = n.signatures.iter().all(|(name, hash, _)| vkeys.iter().any(|v| v.name == *name && v.hash() == *hash));
                    n.checkpoint.origin == origin && known && vkeys.iter().filter(|v| v.name == origin).all(|v| n.signed_by(v))
                });
                assert!(!good, "{}: {}", name(&c), c["reason"]);
            }
            _ => {}
        }
    }
}

#[test]
fn approvals() {
    for c in cases("16-approval") {
        if c["kind"] == "approval" {
            let message = ledger::approval_message(c["statement"].as_str().unwrap().as_bytes());
            assert_eq!(message, hex(&c["message"]), "{}", name(&c));
            assert_eq!(ledger::check_number(&message), c["check_number"].as_str().unwrap());
            let signer = Signer::from_seed(&hex32(&c["key"]["seed"]));
            assert_eq!(signer.sign(&message).to_vec(), hex(&c["signature"]), "{}", name(&c));
        }
    }
}

#[test]
fn canonical_zips() {
    for c in cases("17-zip") {
        let bytes = ledger::b64::from_std(c["zip"].as_str().unwrap()).unwrap();
        let read = zip::scan(&mut bytes.as_slice());
        if c["kind"] == "zip" {
            assert_eq!(read.unwrap().len(), c["members"].as_array().unwrap().len(), "{}", name(&c));
            let mut out = zip::Writer::new(Vec::new());
            for m in c["members"].as_array().unwrap() {
                out.add(m["name"].as_str().unwrap(), &ledger::b64::from_std(m["content"].as_str().unwrap()).unwrap()).unwrap();
            }
            assert_eq!(out.finish().unwrap(), bytes, "{}", name(&c));
            if c.get("every_bit_flip").is_some() {
                for bit in 0..bytes.len() * 8 {
                    let mut flipped = bytes.clone();
                    flipped[bit / 8] ^= 1 << (bit % 8);
                    assert!(zip::scan(&mut flipped.as_slice()).is_err(), "{} bit {bit}", name(&c));
                }
            }
        } else if c.get("open").is_none() {
            assert!(read.is_err(), "{}: {}", name(&c), c["reason"]);
        }
    }
}
