//! Which rows Custody itself erased, kept for runs that end early: what somebody else took away is never called destroyed.

use std::collections::BTreeSet;

use terms::Fault;

use super::job::Job;
use super::source_place;
use crate::lists::{find_list, keep_list};
use crate::opened::Opened;
use crate::workspace::Workspace;

/// Rows that are about to be erased, and rows that were.
const BEGUN: &str = "begun";
const ERASED: &str = "erased";

/// Keeps which rows are about to be erased: they were seen as they were ordered.
pub(super) fn begin(workspace: &mut Workspace, jobs: &[&Job]) -> Result<(), Fault> {
    jobs.iter().try_for_each(|job| keep_list(workspace, &job.file(BEGUN), &job.present))
}

/// Keeps that they are erased.
pub(super) fn end(workspace: &mut Workspace, jobs: &[&Job]) -> Result<(), Fault> {
    jobs.iter().try_for_each(|job| add(workspace, job, &job.present))
}

/// The same of an order whose run ended before it could be kept, before anything else is erased: if what lies there is what that run left.
pub(super) fn recover(workspace: &mut Workspace, opened: &Opened, job: &Job) -> Result<(), Fault> {
    let (place, here) = (&job.seal.dataset, source_place(&job.seal.dataset));
    let is_as_left = || opened.sources.iter().any(|(p, source)| *p == here && source.as_ref().is_some_and(|s| s.as_left(place)));
    match find_list(workspace, &job.file(BEGUN))? {
        Some(begun) if is_as_left() => add(workspace, job, &begun),
        _ => Ok(()),
    }
}

/// Rows that Custody erased under the order of a job.
pub(super) fn erased(workspace: &mut Workspace, job: &Job) -> Result<BTreeSet<u32>, Fault> {
    Ok(find_list(workspace, &job.file(ERASED))?.unwrap_or_default().into_iter().collect())
}

fn add(workspace: &mut Workspace, job: &Job, rows: &[u32]) -> Result<(), Fault> {
    let mut all = erased(workspace, job)?;
    all.extend(rows);
    keep_list(workspace, &job.file(ERASED), &Vec::from_iter(all))
}
