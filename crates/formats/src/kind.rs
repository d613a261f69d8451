//! What a file is, by its first bytes, and only then by its name.

/// The kind of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// No byte.
    Empty,
    /// Lines of fields with a delimiter.
    Delimited,
    /// One JSON value.
    Json,
    /// A JSON value a line.
    JsonLines,
    /// An XLSX workbook.
    Workbook,
    /// A workbook of the older kind, or an encrypted one: an OLE container.
    Ole,
    /// A DOCX document.
    Docx,
    /// A PDF document.
    Pdf,
    /// One mail.
    Mail,
    /// Mails one after the other.
    Mailbox,
    /// HTML.
    Html,
    /// Other text.
    Text,
    /// A ZIP archive.
    Zip,
    /// A TAR archive.
    Tar,
    /// A GZIP stream.
    Gzip,
    /// Columns of a table: Parquet.
    Parquet,
    /// A picture: there may be text in it, which is not read.
    Picture,
    /// What an office program leaves beside an open file.
    LockFile,
    /// Something else, or packed in a way that is not opened.
    Unknown,
}

impl Kind {
    /// The word as it stands in inventories.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Empty => "empty",
            Kind::Delimited => "delimited",
            Kind::Json => "json",
            Kind::JsonLines => "json_lines",
            Kind::Workbook => "workbook",
            Kind::Ole => "ole",
            Kind::Docx => "docx",
            Kind::Pdf => "pdf",
            Kind::Mail => "mail",
            Kind::Mailbox => "mailbox",
            Kind::Html => "html",
            Kind::Text => "text",
            Kind::Zip => "zip",
            Kind::Tar => "tar",
            Kind::Gzip => "gzip",
            Kind::Parquet => "parquet",
            Kind::Picture => "picture",
            Kind::LockFile => "lock_file",
            Kind::Unknown => "unknown",
        }
    }
}

/// Bytes that are enough to tell.
pub const HEAD: usize = 4_096;

/// The kind of a file with that name whose first bytes these are. A ZIP is told further by its members: see [`of_members`].
pub fn kind(name: &str, head: &[u8]) -> Kind {
    let lower = name.rsplit(['/', '\\']).next().unwrap_or(name).to_lowercase();
    let ends = |list: &[&str]| list.iter().any(|e| lower.ends_with(e));
    let lock = lower.starts_with("~$") || lower.starts_with(".~lock.");
    match head {
        [] if lock => Kind::LockFile,
        [] => Kind::Empty,
        _ if is_packed(head) => Kind::Unknown,
        [b'P', b'K', 3 | 5, 4 | 6, ..] => Kind::Zip,
        [0x1f, 0x8b, 8, ..] => Kind::Gzip,
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Kind::Ole,
        [0x89, b'P', b'N', b'G', ..] | [0xff, 0xd8, 0xff, ..] | [b'G', b'I', b'F', b'8', ..] | [b'B', b'M', ..] if ends(PICTURES) => {
            Kind::Picture
        }
        [0x89, b'P', b'N', b'G', ..] | [0xff, 0xd8, 0xff, ..] => Kind::Picture,
        _ if contains(head.get(..1_024).unwrap_or(head), b"%PDF-") => Kind::Pdf,
        _ if head.get(257..262) == Some(b"ustar") => Kind::Tar,
        // A TAR without members is nothing but zeros.
        _ if ends(&[".tar"]) && head.iter().all(|b| *b == 0) => Kind::Tar,
        _ if lock => Kind::LockFile,
        [b'P', b'A', b'R', b'1' | b'E', ..] if !is_text(head) => Kind::Parquet,
        _ if !is_text(head) => Kind::Unknown,
        _ => of_text(&lower, head),
    }
}

/// First bytes of archives, streams and databases that are not opened: 7z, RAR, BZIP2, XZ, LZMA, Zstandard, LZ4, LZIP, `compress`, CAB, `ar`,
/// SQLite, PostgreSQL's own dumps; and of what is encrypted: age, OpenPGP as text, LUKS, OpenSSL, KeePass.
const PACKED: &[&[u8]] = &[
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a",
    b"\xfd7zXZ",
    b"\x28\xb5\x2f\xfd",
    b"\x04\x22\x4d\x18",
    b"LZIP\x01",
    b"\x5d\0\0\x80\0",
    b"!<arch>\n",
    b"PGDMP",
    b"\x1f\x9d\x90",
    b"MSCF\0\0",
    b"SQLite format 3\0",
    b"PK\x07\x08",
    b"age-encryption.org/v1",
    b"-----BEGIN AGE ENCRYPTED FILE-----",
    b"-----BEGIN PGP MESSAGE-----",
    b"LUKS\xba\xbe",
    b"Salted__",
    b"\x03\xd9\xa2\x9a",
];

/// Whether a file begins as one that is packed or encrypted, and not opened.
pub fn is_packed(head: &[u8]) -> bool {
    let bzip = head.starts_with(b"BZh") && matches!(head.get(4..10), Some(b"1AY&SY" | b"\x17rE8P\x90"));
    // Zstandard and LZ4 may begin with a frame that is to be passed over.
    let passed = matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]);
    bzip || passed || PACKED.iter().any(|first| head.starts_with(first))
}

const PICTURES: &[&str] = &[".png", ".jpg", ".jpeg", ".gif", ".bmp"];

/// What a ZIP is by the names of its members.
pub fn of_members<'a>(mut names: impl Iterator<Item = &'a str>) -> Kind {
    let mut office = None;
    let mut types = false;
    names.by_ref().for_each(|n| {
        types |= n == "[Content_Types].xml";
        match n {
            _ if n.starts_with("xl/") => office = Some(Kind::Workbook),
            _ if n.starts_with("word/") => office = Some(Kind::Docx),
            _ => {}
        }
    });
    office.filter(|_| types).unwrap_or(Kind::Zip)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|w| w == part)
}

/// Whether bytes can be text in any usual encoding.
fn is_text(head: &[u8]) -> bool {
    if matches!(head, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0xef, 0xbb, 0xbf, ..] | [0, 0, 0xfe, 0xff, ..]) {
        return true;
    }
    let odd = head.iter().filter(|b| **b < 9 || (14..27).contains(*b) || (28..32).contains(*b)).count();
    odd == 0
}

fn of_text(lower: &str, head: &[u8]) -> Kind {
    let ends = |list: &[&str]| list.iter().any(|e| lower.ends_with(e));
    let start: Vec<u8> = head.iter().copied().skip_while(|b| b.is_ascii_whitespace() || [0xef, 0xbb, 0xbf].contains(b)).collect();
    let begins = |words: &[&str]| words.iter().any(|w| start.get(..w.len()).is_some_and(|s| s.eq_ignore_ascii_case(w.as_bytes())));
    let is_mail = || {
        let text = String::from_utf8_lossy(head);
        let headers = text.lines().take_while(|l| !l.is_empty());
        headers
            .filter(|l| {
                ["from:", "to:", "subject:", "date:", "received:", "mime-version:", "message-id:"]
                    .iter()
                    .any(|h| l.to_lowercase().starts_with(h))
            })
            .count()
            >= 2
    };
    match () {
        () if begins(&["{\\rtf"]) => Kind::Unknown,
        () if ends(&[".csv", ".tsv", ".tab"]) => Kind::Delimited,
        () if ends(&[".jsonl", ".ndjson"]) => Kind::JsonLines,
        () if ends(&[".json"]) => Kind::Json,
        () if ends(&[".mbox", ".mbx"]) || (begins(&["From "]) && is_mail()) => Kind::Mailbox,
        () if ends(&[".eml"]) || is_mail() => Kind::Mail,
        () if ends(&[".html", ".htm", ".xhtml", ".xml", ".svg"]) || begins(&["<!doctype html", "<html", "<?xml"]) => Kind::Html,
        () => Kind::Text,
    }
}
