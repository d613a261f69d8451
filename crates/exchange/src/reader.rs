//! Opening a package: decrypted, its container checked byte for byte, every file counted and compared with the manifest.

use std::io::{self, Read, Seek, SeekFrom};

use ledger::b64;
use ledger::zip::{Member, ZipError, scan};
use terms::Both;
use terms::json::{Strictness, read};

use crate::csv::read_rows;
use crate::manifest::{DatasetPart, KIND, Manifest, file_digest, root_of};

/// Largest file that is read into memory whole: parts are far smaller.
const FILE_MAX: u64 = 1 << 28;

/// A file of the package as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Its name.
    pub name: String,
    /// Whether it has the digest and length that the manifest names.
    pub ok: bool,
    /// Rows counted in it; none for Parquet, which is compared by its digest alone.
    pub counted: Option<u64>,
}

/// An open package.
pub struct Opened<R> {
    from: R,
    members: Vec<Member>,
    /// What it says of itself.
    pub manifest: Manifest,
    /// Every file as it was found.
    pub files: Vec<Checked>,
    /// What is wrong, in words.
    pub problems: Vec<Both>,
}

fn both(zh: impl Into<String>, en: impl Into<String>) -> Both {
    Both { zh: zh.into(), en: en.into() }
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// Opens a decrypted package and checks all of it.
///
/// # Errors
/// If it cannot be read, is no canonical container, or has no manifest.
pub fn open<R: Read + Seek>(mut from: R) -> io::Result<Opened<R>> {
    let members = scan(&mut from).map_err(|e| match e {
        ZipError::Io(e) => e,
        ZipError::Form(what, at) => broken(&format!("{what} at byte {at}")),
    })?;
    let bytes = member(&mut from, &members, "manifest.json")?.ok_or_else(|| broken("there is no manifest"))?;
    let manifest: Manifest = read(&bytes, Strictness::Document).map_err(|_| broken("the manifest is not canonical"))?;
    if manifest.kind != KIND || manifest.v != 1 {
        return Err(broken("the manifest is of another kind"));
    }
    let mut out = Opened { from, members, manifest, files: Vec::new(), problems: Vec::new() };
    out.check()?;
    Ok(out)
}

fn member<R: Read + Seek>(from: &mut R, members: &[Member], name: &str) -> io::Result<Option<Vec<u8>>> {
    let Some(member) = members.iter().find(|m| m.name == name && m.len <= FILE_MAX) else { return Ok(None) };
    from.seek(SeekFrom::Start(member.at))?;
    let mut out = Vec::new();
    from.take(member.len).read_to_end(&mut out)?;
    Ok(Some(out))
}

impl<R: Read + Seek> Opened<R> {
    /// The bytes of a file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn file(&mut self, name: &str) -> io::Result<Option<Vec<u8>>> {
        member(&mut self.from, &self.members, name)
    }

    /// Names of everything in it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|m| m.name.as_str())
    }

    fn check(&mut self) -> io::Result<()> {
        let manifest = self.manifest.clone();
        let Some(salt) = b64::array_from_url::<32>(&manifest.salt) else { return Err(broken("the manifest has no salt")) };
        for part in manifest.files() {
            let Some(bytes) = self.file(&part.name)? else {
                self.problems.push(both(format!("缺少文件 {}", part.name), format!("the file {} is missing", part.name)));
                self.files.push(Checked { name: part.name.clone(), ok: false, counted: None });
                continue;
            };
            let ok = bytes.len() as u64 == part.bytes && file_digest(&salt, &bytes) == part.digest;
            let counted = part.name.ends_with(".csv").then(|| (read_rows(&bytes, 0, 0).0 as u64).saturating_sub(1));
            if !ok {
                self.problems
                    .push(both(format!("文件 {} 与清单不符", part.name), format!("the file {} is not what the manifest says", part.name)));
            }
            if let Some(n) = counted.filter(|n| *n != part.rows) {
                let (zh, en) = (
                    format!("{}：清单写 {} 行，实有 {n} 行", part.name, part.rows),
                    format!("{}: {} rows stated, {n} counted", part.name, part.rows),
                );
                self.problems.push(both(zh, en));
            }
            self.files.push(Checked { name: part.name.clone(), ok, counted });
        }
        if root_of(manifest.files()) != manifest.root {
            self.problems.push(both("清单的根不对", "the root of the manifest is wrong"));
        }
        let named: Vec<&str> = manifest.files().map(|f| f.name.as_str()).collect();
        let extra: Vec<String> = self.names().filter(|n| *n != "manifest.json" && !named.contains(n)).map(str::to_owned).collect();
        for name in extra {
            self.problems.push(both(format!("清单未列出的文件 {name}"), format!("the file {name} is not in the manifest")));
        }
        for d in &manifest.datasets {
            let counted = self.counted(d);
            if counted != d.rows {
                let (zh, en) = (
                    format!("{}：清单写 {} 行，实有 {counted} 行", d.name, d.rows),
                    format!("{}: {} rows stated, {counted} counted", d.name, d.rows),
                );
                self.problems.push(both(zh, en));
            }
        }
        Ok(())
    }

    /// Rows of a part as they were counted in its CSV files.
    pub fn counted(&self, part: &DatasetPart) -> u64 {
        let files = part.files.iter();
        let of = |name: &str| self.files.iter().find(|f| f.name == name).and_then(|f| f.counted).unwrap_or_default();
        files.filter(|f| f.name.ends_with(".csv")).map(|f| of(&f.name)).sum()
    }

    /// Rows of all data sets as they were counted.
    pub fn counted_all(&self) -> u64 {
        self.manifest.datasets.iter().map(|d| self.counted(d)).sum()
    }
}
