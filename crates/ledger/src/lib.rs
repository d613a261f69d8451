//! The arithmetic of evidence: domain strings, canonical lines, keys, Merkle trees, checkpoints, seals, outcome pages, the canonical zip. No storage, no clock, no randomness.

pub mod b64;
mod bytes;
mod entry;
mod key;
mod note;
mod pages;
mod seal;
mod statement;
mod tree;
mod vkey;
pub mod zip;

pub use bytes::{LongSha256, body_commitment, domain, keyed, pae, sha256, tagged_hash};
pub use entry::{ENTRY_TYPE, Entry, LINE_MAX, LineError, Sig, leaf_of};
pub use key::{ED25519, Kid, PublicKey, Signer, kid_of};
pub use note::{Checkpoint, NoteError, SignedNote};
pub use pages::{page_root, uniform_root};
pub use seal::{Commitment, commitment, order_key, positions, row_key, subject_key, subject_leaf};
pub use statement::{APPROVAL_TYPE, approval_message, check_number};
pub use tree::{Frontier, consistency_holds, consistency_proof, inclusion_holds, inclusion_proof, leaf_hash, node_hash, root};
pub use vkey::Vkey;
