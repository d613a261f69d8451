//! Checkpoints as C2SP signed notes (tlog-checkpoint): origin, size, root, signature lines.

use crate::b64;
use crate::key::Signer;
use crate::vkey::Vkey;

/// Most bytes of a note.
const NOTE_MAX: usize = 64 * 1024;

/// A head of the log: its origin, size and root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// `custody/` and 26 random base32 digits.
    pub origin: String,
    /// Leaves.
    pub size: u64,
    /// Root over them.
    pub root: [u8; 32],
}

/// A checkpoint with its signature lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNote {
    /// What is signed.
    pub checkpoint: Checkpoint,
    /// (name, key hash, signature) of each line, in order.
    pub signatures: Vec<(String, [u8; 4], Vec<u8>)>,
}

/// Why a note is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteError(pub &'static str);

impl std::fmt::Display for NoteError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "not a checkpoint: {}", self.0)
    }
}

impl std::error::Error for NoteError {}

impl Checkpoint {
    /// The text that is signed, through the root line's newline.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, b64::std(&self.root))
    }

    /// The note signed by the log key.
    pub fn sign(&self, log: &Signer) -> String {
        let vkey = Vkey { name: self.origin.clone(), key: log.public() };
        let mut bytes = vkey.hash().to_vec();
        bytes.extend_from_slice(&log.sign(self.text().as_bytes()));
        format!("{}\n\u{2014} {} {}\n", self.text(), self.origin, b64::std(&bytes))
    }
}

impl SignedNote {
    /// The note of that text, refusing whatever is not its canonical form.
    ///
    /// # Errors
    /// If a line is missing, malformed, has extensions, or base64 is not canonical.
    pub fn parse(note: &str) -> Result<SignedNote, NoteError> {
        if note.len() > NOTE_MAX {
            return Err(NoteError("too long"));
        }
        let (text, signatures) = note.split_once("\n\n").ok_or(NoteError("no empty line before the signatures"))?;
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root), None) = (lines.next(), lines.next(), lines.next(), lines.next()) else {
            return Err(NoteError("a checkpoint has three lines"));
        };
        if origin.is_empty() || origin.chars().any(|c| c.is_whitespace() || c == '+' || c.is_control()) {
            return Err(NoteError("the origin"));
        }
        let number: u64 = size.parse().map_err(|_| NoteError("the size"))?;
        if number.to_string() != size {
            return Err(NoteError("the size"));
        }
        let root: [u8; 32] = b64::from_std(root).and_then(|b| b.try_into().ok()).ok_or(NoteError("the root"))?;
        if number == 0 && root != crate::bytes::sha256(&[]) {
            return Err(NoteError("the root of an empty tree"));
        }
        let signatures = parse_signatures(signatures)?;
        Ok(SignedNote { checkpoint: Checkpoint { origin: origin.to_owned(), size: number, root }, signatures })
    }

    /// Whether that key signed it: every line of its name and hash must verify, and there must be one.
    pub fn signed_by(&self, vkey: &Vkey) -> bool {
        let text = self.checkpoint.text();
        let mut lines = self.signatures.iter().filter(|(n, h, _)| *n == vkey.name && *h == vkey.hash()).peekable();
        lines.peek().is_some()
            && lines.all(|(_, _, sig)| <[u8; 64]>::try_from(sig.as_slice()).is_ok_and(|s| vkey.key.verifies(text.as_bytes(), &s)))
    }
}

fn parse_signatures(text: &str) -> Result<Vec<(String, [u8; 4], Vec<u8>)>, NoteError> {
    let body = text.strip_suffix('\n').ok_or(NoteError("no newline at the end"))?;
    let mut out = Vec::new();
    for line in body.split('\n') {
        let wrong = NoteError("a signature line");
        let (name, sig) = line.strip_prefix("\u{2014} ").and_then(|l| l.split_once(' ')).ok_or(wrong.clone())?;
        let bytes = b64::from_std(sig).ok_or(wrong.clone())?;
        let (hash, sig) = bytes.split_first_chunk::<4>().ok_or(wrong.clone())?;
        if name.is_empty() || name.contains('+') || name.chars().any(char::is_whitespace) || sig.is_empty() {
            return Err(wrong);
        }
        out.push((name.to_owned(), *hash, sig.to_vec()));
    }
    Ok(out)
}
