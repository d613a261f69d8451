//! Looking again: needles from the archive, sight before, absence after, level by column (EVIDENCE §10, RESIDUE §3).

use std::collections::{BTreeMap, HashSet};

use case::{ColumnLook, Seal};
use rows::CellRef;
use sources::{Needles, Source};
use terms::{Fault, Id, Level, Place};

use crate::backup::segment_name;
use crate::index::SealIndex;
use crate::workspace::Workspace;

/// Values that a control recall asks for at most.
const ASKED_MAX: usize = 3_000;
/// A value this long that holds a digit or `@` points to one person by itself.
const PLAIN_MIN: usize = 10;
/// A value with its neighbours is this long.
const WINDOW_MIN: usize = 24;
/// Bytes taken from the left neighbour.
const LEFT: usize = 10;

/// Needles for the values of some rows, and how many values each column has.
pub(crate) struct Sight {
    /// A value together with its neighbours in the record: points to this very row.
    pub windows: Needles,
    /// Values that point to one person wherever they stand: in indexes, journals, other tables.
    pub plain: Needles,
    pub live: BTreeMap<u32, u64>,
}

/// The needles of rows, from the archive: the source may no longer have them.
pub(crate) fn sight(
    workspace: &mut Workspace,
    source: &dyn Source,
    archive: &Id,
    seal: &Seal,
    index: &SealIndex,
    ordinals: &[u32],
    columns: &[u32],
    sample: bool,
) -> Result<Sight, Fault> {
    let chosen: Vec<u32> = if sample && ordinals.len() > ASKED_MAX {
        // Spread over the whole range: every k-th of the rows, which lie in the order of their keys.
        let step = ordinals.len() / ASKED_MAX;
        ordinals.iter().step_by(step.max(1)).copied().take(ASKED_MAX).collect()
    } else {
        ordinals.to_vec()
    };
    let rows = || chosen.iter().filter_map(|o| index.rows.get(*o as usize));
    let positions: HashSet<u32> = rows().map(|r| r.position).collect();
    let slots: HashSet<u32> = rows().map(|r| r.slot).collect();
    let mut out = Sight { windows: Needles::new(), plain: Needles::new(), live: BTreeMap::new() };
    let joint = source.raw_joint(&seal.dataset);
    let vault = workspace.vault()?;
    let mut reader = vault.read_segment(archive.as_str(), &segment_name(seal))?;
    reader.units(vault.slots(), &|slot| slots.contains(&slot), &mut |unit| {
        for (_, cells) in unit.rows.iter().filter(|(p, _)| positions.contains(p)) {
            let cells: Vec<CellRef<'_>> = cells.iter().map(|(tag, bytes)| CellRef { tag: *tag, bytes }).collect();
            let parts = source.raw_parts(&seal.dataset, &cells);
            for column in columns {
                let value = parts.get(*column as usize).map(Vec::as_slice).unwrap_or_default();
                if cells.get(*column as usize).is_none_or(CellRef::is_empty) {
                    continue;
                }
                *out.live.entry(*column).or_default() += 1;
                out.windows.add(*column, &window(&parts, *column as usize, &joint));
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

/// A value with the end of what stands before it and the beginning of what stands after it.
fn window(parts: &[Vec<u8>], column: usize, joint: &[u8]) -> Vec<u8> {
    let mut left: Vec<u8> = Vec::new();
    for part in parts.get(..column).unwrap_or_default().iter().rev() {
        let mut more = part.clone();
        more.extend_from_slice(joint);
        more.extend_from_slice(&left);
        left = more;
        if left.len() >= LEFT {
            break;
        }
    }
    let mut out = left.get(left.len().saturating_sub(LEFT)..).unwrap_or_default().to_vec();
    out.extend_from_slice(parts.get(column).map(Vec::as_slice).unwrap_or_default());
    for part in parts.get(column + 1..).unwrap_or_default() {
        if out.len() >= WINDOW_MIN {
            break;
        }
        out.extend_from_slice(joint);
        out.extend_from_slice(part);
    }
    out
}

fn met(needles: &Needles) -> BTreeMap<u32, u64> {
    let mut out = BTreeMap::new();
    for n in needles.iter().filter(|n| n.met) {
        *out.entry(n.column).or_default() += 1;
    }
    out
}

fn asked(needles: &Needles) -> BTreeMap<u32, u64> {
    let mut out = BTreeMap::new();
    for n in needles.iter() {
        *out.entry(n.column).or_default() += 1;
    }
    out
}

/// What the search saw of living values before the erasure: asked and found by column.
pub(crate) struct Recall {
    pub live: BTreeMap<u32, u64>,
    pub asked: BTreeMap<u32, u64>,
    pub found: BTreeMap<u32, u64>,
}

/// Control recall: the same search, on the same files, while the values live.
pub(crate) fn recall(source: &mut dyn Source, place: &Place, mut sight: Sight) -> Result<Recall, Fault> {
    source.search(std::slice::from_ref(place), &mut sight.windows)?;
    Ok(Recall { live: sight.live, asked: asked(&sight.windows), found: met(&sight.windows) })
}

/// What was seen after the erasure.
pub(crate) struct Absence {
    pub hits: BTreeMap<u32, u64>,
    /// Values that still stand in rows that stay.
    pub lawful: u64,
    pub bytes: u64,
    pub unread: u64,
}

/// Searches for every destroyed value; values that rows still lawfully hold are left out and counted.
pub(crate) fn absence(source: &mut dyn Source, places: &[Place], mut sight: Sight) -> Result<Absence, Fault> {
    let mut row_bytes = Vec::new();
    for place in places {
        let joint = source.raw_joint(place);
        source.read(place, &mut |batch| {
            live_bytes(batch, &joint, &mut row_bytes);
            sight.plain.look(&row_bytes);
            Ok(())
        })?;
    }
    let lawful = met(&sight.plain).values().sum();
    let mut plain = sight.plain.without_met();
    let searched = source.search(places, &mut sight.windows)?;
    source.search(places, &mut plain)?;
    let mut hits = met(&sight.windows);
    for (column, n) in met(&plain) {
        *hits.entry(column).or_default() += n;
    }
    Ok(Absence { hits, lawful, bytes: searched.bytes, unread: searched.unread })
}

/// The text bytes of living rows, one value after the other.
fn live_bytes(batch: &rows::Batch, joint: &[u8], out: &mut Vec<u8>) {
    out.clear();
    for row in 0..batch.rows() {
        for cell in batch.row(row) {
            out.extend_from_slice(cell.bytes);
            out.extend_from_slice(joint);
            out.push(b'\n');
        }
    }
}

/// The level of each column: L3 with sight and absence, else L2.
pub(crate) fn columns(columns: &[u32], recall: &Recall, absence: &Absence, cap: Level) -> Vec<ColumnLook> {
    let of = |m: &BTreeMap<u32, u64>, c: u32| m.get(&c).copied().unwrap_or_default();
    columns
        .iter()
        .filter(|c| of(&recall.live, **c) > 0)
        .map(|c| {
            let (live, asked, found, hits) = (of(&recall.live, *c), of(&recall.asked, *c), of(&recall.found, *c), of(&absence.hits, *c));
            let seen = asked >= live.min(1_000) && asked > 0 && found * 1_000 >= asked * 999;
            let level = if seen && hits == 0 && absence.unread == 0 { Level::L3 } else { Level::L2 };
            ColumnLook { asked, col: u64::from(*c), found, hits, level: level.min(cap), live }
        })
        .collect()
}
