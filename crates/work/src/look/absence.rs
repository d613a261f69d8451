//! Absence after: every destroyed value searched for, but those that rows still lawfully hold (EVIDENCE §10).

use std::collections::{BTreeMap, BTreeSet, HashSet};

use remains::{Blinded, Kind, NEEDLE_MAX, Needles};
use rows::{CellRef, Tag};
use sources::{Holds, Record, Searched, Source, Structure};
use terms::{Fault, Place};

use super::sight::{Sight, too_many};
use crate::staying::Staying;

/// Values that stay and are looked for beside the destroyed ones.
const KEPT_MAX: u64 = 1_000;

/// What was seen after the erasure.
#[derive(Debug, Default)]
pub(crate) struct Absence {
    /// Values that were destroyed, by column, and of them those of which nothing could be looked for.
    pub live: BTreeMap<u32, u64>,
    pub unsought: BTreeMap<u32, u64>,
    pub hits: BTreeMap<u32, u64>,
    /// Structures in which something was met.
    pub hit_in: BTreeSet<String>,
    /// Whether all of them are such as the store writes over in its own time: another purge may reach what one left.
    pub passing: bool,
    /// Different values that still stand in rows that stay, by column.
    pub lawful: BTreeMap<u32, u64>,
    /// Values that stay and were looked for, and how many of them were found, by column.
    pub kept: BTreeMap<u32, (u64, u64)>,
    pub bytes: u64,
    pub unread: u64,
    /// Structures that were searched.
    pub structures: BTreeSet<String>,
}

/// Hears every row that stays: destroyed values that it holds are marked as met; gives values that stay and are looked for beside them.
fn hear(source: &mut dyn Source, place: &Place, staying: &[Staying], sight: &mut Sight) -> Result<Sight, Fault> {
    let columns: Vec<u32> = sight.live.keys().copied().collect();
    let mut kept = Sight::default();
    source.shipped(&mut sight.needles);
    for stays in staying {
        let form = source.raw_form(&stays.dataset.place);
        let here = stays.dataset.place == *place;
        let own = here || stays.dataset.place.is_beside(place);
        if own && !stays.dataset.is_table {
            // Headings stand where values do.
            let names = stays.dataset.columns.iter().map(|c| CellRef { tag: Tag::Text, bytes: c.name.as_bytes() });
            let names: Vec<CellRef<'_>> = names.collect();
            form(&names).ways().flat_map(Record::runs).for_each(|run| sight.needles.look_for(0, run, &|k| k == Kind::Entry));
            names.iter().for_each(|name| sight.lawful.stays(*name));
        }
        stays.each(source, &mut |batch, row| {
            let cells: Vec<CellRef<'_>> = batch.row(row).collect();
            let record = form(&cells).with_numbers(&cells);
            if stays.nobodys || stays.undecided {
                let lies = |k: Kind| if k == Kind::Entry { own } else { stays.nobodys && k != Kind::Alone };
                record.ways().flat_map(Record::runs).for_each(|run| sight.needles.look_for(0, run, &lies));
                let points = |c: usize| record.ways().any(|way| !way.alone(c).is_empty());
                cells.iter().enumerate().filter(|(c, _)| own && !points(*c)).for_each(|(_, cell)| sight.lawful.stays(*cell));
                return;
            }
            cells.iter().for_each(|c| sight.lawful.stays(*c));
            stays.mark(&form, (&record, &cells), &mut sight.needles, own);
            for column in &columns {
                let room = here && kept.live.get(column).is_none_or(|n| *n < KEPT_MAX);
                if room && cells.get(*column as usize).is_some_and(|c| !c.is_empty()) {
                    kept.ask(&record, *column);
                }
            }
        })?;
    }
    // What stands inside of a longer text that stays is counted like what is all of it; of a beginning nobody knows how it goes on.
    for n in sight.needles.iter().filter(|n| n.kind == Kind::Alone && n.met > 0 && n.bytes().len() < NEEDLE_MAX) {
        let value = sight.value_of(n).and_then(|value| sight.values.get(value as usize));
        if let Some((column, Some(digest))) = value.map(|v| (v.column, v.digest)) {
            sight.lawful.stands(column, digest);
        }
    }
    Ok(kept)
}

/// The needles of destroyed values that no row lawfully holds.
pub(crate) fn unlawful(source: &mut dyn Source, place: &Place, staying: &[Staying], mut sight: Sight) -> Result<Needles, Fault> {
    // Cut as they will be searched for: what stays may begin alike.
    sight.whole()?;
    sight.needles = Blinded::cut(std::mem::take(&mut sight.needles));
    hear(source, place, staying, &mut sight)?;
    // What points to no row says nothing elsewhere.
    Ok(sight.needles.without_met().only(&mut |n| n.kind != Kind::Entry))
}

/// Values of which nothing is left to be looked for in one of the ways in which they may lie, though no row has them as they were: what stays
/// begins or ends as they do. By column.
fn hidden(sight: &Sight, asked: &[bool], left: &Needles) -> BTreeMap<u32, u64> {
    let left = sight.faces_of(left);
    let faces = sight.faces.iter().zip(asked.iter().zip(left));
    let values: BTreeSet<u32> = faces.filter(|(_, (asked, left))| **asked && !left).map(|(value, _)| *value).collect();
    let mut out = BTreeMap::new();
    for value in values.into_iter().filter_map(|value| sight.values.get(value as usize)) {
        if !value.digest.is_some_and(|digest| sight.lawful.has(value.column, digest)) {
            *out.entry(value.column).or_default() += 1;
        }
    }
    out
}

/// Searches for every destroyed value; values that rows still lawfully hold are left out and counted.
pub(crate) fn absence(source: &mut dyn Source, place: &Place, staying: &[Staying], mut sight: Sight) -> Result<Absence, Fault> {
    sight.whole()?;
    let mut kept = hear(source, place, staying, &mut sight)?;
    kept.whole()?;
    let asked = sight.faces_of(&sight.needles);
    let mut needles = std::mem::take(&mut sight.needles).without_met();
    let hidden = hidden(&sight, &asked, &needles);
    std::mem::take(&mut kept.needles).move_to(&mut needles, Kind::Kept);
    needles.whole().map_err(too_many)?;
    let mut searched = source.search(place, &mut needles)?;
    in_cells(source, staying, &mut needles, &mut searched)?;
    let mut out = Absence {
        live: sight.live.clone(),
        unsought: sight.unsought.clone(),
        bytes: searched.bytes,
        unread: searched.unread,
        ..Absence::default()
    };
    hidden.into_iter().for_each(|(column, n)| *out.unsought.entry(column).or_default() += n);
    out.lawful = sight.lawful.counts();
    let own = |i: usize| searched.structures.get(i).is_some_and(|s| matches!(s.holds, Holds::Records | Holds::Values(_) | Holds::Freed));
    let mut hit: BTreeSet<u32> = BTreeSet::new();
    let mut still: HashSet<u32> = HashSet::new();
    let mut hit_in: BTreeSet<usize> = BTreeSet::new();
    for n in needles.iter().filter(|n| n.met > 0) {
        match n.kind {
            Kind::Kept => {
                still.extend(kept.value_of(n));
            }
            kind => {
                // As an entry it is anybody's, but in what this data set itself has.
                let met = (0..searched.structures.len()).filter(|i| n.met_in(*i) && (kind != Kind::Entry || own(*i)));
                for structure in met {
                    hit.extend(sight.value_of(n));
                    hit_in.insert(structure);
                }
            }
        }
    }
    let hit_in: Vec<&Structure> = hit_in.iter().filter_map(|i| searched.structures.get(*i)).collect();
    out.passing = hit_in.iter().all(|s| s.holds == Holds::Some);
    out.hit_in = hit_in.iter().map(|s| s.name.clone()).collect();
    for value in hit.iter().filter_map(|id| sight.values.get(*id as usize)) {
        *out.hits.entry(value.column).or_default() += 1;
    }
    for (id, value) in (0u32..).zip(&kept.values).filter(|(_, v)| v.sought) {
        let (asked, found) = out.kept.entry(value.column).or_default();
        (*asked, *found) = (*asked + 1, *found + u64::from(still.contains(&id)));
    }
    out.structures = searched.structures.into_iter().map(|s| s.name).collect();
    Ok(out)
}

/// Looks through the cells of data sets that hold nobody's data as they read, whatever form the store keeps them in.
fn in_cells(source: &mut dyn Source, staying: &[Staying], needles: &mut Needles, searched: &mut Searched) -> Result<(), Fault> {
    for stays in staying.iter().filter(|s| s.cells) {
        let name = stays.dataset.place.as_str();
        let known = searched.structures.iter().position(|s| s.name == name);
        let structure = known.unwrap_or(searched.structures.len());
        if known.is_none() {
            searched.structures.push(Structure { name: name.to_owned(), holds: Holds::Nothing });
        }
        let mut unread = 0;
        source.read(&stays.dataset.place, &mut |batch| {
            for cell in (0..batch.rows()).flat_map(|row| batch.row(row)).filter(|c| !c.is_empty()) {
                let mut look = |text: &[u8]| needles.look_for(structure, text, &|kind| kind == Kind::Alone);
                unread += sources::reads_as(cell, stays.dataset.encoding, &mut look);
            }
            Ok(())
        })?;
        searched.unread += unread;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// What stays may begin as a value that went: then nothing is left by which that could be found, and it is not called gone.
    #[test]
    fn a_value_without_a_needle_left_counts_as_one_that_cannot_be_looked_for() {
        let cell = |text: &'static str| CellRef { tag: Tag::Text, bytes: text.as_bytes() };
        let mut sight = Sight::default();
        for text in ["Dear member, we write to you", "Paris-sur-Mer", "somewhere else"] {
            sight.ask(&Record::joined(&[cell(text)], b""), 0);
            let digest = sight.lawful.destroyed(0, cell(text));
            sight.values.last_mut().unwrap().digest = Some(digest);
        }
        sight.lawful.stays(cell("Paris-sur-Mer"));
        let stays = "Dear member, we write to you about something else; Paris-sur-Mer";
        sight.needles.look(0, stays.as_bytes());
        let asked = sight.faces_of(&sight.needles);
        let left = std::mem::take(&mut sight.needles).without_met();
        assert_eq!(hidden(&sight, &asked, &left), BTreeMap::from([(0, 1)]));
    }

    /// A value may lie in one of several ways, and only one is there: each must be looked for.
    #[test]
    fn a_value_that_one_way_hides_counts_as_one_that_cannot_be_looked_for() {
        let way = |text: &'static str| Record::joined(&[CellRef { tag: Tag::Text, bytes: text.as_bytes() }], b"");
        for (stays, hidden_ones) in [("nothing of it", 0), ("eight bytes with others", 1), ("packed number with others", 1)] {
            let mut sight = Sight::default();
            sight.ask(&way("packed number").or_last(way("eight bytes")), 0);
            sight.needles.look(0, stays.as_bytes());
            let asked = sight.faces_of(&sight.needles);
            let left = std::mem::take(&mut sight.needles).without_met();
            assert_eq!(hidden(&sight, &asked, &left).values().sum::<u64>(), hidden_ones, "{stays}");
        }
    }
}
