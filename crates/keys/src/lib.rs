//! Key files under a passphrase, and a root key split into shares that people can keep on paper: bytes in, bytes out, randomness as an argument.

mod keyfile;
mod passphrase;

pub use keyfile::KeyFile;
pub use passphrase::Passphrase;
