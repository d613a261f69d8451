//! A figure of the tables: how many of how many values were found.

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    pub found: usize,
    pub of: usize,
}

impl Count {
    /// Whether a byte search sees this structure: all but the few values that are cut where pages or chunks end.
    pub fn is_sight(self) -> bool {
        self.of > 0 && self.found * 100 >= self.of * 95
    }

    /// With how many were looked for, when none was found too.
    pub fn in_full(self) -> String {
        format!("{} of {}", grouped(self.found), grouped(self.of))
    }
}

/// `334 of 334`; nothing found is `0`.
impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.found {
            0 => write!(f, "0"),
            _ => write!(f, "{}", self.in_full()),
        }
    }
}

/// With commas between thousands.
fn grouped(n: usize) -> String {
    if n < 1_000 { n.to_string() } else { format!("{},{:03}", grouped(n / 1_000), n % 1_000) }
}
