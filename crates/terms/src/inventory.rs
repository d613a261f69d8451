//! The inventory document: every table, sheet, file and column as seen or not, with counts and no name or value of the source.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Digest, Level, Place, Reach, StoreKind, Tier};

/// What a scan saw of all sources: the coverage list with findings; a document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// The sources in the order of `case.yaml`.
    pub sources: Vec<SourceSeen>,
    /// Data sets that were read to their end.
    pub datasets: Vec<DatasetSeen>,
    /// What was not read, with the reason.
    pub unread: Vec<Unread>,
}

/// A source as the scan met it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceSeen {
    /// Its place id, `src1`.
    pub source: Place,
    /// Kind of store.
    pub kind: StoreKind,
    /// How Custody gets at it.
    pub reach: Reach,
    /// Store and version as the residue table names them.
    pub store: String,
    /// The highest level that reach, store and version allow.
    pub cap: Level,
    /// Whether it is written to while the case runs.
    pub live: bool,
    /// The files of a folder, read or not; none for a database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<FilesSeen>,
}

/// The files of a folder by what became of them: together they are all that it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilesSeen {
    /// Read to their end, with everything in them.
    pub read: FileCount,
    /// Read but for some part: a sheet, a member, an attachment.
    pub partly: FileCount,
    /// Not read.
    pub unread: FileCount,
}

/// Files and their bytes on disk; links and pipes have none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileCount {
    /// Files.
    pub files: u64,
    /// Bytes.
    pub bytes: u64,
}

/// A table, sheet or file that was read whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetSeen {
    /// Its place id.
    pub dataset: Place,
    /// The table's own name, where no person is found in it; never a file or sheet name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Rows read.
    pub rows: u64,
    /// Bytes of the values read.
    pub bytes: u64,
    /// Keyed digest over all row bytes in reading order (key in the vault).
    pub digest: Digest,
    /// Digest of the schema document: a changed schema ends the approvals.
    pub schema: Digest,
    /// Columns by ordinal.
    pub columns: Vec<ColumnSeen>,
    /// Rows that were malformed (too few or too many fields), read as they are.
    #[serde(default)]
    pub ragged: u64,
    /// Whether the sheet is hidden.
    #[serde(default)]
    pub hidden: bool,
    /// Whether the store computes it from other data sets: it is looked at, not sealed, and follows what becomes of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub derived: bool,
    /// Whether a table refers to it that the source does not list: its rows stay when their fields go.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub referred: bool,
    /// What cleaning up after an erasure in it costs others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purge: Vec<crate::PurgeStep>,
    /// Why its rows are not erased by Custody, but by hand; none if they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<String>,
    /// Record class proposed by the scan or confirmed in `case.yaml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Foreign keys, declared or confirmed in `case.yaml`: column ordinal → data set and its column ordinal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub points_to: Vec<(u32, Place, u32)>,
    /// Where something of its rows is left: columns elsewhere that hold values of its key alone. They may be too few to be supposed a reference,
    /// and still tell persons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub led_by: Vec<Lead>,
    /// References that nobody declared and nobody has denied: names and values speak for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub supposed: Vec<Supposed>,
}

impl DatasetSeen {
    /// What stands for it on screens: its name, or its place where that may be a person's.
    pub fn shown(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.dataset.to_string())
    }

    /// What stands for one of its columns on screens.
    pub fn column_shown(&self, ordinal: u32) -> String {
        self.columns.iter().find(|c| c.ordinal == ordinal).map_or_else(|| format!("#{ordinal}"), ColumnSeen::shown)
    }
}

impl ColumnSeen {
    /// What stands for it on screens: its name, or its ordinal where that may be a person's.
    pub fn shown(&self) -> String {
        self.name.clone().unwrap_or_else(|| format!("#{}", self.ordinal))
    }
}

/// A column by whose values persons of another data set can be told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lead {
    /// Its data set.
    pub dataset: Place,
    /// Its ordinal there.
    pub column: u32,
}

/// A column that seems to refer to a key of another data set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supposed {
    /// Ordinal of the column.
    pub column: u32,
    /// The data set with the key.
    pub to: Place,
    /// Ordinal of the key there.
    pub to_column: u32,
    /// Distinct values that were compared.
    pub values: u64,
    /// How many of them are values of the key.
    pub met: u64,
}

/// A column as seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnSeen {
    /// Ordinal, from 0.
    pub ordinal: u32,
    /// The column's own name, where no person is found in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Values that are neither null nor empty.
    pub filled: u64,
    /// What was found, by category.
    pub findings: Vec<Finding>,
    /// Categories that stand, strongest first.
    pub categories: Vec<String>,
    /// The tier.
    pub tier: Tier,
    /// The field group proposed or confirmed; none: not personal by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Whether nobody decides about it, though its data set is about persons: it is in no group, no key, no reference, and not named as not
    /// personal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undecided: bool,
    /// Whether it is part of the key.
    #[serde(default)]
    pub key: bool,
    /// Whether the store refuses a null there.
    #[serde(default)]
    pub not_null: bool,
    /// Whether the store refuses equal values there.
    #[serde(default)]
    pub unique: bool,
    /// Values by storage class: `integer`, `real`, `text`, `blob`, `other`.
    #[serde(default)]
    pub stored: BTreeMap<String, u64>,
}

/// How often one category was found in a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The category.
    pub category: String,
    /// Values in which it was found and checked; 0 when only the column's name speaks for it.
    pub values: u64,
    /// `value` or `name`: what speaks for it.
    pub by: String,
}

/// What was not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unread {
    /// Its place id.
    pub place: Place,
    /// A stable reason code (a fault's code).
    pub reason: String,
    /// Bytes that were not read, where known.
    #[serde(default)]
    pub bytes: u64,
}
