//! Strong identifiers: what points to one person wherever it stands.

use detect::Kind;

/// A strong identifier as a keyed digest (the key lives in the vault).
pub type Identifier = [u8; 16];

/// Whether a kind points to one person. Unified social credit codes point to companies.
pub fn strong(kind: Kind) -> bool {
    matches!(kind, Kind::ResidentId | Kind::Mobile | Kind::Email | Kind::BankCard)
}
