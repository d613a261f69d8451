//! The closed list of entry types of this version with their facts: everything that `admit` or `evolve` reads (EVIDENCE §4).
#![allow(missing_docs)] // the fields are the facts of the table in EVIDENCE §4, under the same names

use std::collections::BTreeMap;

use facts::Truth;
use serde::{Deserialize, Serialize};
use terms::json::{Json, Map, Strictness, to_bytes};
use terms::{Day, Digest, Id, Level, Outcome, Place, Reach, Scenario, Value};

macro_rules! events {
    ($($kind:literal $name:ident;)*) => {
        /// An event: the typed facts of an entry.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Event { $($name($name),)* }

        impl Event {
            /// Every type that this version knows.
            pub const KINDS: &'static [&'static str] = &[$($kind),*];

            /// The entry's type.
            pub fn kind(&self) -> &'static str {
                match self { $(Event::$name(_) => $kind,)* }
            }

            /// The facts as they stand in the line.
            ///
            /// # Errors
            /// If a fact cannot be written.
            pub fn facts(&self) -> Result<Map<String, Json>, String> {
                let value = match self { $(Event::$name(f) => serde_json::to_value(f),)* };
                match value.map_err(|e| e.to_string())? {
                    Json::Object(map) => Ok(map),
                    _ => Err("facts are an object".to_owned()),
                }
            }

            /// The event of a type and facts: exactly the members that the type has, of the right kinds.
            ///
            /// # Errors
            /// None for a type that is not known; a reason for facts that do not fit.
            pub fn read(kind: &str, facts: &Map<String, Json>) -> Result<Option<Event>, String> {
                let value = Json::Object(facts.clone());
                let event = match kind {
                    $($kind => Event::$name(serde_json::from_value(value).map_err(|e| e.to_string())?),)*
                    _ => return Ok(None),
                };
                // What was left out or spelt otherwise would read the same: only the very same facts pass.
                let bytes = |m: &Map<String, Json>| to_bytes(m, Strictness::Line).map_err(|e| e.0);
                if bytes(&event.facts()?)? == bytes(facts)? { Ok(Some(event)) } else { Err("facts are not in their canonical form".to_owned()) }
            }
        }
    };
}

events! {
    "case.opened" CaseOpened;
    "case.amended" CaseAmended;
    "case.closed" CaseClosed;
    "key.registered" KeyRegistered;
    "key.rotated" KeyRotated;
    "key.revoked" KeyRevoked;
    "run.opened" RunOpened;
    "run.closed" RunClosed;
    "source.registered" SourceRegistered;
    "source.frozen" SourceFrozen;
    "scan.recorded" ScanRecorded;
    "dataset.sealed" DatasetSealed;
    "subjects.recorded" SubjectsRecorded;
    "outcomes.recorded" OutcomesRecorded;
    "answer.given" AnswerGiven;
    "opinion.filed" OpinionFiled;
    "plan.made" PlanMade;
    "plan.approved" PlanApproved;
    "plan.withdrawn" PlanWithdrawn;
    "hold.placed" HoldPlaced;
    "hold.lifted" HoldLifted;
    "act.recorded" ActRecorded;
    "agreement.signed" AgreementSigned;
    "backup.observed" BackupObserved;
    "hand_over.ordered" HandOverOrdered;
    "hand_over.observed" HandOverObserved;
    "receipt.received" ReceiptReceived;
    "destroy.ordered" DestroyOrdered;
    "destroy.observed" DestroyObserved;
    "anonymise.ordered" AnonymiseOrdered;
    "anonymise.observed" AnonymiseObserved;
    "shred.ordered" ShredOrdered;
    "shred.observed" ShredObserved;
    "exception.recorded" ExceptionRecorded;
    "entry.corrected" EntryCorrected;
    "dossier.made" DossierMade;
    "ledger.closed" LedgerClosed;
}

macro_rules! facts_of {
    ($($(#[$meta:meta])* $name:ident { $($(#[$fm:meta])* $field:ident: $ty:ty,)* })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[$fm])* pub $field: $ty,)* }
    )*};
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyUse {
    Log,
    Operator,
    Run,
    Server,
    Approver,
    Countersigner,
    Recipient,
    Witness,
    Auditor,
    Counsel,
    Keeper,
}

impl KeyUse {
    /// The word as it stands in `role`.
    pub fn word(self) -> &'static str {
        match self {
            KeyUse::Log => "log",
            KeyUse::Operator => "operator",
            KeyUse::Run => "run",
            KeyUse::Server => "server",
            KeyUse::Approver => "approver",
            KeyUse::Countersigner => "countersigner",
            KeyUse::Recipient => "recipient",
            KeyUse::Witness => "witness",
            KeyUse::Auditor => "auditor",
            KeyUse::Counsel => "counsel",
            KeyUse::Keeper => "keeper",
        }
    }
}

/// Who saw that a key is a person's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    InPerson,
    Countersigned,
    Certificate,
    None,
}

/// How an approval was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalKind {
    Key,
    Passkey,
    Certificate,
    Paper,
}

/// Whether a seal is of all rows or of what came or changed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SealKind {
    Full,
    Delta,
}

/// What the party of an agreement is to the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgreementRole {
    Recipient,
    Processor,
    Keeper,
}

/// How an archive ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArchiveEnd {
    Shredded,
    Kept,
}

facts_of! {
    /// A key in the register.
    KeyRecord { alg: String, kid: String, person: Id, public: String, seen: Seen, #[serde(rename = "use")] purpose: KeyUse, }
    /// What suffices to approve an act.
    Policy { kinds: Vec<ApprovalKind>, need: u64, }
    CaseOpened {
        approvals: BTreeMap<String, Policy>, keys: Vec<KeyRecord>, law_date: Day, origin: String,
        /// Approvers without a key: only they, and holders of an approver's key, approve on paper.
        #[serde(default, skip_serializing_if = "Vec::is_empty")] paper_approvers: Vec<Id>,
        policy_doc: Digest, safety_days: u64, scenario: Scenario, sources_live: Vec<Place>, tolerance_ppm: u64, zone: String,
    }
    CaseAmended {
        #[serde(default, skip_serializing_if = "Option::is_none")] approvals: Option<BTreeMap<String, Policy>>,
        #[serde(default, skip_serializing_if = "Option::is_none")] law_date: Option<Day>,
        #[serde(default, skip_serializing_if = "Option::is_none")] paper_approvers: Option<Vec<Id>>,
        #[serde(default, skip_serializing_if = "Option::is_none")] policy_doc: Option<Digest>,
        reason: String,
        #[serde(default, skip_serializing_if = "Option::is_none")] safety_days: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")] scenario: Option<Scenario>,
        #[serde(default, skip_serializing_if = "Option::is_none")] sources_live: Option<Vec<Place>>,
        #[serde(default, skip_serializing_if = "Option::is_none")] tolerance_ppm: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")] zone: Option<String>,
    }
    /// An archive at the end of the case.
    ArchiveFate { archive: Id, end: ArchiveEnd, #[serde(default, skip_serializing_if = "Option::is_none")] until: Option<Day>, }
    CaseClosed { archives: Vec<ArchiveFate>, open_tasks: u64, }
    KeyRegistered { key: KeyRecord, }
    KeyRotated { new: KeyRecord, old: String, reason: String, }
    KeyRevoked { from_n: u64, kid: String, reason: String, }
    RunOpened {
        build_doc: Digest, key: KeyRecord,
        #[serde(default, skip_serializing_if = "Option::is_none")] plan_n: Option<u64>,
        steps: Vec<String>, until: u64,
    }
    /// What a run leaves for later.
    Wait { item: Id, until: Day, }
    RunClosed { done: Vec<String>, run_n: u64, waits: Vec<Wait>, }
    SourceRegistered { cap: Level, reach: Reach, source: Place, store: String, version: String, }
    SourceFrozen { from: Day, source: Place, }
    ScanRecorded { datasets: u64, inventory_doc: Digest, places: u64, run_n: u64, unread: u64, }
    DatasetSealed {
        copy: String, dataset: Place, groups: Vec<String>, kind: SealKind,
        #[serde(default, skip_serializing_if = "Option::is_none")] of_n: Option<u64>,
        root: Digest, rows: u64, run_n: u64, schema_doc: Digest,
    }
    SubjectsRecorded {
        #[serde(default, skip_serializing_if = "Option::is_none")] merged_from_n: Option<u64>,
        model_doc: Digest, root: Digest, run_n: u64, seal_ns: Vec<u64>, subjects: u64, unassigned_rows: u64,
    }
    OutcomesRecorded {
        copy: String, group: String, root: Digest, seal_n: u64, totals: BTreeMap<Outcome, u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")] uniform: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")] vector_doc: Option<Digest>,
    }
    AnswerGiven { answers_doc: Digest, question: String, value: Value, }
    OpinionFiled { datasets: Vec<String>, effect: String, evidence: Vec<String>, rule: String, until: Day, }
    PlanMade {
        consequence_doc: Digest, inventory_n: u64, irreversible: u64, items: u64, law_date: Day, pack_docs: Vec<Digest>, plan_doc: Digest,
        #[serde(default, skip_serializing_if = "Option::is_none")] run_n: Option<u64>,
        schema_docs: Vec<Digest>, seal_ns: Vec<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")] subjects_n: Option<u64>,
        undecided: u64,
    }
    PlanApproved {
        alg: String,
        /// Scans of the signed sheet, for `paper`.
        #[serde(default, skip_serializing_if = "Option::is_none")] evidence: Option<Vec<String>>,
        #[serde(default, skip_serializing_if = "Option::is_none")] kid: Option<String>,
        kind: ApprovalKind,
        #[serde(default, skip_serializing_if = "Option::is_none")] person: Option<Id>,
        plan_n: u64, sig: String, statement: String,
    }
    PlanWithdrawn { plan_n: u64, reason: String, }
    HoldPlaced { datasets: Vec<String>, hold: Id, #[serde(default, skip_serializing_if = "Option::is_none")] until: Option<Day>, }
    HoldLifted { evidence: Vec<String>, hold_n: u64, }
    ActRecorded { about: Vec<String>, by: Id, day: Day, evidence: Vec<String>, kind: String, }
    BackupObserved {
        archive: Id, mirrors: u64, restored_root: Digest, rows_equal: u64, rows_restored: u64, rows_written: u64, run_n: u64, seal_ns: Vec<u64>,
    }
    /// An agreement with its terms; `party` is the holder of a registered key.
    AgreementSigned {
        agreement: Id, evidence: Vec<String>, fields_doc: Digest, from: Day, party: Id, role: AgreementRole, to: Day,
    }
    /// An order on a copy that is handed over.
    HandOverOrdered {
        agreement_n: u64, bars: BarFacts, copy: String, dataset: Place, demand: Truth, excluded: u64, groups: Vec<String>, head_ns: Vec<u64>, item: Id,
        method: String, not_after: Day, not_before: Day, package: Id, plan_n: u64, recipient: String, rows: u64, run_n: u64, seal_n: u64,
    }
    /// What the recipient signed that it holds; `order_n` is the first order of the package.
    ReceiptReceived {
        alg: String, differences: u64, order_n: u64, package: Id, recipient: String, root: Digest, rows: u64, sig: String, statement: String,
    }
    /// The bars of I5; `unknown` bars.
    BarFacts { gate: Truth, hold: Truth, request: Truth, retention: Truth, }
    /// An order on rows of a data set.
    EffectOrdered {
        #[serde(default, skip_serializing_if = "Option::is_none")] backup_n: Option<u64>,
        bars: BarFacts, copy: String, dataset: Place, demand: Truth, excluded: u64, groups: Vec<String>, head_ns: Vec<u64>, item: Id,
        /// Rows that must be alike at least, where it is anonymised.
        #[serde(default, skip_serializing_if = "Option::is_none")] k: Option<u64>,
        method: String,
        #[serde(default, skip_serializing_if = "Option::is_none")] not_after: Option<Day>,
        not_before: Day, plan_n: u64, rows: u64, run_n: u64, seal_n: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")] waiver_n: Option<u64>,
    }
    /// How many rows are alike in everything that is left of them (k-anonymity, Sweeney 2002): classes, columns compared, rows of the smallest class, rows.
    CrowdSeen { classes: u64, columns: u64, k: u64, rows: u64, }
    /// What a column's search showed.
    ColumnLook { asked: u64, col: u64, found: u64, hits: u64, level: Level, live: u64, }
    /// What was seen after an order was carried out.
    EffectObserved {
        #[serde(default, skip_serializing_if = "Option::is_none")] backup_until: Option<Day>,
        bytes_searched: u64, bytes_unread: u64, columns: Vec<ColumnLook>,
        #[serde(default, skip_serializing_if = "Option::is_none")] crowd: Option<CrowdSeen>,
        level: Level, order_n: u64, out_of_scope: Vec<String>,
        receipt_doc: Digest, rows_done: u64, rows_kept: BTreeMap<String, u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")] scan_n: Option<u64>,
    }
    ShredOrdered {
        archive: Id, bars: BarFacts, demand: Truth, epoch: u64, excluded: u64, head_ns: Vec<u64>, item: Id, method: String,
        #[serde(default, skip_serializing_if = "Option::is_none")] not_after: Option<Day>,
        not_before: Day, plan_n: u64, run_n: u64, slots: u64,
    }
    /// Whether a holder destroyed the old epoch key.
    HolderGone { gone: bool, holder: Id, }
    ShredObserved { epoch: u64, holders: Vec<HolderGone>, level: Level, order_n: u64, out_of_scope: Vec<String>, receipt_doc: Digest, slots_zero: u64, }
    ExceptionRecorded {
        #[serde(default, skip_serializing_if = "Option::is_none")] about_n: Option<u64>,
        kind: String,
        #[serde(default, skip_serializing_if = "Option::is_none")] receipt_doc: Option<Digest>,
        #[serde(default, skip_serializing_if = "Option::is_none")] rows: Option<u64>,
    }
    EntryCorrected { entry_n: u64, why: String, }
    DossierMade { audience: String, bodies: u64, manifest_doc: Digest, }
    LedgerClosed { size: u64, successor: String, }
}

/// Orders and observations of the same shape under two names.
pub type DestroyOrdered = EffectOrdered;
/// As [`DestroyOrdered`].
pub type AnonymiseOrdered = EffectOrdered;
/// What was seen of a package once it was written.
pub type HandOverObserved = EffectObserved;
/// What was seen after a destruction.
pub type DestroyObserved = EffectObserved;
/// As [`DestroyObserved`].
pub type AnonymiseObserved = EffectObserved;

impl BarFacts {
    /// Whether every bar is false.
    pub fn all_false(&self) -> bool {
        [self.gate, self.hold, self.request, self.retention].iter().all(|t| *t == Truth::False)
    }
}
