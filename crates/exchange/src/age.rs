//! The age format, version 1, for one X25519 recipient (age-encryption.org/v1): any `age` program opens what is written here.

use std::io::{self, Read, Write};

use bech32::{Bech32, Hrp};
use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::{Aead, KeyInit};
use hmac::{Hmac, Mac};
use ledger::b64;
use sha2::Sha256;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

const INTRO: &str = "age-encryption.org/v1\n";
/// Bytes of a chunk of plain text.
const CHUNK: usize = 65_536;
const TAG: usize = 16;
/// Most bytes of a header: one stanza is 100, others may add theirs.
const HEADER_MAX: usize = 1 << 16;

type Key = Zeroizing<[u8; 32]>;

/// HKDF-SHA256 with one block of output (RFC 5869).
fn hkdf(salt: &[u8], input: &[u8], info: &str) -> Option<Key> {
    let mac = |key: &[u8], message: &[&[u8]]| {
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).ok()?;
        message.iter().for_each(|m| mac.update(m));
        Some(Zeroizing::new(<[u8; 32]>::from(mac.finalize().into_bytes())))
    };
    mac(&*mac(salt, &[input])?, &[info.as_bytes(), &[1]])
}

fn header_mac(file_key: &[u8], header: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&*hkdf(&[], file_key, "header")?).ok()?;
    mac.update(header);
    Some(mac)
}

fn nonce(chunk: u64, last: bool) -> [u8; 12] {
    let mut out = [0u8; 12];
    let tail = chunk.to_be_bytes().into_iter().chain([u8::from(last)]);
    out.iter_mut().skip(3).zip(tail).for_each(|(to, from)| *to = from);
    out
}

fn cipher(key: &[u8; 32]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(key.into())
}

fn bare(text: String) -> String {
    text.trim_end_matches('=').to_owned()
}

/// base64 without padding, canonical.
fn from_bare(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let padded = format!("{text}{}", "=".repeat((4 - text.len() % 4) % 4));
    b64::from_std(&padded).filter(|b| bare(b64::std(b)) == text)
}

/// Who a file is encrypted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipient([u8; 32]);

impl Recipient {
    /// The recipient of an `age1…` text.
    pub fn parse(text: &str) -> Option<Recipient> {
        let (hrp, bytes) = bech32::decode(text).ok()?;
        let key: [u8; 32] = bytes.try_into().ok()?;
        (hrp.as_str() == "age").then_some(Recipient(key)).filter(|r| r.text() == text)
    }

    /// `age1…`
    pub fn text(&self) -> String {
        Hrp::parse("age").ok().and_then(|hrp| bech32::encode::<Bech32>(hrp, &self.0).ok()).unwrap_or_default()
    }
}

/// The secret of a recipient.
pub struct Identity(StaticSecret);

impl Identity {
    /// The identity that goes with a signing seed: one key file serves both, and neither secret tells the other.
    pub fn of_seed(seed: &[u8; 32]) -> Identity {
        Identity(StaticSecret::from(ledger::keyed(seed, "age-identity", &[])))
    }

    /// To whom files are encrypted for it.
    pub fn recipient(&self) -> Recipient {
        Recipient(PublicKey::from(&self.0).to_bytes())
    }

    /// `AGE-SECRET-KEY-1…`, for other programs of the format.
    pub fn text(&self) -> Zeroizing<String> {
        let text = Hrp::parse("age-secret-key-").ok().and_then(|hrp| bech32::encode_upper::<Bech32>(hrp, &self.0.to_bytes()).ok());
        Zeroizing::new(text.unwrap_or_default())
    }

    /// The file key of an X25519 stanza, if it is for this identity.
    fn unwrap(&self, share: &[u8], body: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let share: [u8; 32] = share.try_into().ok()?;
        if body.len() != 32 {
            return None;
        }
        let shared = self.0.diffie_hellman(&PublicKey::from(share)).to_bytes();
        let key = wrap_key(&shared, &share, &self.recipient().0)?;
        cipher(&key).decrypt(&[0; 12].into(), body).ok().map(Zeroizing::new)
    }
}

fn wrap_key(shared: &[u8; 32], share: &[u8; 32], recipient: &[u8; 32]) -> Option<Key> {
    if shared.iter().all(|b| *b == 0) {
        return None;
    }
    let salt: Vec<u8> = share.iter().chain(recipient).copied().collect();
    hkdf(&salt, shared, "age-encryption.org/v1/X25519")
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// Encrypts what is written into it; [`Encryptor::finish`] writes the last chunk.
pub struct Encryptor<W: Write> {
    out: W,
    cipher: ChaCha20Poly1305,
    room: Zeroizing<Vec<u8>>,
    chunk: u64,
}

impl<W: Write> Encryptor<W> {
    /// Writes the header; `drawn` is 64 random bytes: ephemeral secret, file key, nonce.
    ///
    /// # Errors
    /// If it cannot be written, or the recipient is no good point.
    pub fn new(mut out: W, recipient: &Recipient, drawn: &Zeroizing<[u8; 64]>) -> io::Result<Encryptor<W>> {
        let weak = || broken("the recipient's key is no good key");
        let (secret, rest) = drawn.split_first_chunk::<32>().ok_or_else(weak)?;
        let (file_key, payload_nonce) = rest.split_first_chunk::<16>().ok_or_else(weak)?;
        let secret = StaticSecret::from(*secret);
        let share = PublicKey::from(&secret).to_bytes();
        let shared = secret.diffie_hellman(&PublicKey::from(recipient.0)).to_bytes();
        let key = wrap_key(&shared, &share, &recipient.0).ok_or_else(weak)?;
        let body = cipher(&key).encrypt(&[0; 12].into(), file_key.as_slice()).map_err(|_| weak())?;
        let header = format!("{INTRO}-> X25519 {}\n{}\n---", bare(b64::std(&share)), bare(b64::std(&body)));
        let mac = header_mac(file_key, header.as_bytes()).ok_or_else(weak)?.finalize().into_bytes();
        out.write_all(header.as_bytes())?;
        out.write_all(format!(" {}\n", bare(b64::std(&mac))).as_bytes())?;
        out.write_all(payload_nonce)?;
        let payload = hkdf(payload_nonce, file_key, "payload").ok_or_else(weak)?;
        Ok(Encryptor { out, cipher: cipher(&payload), room: Zeroizing::new(Vec::with_capacity(CHUNK)), chunk: 0 })
    }

    fn seal(&mut self, last: bool) -> io::Result<()> {
        let sealed = self.cipher.encrypt(&nonce(self.chunk, last).into(), self.room.as_slice()).map_err(|_| broken("sealing failed"))?;
        self.out.write_all(&sealed)?;
        self.room.clear();
        self.chunk += 1;
        Ok(())
    }

    /// Writes the last chunk and gives the output back.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

impl<W: Write> Write for Encryptor<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk is sealed only once more comes: the last one is marked as such.
        if self.room.len() == CHUNK && !bytes.is_empty() {
            self.seal(false)?;
        }
        let take = bytes.len().min(CHUNK - self.room.len());
        self.room.extend_from_slice(bytes.get(..take).unwrap_or_default());
        Ok(take)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Decrypts what it reads; a file that was cut or changed is an error, never an end.
pub struct Decryptor<R: Read> {
    from: R,
    cipher: ChaCha20Poly1305,
    sealed: Vec<u8>,
    plain: Zeroizing<Vec<u8>>,
    at: usize,
    chunk: u64,
    done: bool,
}

impl<R: Read> Decryptor<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// If it is none of this format, was changed, or is for somebody else.
    pub fn new(mut from: R, identity: &Identity) -> io::Result<Decryptor<R>> {
        let (file_key, payload_nonce) = header(&mut from, identity)?;
        let payload = hkdf(&payload_nonce, &file_key, "payload").ok_or_else(|| broken("not an age file"))?;
        let mut out = Decryptor {
            from,
            cipher: cipher(&payload),
            sealed: Vec::new(),
            plain: Zeroizing::new(Vec::new()),
            at: 0,
            chunk: 0,
            done: false,
        };
        out.fill()?;
        Ok(out)
    }

    /// Makes sure that one chunk and a byte of the next are there, or the end.
    fn fill(&mut self) -> io::Result<()> {
        let want = (CHUNK + TAG + 1).saturating_sub(self.sealed.len()) as u64;
        self.from.by_ref().take(want).read_to_end(&mut self.sealed).map(|_| ())
    }

    fn next(&mut self) -> io::Result<()> {
        let last = self.sealed.len() <= CHUNK + TAG;
        let len = self.sealed.len().min(CHUNK + TAG);
        let rest = self.sealed.split_off(len);
        let plain = self.cipher.decrypt(&nonce(self.chunk, last).into(), self.sealed.as_slice());
        self.plain = plain.map(Zeroizing::new).map_err(|_| broken("the file was cut or changed"))?;
        if last && self.plain.is_empty() && self.chunk > 0 {
            return Err(broken("the file was cut or changed"));
        }
        (self.sealed, self.at, self.done) = (rest, 0, last);
        self.chunk += 1;
        if last { Ok(()) } else { self.fill() }
    }
}

impl<R: Read> Read for Decryptor<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        while self.at == self.plain.len() {
            if self.done {
                return Ok(0);
            }
            self.next()?;
        }
        let n = self.plain.get(self.at..).unwrap_or_default().read(room)?;
        self.at += n;
        Ok(n)
    }
}

/// File key and payload nonce of a header.
fn header(from: &mut impl Read, identity: &Identity) -> io::Result<(Zeroizing<Vec<u8>>, [u8; 16])> {
    let not = || broken("not an age file");
    let mut whole = Vec::new();
    let mut line = || -> io::Result<(usize, Vec<u8>)> {
        let begin = whole.len();
        let mut byte = [0u8; 1];
        loop {
            from.read_exact(&mut byte).map_err(|_| not())?;
            whole.extend_from_slice(&byte);
            if byte == [b'\n'] {
                return Ok((begin, whole.get(begin..whole.len() - 1).unwrap_or_default().to_vec()));
            }
            if whole.len() > HEADER_MAX {
                return Err(not());
            }
        }
    };
    if line()?.1 != INTRO.trim_end().as_bytes() {
        return Err(not());
    }
    let mut file_key = None;
    let (end, mac) = loop {
        let (begin, text) = line()?;
        if let Some(mac) = text.strip_prefix(b"--- ") {
            break (begin + 3, from_bare(mac).ok_or_else(not)?);
        }
        let args = text.strip_prefix(b"-> ").ok_or_else(not)?.to_vec();
        let mut body = Vec::new();
        loop {
            let (_, part) = line()?;
            let (short, long) = (part.len() < 64, part.len() > 64);
            body.extend_from_slice(&part);
            if long {
                return Err(not());
            }
            if short {
                break;
            }
        }
        if let (None, Some(share)) = (&file_key, args.strip_prefix(b"X25519 ")) {
            let (share, body) = (from_bare(share).ok_or_else(not)?, from_bare(&body).ok_or_else(not)?);
            file_key = identity.unwrap(&share, &body);
        }
    };
    let file_key = file_key.ok_or_else(|| io::Error::new(io::ErrorKind::PermissionDenied, "encrypted to somebody else"))?;
    let signed = whole.get(..end).unwrap_or_default();
    header_mac(&file_key, signed).and_then(|m| m.verify_slice(&mac).ok()).ok_or_else(|| broken("the header was changed"))?;
    let mut payload_nonce = [0u8; 16];
    from.read_exact(&mut payload_nonce).map_err(|_| not())?;
    Ok((file_key, payload_nonce))
}

#[cfg(test)]
#[path = "tests/age.rs"]
mod tests;
