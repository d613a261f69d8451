//! The hours in which a server may be erased in and purged: outside of them the run stops, and goes on when it is called again.

use jiff::Timestamp;
use terms::{Fault, Place, Zone};

use crate::policy::place_of;
use crate::workspace::Workspace;

/// Minutes of the day, from and to; past midnight if the end is earlier.
pub(super) struct Window {
    source: Place,
    hours: Option<(u32, u32)>,
    zone: Zone,
}

impl Window {
    /// The window of a source, by the clock on the wall: a practice case has its own day, but its server is as real as any.
    pub(super) fn of(workspace: &Workspace, source: &Place) -> Window {
        let own = (0..workspace.file.sources.len()).find(|i| place_of(*i).as_ref() == Some(source));
        let server = own.and_then(|i| workspace.file.sources.get(i)).and_then(|s| s.server.as_ref());
        let said = server.and_then(|s| s.value.window.clone());
        Window { source: source.clone(), hours: said.and_then(|w| case::file::hours(&w)), zone: workspace.zone().clone() }
    }

    /// Refuses outside of it.
    pub(super) fn open(&self) -> Result<(), Fault> {
        let Some((from, to)) = self.hours else { return Ok(()) };
        let now = Timestamp::now().as_millisecond();
        let begun = self.zone.day_of(now).and_then(|day| self.zone.instant(day, 0)).unwrap_or(now);
        let minute = u32::try_from((now - begun) / 60_000).unwrap_or_default();
        match within(from, to, minute) {
            true => Ok(()),
            false => Err(Fault::new("outside_window").with("source", &self.source).with("from", clock(from)).with("to", clock(to)).retry()),
        }
    }
}

fn within(from: u32, to: u32, minute: u32) -> bool {
    if from <= to { (from..to).contains(&minute) } else { minute >= from || minute < to }
}

fn clock(minutes: u32) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_may_go_past_midnight() {
        assert!(within(22 * 60, 6 * 60, 23 * 60) && within(22 * 60, 6 * 60, 0) && !within(22 * 60, 6 * 60, 6 * 60));
        assert!(within(60, 120, 60) && !within(60, 120, 120) && !within(60, 120, 59));
    }
}
