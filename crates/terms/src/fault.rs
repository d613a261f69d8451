//! What went wrong, as a stable code with its places and numbers; the doors turn it into words in Chinese and English.

use std::fmt;

/// A fault: a stable code, the places and numbers of its texts, and whether trying again can help.
///
/// Arguments are places, ids, numbers, days and words that the user wrote into `case.yaml`;
/// **never** values, file names or table names of a source (I2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    code: std::borrow::Cow<'static, str>,
    args: Vec<(&'static str, String)>,
    retry: bool,
}

impl Fault {
    /// A fault of that code; every code has its texts in `crates/cli/texts/faults.yaml`.
    pub fn new(code: &'static str) -> Fault {
        Fault { code: code.into(), args: Vec::new(), retry: false }
    }

    /// The fault of a code that was read back, e.g. the reason of an unread place.
    pub fn named(code: &str) -> Fault {
        Fault { code: code.to_owned().into(), args: Vec::new(), retry: false }
    }

    /// The same with one more argument for its texts.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Fault {
        self.args.push((name, value.to_string()));
        self
    }

    /// The same, marked as worth trying again.
    #[must_use]
    pub fn retry(mut self) -> Fault {
        self.retry = true;
        self
    }

    /// The stable code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The arguments of its texts, by name.
    pub fn args(&self) -> &[(&'static str, String)] {
        &self.args
    }

    /// Whether trying again can help.
    pub fn may_retry(&self) -> bool {
        self.retry
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        for (name, value) in &self.args {
            write!(f, " {name}={value}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}
