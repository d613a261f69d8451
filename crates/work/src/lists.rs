//! Lists that an order leaves in the vault: which rows were meant, which were done, what the search saw.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use terms::Fault;

use crate::workspace::Workspace;

/// What the search saw of living values before the erasure.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recall {
    /// Living values by column.
    pub live: BTreeMap<u32, u64>,
    /// What was asked and found, by column and structure.
    pub seen: Vec<Seen>,
}

/// What was asked and found of a column in one structure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    pub column: u32,
    pub structure: String,
    /// Whether it is the rows themselves.
    pub rows: bool,
    pub asked: u64,
    pub found: u64,
}

/// 99.9 % (docs/why/residue.md: none missed of 3,000 is that with 95 % confidence).
pub(crate) fn seen_enough(asked: u64, found: u64) -> bool {
    asked > 0 && found.saturating_mul(1_000) >= asked.saturating_mul(999)
}

impl Recall {
    /// What stands for a column's sight: asked and found in its rows; or where less was seen than is needed, in the structure in which least
    /// was found; nothing asked where it was not looked for in rows at all.
    pub(crate) fn line(&self, column: u32) -> (u64, u64) {
        let own = || self.seen.iter().filter(|s| s.column == column && s.asked > 0);
        let least = own().min_by(|a, b| (a.found * b.asked).cmp(&(b.found * a.asked)));
        let stands = least.filter(|s| !seen_enough(s.asked, s.found)).or_else(|| own().find(|s| s.rows));
        stands.map_or((0, 0), |s| (s.asked, s.found))
    }

    /// Structures that hold a column.
    pub(crate) fn structures(&self, column: u32) -> impl Iterator<Item = &String> {
        self.seen.iter().filter(move |s| s.column == column && s.asked > 0).map(|s| &s.structure)
    }
}

/// The name of a list of an order: of which plan, on which seal, for which item.
pub(crate) fn list_name(what: &str, plan_n: u64, seal_n: u64, item: &terms::Id) -> String {
    format!("{what}-{plan_n}-{seal_n}-{item}")
}

pub(crate) fn keep_list(workspace: &mut Workspace, name: &str, list: &[u32]) -> Result<(), Fault> {
    let bytes: Vec<u8> = list.iter().flat_map(|n| n.to_be_bytes()).collect();
    workspace.vault()?.index_put(name, &bytes)
}

pub(crate) fn load_list(workspace: &mut Workspace, name: &str) -> Result<Vec<u32>, Fault> {
    find_list(workspace, name)?.ok_or_else(|| Fault::new("index_missing").with("list", name))
}

/// The same; none if it was never kept.
pub(crate) fn find_list(workspace: &mut Workspace, name: &str) -> Result<Option<Vec<u32>>, Fault> {
    let bytes = workspace.vault()?.index_get(name)?;
    Ok(bytes.map(|b| b.chunks_exact(4).filter_map(|c| c.try_into().ok().map(u32::from_be_bytes)).collect()))
}

pub(crate) fn keep_recall(workspace: &mut Workspace, name: &str, recall: &Recall) -> Result<(), Fault> {
    let bytes = serde_json::to_vec(recall).map_err(|_| Fault::new("document_form"))?;
    workspace.vault()?.index_put(name, &bytes)
}

pub(crate) fn load_recall(workspace: &mut Workspace, name: &str) -> Result<Recall, Fault> {
    let bytes = workspace.vault()?.index_get(name)?.ok_or_else(|| Fault::new("index_missing").with("list", name))?;
    serde_json::from_slice(&bytes).map_err(|_| Fault::new("index_damaged").with("list", name))
}
