//! What a package says of itself: who may do what with it, and counts and digests of every file and field group.

use serde::{Deserialize, Serialize};
use terms::{Both, Day, Digest, Id, Place};

/// `manifest.json` of a package. It lies inside the encryption: names of columns are in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The agreement.
    pub agreement: Agreed,
    /// Legal bases, with the persons that rest on each.
    pub bases: Vec<Basis>,
    /// The case.
    pub case: String,
    /// The company.
    pub company: String,
    /// Data sets.
    pub datasets: Vec<DatasetPart>,
    /// The file of legal bases by person.
    pub bases_file: FilePart,
    /// The day.
    pub made_on: Day,
    /// The ledger's name.
    pub origin: String,
    /// The package.
    pub package: Id,
    /// The recipient's key.
    pub recipient: String,
    /// Root over the digests of all files, in order.
    pub root: Digest,
    /// Rows of all data sets.
    pub rows: u64,
    /// base64url of the key of all digests: a digest outside the package tells nothing.
    pub salt: String,
    /// `custody.package`
    #[serde(rename = "type")]
    pub kind: String,
    /// 1
    pub v: u64,
}

/// The `type` of a manifest.
pub(crate) const KIND: &str = "custody.package";

/// The terms that the recipient agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreed {
    /// What becomes of the copy at the end, in words.
    pub end: String,
    /// First day.
    pub from: Day,
    /// Its id.
    pub id: Id,
    /// Whether it may be passed on, in words.
    pub onward: String,
    /// Purposes.
    pub purposes: Vec<String>,
    /// Last day.
    pub to: Day,
}

/// A legal basis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// Instrument and article.
    pub article: Both,
    /// Persons that rest on it.
    pub persons: u64,
    /// The rule.
    pub rule: String,
}

/// A data set in the package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetPart {
    /// Names of its columns; the first is the person's code.
    pub columns: Vec<String>,
    /// Its place.
    pub dataset: Place,
    /// Its files.
    pub files: Vec<FilePart>,
    /// Field groups.
    pub groups: Vec<GroupPart>,
    /// The holding.
    pub name: String,
    /// Persons.
    pub persons: u64,
    /// Rows.
    pub rows: u64,
}

/// A field group of a data set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupPart {
    /// Root over keyed digests of its fields, row by row.
    pub digest: Digest,
    /// Fields that are not empty.
    pub filled: u64,
    /// The group.
    pub group: String,
}

/// A file of the package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilePart {
    /// Bytes.
    pub bytes: u64,
    /// Keyed digest.
    pub digest: Digest,
    /// Name in the package.
    pub name: String,
    /// Rows.
    pub rows: u64,
}

impl Manifest {
    /// Every file that it names, in order.
    pub fn files(&self) -> impl Iterator<Item = &FilePart> {
        self.datasets.iter().flat_map(|d| &d.files).chain([&self.bases_file])
    }
}

/// The keyed digest of a file.
pub(crate) fn file_digest(salt: &[u8; 32], bytes: &[u8]) -> Digest {
    Digest(ledger::keyed(salt, "package-file", &[bytes]))
}

/// The root over files.
pub(crate) fn root_of<'a>(files: impl Iterator<Item = &'a FilePart>) -> Digest {
    Digest(ledger::root(files.map(|f| ledger::leaf_hash(&f.digest.0))))
}
