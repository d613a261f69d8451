//! Sight before: what the search sees of living values in each structure that holds them (RESIDUE §3).

use std::collections::HashSet;

use remains::{Kind, Needles};
use sources::{Holds, Probe, Source};
use terms::{Fault, Place};

use super::sight::Sight;
use crate::lists::{Recall, Seen};

/// What a value is made of where it is whole.
const WHOLE: [Kind; 4] = [Kind::Left, Kind::Right, Kind::Entry, Kind::Alone];

/// The same where entries say nothing.
const ROW_OR_PERSON: [Kind; 3] = [Kind::Left, Kind::Right, Kind::Alone];

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
            found.extend(sight.needles.iter().filter(|n| kinds.contains(&n.kind) && n.met_in(i)).filter_map(|n| sight.value_of(n)));
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
            Holds::Computed(of) => out.seen.extend(columns.filter(|c| of.contains(c)).map(|c| see(c, &ROW_OR_PERSON))),
            Holds::Blind(of) => out.seen.extend(columns.filter(|c| of.contains(c)).map(|c| see(c, &[]))),
            Holds::Some => out.seen.extend(columns.map(|c| probed(c, &structure.name, i, &probes, &sight.needles))),
            Holds::Freed | Holds::Nothing => {}
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
