//! A step that failed and may be tried again ends in a receipt too: which order, why, and who was in the way.

use std::collections::BTreeMap;

use case::{By, Command, Event, ExceptionRecorded};
use terms::Fault;
use terms::json::json;

use crate::workspace::Workspace;

/// What a recorded failure is called.
pub(crate) const FAILED: &str = "failed_retryable";

/// Records what stopped orders that were given; they stay open, and the next run goes on.
pub(super) fn record_failed(workspace: &mut Workspace, orders: &[u64], fault: &Fault) -> Result<(), Fault> {
    let args: BTreeMap<&str, &str> = fault.args().iter().filter(|(name, _)| *name != "grants").map(|(n, v)| (*n, v.as_str())).collect();
    for order_n in orders {
        let receipt = json!({
            "code": fault.code(), "order_n": order_n, "outcome": "failed(retryable)", "type": "custody.destruction_receipt", "v": 1, "with": args
        });
        let receipt_doc = Some(workspace.put_json(&receipt)?);
        let event = ExceptionRecorded { about_n: Some(*order_n), kind: FAILED.to_owned(), receipt_doc, rows: None };
        workspace.record(Command::Record(By::Run, Event::ExceptionRecorded(event)))?;
    }
    Ok(())
}
