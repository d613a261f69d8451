//! The `custody` command: wiring and presentation; rules and stores live below.

mod args;
mod bar;
mod commands;
mod packs;
mod say;
mod secrets;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let args = args::Args::parse();
    let lang = say::language(&args);
    match commands::run(&args) {
        Ok(code) => ExitCode::from(code),
        Err(fault) => {
            say::fault(&fault, lang, args.json);
            ExitCode::from(64)
        }
    }
}
