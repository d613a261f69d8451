//! `custody keygen`.

use case::KeyUse;
use serde_json::json;
use terms::Fault;

use super::Session;
use crate::args::KeygenArgs;
use crate::{say, secrets};

pub fn run(session: &Session<'_>, args: &KeygenArgs) -> Result<u8, Fault> {
    let purpose = match args.purpose.as_str() {
        "operator" => KeyUse::Operator,
        "approver" => KeyUse::Approver,
        "counsel" => KeyUse::Counsel,
        "keeper" => KeyUse::Keeper,
        "recipient" => KeyUse::Recipient,
        "countersigner" => KeyUse::Countersigner,
        _ => return Err(Fault::new("usage")),
    };
    let (private, public) = (args.name.with_extension("key"), args.name.with_extension("pub"));
    let variable = match purpose {
        KeyUse::Operator => "CUSTODY_PASSPHRASE",
        KeyUse::Counsel => "CUSTODY_COUNSEL_PASSPHRASE",
        _ => "CUSTODY_KEY_PASSPHRASE",
    };
    let passphrase = secrets::new_passphrase(session.args.passphrase_file.as_ref(), variable, &args.purpose, session.lang)?;
    let record = work::keygen(&private, &public, purpose, &passphrase)?;
    if session.args.json {
        say::print_json(&json!({"key": record, "private": private, "public": public}));
    } else {
        session.tell(
            &format!("已生成密钥 {}。\n私钥：{}（自己保管）\n公钥：{}（写入 case.yaml）", record.kid, private.display(), public.display()),
            &format!(
                "made key {}.\nprivate: {} (keep it)\npublic: {} (name it in case.yaml)",
                record.kid,
                private.display(),
                public.display()
            ),
        );
    }
    Ok(0)
}
