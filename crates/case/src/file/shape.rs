//! The shape of `case.yaml`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::at::At;

/// The end of a company's customer information: what happens, when, where its data lies, who decides.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// Version of this format: 1.
    pub version: At<u32>,
    /// Language of screens and papers: `zh` or `en`.
    #[serde(default = "zh")]
    pub lang: At<String>,
    /// The company.
    pub company: Company,
    /// What happens to it.
    pub scenario: At<String>,
    /// Sectors that special laws name, e.g. `retail`, `online_retail`.
    pub sectors: At<Vec<String>>,
    /// `handler` (decides purposes) or `processor` (acts for another).
    #[serde(default = "handler")]
    pub role: At<String>,
    /// Key dates, `YYYY-MM-DD`.
    pub dates: Dates,
    /// Time zone in which days are counted.
    #[serde(default = "shanghai")]
    pub zone: At<String>,
    /// Who takes part.
    pub parties: Parties,
    /// Where the data lies.
    pub sources: At<Vec<SourceFile>>,
    /// What is known of tables, sheets and files.
    #[serde(default)]
    pub datasets: Vec<DatasetFile>,
    /// Records that must not be touched.
    #[serde(default)]
    pub holds: Vec<HoldFile>,
    /// Share of rows that may have changed between plan and apply, in percent.
    #[serde(default)]
    pub tolerance: Tolerance,
    /// Days for which an archive outlives the destruction of its source.
    #[serde(default = "thirty")]
    pub safety_days: At<u64>,
    /// Least number of rows alike in everything that is left of them, where a group is anonymised: 2 or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub k: Option<At<u64>>,
    /// Approvals that an irreversible act needs.
    #[serde(default)]
    pub approval: ApprovalFilePolicy,
    /// Cost assumptions, in CNY.
    #[serde(default)]
    pub costs: Costs,
    /// Where keys and archives lie.
    #[serde(default)]
    pub vault: VaultFile,
    /// A practice case: `--as-of` may move its clock, and the ledger says that its days are simulated.
    #[serde(default)]
    pub simulated: bool,
}

fn zh() -> At<String> {
    At { value: "zh".to_owned(), line: 0 }
}
fn handler() -> At<String> {
    At { value: "handler".to_owned(), line: 0 }
}
fn shanghai() -> At<String> {
    At { value: "Asia/Shanghai".to_owned(), line: 0 }
}
fn thirty() -> At<u64> {
    At { value: 30, line: 0 }
}

/// The company whose customer information comes to its end.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Company {
    /// Registered name.
    pub name: At<String>,
    /// Unified social credit code (GB 32100), 18 characters.
    pub uscc: At<String>,
    /// Whether one person owns and runs it: then the second approver is its agency or counsel, and the dossier says so.
    #[serde(default)]
    pub one_person: bool,
}

/// Key dates of the case.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dates {
    /// Day on which the cause of dissolution arose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause_on: Option<At<String>>,
    /// Day on which the service stops: the purpose of customer records ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_stop: Option<At<String>>,
    /// Last day on which anybody can act for the company: the day before the application to deregister.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_day: Option<At<String>>,
    /// Day on which the licence was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_on: Option<At<String>>,
}

/// Who takes part.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parties {
    /// Who runs Custody and signs entries.
    pub operator: Party,
    /// Who approves what cannot be undone: at least two different people, at most one of them the operator.
    pub approvers: At<Vec<Party>>,
    /// Counsel, whose opinions settle conflicts of law.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counsel: Option<Party>,
    /// Who keeps what must stay after the company is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keeper: Option<Party>,
    /// Who will verify the dossier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verifier: Option<Party>,
    /// Who receives customer information.
    #[serde(default)]
    pub recipients: Vec<Party>,
}

/// A person or organisation in the case.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// Name.
    pub name: At<String>,
    /// Public key file (`*.pub`) made by `custody keygen`, relative to the case file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<At<String>>,
    /// How to reach them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// In which capacity an approver acts: `owner`, `officer`, `liquidator`, `agency`, `counsel`.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub capacity: Option<At<String>>,
}

/// A place where data lies.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceFile {
    /// Short name, used in `datasets`.
    pub id: At<String>,
    /// `sqlite`, `delimited` (a folder of CSV/TSV), `sheets` (a folder of XLSX/XLS), `files` (a folder of anything), `postgresql`, `mariadb` (MySQL too); by hand only:
    /// `paper`, `device`, `platform`.
    pub kind: At<String>,
    /// `direct`, `script`, `pack` or `by_hand`.
    #[serde(default = "direct")]
    pub reach: At<String>,
    /// Database file or folder, relative to the case file; for a server its address without a password
    /// (`postgres://custody@127.0.0.1:5432/shop`); for an export that comes back, its folder `data`; by hand, where it stands.
    pub path: At<String>,
    /// Who answers for it: its standing tasks are theirs; the operator, if nobody is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responsible: Option<String>,
    /// Reference to a secret: `env:NAME` or `file:PATH`; never the secret itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<At<String>>,
    /// How a database server is treated, and where its files can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<At<ServerFile>>,
    /// Whether it is written to while the case runs.
    #[serde(default)]
    pub live: bool,
    /// Day from which nobody writes to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freeze: Option<At<String>>,
}

/// How a database server is treated, and where its files can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServerFile {
    /// The server's data directory, where this machine can read it. Without it nothing above L2 can be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<String>,
    /// Certificates (PEM) that vouch for the server beside the public ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// Longest transaction that reads, in minutes (60).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_snapshot_minutes: Option<u64>,
    /// Longest wait for a lock, in seconds (5).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock_seconds: Option<u64>,
    /// Longest statement that changes rows, in seconds (60).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement_seconds: Option<u64>,
    /// Longest wait for others who are looking before a purge, in seconds (10).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lookers_seconds: Option<u64>,
    /// Rows that one transaction erases (1,000).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_rows: Option<u64>,
    /// Hours in which it may be erased in and purged, in the case's time zone: `22:00-06:00`. At any time, if not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<String>,
    /// Rest between two batches, in milliseconds (0).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause_ms: Option<u64>,
}

/// Minutes of the day of `22:00-06:00`, from and to.
pub fn hours(window: &str) -> Option<(u32, u32)> {
    let clock = |text: &str| -> Option<u32> {
        let (h, m) = text.trim().split_once(':')?;
        let (h, m): (u32, u32) = (h.parse().ok()?, m.parse().ok()?);
        (h < 24 && m < 60).then_some(h * 60 + m)
    };
    let (from, to) = window.split_once('-')?;
    Some((clock(from)?, clock(to)?)).filter(|(from, to)| from != to)
}

fn direct() -> At<String> {
    At { value: "direct".to_owned(), line: 0 }
}

/// What is known of one table, sheet or file.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatasetFile {
    /// `source/table`, `source/file.csv`, `source/file.xlsx#Sheet`; `*` stands for any run of characters.
    pub at: At<String>,
    /// Name on screens and in the plan; default: the table's name, or its place id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<At<String>>,
    /// Record class, e.g. `customer_register`, `voucher`; `none` = no personal information.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<At<String>>,
    /// Why it holds no personal information (with `class: none`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Column by which somebody else finds a row, where the table declares no key (exports, scripts).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<At<String>>,
    /// What the records are for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Day on which that purpose ends; default for customer records: `dates.service_stop`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_on: Option<At<String>>,
    /// `none`, `art22` (moves because of merger, division, dissolution, bankruptcy) or `art23` (provided by contract).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<At<String>>,
    /// Field groups: group → columns; what is not named here is proposed by the scan.
    #[serde(default)]
    pub groups: At<BTreeMap<String, Vec<String>>>,
    /// Columns that are not personal (keys, catalogue data): name → why.
    #[serde(default)]
    pub not_personal: BTreeMap<String, String>,
    /// Whose rows these are, when the rows do not say so themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// Columns that refer to another data set's key where the store does not say so (the scan supposes some).
    #[serde(default)]
    pub references: Vec<Owner>,
    /// Columns that the scan supposes to refer to something, and that do not.
    #[serde(default)]
    pub no_references: Vec<String>,
    /// What is left in a column that is erased: `suppress` (null, or what says nothing where null is refused; that is so anyway), `=TEXT`, or something
    /// coarser, by which its group is anonymised instead of destroyed: `year`, `month`, `decade` of a date, `to N` of a number, `first N` characters.
    #[serde(default)]
    pub leave: At<BTreeMap<String, String>>,
    /// Columns that tell facts of persons and records: `region`, `birth_date`, `marketing`, `withdrawn_on`, `consent_23`, `guardian_consent`, `voucher_date`,
    /// `completed_on`, `relation_end`; `region: "=cn"` says one value of everybody in it.
    #[serde(default)]
    pub tells: At<BTreeMap<String, String>>,
}

/// A column and the key that it refers to; of an owner: the column that names the person, and where that person is registered.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// Column of this data set.
    pub column: String,
    /// `source/table` of the other data set.
    pub of: At<String>,
    /// Its key column.
    pub key: String,
}

/// Records that must not be touched.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldFile {
    /// Short id, letters and digits.
    pub id: At<String>,
    /// `source/table` patterns; `*` = everything.
    pub datasets: Vec<String>,
    /// Last day, if one is known; the hold stays until it is taken out of this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<At<String>>,
    /// The matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matter: Option<String>,
}

/// Tolerances in percent.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tolerance {
    /// For sources that are frozen.
    #[serde(default)]
    pub frozen_percent: At<f64>,
    /// For sources that are written to.
    #[serde(default = "one")]
    pub live_percent: At<f64>,
}

fn one() -> At<f64> {
    At { value: 1.0, line: 0 }
}

impl Default for Tolerance {
    fn default() -> Tolerance {
        Tolerance { frozen_percent: At::default(), live_percent: one() }
    }
}

impl Tolerance {
    /// Parts per million for a frozen or a live source.
    pub fn ppm(&self, live: bool) -> u64 {
        let percent = if live { self.live_percent.value } else { self.frozen_percent.value };
        (percent.clamp(0.0, 100.0) * 10_000.0).round() as u64
    }
}

/// Approvals that an irreversible act needs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalFilePolicy {
    /// How many, of different people: two or more.
    #[serde(default = "two")]
    pub need: At<u64>,
    /// Kinds that suffice: `key`, `paper`. Whatever is said here, what cannot be undone needs at least one `key`.
    #[serde(default = "key")]
    pub kinds: At<Vec<String>>,
    /// Kinds for single acts (`destroy`, `hand_over`, `shred`), where they differ.
    #[serde(default)]
    pub acts: BTreeMap<String, At<Vec<String>>>,
}

fn two() -> At<u64> {
    At { value: 2, line: 0 }
}
fn key() -> At<Vec<String>> {
    At { value: vec!["key".to_owned()], line: 0 }
}

impl Default for ApprovalFilePolicy {
    fn default() -> ApprovalFilePolicy {
        ApprovalFilePolicy { need: two(), kinds: key(), acts: BTreeMap::new() }
    }
}

/// Cost assumptions.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    /// An hour of somebody's work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labour_hour: Option<At<f64>>,
    /// Keeping a gigabyte for a year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_gb_year: Option<At<f64>>,
    /// A keeper's fee for a year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keeper_year: Option<At<f64>>,
}

/// Where keys and archives lie.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VaultFile {
    /// File that holds the epoch key: on another medium than the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<At<String>>,
    /// Who holds the three shares of the root key, by name.
    #[serde(default)]
    pub share_holders: Vec<String>,
    /// Folder for archives; default: inside the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archives: Option<At<String>>,
}
