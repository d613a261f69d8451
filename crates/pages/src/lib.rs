//! The program behind the offline pages: verifies dossiers, signs approvals, opens packages and signs receipts, in a page without network.

#[cfg(target_family = "wasm")]
mod abi;
mod approving;
mod desk;
mod receiving;
mod verifying;

pub use desk::{Desk, Random};
