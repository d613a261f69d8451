//! What is left of each field of a data set: what its store takes, and where the case file says so, a constant or a coarser value.

use std::collections::BTreeMap;

use case::file::{DatasetFile, Way};
use sources::{Blank, Dataset, Generalised, Said, Source};
use terms::Fault;

use crate::index::segment;
use crate::workspace::Workspace;

/// What is left in each column, in its order. What was chosen once under a plan stays chosen: erased rows are known by it.
///
/// # Errors
/// If the store does not say, or nothing is taken that says nothing.
pub(crate) fn ways(
    workspace: &mut Workspace,
    source: &mut dyn Source,
    (dataset, said): (&Dataset, Option<&DatasetFile>),
    plan_n: u64,
    columns: &[u32],
) -> Result<Vec<Blank>, Fault> {
    let name = format!("left-{plan_n}-{}", segment(&dataset.place));
    let mut kept: BTreeMap<u32, Blank> = match workspace.vault()?.index_get(&name)? {
        Some(bytes) => serde_json::from_slice(&bytes).map_err(|_| Fault::new("index_damaged").with("list", &name))?,
        None => BTreeMap::new(),
    };
    if columns.iter().all(|c| kept.contains_key(c)) {
        // The others are not erased.
        return Ok((0u32..).zip(&dataset.columns).map(|(c, _)| kept.get(&c).cloned().unwrap_or(Blank::Stays)).collect());
    }
    let mut out = foreseen(source, (dataset, said), columns)?;
    for (column, blank) in (0u32..).zip(&mut out).filter(|(c, _)| columns.contains(c)) {
        *blank = kept.entry(column).or_insert_with(|| blank.clone()).clone();
    }
    let bytes = serde_json::to_vec(&kept).map_err(|_| Fault::new("document_form"))?;
    workspace.vault()?.index_put(&name, &bytes)?;
    Ok(out)
}

/// The same as it would be chosen now.
///
/// # Errors
/// If the store does not say, or nothing is taken that says nothing.
pub(crate) fn foreseen(
    source: &mut dyn Source,
    (dataset, said): (&Dataset, Option<&DatasetFile>),
    columns: &[u32],
) -> Result<Vec<Blank>, Fault> {
    let way = |name: &str| said.and_then(|s| s.leave.get(name)).and_then(|w| w.parse::<Way>().ok());
    // For a column of which the case file names the value the store need not find one.
    let named = |c: &u32| {
        let way = way(&dataset.columns.get(*c as usize)?.name).filter(|w| matches!(w, Way::Constant(_)))?;
        Some((*c, asked(way, dataset, Blank::Null)))
    };
    let said: Said = columns.iter().filter_map(named).collect();
    let others: Vec<u32> = columns.iter().filter(|c| !said.contains_key(c)).copied().collect();
    let mut out = source.blanks(&dataset.place, &others, &said)?;
    for (column, blank) in dataset.columns.iter().zip(&mut out) {
        if let Some(way) = way(&column.name) {
            *blank = asked(way, dataset, std::mem::replace(blank, Blank::Null));
        }
    }
    Ok(out)
}

/// What the case file asks for, with the store's own blank where a value is of another kind.
fn asked(way: Way, dataset: &Dataset, plain: Blank) -> Blank {
    let general = |how| Blank::General(how, Box::new(plain.clone()));
    match way {
        Way::Blank => plain,
        Way::Constant(text) => Blank::Constant(dataset.encoding.encode(&text)),
        Way::Year => general(Generalised::Year),
        Way::Month => general(Generalised::Month),
        Way::Decade => general(Generalised::Decade),
        Way::To(step) => general(Generalised::To(step)),
        Way::First(n) => general(Generalised::First(n)),
    }
}
