//! Everything that can be read in a file: itself, or what lies in it, as deep as it goes and within limits; what cannot be read is named.

mod archives;

use std::io::{Cursor, Read, Seek};

pub(crate) use self::archives::{COMMENT, beside_stream, extended, inner_name};
use crate::kind::{HEAD, Kind, kind};
use crate::mail::{self, Part};
use crate::office::PROGRAMS_OWN;
use crate::reason::Reason;
use crate::{encoding, html, json, ole, pdf, text, xlsx};

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

/// What is found in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// Something that was read, or that could not be.
    Leaf(Leaf),
    /// A member by its own name, as its bytes are unpacked, before it is read.
    Member(&'a str, &'a [u8]),
}

/// Hears what is found; an error stops the reading.
pub type Hear<'a> = &'a mut dyn FnMut(Heard<'_>) -> Result<(), Reason>;

/// Reads a file of that name.
///
/// # Errors
/// Only what `hear` says: whatever is wrong with the file is heard as a leaf.
pub fn leaves(name: &str, input: impl Read + Seek, limits: Limits, hear: &mut dyn FnMut(Leaf) -> Result<(), Reason>) -> Result<(), Reason> {
    heard(name, input, limits, &mut |heard| match heard {
        Heard::Leaf(leaf) => hear(leaf),
        Heard::Member(..) => Ok(()),
    })
}

/// Reads a file of that name; its members are heard as their bytes too, for who looks through what cannot be read.
///
/// # Errors
/// As [`leaves`].
pub fn heard(name: &str, mut input: impl Read + Seek, limits: Limits, hear: Hear<'_>) -> Result<(), Reason> {
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

/// A text with its escapes undone; what programs write into every office package stays behind its mark, and nothing else has that mark.
fn undone(text: String, kind: Kind) -> String {
    let own = |text: &str| text::with_undone(text.to_owned()).replace(PROGRAMS_OWN, " ");
    match text.split_once(PROGRAMS_OWN).filter(|_| matches!(kind, Kind::Workbook | Kind::Docx)) {
        Some((before, behind)) => format!("{}{PROGRAMS_OWN}{}", own(before), own(behind)),
        None => own(&text),
    }
}

fn head(input: &mut (impl Read + Seek)) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    input.take(HEAD as u64).read_to_end(&mut out)?;
    input.rewind()?;
    Ok(out)
}

pub(crate) trait ReadSeek: Read + Seek {}
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
        (self.hear)(Heard::Leaf(Leaf { path: path.to_vec(), kind, bytes, text: text.map(|text| undone(text, kind)) }))
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
            Kind::LockFile if bytes.len() <= LOCK_MAX => Ok(encoding::either(bytes)),
            Kind::LockFile => Err(Reason::UnknownKind),
            Kind::Delimited => text::strictly(bytes).and_then(closed_quotes),
            Kind::Json => text::strictly(bytes).and_then(json::text),
            Kind::JsonLines => return self.json_lines(path, bytes),
            Kind::Mail => return self.mail(path, bytes, depth),
            Kind::Mailbox => return self.mailbox(path, bytes, depth),
            Kind::Ole => return self.older(path, bytes),
            Kind::Picture => Err(Reason::NoText),
            Kind::Parquet if bytes.starts_with(b"PARE") => Err(Reason::PasswordProtected),
            // Its rows are read where it lies by itself in a folder.
            Kind::Parquet => Err(Reason::UnknownKind),
            Kind::Workbook | Kind::Docx | Kind::Zip | Kind::Tar | Kind::Gzip | Kind::Unknown => Err(Reason::UnknownKind),
        };
        self.say(path, kind, size, text)
    }

    /// A workbook of the older kind; what is embedded in it is not read, which is said.
    fn older(&mut self, path: &[String], bytes: &[u8]) -> Result<(), Reason> {
        let text = ole::text(bytes);
        let embeds = text.is_ok() && ole::embeds(bytes);
        self.say(path, Kind::Ole, bytes.len() as u64, text)?;
        if embeds { self.missed(path, "(embedded)", 0, Reason::UnknownKind) } else { Ok(()) }
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
        (self.hear)(Heard::Member(name, &bytes))?;
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
        let outer = &mut *self.hear;
        let mut hear = |heard: Heard<'_>| match heard {
            Heard::Leaf(leaf) => {
                found.push(leaf);
                Ok(())
            }
            member => outer(member),
        };
        let mut walk = Walk { limits: self.limits, members: self.members, bytes: self.bytes, hear: &mut hear };
        walk.member(path, name, bytes, depth)?;
        (self.members, self.bytes) = (walk.members, walk.bytes);
        let mut out = String::new();
        for leaf in found {
            match &leaf.text {
                Ok(own) => out = out + "\n" + &leaf.path.join(" ") + "\n" + own,
                Err(_) => (self.hear)(Heard::Leaf(leaf))?,
            }
        }
        Ok(out)
    }

    /// The texts of what lies in a document and is no part of its own.
    fn embedded(&mut self, path: &[String], input: &mut dyn ReadSeek, depth: usize) -> Result<String, Reason> {
        let mut out = String::new();
        xlsx::parts(input, &mut |name, bytes| {
            (self.hear)(Heard::Member(name, bytes))?;
            if [".xml", ".rels", ".vml"].iter().any(|e| name.ends_with(e)) {
                return Ok(());
            }
            let lower = name.to_lowercase();
            if lower.contains("/printersettings/") && lower.ends_with(".bin") {
                // Names of devices, in two bytes a character.
                out.push_str(&encoding::either(bytes));
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
        let letters = mail::letters(bytes);
        let first = letters.first().map_or(bytes.len(), |(_, range)| range.start);
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
        for (name, range) in letters {
            let whole = bytes.get(range).unwrap_or_default();
            let line = whole.iter().position(|b| *b == b'\n').map_or(whole.len(), |n| n + 1);
            let (from, message) = whole.split_at(line);
            let own: Vec<String> = path.iter().cloned().chain([name]).collect();
            let text = match depth < self.limits.depth {
                true => self.letter(message, &own, depth + 1)?.map(|text| String::from_utf8_lossy(from).into_owned() + &text),
                false => Err(Reason::TooDeep),
            };
            self.say(&own, Kind::Mail, whole.len() as u64, text)?;
        }
        Ok(())
    }
}

/// Longest file that an office program leaves beside an open one.
const LOCK_MAX: usize = 4_096;

/// A delimited text whose quotes are all closed.
fn closed_quotes(text: String) -> Result<String, Reason> {
    let open = text.split('\n').fold(false, |open, line| open ^ (line.matches('"').count() % 2 == 1));
    // An inch in a field of its own is usual: only a quote that begins a field and never ends one is a fault.
    let begins = |line: &str| line.starts_with('"') || [",\"", ";\"", "\t\""].iter().any(|s| line.contains(s));
    if open && text.lines().any(begins) { Err(Reason::Damaged) } else { Ok(text) }
}
