//! `custody verify`.

use custody_verify::{Trust, print, verify};
use terms::{Fault, Lang};

use super::Session;
use crate::args::VerifyArgs;
use crate::say;

pub fn run(session: &Session<'_>, args: &VerifyArgs) -> Result<u8, Fault> {
    let report = verify(&args.file, &Trust { policy_digest: args.policy_digest }).map_err(|_| Fault::new("dossier_unreadable"))?;
    if session.args.json {
        say::print_json(&report.json());
    } else {
        print!("{}", print(&report, session.lang == Lang::Zh));
    }
    Ok(report.exit_code())
}
