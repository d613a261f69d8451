//! Shares of the root key: split anew, tried in a drill before the first effect, and used when a passphrase is lost.

use std::path::Path;

use case::file::CaseFile;
use case::{ActRecorded, By, Event};
use keys::{KeyFile, Passphrase};
use terms::Fault;
use terms::json::json;
use vault::{Share, Vault, load_key_file, random, save_key_file};

use crate::workspace::{Paths, Workspace};

/// The kind of act that says that two shares were tried.
const DRILL: &str = "recovery_drill";

/// Splits a fresh root key; shares of the earlier one open nothing any more, and the drill is due again.
///
/// # Errors
/// If the vault cannot be written.
pub fn split(workspace: &mut Workspace) -> Result<Vec<Share>, Fault> {
    let by = workspace.operator_person()?;
    let act = ActRecorded { about: Vec::new(), by, day: workspace.today()?, evidence: Vec::new(), kind: "root_key_split".to_owned() };
    // Said first: a crash in between asks for a drill too many, never for one too few.
    workspace.record(case::Command::Record(By::Operator, Event::ActRecorded(act)))?;
    let seed = workspace.operator_seed()?.clone();
    workspace.vault()?.split_root(&seed)
}

/// Tries two shares: they bring back this vault's key. Recorded, with the numbers of the shares in the sealed body.
///
/// # Errors
/// If they do not.
pub fn drill(workspace: &mut Workspace, shares: &[Share]) -> Result<u64, Fault> {
    if !workspace.vault()?.shares_fit(shares)? {
        return Err(Fault::new("shares_do_not_fit"));
    }
    let by = workspace.operator_person()?;
    let act = ActRecorded { about: Vec::new(), by, day: workspace.today()?, evidence: Vec::new(), kind: DRILL.to_owned() };
    let numbers: Vec<u8> = shares.iter().filter_map(|s| s.first().copied()).collect();
    let n = workspace.record_with_body(By::Operator, Event::ActRecorded(act), json!({"shares": numbers}))?;
    Ok(n.first().copied().unwrap_or_default())
}

/// Whether two shares were tried since the root key was last split.
pub fn drilled(workspace: &Workspace) -> bool {
    let last = |kind: &str| workspace.state.acts.get(kind).and_then(|ns| ns.last()).copied();
    last(DRILL).is_some_and(|n| last("root_key_split").is_none_or(|split| split < n))
}

/// Refuses an effect before a drill: a lost passphrase must not lose an archive.
///
/// # Errors
/// If no drill was done.
pub(crate) fn drilled_first(workspace: &Workspace) -> Result<(), Fault> {
    if drilled(workspace) { Ok(()) } else { Err(Fault::new("drill_missing")) }
}

/// Puts vault and operator key under a new passphrase, by two shares alone: for a lost passphrase, or another machine.
///
/// # Errors
/// If the shares do not fit this vault, the case file names another operator, or a file cannot be written.
pub fn recover(case_file: &Path, file: &CaseFile, shares: &[Share], passphrase: &Passphrase) -> Result<String, Fault> {
    if passphrase.is_weak() {
        return Err(Fault::new("weak_passphrase"));
    }
    let paths = Paths::beside(case_file);
    let public = file.parties.operator.key.as_ref().ok_or_else(|| Fault::new("public_key_missing"))?;
    let private = paths.base.join(&public.value).with_extension("key");
    let named = crate::keygen::load_public(&paths.base.join(&public.value))?.key.kid;
    // First the key file, then the vault: whatever fails, either both still open as before or two shares open both again.
    Vault::recover(&paths.vault(), shares, passphrase, |seed| {
        if ledger::Signer::from_seed(seed).kid() != named {
            return Err(Fault::new("shares_of_another_operator"));
        }
        save_key_file(&KeyFile::seal(ledger::ED25519, &named, seed, passphrase, &random()?)?, &private)?;
        load_key_file(&private)?.signer(passphrase).map(|_| ())
    })?;
    Ok(named)
}
