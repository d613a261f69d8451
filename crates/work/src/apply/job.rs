//! A job: one item of the plan on one seal.

use std::collections::BTreeSet;
use std::sync::Arc;

use case::Seal;
use plan::{Item, Method};
use terms::{Fault, Outcome};

use crate::lists::{list_name, load_list};
use crate::settled::targets;
use crate::workspace::Workspace;

/// One item on one seal, to be carried out.
pub(super) struct Job {
    pub item: Item,
    pub seal: Seal,
    /// Ordinals in the seal's index that the item covers and that are not settled.
    pub targets: Vec<u32>,
    pub columns: Arc<[u32]>,
    /// Bits of its groups, in the order of the seal.
    pub mask: u32,
    pub order_n: Option<u64>,
    /// Targets that were found as they were sealed, before anything was ordered.
    pub ready: Vec<u32>,
    /// Ordered rows in which there is something to be erased: seen just now.
    pub present: Vec<u32>,
    /// Ordered rows in which there is nothing: their fields were empty from the beginning, or Custody emptied them before.
    pub empty: Vec<u32>,
    /// The plan that ordered it.
    pub plan_n: u64,
    /// Whether that plan was replaced since: what was not done by then is withdrawn.
    pub stale: bool,
    /// Targets of which something else is known now than when they were sealed: they are left alone, ordered or not.
    pub barred: BTreeSet<u32>,
    /// What the purge of its source was answered.
    pub purged: Vec<String>,
}

impl Job {
    pub(super) fn new(item: Item, seal: &Seal, plan_n: u64, order_n: Option<u64>) -> Job {
        let bits = item.groups.iter().filter_map(|g| seal.groups.iter().position(|own| own == g));
        let mask = bits.fold(0, |mask, bit| mask | 1 << bit);
        let columns: Arc<[u32]> = item.columns.clone().into();
        Job {
            item,
            seal: seal.clone(),
            targets: Vec::new(),
            columns,
            mask,
            order_n,
            ready: Vec::new(),
            present: Vec::new(),
            empty: Vec::new(),
            plan_n,
            stale: false,
            barred: BTreeSet::new(),
            purged: Vec::new(),
        }
    }

    /// The name of a list of this job in the vault.
    pub(super) fn file(&self, what: &str) -> String {
        list_name(what, self.plan_n, self.seal.n, &self.item.item)
    }

    pub(super) fn deletes(&self) -> bool {
        self.item.method == Method::DeleteRows
    }

    pub(super) fn anonymises(&self) -> bool {
        self.item.outcome == Outcome::Anonymise
    }

    pub(super) fn by_hand(&self) -> bool {
        self.item.method == Method::ByHand
    }

    /// How Custody gets at its source.
    pub(super) fn reach(&self, workspace: &Workspace) -> Option<terms::Reach> {
        self.source().and_then(|i| workspace.file.sources.get(i)).map(case::file::SourceFile::reach)
    }

    /// The ordinal of its source in the case file.
    pub(super) fn source(&self) -> Option<usize> {
        self.seal.dataset.source().strip_prefix("src")?.parse::<usize>().ok()?.checked_sub(1)
    }

    /// The rows that its order names, once it is ordered.
    pub(super) fn ordered(&self, workspace: &mut Workspace) -> Result<Vec<u32>, Fault> {
        load_list(workspace, &self.file("order"))
    }
}

/// The jobs of items that are due: on every seal of their data sets, with what an earlier run left open.
pub(super) fn jobs(workspace: &mut Workspace, due: Vec<Item>, plan_n: u64) -> Result<Vec<Job>, Fault> {
    let seals: Vec<Seal> = workspace.state.newest_seals().into_iter().cloned().collect();
    let mut out = Vec::new();
    for item in due {
        for seal in seals.iter().filter(|s| s.dataset == item.dataset) {
            let open = workspace
                .state
                .open_orders()
                .find(|(_, o)| o.kind.effect().is_some_and(|e| e.item == item.item && e.seal_n == seal.n && e.plan_n == plan_n));
            let mut job = Job::new(item.clone(), seal, plan_n, open.map(|(n, _)| n));
            job.targets = match job.order_n {
                Some(_) => load_list(workspace, &job.file("targets"))?,
                None => targets(workspace, &item, seal)?,
            };
            if !job.targets.is_empty() || job.order_n.is_some() {
                out.push(job);
            }
        }
    }
    Ok(out)
}
