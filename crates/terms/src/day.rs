//! A civil day in the case's time zone, and the zone that says which day an instant falls on.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::{Span, Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// A calendar day, written `YYYY-MM-DD`, between the years 1000 and 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(Date);

impl Day {
    /// The day of these numbers, if there is one.
    pub fn new(year: i16, month: i8, day: i8) -> Option<Day> {
        Date::new(year, month, day).ok().filter(|_| (1000..=9999).contains(&year)).map(Day)
    }

    /// The year.
    pub fn year(self) -> i16 {
        self.0.year()
    }

    /// This day plus days; the last possible day if it would leave the calendar.
    pub fn plus_days(self, days: i64) -> Day {
        Span::new().try_days(days).ok().and_then(|s| self.0.checked_add(s).ok()).map_or(self, Day)
    }

    /// This day plus civil months; 31 January + 1 month is the last day of February.
    pub fn plus_months(self, months: i64) -> Day {
        Span::new().try_months(months).ok().and_then(|s| self.0.checked_add(s).ok()).map_or(self, Day)
    }

    /// This day plus civil years; 29 February + 3 years is 28 February.
    pub fn plus_years(self, years: i64) -> Day {
        Span::new().try_years(years).ok().and_then(|s| self.0.checked_add(s).ok()).map_or(self, Day)
    }

    /// 1 January of the next year: the first day after a calendar fiscal year.
    pub fn after_fiscal_year(self) -> Day {
        Date::new(self.0.year().saturating_add(1), 1, 1).map_or(self, Day)
    }

    /// 31 December of the same year.
    pub fn year_end(self) -> Day {
        Date::new(self.0.year(), 12, 31).map_or(self, Day)
    }

    /// Days from `self` to `later`; negative if `later` is earlier.
    pub fn days_until(self, later: Day) -> i64 {
        self.0.until(later.0).map_or(0, |s| i64::from(s.get_days()))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Day, String> {
        let wrong = || "a day is written YYYY-MM-DD".to_owned();
        let bytes = text.as_bytes();
        let shaped =
            bytes.len() == 10 && bytes.iter().enumerate().all(|(i, b)| if i == 4 || i == 7 { *b == b'-' } else { b.is_ascii_digit() });
        if !shaped {
            return Err(wrong());
        }
        let part = |from: usize, to: usize| text.get(from..to).and_then(|t| t.parse::<i16>().ok());
        match (part(0, 4), part(5, 7), part(8, 10)) {
            (Some(y), Some(m), Some(d)) => {
                let (m, d) = (i8::try_from(m).map_err(|_| wrong())?, i8::try_from(d).map_err(|_| wrong())?);
                Day::new(y, m, d).ok_or_else(|| format!("`{text}` is not a day of the calendar"))
            }
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for Day {
    type Error = String;

    fn try_from(text: String) -> Result<Day, String> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> String {
        day.to_string()
    }
}

/// The time zone in which a case counts its days (IANA name, default `Asia/Shanghai`).
#[derive(Clone, Debug)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

impl Zone {
    /// The zone of that IANA name, if the bundled table has it.
    pub fn named(name: &str) -> Option<Zone> {
        TimeZone::get(name).ok().map(|zone| Zone { name: name.to_owned(), zone })
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The day on which an instant (ms since 1970 UTC) falls.
    pub fn day_of(&self, at_ms: i64) -> Option<Day> {
        let at = Timestamp::from_millisecond(at_ms).ok()?;
        Some(Day(at.to_zoned_datetime(self.zone.clone()).date())).filter(|d| (1000..=9999).contains(&d.year()))
    }

    /// The instant (ms since 1970 UTC) at which `hour` o'clock of that day strikes.
    pub fn instant(&self, day: Day, hour: i8) -> Option<i64> {
        let at = day.0.at(hour.clamp(0, 23), 0, 0, 0).to_zoned_datetime(self.zone.clone()).ok()?;
        Some(at.timestamp().as_millisecond())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_years_after_a_leap_day_is_the_last_of_february() {
        let day: Day = "2024-02-29".parse().unwrap();
        assert_eq!(day.plus_years(3).to_string(), "2027-02-28");
    }

    #[test]
    fn what_is_not_a_day_is_refused() {
        for text in ["2026-02-30", "2026-2-3", "26-02-03", "2026-13-01", "2026-01-01 ", "", "20260101", "+026-01-01"] {
            assert!(text.parse::<Day>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_instant_falls_on_the_day_of_its_zone() {
        let shanghai = Zone::named("Asia/Shanghai").unwrap();
        assert_eq!(shanghai.day_of(1_795_477_890_123).unwrap().to_string(), "2026-11-24");
        assert_eq!(shanghai.day_of(1_795_477_890_123 + 17 * 3_600_000).unwrap().to_string(), "2026-11-25");
    }
}
