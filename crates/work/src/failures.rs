//! Orders that were given and not yet seen done because a step failed: the newest receipt of each.

use std::collections::BTreeMap;

use case::Event;
use terms::Fault;
use terms::json::Json;

use crate::apply::FAILED;
use crate::workspace::Workspace;

/// The newest failure of every order that is still open: order, receipt.
///
/// # Errors
/// If the ledger or a document cannot be read.
pub fn failures(workspace: &Workspace) -> Result<Vec<(u64, Json)>, Fault> {
    let open: Vec<u64> = workspace.state.open_orders().map(|(n, _)| n).collect();
    let mut newest = BTreeMap::new();
    for line in workspace.lines()? {
        let Ok(entry) = ledger::Entry::parse(&line) else { continue };
        let Ok(Some(Event::ExceptionRecorded(e))) = Event::read(&entry.kind, &entry.facts) else { continue };
        if let (FAILED, Some(order_n), Some(doc)) = (e.kind.as_str(), e.about_n, e.receipt_doc)
            && open.contains(&order_n)
        {
            newest.insert(order_n, doc);
        }
    }
    newest.into_iter().map(|(n, doc)| Ok((n, workspace.get_json(&doc)?))).collect()
}
