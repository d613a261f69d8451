//! What an erasure is worth: the raw search after it, the level of each column, and how that stands in the receipt.

use std::collections::{BTreeMap, BTreeSet};

use case::ColumnLook;
use sources::Source;
use terms::json::{Json, json};
use terms::{Fault, Level, Place, Reach};

use super::failed::record_failed;
use super::job::Job;
use super::purge::purge;
use super::source_place;
use crate::level::{columns, short_of};
use crate::lists::{Recall, Seen, load_recall};
use crate::look::{Absence, absence, sight};
use crate::opened::Opened;
use crate::staying::Staying;
use crate::workspace::Workspace;

/// What was found of the values of a job, and where.
pub(super) struct Worth {
    pub columns: Vec<ColumnLook>,
    pub level: Level,
    /// Why the level is no higher.
    pub short_of: BTreeSet<String>,
    /// Bytes that were searched, and that could not be.
    pub bytes: u64,
    pub unread: u64,
    /// By column the values that stand elsewhere lawfully.
    pub lawful: BTreeMap<u32, u64>,
    recall: Recall,
    hit_in: Vec<String>,
    passing: bool,
    /// What was done to clean the source, with its own answers.
    purged: Vec<String>,
}

/// Times that a purge is repeated: it writes over what the store keeps where it likes, and one may leave a page that the next one reaches.
const PURGES_MORE: usize = 2;

impl Worth {
    /// Searches for the values of rows that are done, unless they were erased by hand; purges again where that may help.
    pub(super) fn of(workspace: &mut Workspace, opened: &mut Opened, job: &Job, done: &[u32], staying: &[Staying]) -> Result<Worth, Fault> {
        let mut purged = job.purged.clone();
        for _ in 0..PURGES_MORE {
            let worth = Worth::once(workspace, opened, job, done, staying)?;
            let Some((source, open)) = worth.source_again(opened, job) else { return Ok(Worth { purged, ..worth }) };
            purged.push(format!("values met in {}: purged again", worth.hit_in.join(", ")));
            let steps = purge(workspace, &source, open, std::slice::from_ref(&job.seal.dataset));
            if let (Err(fault), Some(order_n)) = (&steps, job.order_n) {
                record_failed(workspace, &[order_n], fault)?;
            }
            purged.extend(steps?);
        }
        Worth::once(workspace, opened, job, done, staying).map(|worth| Worth { purged, ..worth })
    }

    /// The source, if all that was met lies where another purge may reach it.
    fn source_again<'a>(&self, opened: &'a mut Opened, job: &Job) -> Option<(Place, &'a mut dyn Source)> {
        let here = source_place(&job.seal.dataset);
        let source = opened.sources.iter_mut().find(|(p, _)| *p == here && self.passing && !self.hit_in.is_empty())?;
        Some((source.0.clone(), source.1.as_mut()?.as_mut()))
    }

    fn once(workspace: &mut Workspace, opened: &mut Opened, job: &Job, done: &[u32], staying: &[Staying]) -> Result<Worth, Fault> {
        let cap = workspace.state.sources.get(&source_place(&job.seal.dataset)).map_or(Level::L0, |s| s.cap);
        let looked = if job.by_hand() { None } else { searched(workspace, opened, job, done, staying)? };
        let Some(absence) = looked else { return Ok(Worth::unsearched(workspace, job, cap)) };
        let recall = load_recall(workspace, &job.file("recall"))?;
        let columns = columns(&job.columns, &recall, &absence, cap.min(Level::L3));
        Ok(Worth {
            level: columns.iter().map(|c| c.level).min().unwrap_or(Level::L2).min(cap),
            columns,
            short_of: short_of(&job.columns, &recall, &absence, cap),
            bytes: absence.bytes,
            unread: absence.unread,
            recall,
            hit_in: absence.hit_in.iter().cloned().collect(),
            passing: absence.passing,
            lawful: absence.lawful,
            purged: Vec::new(),
        })
    }

    /// What somebody else erased is looked for in a fresh scan or export of the whole source: rows gone, values nowhere in its cells.
    fn unsearched(workspace: &Workspace, job: &Job, cap: Level) -> Worth {
        let elsewhere = job.reach(workspace).is_some_and(|r| matches!(r, Reach::Script | Reach::Pack));
        Worth {
            columns: Vec::new(),
            level: if elsewhere { Level::L2 } else { Level::L1 }.min(cap),
            short_of: BTreeSet::from(["not_searched".to_owned()]),
            bytes: 0,
            unread: 0,
            lawful: BTreeMap::new(),
            recall: Recall::default(),
            hit_in: Vec::new(),
            passing: false,
            purged: Vec::new(),
        }
    }

    /// Values that are still there: then nothing is done yet.
    pub(super) fn remains(&self, dataset: &Place) -> Option<Fault> {
        let hits: u64 = self.columns.iter().map(|c| c.hits).sum();
        let fault = || Fault::new("values_remain").with("place", dataset).with("values", hits).with("structures", self.hit_in.join(", "));
        (hits > 0).then(|| fault().retry())
    }

    /// The receipt, as far as the search tells it.
    pub(super) fn receipt(&self, workspace: &Workspace, job: &Job) -> Json {
        let store = workspace.state.sources.get(&source_place(&job.seal.dataset)).map(|s| s.store.clone()).unwrap_or_default();
        json!({
            "bytes_searched": self.bytes, "bytes_unread": self.unread, "columns": self.columns, "item": job.item.item,
            "lawfully_present": self.lawful.iter().map(|(col, values)| json!({"col": col, "values": values})).collect::<Vec<Json>>(),
            "level": self.level, "method": job.item.method.word(), "purge": self.purged,
            "recall": self.recall.seen.iter().map(sight_of).collect::<Vec<Json>>(),
            "sanitisation": self.level.sanitisation(job.by_hand()), "short_of_l3": self.short_of, "store": store,
            "type": "custody.destruction_receipt", "v": 1
        })
    }
}

/// What the search saw of a column in one structure, for the receipt.
fn sight_of(s: &Seen) -> Json {
    json!({"asked": s.asked, "col": s.column, "found": s.found, "structure": s.structure})
}

/// The raw search after the erasure.
fn searched(
    workspace: &mut Workspace,
    opened: &mut Opened,
    job: &Job,
    done: &[u32],
    staying: &[Staying],
) -> Result<Option<Absence>, Fault> {
    let here = source_place(&job.seal.dataset);
    let Some((_, Some(open))) = opened.sources.iter_mut().find(|(p, _)| *p == here) else { return Ok(None) };
    let sight = sight(workspace, open.as_ref(), &job.seal, done, &job.columns, false)?;
    absence(open.as_mut(), &job.seal.dataset, staying, sight).map(Some)
}
