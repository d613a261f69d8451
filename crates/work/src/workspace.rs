//! An open workspace: case file, ledger, documents, vault, state; entries are signed, admitted and appended here and nowhere else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use case::file::CaseFile;
use case::{By, CaseOpened, Context, Draft, Event, KeyRecord, KeyUse, State, admit, evolve};
use keys::Passphrase;
use law::Packs;
use ledger::{Entry, Signer};
use sources::Places;
use store::{Documents, LedgerStore};
use terms::json::{Json, Strictness, json, to_bytes};
use terms::{Day, Digest, Fault, Id, Place, Zone};
use vault::{Share, Vault, load_key_file, random, random_key};

mod entries;

use crate::clock::Clock;
use crate::keygen::{load_public, random_id};
use crate::persons::paper_approvers;
use crate::policy::{place_of, terms_of};

/// Asks for passphrases.
pub trait Secrets {
    /// The passphrase of that key (`operator`, `counsel`, a key file's name).
    ///
    /// # Errors
    /// If none is given.
    fn passphrase(&mut self, whose: &str) -> Result<Passphrase, Fault>;
}

/// Where things lie.
#[derive(Clone, Debug)]
pub struct Paths {
    /// The folder of the case file.
    pub base: PathBuf,
    /// The workspace folder beside it.
    pub folder: PathBuf,
}

impl Paths {
    /// The paths for a case file.
    pub fn beside(case_file: &Path) -> Paths {
        let base = case_file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
        let stem = case_file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        Paths { folder: base.join(format!("{stem}.custody")), base }
    }

    pub(crate) fn vault(&self) -> PathBuf {
        self.folder.join("vault")
    }

    fn archives(&self, file: &CaseFile) -> PathBuf {
        file.vault.archives.as_ref().map_or_else(|| self.folder.join("archives"), |a| self.base.join(&a.value))
    }

    fn holder(&self, file: &CaseFile) -> PathBuf {
        file.vault.holder.as_ref().map_or_else(|| self.base.join("keys").join("epoch-key"), |h| self.base.join(&h.value))
    }

    /// Whether a ledger exists.
    pub fn exists(&self) -> bool {
        self.folder.join("ledger.db").exists()
    }
}

/// Who signs in this process.
#[derive(Default)]
struct Keyring {
    operator: Option<Signer>,
    seed: Option<zeroize::Zeroizing<[u8; 32]>>,
    counsel: Option<Signer>,
    run: Option<Signer>,
    log: Option<Signer>,
}

/// An open workspace.
pub struct Workspace {
    /// The case file.
    pub file: CaseFile,
    /// Where things lie.
    pub paths: Paths,
    /// The packs.
    pub packs: Packs,
    /// The documents.
    pub documents: Documents,
    /// The clock.
    pub clock: Clock,
    /// The state.
    pub state: State,
    store: LedgerStore,
    vault: Option<Vault>,
    /// Shares of a root key that was split when the vault was made, until somebody takes them to print.
    shares: Vec<Share>,
    keys: Keyring,
    zone: Zone,
}

fn broken(e: case::Broken) -> Fault {
    Fault::new("rule_broken").with("rule", e.rule).with("why", e.why)
}

/// The note beside the head is over this very tree, and by the case's log key: nobody cut lines off.
fn head_is_signed(store: &LedgerStore, state: &State) -> Result<(), Fault> {
    let Some((size, root, note)) = store.head()? else { return Ok(()) };
    let log = state.keys.values().find(|k| k.record.purpose == case::KeyUse::Log).map(|k| k.public.clone());
    let name = state.opened.as_ref().map(|o| o.origin.clone()).unwrap_or_default();
    let vkey = log.map(|key| ledger::Vkey { name, key });
    let fits = ledger::SignedNote::parse(&note)
        .is_ok_and(|n| n.checkpoint.size == size && n.checkpoint.root == root && vkey.is_some_and(|v| n.signed_by(&v)));
    if fits { Ok(()) } else { Err(Fault::new("ledger_damaged").with("entry", size)) }
}

impl Workspace {
    /// Opens the workspace of a case file; for writing, one process at a time.
    ///
    /// # Errors
    /// If the ledger is damaged, breaks a rule, or another process writes.
    pub fn open(case_file: &Path, file: CaseFile, packs: Packs, clock: Clock, write: bool) -> Result<Workspace, Fault> {
        let paths = Paths::beside(case_file);
        if write {
            std::fs::create_dir_all(&paths.folder).map_err(|_| Fault::new("workspace_unwritable"))?;
        } else if !paths.exists() {
            return Err(Fault::new("no_workspace"));
        }
        let store = LedgerStore::open(&paths.folder, write)?;
        let documents = Documents::open(&paths.folder.join("documents"))?;
        let zone = Zone::named(&file.zone.value).ok_or_else(|| Fault::new("document_form"))?;
        let mut state = State::default();
        let mut lines: Vec<Vec<u8>> = Vec::new();
        store.lines(&mut |_, bytes, _| {
            lines.push(bytes.to_vec());
            Ok(())
        })?;
        for (index, line) in (0u64..).zip(&lines) {
            let damaged = || Fault::new("ledger_damaged").with("entry", index);
            let entry = Entry::parse(line).map_err(|_| damaged())?;
            let context = Context { index };
            let event = admit(&state, &entry, context).map_err(broken)?;
            state = evolve(state, &entry, &event, line, context);
        }
        head_is_signed(&store, &state)?;
        Ok(Workspace {
            file,
            paths,
            packs,
            documents,
            clock,
            state,
            store,
            vault: None,
            shares: Vec::new(),
            keys: Keyring::default(),
            zone,
        })
    }

    /// Opens operator key and vault; the first time, makes the vault and opens the case.
    ///
    /// # Errors
    /// If a passphrase is wrong, a key is missing, or the case cannot be opened.
    pub fn unlock(&mut self, secrets: &mut dyn Secrets) -> Result<(), Fault> {
        let passphrase = secrets.passphrase("operator")?;
        let seed = self.load_seed(self.file.parties.operator.key.as_ref().map(|k| k.value.clone()), &passphrase)?;
        self.keys.operator = Some(Signer::from_seed(&seed));
        let (folder, archives, holder) = (self.paths.vault(), self.paths.archives(&self.file), self.paths.holder(&self.file));
        if !Vault::exists(&folder) {
            if self.state.next > 0 {
                return Err(Fault::new("vault_missing"));
            }
            self.parties()?;
            Vault::clear_unfinished(&folder, &holder)?;
            Vault::create(&folder, &archives, &holder, &passphrase)?;
        }
        let vault = Vault::open(&folder, &archives, &holder, &passphrase)?;
        if self.state.next == 0 && !vault::has_root(&folder) {
            self.shares = vault.split_root(&seed)?;
        }
        self.keys.seed = Some(seed);
        if self.state.next == 0 && vault.get("places")?.is_some() {
            // The vault has seen scans that no ledger tells of: the ledger was lost, and a new one must not take its place.
            return Err(Fault::new("ledger_damaged").with("entry", 0));
        }
        let log = match vault.get("log-key")? {
            Some(seed) => seed,
            None if self.state.next == 0 => {
                let seed = random_key()?;
                vault.put("log-key", &*seed)?;
                zeroize::Zeroizing::new(seed.to_vec())
            }
            None => return Err(Fault::new("vault_damaged")),
        };
        let log: [u8; 32] = log.as_slice().try_into().map_err(|_| Fault::new("vault_damaged"))?;
        self.keys.log = Some(Signer::from_seed(&log));
        self.vault = Some(vault);
        if self.state.next == 0 { self.open_case() } else { Ok(()) }
    }

    /// Opens counsel's key for this process.
    ///
    /// # Errors
    /// If there is none or the passphrase is wrong.
    pub fn unlock_counsel(&mut self, secrets: &mut dyn Secrets) -> Result<(), Fault> {
        let key = self.file.parties.counsel.as_ref().and_then(|c| c.key.as_ref()).map(|k| k.value.clone());
        let passphrase = secrets.passphrase("counsel")?;
        self.keys.counsel = Some(Signer::from_seed(&*self.load_seed(key, &passphrase)?));
        Ok(())
    }

    fn load_seed(&self, public: Option<String>, passphrase: &Passphrase) -> Result<zeroize::Zeroizing<[u8; 32]>, Fault> {
        let public = public.ok_or_else(|| Fault::new("public_key_missing"))?;
        let file = load_key_file(&self.paths.base.join(&public).with_extension("key"))?;
        file.signer(passphrase)?;
        file.open(passphrase)
    }

    /// Takes the shares of a root key that was split when the vault was made: they are shown once.
    pub fn take_shares(&mut self) -> Vec<Share> {
        std::mem::take(&mut self.shares)
    }

    /// The seed of the operator's key, while it is open.
    pub(crate) fn operator_seed(&self) -> Result<&zeroize::Zeroizing<[u8; 32]>, Fault> {
        self.keys.seed.as_ref().ok_or_else(locked)
    }

    /// Who takes part with a key from the beginning: name and key.
    fn parties(&self) -> Result<Vec<(String, KeyRecord)>, Fault> {
        let p = &self.file.parties;
        let approvers = p.approvers.iter().map(|party| (party, KeyUse::Approver));
        let others = p.counsel.iter().map(|party| (party, KeyUse::Counsel)).chain(p.keeper.iter().map(|party| (party, KeyUse::Keeper)));
        let mut out = Vec::new();
        for (party, wanted) in std::iter::once((&p.operator, KeyUse::Operator)).chain(approvers).chain(others) {
            let Some(path) = &party.key else { continue };
            let record = load_public(&self.paths.base.join(&path.value))?.key;
            if record.purpose != wanted {
                let of = |purpose: KeyUse| purpose.word();
                return Err(Fault::new("key_use").with("line", path.line).with("is", of(record.purpose)).with("wanted", of(wanted)));
            }
            out.push((party.name.value.clone(), record));
        }
        Ok(out)
    }

    fn open_case(&mut self) -> Result<(), Fault> {
        let origin = format!("custody/{}", base32()?);
        let mut keys: Vec<KeyRecord> = Vec::new();
        let mut persons: Vec<Json> = Vec::new();
        for (name, record) in self.parties()? {
            persons.push(json!({"name": name, "person": record.person}));
            if !keys.iter().any(|k| k.kid == record.kid) {
                keys.push(record);
            }
        }
        let log = self.keys.log.as_ref().ok_or_else(locked)?;
        keys.push(KeyRecord {
            alg: "ed25519".to_owned(),
            kid: log.kid(),
            person: random_id("p")?,
            public: log.public().text(),
            seen: case::Seen::None,
            purpose: case::KeyUse::Log,
        });
        let log = log.public();
        keys.sort_by(|a, b| a.kid.cmp(&b.kid));
        let bare = CaseOpened {
            approvals: BTreeMap::new(),
            keys,
            law_date: self.today()?,
            paper_approvers: Vec::new(),
            policy_doc: Digest::ZERO,
            safety_days: 0,
            scenario: self.file.scenario(),
            sources_live: Vec::new(),
            tolerance_ppm: 0,
            zone: String::new(),
            origin,
        };
        let vkey = ledger::Vkey { name: bare.origin.clone(), key: log }.text();
        let paper = paper_approvers(self)?;
        let opened = terms_of(&self.file, &self.documents, &bare, &vkey, paper)?;
        let body = json!({"company": self.file.company.name.value, "persons": persons, "uscc": self.file.company.uscc.value});
        self.state.case = random_id("c")?.as_str().to_owned();
        let drafts = vec![(Draft::new(By::Operator, Event::CaseOpened(opened)), Some(body))];
        self.append(drafts, None)?;
        Ok(())
    }

    /// The vault.
    ///
    /// # Errors
    /// If it was not unlocked.
    pub fn vault(&mut self) -> Result<&mut Vault, Fault> {
        self.vault.as_mut().ok_or_else(locked)
    }

    /// The case's time zone.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Today.
    ///
    /// # Errors
    /// If the clock is out of the calendar.
    pub fn today(&self) -> Result<Day, Fault> {
        let today = self.clock.today(&self.zone).ok_or_else(|| Fault::new("clock_out_of_range"))?;
        // While something is written, the day is never before that of the last entry: what was signed has happened.
        let last = if self.vault.is_some() { self.state.day_of(self.state.last_at) } else { None };
        Ok(last.map_or(today, |last| today.max(last)))
    }

    /// Size and root of the tree.
    pub fn head(&self) -> (u64, [u8; 32]) {
        (self.store.size(), self.store.root())
    }

    /// The root that the tree had at a size; none if it never was as large.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub(crate) fn root_at(&self, size: u64) -> Result<Option<[u8; 32]>, Fault> {
        let lines = self.lines()?;
        let first = usize::try_from(size).ok().and_then(|n| lines.get(..n));
        Ok(first.map(|lines| ledger::root(lines.iter().map(|l| ledger::leaf_of(l).0))))
    }

    /// The signed note of the head.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn head_note(&self) -> Result<String, Fault> {
        self.store.head()?.map(|(_, _, note)| note).ok_or_else(|| Fault::new("no_workspace"))
    }

    /// Every line in order.
    ///
    /// # Errors
    /// If the ledger cannot be read.
    pub fn lines(&self) -> Result<Vec<Vec<u8>>, Fault> {
        let mut out = Vec::new();
        self.store.lines(&mut |_, bytes, _| {
            out.push(bytes.to_vec());
            Ok(())
        })?;
        Ok(out)
    }

    /// Writes a canonical JSON document.
    ///
    /// # Errors
    /// If it cannot be written canonically or durably.
    pub fn put_json(&self, value: &impl serde::Serialize) -> Result<Digest, Fault> {
        let bytes = to_bytes(value, Strictness::Document).map_err(|_| Fault::new("document_form"))?;
        self.documents.put(&bytes)
    }

    /// Reads a canonical JSON document.
    ///
    /// # Errors
    /// If it is missing, damaged or of another form.
    pub fn get_json<T: serde::de::DeserializeOwned>(&self, digest: &Digest) -> Result<T, Fault> {
        let bytes = self.documents.get(digest)?.ok_or_else(|| Fault::new("document_missing").with("document", digest))?;
        terms::json::read(&bytes, Strictness::Document).map_err(|_| Fault::new("document_damaged").with("document", digest))
    }

    /// The name that the case file gives the holder of a key.
    pub fn name_of(&self, kid: &str) -> Option<String> {
        let p = &self.file.parties;
        let mut named = std::iter::once(&p.operator).chain(p.approvers.iter()).chain(&p.counsel).chain(&p.keeper).chain(&p.recipients);
        let own = |party: &&case::file::Party| {
            let file = party.key.as_ref().and_then(|k| load_public(&self.paths.base.join(&k.value)).ok());
            file.is_some_and(|f| f.key.kid == kid)
        };
        named.find(own).map(|party| party.name.value.clone())
    }

    /// The name of the party of an agreement, if its key stands in the case file.
    pub fn party_name(&self, person: &Id) -> Option<String> {
        let by_key = self.state.keys.values().filter(|k| k.record.person == *person).find_map(|k| self.name_of(&k.record.kid));
        // Who signs on paper alone has no key: where one approver is without, that is who.
        let mut keyless = self.file.parties.approvers.iter().filter(|a| a.key.is_none());
        let named = self.state.opened.as_ref().is_some_and(|o| o.paper_approvers.contains(person));
        by_key.or_else(|| match (named, keyless.next(), keyless.next()) {
            (true, Some(one), None) => Some(one.name.value.clone()),
            _ => None,
        })
    }

    /// The map of real names to places, from the vault.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn places(&mut self) -> Result<Places, Fault> {
        match self.vault()?.get("places")? {
            None if !self.state.scans.is_empty() => Err(Fault::new("vault_damaged")),
            None => Ok(Places::marked(random_id("w")?.as_str().trim_start_matches("w-").to_owned())),
            Some(bytes) => serde_json::from_slice(&bytes).map_err(|_| Fault::new("vault_damaged")),
        }
        .map(|places: Places| places.with_notes(self.paths.folder.join("rewritten")))
    }

    /// Keeps the map of real names to places.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep_places(&mut self, places: &Places) -> Result<(), Fault> {
        let bytes = serde_json::to_vec(places).map_err(|_| Fault::new("document_form"))?;
        self.vault()?.put("places", &bytes)
    }

    /// Opens the source of that ordinal in the case file.
    ///
    /// # Errors
    /// If it is missing.
    pub fn source(&self, i: usize) -> Result<(Place, Box<dyn sources::Source>), Fault> {
        let place = place_of(i).ok_or_else(|| Fault::new("document_form"))?;
        let file = self.file.sources.get(i).ok_or_else(|| Fault::new("source_missing").with("source", &place))?;
        let mut source = sources::open(file.kind(), &place, crate::address::address(&self.paths.base, file, &place)?)?;
        if let Ok(words) = std::env::var(LEAVE_OUT) {
            source.leave_out(sources::LeaveOut::of(&words));
        }
        Ok((place, source))
    }
}

/// The negative control (docs/why/residue.md): whatever is left out, remains are found or sight is missed, and no level is given.
const LEAVE_OUT: &str = "CUSTODY_LEAVE_OUT";

fn locked() -> Fault {
    Fault::new("locked")
}

/// 26 random base32 digits.
fn base32() -> Result<String, Fault> {
    const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let bytes: [u8; 26] = random()?;
    Ok(bytes.iter().filter_map(|b| DIGITS.get(usize::from(b & 31))).map(|d| char::from(*d)).collect())
}
