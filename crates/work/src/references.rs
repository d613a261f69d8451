//! References that a store declares or the case file says: which column leads to which key.

use case::file::{CaseFile, Owner, column_named};
use sources::Dataset;
use terms::Place;

use crate::opened::Listed;

/// A column of a data set.
pub(crate) type At = (Place, u32);

/// Whether the store declares what a column refers to, or the case file says it.
pub(crate) fn is_answered(listed: &Listed, column: u32, name: &str) -> bool {
    let declared = listed.dataset.points_to.iter().any(|(c, ..)| *c == column);
    declared || listed.said.as_ref().is_some_and(|s| s.no_references.iter().any(|c| c == name))
}

/// The key that the case file says a column refers to: ordinal of the column, the other data set, ordinal there.
pub(crate) fn referred(file: &CaseFile, listed: &[Listed], own: &Dataset, said: &Owner) -> Option<(u32, Place, u32)> {
    let target = target(file, listed, said)?;
    let ordinal = |d: &Dataset, name: &str| {
        let names: Vec<&str> = d.columns.iter().map(|c| c.name.as_str()).collect();
        let name = column_named(name, &names);
        u32::try_from(names.iter().position(|n| *n == name)?).ok()
    };
    Some((ordinal(own, &said.column)?, target.place.clone(), ordinal(target, &said.key)?))
}

/// The other data set: by name, or by place, as screens show what may be a person's.
pub(crate) fn target<'a>(file: &CaseFile, listed: &'a [Listed], said: &Owner) -> Option<&'a Dataset> {
    let (source, table) = said.of.value.split_once('/')?;
    let source = file.sources.iter().position(|s| s.id.value == source)?;
    let is = |l: &&Listed| l.source == source && (l.dataset.name == table || l.dataset.place.as_str() == table);
    listed.iter().find(is).map(|l| &l.dataset)
}

/// References that the case file says are like those that a store declares: whose rows they are among them.
pub(crate) fn confirm(file: &CaseFile, listed: &mut [Listed]) {
    let said = |l: &Listed| -> Vec<_> {
        let all = l.said.iter().flat_map(|s| s.owner.iter().chain(&s.references));
        let leading = all.filter_map(|r| referred(file, listed, &l.dataset, r));
        leading.filter(|key| !l.dataset.points_to.contains(key)).collect()
    };
    let keys: Vec<Vec<_>> = listed.iter().map(said).collect();
    listed.iter_mut().zip(keys).for_each(|(l, keys)| l.dataset.points_to.extend(keys));
}
