//! `approve.html`: shows the consequence that it carries, and signs over exactly that.

use case::{AgeKey, ApprovalFile, Briefing, Decision, KeyRecord, KeyUse, PublicFile, Reason, Seen};
use keys::{KeyFile, Passphrase};
use ledger::{Signer, approval_message, b64, sha256};
use serde_json::{Value, json};
use terms::{Digest, Fault, Id};
use zeroize::Zeroizing;

use crate::desk::{Random, drawn, text};

fn read(data: &[u8]) -> Result<Briefing, Fault> {
    Briefing::read(data).map_err(|_| Fault::new("briefing_damaged"))
}

/// A new key under a passphrase: the private file, and the public one for the operator to register.
pub(crate) fn key_new(args: &Value, random: Random<'_>) -> Result<Value, Fault> {
    let passphrase = Passphrase::new(text(args, "passphrase")?.as_bytes().to_vec());
    if passphrase.is_weak() {
        return Err(Fault::new("weak_passphrase"));
    }
    let purpose = match text(args, "use")? {
        "approver" => KeyUse::Approver,
        "recipient" => KeyUse::Recipient,
        _ => return Err(Fault::new("usage")),
    };
    let seed = Zeroizing::new(drawn::<32>(random));
    let signer = Signer::from_seed(&seed);
    let tail: String = drawn::<10>(random).iter().map(|b| format!("{b:02x}")).collect();
    let person = Id::new(format!("p-{tail}")).ok_or_else(|| Fault::new("document_form"))?;
    // Nobody saw it being made: whoever registers it says whether its holder was there.
    let record = KeyRecord::of(&signer.public(), person, purpose, Seen::None);
    let private = KeyFile::seal(ledger::ED25519, &signer.kid(), &seed, &passphrase, &drawn(random))?.bytes()?;
    let mut file = PublicFile::of(record);
    if purpose == KeyUse::Recipient {
        file.age = Some(AgeKey::sign(&exchange::Identity::of_seed(&seed).recipient().text(), &signer));
    }
    let public = file.bytes().map_err(|_| Fault::new("document_form"))?;
    Ok(json!({"key_file": String::from_utf8_lossy(&private), "kid": signer.kid(), "public_file": String::from_utf8_lossy(&public)}))
}

/// What the page shows: the briefing, its consequence parsed, and the digests that the statement will name.
pub(crate) fn briefing(data: &[u8]) -> Result<Value, Fault> {
    let b = read(data)?;
    let shown: Value = serde_json::from_str(&b.consequence).map_err(|_| Fault::new("briefing_damaged"))?;
    Ok(json!({
        "approvers": b.approvers,
        "as_of": b.as_of,
        "case": b.case,
        "company": b.company,
        "consequence": shown,
        "digest": Digest(sha256(&[b.consequence.as_bytes()])),
        "not_after": b.not_after,
        "plan": b.plan,
    }))
}

/// The signing key of a key file that the page was given.
pub(crate) fn signer(args: &Value) -> Result<Signer, Fault> {
    let file = KeyFile::read(text(args, "key_file")?.trim_end().as_bytes())?;
    let passphrase = Passphrase::new(text(args, "passphrase")?.as_bytes().to_vec());
    file.signer(&passphrase)
}

/// The signed approval.
pub(crate) fn approve(args: &Value, data: &[u8], random: Random<'_>) -> Result<Value, Fault> {
    let b = read(data)?;
    let why = text(args, "reason")?.trim();
    if why.is_empty() {
        return Err(Fault::new("no_reason"));
    }
    let decision = match text(args, "decision")? {
        "approve" => Decision::Approve,
        "refuse" => Decision::Refuse,
        _ => return Err(Fault::new("usage")),
    };
    let signer = signer(args)?;
    let kid = signer.kid();
    let role = b.approvers.iter().find(|a| a.kid == kid).map_or(KeyUse::Approver.word(), |a| a.role.as_str());
    let reason = Reason::new(why, &drawn(random));
    let committed = reason.commitment().ok_or_else(|| Fault::new("document_form"))?;
    let statement = b.statement(&kid, role, decision, committed, &drawn(random));
    let form = |_| Fault::new("document_form");
    let file = ApprovalFile::sign(&statement, reason, &signer, "html").map_err(form)?;
    let message = approval_message(&b64::from_url(&file.statement).unwrap_or_default());
    Ok(json!({
        "check_number": file.check_number(),
        "file": String::from_utf8_lossy(&file.bytes().map_err(form)?),
        "fingerprint": Digest(sha256(&[&message])),
        "kid": kid,
        "known": b.approvers.iter().any(|a| a.kid == kid),
    }))
}
