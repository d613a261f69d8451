//! What the benches share: a chain of entries made in memory, the shipped binary watched from outside, and the way figures are printed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

pub mod long;
pub mod own;
pub mod pace;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use case::{ActRecorded, ApprovalKind, CaseOpened, Context, Event, KeyRecord, KeyUse, Policy, Seen, State, admit, evolve};
use ledger::{Checkpoint, Entry, Signer};
use terms::{Day, Digest, Id, Scenario};

pub const ORIGIN: &str = "custody/bench";
pub const PASSPHRASE: &str = "only for measuring";

/// A chain that grows: signed, admitted, evolved.
pub struct Chain {
    pub state: State,
    pub operator: Signer,
    pub log: Signer,
    at: u64,
}

impl Chain {
    /// A chain and its first line.
    pub fn open(policy_doc: Digest) -> (Chain, Vec<u8>) {
        let (operator, log) = (Signer::from_seed(&[1; 32]), Signer::from_seed(&[2; 32]));
        let record = |s: &Signer, person: &str, purpose| KeyRecord {
            alg: "ed25519".into(),
            kid: s.kid(),
            person: Id::new(person).unwrap(),
            public: s.public().text(),
            seen: Seen::InPerson,
            purpose,
        };
        let mut keys = vec![record(&operator, "p-op", KeyUse::Operator), record(&log, "p-log", KeyUse::Log)];
        keys.sort_by(|a, b| a.kid.cmp(&b.kid));
        let opened = CaseOpened {
            approvals: BTreeMap::from([("irreversible".to_owned(), Policy { kinds: vec![ApprovalKind::Key], need: 2 })]),
            keys,
            law_date: Day::new(2026, 5, 1).unwrap(),
            origin: ORIGIN.into(),
            paper_approvers: Vec::new(),
            policy_doc,
            safety_days: 30,
            scenario: Scenario::Dissolution,
            sources_live: Vec::new(),
            tolerance_ppm: 0,
            zone: "Asia/Shanghai".into(),
        };
        let mut chain = Chain { state: State::default(), operator, log, at: 1_780_000_000_000 };
        chain.state.case = "c-bench".into();
        let line = chain.add(Event::CaseOpened(opened));
        (chain, line)
    }

    /// The next line.
    pub fn add(&mut self, event: Event) -> Vec<u8> {
        self.at += 1;
        let mut entry = Entry {
            actor: self.operator.kid(),
            at: self.at,
            bc: None,
            case: self.state.case.clone(),
            facts: event.facts().unwrap(),
            n: self.state.next,
            prev: self.state.prev.unwrap_or(Digest::ZERO),
            role: "operator".into(),
            rules: Vec::new(),
            sigs: Vec::new(),
            kind: event.kind().into(),
            v: 1,
        };
        entry.sign(&self.operator).unwrap();
        let line = entry.line().unwrap();
        let context = Context { index: self.state.next };
        let event = admit(&self.state, &entry, context).unwrap();
        self.state = evolve(std::mem::take(&mut self.state), &entry, &event, &line, context);
        line
    }

    /// A small entry such as any step writes.
    pub fn act(&mut self) -> Vec<u8> {
        let (by, day) = (Id::new("p-op").unwrap(), Day::new(2026, 5, 1).unwrap());
        self.add(Event::ActRecorded(ActRecorded { about: vec!["i-1".into()], by, day, evidence: Vec::new(), kind: "announcement".into() }))
    }

    /// The signed head.
    pub fn head(&self, size: u64, root: [u8; 32]) -> String {
        Checkpoint { origin: ORIGIN.into(), size, root }.sign(&self.log)
    }
}

/// A figure with its unit, and the bar where there is one.
pub fn figure(what: &str, value: f64, unit: &str, bar: &str) {
    let bar = if bar.is_empty() { String::new() } else { format!("   (bar: {bar})") };
    println!("{what:<58} {value:>12.1} {unit}{bar}");
}

/// A size of a bench, which an environment variable may make smaller.
pub fn size(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |v| v.replace('_', "").parse().unwrap())
}

/// The shipped binary.
pub fn binary() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/release/custody")
}

/// Runs the shipped binary; gives wall time and the most memory that it held (bytes; 0 where the system does not say).
pub fn run(folder: &Path, args: &[&str]) -> (Duration, u64) {
    let began = Instant::now();
    let mut command = Command::new(binary());
    command.current_dir(folder).args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
    for name in ["CUSTODY_PASSPHRASE", "CUSTODY_KEY_PASSPHRASE", "CUSTODY_COUNSEL_PASSPHRASE"] {
        command.env(name, PASSPHRASE);
    }
    let mut child = command.spawn().unwrap();
    let mut peak = 0;
    let ended = loop {
        peak = peak.max(own::peak_of(child.id()));
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    let took = began.elapsed();
    assert!(matches!(ended.code(), Some(0 | 2)), "{args:?}: {ended}");
    (took, peak)
}

/// Makes the keys of a case and its head.
pub fn keys(folder: &Path) -> String {
    for (name, purpose) in [("operator", "operator"), ("one", "approver"), ("two", "approver"), ("counsel", "counsel")] {
        run(folder, &["keygen", &format!("keys/{name}"), "--use", purpose]);
    }
    "version: 1
lang: en
company: {name: Shop, uscc: \"91310000MA1K000006\"}
scenario: dissolution
sectors: [retail]
dates: {service_stop: 2026-03-31, last_day: 2026-12-01}
parties:
  operator: {name: Operator, key: keys/operator.pub}
  approvers: [{name: One, key: keys/one.pub}, {name: Two, key: keys/two.pub}]
"
    .to_owned()
}
