//! Rows that somebody else erased by hand: whether their values still stand in cells of the source.

use std::collections::{BTreeMap, HashSet};

use case::Seal;
use remains::{Kind, Needles};
use rows::{Encoding, text_of};
use terms::Fault;

use crate::align::{Met, Part, RowState, align};
use crate::index::{SealIndex, archived};
use crate::look::too_many;
use crate::opened::Opened;
use crate::staying::nobodys;
use crate::workspace::Workspace;

/// Shortest value (bytes) by which a row done by hand is looked for, and shortest number.
const CELL_MIN: usize = 4;
/// Shortest value that is also looked for inside of others.
const INSIDE_MIN: usize = 10;
const DIGITS_MIN: usize = 6;

/// Values of rows said to be done by hand that still stand in cells of their source, outside rows that are as they were sealed. Looked for
/// are values that one sealed row alone has.
pub(crate) fn remains_in_cells(
    workspace: &mut Workspace,
    opened: &mut Opened,
    seal: &Seal,
    done: &[u32],
    columns: &[u32],
) -> Result<u64, Fault> {
    let here = seal.dataset.source();
    let own_source = opened.listed.iter().filter(|l| l.dataset.place.source() == here);
    let listed: Vec<(sources::Dataset, bool)> = own_source.map(|l| (l.dataset.clone(), nobodys(l))).collect();
    let Some((_, Some(open))) = opened.sources.iter_mut().find(|(p, _)| p.source() == here) else { return Ok(0) };
    let own = own_values(workspace, seal, done, columns)?;
    let mut met: HashSet<Vec<u8>> = HashSet::new();
    // Long values are found inside others too: somebody may have put two columns into one.
    let mut inside = Needles::new();
    own.iter().filter(|v| v.len() >= INSIDE_MIN).for_each(|v| {
        let points = v.iter().any(|b| b.is_ascii_digit() || *b == b'@');
        inside.add(0, if points { Kind::Alone } else { Kind::Left }, v);
    });
    inside.whole().map_err(too_many)?;
    let mut text = Vec::new();
    for (dataset, nobodys) in listed {
        let parts = Part::of(workspace, &dataset.place)?;
        align(open.as_mut(), &dataset, &parts, &mut |batch, row, found| {
            let lawful = matches!(found, Some(Met { state: RowState::Unchanged | RowState::Emptied(_), .. }));
            if !lawful {
                for cell in batch.row(row) {
                    text.clear();
                    text_of(cell, Encoding::Utf8, &mut text);
                    if !nobodys {
                        met.extend(own.get(&text).cloned());
                    }
                    inside.look_for(0, &text, &|k| !nobodys || k == Kind::Alone);
                }
            }
        })?;
    }
    Ok(met.len() as u64 + inside.iter().filter(|n| n.met > 0).count() as u64)
}

/// Values of ordered columns that only one row of the seal has, of the rows that are done.
fn own_values(workspace: &mut Workspace, seal: &Seal, done: &[u32], columns: &[u32]) -> Result<HashSet<Vec<u8>>, Fault> {
    let index = SealIndex::load(workspace, &SealIndex::name(seal.scan_n, &seal.dataset))?;
    let positions: HashSet<u32> = done.iter().filter_map(|o| index.rows.get(*o as usize)).map(|r| r.position).collect();
    let mut times: BTreeMap<Vec<u8>, (u64, bool)> = BTreeMap::new();
    let mut text = Vec::new();
    archived(workspace, (&seal.dataset, &index), &|_| true, &mut |position, cells| {
        for cell in columns.iter().filter_map(|c| cells.get(*c as usize)) {
            // A number and its text are the same value.
            text.clear();
            text_of(*cell, Encoding::Utf8, &mut text);
            let seen = times.entry(text.clone()).or_default();
            *seen = (seen.0 + 1, seen.1 || positions.contains(&position));
        }
    })?;
    let telling = |b: &[u8]| b.len() >= if b.iter().all(u8::is_ascii_digit) { DIGITS_MIN } else { CELL_MIN };
    Ok(times.into_iter().filter(|(b, (n, done))| *n == 1 && *done && telling(b)).map(|(b, _)| b).collect())
}
