//! Lists that an order leaves in the vault: which rows were meant, which were done, what the search saw.

use std::collections::BTreeMap;

use terms::Fault;

use crate::workspace::Workspace;

/// What the search saw of living values before the erasure: live, asked and found by column.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recall {
    pub live: BTreeMap<u32, u64>,
    pub asked: BTreeMap<u32, u64>,
    pub found: BTreeMap<u32, u64>,
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
    let bytes = workspace.vault()?.index_get(name)?.ok_or_else(|| Fault::new("index_missing").with("list", name))?;
    Ok(bytes.chunks_exact(4).filter_map(|c| c.try_into().ok().map(u32::from_be_bytes)).collect())
}

pub(crate) fn keep_recall(workspace: &mut Workspace, name: &str, recall: &Recall) -> Result<(), Fault> {
    let mut bytes = Vec::new();
    for (c, live) in &recall.live {
        let of = |m: &BTreeMap<u32, u64>| m.get(c).copied().unwrap_or_default();
        bytes.extend_from_slice(&c.to_be_bytes());
        for n in [*live, of(&recall.asked), of(&recall.found)] {
            bytes.extend_from_slice(&n.to_be_bytes());
        }
    }
    workspace.vault()?.index_put(name, &bytes)
}

pub(crate) fn load_recall(workspace: &mut Workspace, name: &str) -> Result<Recall, Fault> {
    let bytes = workspace.vault()?.index_get(name)?.ok_or_else(|| Fault::new("index_missing").with("list", name))?;
    let mut out = Recall::default();
    for record in bytes.chunks_exact(28) {
        let (column, rest) = record.split_at(4);
        let column = column.try_into().map_or(0, u32::from_be_bytes);
        let mut numbers = rest.chunks_exact(8).map(|c| c.try_into().map_or(0, u64::from_be_bytes));
        out.live.insert(column, numbers.next().unwrap_or_default());
        out.asked.insert(column, numbers.next().unwrap_or_default());
        out.found.insert(column, numbers.next().unwrap_or_default());
    }
    Ok(out)
}
