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
        Some(Record::Agreement { file, evidence }) => agreement(session, file, evidence),
        Some(Record::Receipt { file }) => receipt(session, file),
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

fn agreement(session: &Session<'_>, file: &Path, evidence: &[std::path::PathBuf]) -> Result<u8, Fault> {
    let mut workspace = session.workspace(true, false)?;
    match work::record_agreement(&mut workspace, file, evidence) {
        Ok(n) => say_recorded(session, n),
        Err(Err(fault)) => Err(fault),
        Err(Ok(faults)) => {
            let faults: Vec<case::file::CaseFault> =
                faults.into_iter().map(|f| case::file::CaseFault { line: f.line, field: f.field, what: f.what, todo: f.todo }).collect();
            say::case_faults(file, &faults, session.lang, session.args.json);
            Err(Fault::new("agreement_faulty").with("count", faults.len()).with("file", file.display()))
        }
    }
}

fn receipt(session: &Session<'_>, file: &Path) -> Result<u8, Fault> {
    let bytes = std::fs::read(file).map_err(|_| Fault::new("receipt_missing").with("file", file.display()))?;
    let receipt = case::ReceiptFile::read(bytes.trim_ascii_end()).map_err(|_| Fault::new("receipt_damaged"))?;
    let mut workspace = session.workspace(true, false)?;
    let (n, dispute) = work::record_receipt(&mut workspace, &receipt)?;
    if session.args.json {
        say::print_json(&json!({"dispute_until": dispute, "entry": n}));
        return Ok(if dispute.is_some() { 1 } else { 0 });
    }
    match dispute {
        None => session.tell(
            &format!("签收已记录（条目 {n}）。下一步：custody apply"),
            &format!("the receipt is recorded (entry {n}). next: custody apply"),
        ),
        Some(until) => session.tell(
            &format!("签收已记录（条目 {n}），其中有差异：须在 {until} 前了结；了结后 custody record dispute_settled --about 包 --evidence 文件"),
            &format!("the receipt is recorded (entry {n}) and names differences: settle them by {until}, then custody record dispute_settled --about PACKAGE --evidence FILE"),
        ),
    }
    Ok(if dispute.is_some() { 1 } else { 0 })
}

fn record(session: &Session<'_>, record: &Record) -> Result<u64, Fault> {
    let mut workspace = session.workspace(true, false)?;
    match record {
        Record::Approval { check_number, evidence, reader, reader_passphrase_file, .. } => {
            let (Some(number), Some(reader)) = (check_number, reader) else { return Err(Fault::new("usage")) };
            let reader = signer(session, reader, reader_passphrase_file.as_ref())?;
            work::record_paper(&mut workspace, number, evidence, &reader)
        }
        Record::Key { file, name, countersign, countersign_passphrase_file, present } => {
            let bytes = std::fs::read(file).map_err(|_| Fault::new("public_key_missing"))?;
            let public = PublicFile::read(&bytes).map_err(|_| Fault::new("public_key_damaged"))?;
            let by = signer(session, countersign, countersign_passphrase_file.as_ref())?;
            work::register_key(&mut workspace, public, name, *present, &by)
        }
        Record::Agreement { .. } | Record::Receipt { .. } => Err(Fault::new("usage")),
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
