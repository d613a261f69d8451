//! XLSX workbooks: rows and cells emptied in every part that has their values, all other parts left byte for byte (docs/why/residue.md).

mod cells;
mod extras;
mod indexes;
mod package;
mod scrub;
mod sheet;
mod strings;
mod xml;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek, Write};

pub use indexes::without_indexes;
use package::Package;
use scrub::Scrub;

use crate::reason::Reason;

/// What goes of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gone {
    /// Every cell of it.
    Row,
    /// The cells of these columns, from 0.
    Cells(BTreeSet<u32>),
}

impl Gone {
    fn has(&self, column: u32) -> bool {
        match self {
            Gone::Row => true,
            Gone::Cells(columns) => columns.contains(&column),
        }
    }
}

/// What goes of each sheet: by its name, by row from 0.
pub type Plan = BTreeMap<String, BTreeMap<u32, Gone>>;

/// A step of erasing, each of which can be left out to show what remains without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Cells emptied in their sheets.
    Cells,
    /// Texts that no cell refers to any more emptied.
    SharedStrings,
    /// Comments, links, names, properties and the like cleaned of values that went.
    OtherParts,
    /// Parts that are computed from cells left out.
    ComputedParts,
}

impl Step {
    /// All of them.
    pub const ALL: [Step; 4] = [Step::Cells, Step::SharedStrings, Step::OtherParts, Step::ComputedParts];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Step::Cells => "cells",
            Step::SharedStrings => "shared_strings",
            Step::OtherParts => "other_parts",
            Step::ComputedParts => "computed_parts",
        }
    }
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Cells emptied.
    pub cells: u64,
    /// Shared strings emptied.
    pub strings: u64,
    /// Parts written anew, and parts left out.
    pub changed: BTreeSet<String>,
    /// Parts that were computed from cells and are left out.
    pub dropped: BTreeSet<String>,
}

/// Whether a workbook can be rewritten by rows at all.
///
/// # Errors
/// The reason why not.
pub fn editable(input: impl Read + Seek) -> Result<(), Reason> {
    Package::open(input)?.editable()
}

/// Whether a workbook has all its sheets, and every cell the string that it names.
///
/// # Errors
/// What is wrong.
pub fn check(input: impl Read + Seek) -> Result<(), Reason> {
    let mut package = Package::open(input)?;
    let (shared, nothing) = (package.shared_strings()?, BTreeMap::new());
    let items = match &shared {
        Some(part) => strings::items(&package.text(part)?)?.len(),
        None => 0,
    };
    let mut seen = sheet::Seen::default();
    for (_, part) in package.sheets()? {
        sheet::scan(&package.text(&part)?, &nothing, &mut seen)?;
    }
    if seen.kept_items.iter().all(|i| (*i as usize) < items) { Ok(()) } else { Err(Reason::Damaged) }
}

/// The sheets of a workbook, each with the parts in which its values lie.
///
/// # Errors
/// If the package is damaged, locked or too large.
pub fn sheets(input: impl Read + Seek) -> Result<Vec<(String, Vec<String>)>, Reason> {
    let mut package = Package::open(input)?;
    let shared = package.shared_strings()?;
    let sheets = package.sheets()?.into_iter();
    Ok(sheets.map(|(name, part)| (name, [part].into_iter().chain(shared.clone()).collect())).collect())
}

/// Every part of the package, unpacked, one after the other: its name and its bytes.
///
/// # Errors
/// If the package is damaged, locked or too large, or `hear` fails.
pub fn parts(input: impl Read + Seek, hear: &mut dyn FnMut(&str, &[u8]) -> Result<(), Reason>) -> Result<(), Reason> {
    let mut package = Package::open(input)?;
    for name in package.names().to_vec() {
        let bytes = package.bytes(&name)?;
        hear(&name, &bytes)?;
    }
    Ok(())
}

fn is_xml(name: &str) -> bool {
    name.ends_with(".xml") || name.ends_with(".rels")
}

/// Writes the workbook without what goes. Rows keep their numbers; formulas of the cells that stay are not touched.
///
/// # Errors
/// If the workbook cannot be edited by rows, or is damaged; then what was written is not to be used.
pub fn erase(input: impl Read + Seek, output: impl Write + Seek, plan: &Plan) -> Result<Report, Reason> {
    erase_without(input, output, plan, &[])
}

/// [`erase`] without some of its steps, to show that each matters.
///
/// # Errors
/// As [`erase`].
pub fn erase_without(input: impl Read + Seek, output: impl Write + Seek, plan: &Plan, left_out: &[Step]) -> Result<Report, Reason> {
    let runs = |step: Step| !left_out.contains(&step);
    let mut package = Package::open(input)?;
    package.editable()?;
    let sheets = package.sheets()?;
    let nothing = BTreeMap::new();
    let mut seen = sheet::Seen::default();
    for (name, part) in &sheets {
        let gone = plan.get(name).unwrap_or(&nothing);
        sheet::scan(&package.text(part)?, gone, &mut seen)?;
    }
    let shared = package.shared_strings()?;
    let items = match &shared {
        Some(part) => strings::items(&package.text(part)?)?,
        None => Vec::new(),
    };
    let mut kept = seen.kept(&items);
    // What formulas and parts refer to by name is no value.
    kept.extend(package.own_names()?);
    let scrub = Scrub::new(&seen.destroyed(&items), &kept);
    let mut report = Report { cells: seen.cells, ..Report::default() };
    let mut changed: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut unlinked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, part) in sheets.iter().filter(|_| runs(Step::Cells)) {
        let gone = plan.get(name).unwrap_or(&nothing);
        let rewritten = sheet::rewrite(&package.text(part)?, gone, &scrub)?;
        unlinked.insert(part.clone(), rewritten.relations);
        changed.insert(part.clone(), rewritten.text.into_bytes());
    }
    if let Some(part) = shared.iter().find(|_| runs(Step::SharedStrings)) {
        let (text, emptied) = strings::rewrite(&package.text(part)?, &seen.kept_items)?;
        report.strings = emptied;
        changed.insert(part.clone(), text.into_bytes());
    }
    if runs(Step::OtherParts) {
        extras::rewrite(&mut package, &sheets, plan, &scrub, &unlinked, &mut changed)?;
    }
    if runs(Step::ComputedParts) {
        report.dropped = extras::dropped(package.names());
    }
    changed.retain(|name, bytes| package.bytes(name).map_or(true, |old| old != *bytes));
    report.changed = changed.keys().cloned().collect();
    changed.iter().filter(|(name, _)| is_xml(name)).try_for_each(|(_, bytes)| {
        let text = std::str::from_utf8(bytes).map_err(|_| Reason::Damaged)?;
        xml::walk(text, &mut |_| Ok(()))
    })?;
    package.write(output, &changed, &report.dropped)?;
    Ok(report)
}
