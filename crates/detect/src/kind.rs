//! What a value or a column's name can be found to be.

/// The kind of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Resident identity number (GB 11643).
    ResidentId,
    /// Mobile number of mainland China.
    Mobile,
    /// E-mail address.
    Email,
    /// Bank card number (Luhn and a known beginning).
    BankCard,
    /// Unified social credit code (GB 32100).
    Uscc,
}

impl Kind {
    /// The word as it stands in inventories.
    pub fn word(self) -> &'static str {
        match self {
            Kind::ResidentId => "resident_id",
            Kind::Mobile => "mobile",
            Kind::Email => "email",
            Kind::BankCard => "bank_card",
            Kind::Uscc => "uscc",
        }
    }
}
