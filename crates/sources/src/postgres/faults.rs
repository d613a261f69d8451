//! PostgreSQL's errors as faults: never its own message, which quotes values (`Key (phone)=(…) already exists`).

use terms::{Fault, Place};
use tokio_postgres::Error;

/// The fault of an error at a place.
pub(super) fn fault(error: &Error, place: &Place) -> Fault {
    let Some(state) = error.code() else {
        let code = if error.is_closed() || is_io(error) { "connection_lost" } else { "server_unreachable" };
        return Fault::new(code).with("place", place).retry();
    };
    let (code, retry) = match state.code() {
        "42501" => ("right_missing", false),
        "28000" | "28P01" => ("login_refused", false),
        "3D000" => ("database_missing", false),
        "55P03" => ("lock_timeout", true),
        "57014" => ("statement_timeout", true),
        "40P01" | "40001" => ("deadlock", true),
        "53100" | "58030" => ("disk_full", true),
        "57P01" | "57P02" | "57P03" | "57P04" | "53300" => ("server_stopping", true),
        "25006" => ("server_is_standby", false),
        "42P01" | "42703" | "3F000" => ("schema_changed", true),
        "55006" | "55000" => ("database_locked", true),
        s if s.starts_with("23") => ("constraint_refused", false),
        s if s.starts_with("08") => ("connection_lost", true),
        s => {
            let fault = Fault::new("server_error").with("state", s).with("place", place);
            return fault;
        }
    };
    let fault = Fault::new(code).with("place", place);
    if retry { fault.retry() } else { fault }
}

fn is_io(error: &Error) -> bool {
    let source = std::error::Error::source(error);
    source.is_some_and(|s| s.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() != std::io::ErrorKind::ConnectionRefused))
}
