//! The receipt: what the recipient signed is compared with what was handed over; a difference opens a dispute with a date.

use case::{By, Event, ExceptionRecorded, ReceiptFile, ReceiptReceived};
use terms::json::{Json, json};
use terms::{Day, Fault};

use crate::workspace::Workspace;

/// Takes a receipt into the ledger; gives its entry, and the day by which a difference must be settled.
///
/// # Errors
/// The rule that it breaks: another case or package, twice, cut, or from a key that is not the recipient's.
pub fn record_receipt(workspace: &mut Workspace, file: &ReceiptFile) -> Result<(u64, Option<Day>), Fault> {
    let broken = |why: &str| Fault::new("rule_broken").with("rule", "E3").with("why", why);
    let s = file.statement().ok_or_else(|| Fault::new("receipt_damaged"))?;
    let package = workspace.state.packages.get(&s.package).cloned().ok_or_else(|| broken("no such package was handed over"))?;
    let order_n = package.orders.first().copied().unwrap_or_default();
    let Event::HandOverOrdered(order) = workspace.event(order_n)? else { return Err(broken("no such package was handed over")) };
    let doc = handed(workspace, &package.orders)?;
    let root = doc.as_ref().and_then(|d| d.get("root")).and_then(Json::as_str).unwrap_or_default();
    if root != s.root.to_string() && s.differences.is_empty() {
        return Err(broken("the receipt is over other files than were handed over"));
    }
    let event = Event::ReceiptReceived(ReceiptReceived {
        alg: file.alg.clone(),
        differences: s.count(),
        order_n,
        package: s.package.clone(),
        recipient: file.kid.clone(),
        root: s.root,
        rows: s.rows,
        sig: file.sig.clone(),
        statement: file.statement.clone(),
    });
    let n = workspace.state.next;
    if s.differences.is_empty() {
        return workspace.record(case::Command::Record(By::Operator, event)).map(|_| (n, None));
    }
    let agreement = workspace.state.agreements.get(&order.agreement_n).map(|a| a.doc).ok_or_else(|| Fault::new("document_form"))?;
    let agreement: agreement::Agreement = workspace.get_json(&agreement)?;
    let until = workspace.today()?.plus_days(i64::try_from(agreement.dispute_days).unwrap_or(10));
    let dispute = ExceptionRecorded { about_n: Some(n), kind: "dispute_opened".to_owned(), receipt_doc: None, rows: None };
    let body = json!({"differences": s.differences, "until": until});
    workspace.record_together(vec![(By::Operator, event, None), (By::Operator, Event::ExceptionRecorded(dispute), Some(body))])?;
    Ok((n, Some(until)))
}

/// The document of what was handed over in a package.
fn handed(workspace: &Workspace, orders: &[u64]) -> Result<Option<Json>, Fault> {
    for line in workspace.lines()? {
        let Ok(entry) = ledger::Entry::parse(&line) else { continue };
        if let Ok(Some(Event::HandOverObserved(o))) = Event::read(&entry.kind, &entry.facts)
            && orders.first() == Some(&o.order_n)
        {
            return workspace.get_json(&o.receipt_doc).map(Some);
        }
    }
    Ok(None)
}
