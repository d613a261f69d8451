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
    /// `rewrite_table`, `rewrite_file`; of a whole source `rewrite_catalogue`, `cycle_log`, `remove_binary_logs`, `write_over_undo`, `empty_server_logs`.
    pub step: String,
}

impl PurgeStep {
    /// Whether it is done once for a whole source.
    pub fn whole_source(&self) -> bool {
        !matches!(self.step.as_str(), "rewrite_table" | "rewrite_file")
    }

    /// A step during which nobody waits.
    pub fn beside(step: &str, bytes: u64, seconds: u64) -> PurgeStep {
        PurgeStep { bytes, lock: Lock::None, seconds, step: step.to_owned() }
    }

    /// A step that writes so many bytes anew at so many in a second.
    pub fn rewriting(step: &str, lock: Lock, bytes: u64, bytes_per_second: u64) -> PurgeStep {
        PurgeStep { bytes, lock, seconds: bytes.div_ceil(bytes_per_second.max(1)), step: step.to_owned() }
    }
}
