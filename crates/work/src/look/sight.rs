//! Needles for the values of some rows, from the archive: the source may no longer have them.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use case::Seal;
use remains::{Kind, Needle, Needles, TooMany, forms, telling};
use rows::Encoding;
use sources::{Record, Source, wholly};
use terms::Fault;

use crate::index::{SealIndex, archived};
use crate::lawful::Lawful;
use crate::workspace::Workspace;

/// Values that a control recall asks for at most: none missed of so many is a recall of 99.9 % with 95 % confidence.
const ASKED_MAX: usize = 3_000;
/// A value with what follows it is this long, so that it reaches what points to its row.
const RIGHT: usize = 64;
/// Bytes of a window that tell something, at least.
const TELLING: usize = 5;
/// Bytes taken from what stands before a value.
const LEFT: usize = 12;
/// Longest needle: a window is cut around the value's beginning.
const WINDOW_MAX: usize = 64;

/// A destroyed or living value that is searched for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub column: u32,
    /// Whether anything of it can be searched for.
    pub sought: bool,
    /// What it is known by among those that may stay lawfully; nothing if that is not asked.
    pub digest: Option<u64>,
}

/// Needles for the values of some rows, and how many values each column has.
#[derive(Default)]
pub(crate) struct Sight {
    /// Each is numbered by its face.
    pub(super) needles: Needles,
    /// By face the number of its value: a value has one for each way in which its row may lie.
    pub(super) faces: Vec<u32>,
    pub(super) values: Vec<Asked>,
    pub(super) live: BTreeMap<u32, u64>,
    /// Of them those of which nothing can be looked for.
    pub(super) unsought: BTreeMap<u32, u64>,
    pub(super) lawful: Lawful,
    /// Whether there were more values than have numbers.
    over: bool,
    /// How the store writes texts, if its values are to be looked for in every other form too.
    forms: Option<Encoding>,
}

impl Sight {
    /// Whether everything that was asked for is searched: where it is not, nothing that is not found says anything.
    pub(super) fn whole(&self) -> Result<(), Fault> {
        if self.over { Err(too_many(TooMany)) } else { self.needles.whole().map_err(too_many) }
    }

    /// By face, whether needles have one of it.
    pub(super) fn faces_of(&self, needles: &Needles) -> Vec<bool> {
        let mut out = vec![false; self.faces.len()];
        needles.iter().for_each(|n| out.get_mut(n.value as usize).into_iter().for_each(|has| *has = true));
        out
    }

    /// The number of the value that a needle stands for.
    pub(super) fn value_of(&self, needle: Needle<'_>) -> Option<u32> {
        self.faces.get(needle.value as usize).copied()
    }

    /// Takes a value of a record.
    pub(super) fn ask(&mut self, record: &Record, column: u32) {
        let Ok(value) = u32::try_from(self.values.len()) else {
            self.over = true;
            return;
        };
        *self.live.entry(column).or_default() += 1;
        let mut sought = false;
        for way in record.ways() {
            let Ok(id) = u32::try_from(self.faces.len()) else {
                self.over = true;
                return;
            };
            self.faces.push(value);
            let (left, right) = windows(way, column as usize);
            let [begins, ends] = if way.is_entry() { [Kind::Entry; 2] } else { [Kind::Left, Kind::Right] };
            sought |= tells(left) && self.needles.add(id, begins, left);
            sought |= left != right && tells(right) && self.needles.add(id, ends, right);
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

/// Whether a window is more than what is met by chance: small numbers, and what stands between them, are everywhere.
fn tells(window: &[u8]) -> bool {
    telling(window) >= TELLING
}

/// A value with the end of what stands before it, and a value with the beginning of what follows it. Both point to this very row as far as it
/// has neighbours; in an entry ([`Record::is_entry`]) they point to none.
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
    let mut lost = positions.len() as u64;
    archived(workspace, (&seal.dataset, &index), &|slot| slots.contains(&slot), &mut |position, cells| {
        if !positions.contains(&position) {
            return;
        }
        lost = lost.saturating_sub(1);
        let record = form(cells).with_numbers(cells);
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
