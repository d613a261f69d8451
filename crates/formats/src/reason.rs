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
    /// XML that names entities elsewhere.
    ExternalEntity,
    /// A picture or a scan: not read, which is not the same as nothing in it.
    NoText,
    /// Not a kind that is known.
    UnknownKind,
    /// Not a compression that is known.
    UnknownMethod,
    /// Packed more tightly than anything usual.
    RatioTooHigh,
    /// Sizes that contradict each other or the data.
    SizeForged,
    /// Names that contradict each other.
    NameForged,
    /// An object that has one key twice: which of them counts is not known.
    DuplicateKey,
    /// Bytes of no one encoding.
    BadEncoding,
    /// Two members with the same bytes.
    OverlappingMembers,
    /// Two members with the same name.
    DuplicateMember,
    /// A name that leads out of its folder.
    PathTraversal,
    /// A link: never followed.
    Link,
    /// A device or pipe.
    SpecialMember,
    /// Something behind the end of a stream.
    TrailingBytes,
    /// Reading or writing failed.
    Unreadable,
    /// The disk has no room for what is written.
    NoRoom,
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
            Reason::ExternalEntity => "external_entity",
            Reason::NoText => "no_text",
            Reason::UnknownKind => "unknown_kind",
            Reason::UnknownMethod => "unknown_method",
            Reason::RatioTooHigh => "ratio_too_high",
            Reason::SizeForged => "size_forged",
            Reason::NameForged => "name_forged",
            Reason::DuplicateKey => "duplicate_key",
            Reason::BadEncoding => "bad_encoding",
            Reason::OverlappingMembers => "overlapping_members",
            Reason::DuplicateMember => "duplicate_member",
            Reason::PathTraversal => "path_traversal",
            Reason::Link => "link",
            Reason::SpecialMember => "special_member",
            Reason::TrailingBytes => "trailing_bytes",
            Reason::Unreadable => "file_unreadable",
            Reason::NoRoom => "disk_full",
        }
    }
}

impl From<std::io::Error> for Reason {
    fn from(error: std::io::Error) -> Reason {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Reason::NoRoom,
            _ => Reason::Unreadable,
        }
    }
}
