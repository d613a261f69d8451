//! What a source says of its data sets, and what reading, purging and searching gave.

use rows::{Encoding, Tag};
use terms::{Level, Lock, Place, PurgeStep};

/// Store and version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// `sqlite`, `delimited`, `sheets`.
    pub name: &'static str,
    /// Version.
    pub version: String,
    /// The highest level that the residue table gives this store and version.
    pub cap: Level,
}

/// A table, file or sheet.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Its place id.
    pub place: Place,
    /// Its real name (`Customer`, `members.csv`, `members.xlsx#Sheet1`): never written outside the vault.
    pub name: String,
    /// Whether the name may be shown: a table's name, not a file's.
    pub is_table: bool,
    /// Columns.
    pub columns: Vec<Column>,
    /// Foreign keys: column ordinal → (place, column ordinal).
    pub points_to: Vec<(u32, Place, u32)>,
    /// Encoding of its texts.
    pub encoding: Encoding,
    /// Whether the sheet is hidden.
    pub hidden: bool,
    /// Whether a table refers to it that is not listed: rows that go would take others with them.
    pub referred: bool,
    /// Whether the store computes it from other data sets: a copy that follows them, and is erased by computing it anew.
    pub derived: bool,
    /// What cleaning up after an erasure in it costs others.
    pub purge: Vec<PurgeStep>,
    /// Why its rows are not erased by Custody, but by hand; none if they are.
    pub by_hand: Option<&'static str>,
    /// Whether a row may name several persons and be about none of them: a document.
    pub mentions: bool,
    /// Whether a row's locator stays the row's for good: a declared key. Row ids without one are dealt anew when a file is rewritten.
    pub keyed: bool,
    /// A place whose rows could be read when they were sealed and cannot be now: they are not gone.
    pub lost: Option<Place>,
    /// How its rows are read, where that may change with Custody: rows sealed as another number reads them are sealed anew.
    pub reading: u32,
}

impl Dataset {
    /// Rows of a file that is written anew when some of them go: `bytes` long, `rate` bytes in a second.
    pub(crate) fn in_file(place: Place, name: String, columns: Vec<Column>, bytes: u64, rate: u64) -> Dataset {
        Dataset {
            place,
            name,
            is_table: false,
            columns,
            points_to: Vec::new(),
            encoding: Encoding::Utf8,
            hidden: false,
            referred: false,
            derived: false,
            purge: vec![PurgeStep::rewriting("rewrite_file", Lock::Alone, bytes, rate)],
            by_hand: None,
            mentions: false,
            keyed: false,
            lost: None,
            reading: 0,
        }
    }

    /// Columns that the store computes: they follow others and tell nothing of their own.
    pub fn computed(&self) -> Vec<bool> {
        self.columns.iter().map(|c| c.generated).collect()
    }
}

/// A column as the store declares it.
#[derive(Clone, Debug, Default)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Declared type, as written.
    pub declared: String,
    /// Part of the primary key.
    pub key: bool,
    /// No nulls.
    pub not_null: bool,
    /// No equal values.
    pub unique: bool,
    /// Computed by the store.
    pub generated: bool,
}

/// What a source holds.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// What can be read.
    pub datasets: Vec<Dataset>,
    /// What cannot.
    pub missed: Vec<Missed>,
    /// Every file of a folder, read or not; empty for a database.
    pub files: Vec<FileFound>,
}

/// A file of a folder.
#[derive(Clone, Debug)]
pub struct FileFound {
    /// Its place id.
    pub place: Place,
    /// Its bytes; of a link or a pipe none.
    pub bytes: u64,
    /// The data set that it is read in, if that is not below its own place.
    pub read_in: Option<Place>,
}

/// What cannot be read, and why.
#[derive(Clone, Debug)]
pub struct Missed {
    /// Place id.
    pub place: Place,
    /// Reason: a fault's code.
    pub reason: String,
    /// Bytes, where known.
    pub bytes: u64,
}

/// What reading a data set gave besides its rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadSummary {
    /// Rows.
    pub rows: u64,
    /// Rows with too few or too many fields.
    pub ragged: u64,
}

/// What becomes of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// It stays as it is.
    Keep,
    /// The whole row goes.
    Delete,
    /// These columns are written over, each with what is left in it.
    Overwrite(std::sync::Arc<[u32]>, Vec<Left>),
}

/// What is left in a field: its tag and its bytes, as a batch has them.
pub type Left = (Tag, Vec<u8>);

/// What erasing some rows did before all of it was taken back.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Rehearsal {
    /// Rows that were tried.
    pub tried: u64,
    /// Rows that the statements met.
    pub met: u64,
    /// References to rows or values that are not there any more.
    pub orphans: u64,
    /// Rows of other tables that references took with them: deleted, emptied, or changed to what is left here.
    pub cascades: u64,
    /// Triggers that erasing would set off. They are never tried: what they write leaves traces in its table even when it is taken back.
    pub triggers: u64,
    /// Whether they are switched off while it is erased.
    pub triggers_off: bool,
}

/// What a purge was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Steps taken with the store's own answers, in words without names.
    pub steps: Vec<String>,
}

/// A setting of a store, and its value; none if it is the store's own default.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its value, as the store writes it.
    pub value: Option<String>,
}

/// What a search read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Searched {
    /// Bytes read.
    pub bytes: u64,
    /// Bytes that could not be read.
    pub unread: u64,
    /// The structures that were told apart, in the order of the needles' marks.
    pub structures: Vec<Structure>,
}

/// A part of a store that may hold values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Structure {
    /// A name without names: `src1/t1`, `src1/t1#1` (its first index), `statistics`, `redo_log`.
    pub name: String,
    /// What it holds of the data set that was asked about.
    pub holds: Holds,
}

/// What a structure holds of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Its rows, whole.
    Records,
    /// Every value of these columns, outside of rows.
    Values(Vec<u32>),
    /// The same as expressions make it: its entries may look like those of another value.
    Computed(Vec<u32>),
    /// These columns, in a form that no byte search sees.
    Blind(Vec<u32>),
    /// Some values: whether it can be seen is shown by probes.
    Some,
    /// What its own data sets left: nobody else's rows lie there.
    Freed,
    /// Nothing that is known of.
    Nothing,
}

/// A value that is known to stand in a structure that holds only some: a statistic, or one written there for the purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The structure's name.
    pub structure: String,
    /// The column that it is of; none if it stands for all.
    pub column: Option<u32>,
    /// The value's bytes.
    pub bytes: Vec<u8>,
}

impl Probe {
    /// Samples of a table's statistics; where there are some, and none is long enough to be looked for, one that is never found: what nobody can
    /// look for there is not seen.
    pub(crate) fn of_statistics(samples: impl IntoIterator<Item = (Option<u32>, Vec<u8>)>) -> Vec<Probe> {
        let probe = |(column, bytes)| Probe { structure: "statistics".to_owned(), column, bytes };
        let all: Vec<Probe> = samples.into_iter().map(probe).collect();
        let any = !all.is_empty();
        let long: Vec<Probe> = all.into_iter().filter(|p| remains::is_needle(&p.bytes)).collect();
        if any && long.is_empty() { vec![probe((None, Vec::new()))] } else { long }
    }
}
