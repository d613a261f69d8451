//! Looking again: needles from the archive, sight before, absence after, level by column (EVIDENCE §10, RESIDUE §3).

use std::collections::{BTreeMap, HashSet};

use case::{ColumnLook, Seal};
use rows::{CellRef, Encoding, text_of};
use sources::{Needles, Source};
use terms::{Fault, Level, Place};

use crate::align::{Met, Part, RowState, align};
use crate::index::{SealIndex, segment};
use crate::lists::Recall;
use crate::survey::Opened;
use crate::workspace::Workspace;

/// Values that a control recall asks for at most.
const ASKED_MAX: usize = 3_000;
/// A value this long that holds a digit or `@` points to one person by itself.
const PLAIN_MIN: usize = 10;
/// A value with what follows it is this long, so that it reaches what points to its row.
const RIGHT: usize = 64;
/// Bytes taken from what stands before a value.
const LEFT: usize = 12;
/// Longest needle: a window is cut around the value's beginning.
const WINDOW_MAX: usize = 64;

/// Needles for the values of some rows, and how many values each column has.
pub(crate) struct Sight {
    /// A value together with what stands before it in the record.
    pub left: Needles,
    /// A value together with what follows it: both point to this very row.
    pub right: Needles,
    /// Values that point to one person wherever they stand: in indexes, journals, other tables.
    pub plain: Needles,
    pub live: BTreeMap<u32, u64>,
}

/// The needles of rows, from the archive: the source may no longer have them.
pub(crate) fn sight(
    workspace: &mut Workspace,
    source: &dyn Source,
    seal: &Seal,
    ordinals: &[u32],
    columns: &[u32],
    sample: bool,
) -> Result<Sight, Fault> {
    let index = SealIndex::load(workspace, &SealIndex::name(seal.scan_n, &seal.dataset))?;
    let chosen: Vec<u32> = if sample && ordinals.len() > ASKED_MAX {
        // Spread evenly over the whole range: rows lie in the order of their keys.
        (0..ASKED_MAX).filter_map(|i| ordinals.get(i * ordinals.len() / ASKED_MAX).copied()).collect()
    } else {
        ordinals.to_vec()
    };
    let rows = || chosen.iter().filter_map(|o| index.rows.get(*o as usize));
    let positions: HashSet<u32> = rows().map(|r| r.position).collect();
    let slots: HashSet<u32> = rows().map(|r| r.slot).collect();
    let mut out = Sight { left: Needles::new(), right: Needles::new(), plain: Needles::new(), live: BTreeMap::new() };
    let form = source.raw_form(&seal.dataset);
    let vault = workspace.vault()?;
    let mut reader = vault.read_segment(&index.archive, &segment(&seal.dataset))?;
    reader.units(vault.slots(), &|slot| slots.contains(&slot), &mut |unit| {
        for (_, cells) in unit.rows.iter().filter(|(p, _)| positions.contains(p)) {
            let cells: Vec<CellRef<'_>> = cells.iter().map(|(tag, bytes)| CellRef { tag: *tag, bytes }).collect();
            let record = form(&cells);
            for column in columns {
                if cells.get(*column as usize).is_none_or(CellRef::is_empty) {
                    continue;
                }
                *out.live.entry(*column).or_default() += 1;
                let at = *column as usize;
                let value = record.value(at);
                let short = value.len().min(WINDOW_MAX - LEFT);
                let left = record.around(at, LEFT, 0);
                out.left.add(*column, left.get(..left.len() - value.len() + short).unwrap_or_default());
                out.right.add(*column, record.around(at, 0, RIGHT.saturating_sub(value.len())));
                let pointing = value.len() >= PLAIN_MIN && value.iter().any(|b| b.is_ascii_digit() || *b == b'@');
                if pointing {
                    out.plain.add(*column, value);
                }
            }
        }
        Ok(())
    })?;
    Ok(out)
}

fn met(needles: &Needles) -> BTreeMap<u32, u64> {
    let mut out = BTreeMap::new();
    for n in needles.iter().filter(|n| n.met) {
        *out.entry(n.column).or_default() += 1;
    }
    out
}

fn asked(needles: &Needles, column: u32) -> u64 {
    needles.iter().filter(|n| n.column == column).count() as u64
}

/// Control recall: the same search, on the same files, while the values live.
pub(crate) fn recall(source: &mut dyn Source, place: &Place, mut sight: Sight) -> Result<Recall, Fault> {
    let here = std::slice::from_ref(place);
    source.search(here, &mut sight.left)?;
    source.search(here, &mut sight.right)?;
    // A value counts as seen when either of its windows was: one may be cut by a page's edge.
    let (left, right) = (met(&sight.left), met(&sight.right));
    let best = |c: &u32| left.get(c).copied().unwrap_or_default().max(right.get(c).copied().unwrap_or_default());
    let asked: BTreeMap<u32, u64> = sight.live.keys().map(|c| (*c, asked(&sight.left, *c).max(asked(&sight.right, *c)))).collect();
    let found = sight.live.keys().map(|c| (*c, best(c))).collect();
    Ok(Recall { live: sight.live, asked, found })
}

/// What was seen after the erasure.
pub(crate) struct Absence {
    /// Values that were destroyed, by column.
    pub live: BTreeMap<u32, u64>,
    pub hits: BTreeMap<u32, u64>,
    /// Values that still stand in rows that stay.
    pub lawful: u64,
    pub bytes: u64,
    pub unread: u64,
}

/// Searches for every destroyed value; values that rows still lawfully hold are left out and counted.
pub(crate) fn absence(source: &mut dyn Source, places: &[Place], mut sight: Sight) -> Result<Absence, Fault> {
    for place in places {
        let form = source.raw_form(place);
        source.read(place, &mut |batch| {
            for row in 0..batch.rows() {
                let cells: Vec<CellRef<'_>> = batch.row(row).collect();
                for run in form(&cells).runs() {
                    sight.plain.look(run);
                    sight.left.look(run);
                    sight.right.look(run);
                }
            }
            Ok(())
        })?;
    }
    let lawful = met(&sight.plain).values().sum();
    let mut out = Absence { live: sight.live, hits: BTreeMap::new(), lawful, bytes: 0, unread: 0 };
    for needles in [sight.plain, sight.left, sight.right] {
        let mut needles = needles.without_met();
        let searched = source.search(places, &mut needles)?;
        (out.bytes, out.unread) = (searched.bytes, searched.unread);
        for (column, n) in met(&needles) {
            *out.hits.entry(column).or_default() += n;
        }
    }
    Ok(out)
}

/// Shortest value (bytes) by which a row done by hand is looked for, and shortest number.
const CELL_MIN: usize = 4;
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
    let listed: Vec<sources::Dataset> = opened.listed.iter().map(|l| l.dataset.clone()).filter(|d| d.place.source() == here).collect();
    let Some((_, Some(open))) = opened.sources.iter_mut().find(|(p, _)| p.source() == here) else { return Ok(0) };
    let own = own_values(workspace, seal, done, columns)?;
    let mut met: HashSet<Vec<u8>> = HashSet::new();
    // Long values are found inside others too: somebody may have put two columns into one.
    let mut inside = Needles::new();
    own.iter().filter(|v| v.len() >= PLAIN_MIN).for_each(|v| {
        inside.add(0, v);
    });
    let mut text = Vec::new();
    for dataset in listed {
        let parts = Part::of(workspace, &dataset.place)?;
        align(open.as_mut(), &dataset, &parts, &mut |batch, row, found| {
            let lawful = matches!(found, Some(Met { state: RowState::Unchanged | RowState::Emptied(_), .. }));
            if !lawful {
                for cell in batch.row(row) {
                    text.clear();
                    text_of(cell, Encoding::Utf8, &mut text);
                    met.extend(own.get(&text).cloned());
                    inside.look(&text);
                }
            }
        })?;
    }
    Ok(met.len() as u64 + inside.iter().filter(|n| n.met).count() as u64)
}

/// Values of ordered columns that only one row of the seal has, of the rows that are done.
fn own_values(workspace: &mut Workspace, seal: &Seal, done: &[u32], columns: &[u32]) -> Result<HashSet<Vec<u8>>, Fault> {
    let index = SealIndex::load(workspace, &SealIndex::name(seal.scan_n, &seal.dataset))?;
    let positions: HashSet<u32> = done.iter().filter_map(|o| index.rows.get(*o as usize)).map(|r| r.position).collect();
    let mut times: BTreeMap<Vec<u8>, (u64, bool)> = BTreeMap::new();
    let mut text = Vec::new();
    let vault = workspace.vault()?;
    let mut reader = vault.read_segment(&index.archive, &segment(&seal.dataset))?;
    reader.units(vault.slots(), &|_| true, &mut |unit| {
        for (position, cells) in &unit.rows {
            for (tag, bytes) in columns.iter().filter_map(|c| cells.get(*c as usize)) {
                // A number and its text are the same value.
                text.clear();
                text_of(CellRef { tag: *tag, bytes }, Encoding::Utf8, &mut text);
                let seen = times.entry(text.clone()).or_default();
                *seen = (seen.0 + 1, seen.1 || positions.contains(position));
            }
        }
        Ok(())
    })?;
    let telling = |b: &[u8]| b.len() >= if b.iter().all(u8::is_ascii_digit) { DIGITS_MIN } else { CELL_MIN };
    Ok(times.into_iter().filter(|(b, (n, done))| *n == 1 && *done && telling(b)).map(|(b, _)| b).collect())
}

/// The level of each column: L3 with sight and absence, else L2.
pub(crate) fn columns(columns: &[u32], recall: &Recall, absence: &Absence, cap: Level) -> Vec<ColumnLook> {
    let of = |m: &BTreeMap<u32, u64>, c: u32| m.get(&c).copied().unwrap_or_default();
    columns
        .iter()
        .filter(|c| of(&absence.live, **c) > 0)
        .map(|c| {
            let (live, asked, found, hits) = (of(&absence.live, *c), of(&recall.asked, *c), of(&recall.found, *c), of(&absence.hits, *c));
            let seen = asked >= live.min(1_000) && asked > 0 && found * 1_000 >= asked * 999;
            let level = if seen && hits == 0 && absence.unread == 0 { Level::L3 } else { Level::L2 };
            ColumnLook { asked, col: u64::from(*c), found, hits, level: level.min(cap), live }
        })
        .collect()
}
