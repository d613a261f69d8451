//! Closing: a last look at every source, and only then the entry.

use case::{By, Command, Event, ExceptionRecorded};
use terms::{Fault, Inventory, Place};

use crate::progress::Progress;
use crate::survey::{Deaf, open_sources, survey};
use crate::workspace::Workspace;

/// Looks once more at everything, and closes the case if nothing is open.
///
/// # Errors
/// What is still open (C1), data sets among it that appeared since and that nobody decided on.
pub fn close(workspace: &mut Workspace, progress: &dyn Progress) -> Result<(), Fault> {
    workspace.begin_run(&["scan"], None)?;
    let mut opened = open_sources(workspace)?;
    let inventory = survey(workspace, &mut opened, &mut Deaf, progress)?.inventory;
    let found = note_unsealed(workspace, &inventory)?;
    workspace.end_run(vec!["scan".to_owned()], Vec::new())?;
    if let Some(first) = found.first() {
        return Err(Fault::new("datasets_undecided").with("count", found.len()).with("place", first));
    }
    workspace.record(Command::Close).map(|_| ())
}

/// Data sets with rows that are neither sealed nor said to be about nobody; they are noted, and keep the case open.
pub(crate) fn note_unsealed(workspace: &mut Workspace, inventory: &Inventory) -> Result<Vec<Place>, Fault> {
    let sealed = |p: &Place| workspace.state.newest_seals().iter().any(|s| s.dataset == *p);
    let open: Vec<_> =
        inventory.datasets.iter().filter(|d| d.rows > 0 && d.class.as_deref() != Some("none") && !sealed(&d.dataset)).collect();
    // Noted once, and once more when none is left.
    if open.is_empty() == workspace.state.unsealed_sets {
        let rows = Some(open.iter().map(|d| d.rows).sum());
        let event = ExceptionRecorded { about_n: None, kind: "new_datasets".to_owned(), rows };
        workspace.record(Command::Record(By::Run, Event::ExceptionRecorded(event)))?;
    }
    Ok(open.into_iter().map(|d| d.dataset.clone()).collect())
}
