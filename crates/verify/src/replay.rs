//! The ledger of a dossier: head, leaves, lines; every entry through `admit` and `evolve`.

use case::{Broken, Context, Event, State, admit, evolve};
use ledger::{Entry, Frontier, SignedNote, Vkey, b64, body_commitment, leaf_of};
use terms::Digest;
use terms::json::{Strictness, read};

use crate::archive::Dossier;
use crate::verdict::{Claim, Report, State as Verdict};

/// A replayed chain.
pub(crate) struct Replay {
    /// The state at its end.
    pub state: State,
    /// Every entry with its event, in order.
    pub entries: Vec<(Entry, Event)>,
    /// Leaf hashes of the whole tree.
    pub leaves: Vec<[u8; 32]>,
}

impl Replay {
    /// The root at a size.
    pub(crate) fn root_at(&self, size: u64) -> Option<[u8; 32]> {
        let leaves = self.leaves.get(..usize::try_from(size).ok()?)?;
        let mut frontier = Frontier::default();
        leaves.iter().for_each(|l| frontier.push(*l));
        Some(frontier.root())
    }
}

/// Replays the dossier's chain; none if it is broken.
pub(crate) fn replay(dossier: &mut Dossier<'_>, report: &mut Report) -> Option<Replay> {
    let (leaves, origin, log) = head(dossier, report)?;
    let lines = chain_lines(dossier, &leaves, report)?;
    let mut state = State::default();
    let mut entries = Vec::new();
    for (index, line) in &lines {
        match step(&state, line, *index) {
            Ok((entry, event)) => {
                state = evolve(state, &entry, &event, line, Context { index: *index });
                entries.push((entry, event));
            }
            Err((n, broken)) => {
                let unknown = broken.rule == "F1" && broken.why.starts_with("type `");
                let claim = match broken.rule {
                    "K1" => "signatures",
                    "F2" => "chain",
                    "P2" | "P3" | "P4" => "approvals",
                    "B1" | "B2" => "backup",
                    _ => "rules",
                };
                if unknown {
                    report.add(Claim {
                        entry: Some(n),
                        ..Claim::new("rules", Verdict::NotShown, "有本核验程序不认识的条目类型", broken.why)
                    });
                } else {
                    report.add(Claim::broken(claim, broken.rule, Some(n), broken.why));
                }
                return None;
            }
        }
    }
    end(dossier, &state, &entries, &origin, &log, report)?;
    bodies(dossier, &entries, report)?;
    let n = entries.len();
    report.add(Claim::new("chain", Verdict::Proved, format!("{n} 个条目，没有缺口"), format!("{n} entries without a gap")));
    report.add(Claim::new("signatures", Verdict::Proved, "都由用途相符的已登记密钥作出", "each by a registered key of the right use"));
    report.add(Claim::new("rules", Verdict::Proved, "每个条目在其之前的状态下都合规则", "every entry was admitted in the state before it"));
    Some(Replay { state, entries, leaves })
}

fn step(state: &State, line: &[u8], index: u64) -> Result<(Entry, Event), (u64, Broken)> {
    let entry = Entry::parse(line).map_err(|e| (state.next, Broken { rule: "F1", why: e.to_string() }))?;
    let event = admit(state, &entry, Context { index }).map_err(|b| (state.next, b))?;
    Ok((entry, event))
}

/// Checkpoint and leaves: signed by keys of `keys.txt`, root recomputed.
fn head(dossier: &mut Dossier<'_>, report: &mut Report) -> Option<(Vec<[u8; 32]>, String, Vkey)> {
    let mut broken = |what: &str| {
        report.add(Claim::broken("ledger", "head", None, what));
        None
    };
    let keys = dossier.text("keys.txt").unwrap_or_default();
    let vkeys: Option<Vec<Vkey>> = keys.lines().map(Vkey::parse).collect();
    let Some(vkeys) = vkeys.filter(|v| !v.is_empty() && keys.ends_with('\n')) else { return broken("keys.txt is not a list of keys") };
    let Some(note) = dossier.text("ledger/checkpoint.txt").and_then(|t| SignedNote::parse(&t).ok()) else {
        return broken("the checkpoint is missing or not canonical");
    };
    let all_known = note.signatures.iter().all(|(name, hash, _)| vkeys.iter().any(|v| v.name == *name && v.hash() == *hash));
    let used = vkeys.iter().all(|v| note.signed_by(v));
    // Each key signs once: a doubled line says nothing new and could hide a change.
    if !all_known || !used || note.signatures.len() != vkeys.len() {
        return broken("a signature of the checkpoint is not by a key of keys.txt, or does not verify");
    }
    let Some(bytes) = dossier.bytes("ledger/leaves.bin") else { return broken("the leaves are missing") };
    let (chunks, rest) = bytes.as_chunks::<32>();
    let leaves = chunks.to_vec();
    let mut frontier = Frontier::default();
    leaves.iter().for_each(|l| frontier.push(*l));
    if !rest.is_empty() || frontier.size() != note.checkpoint.size || frontier.root() != note.checkpoint.root {
        return broken("the leaves do not give size and root of the checkpoint");
    }
    let log = vkeys.into_iter().find(|v| v.name == note.checkpoint.origin);
    let Some(log) = log else { return broken("the log's own key is not in keys.txt") };
    let n = frontier.size();
    report.add(Claim::new("ledger", Verdict::Proved, format!("{n} 个叶算出已签名的根"), format!("{n} leaves give the signed root")));
    Some((leaves, note.checkpoint.origin, log))
}

/// The lines with their tree indexes; each must be the leaf at its index.
fn chain_lines(dossier: &mut Dossier<'_>, leaves: &[[u8; 32]], report: &mut Report) -> Option<Vec<(u64, Vec<u8>)>> {
    let mut broken = |what: String| {
        report.add(Claim::broken("chain", "leaf", None, what));
        None
    };
    let Some(bytes) = dossier.bytes("ledger/entries.jsonl") else { return broken("the entries are missing".to_owned()) };
    let index = dossier.bytes("ledger/index.bin").unwrap_or_default();
    let (numbers, rest) = index.as_chunks::<8>();
    let numbers: Vec<u64> = numbers.iter().map(|b| u64::from_be_bytes(*b)).collect();
    let Some(body) = bytes.strip_suffix(b"\n") else { return broken("the entries do not end with a line end".to_owned()) };
    let lines: Vec<&[u8]> = body.split(|b| *b == b'\n').collect();
    let rising = numbers.iter().zip(numbers.iter().skip(1)).all(|(a, b)| a < b);
    if !rest.is_empty() || numbers.len() != lines.len() || !rising {
        return broken("the index does not fit the entries".to_owned());
    }
    // Whatever of the tree is not in this dossier would be another chain; this version writes one chain.
    if numbers.len() != leaves.len() {
        return broken(format!("{} lines for {} leaves", numbers.len(), leaves.len()));
    }
    let mut out = Vec::with_capacity(lines.len());
    for (i, line) in numbers.iter().zip(lines) {
        let leaf = usize::try_from(*i).ok().and_then(|i| leaves.get(i));
        if leaf != Some(&leaf_of(line).0) {
            return broken(format!("line at tree index {i} is not its leaf"));
        }
        out.push((*i, line.to_vec()));
    }
    Some(out)
}

/// The chain's last line names this manifest; log key and origin are those that the case was opened with.
fn end(dossier: &Dossier<'_>, state: &State, entries: &[(Entry, Event)], origin: &str, log: &Vkey, report: &mut Report) -> Option<()> {
    let mut broken = |rule: &str, what: &str| {
        report.add(Claim::broken("chain", rule, Some(state.next.saturating_sub(1)), what));
        None
    };
    match entries.last() {
        Some((_, Event::DossierMade(d))) if d.manifest_doc == dossier.manifest_digest => {}
        Some((_, Event::DossierMade(_))) => return broken("C3", "`dossier.made` names another manifest"),
        _ => return broken("C3", "the last line is not `dossier.made`"),
    }
    let registered = state.keys.values().any(|k| k.record.purpose == case::KeyUse::Log && k.public == log.key);
    let same = state.opened.as_ref().is_some_and(|o| o.origin == origin);
    if !registered || !same || dossier.manifest.case != state.case {
        return broken("head", "log key, origin or case are not those that the case was opened with");
    }
    Some(())
}

/// Bodies that are there fit their commitments.
fn bodies(dossier: &mut Dossier<'_>, entries: &[(Entry, Event)], report: &mut Report) -> Option<()> {
    let text = dossier.text("ledger/bodies.jsonl").unwrap_or_default();
    for line in text.lines() {
        let parsed: Option<case::dossier::BodyLine> = read(line.as_bytes(), Strictness::Document).ok();
        let fits = parsed.as_ref().is_some_and(|b| {
            let salt = b64::array_from_url::<32>(&b.salt);
            let entry = usize::try_from(b.n).ok().and_then(|n| entries.get(n));
            matches!((salt, entry), (Some(salt), Some((e, _))) if e.bc == Some(body_commitment(&salt, b.body.as_bytes())))
        });
        if !fits {
            report.add(Claim::broken("documents", "bc", parsed.map(|b| b.n), "a body does not fit its commitment"));
            return None;
        }
    }
    Some(())
}

/// Digest facts of an event's entry: names ending in `_doc` or `_docs`.
pub(crate) fn documents_of(entry: &Entry) -> Vec<(String, Digest)> {
    let mut out = Vec::new();
    for (name, value) in &entry.facts {
        let digests: Vec<Digest> = match value {
            terms::json::Json::String(s) if name.ends_with("_doc") => s.parse().ok().into_iter().collect(),
            terms::json::Json::Array(a) if name.ends_with("_docs") => a.iter().filter_map(|v| v.as_str()?.parse().ok()).collect(),
            _ => Vec::new(),
        };
        out.extend(digests.into_iter().map(|d| (name.clone(), d)));
    }
    out
}
