//! The dossier's file: canonical zip, members in their order, the manifest.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};

use case::dossier::{Manifest, in_manifest, known, rank};
use ledger::sha256;
use ledger::zip::{Member, ZipError, scan};
use terms::Digest;
use terms::json::{Strictness, read};

use crate::verdict::{Claim, State};

/// Largest member that is read into memory whole.
const MEMBER_MAX: u64 = 1 << 30;

/// Where a dossier's bytes come from: a file, or memory.
pub(crate) trait Bytes: Read + Seek {}

impl<T: Read + Seek> Bytes for T {}

/// An open dossier.
pub(crate) struct Dossier<'a> {
    file: Box<dyn Bytes + 'a>,
    members: BTreeMap<String, Member>,
    /// Digest of the manifest's bytes.
    pub manifest_digest: Digest,
    /// Its manifest.
    pub manifest: Manifest,
}

impl<'a> Dossier<'a> {
    /// Opens a dossier; what is wrong with its form is a broken claim.
    pub(crate) fn open(from: impl Bytes + 'a) -> io::Result<Result<Dossier<'a>, Claim>> {
        let mut file: Box<dyn Bytes + 'a> = Box::new(from);
        let list = match scan(&mut file) {
            Ok(list) => list,
            Err(ZipError::Io(e)) => return Err(e),
            Err(ZipError::Form(what, at)) => {
                let claim = Claim { bytes: Some(at), ..Claim::broken("complete", "zip", None, format!("not a canonical archive: {what}")) };
                return Ok(Err(claim));
            }
        };
        let broken = |what: String| Ok(Err(Claim::broken("complete", "zip", None, what)));
        for pair in list.windows(2) {
            if let [a, b] = pair
                && rank(&a.name) >= rank(&b.name)
            {
                return broken(format!("`{}` stands before `{}`", a.name, b.name));
            }
        }
        if let Some(m) = list.iter().find(|m| !known(&m.name)) {
            return broken(format!("`{}` does not belong in a dossier", m.name));
        }
        let members: BTreeMap<String, Member> = list.into_iter().map(|m| (m.name.clone(), m)).collect();
        let mut bytes = Vec::new();
        let Some(member) = members.get("manifest.json") else { return broken("the manifest is missing".to_owned()) };
        read_member(&mut *file, member, &mut bytes)?;
        let Ok(manifest) = read::<Manifest>(&bytes, Strictness::Document) else {
            return broken("the manifest is not canonical".to_owned());
        };
        Ok(Ok(Dossier { file, members, manifest_digest: Digest(sha256(&[&bytes])), manifest }))
    }

    /// The bytes of a member.
    pub(crate) fn bytes(&mut self, name: &str) -> Option<Vec<u8>> {
        let member = self.members.get(name).filter(|m| m.len <= MEMBER_MAX)?;
        let mut out = Vec::new();
        read_member(&mut *self.file, member, &mut out).ok()?;
        Some(out)
    }

    /// The text of a member.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        String::from_utf8(self.bytes(name)?).ok()
    }

    /// A document, if it is there and is what its name says.
    pub(crate) fn document(&mut self, digest: &Digest) -> Option<Vec<u8>> {
        self.bytes(&format!("documents/{digest}"))
    }

    /// The claim `complete`: the manifest names exactly what is there.
    pub(crate) fn check_manifest(&mut self) -> Claim {
        let manifest = self.manifest.clone();
        let broken = |what: String| Claim::broken("complete", "manifest", None, what);
        if manifest.kind != "custody.manifest" || manifest.v != 1 {
            return broken("the manifest is of another kind".to_owned());
        }
        // This version cites no other chain and anchors no head: what stands there would be looked at by nobody.
        let cited = self.bytes("ledger/cited.jsonl").unwrap_or_default();
        if !cited.is_empty() || self.members.keys().any(|n| n.starts_with("history/")) {
            return broken("cited lines or anchored heads that no entry names".to_owned());
        }
        let there: Vec<&String> = self.members.keys().filter(|n| in_manifest(n)).collect();
        if there.len() != manifest.members.len() {
            return broken(format!("{} members named, {} there", manifest.members.len(), there.len()));
        }
        let mut last: Option<&str> = None;
        for m in &manifest.members {
            if last.is_some_and(|l| rank(l) >= rank(&m.path)) {
                return broken(format!("`{}` is out of its order", m.path));
            }
            last = Some(&m.path);
            let Some(bytes) = self.bytes(&m.path) else { return broken(format!("`{}` is missing", m.path)) };
            if bytes.len() as u64 != m.bytes || sha256(&[&bytes]) != m.sha256.0 {
                return broken(format!("`{}` is not what the manifest says", m.path));
            }
            if let Some(name) = m.path.strip_prefix("documents/")
                && name != m.sha256.to_string()
            {
                return Claim::broken("documents", "W1", None, format!("document {name} has another digest"));
            }
        }
        {
            let n = manifest.members.len();
            Claim::new("complete", State::Proved, format!("{n} 个成员，与清单文件一致"), format!("{n} members, as the manifest names them"))
        }
    }
}

fn read_member(file: &mut dyn Bytes, member: &Member, out: &mut Vec<u8>) -> io::Result<()> {
    file.seek(SeekFrom::Start(member.at))?;
    file.take(member.len).read_to_end(out)?;
    Ok(())
}
