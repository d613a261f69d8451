//! Those who look on while a recipe runs: they must have kept something, or the run proves nothing.

use super::Looker;

/// Sanity: somebody who kept nothing alive was not looking.
pub fn checked(lookers: Vec<Looker>) -> Result<Vec<Looker>, String> {
    match lookers.iter().find(|l| l.with_them.found == 0) {
        Some(idle) => Err(format!("{}: kept nothing alive", idle.who)),
        None => Ok(lookers),
    }
}
