//! Keys, slot file, sealed files, per-person archives and their end: the only place where Custody keeps personal data.

mod archive;
mod coding;
mod frequency;
mod holder;
mod keyfiles;
mod pieces;
mod random;
mod range;
mod root;
mod sealed;
mod shred;
mod slots;
mod varint;
mod vault;
#[cfg(test)]
#[path = "tests/vectors.rs"]
mod vectors;

pub use archive::{ArchiveReader, ArchiveWriter, Unit};
pub use holder::Holder;
pub use keyfiles::{load_key_file, save_key_file};
pub use random::{random, random_key};
pub use root::{MADE, Share, Wrapped, has_root, join_root, split_root};
pub use sealed::write_private;
pub use shred::{ShredPlan, ShredSeen, shred};
pub use slots::{Key, SLOT_NOBODY, Slots, slot_file_header};
pub use vault::Vault;
