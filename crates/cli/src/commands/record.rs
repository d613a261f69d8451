//! `custody record`: what people say that no scan can see.

use serde_json::json;
use terms::{Day, Fault};
use vault::load_key_file;

use super::Session;
use crate::args::Record;
use crate::{say, secrets};

pub fn run(session: &Session<'_>, record: &Record) -> Result<u8, Fault> {
    let day = |text: &str| text.parse::<Day>().map_err(|_| Fault::new("usage"));
    let mut workspace = session.workspace(true, false)?;
    let n = match record {
        Record::Act { kind, day: on, about } => {
            let on = on.as_deref().map_or_else(|| workspace.today(), day)?;
            work::record_act(&mut workspace, kind, on, about.clone())?
        }
        Record::AcceptUnread { until, counsel_passphrase_file } => {
            workspace.unlock_counsel(&mut session.asker(counsel_passphrase_file.as_ref()))?;
            work::accept_unread(&mut workspace, day(until)?)?
        }
        Record::Revoke { kid, reason } => work::revoke(&mut workspace, kid, reason.word())?,
        Record::Amend { key, key_passphrase_file } => {
            let whose = key.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
            let passphrase = secrets::passphrase(key_passphrase_file.as_ref(), "CUSTODY_KEY_PASSPHRASE", &whose, session.lang)?;
            let signer = load_key_file(key)?.signer(&passphrase)?;
            work::amend(&mut workspace, &signer)?
        }
    };
    if session.args.json {
        say::print_json(&json!({"entry": n}));
    } else {
        session.tell(&format!("已签名记录（条目 {n}）。"), &format!("signed and recorded (entry {n})."));
    }
    Ok(0)
}
