//! Rows that stay: what they hold of destroyed values they hold lawfully.

use std::collections::{BTreeMap, BTreeSet};

use remains::{Kind, Needles};
use rows::{Batch, CellRef, Tag};
use sources::{Dataset, RawForm, Record, Source, otherwise, wholly};
use terms::{Fault, Place};

use crate::align::{Part, RowState, align};
use crate::opened::{Listed, Opened};
use crate::planning::recorded_holdings;
use crate::workspace::Workspace;

/// A data set whose rows hold values lawfully: those that are as they were sealed or emptied.
pub(crate) struct Staying {
    pub dataset: Dataset,
    parts: Vec<Part>,
    /// Columns of its field groups: what becomes of them was decided.
    decided: BTreeSet<u32>,
    /// Whether it holds nobody's data, as the case file says: a town or a first name in it is nobody's, a number that points to one person is
    /// a copy all the same.
    pub nobodys: bool,
    /// Whether nobody decided on it yet, and it lies in one workbook with data sets that were decided on.
    pub undecided: bool,
    /// Whether its cells are looked through as they read: those of folders are, wherever they lie.
    pub cells: bool,
    /// Whether rows that were changed since stay lawfully, and whether rows that came since do: the next seal is for them.
    since: (bool, bool),
}

impl Staying {
    /// The data sets of a source that were sealed and decided on: anywhere else values remain. Where something may have come back (`strict`)
    /// rows count that nothing happened to; else changed ones too, and in a source that is written to new ones.
    pub(crate) fn of(workspace: &mut Workspace, opened: &Opened, source: &str, strict: bool) -> Result<Vec<Staying>, Fault> {
        let sealed: BTreeSet<Place> = workspace.state.newest_seals().iter().map(|s| s.dataset.clone()).collect();
        let decided: BTreeMap<Place, BTreeSet<u32>> = match sealed.is_empty() {
            true => BTreeMap::new(),
            false => recorded_holdings(workspace)?.holdings.into_iter().map(decided).collect(),
        };
        let mut out = Vec::new();
        for listed in opened.listed.iter().filter(|l| l.dataset.place.source() == source && sealed.contains(&l.dataset.place)) {
            let live = workspace.file.sources.get(listed.source).is_some_and(|s| s.freeze.is_none());
            let parts = Part::of(workspace, &listed.dataset.place)?;
            let (dataset, decided) = (listed.dataset.clone(), decided.get(&listed.dataset.place).cloned().unwrap_or_default());
            out.push(Staying {
                dataset,
                parts,
                decided,
                nobodys: false,
                undecided: false,
                cells: false,
                since: (!strict, !strict && live),
            });
        }
        let cells = opened.seen.iter().any(|s| s.source.as_str() == source && !s.kind.is_folder());
        for listed in opened.listed.iter().filter(|l| l.dataset.place.source() == source && nobodys(l)) {
            let dataset = listed.dataset.clone();
            out.push(Staying {
                dataset,
                parts: Vec::new(),
                decided: BTreeSet::new(),
                nobodys: true,
                undecided: false,
                cells,
                since: (true, true),
            });
        }
        let known: BTreeSet<Place> = out.iter().map(|s| s.dataset.place.clone()).collect();
        let beside = |l: &&Listed| !known.contains(&l.dataset.place) && known.iter().any(|k| l.dataset.place.is_beside(k));
        for listed in opened.listed.iter().filter(beside) {
            let dataset = listed.dataset.clone();
            let (parts, decided) = (Vec::new(), BTreeSet::new());
            out.push(Staying { dataset, parts, decided, nobodys: false, undecided: true, cells: false, since: (true, true) });
        }
        Ok(out)
    }

    /// Marks what a row that stays holds lawfully: its bytes as they lie; and values that point to one person wherever they stand, in columns
    /// of which something was decided. In other columns only a value that is all of the cell: inside of a text nobody decided on it is a copy.
    /// Entries only where they are its `own`: in the same data set or workbook.
    pub(crate) fn mark(&self, form: &RawForm, (record, cells): (&Record, &[CellRef<'_>]), needles: &mut Needles, own: bool) {
        let lies = |kind: Kind| kind != Kind::Alone && (own || kind != Kind::Entry);
        for run in record.ways().flat_map(Record::runs) {
            needles.look_for(0, run, &lies);
            if let Ok(text) = std::str::from_utf8(run) {
                // Lists are read once more without escapes.
                otherwise(text, &mut |text| needles.look_for(0, text.as_bytes(), &lies));
            }
        }
        let is_decided = |c: usize| u32::try_from(c).is_ok_and(|c| self.decided.contains(&c));
        let nothing = CellRef { tag: Tag::Null, bytes: &[] };
        let own: Vec<CellRef<'_>> = cells.iter().enumerate().map(|(c, cell)| if is_decided(c) { *cell } else { nothing }).collect();
        let own = form(&own).with_numbers(&own);
        for run in own.ways().flat_map(Record::runs) {
            needles.look_for(0, run, &|kind| kind == Kind::Alone);
            if let Ok(text) = std::str::from_utf8(run) {
                otherwise(text, &mut |text| needles.look_for(0, text.as_bytes(), &|kind| kind == Kind::Alone));
            }
        }
        own.ways().flat_map(Record::written).for_each(|number| needles.look_for(0, number, &|kind| kind == Kind::Alone));
        let holds_more = |cell: &CellRef<'_>| self.dataset.mentions || matches!(cell.bytes.first(), Some(b'{' | b'['));
        for (c, _) in cells.iter().enumerate().filter(|(c, cell)| !is_decided(*c) && !holds_more(cell)) {
            for value in record.ways().flat_map(|way| way.alone(c)) {
                needles.look_whole(0, value);
                if let Ok(text) = std::str::from_utf8(value) {
                    wholly(text, &mut |whole| needles.look_whole(0, whole.as_bytes()));
                }
            }
        }
    }

    /// Hears every row that stays.
    pub(crate) fn each(&self, source: &mut dyn Source, hear: &mut dyn FnMut(&Batch, usize)) -> Result<(), Fault> {
        let all = align(source, &self.dataset, &self.parts, &mut |batch, row, met| match met.map(|m| m.state) {
            Some(RowState::Unchanged | RowState::Emptied(_)) => hear(batch, row),
            Some(RowState::Changed) if self.since.0 => hear(batch, row),
            None if self.since.1 => hear(batch, row),
            _ => {}
        });
        all.map(|_| ())
    }
}

/// The columns of a holding's field groups.
fn decided(holding: terms::Holding) -> (Place, BTreeSet<u32>) {
    (holding.dataset, holding.groups.into_iter().flat_map(|g| g.columns).collect())
}

/// Whether the case file says that a data set holds nobody's data.
pub(crate) fn nobodys(listed: &Listed) -> bool {
    listed.said.as_ref().and_then(|s| s.class.as_ref()).is_some_and(|c| c.value == "none")
}
