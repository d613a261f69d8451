//! Days and times as ISO writes them, from the numbers that Parquet counts, and back.

/// Days of a week are no matter here; days of four hundred years are.
const ERA: i64 = 146_097;
const DAY: i64 = 86_400;
/// The Julian day on which 1970 began.
const JULIAN: i64 = 2_440_588;

/// `1987-03-12`; years of more than four digits, and those before the year 0, with a sign.
pub(super) fn date(days: i64) -> String {
    let (y, m, d) = civil(days);
    if (0..=9_999).contains(&y) { format!("{y:04}-{m:02}-{d:02}") } else { format!("{y:+05}-{m:02}-{d:02}") }
}

/// Days since 1970 of a date.
pub(super) fn days(text: &str) -> Option<i64> {
    let cut = text.get(1..)?.find('-')? + 1;
    let (year, rest) = (text.get(..cut)?, text.get(cut + 1..)?);
    let (month, day) = rest.split_once('-')?;
    let (y, m, d): (i64, i64, i64) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let fits = (-10_000_000..=10_000_000).contains(&y) && (1..=12).contains(&m) && (1..=31).contains(&d);
    fits.then(|| since(y, m, d))
}

/// `08:15:00.250`, with as many digits as are counted; none for what is no time of a day.
pub(super) fn time(count: i64, digits: u32) -> Option<String> {
    let one = unit(digits);
    let seconds = count.div_euclid(one);
    if !(0..DAY).contains(&seconds) {
        return None;
    }
    let (h, m, s) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    Some(format!("{h:02}:{m:02}:{s:02}.{:0width$}", count.rem_euclid(one), width = digits as usize))
}

/// The count of a time of a day.
pub(super) fn count(text: &str, digits: u32) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = whole.split(':').map(|p| p.parse::<i64>().ok());
    let (h, m, s) = (parts.next()??, parts.next()??, parts.next()??);
    if !(0..24).contains(&h) || !(0..60).contains(&m) || !(0..60).contains(&s) || part.len() > digits as usize {
        return None;
    }
    let part: i64 = format!("{part:0<width$}", width = digits as usize).parse().ok()?;
    (h * 3_600 + m * 60 + s).checked_mul(unit(digits))?.checked_add(part)
}

/// `1987-03-12 08:15:00.000`, and `+00` where it is said to be the time of Greenwich.
pub(super) fn stamp(count: i64, digits: u32, utc: bool) -> String {
    let day = DAY * unit(digits);
    let time = time(count.rem_euclid(day), digits).unwrap_or_default();
    format!("{} {time}{}", date(count.div_euclid(day)), if utc { "+00" } else { "" })
}

/// The count of a day and time.
pub(super) fn stamp_count(text: &str, digits: u32, utc: bool) -> Option<i64> {
    let text = if utc { text.strip_suffix("+00")? } else { text };
    let (date, time) = text.split_once(' ')?;
    days(date)?.checked_mul(DAY * unit(digits))?.checked_add(count(time, digits)?)
}

/// A day and time as old programs count them: nanoseconds in two words, and the Julian day. None for what is no time of a day.
pub(super) fn julian([low, high, day]: [u32; 3]) -> Option<String> {
    let nanos = i64::try_from(u64::from(high) << 32 | u64::from(low)).ok()?;
    Some(format!("{} {}", date(i64::from(day) - JULIAN), time(nanos, 9)?))
}

/// The three words of a day and time.
pub(super) fn julian_words(text: &str) -> Option<[u32; 3]> {
    let (date, time) = text.split_once(' ')?;
    let nanos = u64::try_from(count(time, 9)?).ok()?;
    let day = u32::try_from(days(date)?.checked_add(JULIAN)?).ok()?;
    Some([(nanos & 0xffff_ffff) as u32, (nanos >> 32) as u32, day])
}

/// How many of them are a second.
fn unit(digits: u32) -> i64 {
    10i64.saturating_pow(digits.min(9))
}

/// Year, month and day (H. Hinnant, chrono-compatible low-level date algorithms).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days.saturating_add(719_468);
    let (era, of_era) = (shifted.div_euclid(ERA), shifted.rem_euclid(ERA));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// The same the other way.
fn since(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_there_and_back() {
        let cases =
            [(0, "1970-01-01"), (-25_567, "1900-01-01"), (19_782, "2024-02-29"), (-719_529, "-0001-12-31"), (2_932_897, "+10000-01-01")];
        for (count, text) in cases {
            assert_eq!(date(count), text);
            assert_eq!(days(text), Some(count), "{text}");
        }
        for count in (-3_000_000..3_000_000).step_by(977) {
            assert_eq!(days(&date(count)), Some(count));
        }
        assert_eq!(stamp(-1, 6, true), "1969-12-31 23:59:59.999999+00");
        assert_eq!(stamp(1_764_201_600_123, 3, false), "2025-11-27 00:00:00.123");
        for digits in [3, 6, 9] {
            for count in [0, -1, 1_764_201_600_123, -1_764_201_600_123] {
                assert_eq!(stamp_count(&stamp(count, digits, true), digits, true), Some(count));
            }
            // What no calendar has still reads.
            assert!(!stamp(i64::MAX, digits, true).is_empty() && !stamp(i64::MIN, digits, true).is_empty());
        }
        assert_eq!(time(86_400_000, 3), None);
        assert_eq!(time(-1, 3), None);
        assert_eq!(time(29_700_250, 3).as_deref(), Some("08:15:00.250"));
        assert_eq!(julian([0, 0, 2_440_588]).as_deref(), Some("1970-01-01 00:00:00.000000000"));
        assert_eq!(julian_words("1970-01-01 00:00:00.000000001"), Some([1, 0, 2_440_588]));
        assert_eq!(julian([u32::MAX, u32::MAX, 0]), None);
    }
}
