//! F4, C1, C3: when a case may close, and what may follow.

use ledger::Entry;
use terms::Outcome;

use crate::broken::{Broken, need};
use crate::event::{ArchiveEnd, CaseClosed, Event};
use crate::state::{State, UnreadAccepted};

/// F4 and C3: what may follow a closed case, a dossier, a closed ledger.
pub(crate) fn after_close(state: &State, event: &Event) -> Result<(), Broken> {
    need(!state.ledger_closed, "C3", "the ledger is closed")?;
    if !state.closed {
        return Ok(());
    }
    let allowed = matches!(
        event,
        Event::DossierMade(_)
            | Event::LedgerClosed(_)
            | Event::RunOpened(_)
            | Event::RunClosed(_)
            | Event::ShredOrdered(_)
            | Event::ShredObserved(_)
            | Event::ActRecorded(_)
            | Event::KeyRegistered(_)
            | Event::KeyRotated(_)
            | Event::KeyRevoked(_)
    );
    need(allowed, "F4", format!("`{}` after the case was closed", event.kind()))
}

pub(super) fn closing(state: &State, entry: &Entry, c: &CaseClosed) -> Result<(), Broken> {
    need(state.open_orders().next().is_none(), "C1", "an order is open")?;
    need(state.run.is_none(), "C1", "a run is open")?;
    need(c.open_tasks == 0, "C1", "tasks by hand are not answered")?;
    need(state.packages.values().all(|p| p.settled), "C1", "a package was not received, or a difference is not settled")?;
    need(state.refused.is_empty(), "C1", "the last export of a source was refused, and none came after it")?;
    need(state.holds.is_empty(), "C1", "a hold is open")?;
    let unread = state.scans.last().map_or(1, |(_, _, unread)| *unread);
    let day = state.day_of(entry.at);
    let accepted = |a: &UnreadAccepted| day.is_some_and(|d| d <= a.until) && unread <= a.places.len() as u64;
    need(unread == 0 || state.unread_accepted.as_ref().is_some_and(accepted), "C1", "places were not read, and no opinion accepts that")?;
    let undecided = state.plan.as_ref().map_or(0, |p| p.made.undecided);
    need(undecided == 0, "C1", "the plan has something undecided")?;
    let late = state.newest_seals().iter().any(|s| state.unsealed.contains(&s.n));
    need(!late, "C1", "rows that came after the seal are not decided: seal and plan again")?;
    need(state.came_back.is_empty(), "C1", "something that was destroyed was found again")?;
    need(!state.unsealed_sets, "C1", "data sets were found that nobody sealed or decided on")?;
    for seal in state.newest_seals() {
        for group in &seal.groups {
            let vector = state.vectors.get(&(seal.n, seal.copy.clone(), group.clone()));
            let open = vector.is_none_or(|v| v.totals.get(&Outcome::Undecided).copied().unwrap_or_default() > 0);
            need(!open || seal.rows == 0, "C1", format!("{} {group}: rows are undecided", seal.dataset))?;
        }
    }
    for (_, backup) in state.backups.iter() {
        let fate = c.archives.iter().find(|a| a.archive == backup.archive);
        let shredded = backup.end == Some(ArchiveEnd::Shredded) && fate.is_some_and(|f| f.end == ArchiveEnd::Shredded);
        need(shredded, "C1", format!("archive {} is neither shredded nor with a keeper", backup.archive))?;
    }
    Ok(())
}
