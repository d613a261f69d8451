//! `verify.html`: the same report as `custody-verify` prints.

use custody_verify::{Trust, verify_bytes};
use ledger::sha256;
use serde_json::{Value, json};
use terms::{Digest, Fault};

/// Verifies a dossier; the report's text is byte for byte what `custody-verify --json` prints.
pub(crate) fn verify(args: &Value, data: &[u8]) -> Result<Value, Fault> {
    let told = args.get("policy_digest").and_then(Value::as_str).map(str::trim).filter(|t| !t.is_empty());
    let policy_digest = told.map(str::parse::<Digest>).transpose().map_err(|_| Fault::new("usage").with("field", "policy_digest"))?;
    let report = verify_bytes(data, &Trust { policy_digest }).map_err(|_| Fault::new("file_damaged"))?;
    let json = report.json();
    Ok(json!({
        "result": report.exit_code(),
        "report": format!("{json}\n"),
        "claims": json.get("claims"),
        "sha256": Digest(sha256(&[data])),
    }))
}
