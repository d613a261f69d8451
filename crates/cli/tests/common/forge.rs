//! The forger: takes an honest dossier apart, gives every role a key of its own, changes what it is told, and signs everything again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs, dead_code)]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use case::dossier::{Manifest, ManifestMember, in_manifest, rank};
use ledger::{Checkpoint, Entry, Frontier, Signer, Vkey, approval_message, b64, leaf_of, sha256, zip};
use serde_json::{Map, Value, json};
use terms::Digest;
use terms::json::{Strictness, to_bytes};

#[derive(Clone)]
pub struct Line {
    pub kind: String,
    pub facts: Map<String, Value>,
    pub at: u64,
    pub actor: String,
    pub role: String,
    pub signers: Vec<String>,
    pub bc: Option<Digest>,
    pub rules: Vec<String>,
    /// Changes the statement of an approval after it was made to fit.
    pub statement: Option<fn(&mut Value)>,
    /// Changes the finished entry before it is signed.
    pub entry: Option<fn(&mut Entry)>,
    /// Signs with a key that nobody registered.
    pub stranger: bool,
}

#[derive(Clone)]
pub struct Forge {
    pub lines: Vec<Line>,
    pub documents: BTreeMap<Digest, Vec<u8>>,
    pub others: BTreeMap<String, Vec<u8>>,
    pub bodies: Vec<u8>,
    /// The head is signed by another key.
    pub false_head: bool,
    /// Two lines change places after signing.
    pub swapped: bool,
}

fn seed(n: usize) -> [u8; 32] {
    sha256(&[b"forger", &n.to_be_bytes()])
}

pub fn read_zip(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
    let members = zip::scan(&mut bytes.as_slice()).unwrap();
    members.into_iter().map(|m| (m.name, bytes[m.at as usize..(m.at + m.len) as usize].to_vec())).collect()
}

impl Forge {
    pub fn take_apart(path: &Path) -> Forge {
        let members = read_zip(path);
        let text = String::from_utf8(members["ledger/entries.jsonl"].clone()).unwrap();
        let lines = text
            .lines()
            .map(|l| {
                let e = Entry::parse(l.as_bytes()).unwrap();
                Line {
                    kind: e.kind,
                    facts: e.facts,
                    at: e.at,
                    actor: e.actor,
                    role: e.role,
                    signers: e.sigs.into_iter().map(|s| s.kid).collect(),
                    bc: e.bc,
                    rules: e.rules,
                    statement: None,
                    entry: None,
                    stranger: false,
                }
            })
            .collect();
        let documents = members.iter().filter_map(|(n, b)| Some((n.strip_prefix("documents/")?.parse().unwrap(), b.clone()))).collect();
        let others = members.into_iter().filter(|(n, _)| n == "README.txt" || n == "summary.html").collect();
        Forge { lines, documents, others, bodies: Vec::new(), false_head: false, swapped: false }
    }

    pub fn find(&self, kind: &str, which: usize) -> usize {
        self.lines.iter().enumerate().filter(|(_, l)| l.kind == kind).nth(which).unwrap_or_else(|| panic!("no {kind} {which}")).0
    }

    pub fn last(&self, kind: &str) -> usize {
        self.lines.iter().rposition(|l| l.kind == kind).unwrap_or_else(|| panic!("no {kind}"))
    }

    pub fn facts(&mut self, kind: &str, which: usize) -> &mut Map<String, Value> {
        let i = self.find(kind, which);
        &mut self.lines[i].facts
    }

    /// Puts a line in; numbers of entries that move are mended.
    pub fn insert(&mut self, at: usize, line: Line) {
        for l in &mut self.lines {
            shift(&mut l.facts, at as u64);
        }
        self.lines.insert(at, line);
    }

    /// A line by the operator, like another one.
    pub fn operator_line(&self, at: usize, kind: &str, facts: Value) -> Line {
        let opened = self.lines[0].clone();
        Line {
            kind: kind.into(),
            facts: facts.as_object().unwrap().clone(),
            at: self.lines[at - 1].at,
            bc: None,
            rules: Vec::new(),
            ..opened
        }
    }

    pub fn document(&mut self, value: &Value) -> String {
        let bytes = to_bytes(value, Strictness::Document).unwrap();
        let digest = Digest(sha256(&[&bytes]));
        self.documents.insert(digest, bytes);
        digest.to_string()
    }

    pub fn read(&self, digest: &Value) -> Value {
        serde_json::from_slice(&self.documents[&digest.as_str().unwrap().parse::<Digest>().unwrap()]).unwrap()
    }

    /// Signs everything again and writes the dossier.
    pub fn write(&self, path: &Path) {
        let (mut signers, mut renamed) = (BTreeMap::new(), BTreeMap::new());
        for record in self.lines.iter().flat_map(|l| records(&l.facts)) {
            let old = record["kid"].as_str().unwrap().to_owned();
            if signers.contains_key(&old) {
                continue;
            }
            let signer = Signer::from_seed(&seed(signers.len()));
            renamed.insert(old.clone(), signer.kid());
            renamed.insert(record["public"].as_str().unwrap().to_owned(), signer.public().text());
            signers.insert(old, signer);
        }
        let documents = self.renamed_documents(&mut renamed);
        let log_kid = records(&self.lines[0].facts).into_iter().find(|r| r["use"] == "log").unwrap()["kid"].as_str().unwrap().to_owned();
        let origin = self.lines[0].facts["origin"].as_str().unwrap().to_owned();
        let keys = Vkey { name: origin.clone(), key: signers[&log_kid].public() };
        let mut members: Vec<(String, Vec<u8>)> = self.others.clone().into_iter().collect();
        members.push(("keys.txt".into(), format!("{}\n", keys.text()).into_bytes()));
        members.extend(documents.iter().map(|(d, b)| (format!("documents/{d}"), b.clone())));
        members.sort_by(|a, b| rank(&a.0).cmp(&rank(&b.0)));
        let case_id = "c-forged";
        let named = members
            .iter()
            .filter(|(p, _)| in_manifest(p))
            .map(|(p, b)| ManifestMember { bytes: b.len() as u64, path: p.clone(), sha256: Digest(sha256(&[b])) })
            .collect();
        let manifest = Manifest::new(case_id, named).bytes().unwrap();
        let mut lines: Vec<Vec<u8>> = Vec::new();
        let mut frontier = Frontier::default();
        let mut prev = Digest::ZERO;
        let mut plan: Option<Map<String, Value>> = None;
        for (n, l) in self.lines.iter().enumerate() {
            let mut facts = rename(&Value::Object(l.facts.clone()), &renamed).as_object().unwrap().clone();
            if l.kind == "plan.made" {
                plan = Some(facts.clone());
            }
            if l.kind == "receipt.received" {
                sign_receipt(&mut facts, l, &signers, &origin, case_id);
            }
            if l.kind == "plan.approved" {
                sign_statement(&mut facts, l, plan.as_ref().unwrap(), &signers, &frontier, &origin, case_id);
            }
            if l.kind == "dossier.made" {
                facts.insert("manifest_doc".into(), Value::String(Digest(sha256(&[&manifest])).to_string()));
            }
            let mut entry = Entry {
                actor: renamed[&l.actor].clone(),
                at: l.at,
                bc: l.bc,
                case: case_id.into(),
                facts,
                n: n as u64,
                prev,
                role: l.role.clone(),
                rules: l.rules.clone(),
                sigs: Vec::new(),
                kind: l.kind.clone(),
                v: 1,
            };
            if let Some(change) = l.entry {
                change(&mut entry);
            }
            if l.stranger {
                let stranger = Signer::from_seed(&seed(9_999));
                entry.actor = stranger.kid();
                entry.sign(&stranger).unwrap();
            } else {
                l.signers.iter().for_each(|kid| entry.sign(&signers[kid]).unwrap());
            }
            let line = entry.line().unwrap();
            prev = leaf_of(&line);
            frontier.push(prev.0);
            lines.push(line);
        }
        if self.swapped {
            lines.swap(2, 3);
        }
        let leaves: Vec<u8> = lines.iter().flat_map(|l| leaf_of(l).0).collect();
        let root = ledger::root(lines.iter().map(|l| leaf_of(l).0));
        let stranger = Signer::from_seed(&seed(9_999));
        let log = if self.false_head { &stranger } else { &signers[&log_kid] };
        let note = Checkpoint { origin, size: lines.len() as u64, root }.sign(log);
        members.push(("manifest.json".into(), manifest));
        members.push(("ledger/checkpoint.txt".into(), note.into_bytes()));
        members.push(("ledger/leaves.bin".into(), leaves));
        members.push(("ledger/index.bin".into(), (0..lines.len() as u64).flat_map(u64::to_be_bytes).collect()));
        members.push(("ledger/entries.jsonl".into(), lines.iter().flat_map(|l| l.iter().copied().chain([b'\n'])).collect()));
        members.push(("ledger/bodies.jsonl".into(), self.bodies.clone()));
        members.push(("ledger/cited.jsonl".into(), Vec::new()));
        members.sort_by(|a, b| rank(&a.0).cmp(&rank(&b.0)));
        let mut out = zip::Writer::new(Vec::new());
        members.iter().for_each(|(n, b)| out.add(n, b).unwrap());
        std::fs::write(path, out.finish().unwrap()).unwrap();
    }
}

/// Documents that name keys, in the order in which they name each other.
const WITH_KEYS: [&str; 3] = ["custody.agreement", "custody.plan", "custody.handover"];

impl Forge {
    /// The documents with the forger's keys in them; digests that move are renamed like keys.
    fn renamed_documents(&self, renamed: &mut BTreeMap<String, String>) -> BTreeMap<Digest, Vec<u8>> {
        let mut out = self.documents.clone();
        for kind in WITH_KEYS {
            for (digest, bytes) in &self.documents {
                let Ok(value) = serde_json::from_slice::<Value>(bytes) else { continue };
                let now = rename(&value, renamed);
                if value.get("type").and_then(Value::as_str) == Some(kind) && now != value {
                    let bytes = to_bytes(&now, Strictness::Document).unwrap();
                    let new = Digest(sha256(&[&bytes]));
                    renamed.insert(digest.to_string(), new.to_string());
                    out.remove(digest);
                    out.insert(new, bytes);
                }
            }
        }
        out
    }
}

fn sign_receipt(facts: &mut Map<String, Value>, line: &Line, signers: &BTreeMap<String, Signer>, origin: &str, case_id: &str) {
    let signer = &signers[line.facts["recipient"].as_str().unwrap()];
    let bytes = b64::from_url(line.facts["statement"].as_str().unwrap()).unwrap();
    let mut s: Value = serde_json::from_slice(&bytes).unwrap();
    s["key"] = json!(signer.kid());
    s["case"] = json!(case_id);
    s["origin"] = json!(origin);
    if let Some(change) = line.statement {
        change(&mut s);
    }
    let bytes = to_bytes(&s, Strictness::Document).unwrap();
    facts.insert("sig".into(), json!(b64::url(&signer.sign(&case::receiving_message(&bytes)))));
    facts.insert("statement".into(), json!(b64::url(&bytes)));
}

fn records(facts: &Map<String, Value>) -> Vec<&Value> {
    let many = facts.get("keys").and_then(Value::as_array).into_iter().flatten();
    many.chain(facts.get("key")).chain(facts.get("new")).filter(|r| r.get("kid").is_some()).collect()
}

fn rename(value: &Value, renamed: &BTreeMap<String, String>) -> Value {
    match value {
        Value::String(s) => Value::String(renamed.get(s).unwrap_or(s).clone()),
        Value::Array(a) => {
            let mut all: Vec<Value> = a.iter().map(|v| rename(v, renamed)).collect();
            if all.iter().all(|v| v.get("kid").is_some()) {
                all.sort_by_key(|v| v["kid"].as_str().unwrap().to_owned());
            }
            Value::Array(all)
        }
        Value::Object(o) => Value::Object(o.iter().map(|(k, v)| (k.clone(), rename(v, renamed))).collect()),
        other => other.clone(),
    }
}

fn shift(facts: &mut Map<String, Value>, from: u64) {
    let bump = |v: &mut Value| {
        if let Some(n) = v.as_u64().filter(|n| *n >= from) {
            *v = json!(n + 1);
        }
    };
    for (name, value) in facts.iter_mut() {
        match value {
            Value::Array(a) if name.ends_with("_ns") => a.iter_mut().for_each(bump),
            v if name.ends_with("_n") => bump(v),
            _ => {}
        }
    }
}

fn sign_statement(
    facts: &mut Map<String, Value>,
    line: &Line,
    plan: &Map<String, Value>,
    signers: &BTreeMap<String, Signer>,
    frontier: &Frontier,
    origin: &str,
    case_id: &str,
) {
    // On paper nobody's key signs: the statement names the person.
    let signer = line.facts.get("kid").map(|kid| &signers[kid.as_str().unwrap()]);
    let bytes = b64::from_url(line.facts["statement"].as_str().unwrap()).unwrap();
    let mut s: Value = serde_json::from_slice(&bytes).unwrap();
    if let Some(signer) = signer {
        s["key"] = json!(signer.kid());
    }
    s["case"] = json!(case_id);
    s["origin"] = json!(origin);
    s["plan"] = plan["plan_doc"].clone();
    s["consequence"] = plan["consequence_doc"].clone();
    s["head"] = json!({"root": Digest(frontier.root()), "size": frontier.size()});
    if let Some(change) = line.statement {
        change(&mut s);
    }
    let bytes = to_bytes(&s, Strictness::Document).unwrap();
    if let Some(signer) = signer {
        facts.insert("sig".into(), json!(b64::url(&signer.sign(&approval_message(&bytes)))));
    }
    facts.insert("statement".into(), json!(b64::url(&bytes)));
}
