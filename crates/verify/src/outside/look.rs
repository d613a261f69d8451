//! One file as it lies, and everything in it as it unpacks and as it reads; where something stays packed, that is said.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek};
use std::path::Path;

use formats::{HEAD, Heard, Kind, Leaf, Limits, Reason, kind};

use super::files::why;
use super::packed::{behind, is_kept_shut, large_member, unzlib};
use super::sought::Sought;

/// What is followed at most: members are held in memory, and larger ones are streamed.
const LIMITS: Limits = Limits { depth: 6, members: 50_000, member_bytes: 256 << 20, total_bytes: 4 << 30, ratio: 200 };

/// Why an archive is not believed as a whole, or a member of it not taken out.
const DOUBTS: [Reason; 6] =
    [Reason::Damaged, Reason::DuplicateMember, Reason::OverlappingMembers, Reason::NameForged, Reason::SizeForged, Reason::PathTraversal];

/// How a file was looked through.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub opened: bool,
    /// Its bytes as it lies.
    pub bytes: u64,
    /// Why something in it was not looked into.
    pub unread: BTreeSet<&'static str>,
}

/// Looks through a file.
pub(super) fn look(path: &Path, sought: &mut Sought) -> Seen {
    let mut look = Look { sought, seen: Seen::default(), left: LIMITS.total_bytes };
    if let Err(e) = look.file(path) {
        look.seen.unread.insert(why(&e));
    }
    look.seen
}

/// A search through one file.
pub(super) struct Look<'a> {
    sought: &'a mut Sought,
    pub seen: Seen,
    /// Bytes that may still be unpacked as a stream.
    left: u64,
}

impl Look<'_> {
    fn file(&mut self, path: &Path) -> io::Result<()> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut file = File::open(path)?;
        self.seen.opened = true;
        self.seen.bytes = self.sought.look_in(&file)?;
        self.inside(&name, &mut file, 0)
    }

    /// Looks into something that was looked through as it lies.
    fn inside(&mut self, name: &str, input: &mut (impl Read + Seek), deep: usize) -> io::Result<()> {
        if !self.shut(name, input, deep)? {
            input.rewind()?;
            return self.read(name, input, deep);
        }
        Ok(())
    }

    /// Opens what no reader of formats does; whether nothing is left to be read of it but its bytes.
    fn shut(&mut self, name: &str, input: &mut (impl Read + Seek), deep: usize) -> io::Result<bool> {
        input.rewind()?;
        let mut head = Vec::new();
        input.take(HEAD as u64).read_to_end(&mut head)?;
        let kind = kind(name, &head);
        if is_kept_shut(&head) {
            self.seen.unread.insert("packed");
        }
        unzlib(self, input, &head)?;
        if !matches!(kind, Kind::Zip | Kind::Tar | Kind::Gzip) {
            self.behind(input, deep)?;
        }
        Ok(kind == Kind::Unknown)
    }

    /// Opens an archive that stands behind other bytes: readers of archives begin at the end.
    fn behind(&mut self, input: &mut (impl Read + Seek), deep: usize) -> io::Result<()> {
        let Some(archive) = behind(input)? else { return Ok(()) };
        let Ok(mut archive) = archive else {
            self.unread(Reason::Damaged);
            return Ok(());
        };
        if deep >= LIMITS.depth || archive.len() > LIMITS.members {
            self.unread(if deep >= LIMITS.depth { Reason::TooDeep } else { Reason::TooManyMembers });
            return Ok(());
        }
        for i in 0..archive.len() {
            let Ok(member) = archive.by_index(i) else {
                self.unread(Reason::Damaged);
                continue;
            };
            let name = member.name().map_or_else(|_| String::new(), |n| n.into_owned());
            self.sought.text(&name);
            let (mut bytes, most) = (Vec::new(), LIMITS.member_bytes.min(self.left));
            match member.take(most + 1).read_to_end(&mut bytes) {
                Ok(n) if n as u64 > most => self.unread(Reason::TooLarge),
                Ok(n) => {
                    self.left -= n as u64;
                    self.sought.look(&bytes);
                    self.inside(&name, &mut Cursor::new(bytes), deep + 1)?;
                }
                Err(_) => self.unread(Reason::Damaged),
            }
        }
        Ok(())
    }

    /// Looks through everything that can be read in it.
    fn read(&mut self, name: &str, input: &mut (impl Read + Seek), deep: usize) -> io::Result<()> {
        let limits = Limits { depth: LIMITS.depth - deep.min(LIMITS.depth), ..LIMITS };
        let (mut large, mut doubtful) = (BTreeSet::new(), false);
        let heard = formats::heard(name, &mut *input, limits, &mut |heard| {
            match heard {
                Heard::Member(name, bytes) => {
                    self.sought.look(bytes);
                    self.shut(name, &mut Cursor::new(bytes), deep + 1)?;
                }
                Heard::Leaf(leaf) => {
                    doubtful |= leaf.path.len() <= 1 && leaf.text.as_ref().is_err_and(|reason| DOUBTS.contains(reason));
                    self.leaf(leaf, &mut large);
                }
            }
            Ok(())
        });
        if let Err(reason) = heard {
            self.unread(reason);
        }
        if doubtful {
            // What contradicts itself is opened all the same, as a reader does that does not mind.
            self.behind(input, deep)?;
        }
        for path in large {
            if !large_member(self, name, input, &path)? {
                self.unread(Reason::TooLarge);
            }
        }
        Ok(())
    }

    fn leaf(&mut self, leaf: Leaf, large: &mut BTreeSet<Vec<String>>) {
        leaf.path.iter().for_each(|name| self.sought.text(name));
        match leaf.text {
            Ok(text) => self.sought.text(&text),
            Err(Reason::TooLarge | Reason::RatioTooHigh) if leaf.path.len() <= 1 => drop(large.insert(leaf.path)),
            Err(reason) if is_seen_as_it_lies(leaf.kind, leaf.bytes, reason) => {}
            Err(reason) => self.unread(reason),
        }
    }

    pub(super) fn unread(&mut self, reason: Reason) {
        self.seen.unread.insert(reason.code());
    }

    /// Looks through what a stream unpacks to; whether there is anything and it came to its end.
    pub(super) fn stream(&mut self, input: impl Read) -> bool {
        let mut bounded = input.take(self.left + 1);
        let read = self.sought.look_in(&mut bounded);
        self.left = bounded.limit().saturating_sub(1);
        match read {
            Ok(_) if bounded.limit() == 0 => self.unread(Reason::TooLarge),
            Ok(n) => return n > 0,
            Err(_) => self.unread(Reason::Damaged),
        }
        false
    }
}

/// Whether nothing is hidden in what could not be read: its bytes are what it says, and were looked through.
pub(super) fn is_seen_as_it_lies(kind: Kind, bytes: u64, reason: Reason) -> bool {
    let plain = matches!(kind, Kind::Unknown | Kind::Text | Kind::Delimited | Kind::LockFile);
    match reason {
        // Without bytes it is something that is embedded in another.
        Reason::UnknownKind => kind == Kind::Unknown && bytes > 0,
        Reason::BadEncoding => plain || matches!(kind, Kind::Json | Kind::JsonLines),
        Reason::Damaged => matches!(kind, Kind::Text | Kind::Delimited),
        Reason::Link | Reason::SpecialMember => bytes == 0,
        _ => false,
    }
}
