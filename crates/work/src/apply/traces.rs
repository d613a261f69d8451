//! Which rows Custody itself erased, kept for runs that end early, so that what somebody else took away is not called destroyed (docs/why/residue.md says where that cannot be told).

use std::collections::{BTreeMap, BTreeSet, HashSet};

use terms::Fault;

use super::job::Job;
use super::source_place;
use crate::lists::{find_list, keep_list, list_name};
use crate::opened::Opened;
use crate::workspace::Workspace;

/// Rows that are about to be erased, and rows that were.
const BEGUN: &str = "begun";
const ERASED: &str = "erased";

/// Rows that the store was told to erase: ordinals in the index of each seal.
#[derive(Default)]
pub(super) struct Told(BTreeMap<u64, BTreeSet<u32>>);

impl Told {
    /// Takes one, by seal and ordinal.
    pub(super) fn add(&mut self, (seal_n, ordinal): (u64, u32)) {
        self.0.entry(seal_n).or_default().insert(ordinal);
    }

    /// Those of a job.
    fn of<'a>(&'a self, job: &'a Job) -> impl Iterator<Item = u32> + 'a {
        let all = self.0.get(&job.seal.n);
        job.present.iter().copied().filter(move |o| all.is_some_and(|all| all.contains(o)))
    }
}

/// Keeps which rows are about to be erased: they were seen as they were ordered.
pub(super) fn begin(workspace: &mut Workspace, jobs: &[&Job]) -> Result<(), Fault> {
    jobs.iter().try_for_each(|job| keep_list(workspace, &job.file(BEGUN), &job.present))
}

/// Keeps which of them are erased: those that the store was told to erase, and those of which nothing was left to be erased.
pub(super) fn end(workspace: &mut Workspace, jobs: &[&Job], told: &Told) -> Result<(), Fault> {
    for job in jobs {
        add(workspace, job, told.of(job).chain(job.empty.iter().copied()))?;
        keep_list(workspace, &job.file(BEGUN), &[])?;
    }
    Ok(())
}

/// Keeps that the store may have erased some of those that it was told to, and no others.
pub(super) fn broken_off(workspace: &mut Workspace, jobs: &[&Job], told: &Told) -> Result<(), Fault> {
    jobs.iter().try_for_each(|job| keep_list(workspace, &job.file(BEGUN), &told.of(job).collect::<Vec<u32>>()))
}

/// Before anything else is erased: rows of an order whose run ended before it could be kept that they are erased. They are not there any more,
/// and what lies there is what that run left.
pub(super) fn recover(workspace: &mut Workspace, opened: &Opened, job: &Job) -> Result<(), Fault> {
    let (place, here) = (&job.seal.dataset, source_place(&job.seal.dataset));
    let is_as_left = || opened.sources.iter().any(|(p, source)| *p == here && source.as_ref().is_some_and(|s| s.as_left(place)));
    let Some(begun) = find_list(workspace, &job.file(BEGUN))?.filter(|b| !b.is_empty() && is_as_left()) else { return Ok(()) };
    let there: HashSet<u32> = job.present.iter().copied().collect();
    add(workspace, job, begun.into_iter().filter(|o| !there.contains(o)))
}

/// Rows that Custody erased under the order of a job.
pub(super) fn erased(workspace: &mut Workspace, job: &Job) -> Result<BTreeSet<u32>, Fault> {
    listed(workspace, &job.file(ERASED))
}

/// Rows of a seal that Custody erased under any order on it.
pub(super) fn erased_ever(workspace: &mut Workspace, seal_n: u64) -> Result<BTreeSet<u32>, Fault> {
    let orders = workspace.state.orders.values().filter_map(|o| o.kind.effect()).filter(|e| e.seal_n == seal_n);
    let names: Vec<String> = orders.map(|e| list_name(ERASED, e.plan_n, e.seal_n, &e.item)).collect();
    let mut out = BTreeSet::new();
    for name in names {
        out.append(&mut listed(workspace, &name)?);
    }
    Ok(out)
}

fn listed(workspace: &mut Workspace, name: &str) -> Result<BTreeSet<u32>, Fault> {
    Ok(find_list(workspace, name)?.unwrap_or_default().into_iter().collect())
}

fn add(workspace: &mut Workspace, job: &Job, rows: impl Iterator<Item = u32>) -> Result<(), Fault> {
    let mut all = erased(workspace, job)?;
    all.extend(rows);
    keep_list(workspace, &job.file(ERASED), &Vec::from_iter(all))
}
