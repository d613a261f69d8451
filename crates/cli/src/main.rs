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
    std::panic::set_hook(Box::new(|info| {
        // Whoever reads our output may stop early (`| head`): that is no fault of ours.
        if info.to_string().contains("Broken pipe") {
            std::process::exit(0);
        }
        eprintln!("custody: {info}");
    }));
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(e) => {
            let wrong = e.use_stderr();
            // Nothing can be done when the answer itself cannot be printed.
            let _ = e.print();
            return ExitCode::from(if wrong { 64 } else { 0 });
        }
    };
    let lang = say::language(&args);
    match commands::run(&args) {
        Ok(code) => ExitCode::from(code),
        Err(fault) => {
            say::fault(&fault, lang, args.json);
            ExitCode::from(64)
        }
    }
}
