//! `cargo xtask residue`: measures what survives deletion, and rewrites the tables of `docs/why/residue.md`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use testbed::residue::{Measured, Page, Store, written_into};

/// Values in each structure.
const VALUES: usize = 1_000;
const HELP: &str = "cargo xtask residue [--only postgresql|mariadb|sqlite] [--print]

  --only    measure one store, and leave the tables of the others as they are
  --print   print the tables instead of writing them into docs/why/residue.md
";

fn main() -> ExitCode {
    match options(std::env::args().skip(1)).and_then(|o| run(&o)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

struct Options {
    stores: Vec<Store>,
    print: bool,
}

fn options(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut out = Options { stores: Store::ALL.to_vec(), print: false };
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--print" => out.print = true,
            "--only" => {
                let word = args.next().unwrap_or_default();
                out.stores = Store::ALL.into_iter().filter(|s| s.word() == word).collect();
                if out.stores.is_empty() {
                    return Err(format!("no store is called `{word}`\n\n{HELP}"));
                }
            }
            _ => return Err(HELP.to_owned()),
        }
    }
    Ok(out)
}

/// Nothing is written unless all of it was measured.
fn run(options: &Options) -> Result<(), String> {
    let when = jiff::Timestamp::now().strftime("%-d %B %Y, %H:%M UTC").to_string();
    let mut measured: Vec<Measured> = Vec::new();
    for store in &options.stores {
        let began = Instant::now();
        eprintln!("== {}", store.name());
        measured.push(store.measure(VALUES)?);
        eprintln!("== {}: {:.0} s", store.name(), began.elapsed().as_secs_f64());
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/why/residue.md");
    let now = std::fs::read_to_string(&path).map_err(|e| format!("docs/why/residue.md cannot be read: {e}"))?;
    let page = Page::of(&measured, &when, &now);
    if options.print {
        print!("{}", page.text());
        return Ok(());
    }
    let new = written_into(&now, &page)?;
    std::fs::write(&path, new).map_err(|e| format!("docs/why/residue.md cannot be written: {e}"))
}
