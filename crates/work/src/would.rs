//! What carrying out an item of the plan would do, in the words of its store: statements, or the parts of a file that change.

use plan::{Item, Method};
use rows::{CellRef, Tag};
use sources::Left;
use terms::Fault;

use crate::planning::read_plan;
use crate::ways::foreseen;
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
        Method::EraseFields | Method::Anonymise => Some(item.columns.as_slice()),
        _ => return Ok((item, Vec::new())),
    };
    let ordinal = item.dataset.source().strip_prefix("src").and_then(|n| n.parse::<usize>().ok()).and_then(|n| n.checked_sub(1));
    let ordinal = ordinal.ok_or_else(|| Fault::new("row_not_found").with("id", id))?;
    let (_, mut source) = workspace.source(ordinal)?;
    let mut places = workspace.places()?;
    let listed = source.list(&mut places)?.datasets.into_iter().find(|d| d.place == item.dataset);
    let dataset = listed.ok_or_else(|| Fault::new("row_not_found").with("id", id))?;
    let file = workspace.file.sources.get(ordinal).map(|s| s.id.value.as_str()).unwrap_or_default();
    let blanks = foreseen(source.as_mut(), (&dataset, workspace.file.dataset(file, &dataset.name)), columns.unwrap_or_default())?;
    let nothing = CellRef { tag: Tag::Text, bytes: &[] };
    let left: Vec<Left> = columns.into_iter().flatten().filter_map(|c| Some(blanks.get(*c as usize)?.leaves(nothing, 0))).collect();
    let mut said = source.would(&item.dataset, columns.map(|c| (c, left.as_slice())));
    said.extend(item.leave.iter().map(|(c, way)| format!("{}: column {c}: {way}", item.dataset)));
    Ok((item, said))
}
