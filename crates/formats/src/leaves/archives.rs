//! What lies in archives and streams: every member, and every byte that belongs to none.

use std::io::{BufRead as _, BufReader, Read, Seek, SeekFrom};

use flate2::bufread::GzDecoder;
use flate2::read::{DeflateDecoder, MultiGzDecoder};
use zip::CompressionMethod;

use super::{Limits, ReadSeek, Walk};
use crate::kind::{HEAD, Kind, kind, of_members};
use crate::reason::Reason;
use crate::{encoding, office, tarred, zipped};

impl Walk<'_> {
    pub(super) fn gzip(&mut self, path: &[String], name: &str, input: &mut dyn ReadSeek, size: u64, depth: usize) -> Result<(), Reason> {
        let inner = inner_name(name);
        match unpacked(MultiGzDecoder::new(&mut *input), size, self.limits) {
            Err(reason) => self.say(path, Kind::Gzip, size, Err(reason)),
            Ok((bytes, whole)) => {
                if let Err(reason) = self.room(bytes.len() as u64) {
                    return self.say(path, Kind::Gzip, size, Err(reason));
                }
                let beside = input.rewind().map_err(Reason::from);
                let beside = beside.and_then(|()| beside_stream(input, &inner, self.limits.member_bytes));
                let (said, behind) = match beside {
                    Ok(beside) => beside,
                    Err(reason) => return self.say(path, Kind::Gzip, size, Err(reason)),
                };
                if !said.is_empty() {
                    // A row of its own: where it goes, what lies in the stream stays.
                    let own: Vec<String> = path.iter().cloned().chain([COMMENT.to_owned()]).collect();
                    self.say(&own, Kind::Text, said.len() as u64, Ok(said))?;
                }
                if !whole {
                    self.say(path, Kind::Gzip, behind.len() as u64, Err(Reason::TrailingBytes))?;
                    self.extra(path, behind, depth)?;
                }
                self.member(path, &inner, bytes, depth)
            }
        }
    }

    /// What belongs to no member is said to be there, and looked into all the same where it is an archive or a text.
    pub(super) fn extra(&mut self, path: &[String], bytes: Vec<u8>, depth: usize) -> Result<(), Reason> {
        let from = bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len());
        let bytes = bytes.get(from..).unwrap_or_default().to_vec();
        if bytes.is_empty() || kind("", bytes.get(..HEAD).unwrap_or(&bytes)) == Kind::Unknown {
            return Ok(());
        }
        match self.room(bytes.len() as u64) {
            Ok(()) => self.member(path, BESIDE, bytes, depth),
            Err(reason) => self.missed(path, BESIDE, bytes.len() as u64, reason),
        }
    }

    /// Bytes of a file that were said to be there, as many as a member may have; what cannot be read is not looked into.
    pub(super) fn part(&self, input: &mut dyn ReadSeek, range: std::ops::Range<u64>) -> Vec<u8> {
        let mut out = Vec::new();
        if input.seek(SeekFrom::Start(range.start)).is_ok() {
            // Whatever came before a fault is looked into.
            let _ = input.take((range.end - range.start).min(self.limits.member_bytes)).read_to_end(&mut out);
        }
        out
    }

    pub(super) fn tar(&mut self, path: &[String], input: &mut dyn ReadSeek, size: u64, depth: usize) -> Result<(), Reason> {
        if let Ok(layout) = tarred::layout(&mut *input)
            && layout.trailing > 0
        {
            self.say(path, Kind::Tar, layout.trailing, Err(Reason::TrailingBytes))?;
            let behind = self.part(input, layout.end..size);
            self.extra(path, behind, depth)?;
        }
        if input.rewind().is_err() {
            return self.say(path, Kind::Tar, size, Err(Reason::Unreadable));
        }
        let mut archive = tar::Archive::new(input);
        let entries = match archive.entries() {
            Ok(entries) => entries,
            Err(_) => return self.say(path, Kind::Tar, size, Err(Reason::Damaged)),
        };
        for entry in entries {
            let Ok(mut entry) = entry else {
                return self.say(path, Kind::Tar, 0, Err(Reason::Damaged));
            };
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let raw = entry.path_bytes().into_owned();
            self.other_name(path, &name, &raw)?;
            let told = entry.size();
            let kind = entry.header().entry_type();
            let refused = match () {
                () if kind.is_dir() => {
                    self.folder(path, &name)?;
                    continue;
                }
                () if kind.is_symlink() || kind.is_hard_link() => Some(Reason::Link),
                () if !kind.is_file() && kind != tar::EntryType::Continuous && !kind.is_pax_global_extensions() => {
                    Some(Reason::SpecialMember)
                }
                () if leaves_folder(&name) => Some(Reason::PathTraversal),
                () if name.matches('/').count() > NAME_DEPTH_MAX => Some(Reason::TooDeep),
                () if told > size => Some(Reason::SizeForged),
                () if told > self.limits.member_bytes => Some(Reason::TooLarge),
                () => self.room(told).err(),
            };
            if let Some(reason) = refused {
                self.missed(path, &name, told, reason)?;
                if matches!(reason, Reason::TooManyMembers | Reason::SizeForged) {
                    return Ok(());
                }
                continue;
            }
            if let Some(said) = extended(&mut entry) {
                let own: Vec<String> = path.iter().cloned().chain([name.clone(), COMMENT.to_owned()]).collect();
                self.say(&own, Kind::Text, said.len() as u64, Ok(said))?;
            }
            let mut bytes = Vec::new();
            match entry.read_to_end(&mut bytes) {
                Ok(n) if n as u64 == told => self.member(path, &name, bytes, depth)?,
                _ => self.missed(path, &name, told, Reason::Damaged)?,
            }
        }
        Ok(())
    }

    /// Slides, texts and drawings of office programs: what can be read of their parts, of which nobody knows whether it is all.
    fn package(&mut self, path: &[String], input: &mut dyn ReadSeek, size: u64, depth: usize) -> Result<(), Reason> {
        self.say(path, Kind::Zip, size, Err(Reason::UnknownKind))?;
        let mut read = String::new();
        if let Ok(text) = input.rewind().map_err(Reason::from).and_then(|()| office::text(&mut *input, Kind::Zip)) {
            read.push_str(&text);
        }
        if let Ok(text) = input.rewind().map_err(Reason::from).and_then(|()| self.embedded(path, input, depth)) {
            read.push_str(&text);
        }
        if read.trim().is_empty() { Ok(()) } else { self.say(path, Kind::Zip, 0, Ok(read)) }
    }

    /// A folder, if its name is more than a word of ASCII letters: it may be all that is left of what lay in it.
    fn folder(&mut self, path: &[String], name: &str) -> Result<(), Reason> {
        if !tells(name.as_bytes()) {
            return Ok(());
        }
        if let Err(reason) = self.room(0) {
            return self.missed(path, name, 0, reason);
        }
        let own: Vec<String> = path.iter().cloned().chain([name.to_owned()]).collect();
        self.say(&own, Kind::Empty, 0, Ok(String::new()))
    }

    /// A member's name that is not written in UTF-8, as it reads otherwise.
    fn other_name(&mut self, path: &[String], name: &str, raw: &[u8]) -> Result<(), Reason> {
        if std::str::from_utf8(raw).is_ok() {
            return Ok(());
        }
        let own: Vec<String> = path.iter().cloned().chain([name.to_owned(), NAME.to_owned()]).collect();
        self.say(&own, Kind::Text, raw.len() as u64, Ok(encoding::decode(raw, None)))
    }

    pub(super) fn zip(&mut self, path: &[String], name: &str, input: &mut dyn ReadSeek, size: u64, depth: usize) -> Result<(), Reason> {
        if let Err(reason) = zipped::sound(&mut *input) {
            return self.say(path, Kind::Zip, size, Err(reason));
        }
        let beside = input.rewind().map_err(Reason::from).and_then(|()| zipped::beside(&mut *input));
        if beside != Ok(0) {
            self.say(path, Kind::Zip, beside.unwrap_or(size), Err(Reason::TrailingBytes))?;
            for gap in zipped::gaps(&mut *input).unwrap_or_default() {
                let bytes = self.part(input, gap);
                self.extra(path, bytes, depth)?;
            }
        }
        let archive = input.rewind().ok().and_then(|()| zip::ZipArchive::new(&mut *input).ok());
        let Some(mut archive) = archive else { return self.say(path, Kind::Zip, size, Err(Reason::Damaged)) };
        if archive.len() > self.limits.members {
            return self.say(path, Kind::Zip, size, Err(Reason::TooManyMembers));
        }
        let names: Vec<String> = archive.file_names().map(|n| n.map_or_else(|_| String::new(), std::borrow::Cow::into_owned)).collect();
        let kind = of_members(names.iter().map(String::as_str));
        if matches!(kind, Kind::Workbook | Kind::Docx) {
            let comments = comments(&mut archive);
            drop(archive);
            return self.office(path, kind, &comments, input, (size, depth));
        }
        let lower = name.to_lowercase();
        if [".docx", ".xlsx", ".xlsm"].iter().any(|e| lower.ends_with(e)) {
            // It has the name of a document, and not what one has.
            return self.say(path, Kind::Zip, size, Err(Reason::Damaged));
        }
        let other = names.first().is_some_and(|n| n == "mimetype") || names.iter().any(|n| n.starts_with("ppt/"));
        let package = names.iter().any(|n| n == "[Content_Types].xml") && ![".zip", ".jar"].iter().any(|e| lower.ends_with(e));
        if other || package {
            drop(archive);
            return self.package(path, input, size, depth);
        }
        let comment = encoding::decode(archive.comment(), None);
        if !comment.is_empty() {
            let own: Vec<String> = path.iter().cloned().chain([COMMENT.to_owned()]).collect();
            self.say(&own, Kind::Text, comment.len() as u64, Ok(comment))?;
        }
        for (i, name) in names.iter().enumerate() {
            if !self.zipped(path, &mut archive, (i, name), depth)? {
                break;
            }
        }
        Ok(())
    }

    /// A document of an office program, with its comments and what is embedded in it.
    fn office(
        &mut self,
        path: &[String],
        kind: Kind,
        comments: &str,
        input: &mut dyn ReadSeek,
        (size, depth): (u64, usize),
    ) -> Result<(), Reason> {
        let text = input.rewind().map_err(Reason::from).and_then(|()| office::text(&mut *input, kind));
        let Ok(text) = text else { return self.say(path, kind, size, text) };
        let embedded = input.rewind().map_err(Reason::from).and_then(|()| self.embedded(path, input, depth));
        self.say(path, kind, size, embedded.map(|more| text + &more + comments))
    }

    /// A member with its comment and its other name; whether there is room for further ones.
    fn zipped<R: Read + Seek>(
        &mut self,
        path: &[String],
        archive: &mut zip::ZipArchive<R>,
        (i, name): (usize, &str),
        depth: usize,
    ) -> Result<bool, Reason> {
        if let Ok(raw) = archive.by_index_raw(i).map(|f| f.name_raw().to_vec()) {
            self.other_name(path, name, &raw)?;
        }
        if name.ends_with('/') {
            // A folder has no bytes.
            let told = match archive.by_index_raw(i).map_or(0, |f| f.size().max(f.compressed_size())) {
                0 => self.folder(path, name),
                size => self.missed(path, name, size, Reason::SpecialMember),
            };
            return told.map(|()| true);
        }
        let (bytes, comment) = match zip_member(archive, i, name, self.limits) {
            Ok(member) => member,
            Err((bytes, reason)) => return self.missed(path, name, bytes, reason).map(|()| true),
        };
        if let Err(reason) = self.room(bytes.len() as u64) {
            return self.missed(path, name, bytes.len() as u64, reason).map(|()| false);
        }
        if !comment.is_empty() {
            let own: Vec<String> = path.iter().cloned().chain([name.to_owned(), COMMENT.to_owned()]).collect();
            self.say(&own, Kind::Text, comment.len() as u64, Ok(comment))?;
        }
        self.member(path, name, bytes, depth).map(|()| true)
    }
}

/// What the comment of an archive or of a member is called, as if it were a member.
pub(crate) const COMMENT: &str = "(comment)";

/// What the other reading of a member's name is called, as if it were a member of it.
const NAME: &str = "(name)";

/// What bytes that belong to no member are called, as if they were one.
const BESIDE: &str = "(beside)";

/// Comments of an archive and of its members.
fn comments<R: Read + Seek>(archive: &mut zip::ZipArchive<R>) -> String {
    let mut out = "\n".to_owned() + &encoding::decode(archive.comment(), None);
    for i in 0..archive.len() {
        if let Ok(file) = archive.by_index_raw(i) {
            out.extend(["\n", &encoding::decode(file.comment_raw(), None)]);
        }
    }
    out
}

/// What the header of a member says of it beside name, size and time: comments, attributes.
pub(crate) fn extended(entry: &mut tar::Entry<'_, impl Read>) -> Option<String> {
    let usual = ["path", "linkpath", "size", "mtime", "atime", "ctime", "uid", "gid", "hdrcharset"];
    let all = entry.pax_extensions().ok().flatten()?;
    let told = all.flatten().filter(|e| e.key().map_or(true, |key| !usual.contains(&key)));
    let lines: Vec<String> = told.map(|e| [e.key_bytes(), b"=", e.value_bytes()].concat()).map(|l| encoding::decode(&l, None)).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Whether a name or a comment can be of a person: a number, an address, or words that are not ASCII.
fn tells(bytes: &[u8]) -> bool {
    !bytes.is_ascii() || bytes.contains(&b'@') || bytes.contains(&b' ') || bytes.iter().filter(|b| b.is_ascii_digit()).count() >= 7
}

/// What the headers of streams say beside the name that is known, and what stands behind the last of them.
pub(crate) fn beside_stream(input: &mut dyn ReadSeek, inner: &str, most: u64) -> Result<(String, Vec<u8>), Reason> {
    let (mut said, mut input, mut sink) = (String::new(), BufReader::new(input), [0u8; 1 << 14]);
    while input.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        let mut stream = GzDecoder::new(input);
        while stream.read(&mut sink).is_ok_and(|n| n > 0) {}
        let fields = stream.header().map_or([None; 3], |h| [h.filename(), h.comment(), h.extra()]);
        for field in fields.into_iter().flatten().filter(|f| *f != inner.as_bytes() && tells(f)) {
            said.extend([encoding::decode(field, None).as_str(), "\n"]);
        }
        input = stream.into_inner();
    }
    let mut behind = Vec::new();
    input.take(most).read_to_end(&mut behind)?;
    Ok((said, behind))
}

/// The name of what a GZIP stream holds.
pub(crate) fn inner_name(name: &str) -> String {
    let short = name.rsplit(['/', '\\']).next().unwrap_or(name);
    match (short.strip_suffix(".gz"), short.strip_suffix(".tgz")) {
        (Some(inner), _) => inner.to_owned(),
        (_, Some(inner)) => format!("{inner}.tar"),
        _ => short.to_owned(),
    }
}

/// Most folders in a member's name.
const NAME_DEPTH_MAX: usize = 100;

/// Whether a member's name leads out of its folder.
fn leaves_folder(name: &str) -> bool {
    name.starts_with('/') || name.starts_with('\\') || name.get(1..2) == Some(":") || name.split(['/', '\\']).any(|s| s == "..")
}

/// How many times larger than it lies packed a member can be at most (RFC 1951: 258 bytes in two bits).
const DEFLATE_MOST: u64 = 1_032;

type Member = Result<(Vec<u8>, String), (u64, Reason)>;

fn zip_member<R: Read + Seek>(archive: &mut zip::ZipArchive<R>, i: usize, name: &str, limits: Limits) -> Member {
    let raw = archive.by_index_raw(i).map_err(|_| (0, Reason::Damaged))?;
    let (told, packed) = (raw.size(), raw.compressed_size());
    let comment = encoding::decode(raw.comment_raw(), None);
    let refused = match () {
        () if raw.encrypted() => Some(Reason::PasswordProtected),
        () if raw.is_symlink() => Some(Reason::Link),
        () if leaves_folder(name) => Some(Reason::PathTraversal),
        () if !matches!(raw.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) => Some(Reason::UnknownMethod),
        () if told > packed.saturating_mul(DEFLATE_MOST).saturating_add(64) => Some(Reason::SizeForged),
        () if told > (1 << 20) && told / packed.max(1) > limits.ratio => Some(Reason::RatioTooHigh),
        () if told > limits.member_bytes => Some(Reason::TooLarge),
        () => None,
    };
    drop(raw);
    if let Some(reason) = refused {
        return Err((told, reason));
    }
    let file = archive.by_index(i).map_err(|_| (told, Reason::Damaged))?;
    let mut bytes = Vec::new();
    let read = file.take(told + 1).read_to_end(&mut bytes);
    match read {
        Ok(n) if n as u64 == told => Ok((bytes, comment)),
        Ok(_) => Err((told, Reason::SizeForged)),
        Err(_) => Err((told, if longer(archive, i, told) { Reason::SizeForged } else { Reason::Damaged })),
    }
}

/// Whether a member unpacks to more than it was told to.
fn longer<R: Read + Seek>(archive: &mut zip::ZipArchive<R>, i: usize, told: u64) -> bool {
    let Ok(raw) = archive.by_index_raw(i) else { return false };
    let mut bytes = Vec::new();
    // Only the length counts: that the stream has a fault is known.
    let _ = DeflateDecoder::new(raw).take(told + 1).read_to_end(&mut bytes);
    bytes.len() as u64 > told
}

/// Unpacks a stream within limits; whether it was sound to its end.
fn unpacked(stream: impl Read, packed: u64, limits: Limits) -> Result<(Vec<u8>, bool), Reason> {
    let mut bytes = Vec::new();
    let mut bounded = stream.take(limits.member_bytes + 1);
    let result = bounded.read_to_end(&mut bytes);
    let size = bytes.len() as u64;
    match result {
        _ if size > (1 << 20) && size / packed.max(1) > limits.ratio => Err(Reason::RatioTooHigh),
        _ if size > limits.member_bytes => Err(Reason::TooLarge),
        Ok(_) => Ok((bytes, true)),
        // Bytes behind the last whole stream: what was read is sound.
        Err(e) if e.to_string().contains("header") && size > 0 => Ok((bytes, false)),
        Err(_) => Err(Reason::Damaged),
    }
}
