//! Where passphrases come from: a file, the environment, a prompt; never an argument.

use std::io::IsTerminal;
use std::path::PathBuf;

use keys::Passphrase;
use terms::{Fault, Lang};
use work::Secrets;

use crate::say::pick;

/// Reads passphrases.
pub struct Asker {
    /// The operator's file.
    pub operator: Option<PathBuf>,
    /// Counsel's file.
    pub counsel: Option<PathBuf>,
    /// Language of prompts.
    pub lang: Lang,
}

/// A passphrase from a file, an environment variable, or a prompt.
///
/// # Errors
/// If there is none and nobody can be asked.
pub fn passphrase(file: Option<&PathBuf>, variable: &str, whose: &str, lang: Lang) -> Result<Passphrase, Fault> {
    if let Some(file) = file {
        return std::fs::read(file).map(Passphrase::new).map_err(|_| Fault::new("no_passphrase").with("whose", whose));
    }
    if let Some(value) = std::env::var_os(variable) {
        return Ok(Passphrase::new(value.into_encoded_bytes()));
    }
    if !std::io::stdin().is_terminal() {
        return Err(Fault::new("no_passphrase").with("whose", whose));
    }
    let prompt = format!("{} ({whose}): ", pick(lang, "口令", "passphrase"));
    rpassword::prompt_password(prompt)
        .map(|p| Passphrase::new(p.into_bytes()))
        .map_err(|_| Fault::new("no_passphrase").with("whose", whose))
}

/// As [`passphrase`] for a key that is made now: what is typed is asked for twice.
///
/// # Errors
/// If there is none, or the two differ.
pub fn new_passphrase(file: Option<&PathBuf>, variable: &str, whose: &str, lang: Lang) -> Result<Passphrase, Fault> {
    let first = passphrase(file, variable, whose, lang)?;
    let typed = file.is_none() && std::env::var_os(variable).is_none();
    if typed && !first.same(&passphrase(None, variable, pick(lang, "再输一次", "once more"), lang)?) {
        return Err(Fault::new("passphrases_differ"));
    }
    Ok(first)
}

impl Secrets for Asker {
    fn passphrase(&mut self, whose: &str) -> Result<Passphrase, Fault> {
        match whose {
            "counsel" => passphrase(self.counsel.as_ref(), "CUSTODY_COUNSEL_PASSPHRASE", whose, self.lang),
            _ => passphrase(self.operator.as_ref(), "CUSTODY_PASSPHRASE", whose, self.lang),
        }
    }
}
