//! The habits: `cargo xtask test|ci|fmt|pages|dist|bench|residue|rebuild`. Everything that CI does, here and there.

mod dist;
mod needs;
mod pages;
mod suite;

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Instant;

const HELP: &str = "cargo xtask COMMAND

  test      formatting, lints, all tests and documentation tests, in the release profile
  ci        the same, as the pipeline runs it
  fmt       format everything
  pages     build the module of the offline pages for WebAssembly and write it where pages are put together (--check: compare only)
  dist      static binaries for Linux and Windows in target/dist, signed checksums, and a smoke run of both (musl-tools, mingw-w64, wine)
  bench     run the benches (docs/benchmarks.md): some minutes, and 4 GB of room in the temporary folder
  residue   measure on real servers what survives deletion, and rewrite the tables of docs/why/residue.md (--only STORE, --print): three minutes
  rebuild   clean, then time a cold build of both README commands
";

fn main() -> ExitCode {
    let done = match env::args().nth(1).as_deref() {
        Some("test" | "ci") => test(),
        Some("fmt") => cargo(&["fmt", "--all"], &[]),
        Some("dist") => dist::dist(),
        Some("pages") => pages::pages(env::args().any(|a| a == "--check")),
        Some("bench") => {
            step("build", || cargo(&["build", "--release", "--workspace", "--bins"], &[])) && cargo(&["bench", "--package", "benches"], &[])
        }
        Some("residue") => residue(),
        Some("rebuild") => rebuild(),
        _ => {
            eprint!("{HELP}");
            false
        }
    };
    if done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn test() -> bool {
    step("needs", needs::needs)
        && step("formatting", || cargo(&["fmt", "--all", "--", "--check"], &[]))
        && step("build and lints", || linted(&["build", "--release", "--workspace", "--all-targets"]))
        && step("module of the pages", || pages::pages(true))
        && step("tests", suite::suite)
}

/// Has cargo do something with the compiler that lints as it builds, so that nothing is compiled once to be linted and once more to be run.
fn linted(args: &[&str]) -> bool {
    let Some(linting) = linting() else {
        eprintln!("clippy-driver is missing: rustup component add clippy");
        return false;
    };
    cargo(args, &linting)
}

/// What makes cargo lint as it builds.
fn linting() -> Option<[(&'static str, OsString); 2]> {
    Some([("RUSTC_WORKSPACE_WRAPPER", clippy_driver()?.into_os_string()), ("CLIPPY_ARGS", OsString::from("-Dwarnings__CLIPPY_HACKERY__"))])
}

fn clippy_driver() -> Option<PathBuf> {
    let found = Command::new("rustup").args(["which", "clippy-driver"]).output().ok().filter(|o| o.status.success());
    let path = match found {
        Some(out) => PathBuf::from(String::from_utf8(out.stdout).ok()?.trim()),
        None => PathBuf::from(env::var_os("CARGO")?).with_file_name("clippy-driver"),
    };
    path.exists().then_some(path)
}

/// What follows on the command line is for the experiment.
fn residue() -> bool {
    let given: Vec<String> = env::args().skip(2).collect();
    let mut args = vec!["run", "--release", "--package", "testbed", "--bin", "residue", "--"];
    args.extend(given.iter().map(String::as_str));
    step("needs", needs::needs) && step("residue", || cargo(&args, &[]))
}

fn rebuild() -> bool {
    let timed = |what: &str, run: &dyn Fn() -> bool| {
        let began = Instant::now();
        let ok = cargo(&["clean", "--release"], &[]) && run();
        println!("{what}: {:.0} s", began.elapsed().as_secs_f64());
        ok
    };
    timed("cold build of `cargo run --release -- demo`", &|| cargo(&["build", "--release"], &[]))
        && timed("cold build of `cargo xtask test`", &|| linted(&["build", "--release", "--workspace", "--all-targets"]))
}

fn step(name: &str, run: impl FnOnce() -> bool) -> bool {
    let began = Instant::now();
    println!("== {name}");
    let ok = run();
    println!("== {name}: {} ({:.0} s)", if ok { "ok" } else { "FAILED" }, began.elapsed().as_secs_f64());
    ok
}

fn cargo(args: &[&str], vars: &[(&str, OsString)]) -> bool {
    let program = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    command.args(args).env_remove("RUSTC_WORKSPACE_WRAPPER");
    for (name, value) in vars {
        command.env(name, value);
    }
    command.status().is_ok_and(|s| s.success())
}
