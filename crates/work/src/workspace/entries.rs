//! Entries: decided, signed, admitted and appended, one or several in a transaction; and runs, whose keys sign the steps.

use case::{By, Command, Context, Draft, Event, KeyRecord, RunOpened, State, admit, decide, evolve};
use ledger::{Checkpoint, Entry, Signer, b64, body_commitment};
use terms::json::{Json, Strictness, json, to_bytes};
use terms::{Digest, Fault};
use vault::{random, random_key};

use super::{Workspace, broken, locked};

/// How long a run may take (ms).
const RUN_MS: u64 = 48 * 3_600_000;

impl Workspace {
    /// Carries a command out: decided, signed, admitted, appended; gives the numbers of its entries.
    ///
    /// # Errors
    /// The rule that it breaks, or that it could not be made durable; then nothing was appended.
    pub fn record(&mut self, command: Command) -> Result<Vec<u64>, Fault> {
        let drafts = decide(&self.state, command).map_err(broken)?;
        self.append(drafts.into_iter().map(|d| (d, None)).collect(), None)
    }

    /// Records several events in one transaction: all of them or none.
    ///
    /// # Errors
    /// As [`Workspace::record`].
    pub fn record_all(&mut self, drafts: Vec<Draft>) -> Result<Vec<u64>, Fault> {
        self.append(drafts.into_iter().map(|d| (d, None)).collect(), None)
    }

    /// As [`Workspace::record`], signed by somebody else too.
    ///
    /// # Errors
    /// As [`Workspace::record`].
    pub fn record_with(&mut self, command: Command, also: &Signer) -> Result<Vec<u64>, Fault> {
        let drafts = decide(&self.state, command).map_err(broken)?;
        self.append(drafts.into_iter().map(|d| (d, None)).collect(), Some(also))
    }

    /// As [`Workspace::record`] for one event with a body.
    ///
    /// # Errors
    /// As [`Workspace::record`].
    pub fn record_with_body(&mut self, by: By, event: Event, body: Json) -> Result<Vec<u64>, Fault> {
        self.record_bodied(by, event, body, None)
    }

    /// As [`Workspace::record_with_body`], signed by somebody else too if there is anybody.
    ///
    /// # Errors
    /// As [`Workspace::record`].
    pub fn record_bodied(&mut self, by: By, event: Event, body: Json, also: Option<&Signer>) -> Result<Vec<u64>, Fault> {
        let drafts = decide(&self.state, Command::Record(by, event)).map_err(broken)?;
        self.append(drafts.into_iter().map(|d| (d, Some(body.clone()))).collect(), also)
    }

    /// Records several events, each with a body or none, in one transaction.
    ///
    /// # Errors
    /// As [`Workspace::record`].
    pub fn record_together(&mut self, steps: Vec<(By, Event, Option<Json>)>) -> Result<Vec<u64>, Fault> {
        let mut drafts = Vec::new();
        for (by, event, body) in steps {
            let decided = decide(&self.state, Command::Record(by, event)).map_err(broken)?;
            drafts.extend(decided.into_iter().map(|d| (d, body.clone())));
        }
        self.append(drafts, None)
    }

    fn signer(&self, by: By) -> Result<&Signer, Fault> {
        match by {
            By::Operator => self.keys.operator.as_ref(),
            By::Counsel => self.keys.counsel.as_ref(),
            By::Run => self.keys.run.as_ref(),
        }
        .ok_or_else(locked)
    }

    pub(super) fn append(&mut self, drafts: Vec<(Draft, Option<Json>)>, also: Option<&Signer>) -> Result<Vec<u64>, Fault> {
        let origin = |state: &State| state.opened.as_ref().map(|o| o.origin.clone()).unwrap_or_default();
        let first_index = self.store.size();
        let count = drafts.len();
        // One entry needs no copy of the state: it is admitted before, and has its effect after it is durable.
        let mut ahead = if count > 1 { Some(self.state.clone()) } else { None };
        let mut written: Vec<(Entry, Event, Vec<u8>, Context)> = Vec::new();
        for (index, (draft, body)) in (first_index..).zip(drafts) {
            let state = ahead.as_ref().unwrap_or(&self.state);
            let (entry, line) = self.entry(state, &draft, body, also)?;
            let context = Context { index };
            let event = admit(state, &entry, context).map_err(broken)?;
            ahead = ahead.map(|s| evolve(s, &entry, &event, &line, context));
            written.push((entry, event, line, context));
        }
        let Some((_, first, ..)) = written.first() else { return Ok(Vec::new()) };
        let origin = if let Event::CaseOpened(c) = first { c.origin.clone() } else { origin(&self.state) };
        let lines: Vec<Vec<u8>> = written.iter().map(|(_, _, line, _)| line.clone()).collect();
        let log = self.keys.log.as_ref().ok_or_else(locked)?;
        self.store.append(&lines, &mut |size, root| Checkpoint { origin: origin.clone(), size, root }.sign(log))?;
        self.state = match ahead {
            Some(state) => state,
            None => {
                let state = std::mem::take(&mut self.state);
                written.iter().fold(state, |s, (entry, event, line, context)| evolve(s, entry, event, line, *context))
            }
        };
        Ok(written.into_iter().map(|(entry, ..)| entry.n).collect())
    }

    fn entry(&self, state: &State, draft: &Draft, body: Option<Json>, also: Option<&Signer>) -> Result<(Entry, Vec<u8>), Fault> {
        let form = |_| Fault::new("document_form");
        let signer = self.signer(draft.by)?;
        let role = match draft.by {
            By::Operator => case::KeyUse::Operator,
            By::Counsel => case::KeyUse::Counsel,
            By::Run => case::KeyUse::Run,
        };
        let bc = match body {
            None => None,
            Some(body) => {
                let bytes = to_bytes(&body, Strictness::Document).map_err(|_| Fault::new("document_form"))?;
                let salt: [u8; 32] = random()?;
                let sealed = json!({"body": String::from_utf8_lossy(&bytes), "n": state.next, "salt": b64::url(&salt)});
                let sealed = to_bytes(&sealed, Strictness::Document).map_err(|_| Fault::new("document_form"))?;
                self.vault.as_ref().ok_or_else(locked)?.put(&format!("body-{}", state.next), &sealed)?;
                Some(body_commitment(&salt, &bytes))
            }
        };
        let mut entry = Entry {
            actor: signer.kid(),
            at: self.clock.now(&self.zone, state.last_at),
            bc,
            case: state.case.clone(),
            facts: draft.event.facts().map_err(form)?,
            n: state.next,
            prev: state.prev.unwrap_or(Digest::ZERO),
            role: role.word().to_owned(),
            rules: draft.rules.clone(),
            sigs: Vec::new(),
            kind: draft.event.kind().to_owned(),
            v: 1,
        };
        for signer in std::iter::once(signer).chain(also) {
            entry.sign(signer).map_err(|_| Fault::new("document_form"))?;
        }
        let line = entry.line().map_err(|_| Fault::new("document_form"))?;
        Ok((entry, line))
    }

    /// Begins a run; a run lost in a crash is closed first.
    ///
    /// # Errors
    /// As [`Workspace::record`].
    pub fn begin_run(&mut self, steps: &[&str], plan_n: Option<u64>) -> Result<u64, Fault> {
        let signer = Signer::from_seed(&*random_key()?);
        let build = json!({
            "os": std::env::consts::OS,
            "simulated": self.clock.simulated.is_some(),
            "sqlite": sources::sqlite_version(),
            "tool": concat!("custody ", env!("CARGO_PKG_VERSION")),
            "type": "custody.build",
            "v": 1
        });
        let run = RunOpened {
            build_doc: self.put_json(&build)?,
            key: KeyRecord {
                alg: "ed25519".to_owned(),
                kid: signer.kid(),
                person: self.operator_person()?,
                public: signer.public().text(),
                seen: case::Seen::None,
                purpose: case::KeyUse::Run,
            },
            plan_n,
            steps: steps.iter().map(|s| (*s).to_owned()).collect(),
            until: self.clock.now(&self.zone, self.state.last_at) + RUN_MS,
        };
        let numbers = self.record(Command::BeginRun(run))?;
        self.keys.run = Some(signer);
        numbers.last().copied().ok_or_else(locked)
    }

    /// Ends the open run.
    ///
    /// # Errors
    /// As [`Workspace::record`].
    pub fn end_run(&mut self, done: Vec<String>, waits: Vec<case::Wait>) -> Result<(), Fault> {
        let run_n = self.state.run.as_ref().map(|r| r.n).ok_or_else(locked)?;
        self.record(Command::EndRun(case::RunClosed { done, run_n, waits }))?;
        self.keys.run = None;
        Ok(())
    }

    /// The number of the open run.
    ///
    /// # Errors
    /// If none is open.
    pub fn run_n(&self) -> Result<u64, Fault> {
        self.state.run.as_ref().map(|r| r.n).ok_or_else(locked)
    }

    /// The id of the operator's key.
    pub(crate) fn operator_kid(&self) -> Result<String, Fault> {
        self.keys.operator.as_ref().map(Signer::kid).ok_or_else(locked)
    }

    /// The operator's signature over a message.
    ///
    /// # Errors
    /// If the key is not open.
    pub(crate) fn sign_as_operator(&self, message: &[u8]) -> Result<[u8; 64], Fault> {
        self.keys.operator.as_ref().map(|k| k.sign(message)).ok_or_else(locked)
    }

    pub(crate) fn operator_person(&self) -> Result<terms::Id, Fault> {
        let kid = self.operator_kid()?;
        self.state.keys.get(&kid).map(|k| k.record.person.clone()).ok_or_else(|| Fault::new("operator_not_registered"))
    }
}
