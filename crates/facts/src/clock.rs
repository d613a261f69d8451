//! Periods of civil time and the clocks that they start from.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use terms::{Day, Value};

use crate::expr::Lookup;
use crate::lex::{Token, tokens};
use crate::table::{Kind, Table};

/// Unit of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Civil days.
    Days,
    /// Civil months.
    Months,
    /// Civil years.
    Years,
}

/// A number of days, months or years, written `30 days`, `10 years`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Period {
    /// How many.
    pub count: u32,
    /// Of what.
    pub unit: Unit,
}

impl Period {
    /// The day this period after `from`.
    pub fn after(self, from: Day) -> Day {
        let n = i64::from(self.count);
        match self.unit {
            Unit::Days => from.plus_days(n),
            Unit::Months => from.plus_months(n),
            Unit::Years => from.plus_years(n),
        }
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Period, String> {
        let wrong = || format!("`{text}` is no period: write `30 days`, `6 months` or `10 years`");
        let (count, unit) = text.trim().split_once(' ').ok_or_else(wrong)?;
        let count = count.parse().map_err(|_| wrong())?;
        let unit = match unit.trim() {
            "day" | "days" => Unit::Days,
            "month" | "months" => Unit::Months,
            "year" | "years" => Unit::Years,
            _ => return Err(wrong()),
        };
        Ok(Period { count, unit })
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Days => "days",
            Unit::Months => "months",
            Unit::Years => "years",
        };
        write!(f, "{} {unit}", self.count)
    }
}

impl TryFrom<String> for Period {
    type Error = String;

    fn try_from(text: String) -> Result<Period, String> {
        text.parse()
    }
}

impl From<Period> for String {
    fn from(period: Period) -> String {
        period.to_string()
    }
}

/// Where a period starts: a date fact, the day after its fiscal year, either plus a period, or today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The date fact; none is `today`.
    pub fact: Option<String>,
    /// Whether the first day of the next fiscal year is meant.
    pub after_fiscal_year: bool,
    /// A period added to it.
    pub plus: Option<Period>,
}

impl Clock {
    /// The clock of a text, checked against the fact table.
    ///
    /// # Errors
    /// If the text has another form or names what is not a date fact.
    pub fn parse(text: &str, table: &Table) -> Result<Clock, String> {
        let words = tokens(text)?;
        let sign = |s| Token::Sign(s);
        let (fact, after_fiscal_year, rest) = match words.as_slice() {
            [Token::Word(f), open, Token::Word(name), close, rest @ ..]
                if f == "after_fiscal_year" && *open == sign("(") && *close == sign(")") =>
            {
                (Some(name.clone()), true, rest)
            }
            [Token::Word(today), rest @ ..] if today == "today" => (None, false, rest),
            [Token::Word(name), rest @ ..] => (Some(name.clone()), false, rest),
            _ => return Err(format!("`{text}` is no clock")),
        };
        let plus = match rest {
            [] => None,
            [plus, Token::Word(n), Token::Word(unit)] if *plus == sign("+") => Some(format!("{n} {unit}").parse()?),
            _ => return Err(format!("`{text}` is no clock")),
        };
        if let Some(name) = &fact {
            match table.get(name).map(|f| f.kind) {
                Some(Kind::Date) => {}
                Some(_) => return Err(format!("`{name}` is not a date")),
                None => return Err(format!("`{name}` is not in the fact table")),
            }
        }
        Ok(Clock { fact, after_fiscal_year, plus })
    }

    /// The day on which it starts; none if its fact is unknown.
    pub fn day(&self, facts: &impl Lookup, today: Day) -> Option<Day> {
        let base = match &self.fact {
            None => today,
            Some(name) => match facts.value(name) {
                Some(Value::Date(day)) => *day,
                _ => return None,
            },
        };
        let base = if self.after_fiscal_year { base.after_fiscal_year() } else { base };
        Some(self.plus.map_or(base, |p| p.after(base)))
    }
}
