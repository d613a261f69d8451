//! The purge of a source, with its settings put back even if the run ended in the middle.

use sources::{Setting, Source};
use terms::{Fault, Place};

use super::window::Window;
use crate::opened::Opened;
use crate::workspace::Workspace;

fn journal(source: &Place) -> String {
    format!("settings-{source}")
}

/// Purges, within the hours of the source alone, for others may have to wait; gives the steps with the store's own answers. What the purge changes
/// stands in the vault before it begins.
pub(super) fn purge(workspace: &mut Workspace, source: &Place, open: &mut dyn Source, places: &[Place]) -> Result<Vec<String>, Fault> {
    Window::of(workspace, source).open()?;
    let settings = open.settings()?;
    keep(workspace, source, &settings)?;
    let purged = open.purge(places);
    // Put back whatever happened; a server that does not answer any more is asked again by the next run.
    let back = open.put_back(&settings);
    if back.is_ok() {
        keep(workspace, source, &[])?;
    }
    let mut steps = purged?.steps;
    back?;
    if !settings.is_empty() {
        steps.push(format!("settings put back: {}", settings.len()));
    }
    Ok(steps)
}

/// Puts back what a run that was cut off had changed.
pub(super) fn put_back_all(workspace: &mut Workspace, opened: &mut Opened) -> Result<(), Fault> {
    for (place, source) in &mut opened.sources {
        let settings = kept(workspace, place)?;
        if let (false, Some(source)) = (settings.is_empty(), source) {
            source.put_back(&settings)?;
            keep(workspace, place, &[])?;
        }
    }
    Ok(())
}

fn keep(workspace: &mut Workspace, source: &Place, settings: &[Setting]) -> Result<(), Fault> {
    if settings.is_empty() && kept(workspace, source)?.is_empty() {
        return Ok(());
    }
    let bytes = serde_json::to_vec(settings).map_err(|_| Fault::new("document_form"))?;
    workspace.vault()?.index_put(&journal(source), &bytes)
}

fn kept(workspace: &mut Workspace, source: &Place) -> Result<Vec<Setting>, Fault> {
    let bytes = workspace.vault()?.index_get(&journal(source))?;
    let damaged = |_| Fault::new("index_damaged").with("list", journal(source));
    bytes.map_or(Ok(Vec::new()), |b| serde_json::from_slice(&b).map_err(damaged))
}
