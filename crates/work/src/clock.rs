//! The clock of a command: the system's, or in a practice case the noon of a given day.

use jiff::Timestamp;
use terms::{Day, Zone};

/// Where the time comes from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    /// In a practice case, the day that is simulated.
    pub simulated: Option<Day>,
}

impl Clock {
    /// Now, in ms since 1970 UTC; never before `last`.
    pub fn now(&self, zone: &Zone, last: u64) -> u64 {
        let now = match self.simulated {
            Some(day) => zone.instant(day, 12).unwrap_or_default(),
            None => Timestamp::now().as_millisecond(),
        };
        u64::try_from(now).unwrap_or_default().max(last)
    }

    /// Today in a zone.
    pub fn today(&self, zone: &Zone) -> Option<Day> {
        self.simulated.or_else(|| zone.day_of(Timestamp::now().as_millisecond()))
    }
}
