//! MariaDB's errors as faults: never its own message, which quotes values (`Duplicate entry '…' for key`).

use mysql::Error;
use terms::{Fault, Place};

/// The fault of an error at a place.
pub(super) fn fault(error: &Error, place: &Place) -> Fault {
    let (code, retry) = match error {
        Error::MySqlError(e) => match e.code {
            1044 | 1142 | 1143 | 1227 | 1370 | 1410 => ("right_missing", false),
            1045 | 1698 => ("login_refused", false),
            1049 => ("database_missing", false),
            1205 => ("lock_timeout", true),
            1969 | 3024 => ("statement_timeout", true),
            1213 => ("deadlock", true),
            3 | 14 | 20 | 1021 | 1026 | 1114 => ("disk_full", true),
            1040 | 1053 | 1203 => ("server_stopping", true),
            1290 | 1792 => ("server_is_standby", false),
            1146 | 1054 | 1412 => ("schema_changed", true),
            1048 | 1062 | 1216 | 1217 | 1364 | 1406 | 1451 | 1452 | 3819 | 4025 => ("constraint_refused", false),
            1927 | 2006 | 2013 => ("connection_lost", true),
            code => return Fault::new("server_error").with("state", code).with("place", place),
        },
        Error::IoError(e) if e.kind() == std::io::ErrorKind::ConnectionRefused => ("server_unreachable", true),
        Error::IoError(_) | Error::CodecError(_) => ("connection_lost", true),
        Error::DriverError(mysql::DriverError::CouldNotConnect(_) | mysql::DriverError::ConnectTimeout) => ("server_unreachable", true),
        _ => ("server_unreachable", true),
    };
    let fault = Fault::new(code).with("place", place);
    if retry { fault.retry() } else { fault }
}
