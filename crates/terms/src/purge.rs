//! What cleaning up after an erasure costs others: announced in the plan, and approved with it.

use serde::{Deserialize, Serialize};

use crate::Lock;

/// A step of the purge of a data set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurgeStep {
    /// Free disk that it needs meanwhile, in bytes.
    pub bytes: u64,
    /// Who waits meanwhile.
    pub lock: Lock,
    /// How long it takes, in seconds, by the rate that was measured (docs/why/residue.md).
    pub seconds: u64,
    /// `rewrite_table`, `rewrite_catalogue`, `rewrite_file`.
    pub step: String,
}

impl PurgeStep {
    /// A step that writes so many bytes anew at so many in a second.
    pub fn rewriting(step: &str, lock: Lock, bytes: u64, bytes_per_second: u64) -> PurgeStep {
        PurgeStep { bytes, lock, seconds: bytes.div_ceil(bytes_per_second.max(1)), step: step.to_owned() }
    }
}
