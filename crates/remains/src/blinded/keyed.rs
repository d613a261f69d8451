//! Keyed hashes of many places at once: whoever has no key learns nothing from them.

use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};
use aes::{Aes128Enc, Block};
use zeroize::Zeroizing;

use super::key::BlindKey;

/// Bytes of a block.
const BLOCK: usize = 16;

/// What is hashed; the same bytes have unrelated hashes as one and as another.
#[derive(Clone, Copy, Debug)]
pub(super) enum Of {
    /// A window of strings of the shape of this number.
    Window(u8),
    /// A run of windows of strings of the shape of this number.
    Run(u8),
    /// A needle as a whole.
    Whole,
    /// Places of a table of ends of windows of the shape of this number.
    Ends(u8),
    /// Nothing but the key: by it a file says which key is its own.
    Check,
}

/// The first 64 bits of a CBC-MAC by AES-128 of strings of one length: as they are all equally long, a pseudorandom function (Bellare, Kilian, Rogaway 2000).
/// Each kind and each length has a key of its own, the block of its label encrypted under the key of all. The key is wiped when this is dropped.
pub(super) struct Keyed {
    cipher: Aes128Enc,
    len: usize,
}

impl Keyed {
    /// Hashes of strings of so many bytes, at most 255.
    pub(super) fn new(key: &BlindKey, of: Of, len: usize) -> Keyed {
        let (kind, shape) = match of {
            Of::Window(shape) => (1, shape),
            Of::Run(shape) => (2, shape),
            Of::Whole => (3, 0),
            Of::Ends(shape) => (4, shape),
            Of::Check => (5, 0),
        };
        let mut label = [0; BLOCK];
        let [first, second, third, ..] = &mut label;
        (*first, *second, *third) = (kind, shape, u8::try_from(len).unwrap_or_default());
        let mut own = Zeroizing::new(label);
        Aes128Enc::new(key.bytes().into()).encrypt_block((&mut *own).into());
        Keyed { cipher: Aes128Enc::new((&*own).into()), len }
    }

    /// Writes the hashes of the strings at these places: at once, for the processor works on many at a time. What reaches beyond the end has
    /// a hash that means nothing.
    pub(super) fn hashes(&self, bytes: &[u8], at: &[usize], blocks: &mut Vec<Block>, out: &mut Vec<u64>) {
        blocks.clear();
        blocks.extend(at.iter().map(|at| xored(Block::default(), bytes, *at, self.mask(0))));
        self.cipher.encrypt_blocks(blocks);
        for done in (0..self.len).step_by(BLOCK).skip(1) {
            for (block, at) in blocks.iter_mut().zip(at) {
                *block = xored(*block, bytes, at + done, self.mask(done));
            }
            self.cipher.encrypt_blocks(blocks);
        }
        out.clear();
        out.extend(blocks.iter().map(start));
    }

    /// A number by which a key is known again.
    pub(super) fn check(key: &BlindKey) -> u64 {
        Keyed::new(key, Of::Check, BLOCK).all(&[0; BLOCK], &[0]).first().copied().unwrap_or_default()
    }

    /// The same in room of its own.
    pub(super) fn all(&self, bytes: &[u8], at: &[usize]) -> Vec<u64> {
        let mut out = Vec::new();
        self.hashes(bytes, at, &mut Vec::new(), &mut out);
        out
    }

    /// Which bytes of a block belong to the string after so many that came before.
    fn mask(&self, done: usize) -> u128 {
        match self.len.saturating_sub(done) {
            left if left < BLOCK => (1 << (8 * left)) - 1,
            _ => u128::MAX,
        }
    }
}

/// A block with the bytes at a place, as far as there are any.
#[inline(always)]
fn xored(block: Block, bytes: &[u8], at: usize, mask: u128) -> Block {
    let rest = bytes.get(at..).unwrap_or_default();
    let text = rest.first_chunk().copied().unwrap_or_else(|| filled(rest));
    let own = u128::from_le_bytes(block.into()) ^ u128::from_le_bytes(text) & mask;
    own.to_le_bytes().into()
}

#[cold]
fn filled(rest: &[u8]) -> [u8; BLOCK] {
    let mut out = [0; BLOCK];
    out.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    out
}

fn start(block: &Block) -> u64 {
    block.first_chunk().map_or(0, |b| u64::from_le_bytes(*b))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn places_lengths_and_purposes_have_hashes_of_their_own() {
        fn wiped<T: zeroize::ZeroizeOnDrop>() {}
        wiped::<Aes128Enc>();
        let (key, text) = (BlindKey::new(Zeroizing::new([3; 16])), [b'x'; 100]);
        let hash = |of, len, at| Keyed::new(&key, of, len).all(&text, &[at]);
        assert_eq!(hash(Of::Whole, 20, 0), hash(Of::Whole, 20, 80));
        assert_ne!(hash(Of::Whole, 20, 0), hash(Of::Whole, 20, 81), "reaches beyond the end");
        assert_eq!(hash(Of::Whole, 20, 200), hash(Of::Whole, 20, usize::MAX - 30), "nothing stands there");
        for (len, of) in [(32, Of::Whole), (20, Of::Run(3)), (20, Of::Window(3)), (20, Of::Ends(3))] {
            assert_ne!(hash(of, len, 0), hash(Of::Whole, 20, 0), "{of:?} {len}");
        }
        assert_ne!(hash(Of::Run(1), 11, 0), hash(Of::Run(2), 11, 0));
        assert_ne!(hash(Of::Run(1), 11, 0), Keyed::new(&BlindKey::new(Zeroizing::new([4; 16])), Of::Run(1), 11).all(&text, &[0]));
    }

    #[test]
    fn what_files_were_made_with_stays_what_they_are_searched_with() {
        let key = BlindKey::new(Zeroizing::new(std::array::from_fn(|i| u8::try_from(i).unwrap())));
        let of =
            |of, len| format!("{:016x}", Keyed::new(&key, of, len).all(b"person.17@example.com, 13800138000 and more than that", &[0])[0]);
        assert_eq!(
            [of(Of::Whole, 20), of(Of::Window(1), 8), of(Of::Run(1), 11), of(Of::Ends(1), 16)],
            ["7e9dc0e3376dcda3", "3089f7afaae9c642", "9ebdb07a3253c35b", "ba5b1dd79ea95aa1"]
        );
    }
}
