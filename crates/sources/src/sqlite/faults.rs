//! SQLite's errors as faults: never its own message, which may quote SQL and values.

use rusqlite::{Error, ErrorCode};
use terms::{Fault, Place};

use crate::server::VALUE_MAX;

/// What the library says where a disk has no room: writing, cutting off, making room for shared memory (sqlite.org/rescode).
const NO_ROOM: [i32; 3] = [778, 1_546, 4_874];

fn extended(error: &Error) -> i32 {
    error.sqlite_error().map_or(0, |e| e.extended_code)
}

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
        Some(ErrorCode::SystemIoFailure) if NO_ROOM.contains(&extended(error)) => Fault::new("disk_full").retry(),
        Some(ErrorCode::TooBig) => Fault::new("value_too_long").with("most", VALUE_MAX >> 20),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => Fault::new("database_read_only"),
        Some(ErrorCode::ConstraintViolation) => Fault::new("constraint_refused"),
        _ => Fault::new("database_error"),
    };
    fault.with("place", place)
}
