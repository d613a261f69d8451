//! Sources in which something came back, cleaned once more: what somebody has taken out since leaves copies in files and logs.

use std::collections::{BTreeMap, BTreeSet};

use case::Event;
use terms::json::Json;
use terms::{Fault, Place, Reach};

use super::purge::purge;
use super::source_place;
use crate::opened::Opened;
use crate::workspace::Workspace;

/// Cleans the data sets of which something came back, and those in which it was met, by the steps that were approved with their destruction;
/// gives the sources. Whether it is gone then, the next `recheck` says.
///
/// # Errors
/// If a right is missing, somebody is looking, or a step fails.
pub(super) fn clean_again(workspace: &mut Workspace, opened: &mut Opened) -> Result<Vec<Place>, Fault> {
    let mut met: BTreeMap<Place, BTreeSet<Place>> = BTreeMap::new();
    for (order_n, finding_n) in workspace.state.came_back.clone() {
        let Some(dataset) = workspace.state.orders.get(&order_n).and_then(|o| Some(o.kind.effect()?.dataset.clone())) else { continue };
        let all = met.entry(source_place(&dataset)).or_default();
        all.extend(structures(workspace, finding_n)?.iter().filter_map(|name| Place::new(name.split('#').next()?.to_owned())));
        all.insert(dataset);
    }
    let mut out = Vec::new();
    for (i, (place, source)) in opened.sources.iter_mut().enumerate() {
        let direct = workspace.file.sources.get(i).is_some_and(|s| s.reach() == Reach::Direct);
        let listed = |p: &&Place| opened.listed.iter().any(|l| l.dataset.place == **p && l.dataset.by_hand.is_none());
        let places: Vec<Place> = met.get(place).into_iter().flatten().filter(listed).cloned().collect();
        if let (true, false, Some(source)) = (direct, places.is_empty(), source) {
            let missing = source.missing_rights(&places)?;
            if !missing.is_empty() {
                return Err(Fault::new("rights_missing").with("source", &*place).with("grants", missing.join("\n      ")));
            }
            purge(workspace, place, source.as_mut(), &places)?;
            out.push(place.clone());
        }
    }
    Ok(out)
}

/// Structures in which a finding met something.
fn structures(workspace: &Workspace, finding_n: u64) -> Result<Vec<String>, Fault> {
    let Event::ExceptionRecorded(finding) = workspace.event(finding_n)? else { return Ok(Vec::new()) };
    let Some(doc) = finding.receipt_doc else { return Ok(Vec::new()) };
    let receipt: Json = workspace.get_json(&doc)?;
    let all = receipt.get("structures").and_then(Json::as_array).into_iter().flatten();
    Ok(all.filter_map(|s| s.as_str().map(str::to_owned)).collect())
}
