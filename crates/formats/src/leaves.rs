//! Everything that can be read in a file: itself, or what lies in it, as deep as it goes and within limits; what cannot be read is named.

use std::io::{Cursor, Read, Seek};

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
        (self.hear)(Leaf { path: path.to_vec(), kind, bytes, text })
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
            Kind::Pdf => pdf::text(bytes),
            Kind::Html => Ok(html::text(bytes)),
            Kind::Text => text::strictly(bytes),
            // A name, and zeros behind it.
            Kind::LockFile if bytes.len() <= LOCK_MAX => Ok(text::decode(bytes, None)),
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

    /// The texts of what lies in a document and is no part of its own: it goes with the document or not at all. What cannot be read is said.
    fn embedded(&mut self, path: &[String], input: &mut dyn ReadSeek, depth: usize) -> Result<String, Reason> {
        let limits = Limits { depth: self.limits.depth.saturating_sub(depth + 1), ..self.limits };
        let (mut out, mut missed) = (String::new(), Vec::new());
        xlsx::parts(input, &mut |name, bytes| {
            if [".xml", ".rels", ".vml"].iter().any(|e| name.ends_with(e)) {
                return Ok(());
            }
            if name.contains("printerSettings") {
                // Names of devices, in two bytes a character.
                let pairs = bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair));
                out.extend(char::decode_utf16(pairs).map(|c| c.unwrap_or('\u{fffd}')));
                return Ok(());
            }
            leaves(name, Cursor::new(bytes), limits, &mut |leaf| {
                match leaf.text {
                    Ok(text) => out.extend(["\n", text.as_str()]),
                    Err(reason) => missed.push((name.to_owned(), leaf.bytes, reason)),
                }
                Ok(())
            })
        })?;
        missed.into_iter().try_for_each(|(name, bytes, reason)| self.missed(path, &name, bytes, reason))?;
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
                    let size = bytes.len() as u64;
                    if let Err(reason) = self.room(size) {
                        self.missed(path, &name, size, reason)?;
                        continue;
                    }
                    let mut inside = Vec::new();
                    let mut walk = Walk {
                        limits: self.limits,
                        members: self.members,
                        bytes: self.bytes,
                        hear: &mut |leaf| {
                            inside.push(leaf);
                            Ok(())
                        },
                    };
                    walk.member(path, &name, bytes, depth)?;
                    (self.members, self.bytes) = (walk.members, walk.bytes);
                    for leaf in inside {
                        match &leaf.text {
                            Ok(own) => text = text + "\n" + &leaf.path.join(" ") + "\n" + own,
                            Err(_) => (self.hear)(leaf)?,
                        }
                    }
                }
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
            self.say(&own, Kind::Text, before.len() as u64, text::strictly(before))?;
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
                if !whole {
                    self.say(path, Kind::Gzip, 0, Err(Reason::TrailingBytes))?;
                }
                self.member(path, &inner, bytes, depth)
            }
        }
    }

    fn tar(&mut self, path: &[String], input: &mut dyn ReadSeek, size: u64, depth: usize) -> Result<(), Reason> {
        if let Ok(layout) = tarred::layout(&mut *input)
            && layout.trailing > 0
        {
            self.say(path, Kind::Tar, layout.trailing, Err(Reason::TrailingBytes))?;
        }
        input.rewind()?;
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
            let told = entry.size();
            let kind = entry.header().entry_type();
            let refused = match () {
                () if kind.is_dir() => continue,
                () if kind.is_symlink() || kind.is_hard_link() => Some(Reason::Link),
                () if !kind.is_file() && kind != tar::EntryType::Continuous => Some(Reason::SpecialMember),
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
            let mut bytes = Vec::new();
            match entry.read_to_end(&mut bytes) {
                Ok(n) if n as u64 == told => self.member(path, &name, bytes, depth)?,
                _ => self.missed(path, &name, told, Reason::Damaged)?,
            }
        }
        Ok(())
    }

    fn zip(&mut self, path: &[String], name: &str, input: &mut dyn ReadSeek, size: u64, depth: usize) -> Result<(), Reason> {
        if let Err(reason) = zipped::sound(&mut *input) {
            return self.say(path, Kind::Zip, size, Err(reason));
        }
        let beside = input.rewind().map_err(Reason::from).and_then(|()| zipped::beside(&mut *input));
        if beside != Ok(0) {
            self.say(path, Kind::Zip, beside.unwrap_or(size), Err(Reason::TrailingBytes))?;
        }
        let archive = input.rewind().ok().and_then(|()| zip::ZipArchive::new(&mut *input).ok());
        let Some(mut archive) = archive else { return self.say(path, Kind::Zip, size, Err(Reason::Damaged)) };
        if archive.len() > self.limits.members {
            return self.say(path, Kind::Zip, size, Err(Reason::TooManyMembers));
        }
        let names: Vec<String> = archive.file_names().map(|n| n.map_or_else(|_| String::new(), std::borrow::Cow::into_owned)).collect();
        let kind = of_members(names.iter().map(String::as_str));
        if matches!(kind, Kind::Workbook | Kind::Docx) {
            drop(archive);
            let text = input.rewind().map_err(Reason::from).and_then(|()| office::text(&mut *input, kind));
            return match text {
                Ok(text) => {
                    let embedded = input.rewind().map_err(Reason::from).and_then(|()| self.embedded(path, input, depth));
                    let text = embedded.map(|more| text + &more);
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
        let other = names.iter().any(|n| n == "[Content_Types].xml" || n == "mimetype");
        if other && ![".zip", ".jar"].iter().any(|e| lower.ends_with(e)) {
            // Slides, texts and drawings of office programs: their parts are XML, and what they say is not.
            return self.say(path, Kind::Zip, size, Err(Reason::UnknownKind));
        }
        let comment = String::from_utf8_lossy(archive.comment()).into_owned();
        if !comment.is_empty() {
            let own: Vec<String> = path.iter().cloned().chain([COMMENT.to_owned()]).collect();
            self.say(&own, Kind::Text, comment.len() as u64, Ok(comment))?;
        }
        for i in 0..archive.len() {
            let name = names.get(i).cloned().unwrap_or_default();
            if name.ends_with('/') {
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
