//! The state of a case: a pure fold over its entries.

use std::collections::{BTreeMap, BTreeSet};

use ledger::PublicKey;
use terms::{Day, Digest, Id, Level, Outcome, Place, Reach, Zone};

use crate::event::{
    AgreementRole, ApprovalKind, ArchiveEnd, CaseOpened, EffectOrdered, HandOverOrdered, KeyRecord, PlanMade, ShredOrdered,
};

/// A key in the register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyState {
    /// Its record.
    pub record: KeyRecord,
    /// The key itself.
    pub public: PublicKey,
    /// Number of the entry that registered it.
    pub since: u64,
    /// Number of the first entry that it may no longer sign.
    pub revoked_from: Option<u64>,
}

/// A run that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Number of `run.opened`.
    pub n: u64,
    /// Its key.
    pub kid: String,
    /// Its public key.
    pub public: PublicKey,
    /// Steps that it may take.
    pub steps: Vec<String>,
    /// Last instant (ms).
    pub until: u64,
    /// The plan it carries out.
    pub plan_n: Option<u64>,
}

/// A source of the case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Highest level it allows.
    pub cap: Level,
    /// How Custody gets at it.
    pub reach: Reach,
    /// Store and version.
    pub store: String,
    /// Day from which it is frozen.
    pub frozen: Option<Day>,
}

impl State {
    /// Whether a source may be registered as this: not as what it is already, and while orders on it are open only as what promises no more.
    pub fn may_register(&self, s: &crate::event::SourceRegistered) -> bool {
        let on = |e: &crate::event::EffectOrdered| self.seals.get(&e.seal_n).is_some_and(|seal| seal.dataset.source() == s.source.as_str());
        let open = || self.open_orders().filter_map(|(_, o)| o.kind.effect()).any(on);
        self.sources.get(&s.source).is_none_or(|known| !known.is_as(s) && (known.reach == s.reach && s.cap <= known.cap || !open()))
    }
}

impl Source {
    /// Whether it stands as this registers it.
    pub fn is_as(&self, s: &crate::event::SourceRegistered) -> bool {
        (self.cap, self.reach) == (s.cap, s.reach) && self.store == format!("{} {}", s.store, s.version)
    }
}

/// A seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Its number.
    pub n: u64,
    /// Number of the scan it follows.
    pub scan_n: u64,
    /// Data set.
    pub dataset: Place,
    /// Copy.
    pub copy: String,
    /// Field groups.
    pub groups: Vec<String>,
    /// Rows.
    pub rows: u64,
    /// Root.
    pub root: Digest,
    /// Schema document.
    pub schema_doc: Digest,
    /// The seal that a delta adds to.
    pub of_n: Option<u64>,
}

/// The newest outcome vector of a seal, copy and group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vector {
    /// Its entry's number.
    pub n: u64,
    /// Positions by outcome.
    pub totals: BTreeMap<Outcome, u64>,
    /// Its document; none if uniform.
    pub doc: Option<Digest>,
    /// The one code of a uniform vector.
    pub uniform: Option<u64>,
}

/// The newest plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanState {
    /// Its entry's number.
    pub n: u64,
    /// Its index in the tree.
    pub index: u64,
    /// Its facts.
    pub made: PlanMade,
    /// Whether it was withdrawn.
    pub withdrawn: bool,
}

/// An approval of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Its entry's number.
    pub n: u64,
    /// The plan's.
    pub plan_n: u64,
    /// Kind.
    pub kind: ApprovalKind,
    /// The key that signed.
    pub kid: Option<String>,
    /// The person.
    pub person: Id,
    /// Items, or `*`.
    pub scope: Vec<String>,
    /// Last day.
    pub not_after: Day,
    /// Whether something ended it (P4).
    pub ended: bool,
}

/// A hold that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Its id.
    pub hold: Id,
    /// Data sets; `*` = all.
    pub datasets: Vec<String>,
    /// Its end, if one is known; it stays open until lifted.
    pub until: Option<Day>,
}

/// A backup that was restored and compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// The archive.
    pub archive: Id,
    /// Seals in it.
    pub seal_ns: Vec<u64>,
    /// How it ended, if it did.
    pub end: Option<ArchiveEnd>,
}

/// An agreement on file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementState {
    /// Its id.
    pub agreement: Id,
    /// Its terms.
    pub doc: Digest,
    /// First day.
    pub from: Day,
    /// The party.
    pub party: Id,
    /// Its role.
    pub role: AgreementRole,
    /// Last day.
    pub to: Day,
}

/// A package that was handed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// Its orders, in order.
    pub orders: Vec<u64>,
    /// The recipient's key.
    pub recipient: String,
    /// Seals whose rows are in it.
    pub seals: BTreeSet<u64>,
    /// The receipt, once there is one.
    pub receipt_n: Option<u64>,
    /// Differences that the receipt names.
    pub differences: u64,
    /// Whether it was received without difference, or its dispute was settled.
    pub settled: bool,
    /// The act that settled it, if it was not the receipt.
    pub settled_n: Option<u64>,
}

/// What an order is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderKind {
    /// Rows are destroyed.
    Destroy(EffectOrdered),
    /// Rows are anonymised.
    Anonymise(EffectOrdered),
    /// A copy is handed over.
    HandOver(HandOverOrdered),
    /// Keys are shredded.
    Shred(ShredOrdered),
}

impl OrderKind {
    /// The facts, if it is about rows.
    pub fn effect(&self) -> Option<&EffectOrdered> {
        match self {
            OrderKind::Destroy(e) | OrderKind::Anonymise(e) => Some(e),
            OrderKind::HandOver(_) | OrderKind::Shred(_) => None,
        }
    }

    /// The item.
    pub fn item(&self) -> &Id {
        match self {
            OrderKind::Destroy(e) | OrderKind::Anonymise(e) => &e.item,
            OrderKind::HandOver(h) => &h.item,
            OrderKind::Shred(s) => &s.item,
        }
    }
}

/// An order and, once looked at, what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What it orders.
    pub kind: OrderKind,
    /// Day of the order.
    pub day: Day,
    /// Observed: number, day, level, rows done.
    pub observed: Option<Observed>,
}

/// What was seen after an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Entry number.
    pub n: u64,
    /// Day.
    pub day: Day,
    /// Level.
    pub level: Level,
    /// Rows done.
    pub rows_done: u64,
    /// Whether a hand-over was taken back before anything left.
    pub withdrawn: bool,
}

/// Counsel's opinion that some places stay unread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadAccepted {
    /// Its last day.
    pub until: Day,
    /// The places that it names.
    pub places: BTreeSet<String>,
    /// The inventory that it is about: what lies at these places later is another thing, if it has another size or reason.
    pub inventory_doc: Digest,
}

/// The whole state.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The chain.
    pub case: String,
    /// Number of the next entry.
    pub next: u64,
    /// Leaf of the last entry.
    pub prev: Option<Digest>,
    /// Claimed time of the last entry.
    pub last_at: u64,
    /// Type of each entry, by number.
    pub kinds: Vec<&'static str>,
    /// What the case was opened with, with amendments applied.
    pub opened: Option<CaseOpened>,
    /// The case's time zone.
    pub zone: Option<Zone>,
    /// The register.
    pub keys: BTreeMap<String, KeyState>,
    /// The open run.
    pub run: Option<Run>,
    /// Sources.
    pub sources: BTreeMap<Place, Source>,
    /// Numbers of scans, oldest first, with their inventory and count of unread places.
    pub scans: Vec<(u64, Digest, u64)>,
    /// Seals by number.
    pub seals: BTreeMap<u64, Seal>,
    /// Newest `subjects.recorded`.
    pub subjects_n: Option<u64>,
    /// Seals that a `subjects.recorded` names: a seal that none names was cut off, and does not count.
    pub matched: BTreeSet<u64>,
    /// Newest vector of (seal, copy, group).
    pub vectors: BTreeMap<(u64, String, String), Vector>,
    /// Rows done by observed effects since the newest vector of (seal, copy, group), by outcome.
    pub done_since: BTreeMap<(u64, String, String), BTreeMap<Outcome, u64>>,
    /// Answers: (entry, document), in order.
    pub answers: Vec<(u64, Digest)>,
    /// The newest opinion on places that were not read.
    pub unread_accepted: Option<UnreadAccepted>,
    /// Newest plan.
    pub plan: Option<PlanState>,
    /// Approvals of plans.
    pub approvals: Vec<Approval>,
    /// Nonces used.
    pub nonces: BTreeSet<String>,
    /// Open holds by number.
    pub holds: BTreeMap<u64, Hold>,
    /// Holds ever placed: (number, data sets).
    pub holds_placed: Vec<(u64, Vec<String>)>,
    /// Data sets whose schema moved after the plan.
    pub schema_moved: BTreeSet<Place>,
    /// Acts recorded: kind → numbers.
    pub acts: BTreeMap<String, Vec<u64>>,
    /// The newest export of a source that was taken.
    pub imported: BTreeMap<String, u64>,
    /// Sources whose last export was refused: it held something else than was asked or reported.
    pub refused: BTreeSet<String>,
    /// Agreements by number.
    pub agreements: BTreeMap<u64, AgreementState>,
    /// Packages that were handed over.
    pub packages: BTreeMap<Id, Package>,
    /// Backups by number.
    pub backups: BTreeMap<u64, Backup>,
    /// Orders by number.
    pub orders: BTreeMap<u64, Order>,
    /// Entries that count no longer: corrected or withdrawn.
    pub void: BTreeSet<u64>,
    /// Seals after which rows came that nobody decided on.
    pub unsealed: BTreeSet<u64>,
    /// Destructions of which something was found again later: order → the finding that supersedes its receipt.
    pub came_back: BTreeMap<u64, u64>,
    /// Whether data sets were found that nobody sealed, and that no matching followed yet.
    pub unsealed_sets: bool,
    /// Whether the case is closed.
    pub closed: bool,
    /// Whether a dossier was made by the last entry.
    pub dossier: bool,
    /// Whether the ledger is closed.
    pub ledger_closed: bool,
}

impl State {
    /// The day of an instant in the case's zone.
    pub fn day_of(&self, at_ms: u64) -> Option<Day> {
        self.zone.as_ref()?.day_of(i64::try_from(at_ms).ok()?)
    }

    /// The newest scan.
    pub fn last_scan(&self) -> Option<u64> {
        self.scans.last().map(|(n, ..)| *n)
    }

    /// The newest full seal of each data set and copy that counts, and the deltas on it.
    pub fn newest_seals(&self) -> Vec<&Seal> {
        let counted = || self.seals.values().filter(|s| self.matched.contains(&s.n));
        let full: BTreeMap<(&Place, &str), u64> =
            counted().filter(|s| s.of_n.is_none()).map(|s| ((&s.dataset, s.copy.as_str()), s.n)).collect();
        let kept: BTreeSet<u64> = full.into_values().collect();
        counted().filter(|s| kept.contains(&s.of_n.unwrap_or(s.n))).collect()
    }

    /// Approvals that hold for an item on a data set now, at that instant.
    pub fn approvals_for<'a>(&'a self, item: &'a str, dataset: Option<&'a Place>, at: u64) -> impl Iterator<Item = &'a Approval> {
        let plan_n = self.plan.as_ref().filter(|p| !p.withdrawn).map(|p| p.n);
        self.approvals.iter().filter(move |a| {
            let held = dataset
                .is_some_and(|d| self.holds_placed.iter().any(|(n, sets)| *n > a.n && sets.iter().any(|s| s == "*" || s == d.as_str())));
            let fresh = self.day_of(at).is_some_and(|d| d <= a.not_after);
            Some(a.plan_n) == plan_n && !a.ended && fresh && !held && a.scope.iter().any(|s| s == "*" || s == item)
        })
    }

    /// Whether enough approvals of different people hold for an irreversible act on an item (P3).
    pub fn approved(&self, act: &str, item: &str, dataset: Option<&Place>, at: u64) -> bool {
        self.suffice(act, self.approvals_for(item, dataset, at))
    }

    /// Whether enough approvals were given, whatever ended them since (P4).
    pub(crate) fn was_approved(&self, act: &str, item: &str, at: u64) -> bool {
        let day = self.day_of(at);
        let given = |a: &&Approval| day.is_some_and(|d| d <= a.not_after) && a.scope.iter().any(|s| s == "*" || s == item);
        self.suffice(act, self.approvals.iter().filter(given))
    }

    fn suffice<'a>(&self, act: &str, approvals: impl Iterator<Item = &'a Approval>) -> bool {
        let Some(opened) = &self.opened else { return false };
        let policy = opened.approvals.get(act).or_else(|| opened.approvals.get("irreversible"));
        let need = policy.map_or(2, |p| p.need).max(2);
        let operators: BTreeSet<&Id> =
            self.keys.values().filter(|k| k.record.purpose == crate::event::KeyUse::Operator).map(|k| &k.record.person).collect();
        let given: Vec<&Approval> = approvals.filter(|a| policy.is_none_or(|p| p.kinds.contains(&a.kind))).collect();
        let persons: BTreeSet<&Id> = given.iter().map(|a| &a.person).collect();
        let own = persons.iter().filter(|p| operators.contains(*p)).count();
        let strong = given.iter().any(|a| a.kind != ApprovalKind::Paper);
        let counted = persons.len() - own.saturating_sub(1);
        u64::try_from(counted).is_ok_and(|c| c >= need) && strong
    }

    /// Whether an open hold covers a data set.
    pub fn held(&self, dataset: &str) -> bool {
        self.holds.values().any(|h| h.datasets.iter().any(|d| d == "*" || d == dataset))
    }

    /// Orders not yet observed, by number.
    pub fn open_orders(&self) -> impl Iterator<Item = (u64, &Order)> {
        self.orders.iter().filter(|(_, o)| o.observed.is_none()).map(|(n, o)| (*n, o))
    }

    /// A backup that holds the seal, is whole and not shredded.
    pub fn backup_of(&self, seal_n: u64) -> Option<u64> {
        self.backups.iter().rev().find(|(_, b)| b.end.is_none() && b.seal_ns.contains(&seal_n)).map(|(n, _)| *n)
    }
}
