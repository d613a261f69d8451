//! `custody record`: what people say that no scan can see.

use std::path::Path;

use case::PublicFile;
use ledger::Signer;
use serde_json::json;
use terms::{Day, Fault};
use vault::load_key_file;
use work::Said;

use super::Session;
use crate::args::{ActArgs, Record, RecordArgs};
use crate::{say, secrets};

pub fn run(session: &Session<'_>, args: &RecordArgs) -> Result<u8, Fault> {
    match &args.other {
        None => act(session, &args.act),
        Some(Record::Approval { file: Some(file), .. }) => super::approve::take_in(session, file),
        Some(other) => say_recorded(session, record(session, other)?),
    }
}

fn day(text: &str) -> Result<Day, Fault> {
    text.parse::<Day>().map_err(|_| Fault::new("usage"))
}

fn act(session: &Session<'_>, args: &ActArgs) -> Result<u8, Fault> {
    let said = Said {
        kind: args.kind.clone().ok_or_else(|| Fault::new("usage"))?,
        by: args.by.clone(),
        on: args.on.as_deref().map(day).transpose()?,
        about: args.about.clone(),
        evidence: args.evidence.clone(),
        note: args.note.clone(),
    };
    let mut workspace = session.workspace(true, false)?;
    let n = work::record_act(&mut workspace, said)?;
    say_recorded(session, n)
}

fn record(session: &Session<'_>, record: &Record) -> Result<u64, Fault> {
    let mut workspace = session.workspace(true, false)?;
    match record {
        Record::Approval { check_number, evidence, reader, reader_passphrase_file, .. } => {
            let (Some(number), Some(reader)) = (check_number, reader) else { return Err(Fault::new("usage")) };
            let reader = signer(session, reader, reader_passphrase_file.as_ref())?;
            work::record_paper(&mut workspace, number, evidence, &reader)
        }
        Record::Key { file, countersign, countersign_passphrase_file, present } => {
            let bytes = std::fs::read(file).map_err(|_| Fault::new("public_key_missing"))?;
            let public = PublicFile::read(&bytes).map_err(|_| Fault::new("public_key_damaged"))?;
            let by = signer(session, countersign, countersign_passphrase_file.as_ref())?;
            work::register_key(&mut workspace, public, *present, &by)
        }
        Record::AcceptUnread { until, counsel_passphrase_file } => {
            workspace.unlock_counsel(&mut session.asker(counsel_passphrase_file.as_ref()))?;
            work::accept_unread(&mut workspace, day(until)?)
        }
        Record::Revoke { kid, reason } => work::revoke(&mut workspace, kid, reason.word()),
        Record::Amend { key, key_passphrase_file } => {
            let by = signer(session, key, key_passphrase_file.as_ref())?;
            work::amend(&mut workspace, &by)
        }
    }
}

/// The key in a key file, whose passphrase comes from a file, the environment or a prompt.
fn signer(session: &Session<'_>, key: &Path, passphrase_file: Option<&std::path::PathBuf>) -> Result<Signer, Fault> {
    let whose = key.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let passphrase = secrets::passphrase(passphrase_file, "CUSTODY_KEY_PASSPHRASE", &whose, session.lang)?;
    load_key_file(key)?.signer(&passphrase)
}

fn say_recorded(session: &Session<'_>, n: u64) -> Result<u8, Fault> {
    if session.args.json {
        say::print_json(&json!({"entry": n}));
    } else {
        session.tell(&format!("已签名记录（条目 {n}）。"), &format!("signed and recorded (entry {n})."));
    }
    Ok(0)
}
