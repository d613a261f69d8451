//! Values that constraints take where the plain blank is refused: tried in order, the same every time.

use terms::{Fault, Place};

use crate::blank::{Blank, Said};

/// Most combinations of values that are tried for one constraint.
const TRIES_MAX: usize = 512;

/// A constraint of a table: the ordinals of its columns, as far as they are known, and what the store says it is.
pub(crate) struct Check {
    pub columns: Vec<usize>,
    pub sql: String,
}

/// Changes `blanks`, but those of which somebody said what is left, until every constraint over the columns that are erased together takes them.
///
/// # Errors
/// If the store does not say, or nothing that is tried is taken: then somebody has to say what is left there.
pub(crate) fn fit(
    place: &Place,
    blanks: &mut Vec<Blank>,
    (erased, said, checks): (&[u32], &Said, &[Check]),
    others: &dyn Fn(usize) -> Vec<Blank>,
    takes: &mut dyn FnMut(&Check, &[Blank]) -> Result<bool, Fault>,
) -> Result<(), Fault> {
    said.iter().for_each(|(c, blank)| blanks.get_mut(*c as usize).into_iter().for_each(|room| room.clone_from(blank)));
    let of = |c: &Check, meant: &dyn Fn(&u32) -> bool| -> Vec<usize> {
        c.columns.iter().copied().filter(|i| u32::try_from(*i).is_ok_and(|i| meant(&i))).collect()
    };
    // A second round where something was changed: a constraint that was met may not be any more.
    let mut changed = true;
    for round in 0..2 {
        if !std::mem::take(&mut changed) {
            break;
        }
        for check in checks {
            let (own, said) = (of(check, &|c| erased.contains(c) && !said.contains_key(c)), of(check, &|c| said.contains_key(c)));
            if own.is_empty() && said.is_empty() || takes(check, blanks)? {
                continue;
            }
            let refused = || {
                let (code, column) = own.first().map_or(("left_value_refused", said.first()), |own| ("no_value_fits", Some(own)));
                Fault::new(code).with("place", place).with("column", format!("#{}", column.copied().unwrap_or_default()))
            };
            if round > 0 {
                return Err(refused());
            }
            let mut found = None;
            for some in tries(blanks, &own, others).into_iter().take(TRIES_MAX) {
                if takes(check, &some)? {
                    found = Some(some);
                    break;
                }
            }
            *blanks = found.ok_or_else(refused)?;
            changed = true;
        }
    }
    Ok(())
}

/// One column changed, then two.
fn tries(blanks: &[Blank], own: &[usize], others: &dyn Fn(usize) -> Vec<Blank>) -> Vec<Vec<Blank>> {
    let with = |from: &[Blank], i: usize, blank: Blank| {
        let mut out = from.to_vec();
        out.get_mut(i).into_iter().for_each(|room| *room = blank.clone());
        out
    };
    let single = |from: &[Blank], i: usize| others(i).into_iter().map(|b| with(from, i, b)).collect::<Vec<_>>();
    let mut out: Vec<Vec<Blank>> = own.iter().flat_map(|i| single(blanks, *i)).collect();
    for (n, i) in own.iter().enumerate() {
        for first in single(blanks, *i) {
            out.extend(own.iter().skip(n + 1).flat_map(|j| single(&first, *j)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Blank {
        Blank::text(text)
    }

    #[test]
    fn the_first_combination_that_every_constraint_takes() {
        let place = Place::new("src1/t1".to_owned()).unwrap_or_else(|| unreachable!());
        // (taken by the first constraint, by the second) → what is left
        let either = |b: &[Blank]| b.first() != Some(&Blank::Null) || b.get(1) != Some(&Blank::Null);
        let at = |b: &[Blank]| b.get(1) == Some(&word("@"));
        let checks = [Check { columns: vec![0, 1], sql: String::new() }, Check { columns: vec![1], sql: "@".to_owned() }];
        let mut blanks = vec![Blank::Null, Blank::Null, Blank::Null];
        let none = Said::new();
        let done = fit(&place, &mut blanks, (&[0, 1], &none, &checks), &|_| vec![Blank::Null, word("-"), word("@")], &mut |check, b| {
            Ok(if check.sql.is_empty() { either(b) } else { at(b) })
        });
        assert_eq!(done, Ok(()));
        assert_eq!(blanks, [word("-"), word("@"), Blank::Null]);
        let refused = fit(&place, &mut blanks, (&[1], &none, &checks), &|_| vec![Blank::Null], &mut |_, _| Ok(false));
        assert_eq!(refused.map_err(|e| e.code().to_owned()), Err("no_value_fits".to_owned()));
        let said = Said::from([(1, word("no"))]);
        let refused = fit(&place, &mut blanks, (&[], &said, &checks), &|_| Vec::new(), &mut |_, b| Ok(b.get(1) != Some(&word("no"))));
        assert_eq!(refused.map_err(|e| e.code().to_owned()), Err("left_value_refused".to_owned()));
        let others = fit(&place, &mut blanks, (&[2], &none, &checks), &|_| Vec::new(), &mut |_, _| Ok(false));
        assert_eq!(others, Ok(()), "constraints of columns that stay are nobody's business");
    }
}
