//! What the case file wants left in a field that is erased: nothing, a constant, or a coarser value.

use std::str::FromStr;

/// What is left in a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Null, or what says nothing where the store refuses null.
    Blank,
    /// This text, or whole number.
    Constant(String),
    /// The first day of the year.
    Year,
    /// The first day of the month.
    Month,
    /// The first day of the decade.
    Decade,
    /// The next lower multiple.
    To(u64),
    /// So many first characters.
    First(u32),
}

impl Way {
    /// Whether something of the value stays.
    pub fn generalises(&self) -> bool {
        !matches!(self, Way::Blank | Way::Constant(_))
    }

    /// As documents say it: a constant stays in the case file.
    pub fn word(&self) -> String {
        match self {
            Way::Blank => "suppress".to_owned(),
            Way::Constant(_) => "constant".to_owned(),
            Way::Year => "year".to_owned(),
            Way::Month => "month".to_owned(),
            Way::Decade => "decade".to_owned(),
            Way::To(step) => format!("to {step}"),
            Way::First(n) => format!("first {n}"),
        }
    }
}

impl FromStr for Way {
    type Err = ();

    fn from_str(text: &str) -> Result<Way, ()> {
        if let Some(constant) = text.strip_prefix('=') {
            return Ok(Way::Constant(constant.to_owned()));
        }
        let mut words = text.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some("suppress"), None, _) => Ok(Way::Blank),
            (Some("year"), None, _) => Ok(Way::Year),
            (Some("month"), None, _) => Ok(Way::Month),
            (Some("decade"), None, _) => Ok(Way::Decade),
            (Some("to"), Some(step), None) => step.parse().ok().filter(|n| *n > 0).map(Way::To).ok_or(()),
            (Some("first"), Some(n), None) => n.parse().ok().filter(|n| *n > 0).map(Way::First).ok_or(()),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_case_file() {
        let cases = [
            ("suppress", Ok(Way::Blank)),
            ("=000", Ok(Way::Constant("000".to_owned()))),
            ("year", Ok(Way::Year)),
            ("to 10000", Ok(Way::To(10_000))),
            ("first 3", Ok(Way::First(3))),
            ("to 0", Err(())),
            ("first", Err(())),
            ("year 3", Err(())),
            ("null", Err(())),
            ("", Err(())),
        ];
        for (text, way) in cases {
            assert_eq!(text.parse::<Way>(), way, "{text}");
        }
    }
}
