//! Key files under a passphrase, and a root key split into shares that people can keep on paper: bytes in, bytes out, randomness as an argument.

mod keyfile;
mod passphrase;
mod words;

pub use keyfile::KeyFile;
pub use passphrase::Passphrase;
pub use words::{SHARE_BYTES, WordFault, from_words, share_from_text, share_text, to_words};
