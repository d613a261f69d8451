//! Looking again: needles from the archive, sight before, absence after, level by column (EVIDENCE §10, RESIDUE §3).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use case::Seal;
use remains::{Blinded, Kind, Needles, TooMany, forms};
use rows::{CellRef, Encoding};
use sources::{Holds, Probe, Record, Searched, Source, Structure, wholly};
use terms::{Fault, Place};

use crate::index::{SealIndex, segment};
use crate::lawful::Lawful;
use crate::lists::{Recall, Seen};
use crate::staying::Staying;
use crate::workspace::Workspace;

/// Values that a control recall asks for at most: none missed of so many is a recall of 99.9 % with 95 % confidence.
const ASKED_MAX: usize = 3_000;
/// Values that stay and are looked for beside the destroyed ones.
const KEPT_MAX: u64 = 1_000;
/// A value with what follows it is this long, so that it reaches what points to its row.
const RIGHT: usize = 64;
/// Bytes of a window that are not zero, at least.
const TELLING: usize = 5;
/// Bytes taken from what stands before a value.
const LEFT: usize = 12;
/// Longest needle: a window is cut around the value's beginning.
const WINDOW_MAX: usize = 64;

/// A destroyed or living value that is searched for.
#[derive(Clone, Copy, Debug)]
struct Asked {
    column: u32,
    /// Whether anything of it can be searched for.
    sought: bool,
    /// What it is known by among those that may stay lawfully; nothing if that is not asked.
    digest: Option<u64>,
}

/// Needles for the values of some rows, and how many values each column has.
#[derive(Default)]
pub(crate) struct Sight {
    needles: Needles,
    values: Vec<Asked>,
    live: BTreeMap<u32, u64>,
    /// Of them those of which nothing can be looked for.
    unsought: BTreeMap<u32, u64>,
    lawful: Lawful,
    /// Whether there were more values than have numbers.
    over: bool,
    /// How the store writes texts, if its values are to be looked for in every other form too.
    forms: Option<Encoding>,
}

impl Sight {
    /// Whether everything that was asked for is searched: where it is not, nothing that is not found says anything.
    fn whole(&self) -> Result<(), Fault> {
        if self.over { Err(too_many(TooMany)) } else { self.needles.whole().map_err(too_many) }
    }

    /// Takes a value of a record.
    fn ask(&mut self, record: &Record, column: u32) {
        let Ok(id) = u32::try_from(self.values.len()) else {
            self.over = true;
            return;
        };
        *self.live.entry(column).or_default() += 1;
        let mut sought = false;
        for way in record.ways() {
            let (left, right) = windows(way, column as usize);
            sought |= telling(left) && self.needles.add(id, Kind::Left, left);
            sought |= telling(right) && self.needles.add(id, Kind::Right, right);
            for alone in way.alone(column as usize) {
                sought |= self.needles.add(id, Kind::Alone, alone);
                for form in self.forms.into_iter().flat_map(|e| other_forms(alone, e)) {
                    self.needles.add(id, Kind::Form, &form);
                }
                // Copies are looked through as they read otherwise written, too.
                if let Ok(text) = std::str::from_utf8(alone) {
                    wholly(text, &mut |other| {
                        self.needles.add(id, Kind::Alone, other.as_bytes());
                    });
                }
            }
        }
        if !sought {
            *self.unsought.entry(column).or_default() += 1;
        }
        self.values.push(Asked { column, sought, digest: None });
    }

    /// Rows that nobody can read any more: whether they had values is not known, so that all of them count as values that cannot be looked for.
    fn lost(&mut self, rows: u64, columns: &[u32]) {
        for column in columns.iter().filter(|_| rows > 0) {
            *self.live.entry(*column).or_default() += rows;
            *self.unsought.entry(*column).or_default() += rows;
        }
    }
}

/// The fault of a search that would leave something out.
pub(crate) fn too_many(_: TooMany) -> Fault {
    Fault::new("needles_too_many")
}

/// What points to one person in every form but its own, if it is a text.
fn other_forms(alone: &[u8], encoding: Encoding) -> Vec<Vec<u8>> {
    let is_text = |text: &Cow<'_, str>| !text.chars().any(|c| c == '\u{fffd}' || c.is_control());
    let text = [Encoding::Utf8, encoding].map(|e| e.decode(alone)).into_iter().find(is_text);
    let all = text.map(|text| forms(&text)).unwrap_or_default();
    all.into_iter().filter(|form| form != alone).collect()
}

/// Whether a window is more than what is met by chance: small numbers and the zeros between them are everywhere.
fn telling(window: &[u8]) -> bool {
    window.iter().filter(|b| **b != 0).count() >= TELLING
}

/// A value with the end of what stands before it, and a value with the beginning of what follows it: both point to this very row.
fn windows(record: &Record, column: usize) -> (&[u8], &[u8]) {
    let len = record.value(column).len();
    if len == 0 {
        // A value without bytes is nowhere; what stands around it is somebody else's.
        return (&[], &[]);
    }
    let left = record.around(column, LEFT, 0);
    let left = left.get(..left.len() - len + len.min(WINDOW_MAX - LEFT)).unwrap_or_default();
    (left, record.around(column, 0, RIGHT.saturating_sub(len)))
}

/// The needles of rows, from the archive: the source may no longer have them. Of a sample each column has up to 3,000 values, drawn from
/// the whole range by the case's own key.
pub(crate) fn sight(
    workspace: &mut Workspace,
    source: &dyn Source,
    seal: &Seal,
    ordinals: &[u32],
    columns: &[u32],
    sample: bool,
) -> Result<Sight, Fault> {
    sight_in_forms(workspace, source, seal, ordinals, columns, (sample, None))
}

/// The same, each value that points to one person also in the forms that other stores have for it.
pub(crate) fn sight_in_forms(
    workspace: &mut Workspace,
    source: &dyn Source,
    seal: &Seal,
    ordinals: &[u32],
    columns: &[u32],
    (sample, forms): (bool, Option<Encoding>),
) -> Result<Sight, Fault> {
    let index = SealIndex::load(workspace, &SealIndex::name(seal.scan_n, &seal.dataset))?;
    let rows = || ordinals.iter().filter_map(|o| index.rows.get(*o as usize));
    let positions: HashSet<u32> = rows().map(|r| r.position).collect();
    let slots: HashSet<u32> = rows().map(|r| r.slot).collect();
    let mut out = Sight { forms, ..Sight::default() };
    let mut drawn = Drawn::new(workspace.vault()?.digest_key("recall"));
    let form = source.raw_form(&seal.dataset);
    let vault = workspace.vault()?;
    let mut reader = vault.read_segment(&index.archive, &segment(&seal.dataset))?;
    let mut lost = positions.len() as u64;
    reader.units(vault.slots(), &|slot| slots.contains(&slot), &mut |unit| {
        for (_, cells) in unit.rows.iter().filter(|(p, _)| positions.contains(p)) {
            lost = lost.saturating_sub(1);
            let cells: Vec<CellRef<'_>> = cells.iter().map(|(tag, bytes)| CellRef { tag: *tag, bytes }).collect();
            let record = form(&cells).with_numbers(&cells);
            for column in columns.iter().filter(|c| cells.get(**c as usize).is_some_and(|cell| !cell.is_empty())) {
                match sample {
                    true => drawn.offer(*column, &record),
                    false => {
                        out.ask(&record, *column);
                        let digest = cells.get(*column as usize).map(|c| out.lawful.destroyed(*column, *c));
                        out.values.last_mut().into_iter().for_each(|v| v.digest = digest);
                    }
                }
            }
        }
        Ok(())
    })?;
    drawn.take(&mut out);
    out.lost(lost, columns);
    Ok(out)
}

/// A sample of the values of each column, every value with the same chance (Vitter 1985, algorithm R).
struct Drawn {
    seed: zeroize::Zeroizing<[u8; 32]>,
    /// By column: values offered, and those that are in.
    columns: BTreeMap<u32, (u64, Vec<Record>)>,
}

impl Drawn {
    fn new(seed: zeroize::Zeroizing<[u8; 32]>) -> Drawn {
        Drawn { seed, columns: BTreeMap::new() }
    }

    fn offer(&mut self, column: u32, record: &Record) {
        let (offered, sample) = self.columns.entry(column).or_default();
        *offered += 1;
        if sample.len() < ASKED_MAX {
            sample.push(record.only(column as usize, LEFT, RIGHT));
            return;
        }
        let chance = ledger::keyed(&self.seed, "sample", &[&column.to_be_bytes(), &offered.to_be_bytes()]);
        let chance = chance.first_chunk::<8>().map_or(0, |b| u64::from_be_bytes(*b)) % *offered;
        if let Some(room) = usize::try_from(chance).ok().and_then(|i| sample.get_mut(i)) {
            *room = record.only(column as usize, LEFT, RIGHT);
        }
    }

    fn take(self, out: &mut Sight) {
        for (column, (offered, sample)) in self.columns {
            sample.iter().for_each(|record| out.ask(record, column));
            out.live.insert(column, offered);
        }
    }
}

/// What a value is made of where it is whole.
const WHOLE: [Kind; 3] = [Kind::Left, Kind::Right, Kind::Alone];

/// Control recall: the same search, on the same files, while the values live, in every structure that holds them.
pub(crate) fn recall(source: &mut dyn Source, place: &Place, mut sight: Sight) -> Result<Recall, Fault> {
    let probes = source.probes(place)?;
    for (i, probe) in (0..).zip(&probes) {
        sight.needles.add(i, Kind::Probe, &probe.bytes);
    }
    sight.whole()?;
    let searched = source.search(place, &mut sight.needles)?;
    let mut out = Recall { live: sight.live.clone(), seen: Vec::new() };
    for (i, structure) in searched.structures.iter().enumerate() {
        let see = |column: u32, kinds: &[Kind]| {
            let mut found: HashSet<u32> = HashSet::new();
            found.extend(sight.needles.iter().filter(|n| kinds.contains(&n.kind) && n.met_in(i)).map(|n| n.value));
            let own = || (0u32..).zip(&sight.values).filter(|(_, v)| v.column == column);
            Seen {
                column,
                structure: structure.name.clone(),
                rows: structure.holds == Holds::Records,
                asked: own().count() as u64,
                found: own().filter(|(id, _)| found.contains(id)).count() as u64,
            }
        };
        let columns = sight.live.keys().copied();
        match &structure.holds {
            Holds::Records => out.seen.extend(columns.map(|c| see(c, &WHOLE))),
            // All values stand there: those of which nothing can be looked for by itself are not seen.
            Holds::Values(of) => out.seen.extend(columns.filter(|c| of.contains(c)).map(|c| see(c, &WHOLE))),
            Holds::Blind(of) => out.seen.extend(columns.filter(|c| of.contains(c)).map(|c| see(c, &[]))),
            Holds::Some => out.seen.extend(columns.map(|c| probed(c, &structure.name, i, &probes, &sight.needles))),
            Holds::Nothing => {}
        }
    }
    out.seen.retain(|s| s.asked > 0);
    Ok(out)
}

/// What was found of the probes of a structure that stand for a column.
fn probed(column: u32, name: &str, i: usize, probes: &[Probe], needles: &Needles) -> Seen {
    let of = |p: &Probe| p.structure == name && p.column.is_none_or(|c| c == column);
    let ids: HashSet<u32> = (0..).zip(probes).filter(|(_, p)| of(p)).map(|(id, _)| id).collect();
    let found = needles.iter().filter(|n| n.kind == Kind::Probe && n.met_in(i) && ids.contains(&n.value)).count();
    Seen { column, structure: name.to_owned(), rows: false, asked: ids.len() as u64, found: found as u64 }
}

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
    for stays in staying {
        let form = source.raw_form(&stays.dataset.place);
        let here = stays.dataset.place == *place;
        stays.each(source, &mut |batch, row| {
            let cells: Vec<CellRef<'_>> = batch.row(row).collect();
            let record = form(&cells).with_numbers(&cells);
            if stays.nobodys {
                record.ways().flat_map(Record::runs).for_each(|run| sight.needles.look_for(0, run, &|k| k != Kind::Alone));
                return;
            }
            cells.iter().for_each(|c| sight.lawful.stays(*c));
            stays.mark(&form, (&record, &cells), &mut sight.needles);
            for column in &columns {
                let room = here && kept.live.get(column).is_none_or(|n| *n < KEPT_MAX);
                if room && cells.get(*column as usize).is_some_and(|c| !c.is_empty()) {
                    kept.ask(&record, *column);
                }
            }
        })?;
    }
    // What stands inside of a longer text that stays is counted like what is all of it.
    for n in sight.needles.iter().filter(|n| n.kind == Kind::Alone && n.met > 0) {
        if let Some((column, Some(digest))) = sight.values.get(n.value as usize).map(|v| (v.column, v.digest)) {
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
    Ok(sight.needles.without_met())
}

/// Searches for every destroyed value; values that rows still lawfully hold are left out and counted.
pub(crate) fn absence(source: &mut dyn Source, place: &Place, staying: &[Staying], mut sight: Sight) -> Result<Absence, Fault> {
    sight.whole()?;
    let kept = hear(source, place, staying, &mut sight)?;
    kept.whole()?;
    let mut needles = sight.needles.without_met();
    kept.needles.move_to(&mut needles, Kind::Kept);
    needles.whole().map_err(too_many)?;
    let mut searched = source.search(place, &mut needles)?;
    in_cells(source, staying, &mut needles, &mut searched)?;
    let mut out =
        Absence { live: sight.live, unsought: sight.unsought, bytes: searched.bytes, unread: searched.unread, ..Absence::default() };
    out.lawful = sight.lawful.counts();
    let mut hit: BTreeSet<u32> = BTreeSet::new();
    let mut still: HashSet<u32> = HashSet::new();
    let mut hit_in: BTreeSet<usize> = BTreeSet::new();
    for n in needles.iter().filter(|n| n.met > 0) {
        match n.kind {
            Kind::Kept => {
                still.insert(n.value);
            }
            _ => {
                hit.insert(n.value);
                hit_in.extend((0..searched.structures.len()).filter(|i| n.met_in(*i)));
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
