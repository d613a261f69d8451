//! SQLite's errors as faults: never its own message, which may quote SQL and values.

use rusqlite::{Error, ErrorCode};
use terms::{Fault, Place};

/// The fault of an error at a place.
pub(crate) fn fault(error: &Error, place: &Place) -> Fault {
    let code = match error {
        Error::SqlInputError { error, .. } => Some(error.code),
        other => other.sqlite_error_code(),
    };
    let fault = match code {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Fault::new("database_locked").retry(),
        Some(ErrorCode::DatabaseCorrupt) => Fault::new("database_corrupt"),
        Some(ErrorCode::NotADatabase) => Fault::new("not_a_database"),
        Some(ErrorCode::DiskFull) => Fault::new("disk_full").retry(),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => Fault::new("database_read_only"),
        Some(ErrorCode::ConstraintViolation) => Fault::new("constraint_refused"),
        _ => Fault::new("database_error"),
    };
    fault.with("place", place)
}
