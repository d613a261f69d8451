//! A data set as the inventory has it: findings, tier and group of each column.

use detect::Headers;
use inventory::{Declared, Gatherer, about_people, categories, findings, propose_class, propose_groups, shown_name, tier_of};
use sources::Dataset;
use terms::{ColumnSeen, DatasetSeen, Digest};

use crate::opened::Listed;

pub(super) fn describe(
    listed: &Listed,
    gatherer: &Gatherer,
    summary: sources::ReadSummary,
    digest: Digest,
    schema: Digest,
    headers: &Headers,
) -> DatasetSeen {
    let dataset = &listed.dataset;
    let declared: Vec<Declared<'_>> =
        dataset.columns.iter().zip(&gatherer.columns).map(|(c, found)| Declared { name: &c.name, key: c.key, found }).collect();
    let said = listed.said.as_ref();
    let told = if dataset.derived { Some("none".to_owned()) } else { None };
    let class = told.or_else(|| {
        said.and_then(|s| s.class.as_ref())
            .map(|c| c.value.clone())
            .or_else(|| propose_class(&dataset.name, &declared, headers).map(str::to_owned))
    });
    let people = about_people(&declared) || class.as_deref().is_some_and(crate::rowfacts::stands_for_person);
    let proposed = class.as_deref().map(|c| propose_groups(c, &declared, headers)).unwrap_or_default();
    let group_of = |i: usize, name: &str| -> Option<String> {
        let named = said.and_then(|s| s.groups.iter().find(|(_, columns)| columns.iter().any(|c| c == name)));
        let excluded = said.is_some_and(|s| s.not_personal.contains_key(name));
        match named {
            Some((group, _)) => Some(group.clone()),
            None if excluded || class.as_deref() == Some("none") => None,
            None => proposed.get(i).copied().flatten().map(str::to_owned),
        }
    };
    let refers = |ordinal: u32| dataset.points_to.iter().any(|(column, ..)| *column == ordinal);
    let about = class.as_deref().is_some_and(|c| c != "none");
    let columns = (0u32..)
        .zip(dataset.columns.iter().zip(&declared))
        .map(|(ordinal, (column, declared))| {
            let excluded =
                said.is_some_and(|s| s.not_personal.contains_key(&column.name)) || (class.as_deref() == Some("none") && !dataset.derived);
            let findings = if excluded { Vec::new() } else { findings(declared, headers, people) };
            let categories = categories(declared, &findings);
            let group = group_of(ordinal as usize, &column.name);
            ColumnSeen {
                ordinal,
                name: shown_name(&column.name, dataset.is_table, headers),
                filled: declared.found.filled,
                tier: tier_of(categories.iter().map(String::as_str)),
                categories,
                findings,
                undecided: about && group.is_none() && !excluded && !column.key && !refers(ordinal),
                group,
                key: column.key,
                not_null: column.not_null,
                unique: column.unique,
                stored: declared.found.stored.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect(),
            }
        })
        .collect();
    DatasetSeen {
        dataset: dataset.place.clone(),
        name: if dataset.is_table { shown_name(&dataset.name, true, headers) } else { None },
        rows: summary.rows,
        bytes: gatherer.columns.iter().map(|c| c.bytes).sum(),
        digest,
        schema,
        columns,
        ragged: summary.ragged,
        hidden: dataset.hidden,
        derived: dataset.derived,
        referred: dataset.referred,
        purge: dataset.purge.clone(),
        by_hand: dataset.by_hand.map(str::to_owned),
        class,
        points_to: dataset.points_to.clone(),
        led_by: Vec::new(),
        supposed: Vec::new(),
    }
}

/// The class that a data set's own names speak for, before any value was read.
pub(crate) fn class_by_name(dataset: &Dataset) -> Option<&'static str> {
    let headers = Headers::shipped().ok()?;
    let nothing = inventory::ColumnFound::default();
    let declared: Vec<Declared<'_>> = dataset.columns.iter().map(|c| Declared { name: &c.name, key: c.key, found: &nothing }).collect();
    propose_class(&dataset.name, &declared, &headers)
}
