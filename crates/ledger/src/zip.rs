//! The canonical zip: one byte string for one list of members, so that any flipped bit shows (EVIDENCE §11).

use std::io::{self, Read, Write};

/// Largest archive and member: 4 GiB − 1 (no Zip64).
pub const BYTES_MAX: u64 = u32::MAX as u64;
/// Most members.
pub const MEMBERS_MAX: usize = 65_534;

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const DATE: u16 = 0x0021;
const VERSION: u16 = 20;

/// Why bytes are not a canonical zip.
#[derive(Debug)]
pub enum ZipError {
    /// Reading or writing failed.
    Io(io::Error),
    /// Not canonical: what, and the offset of the first byte that is wrong.
    Form(&'static str, u64),
}

impl std::fmt::Display for ZipError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ZipError::Io(e) => write!(f, "cannot read the archive: {}", e.kind()),
            ZipError::Form(what, at) => write!(f, "not a canonical archive: {what} at byte {at}"),
        }
    }
}

impl std::error::Error for ZipError {}

impl From<io::Error> for ZipError {
    fn from(e: io::Error) -> ZipError {
        ZipError::Io(e)
    }
}

/// A member as it lies in the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// ASCII name `[a-z0-9._/-]+`, or `README.txt`.
    pub name: String,
    /// Offset of its content.
    pub at: u64,
    /// Length of its content.
    pub len: u64,
    crc: u32,
}

/// Whether a name may stand in the archive.
pub fn name_ok(name: &str) -> bool {
    let chars = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'/' | b'-'));
    name == "README.txt"
        || (chars && (1..=200).contains(&name.len()) && name.split('/').all(|part| !part.is_empty() && part != "." && part != ".."))
}

/// CRC-32 (IEEE 802.3) of the bytes.
pub fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = Crc::default();
    crc.add(bytes);
    crc.value()
}

struct Crc {
    table: [u32; 256],
    state: u32,
}

impl Default for Crc {
    fn default() -> Crc {
        let mut table = [0u32; 256];
        for (i, entry) in (0u32..).zip(table.iter_mut()) {
            *entry = (0..8).fold(i, |c, _| if c & 1 == 1 { 0xedb8_8320 ^ (c >> 1) } else { c >> 1 });
        }
        Crc { table, state: u32::MAX }
    }
}

impl Crc {
    fn add(&mut self, bytes: &[u8]) {
        for b in bytes {
            let index = (self.state ^ u32::from(*b)) & 0xff;
            let entry = self.table.get(index as usize).copied().unwrap_or_default();
            self.state = entry ^ (self.state >> 8);
        }
    }

    fn value(&self) -> u32 {
        !self.state
    }
}

fn put16(out: &mut Vec<u8>, n: u16) {
    out.extend_from_slice(&n.to_le_bytes());
}

fn put32(out: &mut Vec<u8>, n: u32) {
    out.extend_from_slice(&n.to_le_bytes());
}

/// Fields shared by local and central header, from `version needed` to the name's length and no extra.
fn common(out: &mut Vec<u8>, name: &str, len: u32, crc: u32) {
    put16(out, VERSION);
    put16(out, 0);
    put16(out, 0);
    put16(out, 0);
    put16(out, DATE);
    put32(out, crc);
    put32(out, len);
    put32(out, len);
    put16(out, u16::try_from(name.len()).unwrap_or_default());
    put16(out, 0);
}

fn local_header(name: &str, len: u32, crc: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(30 + name.len());
    put32(&mut out, LOCAL);
    common(&mut out, name, len, crc);
    out.extend_from_slice(name.as_bytes());
    out
}

fn central_header(name: &str, len: u32, crc: u32, at: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(46 + name.len());
    put32(&mut out, CENTRAL);
    put16(&mut out, VERSION);
    common(&mut out, name, len, crc);
    put16(&mut out, 0); // comment
    put16(&mut out, 0); // disk
    put16(&mut out, 0); // internal attributes
    put32(&mut out, 0); // external attributes
    put32(&mut out, at);
    out.extend_from_slice(name.as_bytes());
    out
}

fn end_record(count: u16, len: u32, at: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(22);
    put32(&mut out, END);
    put16(&mut out, 0);
    put16(&mut out, 0);
    put16(&mut out, count);
    put16(&mut out, count);
    put32(&mut out, len);
    put32(&mut out, at);
    put16(&mut out, 0);
    out
}

/// Writes a canonical zip member by member.
pub struct Writer<W: Write> {
    out: W,
    at: u64,
    central: Vec<u8>,
    count: u16,
    names: std::collections::HashSet<String>,
}

impl<W: Write> Writer<W> {
    /// A writer onto `out`.
    pub fn new(out: W) -> Writer<W> {
        Writer { out, at: 0, central: Vec::new(), count: 0, names: std::collections::HashSet::new() }
    }

    /// Adds one member; the caller keeps the order.
    ///
    /// # Errors
    /// If the name is not allowed or stands there already, the archive grows over its limits, or writing fails.
    pub fn add(&mut self, name: &str, content: &[u8]) -> Result<(), ZipError> {
        let full = ZipError::Form("over 4 GiB or 65,534 members", self.at);
        if !name_ok(name) || !self.names.insert(name.to_owned()) {
            return Err(ZipError::Form("a member's name", self.at));
        }
        let len = u32::try_from(content.len()).map_err(|_| full)?;
        let at = u32::try_from(self.at).map_err(|_| ZipError::Form("over 4 GiB", self.at))?;
        let crc = crc32(content);
        let header = local_header(name, len, crc);
        self.out.write_all(&header)?;
        self.out.write_all(content)?;
        self.at += header.len() as u64 + u64::from(len);
        self.central.extend_from_slice(&central_header(name, len, crc, at));
        self.count =
            self.count.checked_add(1).filter(|n| usize::from(*n) <= MEMBERS_MAX).ok_or(ZipError::Form("over 65,534 members", self.at))?;
        Ok(())
    }

    /// Writes the directory and gives back the output.
    ///
    /// # Errors
    /// If the archive is over 4 GiB or writing fails.
    pub fn finish(mut self) -> Result<W, ZipError> {
        let big = |at| ZipError::Form("over 4 GiB", at);
        let at = u32::try_from(self.at).map_err(|_| big(self.at))?;
        let len = u32::try_from(self.central.len()).map_err(|_| big(self.at))?;
        let end = end_record(self.count, len, at);
        if self.at + self.central.len() as u64 + end.len() as u64 > BYTES_MAX {
            return Err(big(self.at));
        }
        self.out.write_all(&self.central)?;
        self.out.write_all(&end)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Reads an archive from its first byte to its last, rebuilding every header from names and contents.
///
/// Contents are streamed; nothing but names and numbers stays in memory.
///
/// # Errors
/// If reading fails or any byte differs from the canonical form.
pub fn scan(input: &mut impl Read) -> Result<Vec<Member>, ZipError> {
    let mut reader = Reader { input, at: 0 };
    let mut members: Vec<Member> = Vec::new();
    let mut names = std::collections::HashSet::new();
    let mut buffer = vec![0u8; 1 << 16];
    let start = loop {
        let at = reader.at;
        let signature = u32::from_le_bytes(reader.take()?);
        if signature != LOCAL {
            let central_begins = signature == CENTRAL || (signature == END && members.is_empty());
            if !central_begins {
                return Err(ZipError::Form("a header", at));
            }
            break (at, signature);
        }
        if members.len() >= MEMBERS_MAX {
            return Err(ZipError::Form("over 65,534 members", at));
        }
        let member = read_member(&mut reader, at, &mut buffer)?;
        if !names.insert(member.name.clone()) {
            return Err(ZipError::Form("two members of one name", at));
        }
        members.push(member);
    };
    check_directory(&mut reader, &members, start)?;
    Ok(members)
}

struct Reader<'a, R: Read> {
    input: &'a mut R,
    at: u64,
}

impl<R: Read> Reader<'_, R> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], ZipError> {
        let mut out = [0u8; N];
        self.fill(&mut out)?;
        Ok(out)
    }

    fn fill(&mut self, out: &mut [u8]) -> Result<(), ZipError> {
        self.input.read_exact(out).map_err(|e| match e.kind() {
            io::ErrorKind::UnexpectedEof => ZipError::Form("the archive ends too early", self.at),
            _ => ZipError::Io(e),
        })?;
        self.at += out.len() as u64;
        Ok(())
    }
}

fn read_member<R: Read>(reader: &mut Reader<'_, R>, at: u64, buffer: &mut [u8]) -> Result<Member, ZipError> {
    let rest: [u8; 26] = reader.take()?;
    let u16_at = |i: usize| u16::from_le_bytes([rest.get(i).copied().unwrap_or(0), rest.get(i + 1).copied().unwrap_or(0)]);
    let u32_at = |i: usize| u32::from(u16_at(i)) | (u32::from(u16_at(i + 2)) << 16);
    let (crc, len) = (u32_at(10), u32_at(14));
    let mut name = vec![0u8; usize::from(u16_at(22))];
    reader.fill(&mut name)?;
    let name = String::from_utf8(name).ok().filter(|n| name_ok(n)).ok_or(ZipError::Form("a member's name", at))?;
    let mut expected = Vec::with_capacity(26);
    common(&mut expected, &name, len, crc);
    if expected != rest {
        return Err(ZipError::Form("a local header", at));
    }
    let content_at = reader.at;
    let mut sum = Crc::default();
    let mut left = u64::from(len);
    while left > 0 {
        let part = usize::try_from(left.min(buffer.len() as u64)).unwrap_or_default();
        let Some(piece) = buffer.get_mut(..part) else { break };
        reader.fill(piece)?;
        sum.add(piece);
        left -= part as u64;
    }
    if sum.value() != crc {
        return Err(ZipError::Form("a member's content", content_at));
    }
    Ok(Member { name, at: content_at, len: u64::from(len), crc })
}

fn check_directory<R: Read>(reader: &mut Reader<'_, R>, members: &[Member], start: (u64, u32)) -> Result<(), ZipError> {
    let mut expected = Vec::new();
    for m in members {
        let header_at = m.at - 30 - m.name.len() as u64;
        let at = u32::try_from(header_at).map_err(|_| ZipError::Form("over 4 GiB", header_at))?;
        expected.extend_from_slice(&central_header(&m.name, u32::try_from(m.len).unwrap_or_default(), m.crc, at));
    }
    let len = u32::try_from(expected.len()).map_err(|_| ZipError::Form("over 4 GiB", start.0))?;
    let at = u32::try_from(start.0).map_err(|_| ZipError::Form("over 4 GiB", start.0))?;
    let count = u16::try_from(members.len()).map_err(|_| ZipError::Form("over 65,534 members", start.0))?;
    expected.extend_from_slice(&end_record(count, len, at));
    let mut found = start.1.to_le_bytes().to_vec();
    let mut rest = vec![0u8; expected.len().saturating_sub(4)];
    reader.fill(&mut rest)?;
    found.extend_from_slice(&rest);
    if let Some(i) = found.iter().zip(&expected).position(|(a, b)| a != b) {
        return Err(ZipError::Form("the directory", start.0 + i as u64));
    }
    let mut more = [0u8; 1];
    match reader.input.read(&mut more)? {
        0 => Ok(()),
        _ => Err(ZipError::Form("bytes after the end", reader.at)),
    }
}
