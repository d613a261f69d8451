//! What carrying out an item of the plan would do, in the words of its store: statements, or the parts of a file that change.

use plan::{Item, Method};
use terms::Fault;

use crate::planning::read_plan;
use crate::workspace::Workspace;

/// The item, and what it would do.
///
/// # Errors
/// If there is no such item in the plan in force, or its source cannot be opened.
pub fn would(workspace: &mut Workspace, id: &str) -> Result<(Item, Vec<String>), Fault> {
    let (_, doc) = read_plan(workspace)?;
    let item = doc.plan.items.into_iter().find(|i| i.item.as_str() == id).ok_or_else(|| Fault::new("row_not_found").with("id", id))?;
    let columns = match item.method {
        Method::DeleteRows => None,
        Method::EraseFields => Some(item.columns.as_slice()),
        _ => return Ok((item, Vec::new())),
    };
    let ordinal = item.dataset.source().strip_prefix("src").and_then(|n| n.parse::<usize>().ok()).and_then(|n| n.checked_sub(1));
    let (_, mut source) = workspace.source(ordinal.ok_or_else(|| Fault::new("row_not_found").with("id", id))?)?;
    let mut places = workspace.places()?;
    source.list(&mut places)?;
    let said = source.would(&item.dataset, columns);
    Ok((item, said))
}
