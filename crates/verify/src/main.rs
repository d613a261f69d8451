//! `custody-verify`: the verifier as a small program of its own.

mod outside;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use custody_verify::{Trust, print, verify};

/// 善后 · Verifies a Custody dossier offline: no network, no clock, no writing.
#[derive(Parser, Debug)]
#[command(
    name = "custody-verify",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "EXIT CODES: 0 yes · 1 no · 2 incomplete · 64 and above error"
)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// The dossier.
    #[arg(required = true)]
    file: Option<PathBuf>,
    /// Digest of the policy that the reader trusts, as the case's parties told it.
    #[arg(long)]
    policy_digest: Option<terms::Digest>,
    /// Print JSON for programs.
    #[arg(long)]
    json: bool,
    /// Chinese.
    #[arg(long)]
    zh: bool,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Search files for what was destroyed: blinded by a filter that the case made, or for a list of your own.
    Remains(outside::RemainsArgs),
}

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(e) => {
            let wrong = e.use_stderr();
            // Nothing can be done when the answer itself cannot be printed.
            let _ = e.print();
            return ExitCode::from(if wrong { 64 } else { 0 });
        }
    };
    if let Some(Command::Remains(own)) = &args.command {
        return outside::run(own);
    }
    match verify(&args.file.unwrap_or_default(), &Trust { policy_digest: args.policy_digest }) {
        Ok(report) => {
            if args.json {
                println!("{}", report.json());
            } else {
                print!("{}", print(&report, args.zh));
            }
            ExitCode::from(report.exit_code())
        }
        Err(e) => {
            eprintln!("error: the file cannot be read: {}", e.kind());
            ExitCode::from(66)
        }
    }
}
