//! Why a file, or a part of it, is not read or not rewritten: a closed list, each with a stable code.

/// The reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Cut off, wrong checksum, missing part, broken syntax.
    Damaged,
    /// Encrypted.
    PasswordProtected,
    /// XML that declares entities.
    EntityBomb,
    /// A program is inside: what it does with cells is not known.
    HasMacros,
    /// Signed: any change would break the signature.
    Signed,
    /// A kind that is not rewritten by rows.
    WholeFileOnly,
    /// More bytes than are unpacked.
    TooLarge,
    /// Nested deeper than is followed.
    TooDeep,
    /// More members than are looked at.
    TooManyMembers,
    /// Reading or writing failed.
    Unreadable,
}

impl Reason {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Reason::Damaged => "damaged",
            Reason::PasswordProtected => "password_protected",
            Reason::EntityBomb => "entity_bomb",
            Reason::HasMacros => "has_macros",
            Reason::Signed => "signed",
            Reason::WholeFileOnly => "whole_file_only",
            Reason::TooLarge => "too_large",
            Reason::TooDeep => "too_deep",
            Reason::TooManyMembers => "too_many_members",
            Reason::Unreadable => "file_unreadable",
        }
    }
}

impl From<std::io::Error> for Reason {
    fn from(_: std::io::Error) -> Reason {
        Reason::Unreadable
    }
}
