//! Everything that can be read in a file: itself, or what lies in it, as deep as it goes and within limits; what cannot be read is named.

use std::io::{BufRead as _, BufReader, Cursor, Read, Seek, SeekFrom};

use flate2::bufread::GzDecoder;
use flate2::read::{DeflateDecoder, MultiGzDecoder};
use zip::CompressionMethod;

use crate::kind::{HEAD, Kind, kind, of_members};
use crate::mail::{self, Part};
use crate::reason::Reason;
use crate::{html, json, office, ole, pdf, tarred, text, xlsx, zipped};

/// What is followed at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Containers in containers.
    pub depth: usize,
    /// Members of all containers of one file.
    pub members: usize,
    /// Bytes of one member, unpacked.
    pub member_bytes: u64,
    /// Bytes of all members of one file, unpacked.
    pub total_bytes: u64,
    /// How many times larger a member may be than it lies packed, once it is larger than a megabyte.
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { depth: 6, members: 50_000, member_bytes: 64 << 20, total_bytes: 1 << 30, ratio: 200 }
    }
}

/// Something that was read, or that could not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Names of the members that lead to it; empty for the file itself.
    pub path: Vec<String>,
    /// What it is.
    pub kind: Kind,
    /// Its bytes, unpacked.
    pub bytes: u64,
    /// Its text, or why there is none.
    pub text: Result<String, Reason>,
}

/// Hears what is found; an error stops the reading.
pub type Hear<'a> = &'a mut dyn FnMut(Leaf) -> Result<(), Reason>;

/// Reads a file of that name.
///
/// # Errors
/// Only what `hear` says: whatever is wrong with the file is heard as a leaf.
pub fn leaves(name: &str, mut input: impl Read + Seek, limits: Limits, hear: Hear<'_>) -> Result<(), Reason> {
    let size = input.seek(std::io::SeekFrom::End(0))?;
    input.rewind()?;
    let mut walk = Walk { limits, members: 0, bytes: 0, hear };
    if size > limits.total_bytes {
        let kind = head(&mut input).map_or(Kind::Unknown, |h| kind(name, &h));
        // A container may be large; what is not one is read whole.
        if !matches!(kind, Kind::Zip | Kind::Tar | Kind::Gzip) {
            return walk.say(&[], kind, size, Err(Reason::TooLarge));
        }
    }
    walk.node(&[], name, &mut Input::Seek(&mut input, size), 0)
}

fn head(input: &mut (impl Read + Seek)) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    input.take(HEAD as u64).read_to_end(&mut out)?;
    input.rewind()?;
    Ok(out)
}

trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// A file on disk, or a member in memory.
enum Input<'a> {
    Seek(&'a mut dyn ReadSeek, u64),
}

struct Walk<'a> {
    limits: Limits,
    members: usize,
    bytes: u64,
    hear: Hear<'a>,
}

impl Walk<'_> {
    fn say(&mut self, path: &[String], kind: Kind, bytes: u64, text: Result<String, Reason>) -> Result<(), Reason> {
        (self.hear)(Leaf { path: path.to_vec(), kind, bytes, text: text.map(text::with_undone) })
    }

    /// One more member, if there is room for it.
    fn room(&mut self, bytes: u64) -> Result<(), Reason> {
        self.members += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        match (self.members > self.limits.members, self.bytes > self.limits.total_bytes) {
            (true, _) => Err(Reason::TooManyMembers),
            (_, true) => Err(Reason::TooLarge),
            _ => Ok(()),
        }
    }

    fn node(&mut self, path: &[String], name: &str, input: &mut Input<'_>, depth: usize) -> Result<(), Reason> {
        let Input::Seek(input, size) = input;
        let size = *size;
        let first = match head(input) {
            Ok(first) => first,
            Err(_) => return self.say(path, Kind::Unknown, size, Err(Reason::Unreadable)),
        };
        let kind = kind(name, &first);
        if depth > self.limits.depth {
            return self.say(path, kind, size, Err(Reason::TooDeep));
        }
        match kind {
            Kind::Zip => self.zip(path, name, input, size, depth),
            Kind::Tar => self.tar(path, input, size, depth),
            Kind::Gzip => self.gzip(path, name, input, size, depth),
            _ => {
                let mut bytes = Vec::new();
                match input.take(self.limits.member_bytes + 1).read_to_end(&mut bytes) {
                    Ok(n) if n as u64 > self.limits.member_bytes => self.say(path, kind, size, Err(Reason::TooLarge)),
                    Ok(_) => self.document(path, kind, &bytes, depth),
                    Err(_) => self.say(path, kind, size, Err(Reason::Unreadable)),
                }
            }
        }
    }

    fn document(&mut self, path: &[String], kind: Kind, bytes: &[u8], depth: usize) -> Result<(), Reason> {
        let size = bytes.len() as u64;
        let text = match kind {
            Kind::Empty => Ok(String::new()),
            Kind::Pdf => return self.pdf(path, bytes, depth),
            Kind::Html => return self.page(path, bytes),
            Kind::Text => text::strictly(bytes),
            // A name, and zeros behind it.
            Kind::LockFile if bytes.len() <= LOCK_MAX => Ok(text::either(bytes)),
            Kind::LockFile => Err(Reason::UnknownKind),
            Kind::Delimited => text::strictly(bytes).and_then(closed_quotes),
            Kind::Json => text::strictly(bytes).and_then(json::text),
            Kind::JsonLines => return self.json_lines(path, bytes),
            Kind::Mail => return self.mail(path, bytes, depth),
            Kind::Mailbox => return self.mailbox(path, bytes, depth),
            Kind::Ole => ole::text(bytes),
            Kind::Picture => Err(Reason::NoText),
            Kind::Parquet if bytes.starts_with(b"PARE") => Err(Reason::PasswordProtected),
            // Its rows are read where it lies by itself in a folder.
            Kind::Parquet => Err(Reason::UnknownKind),
            Kind::Workbook | Kind::Docx | Kind::Zip | Kind::Tar | Kind::Gzip | Kind::Unknown => Err(Reason::UnknownKind),
        };
        self.say(path, kind, size, text)
    }

    /// A page; what it declares itself is not followed, and bytes of another encoding are not read: both are said.
    fn page(&mut self, path: &[String], bytes: &[u8]) -> Result<(), Reason> {
        let (page, sound) = html::page(bytes);
        let declares = page.contains("<!ENTITY");
        self.say(path, Kind::Html, bytes.len() as u64, Ok(page))?;
        let faults = [(!sound, Reason::BadEncoding), (declares, Reason::EntityBomb)];
        faults.into_iter().filter(|(is, _)| *is).try_for_each(|(_, reason)| self.say(path, Kind::Html, 0, Err(reason)))
    }

    /// A document is one leaf, with the text of what is attached to it.
    fn pdf(&mut self, path: &[String], bytes: &[u8], depth: usize) -> Result<(), Reason> {
        let size = bytes.len() as u64;
        let pdf = match pdf::read(bytes) {
            Ok(pdf) => pdf,
            Err(reason) => return self.say(path, Kind::Pdf, size, Err(reason)),
        };
        let mut beside = pdf.beside;
        for (i, attached) in pdf.attached.into_iter().enumerate() {
            let name = format!("attachment {}", i + 1);
            match attached {
                Some(bytes) => beside.push_str(&self.inside(path, &name, bytes, depth)?),
                None => self.missed(path, &name, 0, Reason::UnknownKind)?,
            }
        }
        if pdf.pictures > 0 && pdf.text.is_ok() {
            self.missed(path, "pictures", pdf.pictures, Reason::NoText)?;
        }
        match pdf.text {
            Ok(text) => self.say(path, Kind::Pdf, size, Ok(text + "\n" + &beside)),
            Err(reason) => {
                self.say(path, Kind::Pdf, size, Err(reason))?;
                // What is said of a scan.
                if beside.trim().is_empty() { Ok(()) } else { self.say(path, Kind::Pdf, 0, Ok(beside)) }
            }
        }
    }

    fn json_lines(&mut self, path: &[String], bytes: &[u8]) -> Result<(), Reason> {
        let size = bytes.len() as u64;
        match text::strictly(bytes).map(json::lines) {
            Err(reason) => self.say(path, Kind::JsonLines, size, Err(reason)),
            Ok((text, sound)) => {
                self.say(path, Kind::JsonLines, size, Ok(text))?;
                sound.map_or_else(|reason| self.say(path, Kind::JsonLines, 0, Err(reason)), |()| Ok(()))
            }
        }
    }

    fn member(&mut self, path: &[String], name: &str, bytes: Vec<u8>, depth: usize) -> Result<(), Reason> {
        let own: Vec<String> = path.iter().cloned().chain([name.to_owned()]).collect();
        let size = bytes.len() as u64;
        self.node(&own, name, &mut Input::Seek(&mut Cursor::new(bytes), size), depth + 1)
    }

    /// A member that is not read: said, and the others go on.
    fn missed(&mut self, path: &[String], name: &str, bytes: u64, reason: Reason) -> Result<(), Reason> {
        let own: Vec<String> = path.iter().cloned().chain([name.to_owned()]).collect();
        self.say(&own, Kind::Unknown, bytes, Err(reason))
    }

    /// The text of something that goes with what it lies in or not at all; what cannot be read of it is said.
    fn inside(&mut self, path: &[String], name: &str, bytes: Vec<u8>, depth: usize) -> Result<String, Reason> {
        let size = bytes.len() as u64;
        if let Err(reason) = self.room(size) {
            return self.missed(path, name, size, reason).map(|()| String::new());
        }
        let mut found = Vec::new();
        let mut hear = |leaf| {
            found.push(leaf);
            Ok(())
        };
        let mut walk = Walk { limits: self.limits, members: self.members, bytes: self.bytes, hear: &mut hear };
        walk.member(path, name, bytes, depth)?;
        (self.members, self.bytes) = (walk.members, walk.bytes);
        let mut out = String::new();
        for leaf in found {
            match &leaf.text {
                Ok(own) => out = out + "\n" + &leaf.path.join(" ") + "\n" + own,
                Err(_) => (self.hear)(leaf)?,
            }
        }
        Ok(out)
    }

    /// The texts of what lies in a document and is no part of its own.
    fn embedded(&mut self, path: &[String], input: &mut dyn ReadSeek, depth: usize) -> Result<String, Reason> {
        let mut out = String::new();
        xlsx::parts(input, &mut |name, bytes| {
            if [".xml", ".rels", ".vml"].iter().any(|e| name.ends_with(e)) {
                return Ok(());
            }
            let lower = name.to_lowercase();
            if lower.contains("/printersettings/") && lower.ends_with(".bin") {
                // Names of devices, in two bytes a character.
                out.push_str(&text::either(bytes));
                return Ok(());
            }
            if !name.ends_with('/') || !bytes.is_empty() {
                out.push_str(&self.inside(path, name, bytes.to_vec(), depth)?);
            }
            Ok(())
        })?;
        Ok(out)
    }

    /// A letter is one leaf, with the text of all its parts and of what is attached: it goes whole or not at all.
    fn mail(&mut self, path: &[String], bytes: &[u8], depth: usize) -> Result<(), Reason> {
        match self.letter(bytes, path, depth) {
            Ok(Ok(text)) => self.say(path, Kind::Mail, bytes.len() as u64, Ok(text)),
            Ok(Err(reason)) => self.say(path, Kind::Mail, bytes.len() as u64, Err(reason)),
            Err(stopped) => Err(stopped),
        }
    }

    /// The text of a letter; parts that cannot be read are said.
    fn letter(&mut self, bytes: &[u8], path: &[String], depth: usize) -> Result<Result<String, Reason>, Reason> {
        let mail = match mail::read(bytes) {
            Ok(mail) => mail,
            Err(reason) => return Ok(Err(reason)),
        };
        let mut text = mail.headers;
        for (name, part) in mail.parts {
            text.push('\n');
            match part {
                Part::Text(own) => text.push_str(&own),
                Part::Bytes(bytes) => {
                    text.push_str(&name);
                    text.push_str(&self.inside(path, &name, bytes, depth)?);
                }
                Part::Fault(reason) => self.missed(path, &name, 0, reason)?,
            }
        }
        Ok(Ok(text))
    }

    fn mailbox(&mut self, path: &[String], bytes: &[u8], depth: usize) -> Result<(), Reason> {
        let messages = mail::messages(bytes);
        let first = messages.first().map_or(bytes.len(), |m| m.start);
        let before = bytes.get(..first).filter(|b| !b.iter().all(u8::is_ascii_whitespace));
        if let Some(before) = before {
            let own: Vec<String> = path.iter().cloned().chain([mail::BEFORE.to_owned()]).collect();
            // A letter as well, perhaps, that has lost its first line.
            let letter = match kind("", before.get(..HEAD).unwrap_or(before)) {
                Kind::Mail if depth < self.limits.depth => self.letter(before, &own, depth + 1)?.unwrap_or_default(),
                _ => String::new(),
            };
            self.say(&own, Kind::Text, before.len() as u64, text::strictly(before).map(|text| text + "\n" + &letter))?;
        }
        for (i, range) in messages.into_iter().enumerate() {
            let whole = bytes.get(range).unwrap_or_default();
            let line = whole.iter().position(|b| *b == b'\n').map_or(whole.len(), |n| n + 1);
            let (from, message) = whole.split_at(line);
            let own: Vec<String> = path.iter().cloned().chain([(i + 1).to_string()]).collect();
            let text = match depth < self.limits.depth {
                true => self.letter(message, &own, depth + 1)?.map(|text| String::from_utf8_lossy(from).into_owned() + &text),
                false => Err(Reason::TooDeep),
            };
            self.say(&own, Kind::Mail, whole.len() as u64, text)?;
        }
        Ok(())
    }

    fn gzip(&mut self, path: &[String], name: &str, input: &mut dyn ReadSeek, size: u64, depth: usize) -> Result<(), Reason> {
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
                    self.say(path, Kind::Gzip, 0, Ok(said))?;
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
    fn extra(&mut self, path: &[String], bytes: Vec<u8>, depth: usize) -> Result<(), Reason> {
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
    fn part(&self, input: &mut dyn ReadSeek, range: std::ops::Range<u64>) -> Vec<u8> {
        let mut out = Vec::new();
        if input.seek(SeekFrom::Start(range.start)).is_ok() {
            // Whatever came before a fault is looked into.
            let _ = input.take((range.end - range.start).min(self.limits.member_bytes)).read_to_end(&mut out);
        }
        out
    }

    fn tar(&mut self, path: &[String], input: &mut dyn ReadSeek, size: u64, depth: usize) -> Result<(), Reason> {
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
                () if kind.is_dir() => continue,
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

    /// A member's name that is not written in UTF-8, as it reads otherwise.
    fn other_name(&mut self, path: &[String], name: &str, raw: &[u8]) -> Result<(), Reason> {
        if std::str::from_utf8(raw).is_ok() {
            return Ok(());
        }
        let own: Vec<String> = path.iter().cloned().chain([name.to_owned(), NAME.to_owned()]).collect();
        self.say(&own, Kind::Text, raw.len() as u64, Ok(text::decode(raw, None)))
    }

    fn zip(&mut self, path: &[String], name: &str, input: &mut dyn ReadSeek, size: u64, depth: usize) -> Result<(), Reason> {
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
            let text = input.rewind().map_err(Reason::from).and_then(|()| office::text(&mut *input, kind));
            return match text {
                Ok(text) => {
                    let embedded = input.rewind().map_err(Reason::from).and_then(|()| self.embedded(path, input, depth));
                    let text = embedded.map(|more| text + &more + &comments);
                    self.say(path, kind, size, text)
                }
                other => self.say(path, kind, size, other),
            };
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
        let comment = String::from_utf8_lossy(archive.comment()).into_owned();
        if !comment.is_empty() {
            let own: Vec<String> = path.iter().cloned().chain([COMMENT.to_owned()]).collect();
            self.say(&own, Kind::Text, comment.len() as u64, Ok(comment))?;
        }
        for i in 0..archive.len() {
            let name = names.get(i).cloned().unwrap_or_default();
            if let Ok(raw) = archive.by_index_raw(i).map(|f| f.name_raw().to_vec()) {
                self.other_name(path, &name, &raw)?;
            }
            if name.ends_with('/') {
                // A folder has no bytes.
                let size = archive.by_index_raw(i).map_or(0, |f| f.size().max(f.compressed_size()));
                if size > 0 {
                    self.missed(path, &name, size, Reason::SpecialMember)?;
                }
                continue;
            }
            match zip_member(&mut archive, i, &name, self.limits) {
                Err((bytes, reason)) => self.missed(path, &name, bytes, reason)?,
                Ok((bytes, comment)) => match self.room(bytes.len() as u64) {
                    Ok(()) => {
                        if !comment.is_empty() {
                            let own: Vec<String> = path.iter().cloned().chain([name.clone(), COMMENT.to_owned()]).collect();
                            self.say(&own, Kind::Text, comment.len() as u64, Ok(comment))?;
                        }
                        self.member(path, &name, bytes, depth)?;
                    }
                    Err(reason) => {
                        self.missed(path, &name, bytes.len() as u64, reason)?;
                        return Ok(());
                    }
                },
            }
        }
        Ok(())
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
    let mut out = "\n".to_owned() + &text::decode(archive.comment(), None);
    for i in 0..archive.len() {
        if let Ok(file) = archive.by_index_raw(i) {
            out.extend(["\n", file.comment()]);
        }
    }
    out
}

/// What the header of a member says of it beside name, size and time: comments, attributes.
fn extended(entry: &mut tar::Entry<'_, impl Read>) -> Option<String> {
    let usual = ["path", "linkpath", "size", "mtime", "atime", "ctime", "uid", "gid", "hdrcharset"];
    let all = entry.pax_extensions().ok().flatten()?;
    let told = all.flatten().filter(|e| e.key().map_or(true, |key| !usual.contains(&key)));
    let lines: Vec<String> = told.map(|e| [e.key_bytes(), b"=", e.value_bytes()].concat()).map(|l| text::decode(&l, None)).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Whether a name or a comment can be of a person: a number, an address, or words that are not ASCII.
fn tells(bytes: &[u8]) -> bool {
    !bytes.is_ascii() || bytes.contains(&b'@') || bytes.contains(&b' ') || bytes.iter().filter(|b| b.is_ascii_digit()).count() >= 7
}

/// What the headers of streams say beside the name that is known, and what stands behind the last of them.
fn beside_stream(input: &mut dyn ReadSeek, inner: &str, most: u64) -> Result<(String, Vec<u8>), Reason> {
    let (mut said, mut input, mut sink) = (String::new(), BufReader::new(input), [0u8; 1 << 14]);
    while input.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        let mut stream = GzDecoder::new(input);
        while stream.read(&mut sink).is_ok_and(|n| n > 0) {}
        let fields = stream.header().map_or([None; 3], |h| [h.filename(), h.comment(), h.extra()]);
        for field in fields.into_iter().flatten().filter(|f| *f != inner.as_bytes() && tells(f)) {
            said.extend([text::decode(field, None).as_str(), "\n"]);
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

/// Longest file that an office program leaves beside an open one.
const LOCK_MAX: usize = 4_096;

/// Most folders in a member's name.
const NAME_DEPTH_MAX: usize = 100;

/// Whether a member's name leads out of its folder.
fn leaves_folder(name: &str) -> bool {
    name.starts_with('/') || name.starts_with('\\') || name.get(1..2) == Some(":") || name.split(['/', '\\']).any(|s| s == "..")
}

/// How many times larger than it lies packed a member can be at most (RFC 1951: 258 bytes in two bits).
const DEFLATE_MOST: u64 = 1_032;

/// A delimited text whose quotes are all closed.
fn closed_quotes(text: String) -> Result<String, Reason> {
    let open = text.split('\n').fold(false, |open, line| open ^ (line.matches('"').count() % 2 == 1));
    // An inch in a field of its own is usual: only a quote that begins a field and never ends one is a fault.
    let begins = |line: &str| line.starts_with('"') || [",\"", ";\"", "\t\""].iter().any(|s| line.contains(s));
    if open && text.lines().any(begins) { Err(Reason::Damaged) } else { Ok(text) }
}

type Member = Result<(Vec<u8>, String), (u64, Reason)>;

fn zip_member<R: Read + Seek>(archive: &mut zip::ZipArchive<R>, i: usize, name: &str, limits: Limits) -> Member {
    let raw = archive.by_index_raw(i).map_err(|_| (0, Reason::Damaged))?;
    let (told, packed) = (raw.size(), raw.compressed_size());
    let comment = raw.comment().to_owned();
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
